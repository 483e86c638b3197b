"""`sightline adapt`, and what classify, search and index make of it, as a shell sees it."""

import json
from pathlib import Path

import pytest

from sightline import load_encoder
from sightline.adaptation.adapter_file import adapters_folder
from tests.cli.conftest import Cli
from tests.making import make_model, make_photo, tree

KINDS = {"mosa red": (150, 40, 40), "lapis blue": (40, 40, 150), "moss green": (60, 110, 50)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three kinds of photos whose names the model hardly knows, in folders named after them."""
    for kind, colour in KINDS.items():
        for seed in range(4):
            make_photo(tmp_path / "data" / kind / f"{seed}.png", colour, seed)
    return tmp_path / "data"


def test_a_folder_of_classes_becomes_an_adapter_that_is_found_by_name(
    cli: Cli, data: Path, tiny_model: Path
) -> None:
    done = cli("adapt", data, "--name", "paints", "--model", tiny_model)
    assert done.status == 0
    assert b"Learned 3 labels from 12 photos" in done.output
    assert b"photos held out (95 % interval)" in done.output
    assert (adapters_folder() / "paints.adapter").stat().st_size < 200_000
    rows = cli("classify", data, "--adapter", "paints", "--model", tiny_model, "--format", "jsonl")
    for line in rows.output.splitlines():
        row = json.loads(line)
        assert row["labels"][0]["label"] == Path(row["path"]).parent.name


def test_json_says_what_was_measured(cli: Cli, data: Path, tiny_model: Path) -> None:
    done = cli(
        "adapt", data, "--name", "paints", "--model", tiny_model, "--shots", "3", "--seed", "5",
        "--format", "json",
    )  # fmt: skip
    row = json.loads(done.output)
    assert row["labels"] == dict.fromkeys(sorted(KINDS), 3)
    assert row["model"] == load_encoder(tiny_model).id
    assert row["top_1"].keys() == {"cache", "residual", "both"}
    assert row["top_1"][row["method"]]["value"] == 1.0
    assert row["held_out_photos"] == 9


def test_one_photo_of_each_says_that_nothing_could_be_measured(
    cli: Cli, data: Path, tiny_model: Path
) -> None:
    done = cli("adapt", data, "--name", "x", "--model", tiny_model, "--shots", "1")
    assert b"nothing could be held out" in done.output


def test_a_bad_photo_is_named_and_the_others_are_learned(
    cli: Cli, data: Path, tiny_model: Path
) -> None:
    (data / "mosa red" / "9.png").write_bytes(b"no picture")
    done = cli("adapt", data, "--name", "x", "--model", tiny_model)
    assert done.status == 0
    assert b"from 12 photos" in done.output
    assert b"9.png" in done.output


def test_an_adapter_touches_neither_photos_nor_libraries(
    cli: Cli, tmp_path: Path, data: Path, tiny_model: Path
) -> None:
    def held() -> dict[str, bytes]:
        """What the library and the photo folder hold; opening a library moves its file's time."""
        folders = tree(tmp_path / "default-library") | tree(data)
        return {name: content for name, (_, content) in folders.items()}

    cli("index", data, "--model", tiny_model)
    plain = cli("search", "mosa red", "--format", "jsonl").output
    before = held()
    cli("adapt", data, "--name", "paints", "--model", tiny_model)
    adapted = cli("search", "mosa red", "--adapter", "paints", "-k", "4", "--format", "jsonl")
    assert held() == before
    assert cli("search", "mosa red", "--format", "jsonl").output == plain
    found = [Path(json.loads(line)["path"]).parent.name for line in adapted.output.splitlines()]
    assert found == ["mosa red"] * 4


def test_a_search_for_anything_else_is_the_same_with_an_adapter(
    cli: Cli, data: Path, tiny_model: Path
) -> None:
    cli("index", data, "--model", tiny_model)
    cli("adapt", data, "--name", "paints", "--model", tiny_model)
    for query in ("green", "red", "blue yellow"):
        asked = ("search", query, "--format", "jsonl")
        assert cli(*asked, "--adapter", "paints").output == cli(*asked).output


def test_index_keeps_an_adapter_with_the_library_and_embeds_nothing_again(
    cli: Cli, tmp_path: Path, data: Path, tiny_model: Path
) -> None:
    cli("index", data, "--model", tiny_model)
    vectors = tree(tmp_path / "default-library" / "vectors")
    own = tmp_path / "elsewhere" / "p.adapter"
    cli("adapt", data, "--name", "paints", "--model", tiny_model, "--out", own)
    assert cli("search", "mosa red", "--adapter", "paints").status == 2
    done = cli("index", data, "--adapter", own)
    assert b"12 unchanged" in done.output
    own.unlink()
    assert cli("search", "mosa red", "--adapter", "paints").status == 0
    assert tree(tmp_path / "default-library" / "vectors") == vectors
    assert cli("status", "--check").status == 0


def test_an_adapter_of_another_model_is_refused(
    cli: Cli, tmp_path: Path, data: Path, tiny_model: Path
) -> None:
    other = make_model(tmp_path / "other", name="other", seed=1)
    cli("adapt", data, "--name", "paints", "--model", other)
    cli("index", data, "--model", tiny_model)
    for asked in (
        ("classify", data, "--model", tiny_model),
        ("search", "mosa red"),
        ("index", data),
    ):
        done = cli(*asked, "--adapter", "paints")
        assert done.status == 3
        assert "was taught with other-" in done.errors


def test_a_damaged_adapter_is_refused(cli: Cli, data: Path, tiny_model: Path) -> None:
    cli("adapt", data, "--name", "paints", "--model", tiny_model)
    file = adapters_folder() / "paints.adapter"
    file.write_bytes(file.read_bytes()[:-30])
    done = cli("classify", data, "--adapter", "paints", "--model", tiny_model)
    assert done.status == 3
    assert "damaged" in done.errors


def test_labels_must_be_ones_that_were_taught(cli: Cli, data: Path, tiny_model: Path) -> None:
    cli("adapt", data, "--name", "paints", "--model", tiny_model)
    asked = ("classify", data, "--adapter", "paints", "--model", tiny_model, "--labels")
    assert cli(*asked, "mosa red,moss green", "-k", "9").output.count(b"%") == 2 * 12
    assert "was not taught" in cli(*asked, "mosa red,purple").errors


def test_captions_teach_too(cli: Cli, tmp_path: Path, data: Path, tiny_model: Path) -> None:
    lines = [
        {"file": f"{kind}/{seed}.png", "captions": [f"a {kind} wall", f"{kind} paint"]}
        for kind in KINDS
        for seed in range(2)
    ]
    (data / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert cli("adapt", data / "rows.jsonl", "--name", "walls", "--model", tiny_model).status == 0
    done = cli(
        "classify", data / "moss green" / "3.png", "--adapter", "walls", "--model", tiny_model
    )
    assert b"3.png: a moss green wall" in done.output


@pytest.mark.parametrize(
    "wrong",
    [
        ["--name", "a/b"],
        ["--name", "x", "--shots", "0"],
        ["--name", "x", "--seed", "-1"],
        ["--name", "x", "--method", "magic"],
        ["--name", "x", "--out", "photo.jpg"],
        [],
    ],
)
def test_what_can_mean_nothing_is_wrong_usage(
    cli: Cli, data: Path, tiny_model: Path, wrong: list[str]
) -> None:
    assert cli("adapt", data, "--model", tiny_model, *wrong).status == 2
    assert not adapters_folder().exists()
