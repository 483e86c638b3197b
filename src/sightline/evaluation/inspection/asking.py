"""One question to an inspector: everything that decides its answer, and the files that it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.crops import Cut, Sizes, cut_of
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.evaluation.inspection.reference_draws import (
    DISTURBANCE,
    drawn_references,
    reference_path,
)
from sightline.inspection.verdict import Task


@dataclass(frozen=True)
class Asked:
    """An arm's question about one photo, in one draw of references and crops."""

    arm: Arm
    photo: GoldPhoto
    references: tuple[GoldPhoto, ...]
    cut: Cut | None
    look_for: tuple[str, ...]

    @classmethod
    def of(cls, arm: Arm, photo: GoldPhoto, draw: int, gold: InspectionGold, sizes: Sizes) -> Asked:
        """The question of an arm's `draw`-th draw."""
        seed = arm.seed + draw
        return cls(
            arm,
            photo,
            drawn_references(gold, photo, arm.references, seed),
            cut_of(gold, photo, arm.crop, seed, sizes),
            _look_for(arm, photo, gold),
        )

    def key(self, contestant: Contestant) -> str:
        """The hash of it."""
        parts = {
            "inspector": contestant.name,
            "identity": contestant.identity,
            "photo": self.photo.photo,
            "product": self.photo.product,
            "references": [reference.photo for reference in self.references],
            "disturbance": DISTURBANCE if self.photo.twin else "",
            "cut": None if self.cut is None else msgspec.to_builtins(self.cut.box),
            "look_for": self.look_for,
            "zoom": self.arm.zoom,
            "doubt": self.arm.doubt,
            "samples": self.arm.samples,
        }
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    def task(self, folder: Path, made: Path) -> Task:
        """It as an inspector takes it.

        Args:
            folder: that the gold file's names start from.
            made: where crops and disturbed twins are written.

        Raises:
            PhotoError: a photo can't be read.
            EvaluationError: a crop or a twin can't be written.
        """
        image = folder / self.photo.file
        references = [
            reference_path(self.photo, reference, folder, made) for reference in self.references
        ]
        if self.cut is not None:
            image = self.cut.save(image, made)
            if self.photo.twin:  # only a twin shows the same part at the same place
                references = [self.cut.save(path, made) for path in references]
        return Task(
            image=image,
            product=self.photo.product,
            look_for=self.look_for,
            references=tuple(references),
            zoom=self.arm.zoom,
            doubt=self.arm.doubt,
        )


def _look_for(arm: Arm, photo: GoldPhoto, gold: InspectionGold) -> tuple[str, ...]:
    """All defects of the product, whatever this piece has."""
    if not arm.look_for:
        return ()
    return tuple(gold.phrase(name) for name in gold.types_of_product[photo.product])
