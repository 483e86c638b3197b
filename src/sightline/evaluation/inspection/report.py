"""The report in words: `report.md`, and the sentences that `report.html` begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sightline.evaluation.gold import write_whole
from sightline.evaluation.inspection.labels import LABELS
from sightline.evaluation.inspection.report_html import write_html
from sightline.evaluation.inspection.results import InspectionResults
from sightline.evaluation.inspection.tables import (
    DECISIONS,
    GROUNDING,
    TRUST,
    arm_rows,
    headline,
    probe_rows,
    slice_rows,
)

Rows = Sequence[Sequence[str]]


def write_reports(results: InspectionResults, images: Path, out: Path) -> None:
    """Write `report.md` and `report.html` into a run folder.

    Args:
        images: folder that the gold file's names start from, for the thumbnails.

    Raises:
        EvaluationError: they can't be written.
    """
    write_whole(out / "report.md", ("\n".join(_markdown(results)) + "\n").encode())
    write_html(results, images, out / "report.html")


def _markdown(results: InspectionResults) -> Iterator[str]:
    run = results.run
    yield f"# {results.title}"
    yield ""
    yield (
        f"{run.photos} photos of {run.gold_name}, side “{run.split}”"
        f"{', further photos counted in' if run.more else ''}. Intervals are 95 %: Wilson's for "
        "shares, a bootstrap over pieces for the rest."
    )
    yield ""
    yield from (f"- {sentence}" for sentence in headline(results))
    if results.not_run:
        yield ""
        yield from (f"- {one.arm}: not run: {one.reason}." for one in results.not_run)
    for title, names in (("Decisions", DECISIONS), ("Confidence", TRUST), ("Grounding", GROUNDING)):
        yield from ("", f"## {title}", "")
        yield from _table(arm_rows(results, names))
    probes = probe_rows(results)
    if len(probes) > 1:
        yield from ("", "## Yes/no questions", "")
        yield from _table(probes)
    for arm in results.arms:
        if not arm.arm.baseline or len(results.arms) <= 4:
            yield from ("", f"## Slices: {arm.arm.name}", "")
            yield from _table(slice_rows(arm))
    if results.comparisons:
        yield from ("", "## Between arms", "")
        yield from (
            f"- {one.sentence} (p = {one.p:.3f}, {one.p_corrected:.3f} allowing for all; "
            f"{one.only_a} against {one.only_b} of {one.photos})"
            for one in results.comparisons
        )
    yield from ("", "## What the numbers mean", "")
    yield from (
        f"- {label.name}: {label.means}; {_better(label.better)}" for label in LABELS.values()
    )
    yield from ("", f"sightline {run.version}, code {run.code}; {run.python}; {run.machine}.")


def _better(way: str) -> str:
    return "" if way == "neither" else f"{way} is better"


def _table(rows: Rows) -> Iterator[str]:
    head, *body = rows
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from (_line(row) for row in body)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
