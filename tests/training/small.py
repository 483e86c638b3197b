"""A dual encoder and a run that are real in every part, and small."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig
from sightline.training.loader import Batch
from sightline.training.run_config import RunConfig
from sightline.training.shapes import picture, scenes

MODEL: dict[str, Any] = {
    "image": "conv",
    "image_width": 8,
    "image_published": False,
    "size": 32,
    "text": {
        "vocabulary": 120, "positions": 16, "width": 16, "layers": 1, "heads": 2, "hidden": 16
    },
    "text_published": False,
    "context": 16,
    "dimensions": 12,
    "image_hidden": 16,
    "text_hidden": 16,
}  # fmt: skip


def small_config(**changes: Any) -> DualEncoderConfig:
    """The architecture of `MODEL`, with changes."""
    return msgspec.convert(MODEL | changes, DualEncoderConfig)


def small_model(seed: int = 0, **changes: Any) -> DualEncoder:
    """A dual encoder with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return DualEncoder.from_random(small_config(**changes)).eval()


def small_batch(n: int, seed: int = 0) -> Batch:
    """Random pictures and sentences, two of which are the same."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 60, (n, 6), generator=draw)
    mask = (torch.arange(6) < torch.randint(2, 7, (n, 1), generator=draw)).long()
    captions = torch.arange(n)
    captions[-1] = captions[0]
    ids[-1], mask[-1] = ids[0], mask[0]
    pixels = torch.randint(0, 256, (n, 32, 32, 3), dtype=torch.uint8, generator=draw)
    return Batch(pixels, ids * mask, mask, captions, torch.arange(n) + 1000)


def small_run(**changes: Any) -> RunConfig:
    """A run on `train.jsonl` and `dev.jsonl`, one batch of 8 an epoch; with changes."""
    values: dict[str, Any] = {
        "name": "small",
        "train": [{"kind": "captions", "path": "train.jsonl"}],
        "dev": [{"kind": "captions", "path": "dev.jsonl"}],
        "epochs": 2,
        "batch": 8,
        "average": 0.9,
        "model": MODEL,
        "optimiser": {"rate": 0.01},
        "machine": {"threads": 1, "workers": 1, "device": "cpu"},
    }
    return msgspec.convert(values | changes, RunConfig)


def write_small_photos(folder: Path, train: int = 16, dev: int = 6) -> None:
    """Pictures of shapes with captions: `train.jsonl` and `dev.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = np.random.default_rng(0).permutation(np.array(scenes(), dtype=object))
    for name, some in (("train", chosen[:train]), ("dev", chosen[-dev:])):
        rows = []
        for number, scene in enumerate(some):
            file = f"{name}-{number}.png"
            picture(scene, np.random.default_rng([len(name), number])).save(folder / file)
            rows.append(json.dumps({"file": file, "captions": [scene.caption, scene.colour]}))
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")


def as_toml(config: RunConfig) -> str:
    """A config as the file that says it."""

    def plain(table: dict[str, Any]) -> dict[str, Any]:
        return {
            name: plain(value) if isinstance(value, dict) else value
            for name, value in table.items()
            if value is not None
        }

    lines: list[str] = []

    def write(table: dict[str, Any], path: str) -> None:
        tables = {name: value for name, value in table.items() if is_table(value)}
        lines.extend(
            f"{name} = {json.dumps(value)}" for name, value in table.items() if name not in tables
        )
        for name, value in tables.items():
            inside = f"{path}.{name}" if path else name
            for one in [value] if isinstance(value, dict) else value:
                lines.append(f"[{inside}]" if isinstance(value, dict) else f"[[{inside}]]")
                write(one, inside)

    def is_table(value: object) -> bool:
        first = value[0] if isinstance(value, tuple) and value else value
        return isinstance(first, dict)

    write(plain(msgspec.to_builtins(config)), "")
    return "\n".join(lines) + "\n"
