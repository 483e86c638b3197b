"""What lies behind the objects: muted, so that no colour of an object is in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.evaluation.scenes.dice import Dice

KINDS = ("plain", "gradient", "clouds", "paper", "wood", "room", "field", "blur")

Pixels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Background:
    """A background by its kind, its middle brightness (0-255), a slight tint and a seed."""

    kind: str
    brightness: float
    tint: tuple[float, float, float]
    seed: str


def paint_background(background: Background, side: int) -> Image.Image:
    """An RGB picture of `side` × `side` pixels."""
    dice = Dice(background.seed)
    light = background.brightness * _PAINTERS[background.kind](dice, side)
    tint = np.asarray(background.tint)
    if background.kind == "field":  # a pale sky over dull grass
        sky, grass = np.array([0.94, 1.0, 1.08]), np.array([0.98, 1.02, 0.86])
        above = (np.arange(side) < 0.55 * side)[:, None, None]
        tint = np.where(above, sky, grass)
    return Image.fromarray(np.clip(light[..., None] * tint, 0, 255).astype(np.uint8))


def _plain(dice: Dice, side: int) -> Pixels:
    return np.ones((side, side))


def _gradient(dice: Dice, side: int) -> Pixels:
    angle = dice.uniform(0, 2 * pi)
    line = np.linspace(-1, 1, side)
    slope = line[None, :] * cos(angle) + line[:, None] * sin(angle)
    return 1 + 0.16 * slope


def _clouds(dice: Dice, side: int) -> Pixels:
    """Smooth noise of several sizes, each half as strong as the one before it."""
    light = np.ones((side, side))
    for cells, strength in ((3, 0.28), (6, 0.16), (12, 0.08), (24, 0.04)):
        light += strength * (_smooth(dice.grid(cells, cells), side) - 0.5)
    return light


def _paper(dice: Dice, side: int) -> Pixels:
    fine = _smooth(dice.grid(90, 90), side)
    return _gradient(dice, side) + 0.1 * (fine - 0.5)


def _wood(dice: Dice, side: int) -> Pixels:
    """Boards across, with grain along them."""
    grain = _smooth(dice.grid(60, 3), side)
    boards = 1 + 0.08 * (dice.grid(5, 1) - 0.5)
    row = np.arange(side) * 5 // side
    seam = np.where((np.arange(side) * 5 % side) < 0.02 * side, 0.86, 1.0)
    return (boards[row] * seam[:, None]) * (1 + 0.14 * (grain - 0.5))


def _room(dice: Dice, side: int) -> Pixels:
    """A wall, and a floor that is darker."""
    edge = dice.uniform(0.6, 0.72)
    line = np.linspace(0, 1, side)
    wall = np.where(line < edge, 1.03 - 0.1 * line, 0.82 + 0.12 * (line - edge))
    return np.repeat(wall[:, None], side, axis=1)


def _field(dice: Dice, side: int) -> Pixels:
    light = _clouds(dice, side)
    blades = _smooth(dice.grid(80, 60), side)
    line = np.arange(side)[:, None] / side
    return np.where(line < 0.55, 1.06 + 0.35 * (light - 1), 0.86 + 0.16 * (blades - 0.5))


def _blur(dice: Dice, side: int) -> Pixels:
    """Like what is out of a camera's focus: soft discs of light, darker corners."""
    line = np.linspace(-1, 1, side)
    light = np.ones((side, side))
    for _ in range(14):
        x, y, radius = dice.around(1), dice.around(1), dice.uniform(0.08, 0.3)
        distance = np.sqrt((line[None, :] - x) ** 2 + (line[:, None] - y) ** 2)
        light += dice.around(0.1) * np.clip((radius - distance) / 0.05, 0, 1)
    corner = line[None, :] ** 2 + line[:, None] ** 2
    return light - 0.09 * corner


def _smooth(grid: Pixels, side: int) -> Pixels:
    """A coarse grid made as large as the picture."""
    small = Image.fromarray((grid * 255).astype(np.uint8))
    large = small.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(large) / 255


_PAINTERS = {
    "plain": _plain,
    "gradient": _gradient,
    "clouds": _clouds,
    "paper": _paper,
    "wood": _wood,
    "room": _room,
    "field": _field,
    "blur": _blur,
}
