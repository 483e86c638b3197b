"""Which faultless photos an inspector may see beside a tested one.

* Where the tested photo has a clean *twin* (a shot of the same view of the same board), a copy of
  that one, shifted, dimmed, blurred by JPEG and given noise. The twin itself is tested, too, and
  against its own bytes any inspector would find nothing; defective photos get the same copy, or
  normal ones would differ more from their reference.
* Else normal photos of the product, drawn at random, never of the tested piece. The number is the
  same for every photo of a product: the most that all of them can have.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.errors import EvaluationError
from sightline.evaluation.gold import write_whole
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.inspection.pixels import open_photo
from sightline.photos.read import hash_of

_SHIFT = 2  # pixels
_GAIN = 0.97
_NOISE = 3.0  # standard deviation, of 255
_JPEG = 90
DISTURBANCE = f"shift {_SHIFT}, gain {_GAIN}, noise {_NOISE}, JPEG {_JPEG}"
"""What is done to a twin: part of what decides an answer."""


def drawn_references(
    gold: InspectionGold, photo: GoldPhoto, count: int, seed: int
) -> tuple[GoldPhoto, ...]:
    """At most `count` references of a photo; its twin counts as the one there is.

    Two photos of one seed get draws that don't depend on each other.
    """
    if count == 0:
        return ()
    if photo.twin:
        return (gold.by_id[photo.twin],)
    candidates = _candidates(gold, photo)
    of_product = [other for other in gold.everything if other.product == photo.product]
    fewest = min(len(_candidates(gold, other)) for other in of_product)
    lot = hash_of(f"{seed}/{photo.id}".encode())
    order = np.random.default_rng(int(lot[:16], 16)).permutation(len(candidates))
    return tuple(candidates[at] for at in sorted(order[: min(count, fewest)]))


def reference_path(photo: GoldPhoto, reference: GoldPhoto, folder: Path, made: Path) -> Path:
    """The reference's file; that of a twin is a disturbed copy under `made`.

    Raises:
        PhotoError: the photo can't be read.
        EvaluationError: the copy can't be written.
    """
    if not photo.twin:
        return folder / reference.file
    copy = made / f"{reference.id}-{reference.photo[:8]}-disturbed.jpg"
    if not copy.exists():
        write_whole(copy, _disturbed(open_photo(folder / reference.file).image, reference.photo))
    return copy


def _candidates(gold: InspectionGold, photo: GoldPhoto) -> tuple[GoldPhoto, ...]:
    return tuple(
        other
        for other in gold.everything
        if other.verdict == "normal"
        and other.product == photo.product
        and other.instance != photo.instance
    )


def _disturbed(image: Image.Image, lot: str) -> bytes:
    pixels = np.asarray(image, dtype=np.float32)
    if min(pixels.shape[:2]) <= 2 * _SHIFT:
        raise EvaluationError("A picture of a few pixels can't be compared with itself.")
    shifted = np.pad(pixels, ((_SHIFT, 0), (_SHIFT, 0), (0, 0)), mode="edge")
    shifted = shifted[: pixels.shape[0], : pixels.shape[1]]
    noise = np.random.default_rng(int(lot[:16], 16)).normal(0, _NOISE, pixels.shape)
    disturbed = np.clip(shifted * _GAIN + noise, 0, 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(disturbed).save(stream, "JPEG", quality=_JPEG, subsampling=0)
    return stream.getvalue()
