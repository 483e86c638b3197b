"""Pictures of made-up products for the reference inspector: boards that are all the same, and
washers no two of which lie alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sightline.inspection.verdict import Box

HOLE = Box(296, 176, 324, 204)
"""Where `board(missing_hole=True)` lacks a hole."""
NOTCH = Box(300, 40, 384, 124)
"""Where `washer(notch=True)` has a piece broken out, before it is turned."""


def board(missing_hole: bool = False, cut_track: bool = False) -> Image.Image:
    """A circuit board of 480 × 360 pixels with tracks and holes."""
    image = Image.new("RGB", (480, 360), (30, 90, 50))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 470, 350), outline=(120, 150, 60), width=4)
    for at in range(6):
        draw.line((40, 60 + 45 * at, 440, 60 + 45 * at), fill=(60, 140, 80), width=5)
        draw.line((60 + 70 * at, 40, 60 + 70 * at, 330 - 20 * at), fill=(60, 140, 80), width=5)
    for x in range(60, 440, 50):
        for y in range(40, 340, 50):
            hole = abs(x - 310) < 1 and abs(y - 190) < 1 and missing_hole
            draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=(190, 190, 170))
            if not hole:
                draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(20, 20, 20))
    if cut_track:
        draw.rectangle((176, 236, 186, 246), fill=(30, 90, 50))
    return noisy(image, 0, 2.0)


def washer(seed: int, notch: bool = False) -> tuple[Image.Image, Box]:
    """A washer of 440 × 440 pixels, turned and scratched by chance, and where its notch would be.

    It lies a little elsewhere each time, its surface is brushed at random, the light varies.
    """
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (440, 440), (62, 64, 72))
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 390, 390), fill=(168, 170, 176))
    for _ in range(60):
        x, y = rng.integers(60, 360, 2).tolist()
        length = rng.integers(-25, 25, 2).tolist()
        grey = int(rng.integers(140, 200))
        draw.line((x, y, x + length[0], y + length[1]), fill=(grey, grey, grey), width=2)
    draw.ellipse((150, 150, 290, 290), fill=(62, 64, 72))
    outside = Image.new("L", image.size, 255)
    ImageDraw.Draw(outside).ellipse((50, 50, 390, 390), fill=0)
    image.paste((62, 64, 72), mask=outside)
    if notch:
        ImageDraw.Draw(image).polygon([(310, 30), (400, 120), (330, 130), (290, 90)], (62, 64, 72))
    right, down = rng.integers(-15, 16, 2).tolist()
    moved = image.rotate(0, translate=(right, down), fillcolor=(62, 64, 72))
    lit = moved.point(lambda level: min(255, int(level * rng_light(seed))))
    place = Box(NOTCH.left + right, NOTCH.top + down, NOTCH.right + right, NOTCH.bottom + down)
    return noisy(lit, seed, 3.0), place


def rng_light(seed: int) -> float:
    """The light of a washer's photo, 0.94 to 1.06."""
    return float(np.random.default_rng(seed + 1000).uniform(0.94, 1.06))


def noisy(image: Image.Image, seed: int, levels: float) -> Image.Image:
    """A camera's noise: normal, with this standard deviation in grey levels."""
    noise = np.random.default_rng(seed).normal(0, levels, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Write a picture; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)  # type: ignore[arg-type]
    return path
