"""A folder of generated scenes: made, continued, never mixed with anybody else's files.

::

    scenes.json        which seed and size: what makes the folder ours
    scenes.jsonl       one scene a line: captions, claims, and the truth about both pictures
    images/*.png       `…a.png` has the caption, `…b.png` the foil
    gold_queries.json  a gold file over all of these pictures
    pairs/*.json       one file a family, as SugarCrepe has them
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

import msgspec
from PIL.Image import Image

from sightline.errors import EvaluationError, UsageError
from sightline.evaluation.gold import write_gold, write_whole
from sightline.evaluation.scenes.families import FAMILIES
from sightline.evaluation.scenes.queries import gold_of
from sightline.evaluation.scenes.rows import (
    IMAGES,
    PictureRow,
    SceneRow,
    append_row,
    picture_files,
    read_rows,
    scene_id,
    write_rows,
)
from sightline.evaluation.scenes.scene import GENERATOR, Drawn, make_scene

SETTINGS_FILE = "scenes.json"
GOLD_FILE = "gold_queries.json"
PAIRS = "pairs"
SIZES = range(64, 2049)
"""Sides of a picture in pixels that make sense."""
MOST_SCENES = 100_000  # of a family: their names have five digits

OnProgress = Callable[[int, int], None]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all scenes of a folder have in common."""

    format: Literal["sightline-scenes/1"] = "sightline-scenes/1"
    generator: int = GENERATOR
    seed: int
    size: int


@dataclass(frozen=True)
class ScenesReport:
    """What a run made. `scenes` counts those in the folder by family, earlier ones included."""

    folder: Path
    scenes: dict[str, int]
    made: int
    kept: int
    queries: int
    seconds: float


def write_scenes(
    folder: Path,
    *,
    count: int,
    families: Sequence[str] = (),
    size: int = 256,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: None,
) -> ScenesReport:
    """Make `count` scenes of each family, or go on where an earlier run stopped.

    Scenes that are there stay as they are, those of other families and higher numbers, too.

    Args:
        families: names of `FAMILIES`; all of them if there is none.
        size: side of a picture in pixels.

    Raises:
        UsageError: numbers or names that make no sense, or a folder that holds other files.
        EvaluationError: the folder holds scenes of another seed or size, or can't be written.
    """
    began = monotonic()
    wanted = _checked(count, families, size)
    _claim_folder(folder, Settings(seed=seed, size=size))
    rows = {row.id: row for row in read_rows(folder)}
    missing = [
        (family, number)
        for number in range(count)  # a stopped run has some of every family
        for family in wanted
        if scene_id(family, number) not in rows
    ]
    total = count * len(wanted)
    kept = total - len(missing)
    for done, (family, number) in enumerate(missing, 1):
        row = _make(folder, family, number, seed, size)
        append_row(folder, row)
        rows[row.id] = row
        on_progress(kept + done, total)
    ordered = sorted(rows.values(), key=lambda row: (list(FAMILIES).index(row.family), row.number))
    write_rows(folder, ordered)
    _write_pairs(folder, ordered)
    gold = gold_of(ordered, seed)
    write_gold(gold, folder / GOLD_FILE)
    return ScenesReport(
        folder=folder,
        scenes={name: sum(row.family == name for row in ordered) for name in FAMILIES},
        made=len(missing),
        kept=kept,
        queries=len(gold.queries),
        seconds=monotonic() - began,
    )


def _checked(count: int, families: Sequence[str], size: int) -> list[str]:
    if not 1 <= count <= MOST_SCENES:
        raise UsageError(f"--count must be from 1 to {MOST_SCENES:,}, not {count:,}.")
    if size not in SIZES:
        raise UsageError(f"--size must be from {SIZES[0]} to {SIZES[-1]} pixels, not {size}.")
    unknown = [name for name in families if name not in FAMILIES]
    if unknown:
        raise UsageError(f"There is no family {unknown[0]!r}; choose among {', '.join(FAMILIES)}.")
    return [name for name in FAMILIES if not families or name in families]


def _claim_folder(folder: Path, settings: Settings) -> None:
    """Make sure that the folder is ours: new, empty, or begun with the same settings."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What a system or a killed run leaves behind begins with a dot and is nobody's work.
        others = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
    except FileExistsError:
        raise UsageError(f"{folder} is a file; name a folder.") from None
    except OSError as error:
        raise EvaluationError(f"Can't use the folder {folder}: {error.strerror}.") from None
    if SETTINGS_FILE in others:
        _require_same(folder, settings)
    elif others:
        raise UsageError(
            f"{folder} holds other files ({others[0]!r}); name a new or an empty folder."
        )
    else:
        write_whole(folder / SETTINGS_FILE, msgspec.json.encode(settings) + b"\n")


def _require_same(folder: Path, settings: Settings) -> None:
    path = folder / SETTINGS_FILE
    try:
        there = msgspec.json.decode(path.read_bytes(), type=Settings)
    except OSError as error:
        raise EvaluationError(f"Can't read {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(
            f"{path} was not written by `sightline scenes`; name a new or an empty folder."
        ) from None
    if there.generator != settings.generator:
        raise EvaluationError(
            f"The scenes in {folder} were drawn by another version of sightline, and new ones "
            "would not fit them; name another folder."
        )
    if there != settings:
        raise EvaluationError(
            f"{folder} was begun with --seed {there.seed} --size {there.size}; say the same to go "
            "on with it, or name another folder."
        )


def _make(folder: Path, family: str, number: int, seed: int, size: int) -> SceneRow:
    drawn = make_scene(seed, family, number, size)
    files = picture_files(scene_id(family, number))
    picture, foil = (_keep(folder, file, one) for file, one in zip(files, drawn, strict=True))
    return SceneRow(
        family=family,
        number=number,
        caption=picture.claim.words,
        foil_caption=foil.claim.words,
        picture=picture,
        foil_picture=foil,
    )


def _keep(folder: Path, file: str, drawn: Drawn) -> PictureRow:
    data = _png(drawn.image)
    write_whole(folder / file, data)
    return PictureRow(
        file=file, photo=hashlib.sha256(data).hexdigest(), claim=drawn.claim, truth=drawn.truth
    )


def _png(image: Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _write_pairs(folder: Path, rows: Iterable[SceneRow]) -> None:
    """One file a family: id → filename below `images/`, caption, negative caption."""
    by_family: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        by_family.setdefault(row.family, {})[row.id] = {
            "filename": row.picture.file.removeprefix(f"{IMAGES}/"),
            "caption": row.caption,
            "negative_caption": row.foil_caption,
            "negative_filename": row.foil_picture.file.removeprefix(f"{IMAGES}/"),
        }
    for family, pairs in by_family.items():
        data = msgspec.json.format(msgspec.json.encode(pairs), indent=1)
        write_whole(folder / PAIRS / f"{family}.json", data + b"\n")
