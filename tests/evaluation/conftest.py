"""Fixtures of the evaluation's tests."""

from pathlib import Path

import pytest

from tests.evaluation.making import World, make_world


@pytest.fixture
def world(tmp_path: Path, tiny_model: Path) -> World:
    """Sixteen coloured pictures and seven queries."""
    return make_world(tmp_path, tiny_model)
