"""Many photos through one inspector, in order; a photo that can't be used costs itself alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from sightline.errors import PhotoError, UsageError
from sightline.inspection.verdict import Decision, Inspector, Task, Verdict
from sightline.library.place import absolute_path
from sightline.photos.walk import WalkRules, walk

Kind = Decision | Literal["failed"]
ReferencesOf = Callable[[Path], tuple[Path, ...]]
"""The photos of faultless pieces that a photo is compared with. Raises `PhotoError`."""


@dataclass(frozen=True)
class Inspected:
    """A photo with what was said of it, or with the reason why it can't be used."""

    path: Path
    verdict: Verdict | None
    error: str = ""

    @property
    def kind(self) -> Kind:
        """What it counts as: its decision, or failed where there is no usable answer."""
        if self.verdict is None or self.verdict.failure:
            return "failed"
        return self.verdict.decision


def inspect_all(
    inspector: Inspector,
    tasks: Iterable[Task],
    references: ReferencesOf = lambda image: (),
    threads: int = 1,
) -> Iterator[Inspected]:
    """Inspect photos in the order given, each result as soon as those before it are there.

    Args:
        references: takes the place of those that the tasks name.
        threads: photos under way at once.

    Raises:
        InspectionError: the inspector can't work; what was given out before stays true.
        ModelError, UsageError: likewise.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="inspect") as workers:
        waiting: deque[Future[Inspected]] = deque()
        try:
            for task in tasks:
                waiting.append(workers.submit(_inspected, inspector, task, references))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def files_at(paths: Sequence[str]) -> list[Path]:
    """Each file named, and the photos in each folder named, once, in the order given.

    What can't be walked is left in: inspecting it then says what is wrong with it.

    Raises:
        UsageError: a path is an empty name.
    """
    if not all(paths):
        raise UsageError("A path is an empty name; name a folder or a file.")
    found: dict[bytes, None] = {}
    for path in paths:
        root = [absolute_path(path)]
        # `walk` takes each root alone here, so that photos come in the order of the names given.
        photos = walk(root, WalkRules(), lambda at, reason: found.setdefault(at))
        found.update((photo.path, None) for photo in photos)
    return [Path(os.fsdecode(path)) for path in found]


def _inspected(inspector: Inspector, task: Task, references: ReferencesOf) -> Inspected:
    try:
        compared = msgspec.structs.replace(task, references=references(task.image))
        return Inspected(task.image, inspector.inspect(compared))
    except PhotoError as error:
        return Inspected(task.image, None, str(error))
