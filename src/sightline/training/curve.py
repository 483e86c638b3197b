"""A run as a picture: loss and retrieval over steps, drawn with Pillow."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sightline.training.run_log import DevLine, Line, StepLine

_WIDTH, _HEIGHT, _MARGIN, _GAP = 900, 560, 60, 50
_INK, _GRID, _PAPER = (40, 40, 40), (225, 225, 225), (255, 255, 255)
_COLOURS = ((31, 119, 180), (214, 90, 30), (44, 140, 60), (140, 80, 170), (120, 120, 120))

Point = tuple[float, float]


def write_curve(lines: Sequence[Line], path: Path) -> None:
    """Draw the loss above, and below R@1 (text→image) of each dev set with its mean recall."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    losses = [(float(line.step), line.loss) for line in lines if isinstance(line, StepLine)]
    measured = [line for line in lines if isinstance(line, DevLine)]
    last = max([1, *(line.step for line in lines)])
    middle = _HEIGHT // 2
    _panel(image, (0, middle), last, {"loss": losses, "loss, smoothed": _smoothed(losses)}, None)
    recalls: dict[str, list[Point]] = {
        "mean recall": [(float(line.step), line.score) for line in measured]
    }
    for line in measured:
        for one in line.sets:
            point = (float(line.step), one.text_to_image.at_1)
            recalls.setdefault(f"R@1 {one.name}", []).append(point)
    _panel(image, (middle, _HEIGHT), last, recalls, 1.0)
    unfinished = path.with_name(path.name + ".part")
    image.save(unfinished, "PNG")
    unfinished.replace(path)


def _panel(
    image: Image.Image,
    rows: tuple[int, int],
    last: int,
    curves: dict[str, list[Point]],
    top: float | None,
) -> None:
    """Axes and curves between two rows of pixels; `top` is the highest value, None: as needed."""
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    highest = top or max((y for curve in curves.values() for _, y in curve), default=1.0) or 1.0
    left, right, upper, lower = _MARGIN, _WIDTH - 20, rows[0] + 30, rows[1] - _GAP // 2 - 10

    def place(point: Point) -> Point:
        x, y = point
        return left + x / last * (right - left), lower - y / highest * (lower - upper)

    for tick in range(5):
        value = highest * tick / 4
        _, y = place((0, value))
        draw.line((left, y, right, y), fill=_GRID)
        draw.text((left - 8, y), f"{value:.2f}", _INK, font, anchor="rm")
        x, _ = place((last * tick / 4, 0))
        unit = " steps" if tick == 0 else ""
        draw.text((x, lower + 4), f"{last * tick / 4:,.0f}{unit}", _INK, font, anchor="ma")
    draw.line((left, upper, left, lower, right, lower), fill=_INK)
    at = float(left)
    for colour, (name, curve) in zip(_cycled(len(curves)), curves.items(), strict=True):
        points = [place(point) for point in curve]
        if len(points) > 1:
            draw.line([value for point in points for value in point], fill=colour, width=2)
        for x, y in points if len(points) <= 100 else []:
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        draw.text((at, rows[0] + 8), name, colour, font)
        at += draw.textlength(name, font) + 24


def _cycled(count: int) -> list[tuple[int, int, int]]:
    return [_COLOURS[index % len(_COLOURS)] for index in range(count)]


def _smoothed(points: Sequence[Point], decay: float = 0.95) -> list[Point]:
    """A moving average that has no bias towards its start."""
    total = weight = 0.0
    smooth = []
    for x, y in points:
        total, weight = decay * total + (1 - decay) * y, decay * weight + (1 - decay)
        smooth.append((x, total / weight))
    return smooth
