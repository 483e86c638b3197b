"""`sightline status` and `sightline models` as a shell sees them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.making import Home, make_model
from tests.shell import sightline


@pytest.fixture
def filled(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(home.place.folder))
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    home.add("gone.jpg", "green")
    home.index()
    (home.photos / "gone.jpg").unlink()
    (home.photos / "evil\x1b[31m\n.jpg").write_bytes(b"no photo")
    home.index()
    return home


def test_status_says_what_the_library_holds(cli: Cli, filled: Home) -> None:
    done = cli("status")
    assert done.status == 0
    text = done.output.decode()
    assert f"Library  {filled.place.folder}" in text
    assert "Photos   2 at 2 paths (1 more are kept but gone)" in text
    assert "Failed   1 files" in text
    assert "Model    tiny-" in text
    assert "finished 20" in text


def test_scripts_get_the_status_as_json(cli: Cli, filled: Home) -> None:
    row = json.loads(cli("status", "--format", "json").output)
    assert (row["photos"], row["paths"], row["absent_photos"], row["failures"]) == (2, 2, 1, 1)
    assert row["bytes_on_disk"] > 1000
    assert row["models"][0]["photos"] == 3
    assert row["last_run"]["roots"] == [str(filled.photos)]
    assert row["last_run"]["counts"] == {"unchanged": 2, "gone": 1, "failed": 1}


def test_each_failed_file_is_listed_with_its_reason(cli: Cli, filled: Home) -> None:
    line = cli("status", "--failures").output
    assert line.count(b"\n") == 1
    assert b"\x1b" not in line
    assert b".jpg: " in line
    (row,) = json.loads(cli("status", "--failures", "--format", "json").output)
    assert row["path"] == str(filled.photos / "evil\x1b[31m\n.jpg")
    assert row["kind"] == "NotAPhoto"
    (filled.photos / "evil\x1b[31m\n.jpg").unlink()
    filled.index()
    assert cli("status", "--failures").output == b"No file failed.\n"


def test_the_check_exits_0_or_3(cli: Cli, filled: Home) -> None:
    assert cli("status", "--check").output == b"The library is sound.\n"
    assert json.loads(cli("status", "--check", "--format", "json").output) == {
        "sound": True,
        "problems": [],
    }
    (vectors,) = filled.place.vectors_folder.iterdir()
    vectors.write_bytes(bytes(vectors.stat().st_size))
    done = sightline("status", "--check")
    assert done.returncode == 3
    assert b"3 vectors are no unit vectors" in done.stdout


def test_without_a_library_status_exits_3(cli: Cli) -> None:
    done = cli("status")
    assert done.status == 3
    assert "sightline index" in done.errors


def test_the_catalogue_lists_what_is_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path))
    make_model(tmp_path / "mine", name="mine")
    (tmp_path / "no-model").mkdir()
    rows = {row["name"]: row for row in json.loads(cli("models", "--format", "json").output)}
    assert rows["mine"]["dimensions"] == 64
    assert rows["mine"]["where"] == "installed"
    assert rows["mine"]["licence"] == "Apache-2.0"
    assert rows["mine"]["bytes"] > 1000
    assert "no-model" not in rows
    assert b"mine" in cli("models").output
