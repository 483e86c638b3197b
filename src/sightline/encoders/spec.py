"""What a model folder says of itself: `model.json`, apart from the code that runs it.

A model folder holds::

    model.json       this file's `ModelSpec`
    image.onnx       uint8 pixels (n, height, width, 3) RGB → float32 (n, d); normalisation inside
    text.onnx        token ids (n, length) [+ attention mask] → float32 (n, d)
    text.onnx.data   its weights, where they stand outside the graph (either graph may do that)
    tokenizer.json   in the format of the `tokenizers` library
    CARD.md          data, licences, figures, limits

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

FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
"""A file directly in the folder: no separator, no leading dot."""


class ImageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a photo becomes the image graph's input.

    `size` is the side of the square input in pixels. `fit` says how a photo of any shape meets the
    square: `squash` stretches the whole photo, `crop` scales the short side and cuts the centre.

    `patches` and `fine_patches` name further outputs, float32 (n, rows, columns, channels): what
    the tower sees at each place, before it is pooled, on its last grid and on one twice as fine.
    """

    file: FileName = "image.onnx"
    size: Annotated[int, Meta(ge=16, le=1024)]
    fit: Literal["squash", "crop"]
    resample: Literal["bilinear", "bicubic", "lanczos"] = "bicubic"
    input: str = "pixels"
    output: str = "embedding"
    patches: str | None = None
    fine_patches: str | None = None


class TextSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a sentence becomes the text graph's input.

    `context` is the longest token sequence, special tokens included. `padding` fills a batch up to
    its longest text, or every text up to `context`: some towers were trained to expect that.
    """

    file: FileName = "text.onnx"
    tokenizer: FileName = "tokenizer.json"
    context: Annotated[int, Meta(ge=4, le=1024)]
    padding: Literal["longest", "context"] = "longest"
    pad_id: Annotated[int, Meta(ge=0)] = 0
    ids_input: str = "input_ids"
    mask_input: str | None = "attention_mask"
    output: str = "embedding"


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
    def id(self) -> str:
        """Name plus a fingerprint of weights *and* preprocessing: `first-3fa2c81b09de`.

        Two models with one id give the same vectors; anything that could change a vector changes
        the id. Vectors in a library are kept under it.
        """
        image = msgspec.to_builtins(self.image)
        meaning = {
            "dimensions": self.dimensions,
            # Which further outputs are named changes no vector.
            "image": {k: v for k, v in image.items() if not k.endswith("patches")},
            "text": msgspec.to_builtins(self.text),
            "files": self.files,
        }
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"


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
    for name in (spec.image.file, spec.text.file, spec.text.tokenizer):
        if not os.path.isfile(folder / name):  # noqa: PTH113 - never raises, whatever the name
            raise ModelError(
                f"{folder} is incomplete: {name} is missing. Fetch or export it again."
            )
    return spec
