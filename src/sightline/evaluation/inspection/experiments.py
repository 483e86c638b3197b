"""Experiments of inspection: each a file that names its arms, run on one side of the gold file.

    python -m sightline.evaluation.inspection.experiments --images ../shared/data/inspection

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

import argparse
import sys
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

from sightline.errors import SightlineError, UsageError
from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.contestants import Opening, vlm_or_lacking
from sightline.evaluation.inspection.gold import InspectionGold, Split, read_inspection_gold
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every experiment file named, or all of experiments/inspection."""
    given = _parser().parse_args(arguments)
    files = given.files or sorted(Path("experiments/inspection").glob("*.toml"))
    try:
        experiments = {path.stem: read_experiment(path) for path in files}
        if not experiments:
            raise UsageError("There is no experiment; name a file, or start from the project.")
        gold = read_inspection_gold(given.gold)
        with ExitStack() as opened:
            answers = given.answers or given.out / "answers"
            vlm = vlm_or_lacking(answers=answers, replay=given.replay)
            opening = Opening(opened, vlm, given.model)
            for name, experiment in experiments.items():
                out = given.out / name
                print(f"{experiment.title}: {experiment.question}", file=sys.stderr)  # noqa: T201
                run_experiment(experiment, gold, given.images, out, opening, on_progress=_progress)
                print(out / "report.html")  # noqa: T201
    except SightlineError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2 if isinstance(error, UsageError) else 3
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Run experiments of inspection.")
    parser.add_argument("files", nargs="*", type=Path, help="experiment files; all by default")
    parser.add_argument("--gold", type=Path, default=Path("inspection_labels.json"))
    parser.add_argument("--images", type=Path, required=True, help="folder of the gold photos")
    parser.add_argument("--out", type=Path, default=Path("build/inspection-experiments"))
    parser.add_argument("--answers", type=Path, help="where a model's answers are kept")
    parser.add_argument("--replay", action="store_true", help="use the answers kept there alone")
    parser.add_argument("--model", help="encoder of the offline inspectors")
    return parser


def _progress(arm: str, done: int, total: int) -> None:
    if done == total:
        print(f"  {arm}: {total}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
