"""What the tests of training share."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn


@pytest.fixture(scope="session")
def graphs_made() -> dict[bytes, bytes]:
    """Each graph that this run's tests have exported, by what decides it."""
    return {}


@pytest.fixture(scope="module", autouse=True)
def _patient_exporter(graphs_made: dict[bytes, bytes]) -> Iterator[None]:
    """torch's exporter takes ten seconds a graph, and twenty while coverage watches it.

    So it runs unwatched (none of its lines are ours, and ours that it traces run in other tests
    too), and only once for one and the same module.
    """
    export = torch.onnx.export

    def patient(module: nn.Module, example: Any, path: Path, **options: Any) -> None:
        wanted = _identity(module, example, options)
        if wanted not in graphs_made:
            watcher = sys.gettrace()
            sys.settrace(None)
            try:
                export(module, example, path, **options)
            finally:
                sys.settrace(watcher)
            graphs_made[wanted] = path.read_bytes()
        path.write_bytes(graphs_made[wanted])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.onnx, "export", patient)
        yield


def _identity(module: nn.Module, example: Any, options: dict[str, Any]) -> bytes:
    """A digest of all that decides what a graph becomes: settings, weights, shapes."""
    digest = hashlib.sha256()
    for part in module.modules():
        settings = {k: v for k, v in vars(part).items() if isinstance(v, int | float | str | tuple)}
        digest.update(f"{type(part)} {sorted(settings.items())}".encode())
    for name, weight in module.state_dict().items():
        digest.update(name.encode() + weight.numpy().tobytes())
    axes = [{at: dim.__name__ for at, dim in of.items()} for of in options["dynamic_shapes"]]
    shapes = [(tuple(tensor.shape), tensor.dtype) for tensor in example]
    digest.update(f"{shapes} {axes} {options | {'dynamic_shapes': None}}".encode())
    return digest.digest()
