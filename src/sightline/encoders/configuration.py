"""The small files in which a model folder of another maker says how it wants to be used."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sightline.encoders.graph_io import GraphPorts, read_ports
from sightline.encoders.lock import Lock
from sightline.encoders.spec import inside
from sightline.errors import ModelError


class _AddedToken(msgspec.Struct):
    id: int
    content: str


class _TokenizerHead(msgspec.Struct):
    """The part of a `tokenizer.json` that names the special tokens."""

    added_tokens: list[_AddedToken] = []


@dataclass(frozen=True)
class Configuration:
    """The small files of a model folder, checked against its lock where it has one."""

    folder: Path
    lock: Lock | None

    def json(self, name: str, required: bool = True) -> dict[str, Any]:
        """A configuration file; empty where it is missing and not required.

        Raises:
            ModelError: missing, damaged, or no JSON object.
        """
        data = self._read(name, required)
        if data is None:
            return {}
        try:
            found = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelError(f"{self.folder / name} is no JSON: {error}.") from None
        if not isinstance(found, dict):
            raise ModelError(
                f"{self.folder / name} is not what a model's configuration looks like."
            )
        return found

    def ports(self, graph: str) -> GraphPorts:
        """What a graph takes and gives."""
        return read_ports(inside(self.folder, graph))

    def token_id(self, tokenizer: str, token: object) -> int | None:
        """The id of a special token, given as text or as transformers writes it."""
        content = token.get("content") if isinstance(token, dict) else token
        data = self._read(tokenizer, required=True) or b""
        try:
            head = msgspec.json.decode(data, type=_TokenizerHead)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{self.folder / tokenizer} is no tokenizer that can be used: {error}."
            ) from None
        return next((t.id for t in head.added_tokens if t.content == content), None)

    def _read(self, name: str, required: bool) -> bytes | None:
        path = inside(self.folder, name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            if not required:
                return None
            raise ModelError(f"{self.folder} is incomplete: {name} is missing.") from None
        except OSError as error:
            raise ModelError(f"Can't read the model file {path}: {error.strerror}.") from None
        expected = self.lock.files.get(name) if self.lock else None
        if self.lock and (expected is None or hashlib.sha256(data).hexdigest() != expected.sha256):
            raise ModelError(
                f"The model file {path} is damaged: it is not the one that was fetched. "
                "Delete the folder and fetch the model again."
            )
        return data
