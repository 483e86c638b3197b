"""A whole evaluation: gold file + library → a run folder.

::

    DIR/
      gold.json         the gold file that was used
      results.json      every figure, and the first twenty photos of every query (`results.py`)
      rankings/*.trec   the first hundred, in the format that trec_eval and its kin read
      report.html       for people; opens offline
      report.md         the same without pictures
      library/          vectors of the gallery, where the run made them itself (`--photos`)
      cache/            scores by ranker, gallery and query, and what was timed

What a score depends on names its file in the cache: same inputs, same numbers, and a killed run
goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

from sightline.errors import EvaluationError, UsageError
from sightline.evaluation import about
from sightline.evaluation.directions import image_to_image, image_to_text
from sightline.evaluation.experiments import (
    Bench,
    Experiment,
    read_experiment,
    run_experiment,
)
from sightline.evaluation.failures import Explainer
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold, read_gold, write_gold, write_whole
from sightline.evaluation.inputs import EvalOptions, Inputs, open_inputs
from sightline.evaluation.latency import index_cost, timed
from sightline.evaluation.measure import (
    histogram,
    mean_curve,
    mean_figures,
    no_answer_figures,
    query_results,
    slice_results,
    warm_latency,
)
from sightline.evaluation.metrics import ranked
from sightline.evaluation.paired import compare_rankers
from sightline.evaluation.pool import by_need
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.build import RANKERS, WITH_CAPTIONS
from sightline.evaluation.rankers.by_caption import Captions
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.rankers.ranker import Ranker
from sightline.evaluation.results import RankerResult, Results, RunInfo, write_results
from sightline.evaluation.scoring import ScoreCache, Scored, score_all
from sightline.evaluation.slices import Slice
from sightline.evaluation.slicing import all_slices
from sightline.version import __version__

_TREC_DEPTH = 100


def evaluate(
    gold_file: Path,
    out: Path,
    options: EvalOptions,
    on_progress: OnProgress,
    on_warning: Callable[[str], None] = lambda warning: None,
) -> tuple[Results, dict[str, Path]]:
    """Measure, and write everything but the reports into the folder `out`.

    Everything asked is checked before the first query is ranked.

    Args:
        on_warning: called before anything is ranked, with what a reader of the figures must know.

    Returns:
        The results, and where each photo of the gallery lies, by its name in the gold file.

    Raises:
        GoldError: the gold file or the captions can't be used.
        UsageError: a model or ranker is unknown, or lacks what it needs.
        LibraryError: the library can't be used, or holds no vectors of a model.
        EvaluationError: `out` holds another gold file's run, or can't be written.
    """
    gold = read_gold(gold_file)
    experiments = [read_experiment(path) for path in options.experiments]
    _require_captions(options, experiments)
    options = _with_needs(options, experiments)
    _claim(out, gold)
    with ExitStack() as stack:
        inputs = open_inputs(gold, out, options, on_progress, stack)
        rankers = inputs.workshop.rankers(options.rankers)
        warnings = _warnings(inputs)
        for warning in warnings:
            on_warning(warning)
        captions = inputs.workshop.captions if options.captions else ()
        slices = all_slices(gold, inputs.gallery, captions, out / "cache", on_progress)
        cache = ScoreCache(out / "cache", inputs.gallery.files)
        results = []
        for ranker in rankers:
            scored = score_all(cache, ranker, gold.queries, on_progress)
            _write_trec(out / "rankings", ranker, gold, inputs.gallery, scored)
            results.append(_result(inputs, ranker, scored, slices, captions, options, out))
        bench = Bench(inputs.workshop, results, out, options.seed, on_progress)
        models = inputs.workshop.models
        explainer = Explainer(gold, inputs.gallery, models[0], captions)
        found = Results(
            run=_info(inputs, options, warnings),
            rankers=tuple(results),
            comparisons=compare_rankers(results, options.seed),
            experiments=tuple(run_experiment(one, bench) for one in experiments),
            failures=explainer.explain_all(results[0].queries, on_progress),
        )
        paths = dict(zip(inputs.gallery.files, inputs.gallery.paths, strict=True))
    write_results(found, out)
    return found, paths


def _with_needs(options: EvalOptions, experiments: Sequence[Experiment]) -> EvalOptions:
    """The options with all models and rankers that experiments ask for and that are there."""
    able = [one for one in experiments if one.missing_model is None]
    models = [*options.models, *(name for one in able for name in one.models)]
    rankers = [*options.rankers, *(name for one in able for name in one.rankers)]
    wanted = [name for name in rankers if name in RANKERS or name in options.rankers]
    return replace(
        options, models=tuple(dict.fromkeys(models)), rankers=tuple(dict.fromkeys(wanted))
    )


def _require_captions(options: EvalOptions, experiments: Sequence[Experiment]) -> None:
    """Whoever named an experiment can't know which rankers it asks for: name the experiment."""
    for path, one in zip(options.experiments, experiments, strict=True):
        wanting = [name for name in one.rankers if name in WITH_CAPTIONS]
        if wanting and not options.captions and one.missing_model is None:
            raise UsageError(
                f"The experiment {path} ({one.title}) asks for the ranker {wanting[0]}, which "
                "searches captions: name their file with --captions, or leave the experiment out."
            )


