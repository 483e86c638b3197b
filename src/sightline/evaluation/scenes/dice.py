"""Chance that falls the same way on every machine and with every version of Python and numpy.

Only `random()` and seeding by a string are used: of all generators at hand these alone are promised
never to change (https://docs.python.org/3/library/random.html#notes-on-reproducibility).
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")


class Dice:
    """A stream of chances named by its key; dice of other keys don't disturb it."""

    def __init__(self, *key: str | int) -> None:
        self._random = Random("/".join(map(str, key)))

    def uniform(self, low: float, high: float) -> float:
        """A number from low to high."""
        return low + (high - low) * self._random.random()

    def around(self, spread: float) -> float:
        """A number between -spread and spread."""
        return self.uniform(-spread, spread)

    def below(self, count: int) -> int:
        """A whole number from 0 to count - 1."""
        return int(self._random.random() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def flip(self) -> bool:
        """Heads or tails."""
        return self._random.random() < 0.5

    def pick(self, among: Sequence[T]) -> T:
        """One of them."""
        return among[self.below(len(among))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """All of them in another order (Fisher-Yates)."""
        order = list(values)
        for at in range(len(order) - 1, 0, -1):
            other = self.below(at + 1)
            order[at], order[other] = order[other], order[at]
        return order

    def some(self, values: Sequence[T], count: int) -> list[T]:
        """So many different ones."""
        return self.shuffled(values)[:count]

    def grid(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """Numbers from 0 to 1, float64 (rows, columns)."""
        values = [self._random.random() for _ in range(rows * columns)]
        return np.array(values).reshape(rows, columns)
