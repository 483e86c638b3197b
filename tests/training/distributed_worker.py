"""One of the processes of `test_distributed.py`, as torchrun would start it.

Learns its part of a batch and writes what it has for a gradient.
"""

import sys
from pathlib import Path

import torch

from sightline.training.distributed import joined
from sightline.training.loop import backward
from tests.training.small import MODEL, small_batch, small_model, small_run


def main(folder: Path, kind: str, chunk: int | None) -> None:
    torch.set_num_threads(1)
    bias = {"bias": -10.0} if kind == "sigmoid" else {}
    with joined() as group:
        model = small_model(**bias)
        config = small_run(loss={"kind": kind}, model=MODEL | bias, chunk=chunk, batch=10)
        rows = torch.arange(10)[group.rank :: group.size]  # as the loader shares a batch
        whole = small_batch(10)
        mine = type(whole)(*(getattr(whole, name)[rows] for name in whole.__dataclass_fields__))
        loss = backward(model, mine, config, group)
        group.average_gradients(model.parameters())
        assert group.any(group.rank == 1)
        assert not group.any(False)
        assert group.everyones(group.rank) == list(range(group.size))
        gradients = {name: weight.grad for name, weight in model.named_parameters()}
        torch.save({"loss": loss, "gradients": gradients}, folder / f"{kind}-{group.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
