"""Asking a vision-language model, as a shell sees it: where its settings come from."""

import json
from pathlib import Path

import pytest

from sightline.inspection.vlm.families import FAMILIES
from tests.cli.conftest import Cli
from tests.inspection.loopback_server import LoopbackServer, defect
from tests.making import make_photo

pytestmark = pytest.mark.usefixtures("nobody_told_and_nothing_named")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return make_photo(tmp_path / "part.png", "red")


def test_model_and_endpoint_can_stand_in_the_environment(
    cli: Cli, part: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_VLM_MODEL", "named-once")
    monkeypatch.setenv("SIGHTLINE_VLM_ENDPOINT", server.openai)
    assert cli("inspect", part, "--inspector", "vlm").status == 0
    assert cli("inspect", part, "--vlm", "named-here").status == 0
    assert [request.body["model"] for request in server.asked] == ["named-once", "named-here"]


def test_a_model_in_the_environment_is_asked_only_by_those_who_ask_for_it(
    cli: Cli, part: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_VLM_MODEL", "named-once")
    monkeypatch.setenv("SIGHTLINE_VLM_ENDPOINT", server.openai)
    assert cli("inspect", part).status == 3  # the reference inspector lacks references
    assert server.asked == []


def test_a_model_that_nobody_named_is_asked_for_with_both_ways_to_name_it(
    cli: Cli, part: Path
) -> None:
    done = cli("inspect", part, "--inspector", "vlm")
    assert done.status == 2
    assert "--vlm MODEL" in done.errors
    assert "SIGHTLINE_VLM_MODEL" in done.errors


def test_the_family_says_how_boxes_are_read(
    cli: Cli, part: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    server.answer = lambda asked: defect([0.25, 0.25, 0.75, 0.75])
    done = cli(
        "inspect", part, "--vlm", "house-model", "--endpoint", server.openai,
        "--vlm-family", "shares", "--format", "jsonl",
    )  # fmt: skip
    (finding,) = json.loads(done.output)["findings"]
    assert finding["box"] == {"left": 9, "top": 6, "right": 27, "bottom": 18}


def test_an_unknown_family_is_met_with_those_that_there_are(cli: Cli, part: Path) -> None:
    done = cli("inspect", part, "--vlm", "m", "--vlm-family", "gpt2")
    assert done.status == 2
    assert "--vlm-family 'gpt2' is no family of models" in done.errors
    assert all(family.name in done.errors for family in FAMILIES)


def test_help_names_every_family_and_every_variable(cli: Cli) -> None:
    for command in ("inspect", "eval"):
        words = " ".join(cli(command, "--help").output.decode().replace("│", " ").split())
        assert all(family.name in words for family in FAMILIES)
        for variable in ("MODEL", "ENDPOINT", "KEY"):
            assert f"SIGHTLINE_VLM_{variable}" in words
        assert "OPENAI_API_KEY" in words
        assert "ANTHROPIC_API_KEY" in words
        assert "--send-photos" in words


def test_the_longest_answer_can_be_chosen(cli: Cli, part: Path, server: LoopbackServer) -> None:
    asked = ("inspect", part, "--vlm", "m", "--endpoint", server.openai)
    assert cli(*asked, "--max-tokens", "99").status == 0
    (request,) = server.asked
    assert 99 in (request.body.get("max_tokens"), request.body.get("max_completion_tokens"))
    none = cli(*asked, "--max-tokens", "0")
    assert none.status == 2
    assert "--max-tokens starts at 1" in none.errors


@pytest.mark.parametrize(
    "option", [["--vlm-family", "gpt"], ["--max-tokens", "9"], ["--temperature", "0"]]
)
def test_an_option_that_would_reach_nothing_is_refused(
    cli: Cli, part: Path, option: list[str]
) -> None:
    done = cli("inspect", part, "--inspector", "words", *option)
    assert done.status == 2
    assert f"{option[0]} is for the inspector vlm" in done.errors
