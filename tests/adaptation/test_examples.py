"""What `adapt` is given: folders of classes, or lines of photo and label."""

import json
from collections import Counter
from pathlib import Path

import pytest

from sightline.adaptation.examples import draw, read_examples
from sightline.errors import UsageError
from tests.making import make_photo


def write_rows(folder: Path, *rows: object) -> Path:
    """A JSONL file."""
    file = folder / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_each_folder_is_a_class_with_photos_at_any_depth(tmp_path: Path) -> None:
    for name in ("cat/a.png", "cat/more/b.png", "dog/c.png"):
        make_photo(tmp_path / name)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("no photo")
    found = read_examples(tmp_path)
    assert [(one.path.name, one.label) for one in found] == [
        ("a.png", "cat"),
        ("b.png", "cat"),
        ("c.png", "dog"),
    ]


def test_lines_give_a_label_or_captions_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = write_rows(
        tmp_path,
        {"file": "x/a.png", "label": "cat", "coarse": "left alone"},
        {"file": "b.png", "caption": "our dog Bruno"},
        {"file": "c.png", "captions": ["the red barn", "a barn in snow"]},
        {"file": "d.png", "label": "cat", "captions": ["a tabby"]},
    )
    found = read_examples(file)
    assert [one.label for one in found] == ["cat", "our dog Bruno", "the red barn", "cat"]
    assert found[0].path == tmp_path / "x/a.png"
    assert found[2].sentences == ("the red barn", "a barn in snow")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"file": "a.png", "label": "cat"}], "at least two"),
        ([{"label": "cat"}], "line 1"),
        ([{"file": "a.png", "label": "x"}, {"file": "b.png"}], "line 2"),
        ([["a.png", "cat"]], "line 1"),
        ([{"file": "a.png", "label": 3}], "line 1"),
        ([], "at least two"),
    ],
)
def test_lines_that_can_mean_nothing_are_named(
    tmp_path: Path, rows: list[object], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        read_examples(write_rows(tmp_path, *rows))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder or file"):
        read_examples(tmp_path / "gone")
    with pytest.raises(UsageError, match="a folder of its own"):
        read_examples(tmp_path)


def test_shots_are_so_many_of_each_label_and_the_seed_says_which(tmp_path: Path) -> None:
    rows = [{"file": f"{at}.png", "label": "cat" if at % 3 else "dog"} for at in range(30)]
    examples = read_examples(write_rows(tmp_path, *rows))
    drawn = draw(examples, 4, seed=1)
    assert Counter(one.label for one in drawn) == {"cat": 4, "dog": 4}
    assert drawn == draw(examples, 4, seed=1)
    assert drawn != draw(examples, 4, seed=2)
    assert draw(examples, None, seed=0) == examples
    assert len(draw(examples, 1000, seed=0)) == 30
    with pytest.raises(UsageError, match="at least 1"):
        draw(examples, 0, seed=0)
