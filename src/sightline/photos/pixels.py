"""An image of any mode, size and orientation → upright 8-bit RGB of one size.

Everything goes through a single resize. Its source box is worked out on the upright photo and
carried back to the pixels as they are stored; turning comes last, on the small result.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from PIL import Image

Number = TypeVar("Number", int, float)
Size = tuple[int, int]  # width, height in pixels
Extent = tuple[float, float]  # the same, where a scaled decode left a fraction of a pixel
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels

RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# From pixels as stored to the upright photo (EXIF 2.32, section 4.6.5.1).
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The way back for a point: swap its coordinates? then mirror x? then mirror y?
_TURN_BACK = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}

_DEPTHS = tuple(2.0**bits - 1 for bits in (8, 10, 12, 14, 16))
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF 6.0, section 8


@dataclass(frozen=True)
class PixelRecipe:
    """How a photo of any shape becomes a model's square input.

    Attributes:
        size: side of the square, in pixels.
        fit: "squash" stretches the whole photo; "crop" scales its short side and keeps the centre;
            "crop_floor" is the same where half a pixel is rounded down, as transformers does;
            "pad" scales its long side and fills up with black on both sides.
        resample: the filter of the one resize.
    """

    size: int
    fit: Literal["squash", "crop", "crop_floor", "pad"]
    resample: Literal["bilinear", "bicubic", "lanczos"]


def turned(size: tuple[Number, Number], orientation: int) -> tuple[Number, Number]:
    """Width and height after a photo stored in this orientation is turned upright, or back."""
    return (size[1], size[0]) if orientation >= 5 else size


def filterable(image: Image.Image) -> Image.Image:
    """A loaded image in a mode whose values can be averaged, transparency as an alpha channel.

    Raises:
        ValueError: its palette or transparency makes no sense.
    """
    if image.im.mode != image.mode:  # Pillow loses track of some palettes
        raise ValueError("the palette makes no sense")
    deep = image.mode == "F" or image.mode.startswith("I")
    if image.has_transparency_data and not deep:
        clear = image if image.mode == "RGBA" else image.convert("RGBA")
        nothing_to_see = clear.getchannel("A").getextrema() == (0, 0)  # an unused channel
        return clear.convert("RGB") if nothing_to_see else clear
    if image.mode in ("1", "P"):
        return image.convert("L" if image.mode == "1" else "RGB")
    return image


def square(
    image: Image.Image, recipe: PixelRecipe, orientation: int = 1, extent: Extent | None = None
) -> Image.Image:
    """The upright RGB square that `recipe` asks for.

    Args:
        image: a loaded image, made `filterable`.
        orientation: how its pixels lie, 1–8.
        extent: how much of `image` is photo, where a scaled decode padded the last row or column.
    """
    size = (recipe.size, recipe.size)
    if recipe.fit == "pad":
        return _letterboxed(image, size, RESAMPLING[recipe.resample], orientation, extent)
    box = _square_box(turned(extent or image.size, orientation), recipe)
    return _upright(image, box, size, RESAMPLING[recipe.resample], orientation, extent)


def _letterboxed(
    image: Image.Image,
    size: Size,
    resample: Image.Resampling,
    orientation: int,
    extent: Extent | None,
) -> Image.Image:
    """The whole upright photo in the middle of a black square."""
    width, height = turned(extent or image.size, orientation)
    ratio = size[0] / max(width, height)
    inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    small = _upright(image, (0.0, 0.0, width, height), inner, resample, orientation, extent)
    canvas = Image.new("RGB", size)
    canvas.paste(small, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


def fitted(
    image: Image.Image, side: int, orientation: int = 1, extent: Extent | None = None
) -> Image.Image:
    """The whole upright photo in RGB, no side longer than `side`, never enlarged."""
    width, height = turned(extent or image.size, orientation)
    ratio = min(1.0, side / max(width, height))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    box = (0.0, 0.0, width, height)
    return _upright(image, box, size, Image.Resampling.BICUBIC, orientation, extent)


def _square_box(extent: Extent, recipe: PixelRecipe) -> Box:
    """The part of an upright photo that fills the square.

    For "crop" the very pixels that "resize the short side to `size`, rounding the long side down,
    then cut `size` × `size` from the centre" (torchvision's `Resize` and `CenterCrop`, with which
    the published encoders were trained) would have used. "crop_floor" is transformers'
    `center_crop`: a pixel further to the left where three are left over of four.
    """
    width, height = extent
    if recipe.fit == "squash":
        return 0.0, 0.0, width, height
    short = min(width, height)
    scaled_width = int(recipe.size * width / short)
    scaled_height = int(recipe.size * height / short)
    half = math.floor if recipe.fit == "crop_floor" else round
    left = half((scaled_width - recipe.size) / 2)
    top = half((scaled_height - recipe.size) / 2)
    across, down = width / scaled_width, height / scaled_height
    right, bottom = (left + recipe.size) * across, (top + recipe.size) * down
    return left * across, top * down, min(right, width), min(bottom, height)


def _upright(
    image: Image.Image,
    box: Box,
    size: Size,
    resample: Image.Resampling,
    orientation: int,
    extent: Extent | None,
) -> Image.Image:
    """Resize `box` of the upright photo to `size`, reading the pixels as they are stored."""
    stored_box = _as_stored(box, extent or image.size, orientation)
    small = _resize_rgb(image, turned(size, orientation), stored_box, resample)
    return small.transpose(_TURN[orientation]) if orientation in _TURN else small


def _as_stored(box: Box, extent: Extent, orientation: int) -> Box:
    """A box of the upright photo in the coordinates of its stored pixels."""
    swap, mirror_x, mirror_y = _TURN_BACK[orientation]
    left, top, right, bottom = box
    if swap:
        left, top, right, bottom = top, left, bottom, right
    if mirror_x:
        left, right = extent[0] - right, extent[0] - left
    if mirror_y:
        top, bottom = extent[1] - bottom, extent[1] - top
    return max(0.0, left), max(0.0, top), right, bottom


def _resize_rgb(
    image: Image.Image, size: Size, box: Box, resample: Image.Resampling
) -> Image.Image:
    """`box` of a `filterable` image as RGB, transparent parts over white."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _resize_deep_grey(image, size, box, resample)
    small = image.resize(size, resample, box)  # weights colours by their alpha
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", size, "white"), small)
    return small if small.mode == "RGB" else small.convert("RGB")


