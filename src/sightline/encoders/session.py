"""What runs a graph, apart from what the graph means: one ONNX Runtime session per file.

Sessions here use one thread each and no spinning: the indexer runs one *lane* per core, every
lane calls the same session, and threads of its own would only fight the lanes for the cores
(docs/decisions/0004-lanes.md).
"""

import hashlib
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.encoders.spec import Provider
from sightline.errors import ModelError


def read_verified(path: Path, sha256: str | None) -> bytes:
    """Read a small model file whole and check it.

    Raises:
        ModelError: as `verify` does.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"Can't read the model file {path}: {error.strerror}.") from None
    _require(path, hashlib.sha256(data).hexdigest(), sha256)
    return data


def verify(path: Path, sha256: str | None) -> None:
    """Check a model file without keeping it in memory.

    A session made from bytes keeps those bytes as long as it lives, beside the weights it made of
    them; one made from a path does not.

    Raises:
        ModelError: the file can't be read, or its bytes are not those the model was made with.
    """
    try:
        with path.open("rb", buffering=0) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"Can't read the model file {path}: {error.strerror}.") from None
    _require(path, found, sha256)


def _require(path: Path, found: str, sha256: str | None) -> None:
    if sha256 is None:
        raise ModelError(f"{path.parent / 'model.json'} gives no sha256 for {path.name}.")
    if found != sha256:
        raise ModelError(
            f"The model file {path} is damaged: its sha256 is not the one recorded for it. "
            "Install sightline or fetch the model again."
        )


def onnx_runtime() -> Any:
    """The module `onnxruntime`.

    Imported when it is needed: half of the start-up time of a search that may never need this
    graph. Some builds of ONNX Runtime note each session in the user's cache and report it to their
    maker, unless told not to before they are imported. Nothing here may call home.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


class Session:
    """One loaded graph.

    Args:
        graph: the ONNX file.
        provider: where it runs, as `providers.py` names it.
    """

    def __init__(self, graph: Path, provider: Provider = "cpu") -> None:
        ort = onnx_runtime()
        from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

        self._failures = (
            ort_errors.Fail,
            ort_errors.InvalidArgument,
            ort_errors.InvalidGraph,
            ort_errors.InvalidProtobuf,
            ort_errors.NoSuchFile,
            ort_errors.NotImplemented,
            ort_errors.RuntimeException,
        )
        self._partial = ort.RunOptions()
        self._partial.only_execute_path_to_fetches = True
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is raised, and told once
        self._origin = graph
        names: list[Any] = ["CPUExecutionProvider"]
        self._turn: AbstractContextManager[object] = nullcontext()
        if provider != "cpu":
            from sightline.encoders.providers import ONE_AT_A_TIME, require, settings

            names = [(require(provider), settings(provider)), *names]
            if provider in ONE_AT_A_TIME:
                self._turn = Lock()
                options.enable_mem_pattern = False
        try:
            self._session: Any = ort.InferenceSession(
                str(graph), sess_options=options, providers=names
            )
        except self._failures as error:
            raise _cant_load(graph, provider, error) from None
        if provider != "cpu":
            from sightline.encoders.providers import require_running

            require_running(provider, self._session.get_providers())

    @property
    def inputs(self) -> set[str]:
        """Names of the graph's inputs."""
        return {entry.name for entry in self._session.get_inputs()}

    @property
    def outputs(self) -> set[str]:
        """Names of the graph's outputs."""
        return {entry.name for entry in self._session.get_outputs()}

    def run(
        self,
        output: str,
        feeds: dict[str, npt.NDArray[np.generic]],
        unused: dict[str, npt.NDArray[np.generic]] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Run the graph on one batch; thread-safe.

        Args:
            unused: stand-ins for inputs that this output does not rest on: ONNX Runtime wants
                every input, but then runs only what the output needs.

        Raises:
            ModelError: the graph can't take this batch.
        """
        try:
            with self._turn:
                if unused:
                    (result,) = self._session.run([output], feeds | unused, self._partial)
                else:
                    (result,) = self._session.run([output], feeds)
        except self._failures as error:
            raise ModelError(f"{self._origin} failed on a batch: {_one_line(error)}") from None
        return np.asarray(result, dtype=np.float32)


def _cant_load(graph: Path, provider: Provider, error: Exception) -> ModelError:
    if provider == "cpu":
        return ModelError(f"{graph} is no graph that ONNX Runtime can load: {_one_line(error)}")
    # Accelerators first tell, at length, where in their own source it went wrong, and then what.
    *_, reason = str(error).strip().splitlines() or ["it gives no reason."]
    return ModelError(f"{provider} can't run {graph}: {reason} Run it with --provider cpu.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
