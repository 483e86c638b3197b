"""`sightline train`: from a config file to a trained checkpoint, through kills and mistakes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sightline.training.checkpoint import read_trained
from sightline.training.run_log import StepLine, read_log
from tests.cli.conftest import Cli
from tests.shell import start
from tests.training.small import MODEL, as_toml, small_run, write_small_photos
from tests.training.test_distributed import together

DROPOUT = MODEL | {"image_dropout": (0.3, 0.2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and a config that learns from them for 60 steps."""
    folder = tmp_path_factory.mktemp("run")
    write_small_photos(folder, train=24)
    (folder / "run.toml").write_text(as_toml(small_run(epochs=20, model=DROPOUT)))
    (folder / "short.toml").write_text(as_toml(small_run(epochs=1)))
    return folder


def losses(out: Path) -> list[float]:
    return [line.loss for line in read_log(out / "log.jsonl") if isinstance(line, StepLine)]


def wait_for_steps(out: Path, steps: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if len(losses(out)) >= steps:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("the run makes no steps")


def test_a_config_becomes_a_trained_model(folder: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("train", folder / "short.toml", "--out", tmp_path / "out")
    assert done.status == 0
    assert done.output.startswith(b"3 of 3 steps")
    assert "R@1/5/10" in done.output.decode()
    assert "step 3: dev: text→image" in done.errors
    assert read_trained(tmp_path / "out" / "best.pt").name == "small"
    assert (tmp_path / "out" / "curve.png").is_file()


def test_the_run_goes_into_a_folder_of_its_name(
    folder: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("train", folder / "short.toml").status == 0
    assert (tmp_path / "runs" / "small" / "last.pt").is_file()


def test_a_killed_run_gives_the_curve_of_one_that_was_not(
    folder: Path, tmp_path: Path, cli: Cli
) -> None:
    config, killed = folder / "run.toml", tmp_path / "killed"
    assert cli("train", config, "--out", tmp_path / "whole").status == 0
    process = start("train", config, "--out", killed)
    wait_for_steps(killed, 7, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 7 <= len(losses(killed)) < 60, "it was killed too late: this tests nothing"
    assert cli("train", config, "--out", killed, "--resume").status == 0
    assert losses(killed) == pytest.approx(losses(tmp_path / "whole"), abs=1e-6)
    best, same = (read_trained(tmp_path / name / "best.pt") for name in ("whole", "killed"))
    assert (best.step, best.figures) == (same.step, same.figures)


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(folder: Path, tmp_path: Path) -> None:
    process = start("train", folder / "run.toml", "--out", tmp_path)
    wait_for_steps(tmp_path, 4, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"Stopping after this step" in errors
    made = len(losses(tmp_path))
    assert read_trained(tmp_path / "last.pt").step == made < 60
    assert output.startswith(f"{made} of 60 steps".encode())


@pytest.mark.skipif(sys.platform != "linux", reason="names Linux's loopback device")
def test_two_processes_train_what_one_does(folder: Path, tmp_path: Path, cli: Cli) -> None:
    alone = tmp_path / "alone"
    cli("train", folder / "short.toml", "--out", alone)
    shared = ("train", str(folder / "short.toml"), "--out", str(tmp_path / "shared"))
    together(*shared, module="sightline")
    assert losses(tmp_path / "shared") == pytest.approx(losses(alone), abs=1e-4)


def test_a_mistake_is_one_sentence_and_nothing_is_written(
    folder: Path, tmp_path: Path, cli: Cli
) -> None:
    bad = folder / "bad.toml"
    bad.write_text((folder / "short.toml").read_text().replace("epochs", "epoch"))
    overlap = folder / "overlap.toml"
    overlap.write_text((folder / "short.toml").read_text().replace("dev.jsonl", "train.jsonl"))
    nothing = folder / "nothing.toml"
    nothing.write_text((folder / "short.toml").read_text().replace("train.jsonl", "none.jsonl"))
    for config, message in (
        (bad, "unknown field `epoch`"),
        (overlap, "24 training photos are dev photos, too"),
        (nothing, "none.jsonl"),
        (folder / "absent.toml", "absent.toml"),
    ):
        done = cli("train", config, "--out", tmp_path / "out")
        assert done.status == 2
        assert message in done.errors
    assert not (tmp_path / "out" / "last.pt").exists()


def test_fresh_begins_anew_where_another_config_may_not_go_on(
    folder: Path, tmp_path: Path, cli: Cli
) -> None:
    assert cli("train", folder / "short.toml", "--out", tmp_path).status == 0
    other = folder / "other.toml"
    other.write_text((folder / "short.toml").read_text().replace("seed = 1", "seed = 2"))
    refused = cli("train", other, "--out", tmp_path)
    assert refused.status == 2
    assert "seed: 2, was 1" in refused.errors
    before = losses(tmp_path)
    assert cli("train", other, "--out", tmp_path, "--fresh").status == 0
    assert len(losses(tmp_path)) == 3
    assert losses(tmp_path) != before


def test_without_torch_it_says_what_to_install(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.cli.train.find_spec", lambda name: None)
    done = cli("train", folder / "short.toml")
    assert done.status == 2
    assert "pip install 'sightline[train]'" in done.errors


def test_at_a_terminal_the_steps_are_drawn(folder: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sightline", "train", folder / "short.toml", "--out", tmp_path],
        stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    os.close(ours)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"loss" in drawn
    assert b"3/3" in drawn
