"""Results as words and tables: for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sightline.evaluation.gold import write_whole
from sightline.evaluation.intervals import Figure
from sightline.evaluation.results import (
    HEADLINE,
    METRICS,
    Figures,
    RankerResult,
    Results,
    SliceResult,
)
from sightline.evaluation.slices import worst_first

_SUMMARY = (HEADLINE, "hit@1", "recall@10", "ndcg@10", "map", "judged@10")


def summary_table(results: Results) -> str:
    """What a terminal shows: one line a ranker, then the warnings."""
    run = results.run
    head = f"{run.queries} queries ({run.no_answer_queries} without an answer) over "
    lines = [f"{head}{run.photos:,} photos, {run.judged_pairs:,} judged pairs; 95 % intervals", ""]
    rows: list[tuple[str, ...]] = [("ranker", *_SUMMARY)]
    rows += [(r.name, *(_cell(r.figures.get(m)) for m in _SUMMARY)) for r in results.rankers]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines += ["", *(one.sentence for one in results.comparisons if one.metric == HEADLINE)]
    lines += [f"Warning: {warning}" for warning in run.warnings]
    return "\n".join(lines) + "\n"


def write_markdown(results: Results, path: Path) -> None:
    """Write the whole report without pictures.

    Raises:
        EvaluationError: it can't be written.
    """
    write_whole(path, markdown(results).encode("utf-8", "backslashreplace"))


def markdown(results: Results) -> str:
    """The whole report: what was run, all tables, worst slices, failures."""
    run = results.run
    parts = [
        f"# How well {_escaped(repr(run.gold_name))} is searched",
        f"{run.queries} queries, {run.no_answer_queries} of them without an answer, over "
        f"{run.photos:,} photos; {run.judged_pairs:,} pairs were judged. Brackets are 95 % "
        "intervals (bootstrap over needs). Means are over queries that have an answer. `recall` is "
        "the share of the relevant photos found, `hit` whether any is among the first k, `judged` "
        "the share of the first ten that somebody looked at.",
        *(f"**Warning:** {warning}" for warning in run.warnings),
        "## Text → image",
        _table(
            ("ranker", *METRICS), [(r.name, *_cells(r.figures, METRICS)) for r in results.rankers]
        ),
    ]
    if results.comparisons:
        rows = [
            (one.metric, one.sentence, f"{one.p:.4f}", f"{one.p_corrected:.4f}")
            for one in results.comparisons
        ]
        parts += ["## What is a difference, and what is noise"]
        parts += [_table(("metric", "comparison", "p", "p, Holm"), rows)]
    parts += _other_directions(results)
    parts += _no_answer(results)
    for ranker in results.rankers[:1]:
        parts += [f"## Slices of {ranker.name}, the worst first", slices_table(ranker)]
    parts += _experiments(results) + _failures(results) + _costs(results) + _reproduce(results)
    return "\n\n".join(parts) + "\n"


def worst_slices(ranker: RankerResult) -> list[SliceResult]:
    """Slices by the headline metric, the worst first; those of too few queries last."""
    able = {part.name: part for part in ranker.slices if HEADLINE in part.figures}
    order = worst_first({name: part.figures[HEADLINE] for name, part in able.items()})
    return [able[name] for name in order]


def slices_table(ranker: RankerResult) -> str:
    """A Markdown table of a ranker's slices."""
    shown = (HEADLINE, "hit@1", "recall@10", "ndcg@10")
    rows = [
        (part.name, part.kind, str(part.queries), *_cells(part.figures, shown))
        for part in worst_slices(ranker)
    ]
    return _table(("slice", "by", "queries", *shown), rows)


def _other_directions(results: Results) -> list[str]:
    parts = []
    for title, chosen in (
        ("Image → text", [(r.name, r.image_to_text) for r in results.rankers if r.image_to_text]),
        (
            "Image → image",
            [(r.name, r.image_to_image) for r in results.rankers if r.image_to_image],
        ),
    ):
        if chosen:
            metrics = list(chosen[0][1])
            rows = [(name, *_cells(figures, metrics)) for name, figures in chosen]
            parts += [f"## {title}", _table(("ranker", *metrics), rows)]
    return parts


def _no_answer(results: Results) -> list[str]:
    rows = [
        (
            ranker.name,
            str(found.queries),
            str(found.auroc),
            str(found.kept),
            str(found.false_answers),
        )
        for ranker in results.rankers
        if (found := ranker.no_answer) is not None
    ]
    if not rows:
        return []
    head = ("ranker", "queries", "AUROC of the best score", "answered", "false answers")
    return [
        "## When nothing matches",
        "At the threshold that keeps nine in ten of the answerable queries answered, chosen on the "
        "other needs: the share of these that is answered, and of those without an answer.",
        _table(head, rows),
    ]


def _experiments(results: Results) -> list[str]:
    parts = []
    for one in results.experiments:
        parts += [f"## {one.title}", one.question]
        if one.rows:
            parts.append(_table(one.head, one.rows))
        parts.append(f"**{one.conclusion or 'Not run: ' + one.not_run}**")
    return parts


def _failures(results: Results) -> list[str]:
    if not results.failures:
        return []
    counts: dict[str, int] = {}
    for one in results.failures:
        counts[one.side] = counts.get(one.side, 0) + 1
    sides = ", ".join(f"{side} {n}" for side, n in sorted(counts.items(), key=lambda x: -x[1]))
    rows = [(one.text, str(one.rank), one.side, one.sentence) for one in results.failures]
    return [
        f"## Why {len(results.failures)} queries failed ({sides})",
        "Failed: nothing relevant among the first five.",
        _table(("query", "rank of the right photo", "side", "what the substitutions say"), rows),
    ]


def _costs(results: Results) -> list[str]:
    rows = []
    for ranker in results.rankers:
        time, index = ranker.latency, ranker.index
        rows.append(
            (
                ranker.name,
                f"{time.warm_p50 * 1e3:.1f} / {time.warm_p95 * 1e3:.1f}",
                _milliseconds(time.cold_p50, time.cold_p95),
                "–" if index is None or index.seconds is None else f"{index.seconds:.0f}",
                "–" if index is None else f"{index.bytes_per_photo:,.0f}",
            )
        )
    head = ("ranker", "warm ms, p50 / p95", "cold ms, p50 / p95", "index, s", "bytes a photo")
    return ["## Time and space", _table(head, rows)]


def _reproduce(results: Results) -> list[str]:
    run = results.run
    rows = [
        ("gold file", f"`{run.gold_hash}`"),
        ("gallery", f"`{run.gallery_hash}`"),
        *((f"ranker {ranker.name}", f"`{ranker.id}`") for ranker in results.rankers),
        ("captions", run.captions or "none"),
        ("sightline", f"{run.version}, code `{run.code}`"),
        ("libraries", run.python),
        ("machine", run.machine),
        ("seed", str(run.seed)),
        ("answerable queries kept answered", f"{run.keep:.0%}"),
    ]
    return ["## What makes this run reproducible", _table(("what", "which"), rows)]


def _milliseconds(p50: float | None, p95: float | None) -> str:
    return "–" if p50 is None or p95 is None else f"{p50 * 1e3:.0f} / {p95 * 1e3:.0f}"


def _cells(figures: Figures, metrics: Sequence[str]) -> list[str]:
    return [_cell(figures.get(metric)) for metric in metrics]


def _cell(figure: Figure | None) -> str:
    return "–" if figure is None else str(figure)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
