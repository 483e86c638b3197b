"""Experiments of inspection: each a file that names its arms, run on one side of the gold file.

    sightline eval inspection_labels.json --images ../shared/data/inspection \\
        --experiment experiments/inspection/2-zoom.toml

An experiment file::

    title = "With and without a reference"
    question = "How much do faultless pieces beside the tested one help?"

    [[arms]]
    name = "reference, 12"
    inspector = "reference"
    references = 12
    draws = 5

Runs with no key: the offline inspectors give real figures, the others are tried where an endpoint
is named, replayed from the answers that somebody kept, and else reported as not run.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import msgspec

from sightline.errors import UsageError
from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.contestants import Opening
from sightline.evaluation.inspection.gold import InspectionGold, Split
from sightline.evaluation.inspection.report import write_reports
from sightline.evaluation.inspection.results import InspectionResults, NotRun
from sightline.evaluation.inspection.run import OnProgress, RunOptions, evaluate_inspection


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is compared, and what for."""

    title: str
    question: str
    arms: tuple[Arm, ...]
    split: Split = "report"
    more: bool = False


def read_experiment(path: Path) -> Experiment:
    """Read an experiment file.

    Raises:
        UsageError: unreadable, not of this form, or an arm that can mean nothing.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(found, Experiment)
    except OSError as error:
        raise UsageError(f"Can't read the experiment {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path} is no experiment: {error}.") from None


def run_experiment(
    experiment: Experiment,
    gold: InspectionGold,
    images: Path,
    out: Path,
    opening: Opening,
    options: RunOptions | None = None,
    on_progress: OnProgress = lambda arm, done, total: None,
) -> InspectionResults:
    """Try the arms that can be tried here, and write results and reports into `out`.

    Raises:
        GoldError, UsageError, InspectionError, ModelError, EvaluationError: as
            `evaluate_inspection`.
    """
    contestants: dict[str, Contestant] = {}
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(arm.inspector for arm in experiment.arms):
        found = opening.contestant(name)
        if isinstance(found, str):
            reasons[name] = found
        else:
            contestants[name] = found
    options = replace(
        options or RunOptions(),
        split=experiment.split,
        more=experiment.more,
        title=experiment.title,
        not_run=tuple(
            NotRun(arm=arm.name, reason=reasons[arm.inspector])
            for arm in experiment.arms
            if arm.inspector in reasons
        ),
    )
    results = evaluate_inspection(
        gold,
        images,
        tuple(contestants.values()),
        [arm for arm in experiment.arms if arm.inspector in contestants],
        out,
        options,
        on_progress,
    )
    write_reports(results, images, out)
    return results
