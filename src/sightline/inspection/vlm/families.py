"""What differs between families of models: how they count places, what they see, what it costs.

Each family was trained to write boxes in its own way, and answers best, often only, in that way.
Nothing here has been tried against the models themselves; it is what their makers and users write,
as far as they agree (sources in docs/vlm-inspection.md). Where a model's convention is another,
`--vlm-family` overrides what its name suggests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sightline.errors import UsageError
from sightline.inspection.pixels import Limit

Size = tuple[int, int]
Axes = Literal["xyxy", "yxyx"]


@dataclass(frozen=True)
class Family:
    """One family of models.

    Attributes:
        name: what `--vlm-family` calls it.
        names: a regular expression that the model's name contains, in lower case.
        axes: the order of a box's four numbers.
        extent: the numbers that stand for the right and the bottom edge of a picture that was sent
            with so many pixels.
        limit: up to what size the model is shown our pixels and not smaller ones.
        tokens: about how many input tokens a picture of so many pixels costs.
    """

    name: str
    names: str
    axes: Axes
    extent: Callable[[Size], tuple[float, float]]
    limit: Limit
    tokens: Callable[[Size], int]


def family_of(model: str) -> Family:
    """The family that a model's name belongs to; `other` where none is known."""
    said = model.lower()
    return next(family for family in FAMILIES if re.search(family.names, said))


def family_named(name: str) -> Family:
    """A family by its own name.

    Raises:
        UsageError: there is none.
    """
    for family in FAMILIES:
        if family.name == name:
            return family
    known = ", ".join(family.name for family in FAMILIES)
    raise UsageError(f"--vlm-family {name!r} is no family of models. There are: {known}.")


def _thousandths(size: Size) -> tuple[float, float]:
    return 1000.0, 1000.0


def _shares(size: Size) -> tuple[float, float]:
    return 1.0, 1.0


def _pixels(size: Size) -> tuple[float, float]:
    return float(size[0]), float(size[1])


def _pixels_of_28(size: Size) -> tuple[float, float]:
    """Qwen2.5-VL counts pixels of what it sees: sides rounded to multiples of 28."""
    return tuple(max(28.0, round(side / 28) * 28.0) for side in size)  # type: ignore[return-value]


def _patches(size: Size, side: int) -> int:
    return math.ceil(size[0] / side) * math.ceil(size[1] / side)


def _gpt_tokens(size: Size) -> int:
    """Patches of 32 pixels at 1.2 tokens; the older count (85 + 170 a tile of 512) is near it."""
    return math.ceil(1.2 * _patches(size, 32))


def _gemini_tokens(size: Size) -> int:
    """Gemini 3: about the same for every size. Gemini 2 asks 258 a tile, which is less."""
    return 1100


def _patches_of_28(size: Size) -> int:
    return _patches(size, 28)


def _patches_of_32(size: Size) -> int:
    return _patches(size, 32)


_MEGAPIXEL = Limit(side=2048, pixels=1_048_576, least=448)

FAMILIES = (
    # Within 1568 pixels and 1.15 megapixels no Claude model scales a picture down, so the pixels
    # that it counts are those that were sent.
    Family("claude", r"claude", "xyxy", _pixels, Limit(1568, 1_150_000, 448), _patches_of_28),
    Family("gemini", r"gemini|gemma", "yxyx", _thousandths, _MEGAPIXEL, _gemini_tokens),
    Family("qwen2.5-vl", r"qwen-?2[._]5", "xyxy", _pixels_of_28, _MEGAPIXEL, _patches_of_28),
    Family("qwen2-vl", r"qwen-?2", "xyxy", _thousandths, _MEGAPIXEL, _patches_of_28),
    Family("qwen3-vl", r"qwen", "xyxy", _thousandths, _MEGAPIXEL, _patches_of_32),
    # Older ones shrink the short side to 768, which would move the pixels that they count.
    Family("gpt", r"gpt-?[4-9]|chatgpt|\bo[134]\b", "xyxy", _pixels, Limit(2000, 589_824, 448),
           _gpt_tokens),
    Family("shares", r"moondream", "xyxy", _shares, _MEGAPIXEL, _patches_of_28),
    Family("other", r"", "xyxy", _thousandths, _MEGAPIXEL, _patches_of_28),
)  # fmt: skip
