"""Words in eight styles, from what every installation has.

Pillow brings two faces of its own: a sans serif and a small bitmap font. Bold, italic and hollow
letters are made from the first; the pen letters of `stroke_letters.py` give three more.
"""

from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from sightline.errors import EvaluationError
from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.stroke_letters import HEIGHT, WIDTH, Stroke, strokes

_EM = 160  # pixels a word is drawn with before it is made as large as wanted
_PEN = 0.13  # a pen's width, as a share of a letter's height


def letter(word: str, font: str) -> Image.Image:
    """A word in capitals as a mask ("L", letters white), cropped to its letters.

    Raises:
        EvaluationError: this Pillow was built without FreeType.
    """
    if not features.check("freetype2"):
        raise EvaluationError(
            "Words can't be drawn: this Pillow was built without FreeType. Install Pillow's own "
            "wheel (pip install --force-reinstall pillow), or leave out the family `text`."
        )
    mask = _STYLES[font](word)
    return mask.crop(mask.getbbox())


def _sans(word: str) -> Image.Image:
    return _typeset(word, weight=0)


def _bold(word: str) -> Image.Image:
    return _typeset(word, weight=_EM // 32)


def _italic(word: str) -> Image.Image:
    mask = _typeset(word, weight=_EM // 80)
    lean = 0.3
    grown = Image.new("L", (mask.width + round(lean * mask.height), mask.height))
    grown.paste(mask, (0, 0))
    sheared = (1, lean, -lean * mask.height, 0, 1, 0)
    return grown.transform(grown.size, Image.Transform.AFFINE, sheared, Image.Resampling.BICUBIC)


def _hollow(word: str) -> Image.Image:
    return ImageChops.subtract(_typeset(word, weight=_EM // 16), _typeset(word, weight=0))


def _typeset(word: str, weight: int) -> Image.Image:
    face = ImageFont.load_default(_EM)
    mask = Image.new("L", (_EM * (len(word) + 1), 2 * _EM))
    ImageDraw.Draw(mask).text((_EM // 2, _EM // 4), word, 255, face, stroke_width=weight)
    return mask


def _pixel(word: str) -> Image.Image:
    face = ImageFont.load_default_imagefont()
    mask = Image.new("L", (10 * len(word), 16))
    across = 0
    for char in word:  # one by one: the font's own spacing lets capitals touch
        one = Image.new("1", (16, 16))
        ImageDraw.Draw(one).text((2, 2), char, 1, face)
        left, _, right, _ = one.getbbox() or (0, 0, 0, 0)
        mask.paste(one.crop((left, 0, right, 16)), (across, 0))
        across += right - left + 1
    return mask.resize((mask.width * 16, mask.height * 16), Image.Resampling.NEAREST)


def _pen(word: str) -> Image.Image:
    return _written(word, _PEN)


def _slab(word: str) -> Image.Image:
    """Pen letters with a short bar across the end of every upright stroke."""
    return _written(word, 0.8 * _PEN, serifs=True)


def _hand(word: str) -> Image.Image:
    """Pen letters that don't stand in line; a word is always written the same way."""
    return _written(word, 0.7 * _PEN, unsteady=Dice("hand", word))


def _written(
    word: str, pen: float, *, serifs: bool = False, unsteady: Dice | None = None
) -> Image.Image:
    unit = _EM / HEIGHT
    advance = (WIDTH + 2.2) * unit
    mask = Image.new("L", (round(advance * len(word) + _EM), 2 * _EM))
    draw = ImageDraw.Draw(mask)
    for at, char in enumerate(word):
        left, top = _EM / 2 + at * advance, _EM / 2
        lean = 0.0
        if unsteady is not None:
            top += unsteady.around(0.1) * _EM
            lean = unsteady.around(0.25)
        for stroke in strokes(char):
            points = [
                (left + unit * (x + lean * (HEIGHT / 2 - y)), top + unit * y) for x, y in stroke
            ]
            _draw_stroke(draw, points, pen * _EM)
            for x, y in _upright_ends(stroke) if serifs else ():
                middle, height = left + unit * x, top + unit * y
                bar = [(middle - 0.85 * unit, height), (middle + 0.85 * unit, height)]
                _draw_stroke(draw, bar, 0.8 * pen * _EM)
    return mask


def _draw_stroke(draw: ImageDraw.ImageDraw, points: Stroke, width: float) -> None:
    draw.line(points, 255, round(width), joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), 255)


def _upright_ends(stroke: Stroke) -> Stroke:
    """Ends at the top or the base line that the pen reaches from above or below."""
    ends = []
    for end, before in ((stroke[0], stroke[1]), (stroke[-1], stroke[-2])):
        steep = abs(end[1] - before[1]) > abs(end[0] - before[0])
        if steep and end[1] in (0, HEIGHT):
            ends.append(end)
    return ends


_STYLES: dict[str, Callable[[str], Image.Image]] = {
    "sans": _sans,
    "bold": _bold,
    "italic": _italic,
    "hollow": _hollow,
    "pixel": _pixel,
    "pen": _pen,
    "slab": _slab,
    "hand": _hand,
}
FONTS = tuple(_STYLES)
