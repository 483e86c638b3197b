"""A photo and what is asked of it → the questions that a model is given."""

from __future__ import annotations

from dataclasses import dataclass, field

from sightline.inspection.pixels import Limit, Photo, Picture, Role, picture
from sightline.inspection.prompts import Wording, compose
from sightline.inspection.verdict import Box, Task
from sightline.inspection.vlm.answers import Answer, Decided, Presence, Report, Where, schema_of
from sightline.inspection.vlm.boxes import convention
from sightline.inspection.vlm.question import Question, Shown
from sightline.inspection.vlm.settings import VlmSettings

MOST_REFERENCES = 4
"""Faultless pieces that are shown beside a photo; each costs as much as the photo itself."""

_NO_PRODUCT = "one object"
# The part goes out at full detail, so the whole beside it only has to say where it belongs.
_CONTEXT_PIXELS = 262_144
_PIECE, _WHOLE, _PART = "the piece", "the whole", "the part"


@dataclass(frozen=True)
class Questions:
    """All questions that one photo may need.

    Attributes:
        settings: of the model that is asked.
        task: what is asked of the photo.
        photo: the photo itself.
        references: faultless pieces, at most `MOST_REFERENCES`.
    """

    settings: VlmSettings
    task: Task
    photo: Photo
    references: tuple[Photo, ...] = field(default=())

    @property
    def report(self) -> type[Report]:
        """The form of an answer about the piece."""
        return Report if self.task.doubt else Decided

    def whole(self) -> Question:
        """Is the piece defective? With the faultless pieces, if there are any."""
        piece = self._picture(self.photo.whole, "photo")
        shown = [Shown(f'Picture "{_PIECE}":', piece)]
        for number, reference in enumerate(self.references, 1):
            like_it = picture(reference, reference.whole, self._limit, "reference")
            shown.append(Shown(f'Picture "faultless {number}":', like_it))
        extra = ("reference",) if self.references else ()
        return self._asked(self._report_wording(piece, _PIECE, *extra), shown, self.report)

    def part(self, box: Box) -> Question:
        """Is this part of the piece defective? With the whole as context."""
        part = self._picture(box, "tile")
        shown = [self._context(), Shown(f'Picture "{_PART}":', part)]
        return self._asked(self._report_wording(part, _PART, "tile"), shown, self.report)

    def where(self) -> Question:
        """Which parts to look at more closely?"""
        piece = self._picture(self.photo.whole, "photo")
        names = ", ".join(self.task.look_for)
        wording = compose(
            "where",
            product=self._product,
            regions=str(self.settings.regions),
            looking=f" (in particular: {names})" if names else "",
            picture=f'"{_PIECE}"',
            convention=convention(self.settings.model_family, piece.sent),
        )
        return self._asked(wording, [Shown(f'Picture "{_PIECE}":', piece)], Where)

    def confirm(self, box: Box, type_: str) -> Question:
        """Is that defect really there?"""
        crop = self._picture(box, "crop")
        wording = compose("confirm", product=self._product, type=type_)
        return self._asked(wording, [Shown(f'Picture "{_PART}":', crop)], Presence)

    def probe(self, question: str) -> Question:
        """A question that yes or no answers."""
        piece = self._picture(self.photo.whole, "photo")
        wording = compose("probe", product=self._product, question=question)
        return self._asked(wording, [Shown(f'Picture "{_PIECE}":', piece)], Presence)

    @property
    def fits(self) -> bool:
        """Whether the whole photo is sent as it is, no pixel scaled away."""
        image = self.photo.image
        size = self._limit.size(image.width, image.height)
        return size[0] >= image.width and size[1] >= image.height

    @property
    def _limit(self) -> Limit:
        return self.settings.limit

    @property
    def _product(self) -> str:
        return self.task.product.strip() or _NO_PRODUCT

    def _report_wording(self, piece: Picture, name: str, *extra: str) -> Wording:
        named = ["defects"] if self.task.look_for else ["plain"]
        if self.settings.variation.strip():
            named.append("variation")
        doubt = self.task.doubt
        return compose(
            *named,
            *extra,
            "doubt" if doubt else "decide",
            "answer",
            product=self._product,
            look_for=", ".join(self.task.look_for),
            variation=self.settings.variation.strip().rstrip("."),
            verdicts='"defect", "normal" or "uncertain"' if doubt else '"defect" or "normal"',
            picture=f'"{name}"',
            convention=convention(self.settings.model_family, piece.sent),
        )

    def _context(self) -> Shown:
        limit = self._limit.smaller(_CONTEXT_PIXELS)
        return Shown(f'Picture "{_WHOLE}":', picture(self.photo, self.photo.whole, limit, "photo"))

    def _picture(self, box: Box, role: Role) -> Picture:
        return picture(self.photo, box, self._limit, role)

    @staticmethod
    def _asked(wording: Wording, shown: list[Shown], form: type[Answer]) -> Question:
        return Question(wording, tuple(shown), form.__name__.lower(), schema_of(form))
