"""Model folders of other makers → the `ModelSpec` they would have, had we made them.

Two layouts are known, and between them most dual encoders that are published as ONNX:

open_clip (the organisation `immich-app`, and what open_clip itself exports)::

    config.json                    vision_cfg, text_cfg: one of open_clip's model_configs
    visual/model.onnx              visual/preprocess_cfg.json
    textual/model.onnx             textual/tokenizer.json, textual/tokenizer_config.json

transformers (the organisations `onnx-community` and `Xenova`, and what optimum exports)::

    config.json                    model_type: clip or siglip
    preprocessor_config.json       tokenizer.json, tokenizer_config.json
    onnx/vision_model.onnx         onnx/text_model.onnx; or onnx/model.onnx, both towers in one

How the graphs' inputs and outputs are called, what type and size they have, is read from the
graphs' headers. Anything that is not understood is an error: a model run with the wrong
preprocessing gives no error of its own, only bad matches.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

from sightline.encoders.configuration import Configuration
from sightline.encoders.layout_open_clip import open_clip_towers
from sightline.encoders.layout_transformers import transformers_towers
from sightline.encoders.lock import Lock, read_lock
from sightline.encoders.spec import ImageSpec, ModelSpec, TextSpec, inside, require_files
from sightline.errors import ModelError

OPEN_CLIP = ("visual/model.onnx", "textual/model.onnx")
TRANSFORMERS = ("onnx/vision_model.onnx", "onnx/text_model.onnx")
JOINT = "onnx/model.onnx"
_FLAT = ("vision_model.onnx", "text_model.onnx")
_FLAT_JOINT = "model.onnx"


def has_layout(folder: Path) -> bool:
    """Whether the folder holds the graphs of a layout known here."""
    return _graphs_of(folder) is not None


def derive_spec(folder: Path) -> ModelSpec:
    """Work out what a folder without a `model.json` would say in it.

    Where the folder has no lock file (nobody fetched it), every graph is read once to find its
    sha256, because the model id rests on it.

    Raises:
        ModelError: no known layout, a file is missing or damaged, or a setting isn't understood.
    """
    graphs = _graphs_of(folder)
    if graphs is None:
        raise ModelError(
            f"{folder} is no model folder: it has neither a model.json nor one of the known pairs "
            f"{OPEN_CLIP} and {TRANSFORMERS}."
        )
    lock = read_lock(folder)
    config = Configuration(folder, lock)
    towers = open_clip_towers if graphs == OPEN_CLIP else transformers_towers
    image, text, dimensions = towers(config, *graphs)
    spec = _spec(folder, lock, image, text, dimensions)
    require_files(folder, spec)
    return spec


def _graphs_of(folder: Path) -> tuple[str, str] | None:
    for pair in (OPEN_CLIP, TRANSFORMERS, _FLAT, (JOINT, JOINT), (_FLAT_JOINT, _FLAT_JOINT)):
        if all((folder / name).is_file() for name in pair):
            return pair
    return None


def _spec(
    folder: Path, lock: Lock | None, image: ImageSpec, text: TextSpec, dimensions: int
) -> ModelSpec:
    name = lock.name if lock else _name_of(folder)
    fields: dict[str, Any] = {
        "name": name,
        "title": lock.title if lock else name,
        "dimensions": dimensions,
        "image": image,
        "text": text,
        "architecture": (lock.architecture if lock else "") or "as its own config.json says",
        "licence": lock.licence if lock else "not stated in the folder",
        "source": _source(lock) if lock else str(folder),
        "calibration": lock.calibration if lock else None,
        "files": _files(folder, lock, image, text),
    }
    try:
        return msgspec.convert(msgspec.to_builtins(fields), type=ModelSpec)
    except msgspec.ValidationError as error:
        raise ModelError(f"{folder} can't be used as a model: {error}.") from None


def _source(lock: Lock) -> str:
    return ", ".join(f"{source.repository}@{source.revision[:12]}" for source in lock.sources)


def _name_of(folder: Path) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", folder.resolve().name.lower()).strip("-._")
    return slug[:64] or "model"


def _files(folder: Path, lock: Lock | None, image: ImageSpec, text: TextSpec) -> dict[str, str]:
    """sha256 of the graphs, of weights that stand beside them, and of the tokenizer."""
    names = {image.file, *image.weights, text.file, *text.weights, text.tokenizer}
    if lock is None:
        return {name: _sha256(inside(folder, name)) for name in sorted(names)}
    unlocked = names - set(lock.files)
    if unlocked:
        raise ModelError(
            f"The lock file of {folder} does not name {', '.join(sorted(unlocked))}. "
            "Delete the folder and fetch the model again."
        )
    return {name: lock.files[name].sha256 for name in sorted(names)}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"Can't read the model file {path}: {error.strerror}.") from None
