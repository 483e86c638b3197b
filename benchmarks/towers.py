"""What the two towers of a model cost by themselves: milliseconds of one core a photo, and a query.

Photos are noise: what they show changes no speed. A first few runs of each tower aren't counted.
"""

from itertools import product
from time import thread_time

import numpy as np

from common import Row, Sample, parser, report
from sightline.encoders import DEFAULT_MODEL, load_encoder
from sightline.encoders.dual import IMAGE_BATCH

TARGETS = {"image": 8.0, "text": 5.0}
WORDS = [
    f"{who} {what}" for who, what in product(("two dogs", "a red car"), ("at night", "by a lake"))
]


def main() -> None:
    """Measure both towers in turn, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--model", default=DEFAULT_MODEL, help="a model's name, or its folder")
    given = arguments.parse_args()
    encoder = load_encoder(given.model, "cpu")
    side = encoder.spec.image.size
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGE_BATCH, side, side, 3), np.uint8)
    images, texts = [], []
    for turn in range(8 if given.quick else 105):
        began = thread_time()
        encoder.embed_pixels(pixels)
        between = thread_time()
        encoder.embed_texts([WORDS[turn % len(WORDS)]])
        if turn >= 5:
            images.append((between - began) / IMAGE_BATCH)
            texts.append(thread_time() - between)
    rows = [
        _row(f"image tower, a photo at batch {IMAGE_BATCH}", images, TARGETS["image"]),
        _row("text tower, a query", texts, TARGETS["text"]),
    ]
    report(f"The towers of {encoder.id}, on one core", rows, given.json)


def _row(what: str, spent: list[float], target: float) -> Row:
    sample = Sample(tuple(spent))
    return Row(
        what,
        f"{sample.show(1000)} ms",
        f"at most {target:g} ms",
        sample.median * 1000 <= target,
        {"seconds": spent},
    )


if __name__ == "__main__":
    main()
