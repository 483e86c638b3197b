"""Experiments: files that name arms, run with no key, honest about what was not run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.evaluation.inspection.contestants import Opening
from sightline.evaluation.inspection.experiments import main, read_experiment, run_experiment
from sightline.evaluation.inspection.run import RunOptions
from sightline.inspection.vlm.remote import Acknowledged
from tests.evaluation.inspection.making import gold_of, photo, write_photos
from tests.making import make_model

SHIPPED = sorted((Path(__file__).parents[3] / "experiments" / "inspection").glob("*.toml"))
EXPERIMENT = """
title = "Words"
question = "Are words enough?"
[[arms]]
name = "words"
inspector = "words"
references = 0
[[arms]]
name = "vlm"
inspector = "vlm"
[[arms]]
name = "vlm, normal described"
inspector = "vlm:normal"
"""


def opening(opened: ExitStack, tmp_path: Path, **environment: str) -> Opening:
    return Opening(opened, tmp_path / "answers", environment=environment)


def test_every_question_of_the_project_has_its_experiment() -> None:
    experiments = [read_experiment(path) for path in SHIPPED]
    assert len(experiments) == 6
    arms = [arm for one in experiments for arm in one.arms]
    assert {arm.zoom for arm in arms} == {"none", "tiles", "adaptive"}
    assert {arm.crop for arm in arms} == {"none", "oracle", "random-matched"}
    assert {arm.doubt for arm in arms} == {True, False}
    assert max(arm.samples for arm in arms) > 1
    assert any(arm.draws == 5 and arm.references == 12 for arm in arms)


def test_without_an_endpoint_the_offline_arms_run_and_the_others_say_why_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "words.toml"
    path.write_text(EXPERIMENT)
    model = str(make_model(tmp_path / "model"))
    pieces = gold_of(photo("d", "defect", product="red"), photo("n", product="red"))
    with ExitStack() as opened:
        results = run_experiment(
            read_experiment(path),
            write_photos(pieces, tmp_path),
            tmp_path,
            tmp_path / "out",
            Opening(opened, tmp_path / "answers", encoder=model, environment={}),
            RunOptions(baselines=False, resamples=10),
        )
    assert [arm.arm.name for arm in results.arms] == ["words"]
    assert [one.arm for one in results.not_run] == ["vlm", "vlm, normal described"]
    assert "no endpoint: set SIGHTLINE_VLM_ENDPOINT" in (tmp_path / "out/report.md").read_text()


def test_a_recorded_run_is_replayed_only_where_there_is_no_endpoint(tmp_path: Path) -> None:
    with ExitStack() as opened:
        (tmp_path / "recorded").mkdir()
        replaying = Opening(
            opened,
            tmp_path / "answers",
            recorded=tmp_path / "recorded",
            environment={"SIGHTLINE_VLM_MODEL": "m"},
        )
        assert not isinstance(replaying.contestant("vlm"), str)
        lone = opening(opened, tmp_path, SIGHTLINE_VLM_ENDPOINT="http://localhost:1/v1")
        assert lone.contestant("vlm") == "no model: set SIGHTLINE_VLM_MODEL"


def test_photos_leave_the_machine_only_where_somebody_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(tmp_path / "config"))
    far = "https://far.example/v1"
    with ExitStack() as opened:
        asking = opening(
            opened, tmp_path, SIGHTLINE_VLM_ENDPOINT=far, SIGHTLINE_VLM_MODEL="some-vlm"
        )
        with pytest.raises(UsageError, match=r"leave this machine.*far\.example.*--send-photos"):
            asking.contestant("vlm")
        Acknowledged().remember(far, "some-vlm")
        assert not isinstance(asking.contestant("vlm"), str)
        near = opening(
            opened,
            tmp_path,
            SIGHTLINE_VLM_ENDPOINT="http://localhost:1/v1",
            SIGHTLINE_VLM_MODEL="some-vlm",
        )
        assert not isinstance(near.contestant("vlm"), str)


def test_an_unknown_inspector_is_refused(tmp_path: Path) -> None:
    with ExitStack() as opened, pytest.raises(UsageError, match="no inspector 'magic'"):
        opening(opened, tmp_path).contestant("magic")


@pytest.mark.parametrize(
    "content", ["title = 3", "not toml", EXPERIMENT + "draws = 0\n", EXPERIMENT + "magic = 1\n"]
)
def test_an_experiment_that_can_mean_nothing_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"x\.toml|draws"):
        read_experiment(path)


def test_a_wrong_call_ends_with_a_sentence_and_a_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = str(tmp_path / "gone.toml")
    assert main([gone, "--images", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "gone.toml" in capsys.readouterr().err
