"""Another maker's model → a folder beside it whose image tower has weights of 8 bits.

What takes hours with a large model is embedding the photos, so it is the image tower that is made
small; words are embedded as before. How much a model suffers can't be known beforehand, so the two
towers are held against each other on photos, and a model that suffers too much is not written.

Nothing here needs torch.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from sightline.encoders import DualEncoder, ModelSpec
from sightline.encoders.dual import IMAGE_BATCH
from sightline.encoders.hub.promise import sha256_of
from sightline.encoders.session import verify
from sightline.encoders.spec import SPEC_FILE, inside
from sightline.errors import ModelError, PhotoError, UsageError
from sightline.photos.read import read_photo
from sightline.photos.walk import WalkRules, walk
from sightline.training.closeness import drift, kept_matches, variance
from sightline.training.int8_transformer import write_int8

MOST_DRIFT = 0.05
"""Of what tells photos apart, the share that 8 bits may blur."""

FEWEST, MOST = 16, 64
"""Photos that the towers are compared on."""

LEAST_VARIANCE = 1e-6
"""Of photos that are told apart at all; the same photo many times has less than 1e-12."""

_ROUNDS = 5
_SENTENCES = (
    "a birthday cake with candles", "a dog running on grass", "a cat asleep on a sofa",
    "people at a table with food", "a child laughing", "a beach at sunset", "snow on mountains",
    "a red car in a street", "a bicycle against a wall", "a building at night", "a boat on water",
    "flowers in a garden", "a forest path in autumn", "a page of text", "a plate of vegetables",
    "a group of people posing", "a man with a hat", "a bird in flight", "a train at a station",
    "an empty room with a window", "a close-up of an insect", "a crowd at a concert",
    "someone playing a ball game", "a screenshot of a website",
)  # fmt: skip

Vectors = NDArray[np.float32]
OnStage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Int8Report:
    """What was written, and what it costs.

    photos: how many the towers were compared on.
    cosine, lowest_cosine: of the two vectors of a photo, the mean and the lowest.
    drift: squared distance of the two, as a share of the photos' own variance.
    kept: of the first five photos for each of 24 sentences, the share that stays among them.
    before_ms, ms: milliseconds of one core for a photo.
    before_bytes, bytes: of the whole folder.
    """

    folder: Path
    name: str
    photos: int
    cosine: float
    lowest_cosine: float
    drift: float
    kept: float
    before_ms: float
    ms: float
    before_bytes: int
    bytes: int


def quantise_model(
    encoder: DualEncoder,
    photos: Sequence[Path],
    target: Path,
    name: str,
    on_stage: OnStage = lambda doing, done, total: None,
) -> Int8Report:
    """Write `encoder` to `target` with its image tower in 8 bits.

    Args:
        photos: files and folders to compare the towers on; up to 64 photos of them are read.
        target: a folder that doesn't exist yet. It appears whole, or not at all.
        name: the new model's.

    Raises:
        UsageError: `target` is there already, there are fewer than 16 photos, or all are the same.
        ModelError: the model isn't one that can be put into 8 bits, suffers too much, or can't be
            written.
    """
    spec = encoder.spec
    if spec.joint:
        raise ModelError(f"{encoder.folder} has both towers in one graph, which stays as it is.")
    if target.exists():
        raise UsageError(f"{target} is there already. Delete it, or choose another folder (--to).")
    encoder.require_images()
    pixels = _read(photos, encoder, on_stage)
    original = _embedded(encoder, pixels, lambda at: on_stage("Looking", at, len(pixels)))
    if variance(original) < LEAST_VARIANCE:
        raise UsageError(
            f"To {spec.name} these {len(pixels)} photos are all the same, so they can't show what "
            "8 bits do to it. Name a folder with other photos."
        )
    on_stage("Putting weights into 8 bits", 0, 1)
    with _workplace(target) as place:
        made = place / "model"
        _write(encoder, name, made)
        report = _compare(encoder, DualEncoder(made, "cpu"), pixels, original, target, on_stage)
        if not report.drift <= MOST_DRIFT:
            raise ModelError(
                f"{spec.name} suffers too much from 8 bits: they blur {report.drift:.0%} of what "
                f"tells these photos apart ({MOST_DRIFT:.0%} are allowed; cosine "
                f"{report.cosine:.4f}). Nothing was written."
            )
        made.rename(target)
    return report


def _read(photos: Sequence[Path], encoder: DualEncoder, on_stage: OnStage) -> NDArray[np.uint8]:
    """Pixels of up to 64 photos, spread evenly over what was named: uint8 (n, side, side, 3)."""
    found = list(walk(photos, WalkRules(), lambda path, reason: None))
    spread = [found[at * len(found) // MOST] for at in range(MOST)] if len(found) > MOST else []
    pixels: list[NDArray[np.uint8]] = []
    for file in dict.fromkeys([*spread, *found]):  # all others where some of these can't be read
        if len(pixels) == MOST:
            break
        on_stage("Reading photos", len(pixels), min(MOST, len(found)))
        with suppress(PhotoError):
            pixels.append(read_photo(file.path, encoder.pixel_recipe).pixels)
    if len(pixels) < FEWEST:
        raise UsageError(
            f"{len(pixels)} photos could be read; at least {FEWEST} are needed to see what 8 bits "
            "do to the model. Name a folder with more."
        )
    return np.stack(pixels)


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, for one process at a time, gone afterwards."""
    place = target.parent / f".{target.name}.making"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_name(f"{place.name}.lock"), timeout=0):
            shutil.rmtree(place, ignore_errors=True)  # of a run that was killed
            place.mkdir()
            try:
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)
    except Timeout:
        raise ModelError(f"Another process is writing {target} right now.") from None
    except OSError as error:
        raise ModelError(
            f"Can't write {error.filename or place}: {error.strerror or error}."
        ) from None


