"""Answers kept on disk: what was answered once is never asked again, and a run can be replayed.

One JSON file an answer, named by the hash of everything that decided it. Only answers are kept,
never errors, so a run that was killed, or that the server turned away, goes on where it was. What a
model said is kept as it came, unusable answers included: they are part of the figures. Neither keys
nor pictures are in these files; the question's words are, so that a person can read the record.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from sightline.errors import InspectionError
from sightline.inspection.vlm.question import Parameters, Question, Reply

FORMAT = "sightline-vlm-answer/1"


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    key: str
    origin: str
    model: str
    prompt: str
    text: str
    pictures: tuple[str, ...]
    reply: Reply


class Records:
    """A folder of answers. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, model: str, parameters: Parameters) -> None:
        """Of one model with these parameters; others may share the folder."""
        self._folder = folder
        self._model = model
        self._parameters = parameters
        self._origins: dict[str, Path] | None = None

    def find(self, question: Question) -> Reply | None:
        """The answer to this question; None if there is none, or its file is damaged."""
        return self._read(self._path(question), question.key(self._model, self._parameters))

    def replay(self, question: Question) -> Reply:
        """The recorded answer, found by its pictures' bytes or else by what they show.

        Raises:
            InspectionError: there is none.
        """
        found = self.find(question)
        if found is not None:
            return found
        origin = question.origin(self._model, self._parameters)
        path = self._by_origin().get(origin)
        record = _decoded(path) if path is not None else None
        if record is not None:
            return record.reply
        shows = "; ".join(shown.picture.origin for shown in question.shown)
        raise InspectionError(
            f"{self._folder} holds no answer of {self._model} to {question.wording.id} about "
            f"{shows} ({self._path(question).name}). Replaying asks nobody: record the run again "
            "with an endpoint, or use the model, prompts and photos that it was recorded with."
        )

    def keep(self, question: Question, reply: Reply) -> None:
        """Write an answer down; it is there as a whole or not at all.

        Raises:
            InspectionError: the folder can't be written.
        """
        record = _Record(
            format=FORMAT,
            key=question.key(self._model, self._parameters),
            origin=question.origin(self._model, self._parameters),
            model=self._model,
            prompt=question.wording.id,
            text=question.text,
            pictures=tuple(shown.picture.origin for shown in question.shown),
            reply=reply,
        )
        write_whole(self._path(question), msgspec.json.format(msgspec.json.encode(record)))

    def _path(self, question: Question) -> Path:
        key = question.key(self._model, self._parameters)
        return self._folder / key[:2] / f"{key}.json"

    @staticmethod
    def _read(path: Path, key: str) -> Reply | None:
        record = _decoded(path)
        return record.reply if record is not None and record.key == key else None

    def _by_origin(self) -> dict[str, Path]:
        if self._origins is None:
            records = ((path, _decoded(path)) for path in sorted(self._folder.glob("*/*.json")))
            self._origins = {record.origin: path for path, record in records if record is not None}
        return self._origins


def answers_folder() -> Path:
    """Where answers are kept if nobody says otherwise: in the user's cache folder."""
    from sightline.adaptation.kept import cache_folder

    return cache_folder() / "vlm-answers"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that others see as a whole or not at all.

    Raises:
        InspectionError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(beside).unlink()
            raise
    except OSError as error:
        raise InspectionError(
            f"Can't write {path}: {error.strerror or error}. Make room or choose another folder."
        ) from error


def _decoded(path: Path) -> _Record | None:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return record if record.format == FORMAT else None
