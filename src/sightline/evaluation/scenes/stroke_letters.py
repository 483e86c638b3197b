"""Capital letters as pen strokes, so that there are lettering styles without any font file.

A glyph is strokes between points on a grid, x from 0 to 4 and y from 0 (top) to 6 (base line):
`06 20 46` is one stroke through three points. Strokes are separated by commas; one that begins with
`~` is rounded.
"""

from itertools import pairwise

_GLYPHS = {
    "A": "06 20 46, 14 34",
    "B": "06 00, ~00 20 30 41 32 23 03, ~03 23 33 44 45 36 26 06",
    "C": "~41 30 10 01 05 16 36 45",
    "D": "06 00, ~00 20 41 45 26 06",
    "E": "40 00 06 46, 03 33",
    "F": "40 00 06, 03 33",
    "G": "~41 30 10 01 05 16 36 45 43, 43 23",
    "H": "00 06, 40 46, 03 43",
    "I": "20 26",
    "J": "~30 35 26 16 05 04",
    "K": "00 06, 40 03 46",
    "L": "00 06 46",
    "M": "06 00 24 40 46",
    "N": "06 00 46 40",
    "O": "~20 10 01 05 16 36 45 41 30 20",
    "P": "06 00, ~00 20 40 42 33 23 03",
    "Q": "~20 10 01 05 16 36 45 41 30 20, 24 46",
    "R": "06 00, ~00 20 40 42 33 23 03, 23 46",
    "S": "~41 30 10 01 02 13 33 44 45 36 16 05",
    "T": "00 40, 20 26",
    "U": "~00 04 05 16 36 45 44 40",
    "V": "00 26 40",
    "W": "00 16 22 36 40",
    "X": "00 46, 40 06",
    "Y": "00 23 40, 23 26",
    "Z": "00 40 06 46",
}

Stroke = list[tuple[float, float]]

WIDTH, HEIGHT = 4, 6


def strokes(letter: str) -> list[Stroke]:
    """The pen's ways for one capital letter.

    Raises:
        KeyError: no such letter.
    """
    return [_stroke(text.strip()) for text in _GLYPHS[letter].split(",")]


def _stroke(text: str) -> Stroke:
    points = [(float(pair[0]), float(pair[1])) for pair in text.removeprefix("~").split()]
    return _rounded(points) if text.startswith("~") else points


def _rounded(points: Stroke) -> Stroke:
    """Corners cut off three times over (Chaikin 1974); both ends stay."""
    for _ in range(3):
        cut = [points[0]]
        for (x, y), (to_x, to_y) in pairwise(points):
            cut.append((0.75 * x + 0.25 * to_x, 0.75 * y + 0.25 * to_y))
            cut.append((0.25 * x + 0.75 * to_x, 0.25 * y + 0.75 * to_y))
        points = [*cut, points[-1]]
    return points
