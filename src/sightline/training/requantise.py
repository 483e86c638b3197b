"""A model folder whose convolutions are put into 8 bits anew, from the weights that it holds.

::

    python -m sightline.training.requantise --model second --data ../shared/data --out build/new

For when the way of quantising has changed (`quantise.py`), the weights have not, and the checkpoint
that was exported isn't at hand. Weights are rounded where they already were, on the same steps, so
that this costs nothing more; ranges are measured anew, and the model's probabilities fitted anew.
The text tower and the projections stay as they are. The card is left behind: its figures are of the
old folder.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sightline.encoders import load_encoder
from sightline.encoders.session import read_verified
from sightline.encoders.spec import ModelSpec, inside, read_spec
from sightline.errors import ModelError, SightlineError, UsageError
from sightline.training.captions import read_captions
from sightline.training.dequantise import in_float32
from sightline.training.export import hashes_of, put_in_place
from sightline.training.export_checks import (
    MOST_LOST,
    DevSet,
    Loss,
    check_losses,
    embedded,
    fitted_calibration,
)
from sightline.training.export_graphs import (
    IMAGE_FILE,
    PIXELS,
    TEXT_FILE,
    TOKENIZER_FILE,
    core_milliseconds,
)
from sightline.training.first import CLASSES, DEV_SETS, TRAINING_SETS, calibration_pixels
from sightline.training.measure import Figures, measure
from sightline.training.onnx_graph import halve_float_weights
from sightline.training.quantise import FIRST_IN_FLOAT, quantise_image_graph


def main(arguments: Sequence[str] | None = None) -> Figures:
    """Quantise, check, measure; prints what it finds. Returns what the new folder can do."""
    options = _parser().parse_args(arguments)
    data = options.data
    folder = load_encoder(options.model).folder
    if options.out.resolve() == folder.resolve():
        raise UsageError("--out is the model's own folder, which stays as it is. Name another.")
    if not (data / CLASSES).is_dir():
        raise UsageError(f"{data / CLASSES} is missing: the new model is measured on it, too.")
    spec = _require_ours(folder)
    size, context = spec.image.size, spec.text.context
    tokenizer = Tokenizer.from_str(_verified(folder, spec, TOKENIZER_FILE).decode("utf-8"))
    dev = {name.removesuffix(".jsonl"): read_captions(data / name) for name in DEV_SETS}
    dev_sets = [DevSet.read(name, of, tokenizer, size, context=context) for name, of in dev.items()]
    photos = [photo for name in TRAINING_SETS for photo in read_captions(data / name)]
    ranges = calibration_pixels(photos, size)
    losses = requantise(
        folder, dev_sets, ranges, options.out, first_in_float=options.first_in_float
    )
    for loss in losses:
        print(f"{loss.name}: {loss.in_float} before, {loss.shipped} after")
    for made, when in ((folder, "before"), (options.out, "after")):
        spent = core_milliseconds(made / IMAGE_FILE, dev_sets[0].pixels)
        print(f"{spent:.1f} ms of one core a photo {when}")
    figures = measure(options.out, dev, data / CLASSES)
    print(figures)
    return figures


def requantise(
    folder: Path,
    dev_sets: Sequence[DevSet],
    ranges: NDArray[np.uint8],
    target: Path,
    *,
    most_lost: float = MOST_LOST,
    first_in_float: int = FIRST_IN_FLOAT,
) -> tuple[Loss, ...]:
    """Write `folder` to `target` with its image graph quantised anew. The card is not taken along.

    Args:
        folder: a model folder that an export wrote, in 8 bits or not, for photos stretched to a
            square.
        dev_sets: what recall is held to; the probabilities of the model are fitted to them.
        ranges: training photos that the ranges of the convolutions are measured on,
            uint8 (n, size, size, 3).
        target: made where missing, files in it replaced.
        most_lost: of recall@10, on any dev set.
        first_in_float: convolutions that stay in float, from the first on.

    Returns:
        For each dev set, its recall before (as `in_float`) and after (as `shipped`).

    Raises:
        ModelError: the folder is damaged or no export's, or recall@10 falls by more than
            `most_lost`; nothing is written.
    """
    spec = _require_ours(folder)
    with TemporaryDirectory() as scratch:
        floats, ships = Path(scratch) / "float.onnx", Path(scratch) / "ships"
        ships.mkdir()
        for name in spec.files:
            (ships / name).write_bytes(_verified(folder, spec, name))
        onnx.save(in_float32(folder / IMAGE_FILE), floats)
        quantise_image_graph(floats, ships / IMAGE_FILE, ranges, first_in_float)
        halve_float_weights(ships / IMAGE_FILE)
        after = [embedded(ships, dev) for dev in dev_sets]
        losses = tuple(
            Loss(dev.name, embedded(folder, dev).recall, new.recall)
            for dev, new in zip(dev_sets, after, strict=True)
        )
        check_losses(losses, most_lost)
        changed = msgspec.structs.replace(
            spec, calibration=fitted_calibration(dev_sets, after), files=hashes_of(ships)
        )
        put_in_place(ships, changed, target)
    return losses


def _require_ours(folder: Path) -> ModelSpec:
    """Its description, if its image graph is one that can be quantised here."""
    spec = read_spec(folder)
    ours = {IMAGE_FILE, TEXT_FILE, TOKENIZER_FILE} <= spec.files.keys()
    flat = not any("/" in name for name in spec.files)
    image = spec.image
    if not (ours and flat and image.file == IMAGE_FILE and image.input == PIXELS):
        raise ModelError(f"{folder} is no model folder that `sightline export` wrote.")
    if image.fit != "squash":
        raise ModelError(
            f"{folder} cuts its photos ({image.fit}); ranges are measured on whole ones."
        )
    return spec


def _verified(folder: Path, spec: ModelSpec, name: str) -> bytes:
    return read_verified(inside(folder, name), spec.files[name])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sightline.training.requantise", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", required=True, help="a model's name, or its folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned photos")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument(
        "--first-in-float",
        type=int,
        default=FIRST_IN_FLOAT,
        help="convolutions that stay in float (%(default)s)",
    )
    return parser


if __name__ == "__main__":
    try:
        main()
    except SightlineError as error:
        sys.exit(f"Error: {error}")
