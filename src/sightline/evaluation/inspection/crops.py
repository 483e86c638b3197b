"""Pictures cut round the gold box, and matched ones from normal photos: seeing or recognising?

An inspector that misses a defect in the whole photo and finds it in the *oracle crop* could not
see it; one that misses it there, too, doesn't recognise it. Normal photos are cut to parts of the
same sizes at random places, so that being shown a crop gives nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np

from sightline.evaluation.gold import write_whole
from sightline.evaluation.inspection.arms import Crop
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.inspection.pixels import open_photo
from sightline.inspection.verdict import Box, Finding, Verdict
from sightline.photos.read import hash_of

_MARGIN = 2.0
"""A crop is a square this many times as long as the longer side of the box."""
_LEAST = 96  # pixels

Sizes = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Cut:
    """A part of a photo, in whole pixels of it."""

    box: Box

    def save(self, source: Path, folder: Path) -> Path:
        """Write the part as a PNG and return its path; one that is there already is kept.

        Raises:
            PhotoError: the photo can't be read.
            EvaluationError: the part can't be written.
        """
        edges = (int(self.box.left), int(self.box.top), int(self.box.right), int(self.box.bottom))
        name = f"{source.stem}-{'-'.join(map(str, edges))}-{hash_of(bytes(source))[:8]}.png"
        path = folder / name
        if not path.exists():
            stream = BytesIO()
            open_photo(source).image.crop(edges).save(stream, "PNG")
            write_whole(path, stream.getvalue())
        return path

    def in_photo(self, verdict: Verdict) -> Verdict:
        """A verdict on the part, with its boxes moved to where they are in the photo."""

        def moved(box: Box) -> Box:
            left, top = self.box.left, self.box.top
            return Box(box.left + left, box.top + top, box.right + left, box.bottom + top)

        def placed(finding: Finding) -> Finding:
            at = None if finding.box is None else moved(finding.box)
            return msgspec.structs.replace(finding, box=at)

        sent = tuple(
            one if one.role == "reference" else msgspec.structs.replace(one, crop=moved(one.crop))
            for one in verdict.sent
        )
        findings = tuple(placed(finding) for finding in verdict.findings)
        return msgspec.structs.replace(verdict, findings=findings, sent=sent)


def cut_of(
    gold: InspectionGold, photo: GoldPhoto, crop: Crop, seed: int, sizes: Sizes
) -> Cut | None:
    """Which part of a photo an arm shows; None for the whole.

    Args:
        sizes: width and height of each photo by its id.
    """
    if crop == "none":
        return None
    width, height = sizes[photo.id]
    rng = np.random.default_rng(int(hash_of(f"{seed}/{photo.id}".encode())[:16], 16))
    if crop == "oracle" and photo.boxes:
        return Cut(_surroundings(max(photo.places, key=lambda box: box.area), width, height))
    sides = _sides(gold, photo.product, sizes)
    side = min(sides[int(rng.integers(len(sides)))], width, height)
    left = int(rng.integers(width - side + 1))
    top = int(rng.integers(height - side + 1))
    return Cut(Box(left, top, left + side, top + side))


def _sides(gold: InspectionGold, product: str, sizes: Sizes) -> list[int]:
    """Sides of the oracle crops of a product; of all products for one without any."""
    boxed = [photo for photo in gold.images if photo.boxes and photo.id in sizes]
    chosen = [photo for photo in boxed if photo.product == product] or boxed
    found = [
        int(_surroundings(max(photo.places, key=lambda box: box.area), *sizes[photo.id]).width)
        for photo in chosen
    ]
    return found or [_LEAST]


def _surroundings(box: Box, width: int, height: int) -> Box:
    """A square round a box, moved into the picture where it reaches out."""
    side = min(max(_LEAST, round(_MARGIN * max(box.width, box.height))), width, height)
    x, y = box.centre
    left = min(max(0, round(x - side / 2)), width - side)
    top = min(max(0, round(y - side / 2)), height - side)
    return Box(left, top, left + side, top + side)
