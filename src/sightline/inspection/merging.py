"""Findings of several looks at one photo → each thing once.

Tiles overlap, inspectors agree: the same scratch comes back two or three times. Two findings are
one if they are of one type and their boxes either overlap by half (IoU) or one lies mostly inside
the other (intersection over the smaller area: the end of a defect that a tile's border cut off).
A defect that reaches far into two tiles stays two findings, that overlap.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sightline.inspection.verdict import Box, Finding

SAME_PLACE = 0.5
"""IoU from which two boxes are one place."""
INSIDE = 0.7
"""Share of the smaller box inside the larger, from which they are one place."""


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each thing once, the surest first; the order in which they come doesn't matter.

    A merged finding has the surest one's words and score, and a box that holds all boxes.
    """
    merged = sorted(findings, key=_surest_first)
    while True:
        once = _merge_once(merged)
        if len(once) == len(merged):
            return tuple(once)
        merged = sorted(once, key=_surest_first)  # a grown box may now meet another


def same_thing(one: Finding, other: Finding) -> bool:
    """Whether two findings are one: of one type, in one place (or both of no place)."""
    if one.type.strip().casefold() != other.type.strip().casefold():
        return False
    if one.box is None or other.box is None:
        return one.box is None and other.box is None
    return same_place(one.box, other.box)


def same_place(one: Box, other: Box) -> bool:
    """Whether two boxes show one place."""
    smaller = min(one.area, other.area)
    if smaller <= 0:
        return one == other
    return one.iou(other) >= SAME_PLACE or one.intersection(other).area / smaller >= INSIDE


def around(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _merge_once(findings: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for finding in findings:
        at = next((at for at, other in enumerate(kept) if same_thing(other, finding)), None)
        if at is None:
            kept.append(finding)
            continue
        box = kept[at].box
        if box is not None and finding.box is not None:
            kept[at] = msgspec.structs.replace(kept[at], box=around(box, finding.box))
    return kept


def _surest_first(finding: Finding) -> tuple[float, str, tuple[float, ...], str]:
    """A total order, so that the result can't depend on the order of arrival."""
    box = finding.box
    edges = (box.left, box.top, box.right, box.bottom) if box else ()
    score = float("-inf") if finding.score is None else finding.score
    return -score, finding.type, edges, finding.sentence
