"""Several processes, one contrastive batch.

Each process embeds its own part of the batch; then all gather all embeddings, so that every photo
is compared with the captions of every process. Started with torch's own launcher::

    torchrun --nproc-per-node 2 -m sightline train CONFIG.toml

Each process computes the loss of the *whole* batch. The gradient that arrives at an embedding is
the sum of what all processes say of it, and parameters' gradients are averaged over processes,
which together is exactly the gradient of one process with the whole batch.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from sightline.errors import UsageError


@dataclass(frozen=True)
class Group:
    """The processes that train together; one alone is a group, too."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and measures."""
        return self.rank == 0

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes in order, (size · n, …); gradients find their way back."""
        if self.size == 1:
            return rows
        gathered: Tensor = _Gather.apply(rows, self)  # type: ignore[no-untyped-call]
        return gathered

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.size

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all get the same answer."""
        if self.size == 1:
            return flag
        answer = torch.tensor(int(flag), device=_device())
        dist.all_reduce(answer, dist.ReduceOp.MAX)
        return bool(answer)

    def everyones(self, value: Any) -> list[Any]:
        """The `value` of each process, in order."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


class _Gather(torch.autograd.Function):
    """all_gather whose backward pass sums what every process says of this one's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, group: Group) -> Tensor:
        ctx.group, ctx.rows = group, len(rows)
        parts = [torch.empty_like(rows) for _ in range(group.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        first = ctx.group.rank * ctx.rows
        return total[first : first + ctx.rows], None


@contextmanager
def joined() -> Iterator[Group]:
    """The group that torchrun started us in, or this process alone.

    Raises:
        UsageError: what torchrun sets is incomplete, or the others can't be reached.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    try:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    except (KeyError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"Can't join the {size} processes that WORLD_SIZE speaks of ({error}). "
            "Start them with: torchrun --nproc-per-node N -m sightline train CONFIG.toml"
        ) from None
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def _device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
