"""What a model says of a place → pixels of the photo. The only place where boxes are converted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sightline.inspection.verdict import Box, Sent
from sightline.inspection.vlm.families import Family

# A box that lies further out than this share of the picture's side is no rounding error.
_ROUNDING = 0.002


@dataclass(frozen=True)
class Placed:
    """A box in pixels of the photo, or none, and what had to be done to it."""

    box: Box | None
    note: str = ""


def place(raw: tuple[float, ...], family: Family, sent: Sent) -> Placed:
    """A model's four numbers as a box in pixels of the upright photo at full size.

    A corner order turned round is put right. What lies outside the picture that was shown is cut
    off; where nothing or no number is left, there is no box. Both are said in `note`.

    Args:
        raw: as the model gave them.
        family: how the model counts.
        sent: the picture that it was shown.
    """
    if len(raw) != 4 or not all(math.isfinite(number) for number in raw):
        return Placed(None, "the model's box was no box and was dropped")
    first, second, third, fourth = raw
    across, down = family.extent((sent.width, sent.height))
    xs, ys = ((first, third), (second, fourth))
    if family.axes == "yxyx":
        xs, ys = ys, xs
    left, right = sorted(x / across for x in xs)
    top, bottom = sorted(y / down for y in ys)
    inside = [min(1.0, max(0.0, edge)) for edge in (left, top, right, bottom)]
    crop = sent.crop
    box = Box(
        crop.left + inside[0] * crop.width,
        crop.top + inside[1] * crop.height,
        crop.left + inside[2] * crop.width,
        crop.top + inside[3] * crop.height,
    )
    if box.area <= 0:
        return Placed(None, "the model's box lay outside the picture or was empty, and was dropped")
    out = max(-left, -top, right - 1, bottom - 1)
    return Placed(box, "the model's box reached outside the picture and was cut off"
                  if out > _ROUNDING else "")  # fmt: skip


def unplace(box: Box, family: Family, sent: Sent) -> tuple[float, float, float, float]:
    """The numbers by which a model of this family would name a box: the way back of `place`."""
    across, down = family.extent((sent.width, sent.height))
    crop = sent.crop
    left, right = ((x - crop.left) / crop.width * across for x in (box.left, box.right))
    top, bottom = ((y - crop.top) / crop.height * down for y in (box.top, box.bottom))
    return (left, top, right, bottom) if family.axes == "xyxy" else (top, left, bottom, right)


def convention(family: Family, sent: Sent) -> str:
    """How a model is asked to write a box, for the prompt."""
    across, down = family.extent((sent.width, sent.height))
    order = "[left, top, right, bottom]" if family.axes == "xyxy" else "[top, left, bottom, right]"
    return (
        f"{order}, with x from 0 at the left edge to {across:g} at the right edge and y from 0 at "
        f"the top edge to {down:g} at the bottom edge"
    )
