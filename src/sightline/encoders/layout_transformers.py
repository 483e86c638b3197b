"""The configuration files of Hugging Face transformers, read as its own classes read them.

Sources of the rules: `CLIPImageProcessor`, `SiglipImageProcessor` (resize, crop, rescale,
normalise), `CLIPTextConfig` (77 tokens) and `SiglipTextConfig` (64 tokens, always filled up, no
mask), `Siglip2Tokenizer` (lower case) and `SiglipTokenizer` (no punctuation).
"""

from typing import Any

from sightline.encoders.configuration import Configuration
from sightline.encoders.spec import Cleaning, ImageSpec, TextSpec
from sightline.encoders.towers import (
    IMAGE_OUTPUTS,
    TEXT_OUTPUTS,
    embedding_port,
    outside_weights,
    pixel_port,
    token_ports,
)
from sightline.errors import ModelError

_PREPROCESSOR = "preprocessor_config.json"
_TOKENIZER = "tokenizer.json"
_CONTEXT = {"clip": 77, "siglip": 64}
_POOLED_IS_EMBEDDED = {"siglip"}  # SigLIP has no projection behind its pooled state
_RESAMPLING = {1: "lanczos", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers


def transformers_towers(
    config: Configuration, vision: str, textual: str
) -> tuple[ImageSpec, TextSpec, int]:
    """Both towers and the length of their vectors.

    Raises:
        ModelError: a setting isn't understood.
    """
    model = config.json("config.json")
    family = str(model.get("model_type"))
    if family not in _CONTEXT:
        raise ModelError(
            f"{config.folder / 'config.json'} is of the model type {family!r}; "
            f"known are {', '.join(_CONTEXT)}."
        )
    pooled = ("pooler_output",) if family in _POOLED_IS_EMBEDDED and vision != textual else ()
    image = _image(config, vision, pooled)
    about_text = model.get("text_config") or {}
    text, length = _text(config, textual, family, about_text, pooled)
    # Some exporters leave the length open in the graph.
    told = (model.get("projection_dim"), about_text.get("projection_size"))
    known = (length, *told, config.lock and config.lock.dimensions)
    dimensions = next((number for number in known if isinstance(number, int)), None)
    if dimensions is None:
        raise ModelError(f"{textual} does not say how long its vectors are.")
    return image, text, dimensions


def _image(config: Configuration, graph: str, pooled: tuple[str, ...]) -> ImageSpec:
    ports = config.ports(graph)
    fields = pixel_port(ports, graph)
    chosen = config.json(_PREPROCESSOR)
    asked, fit = _geometry(chosen)
    resample = _RESAMPLING.get(chosen.get("resample", 3))
    if asked is None or resample is None or fields["size"] not in (None, asked):
        raise ModelError(f"{config.folder / _PREPROCESSOR}: {chosen} is not understood.")
    fields["size"] = asked
    if fields["tensor"] == "float32_nchw":
        fields |= _scaling(chosen)
    return ImageSpec(
        file=graph,
        fit=fit,  # type: ignore[arg-type]
        resample=resample,  # type: ignore[arg-type]
        output=embedding_port(ports, IMAGE_OUTPUTS + pooled, graph).name,
        weights=outside_weights(ports, graph),
        **fields,
    )


def _geometry(chosen: dict[str, Any]) -> tuple[int | None, str]:
    """Side of the square, and how a photo meets it; no side where that is not understood."""
    size = _sides(chosen.get("size"))
    if not chosen.get("do_resize", True) or size is None or chosen.get("do_pad"):
        return None, "squash"
    if not chosen.get("do_center_crop", False):
        return (size[0] if size[0] == size[1] and not _is_short_side(chosen) else None), "squash"
    crop = _sides(chosen.get("crop_size", chosen.get("size")))
    return (size[0] if crop == size and _is_short_side(chosen) else None), "crop_floor"


def _is_short_side(chosen: dict[str, Any]) -> bool:
    """Whether `size` is that of the short side: as a plain number it is where a crop follows."""
    size = chosen["size"]
    return "shortest_edge" in size if isinstance(size, dict) else bool(chosen.get("do_center_crop"))


def _sides(size: object) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if not isinstance(size, dict):
        return None
    edge = size.get("shortest_edge")
    height, width = size.get("height", edge), size.get("width", edge)
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _scaling(chosen: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    """Mean and deviation of pixels that were divided by 255, whatever they were multiplied by."""
    factor = chosen.get("rescale_factor", 1 / 255) if chosen.get("do_rescale", True) else 1.0
    unit = 255 * factor
    normalised = chosen.get("do_normalize", True)
    mean = chosen["image_mean"] if normalised else (0.0, 0.0, 0.0)
    std = chosen["image_std"] if normalised else (1.0, 1.0, 1.0)
    if abs(unit - 1) < 1e-6:
        return {"mean": tuple(mean), "std": tuple(std)}
    return {"mean": tuple(m / unit for m in mean), "std": tuple(s / unit for s in std)}


def _text(
    config: Configuration,
    graph: str,
    family: str,
    chosen: dict[str, Any],
    pooled: tuple[str, ...],
) -> tuple[TextSpec, int | None]:
    ports = config.ports(graph)
    fields = token_ports(ports, graph)
    fixed = fields.pop("length")
    tokenizer = config.json("tokenizer_config.json", required=False)
    output = embedding_port(ports, TEXT_OUTPUTS + pooled, graph)
    pad_token = tokenizer.get("pad_token", "<pad>" if family == "siglip" else "<|endoftext|>")
    pad_id = config.token_id(_TOKENIZER, pad_token)
    if pad_id is None or tokenizer.get("padding_side", "right") != "right":
        raise ModelError(
            f"{config.folder / _TOKENIZER} has no padding token {pad_token!r} for the end."
        )
    text = TextSpec(
        file=graph,
        tokenizer=_TOKENIZER,
        context=fixed or chosen.get("max_position_embeddings", _CONTEXT[family]),
        padding="context" if fixed or family == "siglip" else "longest",
        pad_id=pad_id,
        output=output.name,
        clean=_cleaning(family, str(tokenizer.get("tokenizer_class", ""))),
        weights=outside_weights(ports, graph),
        **fields,
    )
    return text, output.shape[1]


def _cleaning(family: str, tokenizer_class: str) -> Cleaning:
    if family == "clip":
        return "none"
    return "canonical" if tokenizer_class.startswith("SiglipTokenizer") else "lower"
