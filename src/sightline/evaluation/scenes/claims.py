"""What may be said of a picture: in words, and whether it is true.

Captions, foils and gold queries are all claims, so a caption can't say anything but what is graded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal

import msgspec

from sightline.evaluation.scenes.truth import Seen, Truth

Relation = Literal[
    "to the left of",
    "to the right of",
    "above",
    "below",
    "in front of",
    "behind",
    "bigger than",
    "smaller than",
]
REVERSED: dict[Relation, Relation] = {
    "to the right of": "to the left of",
    "below": "above",
    "behind": "in front of",
    "smaller than": "bigger than",
}
"""What is true the other way round: if a is below b, then b is above a."""

Pose = Literal[
    "upright",
    "upside-down",
    "lying on its side",
    "pointing up",
    "pointing right",
    "pointing down",
    "pointing left",
]
TURNS: dict[Pose, tuple[int, ...]] = {
    "upright": (0,),
    "upside-down": (180,),
    "lying on its side": (90, 270),
    "pointing up": (0,),
    "pointing right": (90,),
    "pointing down": (180,),
    "pointing left": (270,),
}
"""Degrees with the clock that a pose stands for."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
TINY = 0.10
"""The greatest extent of what is called very small, as a share of the picture's side."""

_PLURALS = {"fish": "fish", "cross": "crosses"}
_BEFORE_THE_NAME = ("upright", "upside-down")
_TURN_TOLERANCE = 25.0  # degrees
_CLEAR_GAP, _ANY_GAP = 0.12, 0.04  # between two middles, as shares of the side
_CLEAR_RATIO, _ANY_RATIO = 1.6, 1.15  # of extents


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An object as words have it; what is None is left open."""

    shape: str
    colour: str | None = None
    texture: str | None = None
    pose: Pose | None = None
    tiny: bool = False

    @property
    def words(self) -> str:
        """Without an article: `red circle`."""
        return self._described(self.shape)

    @property
    def plural(self) -> str:
        """More than one: `red circles`."""
        return self._described(_PLURALS.get(self.shape, f"{self.shape}s"))

    def _described(self, name: str) -> str:
        before = self.pose if self.pose in _BEFORE_THE_NAME else None
        after = None if before else self.pose
        size = "very small" if self.tiny else None
        return " ".join(filter(None, (size, before, self.texture, self.colour, name, after)))

    def fits(self, seen: Seen, side: int) -> bool:
        """Whether an object on a picture with this side is such a thing."""
        return (
            self.shape == seen.shape
            and self.colour in (None, seen.colour)
            and self.texture in (None, seen.texture)
            and (self.pose is None or _is_turned(seen.turn, TURNS[self.pose]))
            and (not self.tiny or seen.extent <= TINY * side)
        )


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is true of a picture or isn't.

    Attributes:
        things: different objects that are all there.
        relation: how the first thing stands to the second.
        count: of the one thing there are exactly so many.
        absent: there is no such thing.
        says: a sign has this word on it.
        crowd: for the words only: there is much else.
    """

    things: tuple[Thing, ...] = ()
    relation: Relation | None = None
    count: int | None = None
    absent: Thing | None = None
    says: str | None = None
    crowd: bool = False

    @property
    def words(self) -> str:
        """The claim as a caption."""
        if self.says is not None:
            return f"a sign that says {self.says}"
        if self.count is not None:
            (thing,) = self.things
            return f"{NUMBERS[self.count]} {thing.words if self.count == 1 else thing.plural}"
        text = self._things_in_words()
        if self.absent is not None:
            text += f" and no {self.absent.words}"
        return f"{text} among many other things" if self.crowd else text

    def grade(self, truth: Truth) -> int:
        """2: true. 1: so near the edge that two people could disagree. 0: not true."""
        if self.says is not None:
            return 2 if truth.sign is not None and truth.sign.word == self.says else 0
        if self.absent is not None and _fitting(self.absent, truth):
            return 0
        if self.count is not None:
            return 2 if len(_fitting(self.things[0], truth)) == self.count else 0
        return max((self._grade_relation(found, truth) for found in self._found(truth)), default=0)

    def _things_in_words(self) -> str:
        if self.relation in ("bigger than", "smaller than"):
            sizes = ("big", "little") if self.relation == "bigger than" else ("little", "big")
            sized = zip(sizes, self.things, strict=True)
            return " and ".join(f"a {size} {thing.words}" for size, thing in sized)
        joint = self.relation or "and"
        return f" {joint} ".join(with_article(thing.words) for thing in self.things)

    def _found(self, truth: Truth) -> Iterator[tuple[Seen, ...]]:
        """Every choice of different objects for the things."""
        for found in product(*(_fitting(thing, truth) for thing in self.things)):
            if len({seen.number for seen in found}) == len(found):
                yield found

    def _grade_relation(self, found: tuple[Seen, ...], truth: Truth) -> int:
        return 2 if self.relation is None else _grade(self.relation, *found, side=truth.side)


def with_article(words: str) -> str:
    """`a red cup`, `an umbrella`."""
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _fitting(thing: Thing, truth: Truth) -> list[Seen]:
    return [seen for seen in truth.objects if thing.fits(seen, truth.side)]


def _is_turned(angle: float, wanted: tuple[int, ...]) -> bool:
    return any(abs((angle - one + 180) % 360 - 180) <= _TURN_TOLERANCE for one in wanted)


def _grade(relation: Relation, first: Seen, second: Seen, *, side: int) -> int:
    if relation in REVERSED:
        return _grade(REVERSED[relation], second, first, side=side)
    if relation == "in front of":
        return 2 if first.number in second.covered_by else 0
    if relation == "bigger than":
        ratio = first.extent / second.extent
        return 2 if ratio >= _CLEAR_RATIO else 1 if ratio >= _ANY_RATIO else 0
    (x, y), (other_x, other_y) = first.box.centre, second.box.centre
    along, across = (other_x - x) / side, abs(other_y - y) / side
    if relation == "above":
        along, across = (other_y - y) / side, abs(other_x - x) / side
    # Beyond 45 degrees both "above" and "to the left of" have a point.
    if along >= _CLEAR_GAP and across < along:
        return 2
    return 1 if along >= _ANY_GAP else 0
