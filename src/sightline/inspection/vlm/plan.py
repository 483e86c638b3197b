"""What a run would send, and about what it would cost, without sending it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sightline.inspection.verdict import Sent
from sightline.inspection.vlm.question import Question
from sightline.inspection.vlm.settings import Prices, VlmSettings

# English runs to about four characters a token in every tokenizer in use.
_CHARACTERS = 4
_ANSWER_TOKENS = 250
"""What a report of two findings takes; a model that reasons aloud takes many times that."""


@dataclass(frozen=True)
class Planned:
    """One request that would be made.

    Attributes:
        prompt: id of its words.
        sent: the pictures, with crop and size in pixels.
        bytes: of all its pictures.
        input_tokens: an estimate, by the family's own count of a picture.
        known: its answer is on disk already: it would not be sent.
    """

    prompt: str
    sent: tuple[Sent, ...]
    bytes: int
    input_tokens: int
    known: bool


@dataclass(frozen=True)
class Plan:
    """All requests of a photo that are certain, and how many more the answers may lead to.

    Attributes:
        endpoint, model: who would be asked.
        requests: the certain ones, in order.
        at_most: further requests that depend on the answers: where to look, what to confirm.
        tokens_of_a_look: input tokens of the largest single request, for those.
        prices: as the user gave them.
    """

    endpoint: str
    model: str
    requests: tuple[Planned, ...]
    at_most: int
    tokens_of_a_look: int
    prices: Prices | None

    @property
    def pixels(self) -> int:
        """Pixels that would be sent for certain."""
        return sum(one.width * one.height for request in self._new for one in request.sent)

    @property
    def bytes(self) -> int:
        """Bytes of pictures that would be sent for certain."""
        return sum(request.bytes for request in self._new)

    @property
    def dollars(self) -> tuple[float, float] | None:
        """Least and most that it would cost; None without prices. Repairs would come on top."""
        if self.prices is None:
            return None
        certain = sum(request.input_tokens for request in self._new)
        answers = _ANSWER_TOKENS * len(self._new)
        more = self.at_most * self.tokens_of_a_look, self.at_most * _ANSWER_TOKENS
        return (
            self.prices.of(certain, answers),
            self.prices.of(certain + more[0], answers + more[1]),
        )

    def lines(self) -> list[str]:
        """For a person to read."""
        said = [f"{self.model} at {self.endpoint}:"]
        for request in self.requests:
            pictures = ", ".join(
                f"{one.role} {one.width}×{one.height} px of {_edges(one)}" for one in request.sent
            )
            already = "; known already, not sent" if request.known else ""
            said.append(
                f"  {request.prompt}: {pictures}; {request.bytes:,} bytes, about "
                f"{request.input_tokens:,} tokens{already}"
            )
        if self.at_most:
            said.append(f"  and up to {self.at_most} more looks, as the answers ask for them")
        if self.dollars is not None:
            least, most = self.dollars
            said.append(f"  about ${least:.4f}" + (f" to ${most:.4f}" if most > least else ""))
        return said

    @property
    def _new(self) -> tuple[Planned, ...]:
        return tuple(request for request in self.requests if not request.known)


def planned(question: Question, settings: VlmSettings, known: bool) -> Planned:
    """One question as it would be sent."""
    sent = tuple(shown.picture.sent for shown in question.shown)
    return Planned(question.wording.id, sent, question.bytes, estimate(question, settings), known)


def estimate(question: Question, settings: VlmSettings) -> int:
    """Input tokens of a question, roughly."""
    family = settings.model_family
    words = len(question.wording.system) + len(question.text)
    words += sum(len(shown.label) for shown in question.shown) + len(str(question.schema))
    pictures = (
        family.tokens((shown.picture.sent.width, shown.picture.sent.height))
        for shown in question.shown
    )
    return math.ceil(words / _CHARACTERS) + sum(pictures)


def dearest(requests: Iterable[Planned]) -> int:
    """Input tokens of the largest of some requests."""
    return max((request.input_tokens for request in requests), default=0)


def _edges(sent: Sent) -> str:
    crop = sent.crop
    return f"[{crop.left:g}, {crop.top:g}, {crop.right:g}, {crop.bottom:g}]"
