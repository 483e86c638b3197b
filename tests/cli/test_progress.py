"""Progress: a bar for people at a terminal, now and then a line for everyone else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.cli.progress import index_progress
from sightline.library.indexer import Progress
from tests.making import Home
from tests.shell import command


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("colour", [True, False])
def test_at_a_terminal_a_bar_is_drawn_and_cleared(
    home: Home, tiny_model: Path, colour: bool
) -> None:
    for n in range(10):
        home.add(f"{n}.jpg")
    ours, theirs = os.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        command("index", home.photos, "--model", tiny_model),
        stdout=subprocess.PIPE, stderr=theirs,
        env=plain | {"TERM": "xterm-256color"} | ({} if colour else {"NO_COLOR": "1"}),
    )  # fmt: skip
    os.close(theirs)
    drawn = _all_of(ours)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.startswith(b"10 new")
    assert b"Indexing" in drawn
    assert b"10/10" in drawn
    assert (b"\x1b[38;5;" in drawn) == colour


def _all_of(terminal: int) -> bytes:
    """What was drawn until the other side was closed."""
    drawn = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says it
            piece = b""
        if not piece:
            os.close(terminal)
            return drawn
        drawn += piece


def test_elsewhere_a_plain_line_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.cli.progress._PLAIN_LINE_SECONDS", 0.0)
    with index_progress() as show:
        show(Progress("looking", 7, None))
        show(Progress("reading", 1000, 2500, failed=3))
    output, errors = capsys.readouterr()
    assert output == ""
    (line,) = errors.splitlines()
    assert line.startswith("1,000 of 2,500 files")
    assert line.endswith("3 failed")
