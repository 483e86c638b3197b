"""What was answered once is never asked again, and can be replayed without anybody to ask."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from sightline.errors import InspectionError, UsageError
from sightline.inspection import pixels
from sightline.inspection.verdict import Task
from sightline.inspection.vlm.inspector import VlmInspector
from sightline.inspection.vlm.settings import VlmSettings
from tests.inspection.loopback_server import NORMAL, Fault, LoopbackServer, Say, defect
from tests.inspection.vlm.conftest import Ask, make_noise


def test_the_same_question_is_asked_once(
    server: LoopbackServer, vlm: Ask, photo: Path, tmp_path: Path
) -> None:
    first = vlm(answers=tmp_path / "kept").inspect(Task(image=photo))
    again = vlm(answers=tmp_path / "kept").inspect(Task(image=photo))
    assert len(server.asked) == 1
    assert (first.cached, again.cached) == (False, True)
    assert again.usage == first.usage
    assert again.decision == first.decision


def test_anything_that_decides_the_answer_makes_another_question(
    server: LoopbackServer, vlm: Ask, photo: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    task = Task(image=photo)
    vlm(answers=kept).inspect(task)
    vlm(answers=kept).inspect(Task(image=photo, product="a plate"))
    vlm(answers=kept).inspect(Task(image=photo, doubt=False))
    vlm(answers=kept, model="another").inspect(task)
    vlm(answers=kept, temperature=0.7).inspect(task)
    vlm(answers=kept, max_tokens=99).inspect(task)
    vlm(answers=kept, max_pixels=50_000).inspect(task)
    vlm(answers=kept).sampled(1).inspect(task)
    assert len(server.asked) == 8
    vlm(answers=kept).sampled(1).inspect(task)
    assert len(server.asked) == 8


def test_errors_are_not_kept_and_a_killed_run_goes_on_where_it_was(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    photos = [make_noise(tmp_path / f"{n}.jpg", 40 + n, 30) for n in range(3)]
    kept = tmp_path / "kept"
    server.script = [Say(NORMAL), Fault("status", 400, said="no")]
    inspector = vlm(answers=kept)
    inspector.inspect(Task(image=photos[0]))
    with pytest.raises(InspectionError):
        inspector.inspect(Task(image=photos[1]))
    verdicts = [vlm(answers=kept).inspect(Task(image=photo)) for photo in photos]
    assert [one.cached for one in verdicts] == [True, False, False]
    assert len(server.asked) == 4


def test_a_recorded_run_replays_without_a_server_failures_included(
    server: LoopbackServer, vlm: Ask, photo: Path, tmp_path: Path
) -> None:
    other = make_noise(tmp_path / "other.jpg", 60, 60)
    kept = tmp_path / "kept"
    server.script = [Say(defect([0, 0, 500, 500])), Say("hm"), Say("hm")]
    recorded = [vlm(answers=kept).inspect(Task(image=one)) for one in (photo, other)]
    settings = VlmSettings(
        model="some-vlm", endpoint="https://nowhere.invalid/v1", answers=kept, replay=True
    )
    with VlmInspector(settings) as replayed:
        again = [replayed.inspect(Task(image=one)) for one in (photo, other)]
    assert [one.findings for one in again] == [one.findings for one in recorded]
    assert [one.failure for one in again] == [one.failure for one in recorded]
    assert again[1].failure
    assert len(server.asked) == 3


def test_a_run_replays_where_pixels_are_encoded_to_other_bytes(
    server: LoopbackServer,
    vlm: Ask,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = tmp_path / "kept"
    server.script = [Say(defect(None))]
    vlm(answers=kept).inspect(Task(image=photo))

    def another_library(image: Image.Image) -> tuple[str, bytes]:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=60)
        return "image/jpeg", stream.getvalue()

    monkeypatch.setattr(pixels, "_encoded", another_library)
    assert vlm(answers=kept, replay=True).inspect(Task(image=photo)).decision == "defect"


def test_replaying_what_was_not_recorded_names_it(vlm: Ask, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(InspectionError, match=r"no answer of some-vlm to plain\+doubt.*448x336"):
        vlm(answers=tmp_path / "kept", replay=True).inspect(Task(image=photo))
    with pytest.raises(UsageError, match="name the folder"):
        VlmSettings(model="m", replay=True)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": "something-else/9"}'])
def test_a_damaged_answer_is_asked_for_again(
    server: LoopbackServer, vlm: Ask, photo: Path, tmp_path: Path, damage: bytes
) -> None:
    kept = tmp_path / "kept"
    vlm(answers=kept).inspect(Task(image=photo))
    (file,) = kept.rglob("*.json")
    file.write_bytes(damage)
    assert not vlm(answers=kept).inspect(Task(image=photo)).cached
    assert vlm(answers=kept).inspect(Task(image=photo)).cached
    assert len(server.asked) == 2


def test_a_record_can_be_read_by_a_person_and_holds_no_picture(
    vlm: Ask, photo: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    vlm(answers=kept).inspect(Task(image=photo, product="a plate"))
    (file,) = kept.rglob("*.json")
    record = json.loads(file.read_bytes())
    assert "a plate" in record["text"]
    assert json.loads(record["reply"]["text"]) == NORMAL
    assert file.stat().st_size < 8000
    assert not list(kept.rglob("*.part"))


def test_a_folder_that_can_not_be_written_says_so(vlm: Ask, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file, not a folder")
    with pytest.raises(InspectionError, match="choose another folder"):
        vlm(answers=tmp_path / "kept").inspect(Task(image=photo))