def _write(encoder: DualEncoder, name: str, made: Path) -> None:
    """A new image graph, a description, and what else the old one names, as it is."""
    spec, graph = encoder.spec, encoder.spec.image.file
    words = {spec.text.file, spec.text.tokenizer, *spec.text.weights}
    pictures = {file for file in spec.files if file.startswith(graph)} | set(spec.image.weights)
    if spec.image.projection:
        pictures.add(spec.image.projection)  # of places, which the new graph doesn't give
    (made / graph).parent.mkdir(parents=True)
    for file in spec.files:
        verify(inside(encoder.folder, file), spec.files[file])
        if file in words or file not in pictures:
            _copy(file, encoder.folder, made)
    for terms in ("LICENSE*", "LICENCE*", "NOTICE*"):
        for path in encoder.folder.glob(terms):
            if path.is_file() and inside(encoder.folder, path.name):
                _copy(path.name, encoder.folder, made)
    try:
        write_int8(encoder.folder / graph, made / graph, spec.image.size, spec.image.output)
    except (ModelError, OSError):
        raise
    except Exception as error:
        # Somebody's graph in two libraries, whose errors have no common kind.
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"{encoder.folder / graph} can't be put into 8 bits: {reason}") from error
    (made / SPEC_FILE).write_bytes(
        msgspec.json.format(msgspec.json.encode(_described(encoder, name, made))) + b"\n"
    )


def _copy(file: str, source: Path, target: Path) -> None:
    (target / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / file, target / file)


def _described(encoder: DualEncoder, name: str, made: Path) -> ModelSpec:
    spec = encoder.spec
    return msgspec.structs.replace(
        spec,
        name=name,
        title=f"{spec.title}, 8-bit image tower",
        architecture=f"{spec.architecture}; the image tower's matrix products in 8 bits",
        source=f"{spec.source}; put into 8 bits here, from {encoder.id}",
        image=msgspec.structs.replace(
            spec.image, weights=(), patches=None, fine_patches=None, projection=None
        ),
        files={
            str(file.relative_to(made).as_posix()): sha256_of(file)
            for file in sorted(made.rglob("*"))
            if file.is_file()
        },
    )


def _embedded(
    encoder: DualEncoder, pixels: NDArray[np.uint8], on_done: Callable[[int], None]
) -> Vectors:
    batches = []
    for at in range(0, len(pixels), IMAGE_BATCH):
        on_done(at)
        batches.append(encoder.embed_pixels(pixels[at : at + IMAGE_BATCH]))
    return np.concatenate(batches)


def _compare(
    before: DualEncoder,
    after: DualEncoder,
    pixels: NDArray[np.uint8],
    first: Vectors,
    target: Path,
    on_stage: OnStage,
) -> Int8Report:
    """Embed with the new folder what the old one embedded as `first`."""
    try:
        second = _embedded(after, pixels, lambda at: on_stage("Comparing", at, len(pixels)))
    except ModelError:
        raise ModelError(
            f"{before.spec.name} does not survive 8 bits: some photos get no vector any more. "
            "Nothing was written."
        ) from None
    texts = after.embed_texts(_SENTENCES)  # with the copy: it must be able to
    cosines = (first * second).sum(axis=1)
    before_ms, ms = _milliseconds((before, after), pixels[:IMAGE_BATCH])
    return Int8Report(
        folder=target,
        name=after.spec.name,
        photos=len(pixels),
        cosine=float(cosines.mean()),
        lowest_cosine=float(cosines.min()),
        drift=drift(first, second),
        kept=kept_matches(texts, first, second),
        before_ms=before_ms,
        ms=ms,
        before_bytes=_bytes(before),
        bytes=_bytes(after),
    )


def _milliseconds(encoders: Sequence[DualEncoder], batch: NDArray[np.uint8]) -> list[float]:
    """Processor time a photo of each, the median of a few batches in turn."""
    times: list[list[float]] = [[] for _ in encoders]
    for _ in range(_ROUNDS):
        for encoder, spent in zip(encoders, times, strict=True):
            began = time.process_time()
            encoder.embed_pixels(batch)
            spent.append((time.process_time() - began) / len(batch))
    return [float(np.median(spent)) * 1000 for spent in times]


def _bytes(encoder: DualEncoder) -> int:
    return sum(os.path.getsize(encoder.folder / file) for file in encoder.spec.files)  # noqa: PTH202
