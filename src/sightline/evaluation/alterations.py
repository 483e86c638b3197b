"""Photos as life alters them: turned, grey, blurred, dark, cut, compressed too far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    Alter = Callable[[Image.Image], Image.Image]

_ORIENTATION = 274  # EXIF's tag
_TURNED_RIGHT = 6  # "turn me 90 degrees clockwise to see me upright"


@dataclass(frozen=True)
class Alteration:
    """One way to alter a picture; `blur` is in pixels of a picture 224 pixels wide."""

    name: str
    alter: Alter
    jpeg_quality: int | None = None
    orientation: int | None = None

    def write(self, image: Image.Image, stem: Path) -> Path:
        """Write the altered copy beside `stem`; lossless, unless the alteration is the loss."""
        altered = self.alter(image.convert("RGB"))
        if self.jpeg_quality is not None:
            path = stem.with_suffix(".jpg")
            altered.save(path, quality=self.jpeg_quality)
            return path
        path = stem.with_suffix(".png")
        exif = Image.Exif()
        if self.orientation is not None:
            exif[_ORIENTATION] = self.orientation
        altered.save(path, exif=exif, compress_level=1)
        return path


def _turned(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_90)


def _blurred(radius: float) -> Alter:
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius * image.width / 224))


def _middle(share: float) -> Alter:
    """The middle of the picture, `share` of each side."""

    def cut(image: Image.Image) -> Image.Image:
        x, y = (round(side * (1 - share) / 2) for side in image.size)
        return image.crop((x, y, image.width - x, image.height - y))

    return cut


ALTERATIONS = (
    Alteration("as it is", lambda image: image),
    Alteration("turned, EXIF says how", _turned, orientation=_TURNED_RIGHT),
    Alteration("turned, nothing says so", _turned),
    Alteration("mirrored", ImageOps.mirror),
    Alteration("grey", lambda image: image.convert("L")),
    Alteration("blurred, 2 px of 224", _blurred(2)),
    Alteration("blurred, 4 px of 224", _blurred(4)),
    Alteration(
        "dark, a third of the light", lambda image: ImageEnhance.Brightness(image).enhance(1 / 3)
    ),
    Alteration("cut to the middle half", _middle(0.7)),
    Alteration("JPEG, quality 10", lambda image: image, jpeg_quality=10),
)
