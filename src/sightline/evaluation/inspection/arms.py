"""An arm: one way to inspect, tried on every photo; and who does the inspecting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from sightline.errors import UsageError
from sightline.evaluation.inspection.probes import Prober
from sightline.inspection.verdict import Inspector, Zoom

Crop = Literal["none", "oracle", "random-matched"]


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to inspect.

    Attributes:
        name: what tables call it.
        inspector: the contestant's name.
        zoom, doubt: as in `Task`.
        look_for: name the product's defects to the inspector.
        references: faultless photos beside each tested one, at most; 0 is none.
        draws: random draws of those references, each a run of its own; the spread is reported.
        seed: of the first draw; the next ones count up from it.
        crop: `oracle` shows nothing but the surroundings of a gold box, and of normal photos a
            part of the same size at a random place; `random-matched` shows such a part of every
            photo. What an inspector gains from the first, it could not see before.
        samples: answers to each question, of which the majority counts.
    """

    name: str
    inspector: str
    zoom: Zoom = "none"
    doubt: bool = True
    look_for: bool = False
    references: int = 12
    draws: int = 1
    seed: int = 0
    crop: Crop = "none"
    samples: int = 1

    def __post_init__(self) -> None:
        """Refuse what can mean nothing.

        Raises:
            UsageError: no name, a negative count, or no draw or sample at all.
        """
        if not self.name.strip() or not self.inspector.strip():
            raise UsageError("An arm needs a name and an inspector.")
        if self.references < 0 or self.draws < 1 or self.samples < 1:
            raise UsageError(
                f"{self.name}: references start at 0, draws and samples at 1, not "
                f"{self.references}, {self.draws} and {self.samples}."
            )


@dataclass(frozen=True)
class Contestant:
    """An inspector under the name that arms call it by.

    Attributes:
        opened: the inspector that is asked so many times for one verdict; the same one for every
            number where it would only repeat itself.
        prober: answers yes/no questions, where it can.
        identity: whatever else decides its answers, such as model id and version of the code: an
            answer in the cache counts only for the same identity.
    """

    name: str
    opened: Callable[[int], Inspector]
    identity: str = ""
    prober: Prober | None = None

    @classmethod
    def of(cls, inspector: Inspector, identity: str = "") -> Contestant:
        """An inspector under its own name."""
        return cls(inspector.name, lambda samples: inspector, identity)
