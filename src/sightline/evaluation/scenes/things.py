"""Recognisable things, each in a few outlines."""

from math import cos, radians, sin

from sightline.evaluation.scenes.geometry import (
    Polygon,
    arc,
    band,
    bar,
    ellipse,
    rectangle,
    rounded,
    smooth,
    turned,
)
from sightline.evaluation.scenes.shapes import SHAPES, Drawing, Part


def _house() -> Drawing:
    return (
        Part("dark", rectangle(0.4, -0.85, 0.62, -0.3)),
        Part("base", rectangle(-0.72, -0.15, 0.72, 0.9)),
        Part("dark", ((-0.98, -0.12), (0, -0.95), (0.98, -0.12))),
        Part("wood", rectangle(-0.18, 0.35, 0.2, 0.9)),
        Part("glass", rectangle(-0.58, 0.08, -0.28, 0.38)),
        Part("glass", rectangle(0.3, 0.08, 0.6, 0.38)),
    )


def _tree() -> Drawing:
    leaves = [(1.0 if at % 2 else 0.76, radians(at * 20)) for at in range(18)]
    crown = [(0.84 * far * cos(angle), -0.3 + 0.68 * far * sin(angle)) for far, angle in leaves]
    return (
        Part("wood", ((-0.14, 0.2), (0.14, 0.2), (0.22, 0.98), (-0.22, 0.98))),
        Part("wood", bar((0, 0.45), (0.34, 0.08), 0.1)),
        Part("base", smooth(crown)),
        Part("dark", band(-0.1, -0.3, 0.62, 0.54, 20, 75), lined=False),
        Part("dark", band(-0.3, -0.42, 0.62, 0.55, 30, 75), lined=False),
        Part("light", band(0.1, -0.25, 0.68, 0.6, 195, 250), lined=False),
    )


def _fish() -> Drawing:
    return (
        Part("dark", smooth([(0.5, 0), (0.98, -0.5), (0.88, 0), (0.98, 0.5)])),
        Part("dark", ((-0.25, -0.38), (0.3, -0.66), (0.35, -0.25))),
        Part("base", smooth([(-0.98, 0.04), (-0.5, -0.4), (0.1, -0.46), (0.66, -0.08),
                             (0.66, 0.08), (0.1, 0.46), (-0.5, 0.42)])),
        Part("dark", band(-0.72, 0, 0.42, 0.37, -60, 60), lined=False),
        Part("paper", ellipse(-0.62, -0.1, 0.12)),
        Part("ink", ellipse(-0.64, -0.1, 0.06), lined=False),
    )  # fmt: skip


def _cup() -> Drawing:
    return (
        Part("base", ellipse(0.55, 0.02, 0.42, 0.44)),
        Part("nothing", ellipse(0.57, 0.02, 0.22, 0.25)),
        Part("base", ((-0.8, -0.6), (0.6, -0.6), (0.42, 0.72), (-0.62, 0.72))),
        Part("light", ellipse(-0.1, -0.6, 0.7, 0.17)),
        Part("wood", ellipse(-0.1, -0.56, 0.58, 0.11), lined=False),
    )


def _umbrella() -> Drawing:
    dome = arc(0, 0.12, 0.98, 1.0, 180, 360)
    scallops = tuple(
        point
        for x in (0.735, 0.245, -0.245, -0.735)
        for point in arc(x, 0.12, 0.245, 0.16, 0, -180)
    )
    return (
        Part("ink", rectangle(-0.045, -0.98, 0.045, 0.75)),
        Part("ink", band(-0.17, 0.72, 0.215, 0.125, 0, 180)),
        Part("base", dome + scallops),
        Part("dark", smooth([(0, -0.86), (0.17, -0.4), (0.24, 0.08), (0.19, 0.08), (0.12, -0.4)]),
             lined=False),
        Part("dark", smooth([(0, -0.86), (-0.17, -0.4), (-0.24, 0.08), (-0.19, 0.08),
                             (-0.12, -0.4)]), lined=False),
    )  # fmt: skip


def _car() -> Drawing:
    cabin = ((-0.55, -0.1), (-0.3, -0.55), (0.28, -0.55), (0.58, -0.1))
    wheels = tuple(
        part
        for x in (-0.52, 0.52)
        for part in (
            Part("ink", ellipse(x, 0.36, 0.24)),
            Part("metal", ellipse(x, 0.36, 0.11), lined=False),
        )
    )
    return (
        Part("base", cabin),
        Part("base", rounded(-1, -0.14, 1, 0.38, 0.14)),
        Part("glass", ((-0.42, -0.14), (-0.24, -0.45), (-0.04, -0.45), (-0.04, -0.14))),
        Part("glass", ((0.06, -0.14), (0.06, -0.45), (0.22, -0.45), (0.42, -0.14))),
        Part("paper", ellipse(0.9, 0.06, 0.07)),
        *wheels,
    )


