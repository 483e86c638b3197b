"""Gold labels of inspection: photos of products, and what somebody who looked says of each.

One JSON file::

    {"format": "sightline-inspection/1", "name": "…", "about": "who looked, and how",
     "synonyms": {"cracked": ["crack", "fracture", …], …},
     "corrections": [{"images": ["cookie-n14"], "what": "…"}, …],
     "images": [{"id": "cookie-d01", "file": "images/cookie-d01.jpg", "photo": "<sha256>",
                 "product": "chocolate-chip cookie", "instance": "cookie-11",
                 "verdict": "defect", "defect_types": ["cracked"], "label": "A gap opens …",
                 "boxes": [[135, 382, 359, 577]], "tiny": false, "hard": false,
                 "split": "report", "licence": "CC BY-SA 4.0"}, …],
     "more": [photos with a verdict alone: reference normals, and larger counts]}

Two photos of one *instance* show the very same piece, and stand on the same side of the split:
thresholds and prompts are chosen on `choose`, figures come from `report`. The first synonym of a
defect type is what a question calls it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sightline.errors import GoldError
from sightline.inspection.verdict import Box, Decision

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Name = Annotated[str, Meta(min_length=1, max_length=4096)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Edges = tuple[float, float, float, float]
Side = Literal["choose", "report"]
Split = Literal["choose", "report", "all"]


class GoldPhoto(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One photo and what is right to say of it.

    Attributes:
        file: where it lies under the folder of photos.
        photo: SHA-256 of the file's bytes.
        instance: the piece that it shows; photos of one instance show the same piece.
        verdict: `uncertain` where nobody could tell, such as a picture without the product.
        boxes: [left, top, right, bottom] of each defect in pixels, right and bottom exclusive.
        ignore: places where a finding counts neither for nor against an inspector.
        twin: id of the clean shot of the same view, where there is one (its own id for that one).
        tiny: every box covers less than 1 % of the picture.
        hard: a careful person could take it for the other kind.
    """

    id: Id
    file: Name
    photo: Sha256
    product: Name
    instance: Name
    verdict: Decision
    defect_types: tuple[Name, ...] = ()
    label: str = ""
    boxes: tuple[Edges, ...] = ()
    ignore: tuple[Edges, ...] = ()
    twin: str = ""
    tiny: bool = False
    hard: bool = False
    split: Side
    licence: str = ""

    @property
    def defective(self) -> bool:
        """Whether the right verdict is defect."""
        return self.verdict == "defect"

    @property
    def located(self) -> bool:
        """Whether it is known where findings may be: everywhere a normal photo has none."""
        return bool(self.boxes) or self.verdict == "normal"

    @property
    def places(self) -> tuple[Box, ...]:
        """Where the defects are."""
        return tuple(Box(*edges) for edges in self.boxes)

    @property
    def ignored(self) -> tuple[Box, ...]:
        """Where a finding counts neither way."""
        return tuple(Box(*edges) for edges in self.ignore)


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was changed against the labels that came with the photos, and why."""

    images: tuple[Id, ...]
    what: str


class InspectionGold(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True
):
    """A whole gold file, checked."""

    format: Literal["sightline-inspection/1"] = "sightline-inspection/1"
    name: str
    about: str = ""
    synonyms: dict[Name, tuple[Name, ...]] = {}
    corrections: tuple[Correction, ...] = ()
    images: tuple[GoldPhoto, ...]
    more: tuple[GoldPhoto, ...] = ()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the file says, whatever its layout."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    @cached_property
    def everything(self) -> tuple[GoldPhoto, ...]:
        """The labelled photos and those with a verdict alone."""
        return self.images + self.more

    @cached_property
    def by_id(self) -> dict[str, GoldPhoto]:
        """Every photo by its id."""
        return {photo.id: photo for photo in self.everything}

    @cached_property
    def types_of_product(self) -> dict[str, tuple[str, ...]]:
        """The defect types that occur on each product, sorted."""
        found: dict[str, set[str]] = {photo.product: set() for photo in self.everything}
        for photo in self.images:
            found[photo.product].update(photo.defect_types)
        return {product: tuple(sorted(types)) for product, types in found.items()}

    def select(self, split: Split, more: bool = False) -> tuple[GoldPhoto, ...]:
        """The photos of one side of the split, or all of them, in the file's order."""
        photos = self.everything if more else self.images
        return tuple(photo for photo in photos if split in ("all", photo.split))

    def phrase(self, defect_type: str) -> str:
        """What a question calls a defect."""
        return self.synonyms[defect_type][0]


