"""Yes/no questions for defects that are there, that could be, and that can't: who says yes to all?

The polling of POPE (Li et al. 2023, arXiv:2305.10355): a model that has learnt how defects are
spoken of says yes to a plausible one that isn't there. *Plausible* are defects of other pieces of
the same product, *absent* those of other products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np

from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.photos.read import hash_of

Kind = Literal["present", "plausible", "absent"]
Reply = Literal["yes", "no", "unclear"]
KINDS: tuple[Kind, ...] = ("present", "plausible", "absent")


class Said(Protocol):
    """What was answered; `unclear` where it is neither yes nor no, or there is no answer."""

    @property
    def answer(self) -> Reply:
        """Yes, no or unclear."""


class Prober(Protocol):
    """Answers questions about a photo with yes or no."""

    def probe(self, image: Path, question: str, product: str = "") -> Said:
        """Look at the photo of this product and answer.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: nobody can be asked.
        """


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One question about one photo. The right answer is yes where the defect is present."""

    photo: str
    kind: Kind
    defect_type: str
    question: str

    @property
    def right(self) -> Reply:
        """The right answer."""
        return "yes" if self.kind == "present" else "no"


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """A question and what was answered."""

    probe: Probe
    reply: Reply

    @property
    def correct(self) -> bool:
        """Whether the answer is right; an unclear one never is."""
        return self.reply == self.probe.right


def probes_for(
    gold: InspectionGold, photos: Iterable[GoldPhoto], seed: int = 0
) -> tuple[Probe, ...]:
    """One question of each kind for every labelled photo that allows it.

    Types that share a word with a defect of the photo are never asked as plausible or absent: who
    says "broken" of a crack isn't wrong.
    """
    labelled = {photo.id for photo in gold.images}
    found = []
    for photo in photos:
        if photo.id not in labelled or photo.verdict == "uncertain":
            continue
        rng = np.random.default_rng(int(hash_of(f"{seed}/{photo.id}".encode())[:16], 16))
        for kind in KINDS:
            types = _types(gold, photo, kind)
            if types:
                asked = types[int(rng.integers(len(types)))]
                found.append(
                    Probe(
                        photo=photo.id,
                        kind=kind,
                        defect_type=asked,
                        question=f"Is this defect visible on it: {gold.phrase(asked)}?",
                    )
                )
    return tuple(found)


def yes_ratio(probed: Sequence[Probed]) -> float | None:
    """Share of questions answered yes; None without questions."""
    return sum(one.reply == "yes" for one in probed) / len(probed) if probed else None


def expected_yes_ratio(probed: Sequence[Probed]) -> float | None:
    """Share of questions to which yes is right; None without questions."""
    return sum(one.probe.right == "yes" for one in probed) / len(probed) if probed else None


def _types(gold: InspectionGold, photo: GoldPhoto, kind: Kind) -> list[str]:
    if kind == "present":
        return sorted(photo.defect_types)
    own = set(gold.types_of_product[photo.product])
    others = own if kind == "plausible" else set(gold.synonyms) - own
    barred = [*photo.defect_types, *(own if kind == "absent" else ())]
    words = {word for name in barred for word in (name, *gold.synonyms[name])}
    return sorted(t for t in others if not words & {t, *gold.synonyms[t]})
