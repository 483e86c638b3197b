"""Colours that nobody mistakes for one another, and the tones that objects are painted with."""

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Tones:
    """One colour as it is used on an object."""

    base: RGB
    dark: RGB
    light: RGB
    contrast: RGB
    """What stripes and dots are drawn in."""


_WHITE, _BLACK = (248, 248, 246), (26, 26, 28)

COLOURS = {
    "red": Tones((214, 30, 36), (140, 14, 20), (244, 120, 118), _WHITE),
    "orange": Tones((247, 128, 16), (176, 84, 6), (255, 190, 120), _BLACK),
    "yellow": Tones((250, 214, 24), (184, 146, 4), (255, 240, 150), _BLACK),
    "green": Tones((34, 150, 60), (16, 92, 36), (124, 208, 140), _WHITE),
    "blue": Tones((34, 84, 214), (16, 44, 136), (128, 168, 250), _WHITE),
    "purple": Tones((122, 44, 168), (74, 20, 108), (190, 136, 222), _WHITE),
    "pink": Tones((250, 142, 188), (200, 78, 134), (255, 204, 226), _BLACK),
    "black": Tones(_BLACK, (72, 72, 78), (120, 120, 126), _WHITE),
    "white": Tones(_WHITE, (176, 178, 184), (255, 255, 255), _BLACK),
}
ALIKE = (
    frozenset({"red", "orange"}),
    frozenset({"red", "pink"}),
    frozenset({"purple", "pink"}),
    frozenset({"purple", "blue"}),
    frozenset({"orange", "yellow"}),
)
"""Pairs that differ, but not at a glance: no picture asks to tell them apart."""

NEUTRALS: dict[str, RGB] = {
    "ink": (38, 38, 44),
    "paper": (244, 242, 234),
    "wood": (124, 82, 48),
    "leaf": (70, 140, 62),
    "glass": (190, 220, 236),
    "metal": (150, 154, 160),
}
"""Parts that have their own colour whatever the object's: trunks, wheels, windows."""


def differ(first: str, second: str) -> bool:
    """Whether anybody tells these colours apart at a glance."""
    return first != second and frozenset({first, second}) not in ALIKE


def brightness(colour: RGB) -> float:
    """Rec. 601 luma, 0 to 255."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """A colour with a share of another in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue
