"""What was answered so far, line by line: a killed run goes on, and no answer is paid for twice."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

import msgspec

from sightline.errors import EvaluationError
from sightline.evaluation.inspection.probes import Probed
from sightline.inspection.verdict import Verdict


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `key` is the hash of everything that decided it; the rest is for people."""

    key: str
    arm: str
    photo: str
    draw: int = 0
    verdict: Verdict | None = None
    probed: Probed | None = None


def writable(verdict: Verdict) -> Verdict:
    """The verdict, half characters (lone surrogates) in a model's words written as escapes.

    JSON may hold them, UTF-8 may not.
    """
    try:
        msgspec.json.encode(verdict)
    except UnicodeEncodeError:
        return msgspec.convert(_whole_words(msgspec.to_builtins(verdict)), Verdict)
    return verdict


class Journal:
    """A JSONL file of answers. Safe in several threads of one process.

    A line that was cut off when a run was killed is passed over, and asked again.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            EvaluationError: it can't be read.
        """
        self._path = path
        self._entries: dict[str, Entry] = {}
        self._lock = Lock()
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
        except OSError as error:
            raise EvaluationError(f"Can't read {path}: {error.strerror}.") from None
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            self._entries[entry.key] = entry

    def find(self, key: str) -> Entry | None:
        """The answer of this key, if it was given before."""
        with self._lock:
            return self._entries.get(key)

    def add(self, entry: Entry) -> None:
        """Write an answer to the disk before anybody relies on it.

        Raises:
            EvaluationError: it can't be written.
        """
        # The newline comes first, too: a line that was cut off before must not swallow this one.
        line = b"\n" + msgspec.json.encode(entry) + b"\n"
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise EvaluationError(f"Can't write {self._path}: {error.strerror}.") from None
            self._entries[entry.key] = entry


def _whole_words(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _whole_words(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_words(one) for one in value]
    return value
