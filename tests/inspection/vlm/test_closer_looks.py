"""Tiles and adaptive zoom: nothing scaled away, and nothing a defect because it was said once."""

from pathlib import Path

import pytest

from sightline.inspection.verdict import Task
from sightline.inspection.vlm.looks import MOST_CONFIRMED
from tests.inspection.loopback_server import (
    NORMAL,
    Asked,
    LoopbackServer,
    Say,
    defect,
    present,
)
from tests.inspection.vlm.conftest import Ask, make_noise

SIDE = 224  # of a tile at this cap
CAP = SIDE * SIDE


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Four tiles across, two down."""
    return make_noise(tmp_path / "large.png", 600, 400)


def test_tiles_show_every_pixel_as_it_is_beside_the_whole(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    tiles = [one for one in verdict.sent if one.role == "tile"]
    assert len(tiles) == 8
    for tile in tiles:
        assert (tile.width, tile.height) == (tile.crop.width, tile.crop.height) == (SIDE, SIDE)
    assert min(tile.crop.left for tile in tiles) == 0
    assert max(tile.crop.right for tile in tiles) == 600
    assert all(len(asked.pictures) == 2 for asked in server.asked[1:])
    assert (verdict.decision, verdict.score) == ("normal", 0.1)


def test_a_tiles_finding_counts_when_a_tighter_crop_confirms_it(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    looks = _looks(tile=lambda at: defect([500, 500, 600, 600]) if at == 1 else NORMAL)
    server.answer = looks(present("yes", 0.8))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    (finding,) = verdict.findings
    assert (verdict.decision, verdict.confidence, verdict.score) == ("defect", 0.8, 0.8)
    assert finding.raw_box == (500, 500, 600, 600)
    crop = verdict.sent[-1]
    tile = verdict.sent[4]
    assert finding.box is not None
    assert finding.box.left == tile.crop.left + 112
    assert crop.role == "crop"
    assert crop.crop.area < tile.crop.area / 4
    assert crop.crop.left < finding.box.left < finding.box.right < crop.crop.right
    assert "a dark line" not in server.asked[-1].texts[-1].lower()  # not told what was seen


@pytest.mark.parametrize(
    ("answer", "decision", "score"),
    [(present("no", 0.05), "normal", 0.1), (present("unclear", 0.4), "uncertain", 0.4)],
)
def test_a_finding_that_is_not_confirmed_is_no_defect(
    server: LoopbackServer, vlm: Ask, large: Path, answer: object, decision: str, score: float
) -> None:
    looks = _looks(tile=lambda at: defect([500, 500, 600, 600]) if at == 1 else NORMAL)
    server.answer = looks(answer)
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert (verdict.decision, verdict.score) == (decision, score)
    assert not any(one.score == 0.9 for one in verdict.findings)
    assert bool(verdict.would_help) == (decision == "uncertain")


def test_what_two_tiles_share_is_confirmed_once(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    # Tiles of 224 at 0 and 176 of 400 pixels: both show 176 to 224.
    photo = make_noise(tmp_path / "wide.png", 400, 224)
    boxes = [[800.0, 100.0, 1000.0, 300.0], [14.0, 100.0, 214.0, 300.0]]
    server.answer = _looks(tile=lambda at: defect(boxes[at]))(present("yes", 0.9))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=photo, zoom="tiles"))
    assert len(verdict.findings) == 1
    assert len(server.asked) == 1 + 2 + 1


def test_a_tiles_claim_without_a_place_can_not_be_confirmed_and_leaves_doubt(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    server.answer = _looks(tile=lambda at: defect(None) if at == 0 else NORMAL)({})
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert verdict.decision == "uncertain"
    assert verdict.findings == ()


def test_a_missing_part_that_only_the_whole_shows_needs_no_crop(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    server.answer = _looks(whole=defect(None, chance=0.95), tile=lambda at: NORMAL)({})
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert (verdict.decision, verdict.confidence) == ("defect", 0.95)


def test_a_look_without_a_usable_answer_is_a_failure_unless_a_defect_is_found(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    server.answer = _looks(tile=lambda at: "hm" if at == 0 else NORMAL)({})
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert verdict.decision == "uncertain"
    assert verdict.failure.startswith("1 of 9 looks: parse failure")


def test_a_model_that_cries_wolf_does_not_run_up_the_bill(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    many = [[float(x), float(y), x + 9.0, y + 9.0] for x in range(0, 900, 90) for y in (0, 500)]
    server.answer = _looks(tile=lambda at: defect(*many))(present("no", 0.0))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert len(server.asked) == 1 + 8 + MOST_CONFIRMED
    assert verdict.decision == "uncertain"  # most claims were not looked into


def test_adaptive_zoom_looks_where_the_model_wants_to(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    regions = {"regions": [{"reason": "a dark line", "box": [700, 700, 800, 800]}]}
    looks = _looks(where=regions, tile=lambda at: defect([400, 400, 600, 600]))
    server.answer = looks(present("yes", 0.9))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="adaptive"))
    assert verdict.decision == "defect"
    (tile,) = [one for one in verdict.sent if one.role == "tile"]
    assert tile.crop.contains((450, 300))
    assert (tile.width, tile.height) >= (tile.crop.width, tile.crop.height)
    assert [asked.form for asked in server.asked] == ["report", "where", "report", "presence"]


def test_adaptive_zoom_looks_at_no_more_places_than_it_may(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    everywhere = [{"reason": "?", "box": [x, 0, x + 10, 10]} for x in range(0, 990, 100)]
    server.answer = _looks(where={"regions": everywhere}, tile=lambda at: NORMAL)({})
    vlm(max_pixels=CAP, regions=2).inspect(Task(image=large, zoom="adaptive"))
    assert [asked.form for asked in server.asked].count("report") == 1 + 2


def test_a_photo_that_is_sent_whole_needs_no_tiles(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    for zoom in ("tiles", "adaptive"):
        server.asked.clear()
        vlm().inspect(Task(image=photo, zoom=zoom))  # type: ignore[arg-type]
        assert len(server.asked) == 1


def test_without_doubt_zoom_takes_the_likelier_side(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    looks = _looks(tile=lambda at: defect([500, 500, 600, 600]) if at == 1 else NORMAL)
    server.answer = looks(present("unclear", 0.7))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles", doubt=False))
    assert (verdict.decision, verdict.confidence) == ("defect", 0.7)


def _looks(whole=NORMAL, where=None, tile=None):  # type: ignore[no-untyped-def]
    """Answers by the kind of look; `tile` by the number of the tile."""

    def answering(confirm):  # type: ignore[no-untyped-def]
        seen: dict[bytes, int] = {}

        def answer(asked: Asked) -> object:
            if asked.form == "presence":
                return confirm
            if asked.form == "where":
                return where
            if len(asked.pictures) == 1:
                return whole
            said = tile(seen.setdefault(asked.pictures[1], len(seen)))
            return Say(said) if isinstance(said, str) else said

        return answer

    return answering


def test_not_saying_where_to_look_is_a_failure(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    server.answer = _looks(where=Say("everywhere, really"), tile=lambda at: NORMAL)({})
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="adaptive"))
    assert verdict.decision == "uncertain"
    assert verdict.failure.startswith("parse failure")


def test_a_confirmed_defect_stands_and_says_which_looks_are_missing(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    said = {0: defect([500, 500, 600, 600]), 1: "hm"}
    server.answer = _looks(tile=lambda at: said.get(at, NORMAL))(present("yes", 0.9))
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="tiles"))
    assert (verdict.decision, verdict.failure) == ("defect", "")
    assert verdict.would_help == "1 further look gave no usable answer."


def test_a_dry_run_of_adaptive_zoom_knows_what_it_can_not_know(vlm: Ask, large: Path) -> None:
    plan = vlm(max_pixels=CAP, regions=3).plan(Task(image=large, zoom="adaptive"))
    assert [one.prompt.split("@")[0] for one in plan.requests] == ["plain+doubt+answer", "where"]
    assert plan.at_most == MOST_CONFIRMED + 8


def test_a_model_that_wants_to_see_everything_is_shown_everything_once(
    server: LoopbackServer, vlm: Ask, large: Path
) -> None:
    everything = {"reason": "?", "box": [0, 0, 1000, 1000]}
    nearly = {"reason": "?", "box": [10, 10, 1000, 1000]}
    looks = _looks(where={"regions": [everything, nearly]}, tile=lambda at: NORMAL)
    server.answer = looks({})
    verdict = vlm(max_pixels=CAP).inspect(Task(image=large, zoom="adaptive"))
    assert [one.role for one in verdict.sent].count("tile") == 8
