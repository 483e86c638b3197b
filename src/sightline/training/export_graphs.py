"""The graphs of a model folder: what each takes and gives, and how to run one.

::

    image.onnx       pixels uint8 (n, size, size, 3) RGB
                       → embeddings float32 (n, d), unit rows
                       → patches float32 (n, rows, columns, channels), the last grid
                       → fine_patches, the same for a grid twice as fine
    text.onnx        input_ids, attention_mask int64 (n, length) → embeddings float32 (n, d)
    projection.onnx  features float32 (n, channels) → embeddings float32 (n, d)

The mean of all places of `patches`, projected, is the photo's embedding. The mean of *some* places,
projected, is the embedding of that part of the photo: a hundred windows for one run of the tower.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.training.dual_encoder import ImageEncoder, Projection, TextEncoder
from sightline.training.features import padded
from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.onnx_graph import open_session, write_graph

Vectors = NDArray[np.float32]

PIXELS = "pixels"
IDS, MASK = "input_ids", "attention_mask"
FEATURE_ROWS = "features"
OUTPUT = "embeddings"
PATCHES, FINE_PATCHES = "patches", "fine_patches"

IMAGE_FILE, TEXT_FILE, TOKENIZER_FILE = "image.onnx", "text.onnx", "tokenizer.json"
PROJECTION_FILE = "projection.onnx"


class ImageGraph(nn.Module):
    """An image encoder that also shows what it saw at each place."""

    def __init__(self, encoder: ImageEncoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """uint8 (n, size, size, 3) → embeddings, patches and fine patches, channels last."""
        tower = self.encoder.tower
        grids = tower.grids(normalise(pixels))
        return (
            self.encoder.projection(tower.pool(grids.coarse)),
            grids.coarse.permute(0, 2, 3, 1),
            grids.fine.permute(0, 2, 3, 1),
        )


def write_image_graph(encoder: ImageEncoder, path: Path) -> None:
    """Write image.onnx in float."""
    size = encoder.tower.size
    write_graph(
        ImageGraph(encoder),
        (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
        path,
        inputs=[PIXELS],
        outputs=[OUTPUT, PATCHES, FINE_PATCHES],
        dynamic=[["n"]],
    )


def write_text_graph(encoder: TextEncoder, path: Path) -> None:
    """Write text.onnx with the weights as `encoder` holds them."""
    ids, axes = torch.ones(2, 8, dtype=torch.int64), ["n", "length"]
    write_graph(
        encoder,
        (ids, ids.clone()),
        path,
        inputs=[IDS, MASK],
        outputs=[OUTPUT],
        dynamic=[axes, axes],
    )


def write_projection_graph(projection: Projection, path: Path) -> None:
    """Write projection.onnx in float."""
    write_graph(
        projection,
        (torch.zeros(2, projection.straight.in_features),),
        path,
        inputs=[FEATURE_ROWS],
        outputs=[OUTPUT],
        dynamic=[["n"]],
    )


def pools_by_mean(encoder: ImageEncoder) -> bool:
    """Whether the mean over places is what gets projected, so that part of them can be, too."""
    return isinstance(encoder.tower, EfficientNetLite)


def embed_pixels(graph: Path, pixels: NDArray[np.uint8], batch: int = 8) -> Vectors:
    """Run an image graph: uint8 (n, size, size, 3) → float32 (n, d)."""
    session = open_session(graph)
    return np.concatenate(
        [
            session.run([OUTPUT], {PIXELS: pixels[start : start + batch]})[0]
            for start in range(0, len(pixels), batch)
        ]
    )


def embed_tokens(graph: Path, tokens: Sequence[Sequence[int]], batch: int = 32) -> Vectors:
    """Run a text graph: token lists of any length → float32 (n, d)."""
    session = open_session(graph)
    rows = []
    for start in range(0, len(tokens), batch):
        ids, mask = padded(tokens[start : start + batch])
        rows.append(session.run([OUTPUT], {IDS: ids, MASK: mask})[0])
    return np.concatenate(rows)


def core_milliseconds(graph: Path, pixels: NDArray[np.uint8], batch: int = 8) -> float:
    """Processor time a photo on one thread, the median of ten batches after a first one."""
    session = open_session(graph)
    times = []
    for _ in range(11):
        started = time.process_time()
        session.run([OUTPUT], {PIXELS: pixels[:batch]})
        times.append((time.process_time() - started) / len(pixels[:batch]))
    return float(np.median(times[1:])) * 1000
