"""Dual encoder → a folder that `sightline.encoders.load_encoder` takes.

Both graphs are written in float first and must agree with torch. Then they are made small: weights
of 8 bits cost a little precision, and are checked against what that precision is for, retrieval.
Nothing is put in place before every check has passed.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from sightline.encoders.spec import SPEC_FILE, ImageSpec, ModelSpec, TextSpec
from sightline.errors import ModelError
from sightline.training.captions import CaptionedPhoto
from sightline.training.dual_encoder import DIMENSIONS, DualEncoder
from sightline.training.features import padded, read_pixels
from sightline.training.onnx_graph import open_session, put_weights_outside, write_graph
from sightline.training.quantise import quantise_image_graph, quantise_text_graph, with_int8_words
from sightline.training.retrieval import Recall, text_to_image

Vectors = NDArray[np.float32]

LEAST_COSINE = 0.9999
"""Of a float graph's embeddings with torch's: below it something was exported wrongly."""

MOST_LOST = 0.01
"""Of recall@10 to 8-bit weights, on any dev set."""

CONTEXT = 64
"""Longest sentence in tokens, specials included. The longest caption we know has 42."""

PIXELS = "pixels"
IDS, MASK = "input_ids", "attention_mask"
OUTPUT = "embeddings"
IMAGE_FILE, TEXT_FILE, TOKENIZER_FILE = "image.onnx", "text.onnx", "tokenizer.json"


@dataclass(frozen=True)
class Description:
    """What `model.json` says that can't be read off the weights."""

    name: str
    title: str
    architecture: str
    licence: str
    source: str
    trained_on: str


@dataclass(frozen=True)
class DevSet:
    """Captioned photos, ready for both towers.

    pixels: uint8 (photos, size, size, 3).
    tokens: ids of each caption. photo_of: for each caption, the row of its photo.
    """

    name: str
    pixels: NDArray[np.uint8]
    tokens: tuple[tuple[int, ...], ...]
    photo_of: tuple[int, ...]

    @classmethod
    def read(
        cls, name: str, photos: Sequence[CaptionedPhoto], tokenizer: Tokenizer, size: int
    ) -> "DevSet":
        """Decode the photos and cut the captions into tokens."""
        captions = [(row, text) for row, photo in enumerate(photos) for text in photo.captions]
        encodings = tokenizer.encode_batch([text for _, text in captions])
        return cls(
            name,
            np.stack([read_pixels(photo.path, size) for photo in photos]),
            tuple(tuple(encoding.ids[:CONTEXT]) for encoding in encodings),
            tuple(row for row, _ in captions),
        )


@dataclass(frozen=True)
class Loss:
    """Recall of a dev set with float graphs and with the graphs that ship."""

    name: str
    in_float: Recall
    shipped: Recall


@dataclass(frozen=True)
class ExportReport:
    """What the checks of an export measured.

    float_ms, shipped_ms: milliseconds of one core that the image graphs take for a photo.
    """

    image_cosine: float
    text_cosine: float
    losses: tuple[Loss, ...]
    float_ms: float
    shipped_ms: float
    bytes: int

    @property
    def lowest_cosine(self) -> float:
        """Of any float embedding with torch's."""
        return min(self.image_cosine, self.text_cosine)


def export_model(
    encoder: DualEncoder,
    description: Description,
    tokenizer: str,
    dev_sets: Sequence[DevSet],
    calibration: NDArray[np.uint8],
    target: Path,
    *,
    most_lost: float = MOST_LOST,
) -> ExportReport:
    """Write `encoder` as a model folder: int8 text tower, int8 convolutions in the image tower.

    The card, which tells what the folder's own figures are, is for the caller to add.

    Args:
        tokenizer: contents of tokenizer.json.
        dev_sets: what recall is measured on; the first photos and captions check the float graphs.
        calibration: training photos that the ranges of the convolutions are measured on,
            uint8 (n, size, size, 3).
        target: the folder; made where missing, files in it replaced.
        most_lost: of recall@10 to 8-bit weights, on any dev set.

    Raises:
        ModelError: a float graph's cosine with torch is under `LEAST_COSINE`, or 8-bit weights cost
            more than `most_lost` of recall@10 on a dev set. `target` is left as it was.
    """
    with TemporaryDirectory() as folder:
        floats, ships = Path(folder) / "float", Path(folder) / "ships"
        floats.mkdir()
        ships.mkdir()
        size = encoder.image.tower.size
        _write_image_graph(encoder.image, size, floats / IMAGE_FILE)
        _write_text_graph(encoder.text, floats / TEXT_FILE)
        image_cosine, text_cosine = check_parity(encoder, floats, dev_sets[0])

        quantise_image_graph(floats / IMAGE_FILE, ships / IMAGE_FILE, calibration)
        small = Path(folder) / "int8-words.onnx"
        _write_text_graph(with_int8_words(encoder.text, CONTEXT), small)
        quantise_text_graph(small, ships / TEXT_FILE)
        put_weights_outside(ships / TEXT_FILE)
        losses = tuple(
            Loss(dev.name, _recall(floats, dev), _recall(ships, dev)) for dev in dev_sets
        )
        check_losses(losses, most_lost)

        (ships / TOKENIZER_FILE).write_text(tokenizer, encoding="utf-8")
        spec = _spec(description, size, ships)
        (ships / SPEC_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(spec)) + b"\n")
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(ships.iterdir()):
            (target / file.name).write_bytes(file.read_bytes())
        total = sum(file.stat().st_size for file in ships.iterdir())
        float_ms, shipped_ms = (
            core_milliseconds(graphs / IMAGE_FILE, dev_sets[0].pixels) for graphs in (floats, ships)
        )
    return ExportReport(image_cosine, text_cosine, losses, float_ms, shipped_ms, total)