def _resize_deep_grey(
    image: Image.Image, size: Size, box: Box, resample: Image.Resampling
) -> Image.Image:
    """Grey of 16 or 32 bits a pixel → RGB of 8, by range rather than by cutting values off."""
    levels = np.asarray(image)
    black, white = _range(levels)
    see_through = image.info.get("transparency")  # a 16-bit PNG may name one level
    if isinstance(see_through, int):
        levels = np.where(levels == see_through, levels.dtype.type(white), levels)
    if isinstance(see_through, int) or not levels.dtype.isnative:
        # Pillow would filter the bytes of big-endian levels as if they were little-endian.
        image_to_resize = Image.fromarray(levels.astype(levels.dtype.newbyteorder("=")))
    else:
        image_to_resize = image
    small = np.asarray(image_to_resize.resize(size, resample, box), dtype=np.float64)
    grey = (small - black) * (255 / ((white - black) or 1.0))
    grey = np.nan_to_num(grey).clip(0, 255).round().astype(np.uint8)
    if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    return Image.fromarray(grey).convert("RGB")


def _range(levels: np.ndarray[Any, np.dtype[Any]]) -> tuple[float, float]:
    """The levels that stand for black and for white.

    No format says reliably how much of its depth is used: a microscope's 12 bits come in 16, a
    map's heights as floats. So white is the largest level of the smallest usual depth that holds
    all levels, and where none does, or some are negative, the levels' own range counts.
    """
    known = levels[np.isfinite(levels)] if levels.dtype.kind == "f" else levels
    if known.size == 0:
        return 0.0, 1.0
    lowest, highest = float(known.min()), float(known.max())
    for white in (1.0, *_DEPTHS) if levels.dtype.kind == "f" else _DEPTHS:
        if lowest >= 0 and highest <= white:
            return 0.0, white
    return lowest, highest
