"""From a plan to pixels, and to the truth about them.

Everything is drawn `FINE` times as large and shrunk once: smooth edges, and areas that are measured
on the very pixels that are seen.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sightline.evaluation.scenes.backgrounds import Background, paint_background
from sightline.evaluation.scenes.lettering import letter
from sightline.evaluation.scenes.painting import Cutting, Item, Look, paint_item
from sightline.evaluation.scenes.palette import COLOURS
from sightline.evaluation.scenes.truth import Seen, SeenSign, Truth
from sightline.inspection.verdict import Box

FINE = 3
_NOTICEABLE = 0.05  # share of an object's area that must be hidden before it counts as covered


@dataclass(frozen=True)
class Sign:
    """A board with a word on it; middle and width as shares of the picture's side."""

    word: str
    font: str
    board: str
    ink: str
    x: float
    y: float
    width: float
    turn: float


@dataclass(frozen=True)
class Plan:
    """All that makes a picture, in any size. Later items lie in front."""

    background: Background
    look: Look
    items: tuple[Item, ...] = ()
    sign: Sign | None = None


def draw(plan: Plan, side: int) -> tuple[Image.Image, Truth]:
    """The picture, RGB of `side` × `side` pixels, and what is on it."""
    fine = FINE * side
    # Each pixel three by three times: shrunk again, the ground is what it was.
    canvas = paint_background(plan.background, side).resize((fine, fine), Image.Resampling.NEAREST)
    objects = [paint_item(item, plan.look, fine) for item in plan.items]
    board = None if plan.sign is None else _paint_sign(plan.sign, fine)
    for cutting in [*objects, *([board] if board else [])]:
        _cast_shadow(canvas, cutting, plan.look)
        canvas.paste(cutting.image, (cutting.left, cutting.top), cutting.image)
    truth = Truth(
        side=side,
        background=plan.background.kind,
        objects=tuple(_seen(number, plan.items[number], objects) for number in range(len(objects))),
        sign=_seen_sign(plan.sign, board) if plan.sign and board else None,
    )
    return canvas.reduce(FINE), truth


def _seen(number: int, item: Item, objects: list[Cutting]) -> Seen:
    this = objects[number]
    whole = int(this.area.sum())
    hidden = np.zeros_like(this.area)
    covered_by = []
    for other in range(number + 1, len(objects)):
        over = this.hidden_by(objects[other])
        if over.sum() >= _NOTICEABLE * whole:
            covered_by.append(other)
        hidden |= over
    return Seen(
        number=number,
        shape=item.shape,
        colour=item.colour,
        texture=item.texture,
        turn=round(item.turn, 2),
        box=_box(this),
        visible=round(1 - int(hidden.sum()) / whole, 4),
        covered_by=tuple(covered_by),
    )


def _seen_sign(sign: Sign, board: Cutting) -> SeenSign:
    return SeenSign(word=sign.word, font=sign.font, turn=round(sign.turn, 2), box=_box(board))


def _box(cutting: Cutting) -> Box:
    """In pixels of the finished picture."""
    return Box(*(round(edge / FINE, 2) for edge in cutting.box))


def _cast_shadow(canvas: Image.Image, cutting: Cutting, look: Look) -> None:
    if not look.shadow:
        return
    reach = canvas.width // 60
    strength = round(255 * look.shadow)
    width, height = cutting.image.size
    shadow = Image.new("L", (width + 2 * reach, height + 2 * reach))
    shadow.paste(cutting.image.getchannel("A"), (reach, reach))
    shadow = shadow.filter(ImageFilter.BoxBlur(reach / 2))
    shadow = shadow.point([value * strength // 255 for value in range(256)])
    canvas.paste((20, 20, 24), (cutting.left, cutting.top), shadow)


def _paint_sign(sign: Sign, side: int) -> Cutting:
    """A board as wide as asked, its word as large as fits."""
    width = round(sign.width * side)
    mask = letter(sign.word, sign.font)
    room = 0.8 * width
    scale = min(room / mask.width, 0.3 * width / mask.height)
    mask = mask.resize(
        (round(mask.width * scale), round(mask.height * scale)), Image.Resampling.LANCZOS
    )
    height = round(mask.height + 0.24 * width)
    board = Image.new("RGBA", (width, height))
    ink = COLOURS[sign.ink].base
    edge = width // 40
    ImageDraw.Draw(board).rounded_rectangle(
        (0, 0, width - 1, height - 1), width // 20, COLOURS[sign.board].base, ink, edge
    )
    board.paste(ink, ((width - mask.width) // 2, (height - mask.height) // 2), mask)
    board = board.rotate(-sign.turn, Image.Resampling.BICUBIC, expand=True)
    box = board.getbbox() or (0, 0, 1, 1)
    left = round(sign.x * side - board.width / 2) + box[0]
    top = round(sign.y * side - board.height / 2) + box[1]
    return Cutting(board.crop(box), left, top)