def check_parity(encoder: DualEncoder, folder: Path, dev: DevSet) -> tuple[float, float]:
    """The lowest cosines of float graphs with torch: (image, text).

    Raises:
        ModelError: one of them is under `LEAST_COSINE`.
    """
    pixels, tokens = dev.pixels[:8], dev.tokens[:32]
    ids, mask = padded(tokens)
    with torch.inference_mode():
        images = encoder.image(torch.from_numpy(pixels)).numpy()
        texts = encoder.text(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    lowest = (
        float((images * embed_pixels(folder / IMAGE_FILE, pixels)).sum(axis=1).min()),
        float((texts * embed_tokens(folder / TEXT_FILE, tokens)).sum(axis=1).min()),
    )
    for tower, cosine in zip(("image", "text"), lowest, strict=True):
        if not cosine >= LEAST_COSINE:
            raise ModelError(
                f"The exported {tower} graph disagrees with torch: cosine {cosine:.6f}, "
                f"expected at least {LEAST_COSINE}. Nothing was written."
            )
    return lowest


def check_losses(losses: Sequence[Loss], most_lost: float = MOST_LOST) -> None:
    """Hold the small graphs to the float ones.

    Raises:
        ModelError: recall@10 fell by more than `most_lost` on a dev set.
    """
    for loss in losses:
        lost = loss.in_float.at_10 - loss.shipped.at_10
        if lost > most_lost:
            raise ModelError(
                f"8-bit weights cost {lost:.3f} of recall@10 on {loss.name}: {loss.in_float} in "
                f"float, {loss.shipped} after. Nothing was written."
            )


def embed_pixels(graph: Path, pixels: NDArray[np.uint8], batch: int = 8) -> Vectors:
    """Run an image graph: uint8 (n, size, size, 3) → float32 (n, d)."""
    session = open_session(graph)
    return np.concatenate(
        [
            session.run([OUTPUT], {PIXELS: pixels[start : start + batch]})[0]
            for start in range(0, len(pixels), batch)
        ]
    )


def core_milliseconds(graph: Path, pixels: NDArray[np.uint8], batch: int = 8) -> float:
    """Processor time a photo on one thread, the median of ten batches after a first one."""
    session = open_session(graph)
    times = []
    for _ in range(11):
        started = time.process_time()
        session.run([OUTPUT], {PIXELS: pixels[:batch]})
        times.append((time.process_time() - started) / len(pixels[:batch]))
    return float(np.median(times[1:])) * 1000


def embed_tokens(graph: Path, tokens: Sequence[Sequence[int]], batch: int = 32) -> Vectors:
    """Run a text graph: token lists of any length → float32 (n, d)."""
    session = open_session(graph)
    rows = []
    for start in range(0, len(tokens), batch):
        ids, mask = padded(tokens[start : start + batch])
        rows.append(session.run([OUTPUT], {IDS: ids, MASK: mask})[0])
    return np.concatenate(rows)


def _recall(folder: Path, dev: DevSet) -> Recall:
    images = embed_pixels(folder / IMAGE_FILE, dev.pixels)
    texts = embed_tokens(folder / TEXT_FILE, dev.tokens)
    return text_to_image(texts, images, dev.photo_of)


def _write_image_graph(encoder: nn.Module, size: int, path: Path) -> None:
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    write_graph(encoder, (example,), path, inputs=[PIXELS], output=OUTPUT, dynamic=[["n"]])


def _write_text_graph(encoder: nn.Module, path: Path) -> None:
    ids = torch.ones(2, 8, dtype=torch.int64)
    axes = ["n", "length"]
    write_graph(
        encoder, (ids, ids.clone()), path, inputs=[IDS, MASK], output=OUTPUT, dynamic=[axes, axes]
    )


def _spec(description: Description, size: int, folder: Path) -> ModelSpec:
    return ModelSpec(
        name=description.name,
        title=description.title,
        dimensions=DIMENSIONS,
        image=ImageSpec(
            file=IMAGE_FILE,
            size=size,
            fit="squash",
            resample="bicubic",
            input=PIXELS,
            output=OUTPUT,
        ),
        text=TextSpec(
            file=TEXT_FILE,
            tokenizer=TOKENIZER_FILE,
            context=CONTEXT,
            ids_input=IDS,
            mask_input=MASK,
            output=OUTPUT,
        ),
        architecture=description.architecture,
        licence=description.licence,
        source=description.source,
        trained_on=description.trained_on,
        files={
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in (IMAGE_FILE, TEXT_FILE, f"{TEXT_FILE}.data", TOKENIZER_FILE)
        },
    )
