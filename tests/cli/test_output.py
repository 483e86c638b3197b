"""Where output goes when it can't go on: closed pipes, full disks, and locales of other days."""

import os
import subprocess
from pathlib import Path

import pytest

from sightline.cli.output import printable, to_json
from tests.making import Home
from tests.shell import command, sightline


@pytest.fixture
def filled(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(home.place.folder))
    for n in range(30):
        home.add(f"{n}-ü{'x' * 200}.jpg", "red")
    home.index()
    return home


@pytest.mark.parametrize("form", ["table", "jsonl", "json", "csv", "paths", "paths0"])
def test_a_reader_that_has_seen_enough_is_no_error(filled: Home, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("search", "red", "-k", "30", "--format", form),
        stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_does_not_fit_on_the_disk_is_said(filled: Home) -> None:
    for arguments in (("search", "red"), ("status",), ("index", str(filled.photos))):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command(*arguments), stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
            )
        assert done.returncode == 2
        assert done.stderr == b"sightline: Can't write the output: No space left on device.\n"


def test_names_come_out_as_utf8_whatever_the_locale(filled: Home) -> None:
    plain = sightline("search", "red", "--format", "paths").stdout
    for locale in ({"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "latin-1"}):
        other = sightline("search", "red", "--format", "paths", env=os.environ | locale)
        assert other.stdout == plain


def test_what_is_printable_stays_and_what_is_not_is_shown() -> None:
    assert printable("café 日本.jpg") == "café 日本.jpg"
    assert printable("a\nb\x1b[0m\t\u202e") == "a\\nb\\x1b[0m\\t\\u202e"
    assert printable("\udce9") == "\\udce9"


def test_json_is_always_valid_utf8() -> None:
    assert to_json({"path": "ü"}) == '{"path": "ü"}'
    assert to_json({"path": "\udce9"}) == '{"path": "\\udce9"}'
