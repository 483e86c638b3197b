"""Outlines as lists of points.

x to the right, y down; an object fills the square from -1 to 1.
"""

from collections.abc import Iterable
from math import cos, pi, radians, sin

Point = tuple[float, float]
Polygon = tuple[Point, ...]

_STEPS = 72


def ellipse(x: float, y: float, across: float, down: float | None = None) -> Polygon:
    """With these half axes; a circle where only one is given."""
    return arc(x, y, across, down, 0, 360)[:-1]


def arc(
    x: float, y: float, across: float, down: float | None, start: float, stop: float
) -> Polygon:
    """Part of an ellipse, in degrees with the clock from the right."""
    down = across if down is None else down
    steps = max(4, round(_STEPS * abs(stop - start) / 360))
    angles = [radians(start + (stop - start) * step / steps) for step in range(steps + 1)]
    return tuple((x + across * cos(angle), y + down * sin(angle)) for angle in angles)


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    """Upright, with sharp corners."""
    return (left, top), (right, top), (right, bottom), (left, bottom)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Polygon:
    """Upright, with round corners."""
    corners = (
        (right - radius, top + radius, 270),
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
        (left + radius, top + radius, 180),
    )
    return tuple(
        point for x, y, start in corners for point in arc(x, y, radius, None, start, start + 90)
    )


def star(points: int, inner: float) -> Polygon:
    """With its first point up; `inner` is how far in the notches go."""
    reaches = [1.0 if at % 2 == 0 else inner for at in range(2 * points)]
    angles = [pi * at / points for at in range(2 * points)]
    return tuple(
        (reach * sin(angle), -reach * cos(angle))
        for reach, angle in zip(reaches, angles, strict=True)
    )


def bar(start: Point, stop: Point, width: float) -> Polygon:
    """A straight line with a width."""
    (x, y), (to_x, to_y) = start, stop
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
    off_x, off_y = -(to_y - y) / length * width / 2, (to_x - x) / length * width / 2
    return (
        (x + off_x, y + off_y),
        (to_x + off_x, to_y + off_y),
        (to_x - off_x, to_y - off_y),
        (x - off_x, y - off_y),
    )


def band(x: float, y: float, outer: float, inner: float, start: float, stop: float) -> Polygon:
    """Part of a ring, in degrees with the clock from the right."""
    return arc(x, y, outer, None, start, stop) + arc(x, y, inner, None, stop, start)


def smooth(corners: Iterable[Point]) -> Polygon:
    """A closed curve through all corners (uniform Catmull-Rom spline)."""
    knots = list(corners)
    curve = []
    for at in range(len(knots)):
        before, here, there, after = (knots[(at + step) % len(knots)] for step in (-1, 0, 1, 2))
        for step in range(8):
            t = step / 8
            curve.append(
                (
                    _spline(before[0], here[0], there[0], after[0], t),
                    _spline(before[1], here[1], there[1], after[1], t),
                )
            )
    return tuple(curve)


def _spline(before: float, here: float, there: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * here
        + (there - before) * t
        + (2 * before - 5 * here + 4 * there - after) * t**2
        + (3 * here - 3 * there + after - before) * t**3
    )


def turned(polygon: Polygon, degrees: float) -> Polygon:
    """Turned with the clock round the origin."""
    across, down = cos(radians(degrees)), sin(radians(degrees))
    return tuple((x * across - y * down, x * down + y * across) for x, y in polygon)


def placed(polygon: Polygon, x: float, y: float, reach: float) -> list[Point]:
    """Scaled and moved; rounded, so that the last bit of a sine moves no pixel."""
    return [(round(x + reach * px, 2), round(y + reach * py, 2)) for px, py in polygon]
