"""What passes is waited for, what doesn't is reported at once; keys are shown to nobody."""

import logging
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path

import pytest

from sightline.errors import InspectionError
from sightline.inspection.verdict import Task
from sightline.inspection.vlm.client import LONGEST_WAIT
from tests.inspection.loopback_server import NORMAL, Fault, LoopbackServer, Say
from tests.inspection.vlm.conftest import Ask, Clock, make_noise

KEY = "sk-very-secret-0123456789"


def test_a_busy_server_is_given_the_time_it_asks_for(
    server: LoopbackServer, vlm: Ask, photo: Path, clock: Clock
) -> None:
    when = formatdate(clock.today() + 17, usegmt=True)
    server.script = [
        Fault("status", 429, {"Retry-After": "7"}),
        Fault("status", 503, {"Retry-After": when}),
        Fault("status", 429),
    ]
    verdict = vlm().inspect(Task(image=photo))
    assert verdict.decision == "normal"
    assert clock.slept == [7, 10, 4]
    assert verdict.seconds == 21


def test_failures_of_the_server_are_tried_again_with_longer_and_longer_pauses(
    server: LoopbackServer, vlm: Ask, photo: Path, clock: Clock
) -> None:
    server.script = [Fault("status", 500), Fault("status", 529), Fault("wrapped error", 502)]
    assert vlm().inspect(Task(image=photo)).decision == "normal"
    assert clock.slept == [1, 2, 4]


def test_patience_ends(server: LoopbackServer, vlm: Ask, photo: Path, clock: Clock) -> None:
    server.script = [Fault("status", 500, said="out of memory")] * 4
    with pytest.raises(InspectionError, match=r"turned the question down 4 times.*out of memory"):
        vlm().inspect(Task(image=photo))
    server.script = [Fault("status", 429, {"Retry-After": str(LONGEST_WAIT + 1)})]
    with pytest.raises(InspectionError, match="asks to wait 121 s"):
        vlm().inspect(Task(image=photo))
    assert clock.slept == [1, 2, 4]


def test_a_slow_server_is_asked_again_and_then_given_up(
    server: LoopbackServer, vlm: Ask, photo: Path, clock: Clock
) -> None:
    server.script = [Fault("silent")]
    assert vlm(timeout=0.2).inspect(Task(image=photo)).decision == "normal"
    server.script = [Fault("silent"), Fault("silent")]
    with pytest.raises(InspectionError, match=r"no answer within 0.2 s, 2 times"):
        vlm(timeout=0.2, attempts=2).inspect(Task(image=photo))


def test_a_server_that_drips_is_as_slow_as_one_that_is_silent(
    server: LoopbackServer, photo: Path
) -> None:
    from sightline.inspection.vlm.inspector import VlmInspector
    from sightline.inspection.vlm.settings import VlmSettings

    server.script = [Fault("drip")]
    settings = VlmSettings(model="m", endpoint=server.openai, timeout=0.3, attempts=1)
    with VlmInspector(settings) as inspector, pytest.raises(InspectionError, match="no answer"):
        inspector.inspect(Task(image=photo))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("cut off"), "broke off"),
        (Fault("no json"), "not as openai servers do"),
        (Fault("redirect"), "only go where you said"),
        (Fault("status", 400, said="bad picture"), "400: .*bad picture"),
        (Fault("status", 404, said="model not found"), "knows no model some-vlm"),
        (Fault("status", 413), "--max-pixels"),
        (Fault("status", 429, said="insufficient_quota"), "asks to be paid"),
        (
            Fault("status", 500, said="image input is not supported - hint: provide the mmproj"),
            "can't look at pictures",
        ),
        (Fault("status", 400, said="This is not a multimodal model"), "can't look at pictures"),
    ],
    ids=lambda value: value.kind + str(value.status) if isinstance(value, Fault) else "",
)
def test_what_does_not_pass_is_reported_at_once(
    server: LoopbackServer, vlm: Ask, photo: Path, clock: Clock, fault: Fault, said: str
) -> None:
    server.script = [fault]
    with pytest.raises(InspectionError, match=said):
        vlm().inspect(Task(image=photo))
    assert clock.slept == []
    assert len(server.asked) == 1


def test_a_model_without_vision_is_named(server: LoopbackServer, vlm: Ask, photo: Path) -> None:
    server.refuses = {"pictures"}
    with pytest.raises(InspectionError, match=r"some-vlm can't look at pictures.*--vlm MODEL"):
        vlm().inspect(Task(image=photo))


