"""One photo's patches against a reference set: how odd each place is, and what that means."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.inspection.reference_alignment import Alignment
from sightline.inspection.reference_boxes import box_on_photo, regions
from sightline.inspection.reference_map import Floats, nearness, score_of, where_product_is
from sightline.inspection.reference_pose import Pose, straightened
from sightline.inspection.reference_set import References, ReferenceSet
from sightline.inspection.reference_threshold import Judgement, even_beside_copies
from sightline.inspection.verdict import Box

MOST_PLACES = 5
_PEAK_SHARE = 0.6
"""Share of the highest oddness from which a place belongs to a box."""
_ALL_OVER = 0.5
"""Share of the product. Of the selection photos' defects beside one reference, the largest covers
.38; two supermarket or Caltech photos of one kind that seem defective differ in .3 to 1.0, most in
.6 and more."""


@dataclass(frozen=True, eq=False)
class Look:
    """What patches say of a photo.

    Attributes:
        oddness: float32 (side, side), the anomaly map, over the whole picture that was looked at.
        least: oddness from which a place gets a box.
        all_over: whether most of the product is odd beside one or two references: these are then
            two different pictures, and no place is odder than the rest.
        laid: the size of the reference that the photo was laid on, and how; None where it was
            looked at as it lies.
    """

    oddness: Floats
    judgement: Judgement
    least: float
    all_over: bool = False
    laid: tuple[tuple[int, int], Alignment] | None = None

    def places(self, size: tuple[int, int]) -> list[tuple[Box, float]]:
        """Boxes on the photo, of this size in pixels, with the oddness of each; highest first."""
        found = [
            (self._on_photo(region.box, size), region.peak)
            for region in regions(self.oddness, self.least)
        ]
        return [(box, peak) for box, peak in found if box.area > 0][:MOST_PLACES]

    def _on_photo(self, cells: tuple[int, int, int, int], size: tuple[int, int]) -> Box:
        if self.laid is None:
            return box_on_photo(cells, self.oddness.shape, size)
        (width, height), alignment = self.laid

        def to_photo(x: float, y: float) -> tuple[float, float]:
            side = max(width, height)
            found = alignment.to_photo(x * width / side, y * height / side)
            return found[0] * max(size), found[1] * max(size)

        return box_on_photo(cells, self.oddness.shape, size, to_photo)


def look_at(photo: Image.Image, pose: Pose, known: References, references: ReferenceSet) -> Look:
    """Look at a photo as it lies; and where that seems odd, in the pose of a reference, too.

    Args:
        pose: the reference that it fits best.
    """
    as_it_lies = _look(photo, known, references, None)
    if as_it_lies.judgement.decision(doubt=True) == "normal":
        return as_it_lies
    straight = straightened(photo, pose, as_it_lies.oddness.shape[0])
    if straight is None:
        return as_it_lies
    laid = _look(straight.image, known, references, straight.shown)
    if laid.judgement.log_odds >= as_it_lies.judgement.log_odds:
        return as_it_lies
    return replace(laid, laid=(straight.image.size, straight.alignment))


def _look(
    image: Image.Image,
    known: References,
    references: ReferenceSet,
    shown: npt.NDArray[np.bool_] | None,
) -> Look:
    features = known.photos.features(image)
    members = [one.features for one in references.members]
    distances = np.min([nearness(features, one).distances for one in members], axis=0)
    where = where_product_is(features, members)
    if shown is not None:
        where &= shown
    oddness = references.variation.oddness(distances, where)
    judgement = references.judge(score_of(oddness))
    usual = float(np.median(references.scores))
    least = max(_PEAK_SHARE * float(oddness.max()), usual)
    return Look(oddness, judgement, least, _is_all_over(oddness[where], references))


def _is_all_over(oddness: Floats, references: ReferenceSet) -> bool:
    if references.compared or not oddness.size:
        return False
    even = even_beside_copies(float(references.scores.mean()))
    return float((oddness > even).mean()) > _ALL_OVER
