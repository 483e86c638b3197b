import json
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.training.captions import CaptionedPhoto, names_a_side, read_captions


def test_photos_are_found_beside_the_caption_file(tmp_path: Path) -> None:
    rows = [
        {"file": "images/1.webp", "captions": ["a dog", "ein Hund – schön"], "source": "x"},
        {"file": "2.jpg", "captions": ["a cat"]},
    ]
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_captions(file) == [
        CaptionedPhoto(tmp_path / "images/1.webp", ("a dog", "ein Hund – schön")),
        CaptionedPhoto(tmp_path / "2.jpg", ("a cat",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1, 2]",
        '{"file": "1.jpg"}',
        '{"captions": ["a dog"]}',
        '{"file": "1.jpg", "captions": []}',
        '{"file": "1.jpg", "captions": [3]}',
        '{"file": "1.jpg", "captions": "a dog"}',
        "",
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"file": "1.jpg", "captions": ["a dog"]}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2"):
        read_captions(file)


def test_an_empty_caption_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.touch()
    with pytest.raises(UsageError, match=r"train\.jsonl is empty"):
        read_captions(file)


def test_a_missing_caption_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.jsonl"):
        read_captions(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("caption", ["a dog on the left", "Right hand raised", "left-handed"])
def test_captions_that_a_mirror_makes_wrong_are_known(caption: str) -> None:
    assert names_a_side(caption)


@pytest.mark.parametrize("caption", ["a bright leftover pizza", "a dog", "copyright sign"])
def test_other_captions_allow_a_mirrored_photo(caption: str) -> None:
    assert not names_a_side(caption)
