"""A checkpoint of `sightline train` → a checked model folder with a card."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from sightline.errors import UsageError
from sightline.training.captions import read_captions
from sightline.training.card import CARD_FILE
from sightline.training.checkpoint import Trained, read_trained
from sightline.training.dual_encoder import DualEncoderConfig
from sightline.training.export import Description, export_model
from sightline.training.export_checks import DevSet, Loss

RANGE_PHOTOS = 256
"""Photos that the ranges of 8-bit convolutions are measured on."""


@dataclass(frozen=True)
class Exported:
    """A model folder, and what its checks measured."""

    folder: Path
    bytes: int
    lowest_cosine: float
    losses: tuple[Loss, ...]


def export_run(
    checkpoint: Path,
    dev: Sequence[Path],
    out: Path | None = None,
    *,
    ranges: Path | None = None,
    name: str | None = None,
    int8: bool = True,
    licence: str = "not stated",
) -> Exported:
    """Write a checkpoint's model as a folder that `load_encoder` takes.

    Args:
        dev: JSONL files of captioned photos that nothing was trained on.
        out: the folder; by default the run's name, in the current folder.
        ranges: captioned photos for the ranges of 8-bit convolutions, best those trained on; by
            default the first of `dev`.
        name: the model's; by default the folder's.

    Raises:
        UsageError: a dev file can't be read, or the name is none.
        ModelError: the checkpoint is none, or a check failed; nothing was written.
    """
    if not dev:
        raise UsageError("An export is checked on photos: name a file of them with --dev.")
    sets = {file: read_captions(file) for file in dev}
    trained = read_trained(checkpoint)
    folder = out or Path(trained.name)
    config, tokenizer = trained.config, Tokenizer.from_str(trained.tokenizer)
    description = _description(trained, name or folder.name, licence)
    dev_sets = [
        DevSet.read(
            f"{file.parent.name}/{file.stem}",
            photos,
            tokenizer,
            config.size,
            context=config.context,
            fit=config.fit,
        )
        for file, photos in sets.items()
    ]
    pixels = dev_sets[0].pixels
    if ranges is not None:
        pixels = DevSet.read(
            "ranges", read_captions(ranges)[:RANGE_PHOTOS], tokenizer, config.size, fit=config.fit
        ).pixels
    chosen = np.random.default_rng(0).permutation(len(pixels))[:RANGE_PHOTOS]
    report = export_model(
        trained.model,
        description,
        trained.tokenizer,
        dev_sets,
        pixels[chosen],
        folder,
        int8=int8,
    )
    _write_card(folder, trained, description, report.losses)
    return Exported(folder, report.bytes, report.lowest_cosine, report.losses)


def _description(trained: Trained, name: str, licence: str) -> Description:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) is None:
        raise UsageError(
            f"{name!r} can't be a model's name: small letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit. Choose another with --name."
        )
    return Description(
        name=name,
        title=trained.name,
        architecture=_architecture(trained.config),
        licence=licence,
        source=f"sightline train, run {trained.name}, step {trained.step}",
        trained_on="",
        context=trained.config.context,
        fit=trained.config.fit,
    )


def _architecture(config: DualEncoderConfig) -> str:
    image = {"lite0": "EfficientNet-Lite0", "lite2": "EfficientNet-Lite2", "conv": "small ConvNet"}
    text = "MiniLM-L6" if config.text_published else f"BERT of {config.text.layers} layers"
    return f"{image[config.image]} at {config.size} px and {text}, {config.dimensions} dimensions"


def _write_card(
    folder: Path, trained: Trained, description: Description, losses: Sequence[Loss]
) -> None:
    """What is known without being told; data, licences and limits are for its maker to add."""
    rows = "\n".join(f"| {loss.name} | {loss.in_float} | {loss.shipped} |" for loss in losses)
    (folder / CARD_FILE).write_text(
        f"# {description.title}\n\n{description.architecture}.\n"
        f"From {description.source}. Licence: {description.licence}.\n\n"
        "Text→image recall@1/5/10 over each set's own photos, with the checkpoint's weights in\n"
        "float and as they stand in this folder:\n\n"
        f"| set | float | here |\n|---|---|---|\n{rows}\n\n"
        "To be written by who trained it: the data and whose it is, what the model doesn't know,\n"
        "what bias was looked for.\n",
        encoding="utf-8",
    )
