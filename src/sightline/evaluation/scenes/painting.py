"""One object, painted: a transparent cutting with light, texture and outline."""

from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from sightline.evaluation.scenes.geometry import Point, placed, turned
from sightline.evaluation.scenes.palette import COLOURS, NEUTRALS, RGB, Tones
from sightline.evaluation.scenes.shapes import Paint
from sightline.evaluation.scenes.things import DRAWINGS

_ROOM = 1.4  # half extents: the corners of a turned square, and its outline

TEXTURES = ("plain", "striped", "dotted", "checked")


@dataclass(frozen=True)
class Item:
    """An object to draw: middle and half extent as shares of the picture's side."""

    shape: str
    colour: str
    x: float
    y: float
    reach: float
    turn: float = 0.0
    texture: str = "plain"


@dataclass(frozen=True)
class Look:
    """How everything on a picture is painted.

    Attributes:
        line: width of outlines, as a share of an object's half extent.
        light: how much brighter the lit end is than the far one; 0 is flat.
        light_from: direction to the light, degrees with the clock from the top.
        shadow: share of light that an object's shadow takes from the ground.
    """

    line: float
    light: float
    light_from: float
    shadow: float


@dataclass(frozen=True)
class Cutting:
    """Something painted, and where its upper left corner lies on the picture, in pixels."""

    image: Image.Image
    left: int
    top: int

    @cached_property
    def area(self) -> npt.NDArray[np.bool_]:
        """Which of its pixels show anything, (height, width)."""
        return np.asarray(self.image.getchannel("A")) > 0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom on the picture."""
        return self.left, self.top, self.left + self.image.width, self.top + self.image.height

    def hidden_by(self, other: "Cutting") -> npt.NDArray[np.bool_]:
        """Which of its pixels another one would hide, (height, width)."""
        hidden = np.zeros_like(self.area)
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.box[2], other.box[2]), min(self.box[3], other.box[3])
        if left < right and top < bottom:
            here = np.s_[top - self.top : bottom - self.top, left - self.left : right - self.left]
            there = np.s_[
                top - other.top : bottom - other.top, left - other.left : right - other.left
            ]
            hidden[here] = self.area[here] & other.area[there]
        return hidden


def paint_item(item: Item, look: Look, side: int) -> Cutting:
    """The object alone, for a picture of `side` × `side` pixels."""
    reach = item.reach * side
    tones = COLOURS[item.colour]
    room = round(_ROOM * reach)
    left, top = round(item.x * side) - room, round(item.y * side) - room
    image = Image.new("RGBA", (2 * room, 2 * room))
    pen = ImageDraw.Draw(image)
    width = max(1, round(look.line * reach))
    cloth = None if item.texture == "plain" else _cloth(item.texture, tones, reach, 2 * room)
    for part in DRAWINGS[item.shape]:
        outline = turned(part.outline, item.turn)
        points = placed(outline, item.x * side - left, item.y * side - top, reach)
        if part.paint == "base" and cloth is not None:
            image.paste(cloth, mask=_area(points, 2 * room))
        else:
            pen.polygon(points, _colour(part.paint, tones))
        if part.lined:
            pen.line([*points, points[0], points[1]], (*tones.dark, 255), width, joint="curve")
    box = image.getbbox() or (0, 0, 1, 1)
    return Cutting(_lit(image.crop(box), look), left + box[0], top + box[1])


def _colour(paint: Paint, tones: Tones) -> tuple[int, ...]:
    if paint == "nothing":
        return (0, 0, 0, 0)
    if paint in NEUTRALS:
        return (*NEUTRALS[paint], 255)
    tone: RGB = getattr(tones, paint)
    return (*tone, 255)


def _area(points: list[Point], side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).polygon(points, 255)
    return mask


def _cloth(texture: str, tones: Tones, reach: float, side: int) -> Image.Image:
    """A square of a pattern, as coarse as the object is large."""
    step = max(3, round(0.42 * reach))
    rows, columns = np.mgrid[0:side, 0:side]
    match texture:
        case "striped":
            on = (columns + rows) % step < step // 2
        case "dotted":
            shift = np.where((rows // step) % 2 == 0, 0, step // 2)
            across, down = (columns + shift) % step - step / 2, rows % step - step / 2
            on = across**2 + down**2 < (0.3 * step) ** 2
        case "checked":
            on = (columns // (step // 2) + rows // (step // 2)) % 2 == 0
        case _:
            raise ValueError(f"no texture is called {texture!r}")
    return Image.fromarray(_two_colours(on, tones))


def _two_colours(on: npt.NDArray[np.bool_], tones: Tones) -> npt.NDArray[np.uint8]:
    pixels = np.empty((*on.shape, 4), np.uint8)
    pixels[...] = (*tones.base, 255)
    pixels[on] = (*tones.contrast, 255)
    return pixels


def _lit(image: Image.Image, look: Look) -> Image.Image:
    """Brighter towards the light, darker away from it."""
    if not look.light:
        return image
    pixels = np.asarray(image).astype(np.float32)
    height, width = pixels.shape[:2]
    angle = radians(look.light_from)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    towards = (across * sin(angle) - down * cos(angle)) / 1.4
    pixels[..., :3] *= (1 + look.light * towards - look.light / 4)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
