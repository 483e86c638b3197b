"""What the frozen first blocks of an image tower make of each photo: computed once, kept on disk.

Tuning only the last blocks then pays only for the last blocks, a third of the time a step. The
price is that photos can't be varied anew each time. So several *views* are kept, each photo
cropped, mirrored and given another light in its own way, and each batch is taken from one.
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
from sightline.training.features import IMAGE_BATCH, read_pixels
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
