"""What the reference inspector says in sentences: where, how odd, and what would help."""

from __future__ import annotations

from sightline.inspection.reference_photos import Reference
from sightline.inspection.reference_set import MOST_REFERENCES, ReferenceSet
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
    """What would help to decide."""
    count = len(references.members)
    if not references.compared:
        return (
            f"With {'one reference' if count == 1 else 'two references'} nobody can tell how "
            "faultless pieces differ, so the threshold is a guess from changed copies of it: give "
            f"at least three photos of faultless pieces, better {GOOD_NUMBER}."
        )
    if decision != "uncertain":
        return ""
    more = f"give {GOOD_NUMBER} references instead of {count}, or " if count < GOOD_NUMBER else ""
    return (
        f"The photo differs a little more than the references differ among themselves: {more}look "
        "at the marked places, or take the photo again as the references were taken."
    )


def advice_on_pixels(decision: Decision) -> str:
    """What would help where pixels were compared."""
    if decision != "uncertain":
        return ""
    return (
        "A difference from the reference is hardly larger than noise: take the photo again in the "
        "same light and place, or at a higher resolution."
    )


def left_out(references: ReferenceSet) -> str:
    """Which references were not used, and why."""
    said = []
    if references.dropped:
        said.append(
            "Left out because unlike all other references, perhaps defective: "
            f"{_names(references.dropped)}."
        )
    if references.blank:
        reasons = "; ".join(f"{one.path.name} {one.fault}" for one in references.blank)
        said.append(f"Left out because nothing can be seen: {reasons}.")
    if references.given > MOST_REFERENCES:
        said.append(
            f"Of {references.given} references {MOST_REFERENCES} were compared, evenly from the "
            "first to the last."
        )
    return " ".join(said)


def another_product() -> str:
    """What to do about a photo of something else."""
    return (
        "The photo doesn't look like the product of the references at all: check that both show "
        "the same product, or give references of this one."
    )


def itself() -> str:
    """What to do where a photo's only reference is that photo."""
    return (
        "The only reference is the photo itself, and beside itself everything is faultless: this "
        "says again what you said of it. Give photos of other pieces."
    )


def nothing_seen(fault: str) -> str:
    """What to do about a photo on which nothing can be seen."""
    return f"The photo {fault}: take it again, larger or in better light."


def faint() -> str:
    """What to do about a photo with hardly any light and shade."""
    return (
        "Hardly anything can be seen on the photo, which has less than a fifth of the contrast of "
        "the references: check lamp, lens and exposure, and take it again."
    )


def empty() -> str:
    """What to do about a photo of the background."""
    return (
        "There is only background where the references show the product: check that a piece lies "
        "there, and take the photo again."
    )


def all_over() -> str:
    """What to do where a photo and one or two references are two different pictures."""
    return (
        "The photo differs from what it is compared with nearly everywhere, and not in a place: "
        f"give photos of the same product taken in the same way, better {GOOD_NUMBER}."
    )


def not_telling(references: ReferenceSet) -> str:
    """Why references don't say what normal is, and what to do about it."""
    count, odd = len(references.members), len(references.strangers)
    if 0 < 2 * odd < count:
        which = f": most show something else than {_names(references.strangers)}"
    elif odd:
        which = ": they show several products"
    else:
        which = ": even something that they show nowhere would hardly stand out"
    return (
        f"The references differ too much from each other to say what normal is{which}. Give "
        "photos of one product that were taken in the same way and place, without anything else "
        "in the picture."
    )


def _names(references: tuple[Reference, ...]) -> str:
    return ", ".join(one.path.name for one in references)
