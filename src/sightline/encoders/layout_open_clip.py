"""open_clip's own configuration files (github.com/mlfoundations/open_clip), read as it reads them.

Sources of the rules: `open_clip/transform.py` (resize_mode, interpolation), `tokenizer.py`
(cleaning; 0 fills up CLIP's texts, which matters to towers without a causal mask) and
`model_configs/*.json`.
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

_PREPROCESS = "visual/preprocess_cfg.json"
_TOKENIZER = "textual/tokenizer.json"
_TOKENIZER_CONFIG = "textual/tokenizer_config.json"
_FITS = {"shortest": "crop", "squash": "squash", "longest": "pad"}
_RESAMPLING = ("bilinear", "bicubic")
_CLEANING: dict[str, Cleaning] = {
    "lower": "web_lower",
    "whitespace": "web",
    "canonicalize": "canonical",
}
_CLIP_CONTEXT = 77


def open_clip_towers(
    config: Configuration, visual: str, textual: str
) -> tuple[ImageSpec, TextSpec, int]:
    """Both towers and the length of their vectors.

    Raises:
        ModelError: a setting isn't understood.
    """
    model = config.json("config.json")
    image = _image(config, visual)
    text, length = _text(config, textual, model.get("text_cfg") or {})
    dimensions = length or model.get("embed_dim")
    if not isinstance(dimensions, int):
        raise ModelError(f"{config.folder / 'config.json'} gives no embed_dim.")
    return image, text, dimensions


def _image(config: Configuration, graph: str) -> ImageSpec:
    ports = config.ports(graph)
    fields = pixel_port(ports, graph)
    chosen = config.json(_PREPROCESS)
    size = chosen.get("size")
    side: Any = fields.pop("size") or (max(size) if isinstance(size, list) else size)
    mode, filter_name = chosen.get("resize_mode", "shortest"), chosen.get("interpolation")
    if mode not in _FITS or filter_name not in _RESAMPLING or chosen.get("mode", "RGB") != "RGB":
        raise ModelError(f"{config.folder / _PREPROCESS}: {chosen} is not understood.")
    if fields["tensor"] == "float32_nchw":
        fields |= {"mean": tuple(chosen["mean"]), "std": tuple(chosen["std"])}
    return ImageSpec(
        file=graph,
        size=side,
        fit=_FITS[mode],  # type: ignore[arg-type]
        resample=filter_name,
        output=embedding_port(ports, IMAGE_OUTPUTS, graph).name,
        weights=outside_weights(ports, graph),
        **fields,
    )


def _text(config: Configuration, graph: str, chosen: dict[str, Any]) -> tuple[TextSpec, int | None]:
    ports = config.ports(graph)
    fields = token_ports(ports, graph)
    context = fields.pop("length") or chosen.get("context_length", _CLIP_CONTEXT)
    clips_own = "hf_tokenizer_name" not in chosen
    extra = chosen.get("tokenizer_kwargs") or {}
    how = extra.get("clean", "lower" if clips_own else "whitespace")
    if how not in _CLEANING or set(extra) - {"clean"}:
        raise ModelError(f"{config.folder / 'config.json'}: tokenizer_kwargs {extra} is not known.")
    output = embedding_port(ports, TEXT_OUTPUTS, graph)
    text = TextSpec(
        file=graph,
        tokenizer=_TOKENIZER,
        context=context,
        padding="context",
        pad_id=0 if clips_own else _pad_id(config),
        output=output.name,
        clean=_CLEANING[how],
        weights=outside_weights(ports, graph),
        **fields,
    )
    return text, output.shape[1]


def _pad_id(config: Configuration) -> int:
    token = config.json(_TOKENIZER_CONFIG, required=False).get("pad_token", "<pad>")
    found = config.token_id(_TOKENIZER, token)
    if found is None:
        raise ModelError(f"{config.folder / _TOKENIZER} has no padding token {token!r}.")
    return found
