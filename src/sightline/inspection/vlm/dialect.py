"""What a protocol has to know: how a question becomes a request, and a response a reply."""

from __future__ import annotations

from typing import Any, Protocol

from sightline.inspection.vlm.question import Parameters, Question, Reply

Json = dict[str, Any]


class Unspoken(Exception):
    """A response that is none of this protocol."""


class Dialect(Protocol):
    """One protocol. Pure: it sends nothing."""

    def headers(self, key: str | None) -> dict[str, str]:
        """What goes with every request."""

    def body(
        self, question: Question, model: str, parameters: Parameters, dropped: frozenset[str]
    ) -> Json:
        """The request, without what was `dropped`."""

    def reply(self, response: Json) -> Reply:
        """What the model said.

        Raises:
            Unspoken: the response is none of this protocol.
        """

    def drop(self, said: str, dropped: frozenset[str]) -> str | None:
        """What to leave out next of a request that was turned down with these words; None if the
        words name nothing that can be left out.
        """


def text_in(value: Any) -> str:
    """A string, or nothing: servers write null where a model said nothing."""
    return value if isinstance(value, str) else ""


def count_in(value: Any) -> int | None:
    """A count of tokens, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def mapping(value: Any) -> Json:
    """A JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}
