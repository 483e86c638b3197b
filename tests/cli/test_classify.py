"""`sightline classify` as a shell sees it."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.making import make_photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos, and a file that only looks like one."""
    folder = tmp_path / "photos"
    make_photo(folder / "a-red.png", "red")
    make_photo(folder / "b-blue.png", "blue")
    (folder / "c-broken.png").write_bytes(b"no picture")
    return folder


def test_jsonl_has_a_row_a_photo_and_the_bad_one_says_why(
    cli: Cli, photos: Path, tiny_model: Path
) -> None:
    done = cli(
        "classify", photos, "--labels", "red,blue", "--model", tiny_model, "--format", "jsonl"
    )
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert done.status == 0
    assert [Path(row["path"]).name for row in rows] == ["a-red.png", "b-blue.png", "c-broken.png"]
    assert [one["label"] for one in rows[0]["labels"]] == ["red", "blue"]
    assert rows[0]["labels"][0].keys() == {"label", "share", "cosine"}
    assert rows[1]["labels"][0]["label"] == "blue"
    assert rows[2]["labels"] == []
    assert rows[2]["error"]
    assert rows[0]["error"] is None


def test_csv_has_a_line_a_label(cli: Cli, photos: Path, tiny_model: Path) -> None:
    done = cli(
        "classify", photos, "--labels", "red,blue", "-k", "1", "--model", tiny_model,
        "--format", "csv",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(done.output.decode())))
    assert [(Path(row["path"]).name, row["label"]) for row in rows] == [
        ("a-red.png", "red"),
        ("b-blue.png", "blue"),
        ("c-broken.png", ""),
    ]
    assert rows[2]["error"]


def test_labels_and_templates_may_be_files(
    cli: Cli, tmp_path: Path, photos: Path, tiny_model: Path
) -> None:
    (tmp_path / "labels").write_text("warm: red | yellow\ncold: blue\n")
    (tmp_path / "templates").write_text("a {} thing\n")
    done = cli(
        "classify", photos / "a-red.png", "--labels", tmp_path / "labels",
        "--templates", tmp_path / "templates", "--model", tiny_model,
    )  # fmt: skip
    assert b"a-red.png: warm" in done.output


def test_no_photo_exits_1_and_says_so(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "empty").mkdir()
    asked = ("--labels", "red,blue", "--model", tiny_model)
    done = cli("classify", tmp_path / "empty", *asked)
    assert (done.status, done.output) == (1, b"")
    assert "No photo" in done.errors
    gone = cli("classify", tmp_path / "gone.png", *asked)
    assert gone.status == 1
    assert b"It isn't there" in gone.output


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--labels", "red"],
        ["--labels", "red,red"],
        ["--labels", "red,blue", "-k", "0"],
        ["--labels", "red,blue", "--temperature", "0"],
        ["--labels", "red,blue", "--templates", "gone.txt"],
        ["--labels", "red,blue", "--provider", "abacus"],
        ["--adapter", "gone"],
    ],
)
def test_what_can_mean_nothing_is_wrong_usage(
    cli: Cli, photos: Path, tiny_model: Path, wrong: list[str]
) -> None:
    assert cli("classify", photos, "--model", tiny_model, *wrong).status == 2
