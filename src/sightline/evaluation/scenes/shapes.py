"""Objects as coloured outlines: plain shapes here, recognisable things in `things.py`."""

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal

from sightline.evaluation.scenes.geometry import Polygon, arc, ellipse, rectangle, star

Paint = Literal[
    "base", "dark", "light", "ink", "paper", "wood", "leaf", "glass", "metal", "nothing"
]
"""`base`, `dark` and `light` are tones of the object's colour; `nothing` cuts a hole."""


@dataclass(frozen=True)
class Part:
    """One area of an object; later parts lie on top. `lined` parts get an outline."""

    paint: Paint
    outline: Polygon
    lined: bool = True


Drawing = tuple[Part, ...]


def _heart() -> Polygon:
    steps = [2 * pi * step / 80 for step in range(80)]
    return tuple(
        (
            0.062 * 16 * sin(t) ** 3,
            -0.062 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) - 0.14,
        )
        for t in steps
    )


def _moon() -> Polygon:
    # The inner edge is a circle of its own through both tips.
    return arc(-0.1, 0, 1.0, None, 62, 298) + arc(0.76, 0, 0.98, None, 244, 116)[1:-1]


def _cross() -> Polygon:
    a, b = 0.32, 0.95
    return (
        (-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a),
        (a, b), (-a, b), (-a, a), (-b, a), (-b, -a), (-a, -a),
    )  # fmt: skip


_ARROW: Polygon = (
    (0, -1), (0.72, -0.1), (0.28, -0.1), (0.28, 1), (-0.28, 1), (-0.28, -0.1), (-0.72, -0.1),
)  # fmt: skip

SHAPES: dict[str, Drawing] = {
    "circle": (Part("base", ellipse(0, 0, 0.95)),),
    "square": (Part("base", rectangle(-0.82, -0.82, 0.82, 0.82)),),
    "triangle": (Part("base", ((0, -0.95), (1, 0.8), (-1, 0.8))),),
    "star": (Part("base", star(5, 0.42)),),
    "heart": (Part("base", _heart()),),
    "cross": (Part("base", _cross()),),
    "ring": (Part("base", ellipse(0, 0, 0.95)), Part("nothing", ellipse(0, 0, 0.52))),
    "moon": (Part("base", _moon()),),
    "diamond": (Part("base", ((0, -1), (0.68, 0), (0, 1), (-0.68, 0))),),
    "arrow": (Part("base", _ARROW),),
}
