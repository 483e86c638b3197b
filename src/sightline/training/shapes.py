"""Pictures to learn from without any photo: coloured shapes, counted and placed.

::

    python -m sightline.training.shapes build/shapes

writes `train.jsonl`, `dev.jsonl` and their pictures. A caption says count, colour, shape and place:
"three red circles on the left". All four must be understood to tell a picture from the others.

The dev gallery holds one picture a caption, so exactly one picture is right for each query; and
none of its captions is among the training captions. A model that scores there has learned what the
*words* mean, not the sentences.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 210),
    "yellow": (240, 200, 30),
    "purple": (140, 60, 170),
    "orange": (245, 130, 30),
    "black": (25, 25, 25),
    "white": (250, 250, 250),
}
SHAPES = ("circle", "ring", "triangle", "cross")
COUNTS = ("one", "two", "three")
PLACES = ("on the left", "in the middle", "on the right")
SIDE = 48
_FINE = 4  # drawn so many times larger, then shrunk: smooth edges

TRAIN_PICTURES = 4_000
DEV_PICTURES = 80


@dataclass(frozen=True)
class Scene:
    """What is on a picture."""

    count: int
    colour: str
    shape: str
    place: str

    @property
    def caption(self) -> str:
        """In words: `two red circles on the left`."""
        plural = "" if self.count == 1 else "es" if self.shape.endswith("s") else "s"
        return f"{COUNTS[self.count - 1]} {self.colour} {self.shape}{plural} {self.place}"


def scenes() -> list[Scene]:
    """All there are: 288."""
    return [
        Scene(count, colour, shape, place)
        for count, colour, shape, place in itertools.product(
            range(1, len(COUNTS) + 1), COLOURS, SHAPES, PLACES
        )
    ]


def split(seed: int, dev: int = DEV_PICTURES) -> tuple[list[Scene], list[Scene]]:
    """Scenes to learn from, and others to be measured on."""
    shuffled = np.random.default_rng(seed).permutation(np.array(scenes(), dtype=object))
    return list(shuffled[dev:]), list(shuffled[:dev])


def picture(scene: Scene, draw: np.random.Generator) -> Image.Image:
    """One picture of a scene: RGB, `SIDE` × `SIDE`; size, angle, shade and background vary."""
    side = SIDE * _FINE
    grey = int(draw.integers(120, 200))
    tint = draw.integers(-15, 16, size=3)
    image = Image.new("RGB", (side, side), tuple(int(grey + value) for value in tint))
    pen = ImageDraw.Draw(image)
    column = (PLACES.index(scene.place) + 0.5) / len(PLACES)
    # Each in a row of its own, so that they can be counted.
    for row in draw.permutation(len(COUNTS))[: scene.count]:
        x = column + draw.uniform(-0.02, 0.02)
        y = (row + 0.5) / len(COUNTS) + draw.uniform(-0.02, 0.02)
        radius = draw.uniform(0.11, 0.14) * side
        shade = draw.uniform(0.85, 1.1)
        colour = tuple(min(255, int(value * shade)) for value in COLOURS[scene.colour])
        turn = draw.uniform(-0.25, 0.25)
        _draw_shape(pen, scene.shape, (x * side, y * side), radius, turn, colour)
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def write_set(folder: Path, name: str, chosen: Sequence[Scene], draw: np.random.Generator) -> Path:
    """Write pictures of scenes and `NAME.jsonl` beside them. Returns the JSONL file."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    rows = []
    for number, scene in enumerate(chosen):
        file = f"{name}/{number:05}.png"
        picture(scene, draw).save(folder / file, compress_level=1)
        rows.append(json.dumps({"file": file, "captions": [scene.caption]}))
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def write_shapes(
    folder: Path, seed: int = 1, train: int = TRAIN_PICTURES, dev: int = DEV_PICTURES
) -> None:
    """Write both sets; the same seed gives the same pictures."""
    known, unknown = split(seed, dev)
    draw = np.random.default_rng([seed, 1])
    write_set(folder, "train", [known[i] for i in draw.integers(len(known), size=train)], draw)
    write_set(folder, "dev", unknown, draw)


def _draw_shape(
    pen: ImageDraw.ImageDraw,
    shape: str,
    centre: tuple[float, float],
    radius: float,
    turn: float,
    colour: tuple[int, ...],
) -> None:
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    match shape:
        case "circle":
            pen.ellipse(box, fill=colour)
        case "ring":
            pen.ellipse(box, outline=colour, width=round(0.4 * radius))
        case "triangle":
            corners = [_at(centre, 1.15 * radius, turn + third * 2 * pi / 3) for third in range(3)]
            pen.polygon(corners, colour)
        case _:
            for quarter in (0, pi / 2):
                ends = [_at(centre, 1.1 * radius, turn + quarter + half) for half in (0, pi)]
                pen.line(ends, colour, width=round(0.55 * radius))


def _at(centre: tuple[float, float], reach: float, angle: float) -> tuple[float, float]:
    """A point round a centre; 0 is up, and it goes with the clock."""
    return centre[0] + reach * sin(angle), centre[1] - reach * cos(angle)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pictures of the tutorial."""
    parser = argparse.ArgumentParser(prog="python -m sightline.training.shapes")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train", type=int, default=TRAIN_PICTURES, help="training pictures")
    parser.add_argument("--dev", type=int, default=DEV_PICTURES, help="dev pictures and scenes")
    options = parser.parse_args(arguments)
    write_shapes(options.folder, options.seed, options.train, options.dev)
    print(f"{options.train:,} training and {options.dev:,} dev pictures in {options.folder}")


if __name__ == "__main__":
    main()
