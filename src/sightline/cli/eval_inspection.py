"""`sightline eval LABELS`: inspectors against inspection labels; part of the command `eval`."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.cli.inspect_vlm import require_agreement, require_no_vlm, vlm_fields
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.evaluation.inspection.results import InspectionResults
    from sightline.inspection.vlm.settings import VlmSettings

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
    asked_of_vlm: Mapping[str, Any],
) -> None:
    """Try the inspectors, or the arms of experiment files, on the held-out half of the labels.

    Args:
        asked_of_vlm: the options of a vision-language model, by their parameters' names.

    Raises:
        UsageError: no folder of images, more than one model, inspectors beside experiments, or no
            vision-language model to ask where one is to be measured.
        GoldError, InspectionError, ModelError, EvaluationError: as `evaluate_inspection`.
    """
    from sightline.cli.work_progress import stage_progress
    from sightline.evaluation.inspection.arms import Arm
    from sightline.evaluation.inspection.contestants import Opening, asks_vlm
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
    if inspectors and experiments:
        raise UsageError("An --experiment names its inspectors itself: leave --inspector out.")
    gold = read_inspection_gold(labels)
    asked = [(path.stem, read_experiment(path)) for path in experiments]
    if not asked:
        names = list(dict.fromkeys(inspectors)) or list(_OFFLINE)
        arms = tuple(Arm(name=n, inspector=n, references=_REFERENCES, seed=seed) for n in names)
        question = "How often is each inspector wrong, and does it know?"
        asked = [("", Experiment(title="Inspection", question=question, arms=arms))]
    vlm: VlmSettings | str = "no arm asks it"
    if any(asks_vlm(arm.inspector) for _, one in asked for arm in one.arms):
        answers = asked_of_vlm["answers"] or out / "answers"
        vlm = _vlm(**{**asked_of_vlm, "answers": answers})
        if isinstance(vlm, str) and not experiments:
            raise UsageError(f"The inspector vlm can't be measured: {vlm}.")
    else:
        require_no_vlm(**asked_of_vlm)
    with ExitStack() as opened, stage_progress() as on_progress:
        opening = Opening(opened, vlm, encoder=models[0] if models else None)
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


def _vlm(*, send_photos: bool, **options: Any) -> "VlmSettings | str":
    """How the model is asked, with a yes to photos leaving the machine; or what is lacking.

    Raises:
        UsageError: an option can mean nothing, or nobody said yes.
    """
    from sightline.evaluation.inspection.contestants import vlm_or_lacking

    settings = vlm_or_lacking(**vlm_fields(**options))
    if not isinstance(settings, str):
        require_agreement(settings, send_photos)
    return settings


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
