"""What the reference inspector says in sentences: where, how odd, and what would help."""

from __future__ import annotations

from sightline.inspection.reference_set import ReferenceSet
from sightline.inspection.verdict import Box, Decision

GOOD_NUMBER = 12
"""References from which the figures in the documentation hold."""


_PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)


def place_of(box: Box, whole: Box) -> str:
    """Where in the photo a box lies: `upper left`, `middle`."""
    x, y = box.centre
    across = min(2, int(3 * x / max(1.0, whole.width)))
    down = min(2, int(3 * y / max(1.0, whole.height)))
    return _PLACES[down][across]


def pixel_difference(box: Box, whole: Box, excess: float) -> str:
    """A difference from a reference that otherwise agrees pixel by pixel."""
    return (
        f"At the {place_of(box, whole)} of the photo, {round(box.width)} × {round(box.height)} "
        f"pixels differ from the reference, {excess:.1f} times as much as noise and edges explain."
    )


def oddity(box: Box, whole: Box, peak: float, references: ReferenceSet) -> str:
    """A place that looks like nothing in the references."""
    count = len(references.members)
    beyond = (
        f"{peak:.1f} standard deviations beyond what differs among them"
        if references.compared
        else "more than a small turn or another light explains"
    )
    many = f"any of the {count} references" if count > 1 else "the one reference"
    return f"The {place_of(box, whole)} of the photo has something unlike {many}: {beyond}."


def advice(decision: Decision, references: ReferenceSet) -> str:
    """What would help to decide, and what had to be left out."""
    count = len(references.members)
    said = []
    if not references.compared:
        said.append(
            f"With {'one reference' if count == 1 else 'two references'} nobody can tell how "
            "faultless pieces differ, so the threshold is a guess from changed copies of it: give "
            f"at least three photos of faultless pieces, better {GOOD_NUMBER}."
        )
    elif decision == "uncertain":
        said.append(
            "The photo differs a little more than the references differ among themselves: "
            + (
                f"give {GOOD_NUMBER} references instead of {count}, or "
                if count < GOOD_NUMBER
                else ""
            )
            + "look at the marked places, or take the photo again as the references were taken."
        )
    if references.dropped:
        names = ", ".join(one.path.name for one in references.dropped)
        said.append(f"Left out because unlike all other references, perhaps defective: {names}.")
    return " ".join(said)


def advice_on_pixels(decision: Decision) -> str:
    """What would help where pixels were compared."""
    if decision != "uncertain":
        return ""
    return (
        "A difference from the reference is hardly larger than noise: take the photo again in the "
        "same light and place, or at a higher resolution."
    )


def another_product() -> str:
    """What to do about a photo of something else."""
    return (
        "The photo doesn't look like the product of the references at all: check that both show "
        "the same product, or give references of this one."
    )
