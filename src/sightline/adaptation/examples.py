"""What is taught from: photos with a label, as people keep them."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from sightline.errors import UsageError
from sightline.photos.walk import WalkRules, walk


@dataclass(frozen=True)
class Example:
    """A photo, its label, and sentences that describe it, if there are any."""

    path: Path
    label: str
    sentences: tuple[str, ...] = ()


class _Row(msgspec.Struct):
    """A line of a JSONL file. Other fields are left alone."""

    file: str
    label: str | None = None
    caption: str | None = None
    captions: list[str] = []


def read_examples(data: Path) -> list[Example]:
    """Read labelled photos.

    Args:
        data: a folder in which each folder is a class named after it, with photos in it at any
            depth; or a JSONL file with a line a photo, `{"file": …, "label": …}`, whose paths are
            relative to it. Instead of a label a line may have a `caption` or `captions`: the
            first one is then the label, and all of them describe it.

    Raises:
        UsageError: not there, not of that form, or of fewer than two labels.
    """
    if os.path.isdir(data):  # noqa: PTH112 - never raises, whatever the name
        examples = list(_from_folder(data))
        hint = "each class needs a folder of its own in it, with photos"
    elif os.path.isfile(data):  # noqa: PTH113
        examples = list(_from_jsonl(data))
        hint = 'it needs lines such as {"file": "a.jpg", "label": "cat"}'
    else:
        raise UsageError(f"There is no folder or file {data}.")
    labels = {example.label for example in examples}
    if len(labels) < 2:
        raise UsageError(
            f"{data} names {len(labels)} labels, and at least two are needed to tell one from "
            f"another: {hint}."
        )
    return examples


def draw(examples: Sequence[Example], shots: int | None, seed: int) -> list[Example]:
    """At most `shots` examples of each label, drawn at random; all of them without a number.

    Raises:
        UsageError: the number is below 1.
    """
    if shots is None:
        return list(examples)
    if shots < 1:
        raise UsageError(f"--shots must be at least 1, not {shots}.")
    taken: Counter[str] = Counter()
    kept = []
    for at in np.random.default_rng(seed).permutation(len(examples)):
        label = examples[at].label
        if taken[label] < shots:
            taken[label] += 1
            kept.append(at)
    return [examples[at] for at in sorted(kept)]


def _from_folder(data: Path) -> Iterator[Example]:
    for folder in sorted(data.iterdir()):
        if folder.is_dir() and not folder.name.startswith("."):
            for found in walk([folder], WalkRules(), lambda path, reason: None):
                yield Example(Path(os.fsdecode(found.path)), folder.name)


def _from_jsonl(data: Path) -> Iterator[Example]:
    try:
        lines = data.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"Can't read {data}: {error.strerror}.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=_Row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{data}, line {number}: {error}.") from None
        captions = [row.caption] if row.caption is not None else []
        sentences = tuple(text.strip() for text in captions + row.captions if text.strip())
        label = (row.label or "").strip() or next(iter(sentences), "")
        if not label or not row.file:
            raise UsageError(f"{data}, line {number}: it needs a file, and a label or a caption.")
        yield Example(data.parent / row.file, label, sentences)
