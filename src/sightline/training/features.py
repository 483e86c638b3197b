"""What frozen towers see: computed once, then kept on disk, so that a head trains in a minute.

The towers run as ONNX graphs, three times as fast on a CPU as the same modules in torch.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from sightline.photos.pixels import PixelRecipe
from sightline.photos.read import read_photo
from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.onnx_graph import open_session, write_graph
from sightline.training.text_tower import MiniLM

Features = NDArray[np.float32]
Pixels = NDArray[np.uint8]

IMAGE_BATCH = 16
TEXT_BATCH = 64


class PixelFeatures(nn.Module):
    """An image tower that takes pixels: uint8 (n, size, size, 3) → float32 (n, features)."""

    def __init__(self, tower: EfficientNetLite):
        super().__init__()
        self.tower = tower

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.tower(normalise(pixels))
        return features


def read_pixels(path: Path, size: int) -> Pixels:
    """A photo squashed to a square as the product will do it: uint8 (size, size, 3), RGB."""
    return read_photo(path, PixelRecipe(size, fit="squash", resample="bicubic")).pixels


def image_features(
    tower: EfficientNetLite, paths: Sequence[Path], *, mirrored: bool = False, threads: int = 1
) -> Features:
    """Features of photos, one row each: float32 (n, features)."""
    example = torch.zeros(2, tower.size, tower.size, 3, dtype=torch.uint8)
    with TemporaryDirectory() as folder:
        graph = Path(folder) / "image.onnx"
        write_graph(
            PixelFeatures(tower),
            (example,),
            graph,
            inputs=["pixels"],
            outputs=["features"],
            dynamic=[["n"]],
        )
        return graph_outputs(graph, "features", tower.size, paths, mirrored, threads)


def graph_outputs(
    graph: Path, output: str, size: int, paths: Sequence[Path], mirrored: bool, threads: int
) -> Features:
    """One output of a graph that takes pixels, for each photo; of grids, the mean of all places.

    Returns:
        float32 (n, features).
    """
    session = open_session(graph, threads)
    rows = []
    for start in range(0, len(paths), IMAGE_BATCH):
        pixels = np.stack([read_pixels(path, size) for path in paths[start : start + IMAGE_BATCH]])
        if mirrored:
            pixels = np.ascontiguousarray(pixels[:, :, ::-1])
        (seen,) = session.run([output], {"pixels": pixels})
        rows.append(seen.mean(axis=(1, 2)) if seen.ndim == 4 else seen)
    return np.concatenate(rows)


def text_features(
    tower: MiniLM, tokenizer: Tokenizer, captions: Sequence[str], *, threads: int = 1
) -> Features:
    """Features of sentences, one row each: float32 (n, 384)."""
    example = torch.ones(2, 8, dtype=torch.int64)
    tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(captions))]
    # Sentences of like length share a batch, so that little of it is padding.
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    features = np.empty((len(tokens), tower.kind.shape[0]), dtype=np.float32)
    with TemporaryDirectory() as folder:
        graph = Path(folder) / "text.onnx"
        write_graph(
            tower,
            (example, example.clone()),
            graph,
            inputs=["ids", "mask"],
            outputs=["features"],
            dynamic=[["n", "length"], ["n", "length"]],
        )
        session = open_session(graph, threads)
        for start in range(0, len(order), TEXT_BATCH):
            rows = order[start : start + TEXT_BATCH]
            ids, mask = padded([tokens[row] for row in rows])
            features[rows] = session.run(None, {"ids": ids, "mask": mask})[0]
    return features


def padded(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token lists of any length → ids and mask, int64 (n, longest), zeros at the end."""
    longest = max(len(ids) for ids in tokens)
    ids = np.zeros((len(tokens), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sentence in enumerate(tokens):
        ids[row, : len(sentence)] = sentence
        mask[row, : len(sentence)] = 1
    return ids, mask


def kept(
    folder: Path, name: str, meaning: Sequence[object], compute: Callable[[], Features]
) -> Features:
    """The array of `compute`, from `folder` if it was computed for the same `meaning` before."""
    digest = hashlib.sha256(repr(tuple(meaning)).encode()).hexdigest()[:16]
    path = folder / f"{name}-{digest}.npy"
    if path.is_file():
        found: Features = np.load(path)
        return found
    features = compute()
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npy")
    np.save(unfinished, features)
    unfinished.replace(path)
    return features


def fingerprint(tower: nn.Module) -> str:
    """A digest of all weights, the same for the same tower."""
    digest = hashlib.sha256()
    for name, weight in sorted(tower.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()
