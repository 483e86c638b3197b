"""The `reference` inspector: what differs from photos of faultless pieces, offline.

Two ways to compare, and the photo decides between them:

* a reference that shows the very same thing, pixel for pixel (a board and its clean twin, a part in
  a fixture): its pixels are compared, and defects of a few pixels are found (`reference_pixels`);
* else patches: is there anything here that the references have nowhere (`reference_map`)?

How well a reference's structure is found again in the photo is measured; nothing knows the product.
The threshold comes from the references alone (`reference_threshold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np

from sightline.encoders.dual import DualEncoder
from sightline.inspection import reference_words as words
from sightline.inspection.pixels import Photo, open_photo
from sightline.inspection.reference_boxes import Region, box_on_photo, regions
from sightline.inspection.reference_features import TILES
from sightline.inspection.reference_foreground import covered
from sightline.inspection.reference_likeness import ANOTHER_PRODUCT
from sightline.inspection.reference_map import Floats
from sightline.inspection.reference_patches import Look, look_at
from sightline.inspection.reference_photos import pixels_of, small_copy
from sightline.inspection.reference_pixels import SHOWN_EXCESS, Comparison
from sightline.inspection.reference_pose import poses
from sightline.inspection.reference_set import OnStage, References, ReferenceSet
from sightline.inspection.reference_sight import fault, is_empty, is_faint
from sightline.inspection.reference_threshold import Judgement, judge_by_pixels
from sightline.inspection.reference_twins import Twins
from sightline.inspection.verdict import Box, Finding, Sent, Task, Verdict

MOST_DIFFERENCES = 30
_CELL = 4


class ReferenceInspector:
    """Compares a photo with the references of its task. Safe to share between threads.

    Args:
        encoder: one that shows patches; None is the bundled model.

    Raises:
        InspectionError: the encoder shows no patches.
    """

    name = "reference"

    def __init__(self, encoder: DualEncoder | None = None) -> None:
        if encoder is None:
            from sightline.encoders import load_encoder

            encoder = load_encoder()
        self._model = encoder.id
        self._references = References(encoder)
        self._twins = Twins()

    def prepare(
        self,
        references: Sequence[Path],
        threads: int = 1,
        on_stage: OnStage = lambda doing, done, total: None,
    ) -> None:
        """Look at references before the first photo comes; else that one waits for it.

        Args:
            references: those of the tasks to come.
            threads: references looked at at once.
            on_stage: called, from this thread, with what is being done and how far it is.

        Raises:
            PhotoError: a reference can't be read.
            InspectionError: there are none, or nothing can be seen on any.
            ModelError: the model can't be used.
        """
        self._references.prepare(references, threads, on_stage)

    def inspect(self, task: Task) -> Verdict:
        """Compare one photo with `task.references`; `product`, `look_for` and `zoom` are not used.

        Where nothing can be seen on the photo, the verdict is uncertain even without doubt.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: there are no references, or one of them can't be used.
            ModelError: the model can't be used.
        """
        started = perf_counter()
        if not task.references:
            self._references.of(())
        photo = open_photo(task.image)
        references = self._references.of(task.references, but=photo)
        verdict = self._compared(photo, references, task.doubt)
        return msgspec.structs.replace(verdict, seconds=round(perf_counter() - started, 4))

    def _compared(self, photo: Photo, references: ReferenceSet, doubt: bool) -> Verdict:
        unseen = _nothing_seen(photo, references)
        if unseen:
            return self._unseen(photo, Judgement.of(0.0), True, unseen)
        if _is_itself(photo, references):
            return self._as_said(photo, doubt)
        vector = self._references.photos.vector(photo.image)
        nearest = sorted(references.members, key=lambda one: -float(one.vector @ vector))
        small = small_copy(photo.image)
        found = poses(small, nearest)
        same = self._twins.find(photo.image, small, found, nearest)
        if same is not None:
            return self._by_pixels(photo, same, doubt)
        look = look_at(photo.image, found[0], self._references, references)
        why = ""
        if float(nearest[0].vector @ vector) < ANOTHER_PRODUCT:
            why = words.another_product()
        if not why and not references.telling:
            why = words.not_telling(references)
        if not why and look.all_over:
            why = words.all_over()
        return self._by_patches(photo, look, references, why, doubt)

    def _as_said(self, photo: Photo, doubt: bool) -> Verdict:
        """The verdict on a photo's only reference: somebody said that it is faultless."""
        judgement = judge_by_pixels(0.0).hardly()
        return self._unseen(photo, judgement, doubt, words.itself())

    def _unseen(self, photo: Photo, judgement: Judgement, doubt: bool, why: str) -> Verdict:
        """A verdict for which nothing was compared."""
        verdict = self._verdict(photo, judgement, doubt, (), why)
        return msgspec.structs.replace(verdict, sent=())

    def _by_pixels(self, photo: Photo, comparison: Comparison, doubt: bool) -> Verdict:
        judgement = judge_by_pixels(float(comparison.excess.max(initial=0.0)))
        cells = _cells(comparison.excess)
        findings = tuple(
            Finding(
                type="difference",
                sentence=words.pixel_difference(box, photo.whole, region.peak),
                box=box,
                score=round(region.peak, 3),
            )
            for region in regions(cells, 1.0)[:MOST_DIFFERENCES]
            if region.peak >= SHOWN_EXCESS
            for box in [_on_photo(region, cells, comparison, photo)]
            if box.area > 0
        )
        help_ = words.advice_on_pixels(judgement.decision(doubt))
        return self._verdict(photo, judgement, doubt, findings, help_, comparison.excess.shape)

    def _by_patches(
        self, photo: Photo, look: Look, references: ReferenceSet, why: str, doubt: bool
    ) -> Verdict:
        """A verdict from patches.

        Args:
            why: what puts it in doubt, whatever the score is; then a place is shown only where a
                decision was asked for.
        """
        judgement = look.judgement.in_doubt() if why else look.judgement
        decision = judgement.decision(doubt)
        places = () if why and decision != "defect" else look.places(photo.image.size)
        findings = tuple(
            Finding(
                type="anomaly",
                sentence=words.oddity(box, photo.whole, peak, references),
                box=box,
                score=round(peak, 3),
            )
            for box, peak in places
        )
        said = (why or words.advice(decision, references), words.left_out(references))
        return self._verdict(photo, judgement, doubt, findings, " ".join(filter(None, said)))

    def _verdict(
        self,
        photo: Photo,
        judgement: Judgement,
        doubt: bool,
        findings: tuple[Finding, ...],
        would_help: str,
        compared: tuple[int, ...] | None = None,
    ) -> Verdict:
        decision = judgement.decision(doubt)
        return Verdict(
            decision=decision,
            confidence=round(judgement.confidence, 4),
            findings=() if decision == "normal" else findings,
            score=round(judgement.log_odds, 4),
            would_help=would_help,
            sent=_sent(photo, compared),
            inspector=self.name,
            model=self._model,
        )


