"""What an inspector is asked and what it answers: plain values, the same for every inspector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

Decision = Literal["defect", "normal", "uncertain"]
Zoom = Literal["none", "tiles", "adaptive"]
Share = Annotated[float, Meta(ge=0, le=1)]


class Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rectangle in pixels of the upright photo at full size; right and bottom are exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across; 0 or less is an empty box."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down; 0 or less is an empty box."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Square pixels; 0 for an empty box."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def contains(self, point: tuple[float, float]) -> bool:
        """Whether a point (x, y) lies inside."""
        x, y = point
        return self.left <= x < self.right and self.top <= y < self.bottom

    def intersection(self, other: Box) -> Box:
        """What both cover; empty (no area) where they don't meet."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def iou(self, other: Box) -> float:
        """Intersection over union (Jaccard), 0 to 1."""
        shared = self.intersection(other).area
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is wrong, and where.

    `score` is the inspector's own, comparable between the findings of one inspector only.
    `raw_box` is what a language model gave, before it was turned into pixels.
    """

    type: str
    sentence: str
    box: Box | None = None
    score: float | None = None
    raw_box: tuple[float, ...] | None = None


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One picture that was actually looked at: which part of the photo, at what size in pixels."""

    crop: Box
    width: int
    height: int
    role: Literal["photo", "tile", "crop", "reference"] = "photo"


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an answer cost, where the server says so. `dollars` only where prices were given."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    dollars: float | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an inspector says of one photo, and how sure one may be.

    Attributes:
        confidence: chance that `decision` is right, 0 to 1; for `uncertain`, that of the likelier
            of the other two.
        score: the higher, the more likely a defect; orders photos of one product. None where an
            inspector has none.
        would_help: what would help to decide; empty where nothing is in doubt.
        sent: what was actually looked at.
        model: the model id, or what the server says that it ran.
        failure: why there is no usable answer (a *parse failure*, a refusal). Such a verdict is
            `uncertain` and counts as a failure in every figure.
        members: what each inspector of a panel said.
    """

    decision: Decision
    confidence: Share
    findings: tuple[Finding, ...] = ()
    score: float | None = None
    would_help: str = ""
    sent: tuple[Sent, ...] = ()
    inspector: str
    model: str = ""
    prompt: str = ""
    seconds: float = 0.0
    usage: Usage = Usage()
    cached: bool = False
    failure: str = ""
    members: tuple[Verdict, ...] = ()


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One photo and what is asked of it.

    Attributes:
        product: what the photo shows, in words; empty if unknown.
        look_for: defects to look for, in words.
        references: photos of faultless pieces of the same product.
        doubt: whether "uncertain" is an allowed answer.
    """

    image: Path
    product: str = ""
    look_for: tuple[str, ...] = ()
    references: tuple[Path, ...] = ()
    zoom: Zoom = "none"
    doubt: bool = True


class Inspector(Protocol):
    """Looks at one photo. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What `--inspector` calls it."""

    def inspect(self, task: Task) -> Verdict:
        """Say what is wrong in the photo, where, and how sure one may be.

        Raises:
            PhotoError: the photo can't be used.
            InspectionError: this inspector can't work as asked; the message names the next step.
        """
