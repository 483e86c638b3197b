"""`sightline index` and `sightline forget` as a shell sees them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.making import Home, make_model, tree
from tests.shell import sightline


@pytest.fixture
def photos(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos and a broken file; the default library and model are beside them."""
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(home.place.folder))
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    (home.photos / "broken.jpg").write_bytes(b"no photo")
    return home.photos


def test_the_summary_counts_every_kind_and_exits_0(
    cli: Cli, photos: Path, tiny_model: Path
) -> None:
    done = cli("index", photos, "--model", tiny_model)
    assert done.status == 0
    first, second, third = done.output.decode().splitlines()
    assert first == ("2 new, 0 changed, 0 moved, 0 unchanged, 0 gone, 0 duplicate, 1 failed")
    assert "Done in" in second
    assert "status --failures" in third


def test_scripts_get_the_summary_as_json(cli: Cli, photos: Path, tiny_model: Path) -> None:
    shutil.copy(photos / "a.jpg", photos / "copy.jpg")
    done = cli("index", photos, "--model", tiny_model, "--format", "json", "--lanes", "2")
    row = json.loads(done.output)
    assert (row["new"], row["duplicate"], row["failed"], row["dry_run"]) == (2, 1, 1, False)
    assert row["model"].startswith("tiny-")
    assert Path(row["library"]).is_dir()


def test_a_dry_run_makes_no_library(cli: Cli, photos: Path, tiny_model: Path, home: Home) -> None:
    done = cli("index", photos, "--model", tiny_model, "--dry-run")
    assert (done.status, done.output.count(b"3 new")) == (0, 1)
    assert b"nothing was read or written" in done.output
    assert not home.place.folder.exists()


def test_what_to_look_at_can_be_chosen(cli: Cli, home: Home, tiny_model: Path) -> None:
    home.add("a.jpg")
    home.add("skip/b.jpg")
    home.add(".hidden/c.jpg")
    (home.photos / "link").symlink_to(home.photos / "skip")

    def new(*options: str) -> int:
        done = cli(
            "index", home.photos, "--model", tiny_model, "--dry-run", "--format", "json", *options
        )
        return int(json.loads(done.output)["new"])

    assert new() == 2
    assert new("--exclude", "skip/") == 1
    assert new("--exclude", "skip/", "--exclude", "a*") == 0
    assert new("--include-hidden") == 3
    assert new("--exclude", "/skip/", "--follow-links") == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["/nowhere/at/all"], "no folder or file"),
        (["~nobody-of-this-name/photos"], "no folder or file"),
        (["n" * 300], "no folder or file"),
        ([".", "--model", "no-such-model"], "no model named"),
        ([".", "--model", "m" * 300], "no model named"),
        ([".", "--model", ""], "no model named"),
        ([".", "--lanes", "0"], "--lanes"),
        ([".", "--lanes", "100000"], "--lanes"),
        ([".", "--max-megapixels", "0"], "--max-megapixels"),
        ([".", "--max-megapixels", "nan"], "--max-megapixels"),
        ([".", "--library", "inside"], "inside the photo folder"),
        ([".", "--library", ""], "empty name"),
        ([], "Missing argument"),
        ([".", "--format", "xml"], "xml"),
    ],
)
def test_wrong_usage_exits_2_and_makes_nothing(
    cli: Cli, photos: Path, tiny_model: Path, home: Home, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], reason: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(photos)
    before = tree(photos)
    given = arguments if "--model" in arguments else [*arguments, "--model", str(tiny_model)]
    done = cli("index", *given)
    assert done.status == 2
    assert reason in " ".join(done.errors.split())
    assert tree(photos) == before
    assert not home.place.folder.exists()


