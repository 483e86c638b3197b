"""One question to a model and its answer, before and after any protocol: plain values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sightline.inspection.pixels import Picture
from sightline.inspection.prompts import Wording

Stop = Literal["end", "length", "refusal"]


@dataclass(frozen=True)
class Shown:
    """A picture with the words that name it to the model."""

    label: str
    picture: Picture


@dataclass(frozen=True)
class Parameters:
    """What else decides an answer."""

    temperature: float
    max_tokens: int
    sample: int


@dataclass(frozen=True)
class Question:
    """All that a model is given at once.

    Attributes:
        wording: who it is told to be, and the question.
        shown: the pictures, in the order in which they are shown.
        form: name of the form of answer, for the schema.
        schema: JSON schema of the answer.
        mending: words on an earlier answer that couldn't be used; empty at first.
    """

    wording: Wording
    shown: tuple[Shown, ...]
    form: str
    schema: dict[str, Any]
    mending: str = ""

    @property
    def text(self) -> str:
        """The words that follow the pictures."""
        return f"{self.wording.text}\n\n{self.mending}" if self.mending else self.wording.text

    @property
    def bytes(self) -> int:
        """Bytes of all pictures."""
        return sum(len(shown.picture.data) for shown in self.shown)

    def key(self, model: str, parameters: Parameters) -> str:
        """SHA-256 of everything that decides the answer: the pictures' bytes, words, schema, model.

        The address of the server is not among it: the same model answers, wherever it runs.
        """
        return self._digest(model, parameters, [shown.picture.hash for shown in self.shown])

    def origin(self, model: str, parameters: Parameters) -> str:
        """The same with each picture named by what it shows instead of by its bytes.

        Another version of the JPEG library encodes the same pixels to other bytes; a recorded run
        is found again by this.
        """
        return self._digest(model, parameters, [shown.picture.origin for shown in self.shown])

    def _digest(self, model: str, parameters: Parameters, pictures: list[str]) -> str:
        parts = {
            "model": model,
            "temperature": parameters.temperature,
            "max_tokens": parameters.max_tokens,
            "sample": parameters.sample,
            "system": self.wording.system,
            "text": self.text,
            "schema": self.schema,
            "labels": [shown.label for shown in self.shown],
            "pictures": pictures,
        }
        whole = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(whole.encode()).hexdigest()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A model's answer, as it came.

    Attributes:
        text: its words, or the JSON of its tool call.
        stop: whether it came to its end, to the longest answer allowed, or was refused.
        model: what the server says that it ran; empty if it doesn't.
        input_tokens, output_tokens: as the server counts, None if it doesn't.
        seconds: from question to answer, waiting for retries included.
        dropped: what of the request the server would not take and was left out.
    """

    text: str
    stop: Stop = "end"
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0
    dropped: tuple[str, ...] = ()
