"""The inspector that asks a vision-language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from sightline.errors import InspectionError, PhotoError, UsageError
from sightline.inspection.pixels import Photo, open_photo
from sightline.inspection.verdict import Sent, Task, Usage, Verdict
from sightline.inspection.vlm.answers import Presence
from sightline.inspection.vlm.asker import Asker, Heard, total_tokens
from sightline.inspection.vlm.client import Clock
from sightline.inspection.vlm.looks import MOST_CONFIRMED, Looking, Seen
from sightline.inspection.vlm.plan import Plan, dearest, planned
from sightline.inspection.vlm.questions import MOST_REFERENCES, Questions
from sightline.inspection.vlm.settings import VlmSettings


@dataclass(frozen=True)
class Probe:
    """The answer to a question of yes or no.

    Attributes:
        answer: `unclear` also where there is no usable answer; `failure` then says why.
        chance: that the right answer is yes, 0 to 1, in the model's own opinion.
        sentence: what the model says that it saw.
    """

    answer: Literal["yes", "no", "unclear"]
    chance: float | None
    sentence: str
    sent: tuple[Sent, ...]
    model: str
    prompt: str
    seconds: float
    usage: Usage
    cached: bool
    failure: str


class VlmInspector:
    """Looks at photos through one model. Safe to use from several threads; close it after use."""

    name = "vlm"

    def __init__(self, settings: VlmSettings, clock: Clock | None = None) -> None:
        """Make ready; nothing is sent before the first question."""
        self._asker = Asker(settings, clock=clock)

    def __enter__(self) -> VlmInspector:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close the connections, those of its samples included."""
        if self._asker.client is not None:
            self._asker.client.close()

    @property
    def settings(self) -> VlmSettings:
        """Which model is asked, and how."""
        return self._asker.settings

    def inspect(self, task: Task) -> Verdict:
        """Ask the model what is wrong in a photo.

        What isn't usable after one chance to mend it, or is refused, makes a verdict `uncertain`
        with `failure` set.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: the model can't be asked, or a reference can't be used.
        """
        looking = Looking(self._asker, self._questions(task))
        how: dict[str, Callable[[], Seen]] = {
            "none": looking.once,
            "tiles": looking.tiled,
            "adaptive": looking.adaptive,
        }
        return self._verdict(how[task.zoom](), looking.heard)

    def probe(self, image: Path, question: str, product: str = "") -> Probe:
        """Ask a question of yes or no about a photo: is this defect there?

        Raises:
            UsageError: the question is empty.
            PhotoError: the photo can't be used.
            InspectionError: the model can't be asked.
        """
        if not question.strip():
            raise UsageError("A probe needs a question.")
        task = Task(image=image, product=product)
        questions = Questions(self.settings, task, open_photo(image))
        heard = self._asker.ask(questions.probe(question.strip()), Presence)
        answer = heard.answer
        return Probe(
            answer=answer.present if answer is not None else "unclear",
            chance=answer.chance if answer is not None else None,
            sentence=answer.seen if answer is not None else "",
            sent=_sent([heard]),
            model=self._ran([heard]),
            prompt=heard.question.wording.id,
            seconds=_seconds([heard]),
            usage=self._usage([heard]),
            cached=heard.cached,
            failure=heard.failure,
        )

    def plan(self, task: Task) -> Plan:
        """What inspecting this photo would send and cost. Sends nothing.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: a reference can't be used.
        """
        questions = self._questions(task)
        looking = Looking(self._asker, questions)
        asked = [questions.whole()]
        more = 0
        if task.zoom != "none":
            more = MOST_CONFIRMED
            if task.zoom == "tiles" and not questions.fits:
                asked += [questions.part(box) for box in looking.tiles()]
            elif not questions.fits:
                asked.append(questions.where())
                more += len(looking.tiles())
        requests = tuple(planned(one, self.settings, self._asker.knows(one)) for one in asked)
        return Plan(
            self.settings.endpoint,
            self.settings.model,
            requests,
            more,
            dearest(requests),
            self.settings.prices,
        )

    def sampled(self, number: int) -> VlmInspector:
        """The same inspector asked once more: its answers are kept apart from the first ones.

        It shares the connections; close the original only. At temperature 0 samples say nothing
        about doubt: most servers answer the same again.
        """
        again = VlmInspector.__new__(VlmInspector)
        again._asker = Asker(replace(self.settings, sample=number), self._asker.client)
        return again

    def _questions(self, task: Task) -> Questions:
        references = tuple(_reference(path) for path in task.references[:MOST_REFERENCES])
        return Questions(self.settings, task, open_photo(task.image), references)

    def _verdict(self, seen: Seen, heard: list[Heard[Any]]) -> Verdict:
        chance = 0.5 if seen.chance is None else seen.chance
        likelier = {"defect": chance, "normal": 1 - chance}
        return Verdict(
            decision=seen.decision,
            confidence=likelier.get(seen.decision, max(chance, 1 - chance)),
            findings=seen.findings,
            score=seen.chance,
            would_help=seen.would_help,
            sent=_sent(heard),
            inspector=self.name,
            model=self._ran(heard),
            prompt=heard[0].question.wording.id,
            seconds=_seconds(heard),
            usage=self._usage(heard),
            cached=all(one.cached for one in heard),
            failure=seen.failure,
        )

    def _ran(self, heard: list[Heard[Any]]) -> str:
        """The model as the server names it, which need not be the one that was asked for."""
        said = dict.fromkeys(reply.model for one in heard for reply in one.replies if reply.model)
        return ", ".join(said) or self.settings.model

    def _usage(self, heard: list[Heard[Any]]) -> Usage:
        into, out = total_tokens(tuple(reply for one in heard for reply in one.replies))
        prices = self.settings.prices
        priced = prices is not None and into is not None and out is not None
        dollars = prices.of(into, out) if priced else None  # type: ignore[union-attr,arg-type]
        return Usage(input_tokens=into, output_tokens=out, dollars=dollars)


def _reference(path: Path) -> Photo:
    try:
        return open_photo(path)
    except PhotoError as error:
        raise InspectionError(
            f"Can't use the reference {path}: {error} Give another with --reference."
        ) from None


def _sent(heard: list[Heard[Any]]) -> tuple[Sent, ...]:
    return tuple(shown.picture.sent for one in heard for shown in one.question.shown)


def _seconds(heard: list[Heard[Any]]) -> float:
    return sum(reply.seconds for one in heard for reply in one.replies)
