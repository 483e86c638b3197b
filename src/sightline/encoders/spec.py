"""What a model folder says of itself: `model.json`, apart from the code that runs it.

A model folder holds::

    model.json       this file's `ModelSpec`
    image.onnx       uint8 pixels (n, height, width, 3) RGB → float32 (n, d); normalisation inside
    text.onnx        token ids (n, length) [+ attention mask] → float32 (n, d)
    text.onnx.data   its weights, where they stand outside the graph (either graph may do that)
    tokenizer.json   in the format of the `tokenizers` library
    CARD.md          data, licences, figures, limits

Models of other makers come in folders of their own making, with no model.json; what they would
say there is worked out from their own configuration (`layouts.py`).

Every published model brings its own preprocessing, and a model run with another one's is silently
worse, so the two travel together and the model id names both.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sightline.errors import ModelError

SPEC_FILE = "model.json"

_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
FileName = Annotated[str, Meta(pattern=rf"^{_PART}(/{_PART}){{0,4}}$")]
"""A file in the folder or its subfolders: `visual/model.onnx`. No part begins with a dot, so no
name leads out of the folder (links are looked at when the file is read: `inside`)."""

Positive = Annotated[float, Meta(gt=0)]
Triple = tuple[float, float, float]
PositiveTriple = tuple[Positive, Positive, Positive]
Provider = Literal["cpu", "cuda", "directml", "coreml", "openvino"]
"""Where a graph runs (`providers.py`)."""

Cleaning = Literal["none", "lower", "web", "web_lower", "canonical"]


class ImageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a photo becomes the image graph's input.

    `size` is the side of the square input in pixels. `fit` says how a photo of any shape meets the
    square: `squash` stretches the whole photo, `crop` scales the short side and cuts the centre
    (`crop_floor`: half a pixel is rounded down), `pad` scales the long side and fills up with
    black.

    `tensor` is what the graph takes: uint8 (n, size, size, 3), or float32 (n, 3, size, size), for
    which each channel of a pixel v becomes (v / 255 - mean) / std. `batch` is the number of photos
    that a graph made for one number of them insists on. `weights` are files beside the graph that
    hold its weights, where they are not called as the graph is.

    `patches` and `fine_patches` name further outputs, float32 (n, rows, columns, channels): what
    the tower sees at each place, before it is pooled, on its last grid and on one twice as fine.
    `projection` is a graph from the mean of any places of `patches`, (n, channels), to embeddings.
    """

    file: FileName = "image.onnx"
    size: Annotated[int, Meta(ge=16, le=1024)]
    fit: Literal["squash", "crop", "crop_floor", "pad"]
    resample: Literal["bilinear", "bicubic", "lanczos"] = "bicubic"
    input: str = "pixels"
    output: str = "embedding"
    patches: str | None = None
    fine_patches: str | None = None
    projection: FileName | None = None
    tensor: Literal["uint8_nhwc", "float32_nchw"] = "uint8_nhwc"
    mean: Triple = (0.0, 0.0, 0.0)
    std: PositiveTriple = (1.0, 1.0, 1.0)
    batch: Annotated[int, Meta(ge=1, le=1024)] | None = None
    weights: tuple[FileName, ...] = ()


class TextSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a sentence becomes the text graph's input.

    `context` is the longest token sequence, special tokens included. `padding` fills a batch up to
    its longest text, or every text up to `context`: some towers were trained to expect that.
    `clean` is what was done to a text before it was cut into tokens (`cleaning.py`). `ids` is the
    width of the graph's integers. `batch` and `weights` are as for images.
    """

    file: FileName = "text.onnx"
    tokenizer: FileName = "tokenizer.json"
    context: Annotated[int, Meta(ge=4, le=1024)]
    padding: Literal["longest", "context"] = "longest"
    pad_id: Annotated[int, Meta(ge=0)] = 0
    ids_input: str = "input_ids"
    mask_input: str | None = "attention_mask"
    output: str = "embedding"
    clean: Cleaning = "none"
    ids: Literal["int64", "int32"] = "int64"
    batch: Annotated[int, Meta(ge=1, le=1024)] | None = None
    weights: tuple[FileName, ...] = ()


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From a cosine to the chance that photo and sentence belong: σ(scale · cosine + bias).

    The form of SigLIP's loss (Zhai et al. 2023, arXiv:2303.15343), fitted by Platt's method where
    a model was trained with another one. `source` says on what.
    """

    scale: float
    bias: float
    source: str


class ModelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One dual encoder: architecture, preprocessing, source, licence.

    `files` gives the sha256 of each file's bytes, in hex.
    """

    format: Literal[1] = 1
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    title: str
    dimensions: Annotated[int, Meta(ge=2, le=8192)]
    image: ImageSpec
    text: TextSpec
    architecture: str
    licence: str
    source: str
    trained_on: str = ""
    calibration: Calibration | None = None
    files: dict[FileName, str]

    @property
    def joint(self) -> bool:
        """Whether both towers are in one graph."""
        return self.image.file == self.text.file

    @property
    def id(self) -> str:
        """Name plus a fingerprint of weights *and* preprocessing: `first-3fa2c81b09de`.

        Two models with one id give the same vectors; anything that could change a vector changes
        the id. Vectors in a library are kept under it.
        """
        meaning = {
            "dimensions": self.dimensions,
            "image": _meaning(self.image),
            "text": _meaning(self.text),
            "files": self.files,
        }
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"


_CHANGES_NO_VECTOR = {"patches", "fine_patches", "projection", "batch", "weights"}
_SINCE_THE_FIRST_MODEL = {"tensor", "mean", "std", "clean", "ids"}


def _meaning(part: ImageSpec | TextSpec) -> dict[str, object]:
    """The fields that make a vector what it is.

    Those that came after the first libraries were built count only where they are set: a model
    without them keeps its id, and every library the name of its vectors.
    """
    defaults = {field.name: field.default for field in msgspec.structs.fields(part)}
    unset = {
        name for name in _SINCE_THE_FIRST_MODEL if getattr(part, name, None) == defaults.get(name)
    }
    left_out = _CHANGES_NO_VECTOR | unset
    return {k: v for k, v in msgspec.to_builtins(part).items() if k not in left_out}


def inside(folder: Path, name: str) -> Path:
    """The file `name` of a model folder.

    Raises:
        ModelError: a link leads out of the folder.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{path} leads out of the model folder; nothing outside it is used.")
    return path


def read_spec(folder: Path) -> ModelSpec:
    """Read and check `model.json` of a model folder.

    Raises:
        ModelError: the file is missing, unreadable, or not a description we understand.
    """
    path = folder / SPEC_FILE
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=ModelSpec)
    except OSError as error:
        raise ModelError(
            f"{folder} is no model folder: can't read {SPEC_FILE} ({error.strerror})."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} is not a model description that this version understands: {error}."
        ) from None
    require_files(folder, spec)
    return spec


def require_files(folder: Path, spec: ModelSpec) -> None:
    """Check that the files that a description names are there, and inside the folder.

    Raises:
        ModelError: one is missing, or is a link out of the folder.
    """
    for name in (spec.image.file, spec.text.file, spec.text.tokenizer):
        if not os.path.isfile(inside(folder, name)):  # noqa: PTH113 - never raises
            raise ModelError(
                f"{folder} is incomplete: {name} is missing. Fetch or export it again."
            )
