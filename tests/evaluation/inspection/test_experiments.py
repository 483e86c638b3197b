"""Experiments: files that name arms, run with no key, honest about what was not run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.evaluation.inspection.contestants import Opening, vlm_or_lacking
from sightline.evaluation.inspection.experiments import read_experiment, run_experiment
from sightline.evaluation.inspection.run import RunOptions
from sightline.inspection.verdict import Task
from sightline.inspection.vlm.remote import Acknowledged
from tests.evaluation.inspection.making import gold_of, photo, write_photos
from tests.inspection.loopback_server import loopback_server
from tests.making import make_model, make_photo

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


NEAR = "http://localhost:1/v1"
FAR = "https://far.example/v1"


@pytest.fixture(autouse=True)
def _no_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(tmp_path / "config"))
    for name in ("SIGHTLINE_VLM_MODEL", "SIGHTLINE_VLM_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


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
            Opening(opened, vlm_or_lacking(), encoder=model),
            RunOptions(baselines=False, resamples=10),
        )
    assert [arm.arm.name for arm in results.arms] == ["words"]
    assert [one.arm for one in results.not_run] == ["vlm", "vlm, normal described"]
    assert "no endpoint: set SIGHTLINE_VLM_ENDPOINT" in (tmp_path / "out/report.md").read_text()


def test_a_model_is_asked_where_options_or_the_environment_name_it_with_its_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "SIGHTLINE_VLM_MODEL" in str(vlm_or_lacking(endpoint=NEAR))
    assert "SIGHTLINE_VLM_ENDPOINT" in str(vlm_or_lacking(model="m"))
    monkeypatch.setenv("SIGHTLINE_VLM_MODEL", "m")
    monkeypatch.setenv("SIGHTLINE_VLM_ENDPOINT", NEAR)
    named = vlm_or_lacking()
    assert not isinstance(named, str)
    assert (named.model, named.endpoint) == ("m", NEAR)
    first = vlm_or_lacking(model="other", endpoint=FAR)
    assert not isinstance(first, str)
    assert (first.model, first.endpoint) == ("other", FAR)


def test_kept_answers_are_replayed_without_an_endpoint_and_without_a_yes(tmp_path: Path) -> None:
    replayed = vlm_or_lacking(model="m", answers=tmp_path, replay=True)
    far = vlm_or_lacking(model="m", endpoint=FAR, answers=tmp_path, replay=True)
    with ExitStack() as opened:
        for settings in (replayed, far):
            assert not isinstance(Opening(opened, settings).contestant("vlm"), str)


def test_photos_leave_the_machine_only_where_somebody_agreed() -> None:
    with ExitStack() as opened:
        asking = Opening(opened, vlm_or_lacking(model="some-vlm", endpoint=FAR))
        with pytest.raises(UsageError, match=r"leave this machine.*far\.example.*--send-photos"):
            asking.contestant("vlm")
        Acknowledged().remember(FAR, "some-vlm")
        assert not isinstance(asking.contestant("vlm"), str)
        near = Opening(opened, vlm_or_lacking(model="some-vlm", endpoint=NEAR))
        assert not isinstance(near.contestant("vlm"), str)


def test_several_samples_are_asked_for_at_a_temperature_at_which_they_can_differ(
    tmp_path: Path,
) -> None:
    part = make_photo(tmp_path / "part.png", "red")
    with loopback_server() as server, ExitStack() as opened:
        asking = Opening(opened, vlm_or_lacking(model="m", endpoint=server.openai))
        contestant = asking.contestant("vlm")
        assert not isinstance(contestant, str)
        for samples in (1, 3):
            contestant.opened(samples).inspect(Task(image=part))
        temperatures = [request.body["temperature"] for request in server.asked]
    assert temperatures == [0.0, 1.0, 1.0, 1.0]


def test_what_changes_an_answer_is_never_taken_for_the_same_in_the_cache() -> None:
    with ExitStack() as opened:
        identities = set()
        for changed in ({}, {"family": "gpt"}, {"max_tokens": 9}, {"max_pixels": 999}):
            asking = Opening(opened, vlm_or_lacking(model="m", endpoint=NEAR, **changed))
            for name in ("vlm", "vlm:normal"):
                contestant = asking.contestant(name)
                assert not isinstance(contestant, str)
                identities.add(contestant.identity)
    assert len(identities) == 8


def test_an_unknown_inspector_is_refused() -> None:
    with ExitStack() as opened, pytest.raises(UsageError, match="no inspector 'magic'"):
        Opening(opened, vlm_or_lacking()).contestant("magic")


@pytest.mark.parametrize(
    "content", ["title = 3", "not toml", EXPERIMENT + "draws = 0\n", EXPERIMENT + "magic = 1\n"]
)
def test_an_experiment_that_can_mean_nothing_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"x\.toml|draws"):
        read_experiment(path)
