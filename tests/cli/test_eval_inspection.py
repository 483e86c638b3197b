"""`sightline eval LABELS` as a shell sees it."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Cli
from tests.evaluation.inspection.making import gold_of, photo, write_photos
from tests.inspection.loopback_server import LoopbackServer

FAR = "https://far.example/v1"

pytestmark = pytest.mark.usefixtures("nobody_told_and_nothing_named")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """One spotted tile and two clean ones."""
    pieces = gold_of(photo("d", "defect"), photo("n0"), photo("n1"))
    path = tmp_path / "labels.json"
    path.write_bytes(msgspec.json.encode(write_photos(pieces, tmp_path)))
    return path


def measuring(labels: Path, *more: str | Path) -> tuple[str | Path, ...]:
    out = labels.parent / "run"
    return "eval", labels, "--images", labels.parent, "--out", out, *more


def test_a_model_is_measured_and_its_answers_are_replayed_by_others(
    cli: Cli, labels: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    asked = measuring(labels, "--inspector", "vlm", "--vlm", "some-vlm", "--format", "json")
    first = cli(*asked, "--endpoint", server.openai, "--answers", tmp_path / "answers")
    assert first.status == 0
    (arm,) = [one for one in json.loads(first.output)["arms"] if one["arm"]["name"] == "vlm"]
    assert len(arm["photos"]) == 3
    sent = len(server.asked)
    assert sent > 3  # probes, too
    elsewhere = (*asked[:-4], "--format", "json", "--vlm", "some-vlm", "--out", tmp_path / "second")
    replayed = cli(*elsewhere, "--replay", "--answers", tmp_path / "answers")
    assert replayed.status == 0
    (again,) = [one for one in json.loads(replayed.output)["arms"] if one["arm"]["name"] == "vlm"]
    assert again["slices"] == arm["slices"]
    assert len(server.asked) == sent


@pytest.mark.parametrize(
    ("named", "lacking"),
    [
        ([], ["SIGHTLINE_VLM_MODEL", "SIGHTLINE_VLM_ENDPOINT", "--vlm", "--endpoint"]),
        (["--vlm", "m"], ["SIGHTLINE_VLM_ENDPOINT", "--endpoint"]),
        (["--endpoint", "http://localhost:1/v1"], ["SIGHTLINE_VLM_MODEL", "--vlm"]),
    ],
)
def test_to_measure_a_model_without_an_endpoint_is_wrong_usage_that_says_what_to_set(
    cli: Cli, labels: Path, named: list[str], lacking: list[str]
) -> None:
    done = cli(*measuring(labels, "--inspector", "vlm", *named))
    assert (done.status, done.output) == (2, b"")
    assert all(name in done.errors for name in lacking)
    assert not (labels.parent / "run" / "results.json").exists()


def test_an_experiment_leaves_out_the_arms_that_nobody_can_run_and_says_so(
    cli: Cli, labels: Path, tmp_path: Path
) -> None:
    experiment = tmp_path / "both.toml"
    experiment.write_text(
        'title = "Both"\nquestion = "?"\n[[arms]]\nname = "asked"\ninspector = "vlm"\n'
    )
    done = cli(*measuring(labels, "--experiment", experiment))
    assert done.status == 0
    assert "asked: not run (" in done.output.decode()
    assert "SIGHTLINE_VLM_ENDPOINT" in done.output.decode()


def test_measuring_needs_the_same_yes_to_photos_leaving_the_machine(cli: Cli, labels: Path) -> None:
    asked = measuring(labels, "--inspector", "vlm", "--vlm", "m", "--endpoint", FAR)
    refused = cli(*asked)
    assert refused.status == 2
    assert "leave this machine" in refused.errors
    assert "--send-photos" in refused.errors


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (["--ranker", "random"], "--ranker"),
        (["--captions", "c.jsonl"], "--captions"),
        (["--library", "somewhere"], "--library"),
        (["--cold", "0"], "--cold"),
        (["--pairs", "p.json"], "--pairs"),
        (["--vlm", "m"], "--vlm"),
    ],
)
def test_an_option_that_would_reach_nothing_is_refused(
    cli: Cli, labels: Path, given: list[str], option: str
) -> None:
    done = cli(*measuring(labels, *given))
    assert done.status == 2
    assert option in done.errors


def test_labels_without_a_format_are_known_by_their_images(cli: Cli, labels: Path) -> None:
    content = json.loads(labels.read_bytes())
    del content["format"]
    labels.write_text(json.dumps(content))
    done = cli("eval", labels)
    assert done.status == 2
    assert "--images DIR" in done.errors  # what labels need, and not a missing gallery
