"""How rclip 3.3 goes from a folder to vectors, with any of our models: our own code, its structure.

As its `main.py`, `model.py` and `utils/preprocess.py` have it (github.com/yurijmikhalevich/rclip):

- loader threads, one a core, each opening a file, decoding it whole, converting to RGB, resizing
  the short side, cutting the centre, and normalising in numpy to float32 planes; three batches of
  eight are kept in flight ahead of the model;
- the main thread runs one ONNX Runtime session on batches of eight, with one thread a core inside
  (`intra_op`) and ONNX Runtime's default of spinning while they wait;
- one SQLite row a photo, vector included, written with the batch and committed at the end.

Left out, in its favour: its fingerprint of each file's first megabyte, and its progress bar.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from PIL import Image

from graphs import after_normalisation, normalisation
from sightline.encoders import read_spec
from sightline.library.cores import usable_cores
from sightline.photos.pixels import RESAMPLING
from sightline.training.dequantise import in_float32

BATCH = 8
LOOK_AHEAD = 3 * BATCH
_SCHEMA = """
CREATE TABLE images (
    id INTEGER PRIMARY KEY, deleted BOOLEAN, indexing BOOLEAN, filepath TEXT NOT NULL UNIQUE,
    modified_at DATETIME NOT NULL, size INTEGER NOT NULL, vector BLOB NOT NULL
);
CREATE UNIQUE INDEX existing ON images (filepath) WHERE deleted IS NULL;
"""
Planes = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """An image tower as rclip holds it: a session on float32 planes, and how to make these."""

    session: Any
    size: int
    fit: str
    resample: Image.Resampling
    mean: Planes
    deviation: Planes


def load(model: Path, int8: bool = False) -> Encoder:
    """Load a model's image tower and run it once; a quantised one as float32, or as it is."""
    spec = read_spec(model).image
    graph = onnx.load(model / spec.file) if int8 else in_float32(model / spec.file)
    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    session = ort.InferenceSession(
        after_normalisation(graph, spec.size).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    mean, deviation = normalisation(graph, spec.size)
    encoder = Encoder(session, spec.size, spec.fit, RESAMPLING[spec.resample], mean, deviation)
    _embed(encoder, np.zeros((BATCH, 3, spec.size, spec.size), dtype=np.float32))
    return encoder


def index(folder: Path, encoder: Encoder, database: Path) -> float:
    """Index every photo under `folder`. Returns seconds."""
    began = perf_counter()
    connection = sqlite3.connect(database)
    connection.executescript(_SCHEMA)
    with ThreadPoolExecutor(usable_cores()) as loaders:
        batch: list[tuple[os.DirEntry[str], Planes]] = []
        for loaded in _loaded(_unknown(folder, connection), encoder, loaders):
            batch.append(loaded)
            if len(batch) == BATCH:
                _store(connection, encoder, batch)
                batch = []
        if batch:
            _store(connection, encoder, batch)
    connection.commit()
    connection.close()
    return perf_counter() - began


def _unknown(folder: Path, connection: sqlite3.Connection) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        row = connection.execute("SELECT * FROM images WHERE filepath = ?", (entry.path,))
        if row.fetchone() is None:
            yield entry


def _loaded(
    entries: Iterator[os.DirEntry[str]], encoder: Encoder, loaders: ThreadPoolExecutor
) -> Iterator[tuple[os.DirEntry[str], Planes]]:
    """Photos in order, with a bounded number of them being loaded."""
    ahead: deque[tuple[os.DirEntry[str], Future[Planes]]] = deque()
    for entry in entries:
        ahead.append((entry, loaders.submit(_read_and_preprocess, entry.path, encoder)))
        if len(ahead) > LOOK_AHEAD:
            first, future = ahead.popleft()
            yield first, future.result()
    for first, future in ahead:
        yield first, future.result()


def _read_and_preprocess(path: str, encoder: Encoder) -> Planes:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    size = encoder.size
    if encoder.fit == "squash":
        image = image.resize((size, size), encoder.resample)
    else:
        short = min(image.size)
        scaled = (int(image.width * size / short), int(image.height * size / short))
        image = image.resize(scaled, encoder.resample)
        left, top = (round((side - size) / 2) for side in scaled)
        image = image.crop((left, top, left + size, top + size))
    levels = np.array(image, dtype=np.float32) / np.float32(255)
    normalised: Planes = (levels - encoder.mean) / encoder.deviation
    return normalised.transpose(2, 0, 1)


def _store(
    connection: sqlite3.Connection, encoder: Encoder, batch: list[tuple[os.DirEntry[str], Planes]]
) -> None:
    vectors = _embed(encoder, np.stack([planes for _, planes in batch]))
    for (entry, _), vector in zip(batch, vectors, strict=True):
        status = entry.stat()
        connection.execute(
            "INSERT INTO images (filepath, modified_at, size, vector) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (filepath) DO UPDATE SET vector = excluded.vector",
            (entry.path, status.st_mtime, status.st_size, vector.tobytes()),
        )


def _embed(encoder: Encoder, planes: Planes) -> Planes:
    name = encoder.session.get_inputs()[0].name
    vectors = np.asarray(encoder.session.run(None, {name: planes})[0], dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)
