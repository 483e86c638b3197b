"""Questions → checked answers: from the record, or from the model, with one chance to mend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import Template
from typing import Generic

from sightline.inspection.prompts import prompt
from sightline.inspection.vlm.answers import Answered, Unusable, parse
from sightline.inspection.vlm.client import Client, Clock
from sightline.inspection.vlm.question import Parameters, Question, Reply
from sightline.inspection.vlm.records import Records
from sightline.inspection.vlm.settings import VlmSettings

_REPEATED = 600  # characters of an unusable answer that the model is shown again


@dataclass(frozen=True)
class Heard(Generic[Answered]):
    """What came of one question.

    Attributes:
        question: as it was asked first.
        answer: None where there is no usable one.
        failure: why there is none; empty where there is one.
        replies: all that the model said; two where it was asked to mend.
        cached: whether all of it was known already.
    """

    question: Question
    answer: Answered | None
    failure: str
    replies: tuple[Reply, ...]
    cached: bool


class Asker:
    """One model, and what it has answered so far. Safe to use from several threads."""

    def __init__(
        self, settings: VlmSettings, client: Client | None = None, clock: Clock | None = None
    ) -> None:
        """Use a client that is there, or make one where anything may be sent."""
        self.settings = settings
        self.parameters = Parameters(settings.temperature, settings.max_tokens, settings.sample)
        if client is None and not settings.replay:
            client = Client(settings, clock)
        self.client = client
        self._records = (
            Records(settings.answers, settings.model, self.parameters)
            if settings.answers is not None
            else None
        )

    def knows(self, question: Question) -> bool:
        """Whether asking costs nothing."""
        return self._records is not None and self._records.find(question) is not None

    def ask(self, question: Question, form: type[Answered]) -> Heard[Answered]:
        """Ask, and once more if the answer can't be used. A refusal is final.

        Raises:
            InspectionError: no answer is to be had.
        """
        first, known = self._reply(question)
        try:
            return Heard(question, _understood(first, form), "", (first,), known)
        except Unusable as error:
            problem = str(error)
        if first.stop == "refusal":
            return Heard(question, None, f"refused: {problem}", (first,), known)
        mending = Template(prompt("repair")).substitute(
            problem=problem, previous=first.text[:_REPEATED] or "(nothing)"
        )
        second, also_known = self._reply(replace(question, mending=mending))
        replies, all_known = (first, second), known and also_known
        try:
            return Heard(question, _understood(second, form), "", replies, all_known)
        except Unusable as error:
            failure = f"parse failure, twice: {problem}; then {error}"
        return Heard(question, None, failure, replies, all_known)

    def _reply(self, question: Question) -> tuple[Reply, bool]:
        if self.settings.replay:
            assert self._records is not None  # VlmSettings saw to it
            return self._records.replay(question), True
        known = self._records.find(question) if self._records is not None else None
        if known is not None:
            return known, True
        assert self.client is not None
        reply = self.client.ask(question, self.parameters)
        if self._records is not None:
            self._records.keep(question, reply)
        return reply, False


def _understood(reply: Reply, form: type[Answered]) -> Answered:
    if reply.stop == "refusal":
        raise Unusable(" ".join(reply.text.split())[:300] or "the model gave no reason")
    try:
        return parse(reply.text, form)
    except Unusable as error:
        if reply.stop == "length":
            raise Unusable("it was cut off at the longest answer allowed") from error
        raise


def total_tokens(replies: tuple[Reply, ...]) -> tuple[int | None, int | None]:
    """Input and output tokens of some replies; None where one of them doesn't say."""
    return _sum([one.input_tokens for one in replies]), _sum([one.output_tokens for one in replies])


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None
