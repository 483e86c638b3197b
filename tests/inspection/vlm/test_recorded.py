"""A run recorded earlier, replayed from the files beside this one, with nobody to ask.

The answers were scripted, no model gave them. Other words in a prompt make other questions, to
which the record holds no answers: that this test then fails is its purpose. Record again by

    python -m tests.inspection.vlm.test_recorded
"""

import json
import shutil
from pathlib import Path

from sightline.inspection.injection import PRODUCT, Case, cases, draw
from sightline.inspection.verdict import Task, Verdict
from sightline.inspection.vlm.inspector import VlmInspector
from sightline.inspection.vlm.settings import VlmSettings
from tests.inspection.loopback_server import NORMAL, Say, defect, loopback_server

RECORDED = Path(__file__).parent / "recorded"
PLATE = RECORDED / "plate.jpg"
TASKS = (
    Task(image=PLATE, product=PRODUCT, look_for=("crack",)),
    Task(image=PLATE, product=PRODUCT, doubt=False),
    Task(image=PLATE),
)


def test_a_run_recorded_earlier_replays_without_a_server() -> None:
    found, mended, refused = _run("https://nowhere.invalid/v1", replay=True)
    (finding,) = found.findings
    box = _cracked().box
    assert box is not None
    assert finding.box is not None
    assert finding.box.iou(box) > 0.9
    assert (found.decision, found.model, found.cached) == ("defect", "scripted-1", True)
    assert (mended.decision, mended.usage.input_tokens) == ("normal", 2000)
    assert refused.failure == "refused: I'd rather not."


def _run(endpoint: str, replay: bool) -> list[Verdict]:
    settings = VlmSettings(
        model="recorded-vlm", endpoint=endpoint, answers=RECORDED / "answers", replay=replay
    )
    with VlmInspector(settings) as inspector:
        return [inspector.inspect(task) for task in TASKS]


def _cracked() -> Case:
    return next(case for case in cases(1) if (case.defect, case.words) == ("crack", "says fine"))


def _record() -> None:
    shutil.rmtree(RECORDED, ignore_errors=True)
    RECORDED.mkdir()
    case = _cracked()
    image = draw(case)
    image.save(PLATE, quality=60)
    assert case.box is not None
    box = [
        round(1000 * case.box.left / image.width),
        round(1000 * case.box.top / image.height),
        round(1000 * case.box.right / image.width),
        round(1000 * case.box.bottom / image.height),
    ]
    with loopback_server() as server:
        server.script = [
            Say(f"My report: {json.dumps(defect(box))}", model="scripted-1"),
            Say("It looks fine to me.", model="scripted-1"),
            Say(NORMAL, model="scripted-1"),
            Say("I'd rather not.", stop="refusal"),
        ]
        _run(server.openai, replay=False)


if __name__ == "__main__":
    _record()
