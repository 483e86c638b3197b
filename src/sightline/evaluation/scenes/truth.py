"""What is on a generated picture: known exactly, because we drew it."""

import msgspec

from sightline.inspection.verdict import Box


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One object as it was drawn.

    Attributes:
        number: place in the order of drawing; later ones lie in front.
        turn: degrees with the clock from upright.
        box: of the whole object, the hidden part included.
        visible: share of its area that nothing hides.
        covered_by: numbers of the objects that hide a noticeable part of it.
    """

    number: int
    shape: str
    colour: str
    texture: str
    turn: float
    box: Box
    visible: float
    covered_by: tuple[int, ...] = ()

    @property
    def extent(self) -> float:
        """The longer side of its box, in pixels."""
        return max(self.box.width, self.box.height)


class SeenSign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A board with a word on it."""

    word: str
    font: str
    turn: float
    box: Box


class Truth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole picture; `side` in pixels."""

    side: int
    background: str
    objects: tuple[Seen, ...] = ()
    sign: SeenSign | None = None
