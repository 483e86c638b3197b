"""A run from its first step to its best checkpoint, and everything that can come between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from sightline.errors import ModelError, UsageError
from sightline.training.checkpoint import read_checkpoint, read_trained
from sightline.training.loop import Outcome, Progress, train
from sightline.training.run_config import RunConfig
from sightline.training.run_log import DevLine, StepLine, read_log
from tests.making import make_photo
from tests.training.small import MODEL, small_run, write_small_photos

DROPOUT = MODEL | {"image_dropout": [0.3, 0.2], "text_dropout": [0.1, 0.2]}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_small_photos(folder, train=26)
    return folder


def losses(out: Path) -> list[float]:
    return [line.loss for line in read_log(out / "log.jsonl") if isinstance(line, StepLine)]


def stop_after(step: int) -> tuple[Callable[[], bool], Callable[[Progress], None]]:
    """Ask to stop as soon as `step` steps were made."""
    made = [0]

    def watch(progress: Progress) -> None:
        made[0] = progress.step

    return lambda: made[0] >= step, watch


def run(config: RunConfig, photos: Path, out: Path, **options: Any) -> Outcome:
    return train(config, photos, out, **options)


def test_a_run_leaves_checkpoints_a_log_and_a_curve(photos: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    outcome = run(small_run(), photos, tmp_path / "run", watch=seen.append)
    assert outcome.finished
    assert (outcome.step, outcome.steps, outcome.photos) == (6, 6, 26)  # 3 batches, 2 epochs
    lines = read_log(tmp_path / "run" / "log.jsonl")
    assert [progress.line for progress in seen] == lines
    assert [line.step for line in lines if isinstance(line, StepLine)] == [1, 2, 3, 4, 5, 6]
    assert [line.step for line in lines if isinstance(line, DevLine)] == [0, 3, 6]
    step = next(line for line in lines if isinstance(line, StepLine))
    assert 10 < step.scale < 20
    assert step.bias is None
    with Image.open(tmp_path / "run" / "curve.png") as curve:
        assert curve.format == "PNG"
        assert len(curve.convert("RGB").getcolors(100_000) or []) > 5
    assert read_checkpoint(tmp_path / "run" / "last.pt").step == 6


def test_the_best_checkpoint_is_best_in_retrieval(photos: Path, tmp_path: Path) -> None:
    config = small_run(epochs=4, evaluate_every=2)
    outcome = run(config, photos, tmp_path)
    evaluations = [line for line in read_log(tmp_path / "log.jsonl") if isinstance(line, DevLine)]
    best = max(evaluations, key=lambda line: line.score)  # the first of equals
    assert outcome.best is not None
    assert (outcome.best.step, outcome.best.score) == (best.step, best.score)
    kept = read_trained(tmp_path / "best.pt")
    assert (kept.step, kept.figures) == (best.step, best.sets)


def test_the_sigmoid_loss_learns_a_bias(photos: Path, tmp_path: Path) -> None:
    config = small_run(loss={"kind": "sigmoid"}, model=MODEL | {"bias": -10.0}, epochs=1)
    run(config, photos, tmp_path)
    biases = [line.bias for line in read_log(tmp_path / "log.jsonl") if isinstance(line, StepLine)]
    assert len({*biases, -10.0}) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"model": DROPOUT, "augment": {"crop": 0.6, "jitter": 0.2, "mirror": 0.5}},
        {"chunk": 3, "average": 0.0, "model": DROPOUT},
        {"precision": "bf16", "schedule": {"kind": "one-cycle"}, "wording": {"shorten": 0.5}},
    ],
)
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(
    photos: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = small_run(epochs=3, **changes)
    run(config, photos, tmp_path / "whole")
    stop, watch = stop_after(4)
    stopped = run(config, photos, tmp_path / "parts", stop=stop, watch=watch)
    assert (stopped.step, stopped.finished) == (4, False)
    gone_on = run(config, photos, tmp_path / "parts")
    assert gone_on.finished
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    whole, parts = (read_checkpoint(tmp_path / name / "last.pt") for name in ("whole", "parts"))
    assert whole.best == parts.best
    for name, weight in whole.weights.items():
        assert torch.equal(parts.weights[name], weight), name
    for name, weight in (whole.average or {}).items():
        assert parts.average is not None
        assert torch.equal(parts.average[name], weight), name


def test_steps_made_again_stand_once_in_the_log(photos: Path, tmp_path: Path) -> None:
    config = small_run(epochs=3, save_every=2)
    stop, watch = stop_after(2)
    run(config, photos, tmp_path, stop=stop, watch=watch)
    with (tmp_path / "log.jsonl").open("ab") as log:  # what a kill leaves behind
        log.write(b'{"kind":"step","step":3,"epoch":0,"loss":9.0,"scale":1.0,"bias":null,')
        log.write(b'"rate":0.1,"gradient":1.0,"seconds":0.1}\n{"kind":"st')
    run(config, photos, tmp_path)
    steps = [line.step for line in read_log(tmp_path / "log.jsonl") if isinstance(line, StepLine)]
    assert steps == list(range(1, 10))
    assert 9.0 not in losses(tmp_path)


def test_chunks_teach_what_the_whole_batch_teaches(photos: Path, tmp_path: Path) -> None:
    run(small_run(), photos, tmp_path / "plain")
    run(small_run(chunk=3), photos, tmp_path / "chunks")
    assert losses(tmp_path / "chunks") == pytest.approx(losses(tmp_path / "plain"), abs=1e-4)


def test_a_finished_run_has_nothing_left_to_do(photos: Path, tmp_path: Path) -> None:
    config = small_run()
    first = run(config, photos, tmp_path)
    again = run(config, photos, tmp_path)
    assert (again.step, again.finished, again.best) == (6, True, first.best)


def test_another_config_is_another_run(photos: Path, tmp_path: Path) -> None:
    run(small_run(), photos, tmp_path)
    with pytest.raises(UsageError, match=r"optimiser\.rate: 0\.02, was 0\.01.*--fresh"):
        run(small_run(optimiser={"rate": 0.02}), photos, tmp_path)
    moved = small_run(machine={"workers": 2, "threads": 1, "device": "cpu"})
    run(moved, photos, tmp_path)
    outcome = run(small_run(epochs=1), photos, tmp_path, resume=False)
    assert (outcome.step, len(losses(tmp_path))) == (3, 3)


def test_other_photos_are_another_run(tmp_path: Path) -> None:
    write_small_photos(tmp_path)
    run(small_run(), tmp_path, tmp_path / "run")
    make_photo(tmp_path / "train-0.png", "red", 1)
    with pytest.raises(UsageError, match="photos or captions"):
        run(small_run(), tmp_path, tmp_path / "run")


def test_to_resume_there_must_be_something(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no checkpoint"):
        run(small_run(), photos, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 64}, "don't fill one batch of 64"),
        ({"train": [{"kind": "captions", "path": "dev.jsonl"}]}, "dev photos, too"),
        ({"dev": [{"kind": "shards", "path": "none.tar"}]}, "No shard matches"),
    ],
)
def test_what_can_not_work_ends_before_the_first_step(
    photos: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(small_run(**changes), photos, tmp_path)
    assert not (tmp_path / "last.pt").exists()
    assert not losses(tmp_path)


def test_a_broken_dev_photo_ends_before_the_first_step(tmp_path: Path) -> None:
    write_small_photos(tmp_path)
    (tmp_path / "dev-1.png").write_bytes(b"no photo")
    with pytest.raises(UsageError, match=r"dev photo .*dev-1\.png can't be read"):
        run(small_run(), tmp_path, tmp_path / "run")
    assert not losses(tmp_path / "run")


def test_broken_training_photos_are_named_in_the_end(tmp_path: Path) -> None:
    write_small_photos(tmp_path, train=20)
    (tmp_path / "train-4.png").write_bytes(b"no photo")
    outcome = run(small_run(), tmp_path, tmp_path / "run")
    ((name, reason),) = outcome.unreadable
    assert name.endswith("train-4.png")
    assert "Not an image" in reason
    assert read_checkpoint(tmp_path / "run" / "last.pt").unreadable == {4: reason}


def test_two_runs_never_write_to_one_folder(photos: Path, tmp_path: Path) -> None:
    def second(progress: Progress) -> None:
        with pytest.raises(UsageError, match="Another run"):
            run(small_run(), photos, tmp_path)

    run(small_run(epochs=1), photos, tmp_path, watch=second)


def test_a_loss_that_is_no_number_stops_the_run(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.training.loop.backward", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(ModelError, match=r"lower optimiser\.rate"):
        run(small_run(), photos, tmp_path)
    assert read_checkpoint(tmp_path / "last.pt").step == 0
