"""What a run learns from and is measured on, and what is checked before it begins."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import PhotoError, UsageError
from sightline.photos.read import hash_of
from sightline.training.evaluate import DevSet
from sightline.training.run_config import RunConfig
from sightline.training.samples import Sample, read_source

MOST_MISSING = 0.1
"""The share of photos that may be missing before it looks like a mistake."""


@dataclass(frozen=True)
class Data:
    """What a run learns from and is measured on."""

    train: Sequence[Sample]
    dev: Sequence[DevSet]
    fingerprint: str


def read_data(config: RunConfig, base: Path) -> Data:
    """Find all samples and check them, so that nothing goes wrong after the first step.

    Raises:
        UsageError: a source is missing or empty, or a dev photo is a training photo, too.
    """
    train = [sample for source in config.train for sample in read_source(source, base)]
    dev = [
        DevSet(source.path.removesuffix(".jsonl"), read_source(source, base))
        for source in config.dev
    ]
    held_out = [sample for one in dev for sample in one.samples]
    check_there(train, "the training set")
    for one in dev:
        check_there(one.samples, one.name)
    check_apart(train, held_out)
    return Data(train, dev, fingerprint(train, held_out))


def check_there(samples: Sequence[Sample], what: str) -> None:
    """A few lost files are no reason not to train; many are most likely a wrong folder.

    Raises:
        UsageError: more than `MOST_MISSING` of the photos are not there.
    """
    missing = [sample for sample in samples if sample.length < 0]
    if len(missing) > MOST_MISSING * len(samples):
        raise UsageError(
            f"{len(missing):,} of {len(samples):,} photos of {what} are not there; "
            f"the first is {missing[0].name}."
        )


def check_apart(train: Sequence[Sample], dev: Sequence[Sample]) -> None:
    """No photo of the dev sets may be learned from, whatever its file is called.

    Only files of equal length are read and compared, by the hash of their bytes.

    Raises:
        UsageError: a dev photo is a training photo, too.
    """
    lengths = {sample.length for sample in dev} & {sample.length for sample in train} - {-1}
    hashes = {hash_: sample for sample, hash_ in _hashes(dev, lengths)}
    both = [(sample, hashes[hash_]) for sample, hash_ in _hashes(train, lengths) if hash_ in hashes]
    if both:
        learned, held_out = both[0]
        raise UsageError(
            f"{len(both):,} training photos are dev photos, too: {learned.name} is "
            f"{held_out.name}. Retrieval would be measured on what was learned by heart: "
            "take them out of one of the two."
        )


def fingerprint(train: Sequence[Sample], dev: Sequence[Sample]) -> str:
    """A digest of what is learned from and measured on; the folder it lies in doesn't count."""
    digest = hashlib.sha256()
    for samples in (train, dev):
        for sample in samples:
            digest.update(repr((Path(sample.name).name, sample.length, sample.captions)).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _hashes(samples: Iterable[Sample], lengths: set[int]) -> Iterator[tuple[Sample, str]]:
    for sample in samples:
        if sample.length in lengths:
            try:
                yield sample, hash_of(sample.read())
            except PhotoError:  # can't be learned from either; counted when it is drawn
                continue
