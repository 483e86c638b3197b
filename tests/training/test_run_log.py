from pathlib import Path

import pytest
from PIL import Image

from sightline.errors import ModelError
from sightline.training.curve import write_curve
from sightline.training.retrieval import Recall, SetFigures
from sightline.training.run_log import DevLine, Line, RunLog, StepLine, read_log


def step_line(step: int, loss: float = 1.0) -> StepLine:
    return StepLine(
        step=step, epoch=0, loss=loss, scale=14.0, bias=None, rate=0.1, gradient=1.0, seconds=0.1
    )


def dev_line(step: int, at_1: float = 0.5) -> DevLine:
    recall = Recall(at_1, 0.8, 1.0)
    return DevLine(
        step=step, score=at_1, best=True, sets=(SetFigures("dev", 5, 9, recall, recall),)
    )


def test_a_log_reads_back_as_it_was_written(tmp_path: Path) -> None:
    lines: list[Line] = [dev_line(0), step_line(1), step_line(2), dev_line(2)]
    log = RunLog(tmp_path / "log.jsonl", until=0)
    for line in lines:
        log.write(line)
    assert read_log(tmp_path / "log.jsonl") == lines
    RunLog(tmp_path / "log.jsonl", until=1)
    assert read_log(tmp_path / "log.jsonl") == lines[:2]
    RunLog(tmp_path / "log.jsonl", until=0)
    assert read_log(tmp_path / "log.jsonl") == []


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    RunLog(path, until=0).write(step_line(1))
    path.write_bytes(path.read_bytes() + b'{"kind":"step","st')
    assert read_log(path) == [step_line(1)]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Can't write the log"):
        RunLog(tmp_path / "gone" / "log.jsonl", until=0)


def test_the_curve_shows_loss_above_and_recall_below(tmp_path: Path) -> None:
    falling: list[Line] = [step_line(step, 5 - step / 25) for step in range(1, 101)]
    rising: list[Line] = [dev_line(step, step / 100) for step in range(0, 101, 20)]
    for name, lines in (("full", falling + rising), ("loss", falling), ("empty", [])):
        write_curve(lines, tmp_path / f"{name}.png")
    with Image.open(tmp_path / "full.png") as full, Image.open(tmp_path / "loss.png") as loss:
        half = full.height // 2
        above, below = (0, 0, full.width, half), (0, half, full.width, full.height)
        assert full.crop(above).tobytes() == loss.crop(above).tobytes()
        assert full.crop(below).tobytes() != loss.crop(below).tobytes()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".png"] * 3
