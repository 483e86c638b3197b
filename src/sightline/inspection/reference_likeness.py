"""Whether references resemble each other enough to say what normal is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

ANOTHER_PRODUCT = 0.45
"""Cosine below which a photo shows something else than the references. Of the selection photos,
pieces of one product have .74 and more, however broken, and those of another product .35 and less;
beside supermarket photos and Caltech-101, 99 of a hundred have .53 and less."""
FOREIGN = 1.0
"""How far a patch is from the most similar patch of references that show nothing of its kind: the
median over photos of one product beside eight of another (selection photos, grocery/train and
caltech101) is .99, 90 of a hundred have .84 to 1.10. Defects of the selection photos have up to
1.0."""
TELLING = 2.5
"""Standard deviations by which something foreign must stand out among references, or they don't say
what normal is. Among photos of one product taken in one way (selection photos) it stands out by 3.0
and more; 95 of a hundred sets of supermarket photos of one kind, of Caltech-101 photos of one kind
or of several kinds have 2.5 and less (benchmarks/inspection_reference_likeness.py)."""


def strangers(vectors: Sequence[Floats]) -> list[int]:
    """Which references show something else than most of the others: their places in the sequence.

    Half of the others or more are as unlike as photos of another product. Where there is no most,
    that may be all of them.

    Args:
        vectors: float32 (d,) each, of unit length; the whole photos.
    """
    if len(vectors) < 2:
        return []
    cosines = np.stack(vectors) @ np.stack(vectors).T
    return [
        at
        for at, of_one in enumerate(cosines)
        if float(np.median(np.delete(of_one, at))) < ANOTHER_PRODUCT
    ]