@pytest.mark.parametrize("file", ["image.onnx", "model.json"])
def test_a_damaged_model_exits_3_and_blames_no_photo(
    cli: Cli, photos: Path, tiny_model: Path, tmp_path: Path, file: str
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "damaged")
    assert cli("index", photos, "--model", model).status == 0
    data = bytearray((model / file).read_bytes())
    data[len(data) // 2] ^= 1
    (model / file).write_bytes(data)
    (photos / "a.jpg").touch()

    done = cli("index", photos, "--model", model)
    assert done.status == 3
    assert str(model) in done.errors
    assert b"a.jpg" in cli("search", "red", "--model", tiny_model, "--format", "paths").output
    assert json.loads(cli("status", "--format", "json").output)["paths"] == 2


def test_the_model_used_last_is_used_again_from_any_folder(
    cli: Cli, photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_model.parent)
    assert cli("index", photos, "--model", tiny_model.name).status == 0
    monkeypatch.chdir(tmp_path)
    assert b"2 unchanged" in cli("index", photos).output
    assert cli("search", "red").status == 0


def test_a_catalogue_name_is_kept_as_a_name(
    cli: Cli, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path / "before"))
    make_model(tmp_path / "before" / "mine", name="mine")
    assert cli("index", photos, "--model", "mine").status == 0
    (tmp_path / "before").rename(tmp_path / "after")
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path / "after"))
    assert cli("search", "red").status == 0
    assert b"2 unchanged" in cli("index", photos).output


def test_a_model_that_is_gone_exits_3_and_says_what_to_do(
    cli: Cli, photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "moved-away")
    assert cli("index", photos, "--model", model).status == 0
    shutil.rmtree(model)

    search, index = cli("search", "red"), cli("index", photos)
    assert (search.status, index.status) == (3, 3)
    assert "can't be loaded" in search.errors
    assert "choose another with --model" in index.errors
    assert cli("search", "red", "--model", tiny_model).status == 0


def test_a_model_that_changed_since_exits_3_and_says_what_to_do(
    cli: Cli, photos: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "changing")
    assert cli("index", photos, "--model", model).status == 0
    make_model(model, seed=1)

    done = cli("search", "red")
    assert done.status == 3
    assert "nothing is lost" in done.errors
    assert b"2 unchanged" in cli("index", photos).output
    assert cli("search", "red").status == 0


def test_a_model_that_the_library_was_not_indexed_with_exits_3_and_says_what_to_do(
    cli: Cli, photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    assert cli("index", photos, "--model", tiny_model).status == 0
    other = make_model(tmp_path / "other", name="other", seed=1)
    done = cli("search", "red", "--model", other)
    assert done.status == 3
    assert f"sightline index --model {other}" in done.errors


def test_forgetting_says_how_much_and_exits_1_for_nothing(
    cli: Cli, photos: Path, tiny_model: Path
) -> None:
    cli("index", photos, "--model", tiny_model)
    done = cli("forget", photos / "a.jpg")
    assert (done.status, done.output) == (
        0, b"Forgot 1 paths and 1 photos. No file was touched.\n",
    )  # fmt: skip
    assert cli("forget", photos / "a.jpg").status == 1
    assert (photos / "a.jpg").is_file()
    assert cli("forget").status == 2


def test_progress_goes_to_stderr_and_its_reader_may_leave(
    photos: Path, tiny_model: Path, home: Home
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        import subprocess
        import sys

        program = (
            "import sightline.cli.progress as progress; progress._PLAIN_LINE_SECONDS = 0\n"
            "from sightline.cli.main import run; run()"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "index", photos, "--model", tiny_model],
            stdout=subprocess.PIPE, stderr=writing, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert done.stdout.startswith(b"2 new")


def test_names_of_any_bytes_may_be_given(home: Home, tiny_model: Path) -> None:
    folder = os.fsencode(home.photos.parent) + b"/caf\xe9 \n\x1b[31m"
    os.rename(home.add("a.jpg").parent, folder)
    library = folder + b"-library"
    done = sightline("index", folder, "--model", tiny_model, "--library", library)
    assert done.returncode == 0
    assert b"1 new" in done.stdout
    assert b"\x1b" not in done.stdout + sightline("status", "--library", library).stdout
    found = sightline("search", "red", "--library", library, "--format", "paths0", "--in", folder)
    assert found.stdout == folder + b"/a.jpg\0"
    missing = sightline("index", folder + b"-missing", "--library", library)
    assert missing.returncode == 2
    assert b"\x1b" not in missing.stderr
    assert sightline("forget", folder, "--library", library).returncode == 0
