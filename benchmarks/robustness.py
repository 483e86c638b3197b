"""What a search loses on photos that are turned, grey, blurred, dark or cut.

Each caption of a dev set is a query over altered copies of the set's photos: recall@10, and what it
lost against the photos as they are, with 95 % bootstrap intervals over photos. Copies are made in a
temporary folder with nothing but Pillow, and read as users' photos are.

    python benchmarks/robustness.py --model second
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from sightline.encoders import DualEncoder, load_encoder

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DRAWS = 10_000
ORIENTATION = 274  # EXIF's tag
TURNED_RIGHT = 6  # "turn me 90 degrees clockwise to see me upright"

Alteration = Callable[[Image.Image], Image.Image]


def cut(image: Image.Image) -> Image.Image:
    """The middle 70 % of each side: half of the photo's area is gone."""
    width, height = image.size
    return image.crop(
        (int(0.15 * width), int(0.15 * height), int(0.85 * width), int(0.85 * height))
    )


ALTERATIONS: dict[str, Alteration] = {
    "as it is": lambda image: image,
    "turned, EXIF says how": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned, nothing says so": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "grey": lambda image: image.convert("L"),
    "blurred, radius 2 of 224 px": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "blurred, radius 4 of 224 px": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
    "dark, a third of the light": lambda image: ImageEnhance.Brightness(image).enhance(1 / 3),
    "cut to the middle half": cut,
    "JPEG, quality 10": lambda image: image,
}


def write(image: Image.Image, name: str, path: Path) -> None:
    """Write a copy; lossless, but where the alteration is the loss."""
    if name == "turned, EXIF says how":
        exif = Image.Exif()
        exif[ORIENTATION] = TURNED_RIGHT
        image.save(path.with_suffix(".png"), exif=exif)
    elif name == "JPEG, quality 10":
        image.save(path.with_suffix(".jpg"), quality=10)
    else:
        image.save(path.with_suffix(".png"))


def hits(
    encoder: DualEncoder, texts: np.ndarray, photo_of: np.ndarray, copies: list[Path]
) -> np.ndarray:
    """For each caption, whether its photo is among the first ten."""
    images = encoder.embed_images(copies)
    cosines = texts @ images.T
    right = cosines[np.arange(len(texts)), photo_of]
    return (cosines >= right[:, None]).sum(axis=1) <= 10


def interval(values: np.ndarray, photo_of: np.ndarray) -> tuple[float, float]:
    """95 % of the means with photos, and all captions of each, drawn again."""
    photos = photo_of.max() + 1
    sums = np.bincount(photo_of, values, photos)
    counts = np.bincount(photo_of, minlength=photos)
    drawn = np.random.default_rng(0).integers(photos, size=(DRAWS, photos))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Print a row for each alteration."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_argument("--model", default="second")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--set", default="coco", choices=["flickr8k", "coco", "world"])
    options = arguments.parse_args()
    folder = options.data / options.set
    if not folder.is_dir():
        sys.exit(f"{folder} isn't there: the photos are needed. Name their folder: --data.")
    lines = (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    photo_of = np.array([row for row, photo in enumerate(rows) for _ in photo["captions"]])
    encoder = load_encoder(options.model)
    texts = encoder.embed_texts([text for photo in rows for text in photo["captions"]])
    print(f"{encoder.id} on {options.set}/dev: {len(rows)} photos, {len(texts):,} captions\n")
    print("| photos | R@10 | lost |\n|---|---|---|")
    plain: np.ndarray | None = None
    for name, alter in ALTERATIONS.items():
        with TemporaryDirectory() as made:
            for number, photo in enumerate(rows):
                with Image.open(folder / photo["file"]) as image:
                    write(alter(image.convert("RGB")), name, Path(made) / f"{number:05}")
            found = hits(encoder, texts, photo_of, sorted(Path(made).iterdir()))
        plain = found if plain is None else plain
        lost = plain.astype(float) - found
        low, high = interval(lost, photo_of)
        print(f"| {name} | {found.mean():.3f} | {lost.mean():+.3f} [{low:+.3f}, {high:+.3f}] |")


if __name__ == "__main__":
    main()
