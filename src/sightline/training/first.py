"""The recipe of the first bundled model: frozen towers, two trained heads.

::

    python -m sightline.training.first --data ../shared/data --out build/first

Reads 15,270 captioned photos, keeps what the towers see of them under `--cache`, trains the heads,
writes the model folder and measures it through the public API. One seed, one thread: the same
versions on the same kind of processor give the same weights.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sightline.training.captions import CaptionedPhoto, names_a_side, read_captions
from sightline.training.dual_encoder import DualEncoder, ImageEncoder, TextEncoder
from sightline.training.export import Description, export_model
from sightline.training.export_checks import CONTEXT, DevSet
from sightline.training.features import (
    fingerprint,
    image_features,
    kept,
    read_pixels,
    text_features,
)
from sightline.training.first_card import write_first_card
from sightline.training.heads import FrozenPairs, Heads, Recipe, train_heads
from sightline.training.image_tower import EfficientNetLite
from sightline.training.measure import Figures, measure
from sightline.training.pretrained import load_image_tower, load_text_tower, tokenizer_json
from sightline.training.text_tower import MiniLM

TRAINING_SETS = (
    "flickr8k/train.jsonl",
    "imagenet_sample/captions.jsonl",
    "coco/train.jsonl",
    "world/train.jsonl",
)
DEV_SETS = ("flickr8k/dev.jsonl", "coco/dev.jsonl", "world/dev.jsonl")
CLASSES = "caltech101"

RECIPE = Recipe(seed=1)
CALIBRATION_PHOTOS = 256

DESCRIPTION = Description(
    name="first",
    title="sightline first generation",
    architecture="EfficientNet-Lite0 and MiniLM-L6, one residual projection each",
    licence="Apache-2.0 (weights); see CARD.md for the data they were trained on",
    source="python -m sightline.training.first",
    trained_on="flickr8k/train, imagenet_sample, coco/train, world/train: 15,270 captioned photos",
)


class Towers(NamedTuple):
    """Both frozen towers, and the tokenizer of one."""

    image: EfficientNetLite
    text: MiniLM
    tokenizer: Tokenizer


def main(arguments: Sequence[str] | None = None, recipe: Recipe = RECIPE) -> Figures:
    """Train, export, measure; prints what it does. Returns the figures on the card."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    say = Log()
    towers = load_towers()
    photos = [photo for name in TRAINING_SETS for photo in read_captions(options.data / name)]
    pairs = frozen_pairs(towers, photos, options.cache, options.threads)
    say(f"features of {len(pairs.images):,} photos and {len(pairs.texts):,} captions")

    heads = train_heads(
        pairs, recipe, lambda epoch, loss, _: say(f"epoch {epoch:2}: loss {loss:.3f}")
    )
    encoder = assemble(towers, heads)
    dev_photos = {
        name.removesuffix(".jsonl"): read_captions(options.data / name) for name in DEV_SETS
    }
    size = towers.image.size
    report = export_model(
        encoder,
        DESCRIPTION,
        tokenizer_json(),
        [DevSet.read(name, dev, towers.tokenizer, size) for name, dev in dev_photos.items()],
        calibration_pixels(photos, size),
        options.out,
    )
    say(f"exported {report.bytes / 1e6:.1f} MB, cosine to torch {report.lowest_cosine:.6f}")
    for loss in report.losses:
        print(f"  {loss.name}: in float {loss.in_float}, shipped {loss.shipped}")

    figures = measure(options.out, dev_photos, options.data / CLASSES)
    write_first_card(options.out, DESCRIPTION, recipe, report, figures)
    say("measured through the public API")
    print(figures)
    return figures


class Log:
    """Prints a line with the seconds since the last one."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def __call__(self, line: str) -> None:
        now = time.perf_counter()
        print(f"[{now - self._last:6.1f} s] {line}", flush=True)
        self._last = now


def load_towers() -> Towers:
    """The published weights to start from."""
    tokenizer = Tokenizer.from_str(tokenizer_json())
    tokenizer.enable_truncation(CONTEXT)
    return Towers(load_image_tower("lite0"), load_text_tower(), tokenizer)


def frozen_pairs(
    towers: Towers, photos: Sequence[CaptionedPhoto], cache: Path, threads: int
) -> FrozenPairs:
    """What the towers see of each photo, of its mirror image and of each caption."""
    paths = [photo.path for photo in photos]
    captions = [(row, text) for row, photo in enumerate(photos) for text in photo.captions]
    texts = [text for _, text in captions]
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]

    def images(*, mirrored: bool) -> torch.Tensor:
        name = "mirrored" if mirrored else "images"
        tower = towers.image
        meaning = [fingerprint(tower), tower.size, tower.levels, mirrored, files]
        return torch.from_numpy(
            kept(
                cache,
                name,
                meaning,
                lambda: image_features(towers.image, paths, mirrored=mirrored, threads=threads),
            )
        )

    words = kept(
        cache,
        "texts",
        [fingerprint(towers.text), towers.tokenizer.to_str(), texts],
        lambda: text_features(towers.text, towers.tokenizer, texts, threads=threads),
    )
    return FrozenPairs(
        images(mirrored=False),
        images(mirrored=True),
        torch.from_numpy(words),
        np.array([row for row, _ in captions]),
        np.array([names_a_side(text) for text in texts]),
    )


def assemble(towers: Towers, heads: Heads) -> DualEncoder:
    """Towers and heads as one encoder, in evaluation mode."""
    encoder = DualEncoder(
        ImageEncoder(towers.image, heads.image),
        TextEncoder(towers.text, heads.text),
        heads.temperature,
    )
    return encoder.eval()


def calibration_pixels(photos: Sequence[CaptionedPhoto], size: int) -> NDArray[np.uint8]:
    """Training photos at random, the same each time: uint8 (n, size, size, 3)."""
    draw = np.random.default_rng(RECIPE.seed)
    chosen = draw.choice(len(photos), min(CALIBRATION_PHOTOS, len(photos)), replace=False)
    return np.stack([read_pixels(photos[row].path, size) for row in chosen])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sightline.training.first", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned photos")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--cache", type=Path, default=Path("build/features"))
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
