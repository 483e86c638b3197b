"""Several inspectors, or one asked several times, as one: where they disagree, less is sure.

Each member *m* that gave a usable verdict has a chance of a defect

    p(m) = confidence if it says "defect",  1 − confidence if "normal",  ½ if "uncertain",

and the panel's is their mean, p. The side it takes is the likelier one: "defect" if p ≥ ½. With
*a*, the share of *all* members that say just that (one that is uncertain or failed does not),

    confidence = ½ + (max(p, 1 − p) − ½) · a.

Members that agree keep their mean confidence; each that doesn't pulls it towards ½, twice: through
p and through a. Below `sure` the panel is uncertain, where that is allowed. A mean of chances is as
good as the chances are: members that are sure and wrong together stay wrong, which is why figures
of a panel stand beside those of its members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from sightline.errors import UsageError
from sightline.inspection.merging import merge, same_thing
from sightline.inspection.verdict import Decision, Finding, Inspector, Task, Usage, Verdict

SURE = 0.6
"""Confidence from which a panel decides."""


class Sampled(Inspector, Protocol):
    """An inspector that answers anew when it is asked again."""

    def sampled(self, number: int) -> Inspector:
        """The same one, asked for the `number`th time more."""


def samples(inspector: Sampled, count: int) -> tuple[Inspector, ...]:
    """One inspector as `count` members of a panel.

    Raises:
        UsageError: fewer than one.
    """
    if count < 1:
        raise UsageError("A panel needs at least one sample of each inspector.")
    return (inspector, *(inspector.sampled(number) for number in range(1, count)))


@dataclass(frozen=True)
class Panel:
    """Inspectors that are asked one after the other.

    Attributes:
        members: at least one.
        sure: confidence from which the panel decides, 0.5 to 1.
    """

    members: Sequence[Inspector]
    sure: float = SURE

    def __post_init__(self) -> None:
        """Refuse what can't decide anything.

        Raises:
            UsageError: no members, or a threshold that means nothing.
        """
        if not self.members:
            raise UsageError("A panel needs at least one inspector.")
        if not 0.5 <= self.sure <= 1:
            raise UsageError("A panel is sure from a confidence between 0.5 and 1.")

    @property
    def name(self) -> str:
        """What `--inspector` calls it."""
        return "panel"

    def inspect(self, task: Task) -> Verdict:
        """Ask every member and put their verdicts together.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: a member can't work as asked.
        """
        verdicts = tuple(member.inspect(task) for member in self.members)
        return combined(verdicts, doubt=task.doubt, sure=self.sure)


def combined(verdicts: Sequence[Verdict], doubt: bool = True, sure: float = SURE) -> Verdict:
    """One verdict out of several on one photo; they are kept as its `members`.

    Findings are those of the members that say "defect" or are uncertain, merged; the `score` of
    each is the share of all members that found it.
    """
    usable = [one for one in verdicts if not one.failure]
    if not usable:
        reasons = "; ".join(dict.fromkeys(one.failure for one in verdicts))
        return _of(verdicts, "uncertain", 0.5, None, (), "", f"no member could say: {reasons}")
    chance = sum(map(defect_chance, usable)) / len(usable)
    side: Decision = "defect" if chance >= 0.5 else "normal"
    agreeing = sum(one.decision == side and not one.failure for one in verdicts) / len(verdicts)
    confidence = 0.5 + (max(chance, 1 - chance) - 0.5) * agreeing
    decision: Decision = "uncertain" if doubt and confidence < sure else side
    findings = () if decision == "normal" else _findings(verdicts)
    help_ = "" if decision != "uncertain" else _would_help(verdicts)
    return _of(verdicts, decision, confidence, chance, findings, help_, "")


def defect_chance(verdict: Verdict) -> float:
    """The chance of a defect, 0 to 1, that a verdict stands for; ½ where it takes no side."""
    if verdict.decision == "uncertain":
        return 0.5
    return verdict.confidence if verdict.decision == "defect" else 1 - verdict.confidence


def _findings(verdicts: Sequence[Verdict]) -> tuple[Finding, ...]:
    found = [
        [msgspec.structs.replace(finding, score=None) for finding in one.findings]
        for one in verdicts
        if one.decision != "normal" and not one.failure
    ]
    merged = merge(finding for findings in found for finding in findings)
    shares = [
        sum(any(same_thing(one, finding) for finding in findings) for findings in found)
        / len(verdicts)
        for one in merged
    ]
    scored = [
        msgspec.structs.replace(one, score=share) for one, share in zip(merged, shares, strict=True)
    ]
    return tuple(sorted(scored, key=lambda one: -(one.score or 0.0)))


def _would_help(verdicts: Sequence[Verdict]) -> str:
    said = [f"{one.inspector} {one.failure.rstrip('. ') or one.decision}" for one in verdicts]
    counts = Counter(said)
    if len(counts) == 1:
        parts = []
    else:
        votes = ", ".join(
            f"{count} × {vote}" if count > 1 else vote for vote, count in counts.items()
        )
        parts = [f"The members of the panel disagree: {votes}."]
    parts += dict.fromkeys(one.would_help for one in verdicts if one.would_help)
    return " ".join(parts)


def _of(
    verdicts: Sequence[Verdict],
    decision: Decision,
    confidence: float,
    score: float | None,
    findings: tuple[Finding, ...],
    would_help: str,
    failure: str,
) -> Verdict:
    return Verdict(
        decision=decision,
        confidence=min(1.0, max(0.0, confidence)),
        findings=findings,
        score=score,
        would_help=would_help,
        sent=tuple(sent for one in verdicts for sent in one.sent),
        inspector="panel",
        model=", ".join(dict.fromkeys(one.model for one in verdicts if one.model)),
        prompt=", ".join(dict.fromkeys(one.prompt for one in verdicts if one.prompt)),
        seconds=sum(one.seconds for one in verdicts),
        usage=_usage(verdicts),
        cached=all(one.cached for one in verdicts),
        failure=failure,
        members=tuple(verdicts),
    )


def _usage(verdicts: Sequence[Verdict]) -> Usage:
    """What is known, added up: an offline member uses none."""
    into = [one.usage.input_tokens for one in verdicts if one.usage.input_tokens is not None]
    out = [one.usage.output_tokens for one in verdicts if one.usage.output_tokens is not None]
    dollars = [one.usage.dollars for one in verdicts if one.usage.dollars is not None]
    return Usage(
        input_tokens=sum(into) if into else None,
        output_tokens=sum(out) if out else None,
        dollars=sum(dollars) if dollars else None,
    )
