"""The `reference` inspector: what differs from photos of faultless pieces, offline.

Two ways to compare, and the photo decides between them:

* a reference that shows the very same thing, pixel for pixel (a board and its clean twin, a part in
  a fixture): its pixels are compared, and defects of a few pixels are found (`reference_pixels`);
* else patches: is there anything here that the references have nowhere (`reference_map`)?

How well a reference's structure is found again in the photo is measured; nothing knows the product.
The threshold comes from the references alone (`reference_threshold`).
"""

from __future__ import annotations

from time import perf_counter

import msgspec
import numpy as np

from sightline.encoders.dual import DualEncoder
from sightline.inspection.pixels import Photo, open_photo
from sightline.inspection.reference_boxes import Region, box_on_photo, regions
from sightline.inspection.reference_features import TILES
from sightline.inspection.reference_map import Floats
from sightline.inspection.reference_patches import Look, look_at
from sightline.inspection.reference_pixels import Comparison
from sightline.inspection.reference_pose import poses
from sightline.inspection.reference_set import References, ReferenceSet, small_copy
from sightline.inspection.reference_threshold import Judgement, judge_by_pixels
from sightline.inspection.reference_twins import Twins
from sightline.inspection.reference_words import (
    advice,
    advice_on_pixels,
    another_product,
    oddity,
    pixel_difference,
)
from sightline.inspection.verdict import Box, Finding, Sent, Task, Verdict

ANOTHER_PRODUCT = 0.45
"""Cosine below which a photo shows something else than the references. Of the selection photos,
pieces of one product have .53 and more, however broken; those of two products .69 and less, 99 of
a hundred .47 and less."""
MOST_DIFFERENCES = 30
_SHOWN_EXCESS = 1.3
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

    def inspect(self, task: Task) -> Verdict:
        """Compare one photo with `task.references`; `product`, `look_for` and `zoom` are not used.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: there are no references, or one of them can't be used.
            ModelError: the model can't be used.
        """
        started = perf_counter()
        if not task.references:
            self._references.of(())
        photo = open_photo(task.image)
        references = self._references.of(task.references, but=photo.hash)
        verdict = self._compared(photo, references, task.doubt)
        return msgspec.structs.replace(verdict, seconds=round(perf_counter() - started, 4))

    def _compared(self, photo: Photo, references: ReferenceSet, doubt: bool) -> Verdict:
        vector = self._references.vector(photo.image)
        nearest = sorted(references.members, key=lambda one: -float(one.vector @ vector))
        small = small_copy(photo.image)
        found = poses(small, nearest)
        same = self._twins.find(photo.image, small, found, nearest)
        if same is not None:
            return self._by_pixels(photo, same, doubt)
        look = look_at(photo.image, found[0], self._references, references)
        if float(nearest[0].vector @ vector) < ANOTHER_PRODUCT:
            return self._not_the_product(photo, look.judgement)
        return self._by_patches(photo, look, references, doubt)

    def _by_pixels(self, photo: Photo, comparison: Comparison, doubt: bool) -> Verdict:
        judgement = judge_by_pixels(float(comparison.excess.max(initial=0.0)))
        cells = _cells(comparison.excess)
        findings = tuple(
            Finding(
                type="difference",
                sentence=pixel_difference(box, photo.whole, region.peak),
                box=box,
                score=round(region.peak, 3),
            )
            for region in regions(cells, 1.0)[:MOST_DIFFERENCES]
            if region.peak >= _SHOWN_EXCESS
            for box in [_on_photo(region, cells, comparison, photo)]
            if box.area > 0
        )
        return self._verdict(
            photo,
            judgement,
            doubt,
            findings,
            advice_on_pixels(judgement.decision(doubt)),
            comparison.excess.shape,
        )

    def _by_patches(
        self, photo: Photo, look: Look, references: ReferenceSet, doubt: bool
    ) -> Verdict:
        decision = look.judgement.decision(doubt)
        findings = tuple(
            Finding(
                type="anomaly",
                sentence=oddity(box, photo.whole, peak, references),
                box=box,
                score=round(peak, 3),
            )
            for box, peak in look.places(photo.image.size)
        )
        return self._verdict(photo, look.judgement, doubt, findings, advice(decision, references))

    def _not_the_product(self, photo: Photo, judgement: Judgement) -> Verdict:
        return Verdict(
            decision="uncertain",
            confidence=0.5,
            score=round(judgement.log_odds, 4),
            would_help=another_product(),
            sent=_sent(photo),
            inspector=self.name,
            model=self._model,
        )

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
