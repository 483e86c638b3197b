"""An answer: a labelled photo and what an inspector said of it. What every measure is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.evaluation.inspection.gold import GoldPhoto
from sightline.inspection.verdict import Verdict


@dataclass(frozen=True)
class Answer:
    """One verdict beside what is right."""

    photo: GoldPhoto
    verdict: Verdict

    @property
    def right(self) -> bool:
        """Whether the verdict is the gold one; a failure never is."""
        return not self.failed and self.verdict.decision == self.photo.verdict

    @property
    def failed(self) -> bool:
        """Whether there was no usable answer."""
        return bool(self.verdict.failure)

    @property
    def decided(self) -> bool:
        """Whether the inspector committed itself to defect or normal."""
        return not self.failed and self.verdict.decision != "uncertain"

    @property
    def chance_of_defect(self) -> float:
        """The verdict's confidence, turned to mean a defect: .5 where it is uncertain."""
        if not self.decided:
            return 0.5
        confidence = self.verdict.confidence
        return confidence if self.verdict.decision == "defect" else 1 - confidence


def on(answers: Sequence[Answer], verdict: str) -> list[Answer]:
    """The answers on photos whose right verdict is this one."""
    return [answer for answer in answers if answer.photo.verdict == verdict]


def instances(answers: Sequence[Answer]) -> list[str]:
    """The piece that each answer is about: what is drawn together in a bootstrap."""
    return [answer.photo.instance for answer in answers]
