"""Questions put to a gold file: each a small TOML file, each answered in the report by a sentence.

Four kinds:

* `rankers`: pairs of rankers compared on the same queries, and what the gain costs in time;
* `wordings`: the short query of each need against the descriptive one;
* `pairs`: minimal pairs in generated scenes, each family against chance;
* `alterations`: the same queries over photos that are turned, blurred, dark…
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sightline.encoders import load_encoder
from sightline.errors import GoldError, PhotoError, UnknownModel
from sightline.evaluation.altered import altered_results
from sightline.evaluation.comparison import SIGNIFICANT, compare
from sightline.evaluation.paired import compare_pairs
from sightline.evaluation.pairs import evaluate_pairs, pairs_rows
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.build import Workshop
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.results import HEADLINE, ExperimentResult, QueryResult, RankerResult
from sightline.evaluation.scenes.folder import PAIRS, write_scenes
from sightline.evaluation.scenes.rows import IMAGES

_METRICS = (HEADLINE, "hit@1", "ndcg@10", "map")


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question.

    Attributes:
        models, rankers: what must be in the run for it.
        compare: pairs of names, the one that is hoped to be better first.
        pairs: minimal pairs to generate for each family.
        needs: what to do where a model isn't there: a command, in words.
    """

    title: str
    question: str
    kind: Literal["rankers", "wordings", "pairs", "alterations"]
    models: tuple[str, ...] = ()
    rankers: tuple[str, ...] = ()
    compare: tuple[tuple[str, str], ...] = ()
    pairs: Annotated[int, Meta(ge=10, le=10_000)] = 200
    needs: str = ""

    @property
    def missing_model(self) -> str | None:
        """The first model that can't be loaded; None where all are there."""
        for model in self.models:
            try:
                load_encoder(model)
            except UnknownModel:
                return model
        return None


@dataclass(frozen=True)
class Bench:
    """What experiments are made on: one run."""

    workshop: Workshop
    rankers: Sequence[RankerResult]
    folder: Path
    seed: int
    on_progress: OnProgress


