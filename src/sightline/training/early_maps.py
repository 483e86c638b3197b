"""What the frozen first blocks of an image tower make of each photo: computed once, kept on disk.

Tuning only the last blocks then pays only for the last blocks, a third of the time a step. The
price is that photos can't be varied anew each time. So several *views* are kept, each photo
cropped, mirrored and given another light in its own way, and each batch is taken from one.

`embed_maps` goes the rest of the way with a tower that has learned, to see what it makes of a view.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sightline.training.augment import Augmentation, augment
from sightline.training.captions import CaptionedPhoto
from sightline.training.dual_encoder import ImageEncoder
from sightline.training.features import IMAGE_BATCH, Features, read_pixels
from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.onnx_graph import open_session, write_graph

Maps = np.ndarray[Any, np.dtype[np.float16]]

VARIED = Augmentation(crop=0.45, stretch=1.28, mirror=0.5, jitter=0.2, grey=0.05, blur=0.08)


class EarlyBlocks(nn.Module):
    """uint8 (n, size, size, 3) → the map after `stop` blocks, (n, rows, columns, channels)."""

    def __init__(self, tower: EfficientNetLite, stop: int):
        super().__init__()
        self.tower, self.stop = tower, stop

    def forward(self, pixels: Tensor) -> Tensor:
        return self.tower.early(normalise(pixels), self.stop).permute(0, 2, 3, 1)


class LateBlocks(nn.Module):
    """Maps after `start` blocks (n, rows, columns, channels) → embeddings, unit rows (n, d)."""

    def __init__(self, encoder: ImageEncoder, start: int):
        super().__init__()
        self.encoder, self.start = encoder, start

    def forward(self, maps: Tensor) -> Tensor:
        tower = self.encoder.tower
        assert isinstance(tower, EfficientNetLite)
        coarse = tower.late(maps.permute(0, 3, 1, 2), self.start)
        embeddings: Tensor = self.encoder.projection(tower.pool(coarse))
        return embeddings


def early_maps(
    tower: EfficientNetLite,
    stop: int,
    photos: Sequence[CaptionedPhoto],
    path: Path,
    *,
    view: int = 0,
    threads: int = 1,
) -> Maps:
    """Maps of one view of each photo, mapped from `path`; computed where the file isn't there yet.

    Args:
        stop: how many blocks are run.
        view: 0 shows the photos as they are; any other number is a variation of its own.

    Returns:
        float16 (photos, rows, columns, channels).
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        _compute(tower, stop, photos, unfinished, view, threads)
        unfinished.replace(path)
    maps: Maps = np.load(path, mmap_mode="r")
    return maps


def _compute(
    tower: EfficientNetLite,
    stop: int,
    photos: Sequence[CaptionedPhoto],
    path: Path,
    view: int,
    threads: int,
) -> None:
    size = tower.size

    def pixels(row: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        photo = photos[row]
        if view == 0:
            return read_pixels(photo.path, size)
        draw = np.random.default_rng((view, row))
        canvas = read_pixels(photo.path, VARIED.canvas(size))
        return augment(canvas, size, photo.captions, VARIED, draw)

    kept: np.memmap[Any, np.dtype[np.float16]] | None = None
    with TemporaryDirectory() as folder, ThreadPoolExecutor(threads) as decoders:
        graph = Path(folder) / "early.onnx"
        write_graph(
            EarlyBlocks(tower, stop),
            (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
            graph,
            inputs=["pixels"],
            outputs=["map"],
            dynamic=[["n"]],
        )
        session = open_session(graph, threads)
        for start in range(0, len(photos), IMAGE_BATCH):
            rows = range(start, min(start + IMAGE_BATCH, len(photos)))
            batch = np.stack(list(decoders.map(pixels, rows)))
            (maps,) = session.run(None, {"pixels": batch})
            if kept is None:
                shape = (len(photos), *maps.shape[1:])
                kept = np.lib.format.open_memmap(path, "w+", np.float16, shape)
            kept[rows.start : rows.stop] = maps
    if kept is not None:
        kept.flush()


def embed_maps(encoder: ImageEncoder, start: int, maps: Maps, *, threads: int = 1) -> Features:
    """What an encoder makes of photos from their maps after `start` blocks on.

    Right only for an encoder whose first blocks are those that the maps were computed with.

    Returns:
        float32 (2, photos, d), unit rows: of each photo, and of its mirror image.
    """
    with TemporaryDirectory() as folder:
        graph = Path(folder) / "late.onnx"
        write_graph(
            LateBlocks(encoder, start),
            (torch.zeros(2, *maps.shape[1:]),),
            graph,
            inputs=["maps"],
            outputs=["embeddings"],
            dynamic=[["n"]],
        )
        session = open_session(graph, threads)

        def embedded(step: int) -> Features:
            parts = []
            for first in range(0, len(maps), IMAGE_BATCH):
                batch = maps[first : first + IMAGE_BATCH, :, ::step].astype(np.float32)
                parts.append(session.run(None, {"maps": np.ascontiguousarray(batch)})[0])
            return np.concatenate(parts)

        return np.stack([embedded(1), embedded(-1)])
