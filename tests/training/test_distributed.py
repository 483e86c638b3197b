"""Processes that share a batch learn what one process with all of it learns."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sightline.errors import UsageError
from sightline.training.distributed import Group, joined
from sightline.training.loop import backward
from tests.training.small import MODEL, small_batch, small_model, small_run

ROOT = Path(__file__).resolve().parents[2]


def together(
    *arguments: str, size: int = 2, module: str = "tests.training.distributed_worker"
) -> None:
    """Run a module in `size` processes that find each other on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = os.environ | {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size),
        "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for rank in range(size)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="names Linux's loopback device")
@pytest.mark.parametrize(("kind", "chunk"), [("info-nce", ()), ("sigmoid", ("2",))])
def test_two_processes_have_the_gradients_of_one_with_the_joined_batch(
    tmp_path: Path, kind: str, chunk: tuple[str, ...]
) -> None:
    together(str(tmp_path), kind, *chunk)
    bias = {"bias": -10.0} if kind == "sigmoid" else {}
    model = small_model(**bias)
    config = small_run(loss={"kind": kind}, model=MODEL | bias, batch=10)
    loss = backward(model, small_batch(10), config, Group())
    for rank in range(2):
        theirs = torch.load(tmp_path / f"{kind}-{rank}.pt", weights_only=True)
        torch.testing.assert_close(theirs["loss"], loss, atol=1e-5, rtol=1e-5)
        for name, weight in model.named_parameters():
            assert weight.grad is not None
            allowed = 1e-5 * max(1.0, weight.grad.abs().max().item())
            torch.testing.assert_close(
                theirs["gradients"][name], weight.grad, atol=allowed, rtol=0, msg=name
            )


def test_a_process_alone_is_a_group_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as group:
        assert (group.rank, group.size, group.leads) == (0, 1, True)
        rows = torch.ones(2, 3)
        assert group.gather(rows) is rows
        assert group.any(True)
        assert group.everyones("x") == ["x"]


def test_a_half_set_environment_says_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="torchrun"), joined():
        pass
