"""What an adapter learns from: the vectors of a few labelled photos."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shots:
    """Labelled photos as arrays.

    Attributes:
        views: float32 (n, v, d), unit rows; view 0 is the photo as a library sees it.
        classes: int64 (n,), each photo's class. Every class from 0 to `count` - 1 has a photo.
        count: number of classes.
    """

    views: Vectors
    classes: Classes
    count: int

    @property
    def photos(self) -> Vectors:
        """The photos' own vectors, float32 (n, d)."""
        return self.views[:, 0]

    @property
    def keys(self) -> Vectors:
        """The mean direction of each photo's views, float32 (n, d), unit rows."""
        return unit(self.views.mean(axis=1))

    @property
    def sizes(self) -> Classes:
        """Photos in each class, int64 (count,)."""
        return np.bincount(self.classes, minlength=self.count)

    def part(self, mask: npt.NDArray[np.bool_]) -> "Shots":
        """Only these photos; `mask` is bool (n,)."""
        return Shots(self.views[mask], self.classes[mask], self.count)


def unit(rows: Vectors) -> Vectors:
    """Rows scaled to length one; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def class_means(rows: Vectors, classes: Classes, count: int) -> Vectors:
    """The mean row of each class, float32 (count, d)."""
    sums = np.zeros((count, rows.shape[1]), dtype=np.float32)
    np.add.at(sums, classes, rows)
    sizes = np.bincount(classes, minlength=count)
    return np.asarray(sums / np.maximum(sizes, 1)[:, None], dtype=np.float32)