def read_inspection_gold(path: Path) -> InspectionGold:
    """Read and check a gold file.

    Raises:
        GoldError: unreadable, not in this format, or at odds with itself; the message names the
            first entries that are wrong.
    """
    try:
        gold = msgspec.json.decode(path.read_bytes(), type=InspectionGold)
    except OSError as error:
        raise GoldError(f"Can't read the gold file {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GoldError(
            f"{path} is no gold file of inspection that this version understands: "
            f"{error}{_photo_of(path, error)}. docs/evaluation.md shows the format."
        ) from None
    require_sound(gold, str(path))
    return gold


def _photo_of(path: Path, error: Exception) -> str:
    """Which photo an error of msgspec is about: it counts them, and people know them by id."""
    found = re.search(r"\$\.(images|more)\[(\d+)\]", str(error))
    if found is None:
        return ""
    photo = json.loads(path.read_bytes())[found[1]][int(found[2])]
    return f" (photo {photo['id']!r})" if isinstance(photo, dict) and "id" in photo else ""


def require_sound(gold: InspectionGold, where: str) -> None:
    """Check what the types can't say.

    Raises:
        GoldError: no photos, an id, file or photo twice, an unknown defect type, a box without
            area, a verdict at odds with its types or boxes, an unknown twin, or an instance on
            both sides of the split.
    """
    if not gold.images:
        raise GoldError(f"{where} holds no photos.")
    photos = gold.everything
    _refuse(where, "more than one photo has the id", _repeated(p.id for p in photos))
    _refuse(where, "more than one photo has the file", _repeated(p.file for p in photos))
    _refuse(where, "more than one entry is the photo", _repeated(p.photo for p in photos))
    outside = [p.file for p in photos if _leads_out(p.file)]
    _refuse(where, "a file leads out of the folder of photos:", outside)
    nameless = [name for name, words in gold.synonyms.items() if not words]
    _refuse(where, "no synonym, not even its own name, is given for the defect type", nameless)
    unknown = {t for p in photos for t in p.defect_types if t not in gold.synonyms}
    _refuse(where, "no synonyms are given for the defect type", sorted(unknown))
    empty = [p.id for p in photos if any(_is_empty(box) for box in (*p.boxes, *p.ignore))]
    _refuse(where, "a box is outside its picture or has no area in", empty)
    untyped = [p.id for p in gold.images if p.defective and not (p.defect_types and p.boxes)]
    _refuse(where, "the verdict is defect, but a type or a box is missing in", untyped)
    marked = [p.id for p in photos if p.verdict == "normal" and (p.defect_types or p.boxes)]
    _refuse(where, "the verdict is normal in spite of a defect type or a box in", marked)
    alone = [p.id for p in photos if p.twin and not _has_twin(p, gold)]
    _refuse(where, "the twin is no normal photo of the same instance in", alone)
    sides = {(p.instance, p.split) for p in photos}
    torn = _repeated(instance for instance, _ in sides)
    _refuse(where, "one piece stands on both sides of the split:", sorted(torn))
    strangers = {i for c in gold.corrections for i in c.images if i not in gold.by_id}
    _refuse(where, "a correction names the unknown photo", sorted(strangers))


def _has_twin(photo: GoldPhoto, gold: InspectionGold) -> bool:
    twin = gold.by_id.get(photo.twin)
    return twin is not None and twin.verdict == "normal" and twin.instance == photo.instance


def _leads_out(file: str) -> bool:
    path = Path(file)
    return path.is_absolute() or ".." in path.parts or "\0" in file


def _is_empty(edges: Edges) -> bool:
    left, top, right, bottom = edges
    return not (0 <= left < right and 0 <= top < bottom)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refuse(where: str, problem: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise GoldError(f"{where}: {problem} {shown}. Correct the file and run again.")
