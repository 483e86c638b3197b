"""Small products to inspect: grey tiles, some with a dark spot, and gold labels for them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.inspection.verdict import Box, Decision, Finding, Verdict

SPOT = (40.0, 30.0, 60.0, 50.0)
SIZE = (120, 90)
SYNONYMS: dict[str, tuple[str, ...]] = {
    "spot": ("spot", "dark spot", "stain"),
    "crack": ("crack", "fracture", "broken"),
    "missing piece": ("missing piece", "broken"),
    "underfilled": ("underfilled", "low fill"),
}


def photo(name: str, verdict: Decision = "normal", **fields: Any) -> GoldPhoto:
    """A gold photo that exists on paper alone."""
    defective = verdict == "defect"
    given: dict[str, Any] = {
        "file": f"{name}.png",
        "photo": hashlib.sha256(name.encode()).hexdigest(),
        "product": "tile",
        "instance": name,
        "defect_types": ("spot",) if defective else (),
        "boxes": (SPOT,) if defective else (),
        "split": "report",
    }
    return GoldPhoto(id=name, verdict=verdict, **(given | fields))


def gold_of(*photos: GoldPhoto, more: tuple[GoldPhoto, ...] = (), **fields: Any) -> InspectionGold:
    """A gold file of these photos."""
    given: dict[str, Any] = {"name": "tiles", "synonyms": SYNONYMS}
    return InspectionGold(images=photos, more=more, **(given | fields))


def verdict(
    decision: Decision = "normal",
    confidence: float = 0.9,
    score: float | None = None,
    findings: tuple[Finding, ...] = (),
    failure: str = "",
) -> Verdict:
    """What some inspector said."""
    return Verdict(
        decision=decision,
        confidence=confidence,
        score=score,
        findings=findings,
        failure=failure,
        inspector="test",
    )


def answer(right: Decision, said: Decision, confidence: float = 0.9, **fields: Any) -> Answer:
    """A verdict beside what is right."""
    name = fields.pop("name", f"{right}-{said}-{confidence}")
    return Answer(photo(name, right), verdict(said, confidence, **fields))


def finding(
    type_: str = "spot", box: tuple[float, float, float, float] | None = SPOT, **fields: Any
) -> Finding:
    """One finding, by default right in every way."""
    placed = None if box is None else Box(*box)
    return Finding(type=type_, box=placed, **({"sentence": ""} | fields))


def write_photos(gold: InspectionGold, folder: Path) -> InspectionGold:
    """Draw every photo of a gold file, and give it the hashes of the files."""

    def drawn(one: GoldPhoto, seed: int) -> GoldPhoto:
        noise = np.random.default_rng(seed).integers(-4, 5, (SIZE[1], SIZE[0], 3))
        pixels = np.clip(150 + noise, 0, 255).astype(np.uint8)
        for left, top, right, bottom in one.boxes:
            pixels[int(top) : int(bottom), int(left) : int(right)] = 20
        path = folder / one.file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        return msgspec.structs.replace(one, photo=sha)

    images = tuple(drawn(one, at) for at, one in enumerate(gold.images))
    more = tuple(drawn(one, 1000 + at) for at, one in enumerate(gold.more))
    return msgspec.structs.replace(gold, images=images, more=more)


def tiles(folder: Path) -> InspectionGold:
    """Four spotted tiles and five clean ones on disk, all on the side `report`."""
    spotted = [photo(f"d{at}", "defect") for at in range(4)]
    clean = [photo(f"n{at}") for at in range(5)]
    return write_photos(gold_of(*spotted, *clean), folder)
