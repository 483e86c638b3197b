"""Looking at a photo once, or closer and closer, and what the looks say together.

A finding of a closer look counts only when a still tighter crop of its own, shown without a word
about what was claimed of the whole, confirms it. Nothing is a defect because it was said once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sightline.inspection.merging import merge
from sightline.inspection.verdict import Box, Decision, Finding, Sent
from sightline.inspection.vlm.answers import Defect, Presence, Report, Where
from sightline.inspection.vlm.asker import Asker, Heard
from sightline.inspection.vlm.boxes import place
from sightline.inspection.vlm.families import Family
from sightline.inspection.vlm.questions import Questions
from sightline.inspection.zoom import tighter, tiles

MOST_CONFIRMED = 12
"""Claims that are looked into, the surest first; a model that cries wolf can't run up the bill."""


@dataclass(frozen=True)
class Look:
    """One look at a part of the photo, and what was found there, in pixels of the photo."""

    sent: Sent
    heard: Heard[Report]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Seen:
    """What all looks at one photo say together.

    `chance` is that of a defect, 0 to 1; None where no look was usable.
    """

    decision: Decision
    chance: float | None
    findings: tuple[Finding, ...]
    would_help: str
    failure: str


@dataclass
class Looking:
    """Looks at one photo; `heard` gathers every question with its answers, in order."""

    asker: Asker
    questions: Questions
    heard: list[Heard[Any]] = field(default_factory=list)

    def once(self) -> Seen:
        """The whole photo, as far as one picture shows it."""
        look = self._whole()
        report = look.heard.answer
        if report is None:
            return Seen("uncertain", None, (), "", look.heard.failure)
        return Seen(
            report.verdict, report.defect_chance, merge(look.findings), report.would_help, ""
        )

    def tiled(self) -> Seen:
        """The whole, then tiles that show every pixel as it is."""
        whole = self._whole()
        if self.questions.fits:
            return self._judged(whole, [])
        return self._judged(whole, [self._part(box) for box in self.tiles()])

    def adaptive(self) -> Seen:
        """The whole, then the parts that the model itself wants to see more of."""
        whole = self._whole()
        if self.questions.fits:
            return self._judged(whole, [])
        asked = self.questions.where()
        heard = self._ask(asked, Where)
        sent = asked.shown[0].picture.sent
        regions = heard.answer.regions if heard.answer is not None else ()
        places = [place(region.box, self._family, sent).box for region in regions]
        chosen = [box for box in places if box is not None][: self._settings_regions]
        wanted = [tile for box in chosen for tile in self.tiles(self._wide_enough(box))]
        everything = self.tiles()
        # Whoever wants to see nearly all of it is shown all of it, which is fewer looks.
        boxes = wanted if len(wanted) <= len(everything) else everything
        seen = self._judged(whole, [self._part(box) for box in dict.fromkeys(boxes)])
        if heard.answer is None and seen.decision != "defect":
            return Seen("uncertain", seen.chance, (), seen.would_help, heard.failure)
        return seen

    def tiles(self, within: Box | None = None) -> tuple[Box, ...]:
        """Tiles of the photo, or of a part of it, that are sent pixel for pixel."""
        image = self.questions.photo.image
        side = self.asker.settings.limit.tile
        return tiles(image.width, image.height, side, within=within)

    @property
    def _family(self) -> Family:
        return self.asker.settings.model_family

    @property
    def _settings_regions(self) -> int:
        return self.asker.settings.regions

    def _wide_enough(self, box: Box) -> Box:
        """A region with some surroundings, of whole pixels, and no smaller than half a tile."""
        half = self.asker.settings.limit.tile / 2
        wide = tighter(box, self.questions.photo.whole, margin=0.1, least=half)
        return Box(*(float(round(edge)) for edge in (wide.left, wide.top, wide.right, wide.bottom)))

    def _whole(self) -> Look:
        question = self.questions.whole()
        heard = self._ask(question, self.questions.report)
        return self._look(heard, question.shown[0].picture.sent)

    def _part(self, box: Box) -> Look:
        question = self.questions.part(box)
        heard = self._ask(question, self.questions.report)
        return self._look(heard, question.shown[-1].picture.sent)

    def _look(self, heard: Heard[Report], sent: Sent) -> Look:
        defects = heard.answer.findings if heard.answer is not None else ()
        chance = heard.answer.defect_chance if heard.answer is not None else None
        found = tuple(_finding(defect, self._family, sent, chance) for defect in defects)
        return Look(sent, heard, found)

    def _ask(self, question: Any, form: Any) -> Heard[Any]:
        heard: Heard[Any] = self.asker.ask(question, form)
        self.heard.append(heard)
        return heard

    def _judged(self, whole: Look, parts: list[Look]) -> Seen:
        """Look into every claim, and decide by what is left."""
        looks = [whole, *parts]
        claims = merge(found for look in looks for found in look.findings if found.box is not None)
        checked = [self._confirm(claim) for claim in claims[:MOST_CONFIRMED]]
        # A missing part has no place that a crop could show: for that the whole is believed. A box
        # that lay nowhere is another matter.
        unplaced = [one for one in whole.findings if one.box is None and one.raw_box is None]
        confirmed = [one.finding for one in checked if one.present == "yes"]
        found = merge([*confirmed, *unplaced])
        chances = [one.chance for one in checked if one.chance is not None]
        # Where closer looks took a look's claims over, their chances stand for its own.
        standing = [look.heard.answer for look in looks if not _claims(look)]
        chances += [report.defect_chance for report in standing if report is not None]
        chance = max(chances, default=None)
        failures = [look.heard.failure for look in looks if look.heard.failure]
        failures += [one.failure for one in checked if one.failure]
        help_ = _joined(
            [look.heard.answer.would_help for look in looks if look.heard.answer is not None]
        )
        if found:
            sure = [one.score for one in found if one.score is not None]
            looks_ = "look" if len(failures) == 1 else "looks"
            note = f"{len(failures)} further {looks_} gave no usable answer." if failures else ""
            return Seen("defect", max(sure, default=chance), found, note, "")
        if failures:
            count = f"{len(failures)} of {len(looks) + len(checked)} looks"
            return Seen("uncertain", chance, (), help_, f"{count}: {failures[0]}")
        open_ = [one.finding for one in checked if one.present == "unclear"]
        in_doubt = bool(open_) or len(claims) > MOST_CONFIRMED or any(map(_doubts, looks))
        if not in_doubt:
            return Seen("normal", chance, (), "", "")
        if not self.questions.task.doubt:
            likelier: Decision = "defect" if chance is not None and chance >= 0.5 else "normal"
            return Seen(likelier, chance, merge(open_) if likelier == "defect" else (), "", "")
        return Seen("uncertain", chance, merge(open_), help_ or _MORE_DETAIL, "")

    def _confirm(self, claim: Finding) -> _Checked:
        assert claim.box is not None
        crop = tighter(claim.box, self.questions.photo.whole)
        heard = self._ask(self.questions.confirm(crop, claim.type), Presence)
        if heard.answer is None:
            return _Checked(claim, "unclear", None, heard.failure)
        surer = msgspec.structs.replace(claim, score=heard.answer.chance)
        return _Checked(surer, heard.answer.present, heard.answer.chance, "")


@dataclass(frozen=True)
class _Checked:
    finding: Finding
    present: str
    chance: float | None
    failure: str


_MORE_DETAIL = "A closer or sharper picture of the marked places."


def _finding(defect: Defect, family: Family, sent: Sent, chance: float | None) -> Finding:
    if defect.box is None:
        return Finding(type=defect.type, sentence=defect.sentence, score=chance)
    placed = place(defect.box, family, sent)
    sentence = f"{defect.sentence} ({placed.note})" if placed.note else defect.sentence
    return Finding(
        type=defect.type, sentence=sentence.strip(), box=placed.box, score=chance,
        raw_box=defect.box,
    )  # fmt: skip


def _claims(look: Look) -> bool:
    """Whether a look found anything that a closer look can check."""
    return any(one.box is not None for one in look.findings)


def _doubts(look: Look) -> bool:
    """Whether a look leaves something open that no closer look can settle."""
    report = look.heard.answer
    if report is None:
        return False
    claimed = report.verdict == "defect" and not _claims(look)
    return report.verdict == "uncertain" or claimed


def _joined(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
