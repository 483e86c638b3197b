"""Dual encoder → a folder that `sightline.encoders.load_encoder` takes.

Both graphs are written in float first and must agree with torch. Then they are made small: weights
of 8 bits cost a little precision, and are checked against what that precision is for, retrieval.
Nothing is put in place before every check has passed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from numpy.typing import NDArray

from sightline.encoders.spec import SPEC_FILE, Calibration, ImageSpec, ModelSpec, TextSpec
from sightline.training.dual_encoder import DualEncoder
from sightline.training.export_checks import (
    CONTEXT,
    MOST_LOST,
    DevSet,
    Fit,
    Loss,
    check_losses,
    check_parity,
    embedded,
    fitted_calibration,
)
from sightline.training.export_graphs import (
    FINE_PATCHES,
    IDS,
    IMAGE_FILE,
    MASK,
    OUTPUT,
    PATCHES,
    PIXELS,
    PROJECTION_FILE,
    TEXT_FILE,
    TOKENIZER_FILE,
    core_milliseconds,
    pools_by_mean,
    write_image_graph,
    write_projection_graph,
    write_text_graph,
)
from sightline.training.onnx_graph import halve_float_weights, put_weights_outside
from sightline.training.quantise import (
    FIRST_IN_FLOAT,
    quantise_image_graph,
    quantise_text_graph,
    with_int8_words,
)


@dataclass(frozen=True)
class Description:
    """What `model.json` says that can't be read off the weights."""

    name: str
    title: str
    architecture: str
    licence: str
    source: str
    trained_on: str
    context: int = CONTEXT
    fit: Fit = "squash"


@dataclass(frozen=True)
class ExportReport:
    """What the checks of an export measured.

    float_ms, shipped_ms: milliseconds of one core that the image graphs take for a photo.
    """

    image_cosine: float
    text_cosine: float
    losses: tuple[Loss, ...]
    float_ms: float
    shipped_ms: float
    bytes: int

    @property
    def lowest_cosine(self) -> float:
        """Of any float embedding with torch's."""
        return min(self.image_cosine, self.text_cosine)


def export_model(
    encoder: DualEncoder,
    description: Description,
    tokenizer: str,
    dev_sets: Sequence[DevSet],
    calibration: NDArray[np.uint8],
    target: Path,
    *,
    most_lost: float = MOST_LOST,
    int8: bool = True,
    first_in_float: int = FIRST_IN_FLOAT,
) -> ExportReport:
    """Write `encoder` as a model folder: int8 text tower, int8 convolutions in the image tower.

    The card, which tells what the folder's own figures are, is for the caller to add.

    Args:
        tokenizer: contents of tokenizer.json.
        dev_sets: what recall is measured on; the first photos and captions check the float graphs.
            The probabilities of the model are fitted to all of them.
        calibration: training photos that the ranges of the convolutions are measured on,
            uint8 (n, size, size, 3).
        target: the folder; made where missing, files in it replaced.
        most_lost: of recall@10 to 8-bit weights, on any dev set.
        int8: whether weights are made small at all.
        first_in_float: convolutions that aren't, from the first on (`quantise.py`).

    Raises:
        ModelError: a float graph's cosine with torch is under `LEAST_COSINE`, or 8-bit weights cost
            more than `most_lost` of recall@10 on a dev set. `target` is left as it was.
    """
    with TemporaryDirectory() as folder:
        floats, ships = Path(folder) / "float", Path(folder) / "ships"
        floats.mkdir()
        ships.mkdir()
        write_image_graph(encoder.image, floats / IMAGE_FILE)
        write_text_graph(encoder.text, floats / TEXT_FILE)
        image_cosine, text_cosine = check_parity(encoder, floats, dev_sets[0])

        if int8:
            quantise_image_graph(
                floats / IMAGE_FILE, ships / IMAGE_FILE, calibration, first_in_float
            )
            halve_float_weights(ships / IMAGE_FILE)  # the projection's: the rest is in 8 bits
            small = Path(folder) / "int8-words.onnx"
            write_text_graph(with_int8_words(encoder.text, description.context), small)
            quantise_text_graph(small, ships / TEXT_FILE)
        else:
            for file in (IMAGE_FILE, TEXT_FILE):
                (ships / file).write_bytes((floats / file).read_bytes())
        put_weights_outside(ships / TEXT_FILE)
        if pools_by_mean(encoder.image):
            write_projection_graph(encoder.image.projection, ships / PROJECTION_FILE)
            if int8:
                halve_float_weights(ships / PROJECTION_FILE)
        in_float = [embedded(floats, dev) for dev in dev_sets]
        shipped = [embedded(ships, dev) for dev in dev_sets]
        losses = tuple(
            Loss(dev.name, before.recall, after.recall)
            for dev, before, after in zip(dev_sets, in_float, shipped, strict=True)
        )
        check_losses(losses, most_lost)

        (ships / TOKENIZER_FILE).write_text(tokenizer, encoding="utf-8")
        spec = _spec(description, encoder, fitted_calibration(dev_sets, shipped), ships)
        put_in_place(ships, spec, target)
        total = sum(file.stat().st_size for file in ships.iterdir())
        float_ms, shipped_ms = (
            core_milliseconds(graphs / IMAGE_FILE, dev_sets[0].pixels) for graphs in (floats, ships)
        )
    return ExportReport(image_cosine, text_cosine, losses, float_ms, shipped_ms, total)


def _spec(
    description: Description, encoder: DualEncoder, calibration: Calibration, folder: Path
) -> ModelSpec:
    projection = PROJECTION_FILE if (folder / PROJECTION_FILE).exists() else None
    return ModelSpec(
        name=description.name,
        title=description.title,
        dimensions=encoder.image.projection.straight.out_features,
        image=ImageSpec(
            file=IMAGE_FILE,
            size=encoder.image.tower.size,
            fit=description.fit,
            resample="bicubic",
            input=PIXELS,
            output=OUTPUT,
            patches=PATCHES,
            fine_patches=FINE_PATCHES,
            projection=projection,
        ),
        text=TextSpec(
            file=TEXT_FILE,
            tokenizer=TOKENIZER_FILE,
            context=description.context,
            ids_input=IDS,
            mask_input=MASK,
            output=OUTPUT,
        ),
        architecture=description.architecture,
        licence=description.licence,
        source=description.source,
        trained_on=description.trained_on,
        calibration=calibration,
        files=hashes_of(folder),
    )


def hashes_of(folder: Path) -> dict[str, str]:
    """Name → SHA-256 in hex of each file in a folder."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
    }


def put_in_place(made: Path, spec: ModelSpec, target: Path) -> None:
    """Describe what was made and checked, and copy it to where it is wanted."""
    (made / SPEC_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(spec)) + b"\n")
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(made.iterdir()):
        (target / file.name).write_bytes(file.read_bytes())
