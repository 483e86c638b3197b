"""A checkpoint: all of a training run in one file, so that it can go on as if never stopped.

`last.pt` is written every so often, `best.pt` whenever retrieval on the dev sets was never better;
both hold the same things. A file is put in place at once or not at all, and reading one never runs
code that it brings (`torch.load` with `weights_only=True`).
"""

import os
import pickle
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import msgspec
import torch
from torch import Tensor

from sightline.errors import ModelError
from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig
from sightline.training.retrieval import SetFigures

FORMAT = 1
KIND = "sightline checkpoint"

Weights = dict[str, Tensor]

# What torch's reader raises on files with flipped or missing bytes.
_DAMAGED = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
    pickle.UnpicklingError,
    BadZipFile,
    NotImplementedError,
    zlib.error,
)


class Best(msgspec.Struct, frozen=True):
    """The best retrieval so far, and when; `figures` one a dev set."""

    score: float
    step: int
    figures: tuple[SetFigures, ...]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a run needs to go on, bit for bit.

    Attributes:
        name: of the run.
        meaning: the run's config, without what changes no weight; JSON.
        data: a fingerprint of the training and dev sets.
        model: the architecture.
        tokenizer: contents of tokenizer.json.
        weights, average: of the model, and their moving average where one is kept.
        optimiser: its state dict.
        step: how many steps were made. Schedule, order of the data, augmentation and dropout
            are drawn from the seed and the step, so this is their position, too.
        unreadable: samples that can't be read: index → reason.
        best: the best retrieval so far.
    """

    name: str
    meaning: str
    data: str
    model: DualEncoderConfig
    tokenizer: str
    weights: Weights
    average: Weights | None
    optimiser: Mapping[str, Any]
    step: int
    unreadable: Mapping[int, str]
    best: Best | None


@dataclass(frozen=True)
class Trained:
    """A trained dual encoder, ready to embed or to export.

    Attributes:
        name: of the run.
        model: in evaluation mode, with the averaged weights where the run kept an average.
        config: its architecture.
        tokenizer: contents of tokenizer.json.
        figures: retrieval at the run's best step, one a dev set.
        step: when these weights were written.
    """

    name: str
    model: DualEncoder
    config: DualEncoderConfig
    tokenizer: str
    figures: tuple[SetFigures, ...]
    step: int


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write `path`, whole or not at all: beside it first, then moved over it.

    Raises:
        ModelError: the disk is full, or the folder can't be written.
    """
    values = {
        "kind": KIND,
        "format": FORMAT,
        "name": checkpoint.name,
        "meaning": checkpoint.meaning,
        "data": checkpoint.data,
        "model": msgspec.json.encode(checkpoint.model).decode(),
        "tokenizer": checkpoint.tokenizer,
        "weights": checkpoint.weights,
        "average": checkpoint.average,
        "optimiser": dict(checkpoint.optimiser),
        "step": checkpoint.step,
        "unreadable": dict(checkpoint.unreadable),
        "best": msgspec.json.encode(checkpoint.best).decode(),
    }
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            torch.save(values, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # a RuntimeError is how torch says "disk full"
        unfinished.unlink(missing_ok=True)
        raise ModelError(f"Can't write the checkpoint {path}: {error}.") from None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote, onto the CPU.

    Raises:
        ModelError: missing, damaged, not one of ours, or written by a later version.
    """
    if not path.is_file():
        raise ModelError(f"There is no checkpoint at {path}.")
    try:
        _check_whole(path)
        values = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"{path} is damaged or no checkpoint of sightline: {reason}.") from None
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise ModelError(f"{path} is no checkpoint that `sightline train` wrote.")
    if values["format"] != FORMAT:
        raise ModelError(
            f"{path} has checkpoint format {values['format']}, and this version reads {FORMAT}: "
            "use the version of sightline that wrote it."
        )
    try:
        return Checkpoint(
            name=values["name"],
            meaning=values["meaning"],
            data=values["data"],
            model=msgspec.json.decode(values["model"], type=DualEncoderConfig),
            tokenizer=values["tokenizer"],
            weights=values["weights"],
            average=values["average"],
            optimiser=values["optimiser"],
            step=values["step"],
            unreadable=values["unreadable"],
            best=msgspec.json.decode(values["best"], type=Best | None),
        )
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise ModelError(f"{path} is an incomplete checkpoint ({error}).") from None


def read_trained(path: Path) -> Trained:
    """The dual encoder of a checkpoint.

    Raises:
        ModelError: as `read_checkpoint`, or the weights are not those of its architecture.
    """
    checkpoint = read_checkpoint(path)
    model = DualEncoder.from_random(checkpoint.model)
    weights = checkpoint.weights if checkpoint.average is None else checkpoint.average
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ModelError(f"The weights in {path} are not its model's: {error}") from None
    return Trained(
        checkpoint.name,
        model.eval(),
        checkpoint.model,
        checkpoint.tokenizer,
        () if checkpoint.best is None else checkpoint.best.figures,
        checkpoint.step,
    )


def _check_whole(path: Path) -> None:
    """Compare all bytes with their checksums, which torch writes and doesn't read."""
    with ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise BadZipFile(f"{damaged} has other bytes than were written")


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
