"""Models of other makers, small and with random weights, made once a session."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.encoders.reference import Reference

FAMILIES = (
    "clip",
    "tinyclip-joint",
    "siglip2",
    "xlm-roberta",
    "openai-uint8",
    "pe-core",
    "mobileclip2",
)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> "Callable[[str], Reference]":
    """A family's tiny model and its reference in torch, by the family's name."""
    made: dict[str, Reference] = {}

    def make(family: str) -> "Reference":
        if family not in made:
            made[family] = _makers()[family](tmp_path_factory.mktemp("published") / family)
        return made[family]

    return make


def _makers() -> "dict[str, Callable[[Path], Reference]]":
    # Imported here: it brings transformers, and most tests of this folder need none of it.
    from tests.encoders import reference as r

    return {
        "clip": r.transformers_clip,
        "tinyclip-joint": partial(r.transformers_clip, joint=True),
        "siglip2": r.transformers_siglip2,
        "xlm-roberta": r.open_clip_multilingual,
        "openai-uint8": partial(r.open_clip, family=r.OPENAI_NEW),
        "pe-core": partial(r.open_clip, family=r.PE_CORE),
        "mobileclip2": partial(r.open_clip, family=r.MOBILECLIP2),
    }