def _boat() -> Drawing:
    return (
        Part("wood", rectangle(-0.1, -0.95, -0.02, 0.4)),
        Part("paper", ((0.04, -0.9), (0.75, 0.25), (0.04, 0.25))),
        Part("paper", ((-0.16, -0.7), (-0.16, 0.25), (-0.7, 0.25))),
        Part("base", ((-1, 0.36), (1, 0.36), (0.66, 0.85), (-0.62, 0.85))),
        Part("dark", ((-0.93, 0.46), (0.93, 0.46), (0.87, 0.55), (-0.87, 0.55)), lined=False),
    )


def _flower() -> Drawing:
    petal = ellipse(0, -0.34, 0.19, 0.26)
    petals = tuple(
        Part("base", tuple((x, y - 0.38) for x, y in turned(petal, 60 * at))) for at in range(6)
    )
    return (
        Part("leaf", rectangle(-0.045, -0.3, 0.045, 0.98)),
        Part("leaf", smooth([(0, 0.75), (0.25, 0.42), (0.55, 0.4), (0.38, 0.65)])),
        Part("leaf", smooth([(0, 0.88), (-0.25, 0.55), (-0.55, 0.53), (-0.38, 0.78)])),
        *petals,
        Part("paper", ellipse(0, -0.38, 0.17)),
    )


def _mushroom() -> Drawing:
    return (
        Part("paper", smooth([(-0.24, 0), (0.24, 0), (0.22, 0.45), (0.34, 0.9), (0, 0.96),
                              (-0.34, 0.9), (-0.22, 0.45)])),
        Part("base", arc(0, 0.1, 0.96, 1.0, 180, 360) + arc(0, 0.1, 0.96, 0.14, 0, 180)[1:-1]),
        Part("paper", ellipse(-0.45, -0.3, 0.15, 0.13), lined=False),
        Part("paper", ellipse(0.1, -0.55, 0.17, 0.14), lined=False),
        Part("paper", ellipse(0.52, -0.2, 0.13, 0.12), lined=False),
        Part("paper", ellipse(0.02, -0.1, 0.1, 0.08), lined=False),
    )  # fmt: skip


def _apple() -> Drawing:
    body = [(0, -0.42), (0.4, -0.58), (0.82, -0.3), (0.82, 0.25), (0.5, 0.82), (0.16, 0.92),
            (0, 0.84), (-0.16, 0.92), (-0.5, 0.82), (-0.82, 0.25), (-0.82, -0.3),
            (-0.4, -0.58)]  # fmt: skip
    return (
        Part("base", smooth(body)),
        Part("wood", bar((0, -0.38), (0.1, -0.86), 0.1)),
        Part("leaf", smooth([(0.1, -0.7), (0.34, -0.96), (0.66, -0.92), (0.42, -0.68)])),
        Part("light", ellipse(-0.42, -0.16, 0.1, 0.18), lined=False),
    )


def _balloon() -> Drawing:
    string: Polygon = (
        (-0.02, 0.5), (0.03, 0.5), (0.1, 0.66), (0, 0.84), (0.05, 0.99),
        (0, 0.99), (-0.06, 0.84), (0.05, 0.66),
    )  # fmt: skip
    return (
        Part("ink", string, lined=False),
        Part("base", ((0, 0.36), (0.12, 0.54), (-0.12, 0.54))),
        Part("base", smooth([(0, -0.98), (0.58, -0.72), (0.68, -0.25), (0.36, 0.22), (0, 0.4),
                             (-0.36, 0.22), (-0.68, -0.25), (-0.58, -0.72)])),
        Part("light", ellipse(-0.28, -0.52, 0.1, 0.2), lined=False),
    )  # fmt: skip


def _clock() -> Drawing:
    ticks = tuple(
        Part("ink", turned(rectangle(-0.03, -0.62, 0.03, -0.5), 30 * hour), lined=False)
        for hour in range(12)
    )
    return (
        Part("base", ellipse(0, 0, 0.96)),
        Part("paper", ellipse(0, 0, 0.68)),
        *ticks,
        Part("ink", bar((0, 0.05), (0, -0.46), 0.07), lined=False),
        Part("ink", bar((-0.05, 0.02), (0.32, -0.16), 0.08), lined=False),
    )


def _bottle() -> Drawing:
    body: Polygon = (
        (-0.14, -0.8), (0.14, -0.8), (0.14, -0.42), (0.38, -0.14), (0.38, 0.9), (0.32, 0.97),
        (-0.32, 0.97), (-0.38, 0.9), (-0.38, -0.14), (-0.14, -0.42),
    )  # fmt: skip
    return (
        Part("base", body),
        Part("wood", rectangle(-0.16, -0.98, 0.16, -0.76)),
        Part("paper", rectangle(-0.38, 0.14, 0.38, 0.6)),
        Part("light", rectangle(-0.28, -0.08, -0.2, 0.1), lined=False),
    )


