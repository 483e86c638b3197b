"""Tiny models of each family with random weights, in the layout that family is published in.

Each comes with its reference: the same weights in torch, behind the preprocessing of its makers
(transformers' own processors; for open_clip, whose transforms need torchvision, its three steps
written out on Pillow).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)

from tests.encoders.slow_clip import SlowClip, web_text
from tests.encoders.vocabularies import (
    clip_merges,
    clip_vocabulary,
    gemma_like,
    sentencepiece_like,
)

SIZE = 64
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_VISION = _TOWER | {"image_size": SIZE, "patch_size": 16}
_TEXT_LENGTH = 7  # of the example that a graph is traced with

Texts = list[str]
Images = list[Image.Image]


@dataclass(frozen=True)
class Reference:
    """A published folder, and what its makers' own code makes of texts and photos.

    Attributes:
        token_ids: texts → ids as they enter the text tower, int (n, length).
        embed_texts, embed_images: unit rows, float32 (n, d).
    """

    folder: Path
    token_ids: Callable[[Texts], np.ndarray]
    embed_texts: Callable[[Texts], np.ndarray]
    embed_images: Callable[[Images], np.ndarray]


class _Call(nn.Module):
    """A function of a module as a module of its own, for the exporter."""

    def __init__(self, owner: nn.Module, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.owner = owner
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


def export(
    module: nn.Module,
    function: Callable[..., Any],
    inputs: dict[str, torch.Tensor],
    outputs: list[str],
    path: Path,
    dynamic: bool = True,
) -> None:
    """Write a graph; where `dynamic`, rows (and tokens, where shorter than fixed) may vary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes: dict[str, dict[int, str]] = {name: {0: "rows"} for name in (*inputs, *outputs)}
    for name, value in inputs.items():
        if value.ndim == 2 and value.shape[1] == _TEXT_LENGTH:
            axes[name][1] = "tokens"
    torch.onnx.export(
        _Call(module, function).eval(),
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes=axes if dynamic else None,
        opset_version=17,
        dynamo=False,
    )


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _unit(rows: torch.Tensor) -> np.ndarray:
    return nn.functional.normalize(rows.detach(), dim=-1).numpy()