def _claim(out: Path, gold: Gold) -> None:
    """Make `out` a run folder of this gold file, or refuse one of another.

    A run that measured nothing yet has no claim: whoever corrects the gold file may go on there.
    """
    kept = out / "gold.json"
    try:
        is_run = kept.exists()
        begun = is_run and (out / "cache").exists()
        # What a killed run leaves of a file half written begins with a dot, and is nobody's work.
        others = out.exists() and (not out.is_dir() or any(p.name[0] != "." for p in out.iterdir()))
    except OSError as error:
        raise EvaluationError(f"Can't use the run folder {out}: {error.strerror}.") from None
    if begun and read_gold(kept).hash != gold.hash:
        raise EvaluationError(
            f"{out} holds a run on another gold file. Name a new folder with --out; figures of "
            "different gold files can't be compared."
        )
    if others and not is_run:
        raise EvaluationError(f"{out} isn't empty and is no run folder; name another with --out.")
    write_gold(gold, kept)


def _result(
    inputs: Inputs,
    ranker: Ranker,
    scored: Sequence[Scored],
    slices: Sequence[Slice],
    captions: Captions,
    options: EvalOptions,
    out: Path,
) -> RankerResult:
    queries = query_results(inputs.gold, inputs.gallery, scored)
    result = RankerResult(
        name=ranker.name,
        id=ranker.id,
        figures=mean_figures(queries, options.seed),
        slices=slice_results(queries, slices, options.seed),
        no_answer=no_answer_figures(queries, options.keep, options.seed),
        curve=mean_curve(inputs.gold, inputs.gallery, scored),
        histogram=histogram(inputs.gold, inputs.gallery, scored),
        latency=warm_latency(scored),
        queries=queries,
    )
    if not isinstance(ranker, EncoderRanker):
        return result
    known = [query for query in inputs.gold.queries if ranker.knows(query.text)]
    return msgspec.structs.replace(
        result,
        latency=timed(inputs.place, ranker.encoder, known, options.cold, out / "cache")
        if known
        else result.latency,
        index=index_cost(inputs.reader, ranker.encoder.id, inputs.index_seconds, out / "cache"),
        image_to_text=image_to_text(ranker, captions, inputs.workshop.texts, options.seed)
        if any(captions)
        else {},
        image_to_image=image_to_image(ranker, inputs.gold, inputs.gallery, options.seed),
    )


def _write_trec(
    folder: Path, ranker: Ranker, gold: Gold, gallery: Gallery, scored: Sequence[Scored]
) -> None:
    """`query Q0 photo rank score run`, a line each; a photo is named by its hash."""
    photos = dict(zip(gallery.files, gallery.photos, strict=True))
    lines = []
    for query, one in zip(gold.queries, scored, strict=True):
        scores = dict(zip(gallery.files, one.scores.tolist(), strict=True))
        for rank, file in enumerate(ranked(one.scores, gallery.files, query.id)[:_TREC_DEPTH], 1):
            lines.append(f"{query.id} Q0 {photos[file]} {rank} {scores[file]:.6f} {ranker.name}\n")
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in ranker.name)
    write_whole(folder / f"{name}.trec", "".join(lines).encode())


def _warnings(inputs: Inputs) -> list[str]:
    """What a reader of the figures must know first."""
    gold, gallery = inputs.gold, inputs.gallery
    absent = sum(not query.answerable for query in gold.queries)
    warnings = []
    if gallery.missing:
        lost = set(gallery.missing)
        hurt = sum(bool(query.relevant & lost) for query in gold.queries)
        lose = "query loses" if hurt == 1 else "queries lose"
        warnings.append(
            f"{len(gallery.missing):,} of the gold file's photos are missing in the library; "
            f"{hurt:,} {lose} a relevant photo, which counts as not found."
        )
    if absent < 10:
        few = {0: "No query is", 1: "Only one query is"}.get(absent, f"Only {absent} queries are")
        warnings.append(f"{few} without an answer: how well the score tells so is hardly known.")
    for model in inputs.workshop.models:
        unknown = [query.id for query in gold.queries if not model.knows(query.text)]
        if unknown:
            warnings.append(
                f"{model.name} knows no word of {len(unknown)} queries ({', '.join(unknown[:3])}"
                f"{'…' if len(unknown) > 3 else ''}): they count as found by chance."
            )
    return warnings


def _info(inputs: Inputs, options: EvalOptions, warnings: Sequence[str]) -> RunInfo:
    gold, gallery = inputs.gold, inputs.gallery
    absent = sum(not query.answerable for query in gold.queries)
    return RunInfo(
        gold_name=gold.name,
        gold_hash=gold.hash,
        gallery_hash=gallery.hash,
        photos=len(gallery),
        missing=gallery.missing,
        queries=len(gold.queries),
        no_answer_queries=absent,
        judged_pairs=sum(len(queries[0].grades) for queries in by_need(gold.queries).values()),
        seed=options.seed,
        version=__version__,
        code=about.code_fingerprint(),
        machine=about.machine(),
        python=about.versions(),
        captions=", ".join(path.name for path in options.captions),
        keep=options.keep,
        warnings=tuple(warnings),
    )
