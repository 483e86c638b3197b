"""Photos made for benchmarks: as costly to read and decode as real ones, and all different."""

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

CAMERA = (4000, 3000)
"""12 megapixels: a phone's or a camera's original."""
SMALL = (500, 375)
"""What photo sites and data sets hand out."""
QUALITY = 90
"""Of a camera's originals: one of 12 megapixels takes 3.5 MB."""
LIGHT_QUALITY = 80
"""Of photos that were written anew: one of 12 megapixels takes 2.0 MB."""
_OCTAVES = 9
_GRAIN = 12  # levels either way


def scene(size: tuple[int, int], seed: int) -> Image.Image:
    """Clouds of noise in nine octaves over a gradient, with grain: smooth parts, edges, texture.

    Each octave is half as strong as the one twice as coarse, as in photographs, whose amplitude
    falls with frequency (Field 1987). So they have as many bytes as real ones of their quality, and
    take as long to decode.
    """
    width, height = size
    rng = np.random.default_rng(seed)
    light = np.linspace(60, 190, width, dtype=np.float32)[None].repeat(height, axis=0)
    for octave in range(_OCTAVES):
        light += _clouds(rng, 2 ** (octave + 2), size) * (160 / 2**octave)
    light += rng.integers(-_GRAIN, _GRAIN + 1, (height, width), dtype=np.int8)
    colours = [_clouds(rng, 2 ** (octave + 2), size) * 60 for octave in range(3)]
    planes = [(light + colour).clip(0, 255).astype(np.uint8) for colour in colours]
    return Image.fromarray(np.stack(planes, axis=-1))


def _clouds(rng: np.random.Generator, cells: int, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Noise of `cells` values across, stretched over the picture: float32 (height, width)."""
    noise = rng.random((max(2, cells * size[1] // size[0]), cells), dtype=np.float32) - 0.5
    return np.asarray(Image.fromarray(noise).resize(size, Image.Resampling.BILINEAR))


def jpeg(size: tuple[int, int], seed: int, quality: int = QUALITY) -> bytes:
    """A scene as a JPEG file."""
    buffer = BytesIO()
    scene(size, seed).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_photos(
    folder: Path, size: tuple[int, int], count: int, scenes: int = 8, quality: int = QUALITY
) -> list[Path]:
    """Write `count` JPEGs, no two alike. `scenes` of them differ to the eye, others in their tail.

    Bytes behind a JPEG's end make it another file and cost the decoder nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [jpeg(size, seed, quality) for seed in range(min(scenes, count))]
    paths = [folder / f"photo-{at:06}.jpg" for at in range(count)]
    for at, path in enumerate(paths):
        path.write_bytes(pictures[at % len(pictures)] + at.to_bytes(8, "little"))
    return paths
