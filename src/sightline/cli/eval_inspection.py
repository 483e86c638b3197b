"""`sightline eval LABELS`: inspectors against inspection labels; part of the command `eval`."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.evaluation.inspection.results import InspectionResults

_OFFLINE = ("reference", "words")
_REFERENCES = 12
_SHOWN = (
    "miss_error",
    "alarm_error",
    "balanced_error",
    "uncertain_defect",
    "image_auroc",
    "box_hit",
)


def evaluate_labels(
    labels: Path,
    images: Path | None,
    inspectors: Sequence[str],
    models: Sequence[str],
    experiments: Sequence[Path],
    out: Path,
    seed: int,
    output: str,
) -> None:
    """Try the inspectors, or the arms of experiment files, on the held-out half of the labels.

    Raises:
        UsageError: no folder of images, or more than one model.
        GoldError, InspectionError, ModelError, EvaluationError: as `evaluate_inspection`.
    """
    from sightline.cli.work_progress import stage_progress
    from sightline.evaluation.inspection.arms import Arm
    from sightline.evaluation.inspection.contestants import Opening
    from sightline.evaluation.inspection.experiments import (
        Experiment,
        read_experiment,
        run_experiment,
    )
    from sightline.evaluation.inspection.gold import read_inspection_gold

    if images is None:
        raise UsageError("Name the folder that the labels' file names start from: --images DIR.")
    if len(models) > 1:
        raise UsageError("Inspectors are measured with one --model at a time.")
    gold = read_inspection_gold(labels)
    asked = [(path.stem, read_experiment(path)) for path in experiments]
    if not asked:
        names = list(dict.fromkeys(inspectors)) or list(_OFFLINE)
        arms = tuple(Arm(name=n, inspector=n, references=_REFERENCES, seed=seed) for n in names)
        question = "How often is each inspector wrong, and does it know?"
        asked = [("", Experiment(title="Inspection", question=question, arms=arms))]
    with ExitStack() as opened, stage_progress() as on_progress:
        encoder = models[0] if models else None
        opening = Opening(opened, out / "answers", encoder=encoder)
        found = [
            (
                out / name,
                run_experiment(
                    experiment, gold, images, out / name, opening, on_progress=on_progress
                ),
            )
            for name, experiment in asked
        ]
    for folder, results in found:
        _print(results, folder, output)


def _print(results: "InspectionResults", folder: Path, output: str) -> None:
    from sightline.cli.output import write_text

    if output == "json":
        from msgspec.json import encode

        write_text(encode(results).decode() + "\n", sys.stdout)
        return
    from sightline.evaluation.inspection.tables import arm_rows

    rows = arm_rows(results, _SHOWN)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines += [f"{lacking.arm}: not run ({lacking.reason})" for lacking in results.not_run]
    report = folder / "report.html"
    write_text("\n".join([results.title, *lines, "", f"The report: {report}"]) + "\n", sys.stdout)