def test_a_dead_endpoint_is_named(vlm: Ask, photo: Path) -> None:
    with pytest.raises(InspectionError, match=r"Nothing answers at http://127.0.0.1:9/v1"):
        vlm(endpoint="http://127.0.0.1:9/v1").inspect(Task(image=photo))


def test_an_endless_answer_is_read_no_further_than_a_report_can_be(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    server.script = [Fault("huge"), Fault("huge")]
    verdict = vlm().inspect(Task(image=photo))
    assert verdict.decision == "uncertain"
    assert "cut off at the longest answer" in verdict.failure


def test_what_a_server_does_not_take_is_left_out_from_then_on(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    server.refuses = {"json_schema", "response_format", "temperature", "max_tokens"}
    inspector = vlm()
    assert inspector.inspect(Task(image=photo)).decision == "normal"
    assert len(server.asked) == 5
    assert inspector.inspect(Task(image=photo)).decision == "normal"
    assert len(server.asked) == 6
    body = server.asked[-1].body
    assert set(body) == {"model", "messages", "max_completion_tokens"}


def test_several_threads_can_ask_at_once(server: LoopbackServer, vlm: Ask, tmp_path: Path) -> None:
    photos = [make_noise(tmp_path / f"{n}.jpg", 30 + n, 30) for n in range(12)]
    server.refuses = {"temperature", "max_tokens"}
    inspector = vlm(answers=tmp_path / "kept")
    with ThreadPoolExecutor(6) as threads:
        verdicts = list(threads.map(lambda one: inspector.inspect(Task(image=one)), photos))
    assert all(one.decision == "normal" for one in verdicts)
    assert [one.sent[0].crop.width for one in verdicts] == [30 + n for n in range(12)]
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 12


def test_a_model_that_can_not_be_made_to_use_a_tool_answers_in_words(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    server.refuses = {"tool_choice", "tools", "temperature"}
    claude = vlm(endpoint=server.anthropic, protocol="anthropic")
    assert claude.inspect(Task(image=photo)).decision == "normal"
    assert set(server.asked[-1].body) == {"model", "max_tokens", "system", "messages"}


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_the_key_goes_to_the_server_and_nowhere_else(
    server: LoopbackServer,
    vlm: Ask,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SIGHTLINE_VLM_KEY", KEY)
    server.key = KEY
    endpoint = getattr(server, protocol)
    inspector = vlm(endpoint=endpoint, protocol=protocol, answers=tmp_path / "answers")
    assert inspector.inspect(Task(image=photo)).decision == "normal"
    shown = repr(inspector) + repr(vars(inspector)) + repr(inspector.settings) + caplog.text
    shown += "".join(path.read_text() for path in (tmp_path / "answers").rglob("*.json"))
    assert KEY not in shown

    server.key = "another"
    server.script = [Fault("status", 500, said=f"key {KEY} is broken")] * 4
    with pytest.raises(InspectionError, match="does not accept the key") as wrong:
        vlm(endpoint=endpoint, protocol=protocol).inspect(Task(image=photo))
    server.key = None
    server.script = [Fault("status", 400, said=f"key {KEY} is broken")]
    with pytest.raises(InspectionError, match=r"key \[key\] is broken") as echoed:
        vlm(endpoint=endpoint, protocol=protocol).inspect(Task(image=photo))
    for error in (wrong, echoed):
        assert KEY not in str(error.getrepr(showlocals=False, style="short"))


def test_a_missing_or_impossible_key_says_what_to_set(
    server: LoopbackServer, vlm: Ask, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    with pytest.raises(InspectionError, match="asks for a key"):
        vlm().inspect(Task(image=photo))
    monkeypatch.setenv("SIGHTLINE_VLM_KEY", "sk-pasted\nwith a second line")
    with pytest.raises(InspectionError, match="no key has") as error:
        vlm().inspect(Task(image=photo))
    assert "pasted" not in str(error.value)


def test_a_vendors_key_is_not_given_to_somebody_else(
    server: LoopbackServer, vlm: Ask, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    server.script = [Say(NORMAL)]
    vlm().inspect(Task(image=photo))
    vlm(endpoint=server.anthropic, protocol="anthropic").inspect(Task(image=photo))
    for asked in server.asked:
        assert KEY not in str(asked.headers)


def test_a_proxy_never_sees_what_stays_on_this_machine(
    server: LoopbackServer, vlm: Ask, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert vlm().inspect(Task(image=photo)).decision == "normal"
