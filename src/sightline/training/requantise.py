"""A model folder whose convolutions are put into 8 bits anew, from the weights that it holds.

::

    python -m sightline.training.requantise --model second --data ../shared/data --out build/new

For when the way of quantising has changed (`quantise.py`) and the weights have not. It is what an
export would write, but that weights are rounded where they already were: on the same steps, so that
this costs nothing more. All else in the folder stays as it is, and so does what the model knows.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sightline.encoders import load_encoder
from sightline.encoders.spec import SPEC_FILE, read_spec
from sightline.training.captions import read_captions
from sightline.training.dequantise import in_float32
from sightline.training.export_checks import (
    MOST_LOST,
    DevSet,
    Loss,
    check_losses,
    embedded,
    fitted_calibration,
)
from sightline.training.export_graphs import IMAGE_FILE, core_milliseconds
from sightline.training.first import CLASSES, DEV_SETS, TRAINING_SETS, calibration_pixels
from sightline.training.measure import Figures, measure
from sightline.training.onnx_graph import halve_float_weights
from sightline.training.quantise import FIRST_IN_FLOAT, quantise_image_graph


def main(arguments: Sequence[str] | None = None) -> Figures:
    """Quantise, check, measure; prints what it finds. Returns what the new folder can do."""
    options = _parser().parse_args(arguments)
    data = options.data
    encoder = load_encoder(options.model)
    tokenizer = Tokenizer.from_file(str(encoder.folder / encoder.spec.text.tokenizer))
    dev = {name.removesuffix(".jsonl"): read_captions(data / name) for name in DEV_SETS}
    size = encoder.spec.image.size
    dev_sets = [DevSet.read(name, of, tokenizer, size) for name, of in dev.items()]
    photos = [photo for name in TRAINING_SETS for photo in read_captions(data / name)]
    losses = requantise(encoder.folder, dev_sets, calibration_pixels(photos, size), options.out)
    for loss in losses:
        print(f"{loss.name}: {loss.in_float} before, {loss.shipped} after")
    for folder, when in ((encoder.folder, "before"), (options.out, "after")):
        spent = core_milliseconds(folder / IMAGE_FILE, dev_sets[0].pixels)
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
        folder: a model folder that an export wrote, in 8 bits or not.
        dev_sets: what recall is held to; the probabilities of the model are fitted to them.
        ranges: training photos that the ranges of the convolutions are measured on,
            uint8 (n, size, size, 3).
        target: made where missing, files in it replaced.
        most_lost: of recall@10, on any dev set.
        first_in_float: convolutions that stay in float, from the first on.

    Returns:
        For each dev set, its recall before ("in float") and after ("shipped").

    Raises:
        ModelError: recall@10 falls by more than `most_lost`; nothing is written.
    """
    spec = read_spec(folder)
    with TemporaryDirectory() as scratch:
        floats, ships = Path(scratch) / "float.onnx", Path(scratch) / "ships"
        ships.mkdir()
        for name in spec.files:
            (ships / name).write_bytes((folder / name).read_bytes())
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
            spec,
            calibration=fitted_calibration(dev_sets, after),
            files={name: _sha256(ships / name) for name in spec.files},
        )
        (ships / SPEC_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(changed)) + b"\n")
        target.mkdir(parents=True, exist_ok=True)
        for made in sorted(ships.iterdir()):
            (target / made.name).write_bytes(made.read_bytes())
    return losses


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sightline.training.requantise", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", required=True, help="a model's name, or its folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned photos")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    return parser


if __name__ == "__main__":
    main()