def _cat() -> Drawing:
    whiskers = tuple(
        Part("ink", bar((0.3 * side, 0.3), (0.95 * side, 0.3 + tip), 0.025), lined=False)
        for side in (-1, 1)
        for tip in (-0.1, 0.02, 0.14)
    )
    eyes = tuple(
        part
        for x in (-0.32, 0.32)
        for part in (
            Part("paper", ellipse(x, -0.05, 0.15, 0.17)),
            Part("ink", ellipse(x, -0.05, 0.06, 0.14), lined=False),
        )
    )
    return (
        Part("base", ((-0.8, -0.1), (-0.74, -0.96), (-0.2, -0.55))),
        Part("base", ((0.8, -0.1), (0.74, -0.96), (0.2, -0.55))),
        Part("light", ((-0.66, -0.4), (-0.64, -0.76), (-0.4, -0.56)), lined=False),
        Part("light", ((0.66, -0.4), (0.64, -0.76), (0.4, -0.56)), lined=False),
        Part("base", ellipse(0, 0.12, 0.85, 0.76)),
        *eyes,
        Part("paper", ellipse(0, 0.4, 0.34, 0.24)),
        *whiskers,
        Part("ink", ((-0.11, 0.2), (0.11, 0.2), (0, 0.34)), lined=False),
        Part("ink", band(-0.09, 0.4, 0.11, 0.075, 0, 160), lined=False),
        Part("ink", band(0.09, 0.4, 0.11, 0.075, 20, 180), lined=False),
    )


def _key() -> Drawing:
    return (
        Part("base", rectangle(-0.1, -0.2, 0.1, 0.98)),
        Part("base", rectangle(0.06, 0.5, 0.42, 0.64)),
        Part("base", rectangle(0.06, 0.8, 0.5, 0.96)),
        Part("base", ellipse(0, -0.52, 0.46)),
        Part("nothing", ellipse(0, -0.56, 0.2)),
    )


def _hat() -> Drawing:
    return (
        Part("base", ((-0.58, -0.75), (0.58, -0.75), (0.5, 0.5), (-0.5, 0.5))),
        Part("dark", ((-0.53, 0.16), (0.53, 0.16), (0.5, 0.46), (-0.5, 0.46)), lined=False),
        Part("base", ellipse(0, 0.52, 0.99, 0.18)),
        Part("light", ellipse(0, -0.75, 0.58, 0.09)),
    )


def _shirt() -> Drawing:
    outline: Polygon = (
        (-0.32, -0.82), (0.32, -0.82), (0.98, -0.42), (0.76, -0.02), (0.52, -0.16), (0.52, 0.88),
        (-0.52, 0.88), (-0.52, -0.16), (-0.76, -0.02), (-0.98, -0.42),
    )  # fmt: skip
    buttons = tuple(Part("paper", ellipse(0, y, 0.055)) for y in (-0.3, 0.05, 0.4))
    return (
        Part("base", outline),
        Part("dark", arc(0, -0.83, 0.3, 0.24, 0, 180)),
        *buttons,
    )


def _chair() -> Drawing:
    return (
        Part("dark", rectangle(-0.36, 0.2, -0.24, 0.82)),
        Part("dark", rectangle(0.3, 0.2, 0.42, 0.82)),
        Part("base", rectangle(-0.62, -0.98, -0.46, 0.98)),
        Part("base", rectangle(0.5, 0.2, 0.66, 0.98)),
        Part("base", rectangle(-0.62, 0.06, 0.72, 0.26)),
        Part("base", rectangle(-0.62, -0.98, -0.36, 0.1)),
    )


THINGS: dict[str, Drawing] = {
    "house": _house(),
    "tree": _tree(),
    "fish": _fish(),
    "cup": _cup(),
    "umbrella": _umbrella(),
    "car": _car(),
    "boat": _boat(),
    "flower": _flower(),
    "mushroom": _mushroom(),
    "apple": _apple(),
    "balloon": _balloon(),
    "clock": _clock(),
    "bottle": _bottle(),
    "cat": _cat(),
    "key": _key(),
    "hat": _hat(),
    "shirt": _shirt(),
    "chair": _chair(),
}
WITH_AN_UP = ("house", "tree", "cup", "umbrella", "car", "boat", "mushroom", "cat", "hat",
              "shirt", "chair", "bottle")  # fmt: skip
"""Things that are seen at once to stand on their head."""

DRAWINGS: dict[str, Drawing] = SHAPES | THINGS
