"""The command without a process of its own: ten times as fast, and as true."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sightline.cli.main import run
from tests.inspection.loopback_server import LoopbackServer, loopback_server


@dataclass(frozen=True)
class Done:
    """What a command left: exit status, and what it wrote where."""

    status: int
    output: bytes
    errors: str


Cli = Callable[..., Done]


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run `sightline ARGUMENTS` and hold it to what every call promises."""

    def sightline(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["sightline", *map(os.fspath, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as done:
            run()
        output, errors = capfdbinary.readouterr()
        status = done.value.code
        assert isinstance(status, int)
        assert b"Traceback" not in errors
        if status in {2, 3} and b"Usage:" not in errors:
            (sentence,) = errors.decode().splitlines()
            assert sentence.startswith("sightline: ")
        return Done(status, output, errors.decode())

    return sightline


@pytest.fixture
def nobody_told_and_nothing_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No yes to photos leaving the machine, and no vision-language model in the environment."""
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(tmp_path / "config"))
    for name in ("KEY", "MODEL", "ENDPOINT"):
        monkeypatch.delenv(f"SIGHTLINE_VLM_{name}", raising=False)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A server that speaks the protocols of vision-language models."""
    with loopback_server() as served:
        yield served
