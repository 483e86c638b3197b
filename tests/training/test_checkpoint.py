"""A checkpoint is whole or not there, and says so when it is something else."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sightline.errors import ModelError
from sightline.training.checkpoint import (
    Best,
    Checkpoint,
    read_checkpoint,
    read_trained,
    write_checkpoint,
)
from sightline.training.retrieval import Recall, SetFigures
from tests.training.small import small_batch, small_config, small_model

FIGURES = SetFigures("dev", 6, 12, Recall(0.5, 1.0, 1.0), Recall(0.25, 0.5, 1.0))


def checkpoint() -> Checkpoint:
    return Checkpoint(
        name="small",
        meaning='{"seed":1}',
        data="digest",
        model=small_config(),
        tokenizer="{}",
        weights=small_model(1).state_dict(),
        average=small_model(2).state_dict(),
        optimiser={"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1}]},
        step=7,
        unreadable={3: "The file is empty."},
        best=Best(0.7, 5, (FIGURES,)),
    )


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    written, path = checkpoint(), tmp_path / "last.pt"
    write_checkpoint(written, path)
    read = read_checkpoint(path)
    for name in ("name", "meaning", "data", "model", "tokenizer", "step", "unreadable", "best"):
        assert getattr(read, name) == getattr(written, name)
    assert read.optimiser == written.optimiser
    for name, weight in written.weights.items():
        assert torch.equal(read.weights[name], weight)
    assert list(tmp_path.iterdir()) == [path]


def test_the_trained_model_is_the_averaged_one(tmp_path: Path) -> None:
    write_checkpoint(checkpoint(), tmp_path / "best.pt")
    trained = read_trained(tmp_path / "best.pt")
    assert (trained.name, trained.step, trained.figures) == ("small", 7, (FIGURES,))
    assert trained.config == small_config()
    assert not trained.model.training
    batch = small_batch(3)
    with torch.inference_mode():
        torch.testing.assert_close(
            trained.model.image(batch.pixels), small_model(2).image(batch.pixels)
        )
    write_checkpoint(replace(checkpoint(), average=None), tmp_path / "plain.pt")
    plain = read_trained(tmp_path / "plain.pt").model
    with torch.inference_mode():
        torch.testing.assert_close(plain.image(batch.pixels), small_model(1).image(batch.pixels))


@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.99])
def test_a_checkpoint_cut_short_is_damaged(tmp_path: Path, left: float) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(checkpoint(), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    with pytest.raises(ModelError, match=r"last\.pt is damaged or no checkpoint"):
        read_checkpoint(path)


def test_a_single_flipped_bit_in_the_weights_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    written = checkpoint()
    write_checkpoint(written, path)
    data = bytearray(path.read_bytes())
    weight = written.weights["text.projection.straight.weight"].numpy().tobytes()
    data[data.index(weight) + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="other bytes"):
        read_checkpoint(path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no checkpoint"):
        read_checkpoint(tmp_path / "none.pt")


def test_somebody_elses_file_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    for content in ({"state_dict": {}}, [1, 2], torch.zeros(3)):
        torch.save(content, path)
        with pytest.raises(ModelError, match="no checkpoint"):
            read_checkpoint(path)
    path.write_bytes(b"GIF89a")
    with pytest.raises(ModelError, match="no checkpoint"):
        read_checkpoint(path)


class Evil:
    """What would run code if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('ran', 'w')",)


def test_a_checkpoint_can_not_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"kind": "sightline checkpoint", "weights": Evil()}, "evil.pt")
    (tmp_path / "evil.pickle").write_bytes(pickle.dumps(Evil()))
    for name in ("evil.pt", "evil.pickle"):
        with pytest.raises(ModelError, match="damaged or no checkpoint"):
            read_checkpoint(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_later_format_and_missing_parts_are_told(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(checkpoint(), path)
    values = torch.load(path, weights_only=True)
    torch.save(values | {"format": 2}, path)
    with pytest.raises(ModelError, match="format 2"):
        read_checkpoint(path)
    del values["tokenizer"]
    torch.save(values, path)
    with pytest.raises(ModelError, match="incomplete"):
        read_checkpoint(path)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    write_checkpoint(replace(checkpoint(), model=small_config(dimensions=24)), path)
    with pytest.raises(ModelError, match="not its model's"):
        read_trained(path)


def test_a_write_that_fails_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(checkpoint(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelError, match="No space left"):
        write_checkpoint(replace(checkpoint(), step=8), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