def read_experiment(path: Path) -> Experiment:
    """Read and check one.

    Raises:
        GoldError: unreadable, or not understood.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Experiment)
    except OSError as error:
        raise GoldError(f"Can't read the experiment {path}: {error.strerror}.") from None
    except ValueError as error:  # of TOML, of UTF-8, and of what msgspec expects
        raise GoldError(
            f"{path} is no experiment that this version understands: {error}."
        ) from None


def run_experiment(experiment: Experiment, bench: Bench) -> ExperimentResult:
    """Answer one question; where a model is missing, say so."""
    absent = experiment.missing_model
    if absent is not None:
        advice = f" {experiment.needs}" if experiment.needs else ""
        return _empty(experiment, f"the model {absent} isn't there.{advice}")
    kinds: dict[str, Callable[[Experiment, Bench], ExperimentResult]] = {
        "rankers": _rankers,
        "wordings": _wordings,
        "pairs": _pairs,
        "alterations": _alterations,
    }
    return kinds[experiment.kind](experiment, bench)


def _rankers(experiment: Experiment, bench: Bench) -> ExperimentResult:
    by_name = {ranker.name: ranker for ranker in bench.rankers}
    named = list(dict.fromkeys(name for pair in experiment.compare for name in pair))
    lacking = [name for name in named if name not in by_name]
    if lacking:
        return _empty(experiment, f"{lacking[0]} isn't among the rankers of this run.")
    chosen = [by_name[name] for name in named]
    found = compare_pairs(
        [(a, by_name[a].queries, b, by_name[b].queries) for a, b in experiment.compare], bench.seed
    )
    sentences = []
    for one in found:
        if one.metric != HEADLINE:
            continue
        extra = 1e3 * (_median(by_name[one.a]) - _median(by_name[one.b]))
        price = f"{abs(extra):,.1f} ms {'more' if extra > 0 else 'less'} a query"
        gain = _gain_per_ms(one.difference.value, extra)
        sentences.append(f"{one.sentence} {one.a} takes {price}{gain}.")
    return ExperimentResult(
        title=experiment.title,
        question=experiment.question,
        conclusion=" ".join(sentences),
        head=("ranker", *_METRICS, "ms a query, median"),
        rows=tuple(
            (
                ranker.name,
                *(str(ranker.figures[m]) if m in ranker.figures else "–" for m in _METRICS),
                f"{_median(ranker) * 1e3:,.1f}",
            )
            for ranker in chosen
        ),
    )


def _wordings(experiment: Experiment, bench: Bench) -> ExperimentResult:
    rows, sentences = [], []
    for ranker in bench.rankers:
        if experiment.rankers and ranker.name not in experiment.rankers:
            continue
        pairs = _by_wording(ranker.queries)
        if not pairs:
            return _empty(
                experiment, "no need of the gold file has a short and a descriptive query."
            )
        for metric in _METRICS:
            one = compare(
                metric,
                "descriptive",
                "short",
                [long.metrics.get(metric) for _, long in pairs],
                [short.metrics.get(metric) for short, _ in pairs],
                [short.need for short, _ in pairs],
                seed=bench.seed,
            )
            if one is None:
                continue
            rows.append((ranker.name, metric, str(len(pairs)), _signed(one.difference)))
            if metric == HEADLINE:
                sentences.append(f"{ranker.name}: {one.verdict}")
    return ExperimentResult(
        title=experiment.title,
        question=experiment.question,
        conclusion=" ".join(sentences),
        head=("ranker", "metric", "needs", "descriptive − short"),
        rows=tuple(rows),
    )


def _pairs(experiment: Experiment, bench: Bench) -> ExperimentResult:
    folder = bench.folder / "scenes"
    write_scenes(
        folder,
        count=experiment.pairs,
        seed=bench.seed,
        on_progress=lambda done, total: bench.on_progress("scenes", done, total),
    )
    files, images = sorted((folder / PAIRS).glob("*.json")), folder / IMAGES
    rows: list[tuple[str, ...]] = []
    head: tuple[str, ...] = ()
    sentences = []
    for model in _asked_models(experiment, bench):
        found = evaluate_pairs(
            model.encoder,
            files,
            images,
            lambda done, total: bench.on_progress("minimal pairs", done, total),
        )
        head, *lines = pairs_rows(found)
        rows += [(model.name, *line) for line in lines]
        above = [f.name for f in found.families if f.caption.verdict == "above chance"]
        others = [f.name for f in found.families if f.caption.verdict != "above chance"]
        sentences.append(
            f"{model.name} is above chance in {_listed(above)}; not in {_listed(others)}."
        )
    return ExperimentResult(
        title=experiment.title,
        question=experiment.question,
        conclusion=" ".join(sentences),
        head=("model", *head),
        rows=tuple(rows),
    )


def _alterations(experiment: Experiment, bench: Bench) -> ExperimentResult:
    try:
        measured = altered_results(bench.workshop, bench.folder, bench.on_progress)
    except PhotoError as error:
        return _empty(experiment, str(error))
    (_, plain), *altered = measured
    compared = compare_pairs(
        [(name, queries, "as it is", plain) for name, queries in altered], bench.seed
    )
    rows = []
    for name, _ in altered:
        cells = {one.metric: _signed(one.difference) for one in compared if one.a == name}
        rows.append((name, *(cells.get(metric, "–") for metric in ("precision@5", "ndcg@10"))))
    worse = [
        one
        for one in compared
        if one.metric == HEADLINE and one.difference.high < 0 and one.p_corrected < SIGNIFICANT
    ]
    lost = ", ".join(f"{c.a} ({c.difference.value:+.3f})" for c in worse)
    model = bench.workshop.models[0].name
    conclusion = f"{model} finds less, beyond noise, in photos that are: {lost or 'none of these'}."
    return ExperimentResult(
        title=experiment.title,
        question=experiment.question,
        conclusion=conclusion,
        head=("photos", "precision@5, change", "ndcg@10, change"),
        rows=tuple(rows),
    )


def _asked_models(experiment: Experiment, bench: Bench) -> Sequence[EncoderRanker]:
    """The models that the experiment names; the run's first one where it names none."""
    models = bench.workshop.models
    asked = {load_encoder(name).id for name in experiment.models}
    return [model for model in models if model.id in asked] or models[:1]


def _by_wording(queries: Sequence[QueryResult]) -> list[tuple[QueryResult, QueryResult]]:
    """The short and the descriptive query of each need that has both and an answer."""
    tagged = {
        (query.need, tag): query
        for query in queries
        for tag in query.tags
        if query.answerable and tag in ("short", "descriptive")
    }
    return [
        (query, tagged[need, "descriptive"])
        for (need, tag), query in tagged.items()
        if tag == "short" and (need, "descriptive") in tagged
    ]


def _gain_per_ms(gain: float, milliseconds: float) -> str:
    """What a millisecond buys, where something is bought."""
    if gain <= 0 or milliseconds <= 0:
        return ""
    return f", which is {gain / milliseconds:.1g} of {HEADLINE} a millisecond"


def _median(ranker: RankerResult) -> float:
    return ranker.latency.warm_p50


def _signed(figure: object) -> str:
    value, low, high = (getattr(figure, name) for name in ("value", "low", "high"))
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _empty(experiment: Experiment, reason: str) -> ExperimentResult:
    return ExperimentResult(
        title=experiment.title, question=experiment.question, conclusion="", not_run=reason
    )