def _nothing_seen(photo: Photo, references: ReferenceSet) -> str:
    """Why there is nothing on a photo to be compared, and what to do; empty where there is."""
    reason = fault(photo.image)
    if reason:
        return words.nothing_seen(reason)
    if is_faint(photo.image, [one.contrast for one in references.members]):
        return words.faint()
    if is_empty(covered(photo.image), [one.covered for one in references.members]):
        return words.empty()
    return ""


def _is_itself(photo: Photo, references: ReferenceSet) -> bool:
    """Whether a photo's only reference is that photo: of several, it is left out."""
    return len(references.members) == 1 and references.members[0].pixels == pixels_of(photo.image)


def _cells(excess: Floats) -> Floats:
    """The highest value of each cell of a few pixels; places that nearly touch become one."""
    rows, columns = (-(-edge // _CELL) for edge in excess.shape)
    padded = np.zeros((rows * _CELL, columns * _CELL), np.float32)
    padded[: excess.shape[0], : excess.shape[1]] = excess
    return np.asarray(padded.reshape(rows, _CELL, columns, _CELL).max(axis=(1, 3)))


def _on_photo(region: Region, cells: Floats, comparison: Comparison, photo: Photo) -> Box:
    """A region of the reference's pixels as a box on the photo."""
    side = max(comparison.excess.shape)
    longest = max(photo.image.size)

    def to_photo(x: float, y: float) -> tuple[float, float]:
        across, down = x * cells.shape[1] * _CELL / side, y * cells.shape[0] * _CELL / side
        found = comparison.alignment.to_photo(across, down)
        return found[0] * longest, found[1] * longest

    return box_on_photo(region.box, cells.shape, photo.image.size, to_photo)


def _sent(photo: Photo, compared: tuple[int, ...] | None = None) -> tuple[Sent, ...]:
    if compared is not None:
        return (Sent(crop=photo.whole, width=compared[1], height=compared[0]),)
    sides = [112 * (tiles + 1) for tiles in TILES]
    return tuple(Sent(crop=photo.whole, width=side, height=side) for side in sides)
