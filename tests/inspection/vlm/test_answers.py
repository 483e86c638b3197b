"""What comes back from a model, good and bad, as a verdict; over real HTTP, in both protocols."""

import json
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.inspection.verdict import Box, Task
from tests.inspection.loopback_server import NORMAL, LoopbackServer, Say, defect
from tests.inspection.vlm.conftest import Ask


@pytest.fixture(params=["openai", "anthropic"])
def endpoint(request: pytest.FixtureRequest, server: LoopbackServer) -> dict[str, str]:
    """The same server in each protocol."""
    return {"endpoint": getattr(server, request.param), "protocol": request.param}


def test_a_defect_comes_with_its_place_in_pixels_of_the_photo(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path
) -> None:
    server.answer = lambda asked: defect([250, 100, 500, 400])
    verdict = vlm(**endpoint).inspect(Task(image=photo, product="a tile"))
    (finding,) = verdict.findings
    assert (verdict.decision, verdict.confidence, verdict.score) == ("defect", 0.9, 0.9)
    assert finding.box == Box(100, 30, 200, 120)
    assert finding.raw_box == (250, 100, 500, 400)
    assert verdict.usage.input_tokens == 1000
    assert verdict.usage.output_tokens == 100
    assert [(one.width, one.height, one.role) for one in verdict.sent] == [(448, 336, "photo")]
    assert not verdict.failure
    assert "a tile" in server.asked[0].texts[-1]


def test_confidence_is_that_of_the_decision(server: LoopbackServer, vlm: Ask, photo: Path) -> None:
    unsure = {**NORMAL, "verdict": "uncertain", "defect_chance": 0.3, "would_help": "More light."}
    server.script = [Say(NORMAL), Say(unsure)]
    inspector = vlm()
    normal, uncertain = (inspector.inspect(Task(image=photo)) for _ in range(2))
    assert (normal.decision, normal.confidence, normal.score) == ("normal", 0.9, 0.1)
    assert (uncertain.decision, uncertain.confidence) == ("uncertain", 0.7)
    assert uncertain.would_help == "More light."


@pytest.mark.parametrize(
    "words",
    [
        'Here you are:\n```json\n{"a": 1, "x"}\n```\n' + json.dumps(NORMAL) + "\nAnything else?",
        "<think>maybe " + json.dumps(defect(None)) + "</think>" + json.dumps(NORMAL),
        json.dumps(defect(None)) + " No, on second thoughts: " + json.dumps(NORMAL),
    ],
    ids=["prose round it", "thinking first", "the last one counts"],
)
def test_json_is_found_among_other_words(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path, words: str
) -> None:
    server.answer = lambda asked: Say(words, as_words=True)
    verdict = vlm(**endpoint).inspect(Task(image=photo))
    assert verdict.decision == "normal"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "bad",
    [
        Say('{"verdict": "normal", "defect_ch'),
        Say(""),
        Say("The part looks fine to me."),
        Say({**NORMAL, "defect_chance": 90}),
        Say({**NORMAL, "verdict": "probably fine"}),
        Say({**NORMAL, "findings": [{"type": "dent", "sentence": "", "box": None}]}),
        Say({**defect(None), "findings": []}),
        Say("{" * 50_000),
    ],
    ids=[
        "malformed",
        "empty",
        "no json",
        "chance of 90",
        "unknown verdict",
        "normal with a finding",
        "defect without one",
        "braces only",
    ],
)
def test_an_unusable_answer_may_be_mended_once(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path, bad: Say
) -> None:
    server.script = [bad, Say(NORMAL)]
    mended = vlm(**endpoint).inspect(Task(image=photo))
    assert (mended.decision, mended.failure) == ("normal", "")
    assert "could not be used" in server.asked[1].texts[-1]
    assert mended.usage.input_tokens == 2000

    server.script = [bad, bad, Say(NORMAL)]
    failed = vlm(**endpoint).inspect(Task(image=photo))
    assert failed.decision == "uncertain"
    assert failed.failure.startswith("parse failure")
    assert failed.score is None
    assert len(server.asked) == 4


def test_a_refusal_is_a_failure_and_is_not_argued_with(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path
) -> None:
    server.script = [Say("I can't help with that.", stop="refusal")]
    verdict = vlm(**endpoint).inspect(Task(image=photo))
    assert verdict.decision == "uncertain"
    assert verdict.failure == "refused: I can't help with that."
    assert len(server.asked) == 1


def test_an_answer_that_was_cut_off_says_so(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path
) -> None:
    server.script = [Say('{"seen": "a', stop="length")] * 2
    verdict = vlm(**endpoint).inspect(Task(image=photo))
    assert "cut off" in verdict.failure


def test_boxes_outside_the_picture_are_cut_off_or_dropped_and_it_is_said(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    server.answer = lambda asked: defect([900, 900, 1400, 1400], [1200, 1200, 1300, 1300])
    cut, dropped = sorted(
        vlm().inspect(Task(image=photo)).findings, key=lambda one: one.raw_box or ()
    )
    assert cut.box == Box(360, 270, 400, 300)
    assert "cut off" in cut.sentence
    assert dropped.box is None
    assert "dropped" in dropped.sentence
    assert dropped.raw_box == (1200, 1200, 1300, 1300)


def test_another_models_name_is_the_one_in_the_verdict(
    server: LoopbackServer, vlm: Ask, endpoint: dict[str, str], photo: Path
) -> None:
    server.script = [Say(NORMAL, model="cheaper-model-2")]
    assert vlm(**endpoint).inspect(Task(image=photo)).model == "cheaper-model-2"


def test_tokens_that_nobody_counted_are_not_made_up(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    server.script = [Say(NORMAL, without_usage=True)]
    usage = vlm().inspect(Task(image=photo)).usage
    assert (usage.input_tokens, usage.output_tokens, usage.dollars) == (None, None, None)


def test_without_doubt_uncertain_is_no_answer(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    unsure = {**NORMAL, "verdict": "uncertain"}
    server.script = [Say(unsure), Say(unsure)]
    verdict = vlm().inspect(Task(image=photo, doubt=False))
    assert verdict.failure.startswith("parse failure")
    schema = server.asked[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdict"]["enum"] == ["defect", "normal"]


def test_a_probe_asks_yes_or_no(server: LoopbackServer, vlm: Ask, photo: Path) -> None:
    server.script = [
        Say({"seen": "four holes", "present": "no", "chance": 0.05}),
        Say("no idea"),
        Say("none"),
    ]
    inspector = vlm()
    probe = inspector.probe(photo, "Is a hole missing?", "a plate")
    assert (probe.answer, probe.chance, probe.sentence) == ("no", 0.05, "four holes")
    assert "Is a hole missing?" in server.asked[0].texts[-1]
    assert probe.prompt.startswith("probe@")
    with pytest.raises(UsageError, match="needs a question"):
        inspector.probe(photo, " ")
    failed = inspector.probe(photo, "Is there a crack?")
    assert (failed.answer, failed.chance) == ("unclear", None)
    assert failed.failure.startswith("parse failure")
