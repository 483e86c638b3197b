"""Measure, compare, explain, report: all that `sightline eval GOLD` does, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sightline.evaluation.inputs import EvalOptions
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.report_html import write_html
from sightline.evaluation.report_text import write_markdown
from sightline.evaluation.results import Results
from sightline.evaluation.run import evaluate


def evaluate_and_report(
    gold_file: Path,
    out: Path,
    options: EvalOptions,
    on_progress: OnProgress,
    on_warning: Callable[[str], None],
) -> Results:
    """Run, and write `results.json`, `report.md` and `report.html` into `out`.

    Raises:
        What `evaluate` raises.
    """
    results, paths = evaluate(gold_file, out, options, on_progress, on_warning)
    write_markdown(results, out / "report.md")
    write_html(results, paths, out / "report.html")
    return results
