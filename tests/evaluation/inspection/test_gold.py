"""Gold labels: what is read, and what is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline.errors import GoldError
from sightline.evaluation.inspection.gold import GoldPhoto, read_inspection_gold, require_sound
from sightline.evaluation.inspection.photos import require_photos
from tests.evaluation.inspection.making import SIZE, SYNONYMS, gold_of, photo, tiles

LABELS = Path(__file__).parents[3] / "inspection_labels.json"


def test_the_shipped_labels_are_sound_and_keep_a_piece_on_one_side_of_the_split() -> None:
    gold = read_inspection_gold(LABELS)
    assert len(gold.images) == 67
    assert len(gold.more) == 155
    chosen = {one.instance for one in gold.select("choose", more=True)}
    reported = {one.instance for one in gold.select("report", more=True)}
    assert not chosen & reported
    assert gold.corrections


def test_tiny_means_that_every_box_covers_less_than_one_percent() -> None:
    raw = {one["id"]: one for one in json.loads(LABELS.read_text())["images"]}
    gold = read_inspection_gold(LABELS)
    tiny = [one for one in gold.images if one.tiny]
    assert {one.product for one in tiny} == {
        "bare green circuit board",
        "binarised scan of a circuit board",
    }
    assert all(raw[one.id]["boxes"] for one in tiny)


def test_the_same_labels_have_the_same_hash_in_any_layout(tmp_path: Path) -> None:
    gold = read_inspection_gold(LABELS)
    (tmp_path / "g.json").write_bytes(msgspec.json.encode(gold))
    assert read_inspection_gold(tmp_path / "g.json").hash == gold.hash


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not json", "no gold file of inspection"),
        (b'{"format": "sightline-gold/1"}', "no gold file of inspection"),
        (b'{"format": "sightline-inspection/1", "name": "x", "images": []}', "holds no photos"),
        (b"[" * 100_000, "no gold file of inspection"),
        (b"\xff\xfe", "no gold file of inspection"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    with pytest.raises(GoldError, match=says):
        read_inspection_gold(path)


def test_a_photo_with_an_unknown_verdict_is_named_by_its_id(tmp_path: Path) -> None:
    raw = msgspec.to_builtins(gold_of(photo("a"), photo("b")))
    raw["images"][1]["verdict"] = "broken"
    (tmp_path / "labels.json").write_text(json.dumps(raw))
    with pytest.raises(GoldError, match=r"'broken'.*\(photo 'b'\)"):
        read_inspection_gold(tmp_path / "labels.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"gone\.json"):
        read_inspection_gold(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("photos", "says"),
    [
        ((photo("a"), photo("a", file="b.png", photo="0" * 64)), "more than one photo has the id"),
        ((photo("a"), photo("b", file="a.png")), "more than one photo has the file"),
        ((photo("a", photo="0" * 64), photo("b", photo="0" * 64)), "more than one entry"),
        ((photo("a", "defect", defect_types=("dent",)),), "defect type dent"),
        ((photo("a", "defect", boxes=((5.0, 5.0, 5.0, 9.0),)),), "no area in a"),
        ((photo("a", "defect", boxes=((-1.0, 5.0, 5.0, 9.0),)),), "outside its picture"),
        ((photo("a", "defect", boxes=()),), "a type or a box is missing in a"),
        ((photo("a", "normal", boxes=((1.0, 1.0, 5.0, 9.0),)),), "in spite of"),
        ((photo("a", file="../a.png"),), "leads out"),
        ((photo("a", file="/a.png"),), "leads out"),
        ((photo("a", twin="b"),), "the twin is no normal photo"),
        (
            (photo("a", instance="x"), photo("b", instance="x", split="choose")),
            "both sides of the split",
        ),
    ],
)
def test_labels_at_odds_with_themselves_are_refused(
    photos: tuple[GoldPhoto, ...], says: str
) -> None:
    with pytest.raises(GoldError, match=says):
        require_sound(gold_of(*photos), "labels.json")


def test_a_defect_type_without_a_word_and_a_correction_of_nothing_are_refused() -> None:
    with pytest.raises(GoldError, match="not even its own name"):
        require_sound(gold_of(photo("a"), synonyms=SYNONYMS | {"dent": ()}), "labels.json")
    correction: Any = msgspec.convert([{"images": ["z"], "what": "x"}], tuple[Any, ...])
    from sightline.evaluation.inspection.gold import Correction

    corrected = (msgspec.convert(correction[0], Correction),)
    with pytest.raises(GoldError, match="unknown photo z"):
        require_sound(gold_of(photo("a"), corrections=corrected), "labels.json")


def test_photos_are_looked_at_before_anything_runs(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    assert require_photos(gold.images, tmp_path)["d0"] == SIZE
    (tmp_path / "n1.png").unlink()
    with pytest.raises(GoldError, match=r"1 of 9 photos .* n1\.png"):
        require_photos(gold.images, tmp_path)


def test_another_photo_under_the_name_is_noticed(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    (tmp_path / "n1.png").write_bytes((tmp_path / "n2.png").read_bytes())
    with pytest.raises(GoldError, match="not the photo that was labelled as n1"):
        require_photos(gold.images, tmp_path)


def test_a_box_outside_its_picture_is_noticed(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    wide = msgspec.structs.replace(gold.images[0], boxes=((0.0, 0.0, SIZE[0] + 1.0, 10.0),))
    with pytest.raises(GoldError, match=r"box of d0 reaches to \(121, 10\)"):
        require_photos([wide], tmp_path)


def test_an_unreadable_photo_is_noticed(tmp_path: Path) -> None:
    import hashlib

    gold = tiles(tmp_path)
    (tmp_path / "d0.png").write_bytes(b"no picture")
    broken = msgspec.structs.replace(
        gold.images[0], photo=hashlib.sha256(b"no picture").hexdigest()
    )
    with pytest.raises(GoldError, match="Can't use"):
        require_photos([broken], tmp_path)
