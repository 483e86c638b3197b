"""A run's log, one line of JSON a step and one an evaluation: `log.jsonl`."""

from pathlib import Path

import msgspec

from sightline.errors import ModelError
from sightline.training.retrieval import SetFigures


class StepLine(msgspec.Struct, frozen=True, tag_field="kind", tag="step", kw_only=True):
    """One step. `step` counts from 1; `scale` is 1 / temperature; `gradient` its length."""

    step: int
    epoch: int
    loss: float
    scale: float
    bias: float | None
    rate: float
    gradient: float
    seconds: float


class DevLine(msgspec.Struct, frozen=True, tag_field="kind", tag="dev", kw_only=True):
    """Retrieval on the dev sets after `step` steps; `score` is their mean recall."""

    step: int
    score: float
    best: bool
    sets: tuple[SetFigures, ...]


Line = StepLine | DevLine


class RunLog:
    """Appends lines; what was written by steps that a resumed run makes again is dropped."""

    def __init__(self, path: Path, *, until: int):
        self._path = path
        kept = [line for line in read_log(path) if line.step <= until] if until else []
        unfinished = path.with_name(path.name + ".part")
        try:
            unfinished.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
            unfinished.replace(path)
        except OSError as error:
            raise ModelError(f"Can't write the log {path}: {error.strerror}.") from None

    def write(self, line: Line) -> None:
        """Append a line, at once.

        Raises:
            ModelError: the disk is full, or the folder is gone.
        """
        try:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
        except OSError as error:
            raise ModelError(f"Can't write the log {self._path}: {error.strerror}.") from None


def read_log(path: Path) -> list[Line]:
    """The lines of a log; a last one cut short by a kill is left out, a missing log is empty."""
    if not path.is_file():
        return []
    lines: list[Line] = []
    for row in path.read_bytes().split(b"\n"):
        try:
            lines.append(msgspec.json.decode(row, type=Line))
        except msgspec.DecodeError:
            continue
    return lines