def _seeded(seed: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def _pixels(count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE)


def _tokens(length: int = _TEXT_LENGTH, rows: int = 2, dtype: torch.dtype = torch.long) -> Any:
    return torch.ones(rows, length, dtype=dtype)


def transformers_clip(folder: Path, joint: bool = False, seed: int = 0) -> Reference:
    """CLIP and TinyCLIP as `Xenova` and `onnx-community` publish them; `joint` as one graph."""
    _seeded(seed)
    merges = clip_merges()
    vocabulary = clip_vocabulary(merges)
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges)
    end, start = vocabulary["<|endoftext|>"], vocabulary["<|startoftext|>"]
    ends = {"eos_token_id": end, "bos_token_id": start, "pad_token_id": end}
    text = _TOWER | {"vocab_size": len(vocabulary), "max_position_embeddings": 77} | ends
    config = CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=24)
    model = CLIPModel(config).eval()
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
    )

    def of_text(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return model.get_text_features(input_ids=ids, attention_mask=mask).pooler_output

    def of_image(pixels: torch.Tensor) -> torch.Tensor:
        return model.get_image_features(pixel_values=pixels).pooler_output

    words = {"input_ids": _tokens(), "attention_mask": _tokens()}
    if joint:
        export(
            model,
            lambda ids, pixels, mask: (of_text(ids, mask), of_image(pixels)),
            {"input_ids": _tokens(), "pixel_values": _pixels(), "attention_mask": _tokens()},
            ["text_embeds", "image_embeds"],
            folder / "onnx" / "model.onnx",
        )
    else:
        export(model, of_text, words, ["text_embeds"], folder / "onnx" / "text_model.onnx")
        pixels = {"pixel_values": _pixels()}
        export(model, of_image, pixels, ["image_embeds"], folder / "onnx" / "vision_model.onnx")
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
    _json(folder / "config.json", config.to_dict())

    def ids_of(texts: Texts) -> Any:
        return tokenizer(texts, padding=True, truncation=True, max_length=77, return_tensors="pt")

    return Reference(
        folder,
        lambda texts: ids_of(texts)["input_ids"].numpy(),
        lambda texts: _unit(of_text(*(ids_of(texts)[k] for k in ("input_ids", "attention_mask")))),
        lambda images: _unit(of_image(processor(images, return_tensors="pt")["pixel_values"])),
    )


def transformers_siglip2(folder: Path, seed: int = 1) -> Reference:
    """SigLIP 2 as `onnx-community` publishes it: 64 tokens always, no mask, pooled states."""
    _seeded(seed)
    vocabulary, merges = gemma_like()
    tokenizer = Siglip2Tokenizer(
        vocab=vocabulary, merges=merges, add_eos_token=True, padding_side="right"
    )
    text = _TOWER | {"vocab_size": len(vocabulary), "max_position_embeddings": 64}
    config = SiglipConfig(text_config=text | {"projection_size": 32}, vision_config=_VISION)
    model = SiglipModel(config).eval()
    for name, values in model.named_parameters():  # its own start leaves the pooled state at 0
        if values.ndim > 1:
            nn.init.normal_(values, std=0.2 if "embed" in name else 0.1)
    processor = SiglipImageProcessorPil(
        size={"height": SIZE, "width": SIZE}, resample=2, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )

    def of_text(ids: torch.Tensor) -> torch.Tensor:
        return model.text_model(input_ids=ids).pooler_output

    def of_image(pixels: torch.Tensor) -> torch.Tensor:
        return model.vision_model(pixel_values=pixels).pooler_output

    export(
        model,
        lambda ids: (model.text_model(input_ids=ids).last_hidden_state, of_text(ids)),
        {"input_ids": _tokens(64)},
        ["last_hidden_state", "pooler_output"],
        folder / "onnx" / "text_model.onnx",
    )
    export(
        model,
        lambda pixels: (
            model.vision_model(pixel_values=pixels).last_hidden_state,
            of_image(pixels),
        ),
        {"pixel_values": _pixels()},
        ["last_hidden_state", "pooler_output"],
        folder / "onnx" / "vision_model.onnx",
    )
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
    # As published: the text configuration says little, and 64 is left to the class's default.
    short = {"model_type": "siglip_text_model", "vocab_size": len(vocabulary)}
    _json(folder / "config.json", {"model_type": "siglip", "text_config": short})

    def ids_of(texts: Texts) -> torch.Tensor:
        return tokenizer(
            texts, padding="max_length", truncation=True, max_length=64, return_tensors="pt"
        )["input_ids"]

    return Reference(
        folder,
        lambda texts: ids_of(texts).numpy(),
        lambda texts: _unit(of_text(ids_of(texts))),
        lambda images: _unit(of_image(processor(images, return_tensors="pt")["pixel_values"])),
    )


class MultilingualText(nn.Module):
    """open_clip's `HFTextEncoder`: a transformers model, the mean of its tokens, a projection."""

    def __init__(self, vocabulary: int, dimensions: int) -> None:
        super().__init__()
        config = XLMRobertaConfig(
            **_TOWER, vocab_size=vocabulary, max_position_embeddings=80, pad_token_id=1
        )
        self.transformer = XLMRobertaModel(config, add_pooling_layer=False)
        self.proj = nn.Linear(32, dimensions, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = (ids != 1).long()
        states = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = states * mask[..., None]
        return self.proj(kept.sum(1) / mask.sum(1, keepdim=True))


def open_clip_multilingual(folder: Path, seed: int = 2) -> Reference:
    """XLM-RoBERTa and a ViT as `immich-app` publishes them: int32 ids, one row at a time."""
    _seeded(seed)
    pieces = sentencepiece_like()
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = XLMRobertaTokenizer(vocab=[*special, *pieces, ("<mask>", 0.0)])
    text = MultilingualText(len(tokenizer), 24).eval()
    vision = CLIPVisionModelWithProjection(CLIPVisionConfig(**_VISION, projection_dim=24)).eval()

    def of_image(pixels: torch.Tensor) -> torch.Tensor:
        return vision(pixel_values=pixels).image_embeds

    export(
        text,
        lambda ids: nn.functional.normalize(text(ids), dim=-1),
        {"text": _tokens(77, 1, torch.int32)},
        ["text_embedding"],
        folder / "textual" / "model.onnx",
        dynamic=False,
    )
    export(
        vision,
        lambda pixels: nn.functional.normalize(of_image(pixels), dim=-1),
        {"image": _pixels(1)},
        ["image_embedding"],
        folder / "visual" / "model.onnx",
        dynamic=False,
    )
    tokenizer.save_pretrained(folder / "textual")
    _json(
        folder / "config.json",
        {
            "embed_dim": 24,
            "vision_cfg": {"image_size": SIZE},
            "text_cfg": {
                "hf_model_name": "xlm-roberta-base",
                "hf_tokenizer_name": "xlm-roberta-base",
            },
        },
    )
    _preprocess(folder, _MEAN, _STD, "bicubic", "shortest")

    def ids_of(texts: Texts) -> torch.Tensor:
        cleaned = [web_text(text) for text in texts]
        return tokenizer(
            cleaned, padding="max_length", truncation=True, max_length=77, return_tensors="pt"
        )["input_ids"]

    return Reference(
        folder,
        lambda texts: ids_of(texts).numpy(),
        lambda texts: _unit(text(ids_of(texts))),
        lambda images: _unit(of_image(_open_clip_pixels(images, _MEAN, _STD, "bicubic", "crop"))),
    )


class Attention(nn.Module):
    """Two heads over 32 channels. torch's own would fix the number of rows when it is exported."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(32, 96)
        self.out = nn.Linear(32, 32)

    def forward(
        self, queries: torch.Tensor, states: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        weight, bias = self.into.weight.split(32), self.into.bias.split(32)
        sources = (queries, states, states)
        q, k, v = (
            nn.functional.linear(source, w, b).unflatten(-1, (2, 16)).transpose(1, 2)
            for source, w, b in zip(sources, weight, bias, strict=True)
        )
        scores = q @ k.transpose(-1, -2) / 4
        if mask is not None:
            scores = scores + mask
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(-2))


class Block(nn.Module):
    """Attention and two layers behind it, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(32), nn.LayerNorm(32)
        self.attention = Attention()
        self.layers = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        seen = self.norm1(states)
        states = states + self.attention(seen, seen, mask)
        return states + self.layers(self.norm2(states))


class PlainText(nn.Module):
    """open_clip's own text tower in small: with a causal mask (CLIP, PE-Core) or without one."""

    def __init__(self, vocabulary: int, context: int, causal: bool) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, 32)
        self.positions = nn.Parameter(torch.randn(context, 32) * 0.3)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.norm = nn.LayerNorm(32)
        self.projection = nn.Linear(32, 24, bias=False)
        mask = torch.full((context, context), float("-inf")).triu(1)
        self.register_buffer("mask", mask if causal else torch.zeros(context, context))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states = self.tokens(ids) + self.positions
        for block in self.blocks:
            states = block(states, self.mask)
        ends = ids.to(torch.int32).argmax(-1)  # the end token has the largest id
        at_end = ends[:, None, None].expand(-1, 1, 32).long()
        return self.projection(self.norm(states).gather(1, at_end)[:, 0])


class ConvolutionalImage(nn.Module):
    """An image tower in the manner of MobileCLIP 2: convolutions, then the mean of places."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.GELU(), nn.Conv2d(16, 32, 3, 2, 1, groups=4), nn.GELU()
        )
        self.head = nn.Linear(32, 24)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(self.layers(pixels).mean((2, 3)))


class AttentionPooledImage(nn.Module):
    """An image tower in the manner of PE-Core: patches, attention, one query that pools them."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 16, 16)
        self.block = Block()
        self.query = nn.Parameter(torch.randn(1, 1, 32))
        self.pool = Attention()
        self.projection = nn.Linear(32, 24, bias=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        places = self.block(self.patches(pixels).flatten(2).transpose(1, 2))
        return self.projection(self.pool(self.query, places)[:, 0])


@dataclass(frozen=True)
class OpenClipFamily:
    """What tells open_clip's families apart."""

    image: Callable[[], nn.Module]
    context: int
    causal: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str
    rows: int | None  # a graph for a fixed number of rows
    uint8: bool = False  # pixels of 8 bits go in, normalisation is in the graph


PE_CORE = OpenClipFamily(
    AttentionPooledImage, 32, True, (0.5,) * 3, (0.5,) * 3, "bilinear", "squash", 2
)
MOBILECLIP2 = OpenClipFamily(
    ConvolutionalImage, 77, False, (0.0,) * 3, (1.0,) * 3, "bilinear", "shortest", None
)
OPENAI_NEW = OpenClipFamily(
    AttentionPooledImage, 77, True, _MEAN, _STD, "bicubic", "shortest", None, uint8=True
)


def open_clip(folder: Path, family: OpenClipFamily, seed: int = 3) -> Reference:
    """A model with CLIP's own tokenizer in open_clip's layout."""
    _seeded(seed)
    merges = clip_merges()
    vocabulary = clip_vocabulary(merges)
    text = PlainText(len(vocabulary), family.context, family.causal).eval()
    image = family.image().eval()
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (family.mean, family.std))

    def of_bytes(pixels: torch.Tensor) -> torch.Tensor:
        return image((pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std)

    rows = family.rows or 2
    example = torch.zeros(rows, SIZE, SIZE, 3, dtype=torch.uint8) if family.uint8 else _pixels(rows)
    export(
        image,
        of_bytes if family.uint8 else image.forward,
        {"image": example},
        ["image_embedding"],
        folder / "visual" / "model.onnx",
        dynamic=family.rows is None,
    )
    export(
        text,
        text.forward,
        {"text": _tokens(family.context, rows, torch.int32)},
        ["text_embedding"],
        folder / "textual" / "model.onnx",
        dynamic=family.rows is None,
    )
    CLIPTokenizer(vocab=vocabulary, merges=merges).save_pretrained(folder / "textual")
    text_cfg = {"context_length": family.context, "vocab_size": len(vocabulary)}
    _json(folder / "config.json", {"embed_dim": 24, "vision_cfg": {}, "text_cfg": text_cfg})
    _preprocess(folder, family.mean, family.std, family.interpolation, family.resize_mode)
    fit = {"shortest": "crop", "squash": "squash"}[family.resize_mode]

    slow = SlowClip(vocabulary, merges)

    def ids_of(texts: Texts) -> np.ndarray:
        return np.array([slow.ids(one, family.context) for one in texts])

    return Reference(
        folder,
        ids_of,
        lambda texts: _unit(text(torch.from_numpy(ids_of(texts)))),
        lambda images: _unit(
            image(_open_clip_pixels(images, family.mean, family.std, family.interpolation, fit))
        ),
    )


def _preprocess(
    folder: Path, mean: object, std: object, interpolation: str, resize_mode: str
) -> None:
    _json(
        folder / "visual" / "preprocess_cfg.json",
        {
            "size": [SIZE, SIZE],
            "mode": "RGB",
            "mean": mean,
            "std": std,
            "interpolation": interpolation,
            "resize_mode": resize_mode,
            "fill_color": 0,
        },
    )


def _open_clip_pixels(
    images: Images, mean: object, std: object, interpolation: str, fit: str
) -> torch.Tensor:
    """Resize, CenterCrop, ToTensor, Normalize, as `open_clip/transform.py` chains them."""
    resample = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    rows = []
    for image in images:
        if fit == "squash":
            square = image.convert("RGB").resize((SIZE, SIZE), resample[interpolation])
        else:
            width, height = image.size
            short = min(width, height)
            sides = int(SIZE * width / short), int(SIZE * height / short)
            scaled = image.resize(sides, resample[interpolation])
            left, top = (round((side - SIZE) / 2.0) for side in sides)
            square = scaled.crop((left, top, left + SIZE, top + SIZE)).convert("RGB")
        rows.append(np.asarray(square, dtype=np.float32).transpose(2, 0, 1) / 255)
    shape = (3, 1, 1)
    pixels = (np.stack(rows) - np.reshape(mean, shape)) / np.reshape(std, shape)
    return torch.from_numpy(pixels.astype(np.float32))
