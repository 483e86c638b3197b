"""Pictures of made-up products for the reference inspector: boards that are all the same, and
biscuits no two of which are alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sightline.inspection.verdict import Box

HOLE = Box(296, 176, 324, 204)
"""Where `board(missing_hole=True)` lacks a hole."""
PLATE = (62, 64, 72)


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


def biscuit(seed: int, broken: bool = False) -> tuple[Image.Image, Box]:
    """A biscuit of 320 × 320 pixels with raisins anywhere, and where a piece of it would be broken
    out. Outline, place and light vary, too.
    """
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 320), PLATE)
    draw = ImageDraw.Draw(image)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = [(k, rng.uniform(0, 5), rng.uniform(0, 6)) for k in (2, 3, 4)]
    radii = 110 + sum(size * np.cos(k * angles + at) for k, size, at in waves)
    x, y = (160 + rng.integers(-12, 13, 2)).tolist()
    rim = zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)
    draw.polygon([(float(a), float(b)) for a, b in rim], fill=(200, 160, 95))
    for _ in range(12):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(10, 85)
        a, b = x + radius * np.cos(angle), y + radius * np.sin(angle)
        draw.ellipse((a - 7, b - 7, a + 7, b + 7), fill=(90, 50, 30))
    if broken:
        draw.polygon(
            [(x + 125, y - 45), (x + 70, y - 30), (x + 50, y), (x + 75, y + 25), (x + 125, y + 45)],
            fill=PLATE,
        )
    light = rng.uniform(0.95, 1.05)
    lit = image.point(lambda level: min(255, int(level * light)))
    return noisy(lit, seed, 3.0), Box(x + 40, y - 55, x + 130, y + 55)


def noisy(image: Image.Image, seed: int, levels: float) -> Image.Image:
    """A camera's noise: normal, with this standard deviation in grey levels."""
    noise = np.random.default_rng(seed).normal(0, levels, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Write a picture; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)  # type: ignore[arg-type]
    return path
