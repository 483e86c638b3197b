"""The rows of every table, as words: both reports print these."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.evaluation.inspection.labels import LABELS
from sightline.evaluation.inspection.results import ArmResult, InspectionResults, Measured
from sightline.evaluation.intervals import Figure

DECISIONS = (
    "miss_person",
    "alarm_person",
    "balanced_person",
    "miss_error",
    "alarm_error",
    "balanced_error",
    "uncertain_defect",
    "uncertain_normal",
    "uncertain_right",
    "failure",
)
TRUST = ("image_auroc", "image_auroc_confidence", "aurc", "confidence_auroc", "ece", "brier")
GROUNDING = (
    "box_hit",
    "box_precision",
    "box_recall",
    "iou",
    "wrong_reason",
    "no_reason",
    "hallucinated_normal",
    "hallucinated_defect",
    "misnamed_defect",
    "nothing_defect",
)
_OF_SLICES = ("miss_error", "alarm_error", "balanced_error", "image_auroc", "box_hit")

Row = list[str]


def arm_rows(results: InspectionResults, names: Sequence[str]) -> list[Row]:
    """A heading, and a row for each arm; measures that no arm has are left out."""
    shown = [
        name for name in names if any(arm.measures[name].figure is not None for arm in results.arms)
    ]
    rows = [["arm", *(LABELS[name].name for name in shown)]]
    for arm in results.arms:
        mark = " (baseline)" if arm.arm.baseline else ""
        rows.append([arm.arm.name + mark, *(cell(arm.measures[name]) for name in shown)])
    return rows


def slice_rows(arm: ArmResult) -> list[Row]:
    """A heading, and a row for each slice of an arm, the worst of each kind first."""
    rows = [["slice", "defects", "normals", *(LABELS[name].name for name in _OF_SLICES)]]
    kinds = list(dict.fromkeys(one.kind for one in arm.slices))
    ordered = sorted(arm.slices, key=lambda one: (kinds.index(one.kind), -_badness(one.measures)))
    for one in ordered:
        name = one.name if one.kind == "all" else f"{one.kind}: {one.name}"
        figures = [cell(one.measures[name]) if name in one.measures else "–" for name in _OF_SLICES]
        rows.append([name, str(one.defects), str(one.normals), *figures])
    return rows


def probe_rows(results: InspectionResults) -> list[Row]:
    """A heading, and a row for each arm and kind of question."""
    rows = [
        ["arm", "defect asked for", "questions", "answered rightly", "said yes", "yes is right"]
    ]
    for arm in results.arms:
        rows += [
            [
                arm.arm.name,
                one.kind,
                str(one.questions),
                number(one.correct),
                number(one.yes),
                f"{one.expected_yes:.2f}",
            ]
            for one in arm.probes
        ]
    return rows


def headline(results: InspectionResults) -> list[str]:
    """A sentence an arm: its misses, its false alarms, and how often it was right by luck."""
    return [_sentence(arm) for arm in results.arms]


def _sentence(arm: ArmResult) -> str:
    found = arm.measures
    luck = arm.standings.get("wrong reason", 0) + arm.standings.get("no reason", 0)
    verdicts = "verdict" if luck == 1 else "verdicts"
    tail = f" {luck} right {verdicts} had a wrong reason or none." if luck else ""
    return (
        f"{arm.arm.name}: misses {_share(found['miss_error'])} of the defects and stops "
        f"{_share(found['alarm_error'])} of the normal pieces, with uncertain as an error; "
        f"balanced accuracy {_value(found['balanced_error'])}.{tail}"
    )


def cell(measured: Measured) -> str:
    """A figure with its interval; and its range over the draws of references."""
    if measured.figure is None:
        return "–"
    known = [value for value in measured.draws if value is not None]
    spread = f", draws {min(known):.2f}–{max(known):.2f}" if len(known) > 1 else ""
    return number(measured.figure) + spread


def number(figure: Figure) -> str:
    """Value, interval, and how many it rests on."""
    if figure.low == figure.high:  # of a constant answer, whatever the photos
        return f"{figure.value:.2f} [exactly] n={figure.n}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}] n={figure.n}"


def _badness(measures: dict[str, Measured]) -> float:
    found = [
        measured.figure.value
        for name in ("miss_error", "alarm_error")
        if (measured := measures[name]).figure is not None
    ]
    return sum(found) / len(found) if found else 0.0


def _share(measured: Measured) -> str:
    return "–" if measured.figure is None else f"{measured.figure.value:.0%}"


def _value(measured: Measured) -> str:
    return "–" if measured.figure is None else f"{measured.figure.value:.2f}"
