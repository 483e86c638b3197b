"""The first thing a reader sees: what a run found, in sentences that hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sightline.evaluation.comparison import SIGNIFICANT
from sightline.evaluation.intervals import Figure
from sightline.evaluation.report_text import worst_slices
from sightline.evaluation.results import HEADLINE, Comparison, RankerResult, Results
from sightline.evaluation.slices import FEW

_WELL_JUDGED = 0.9


def summary(results: Results) -> list[str]:
    """What is best, what is inside noise, where it fails, and what it costs: a sentence each."""
    sentences = _best(results)
    if results.rankers:
        first = results.rankers[0]
        sentences += _against(results, first)
        sentences += _failed(results, first)
        sentences += _weakest(first)
        sentences += _nothing_matches(first)
        sentences += _time(first)
    return sentences


def cautions(results: Results) -> list[str]:
    """What a reader must know before believing a figure."""
    thin = [
        f"{ranker.name} ({figure.value:.0%})"
        for ranker in results.rankers
        if (figure := ranker.figures.get("judged@10")) and figure.value < _WELL_JUDGED
    ]
    found = list(results.run.warnings)
    if thin:
        found.append(
            "Photos that nobody judged count as not relevant, so these rankers may be better than "
            f"they look; of their first ten were judged: {', '.join(thin)}."
        )
    return found


def differs(one: Comparison) -> bool:
    """Whether a difference stands out from noise: by the test *and* by the interval."""
    return (one.difference.low > 0 or one.difference.high < 0) and one.p_corrected < SIGNIFICANT


def _best(results: Results) -> list[str]:
    able = [ranker for ranker in results.rankers if HEADLINE in ranker.figures]
    if not able:
        return ["No query has an answer, so there is no ranking to measure."]
    best = max(able, key=lambda ranker: ranker.figures[HEADLINE].value)
    figure = best.figures[HEADLINE]
    sentence = f"“{best.name}” finds most, with a {HEADLINE} of {_of(figure)}"
    first = results.rankers[0]
    for one in results.comparisons:
        if one.metric == HEADLINE and {one.a, one.b} == {first.name, best.name} != {best.name}:
            noise = "beyond noise" if differs(one) else "but inside noise"
            sentence += f", {noise} of “{first.name}” with {_of(first.figures[HEADLINE])}"
    return [f"{sentence}."]


def _against(results: Results, first: RankerResult) -> list[str]:
    """How the first ranker stands to all others, by the headline metric."""
    better: list[str] = []
    worse: list[str] = []
    alike: list[str] = []
    for one in results.comparisons:
        if one.metric != HEADLINE or first.name not in (one.a, one.b):
            continue
        ahead = one.difference.value > 0 if one.a == first.name else one.difference.value < 0
        other = one.b if one.a == first.name else one.a
        (alike if not differs(one) else better if ahead else worse).append(other)
    parts = []
    if better:
        parts.append(f"is better than {_listed(better)}")
    if worse:
        parts.append(f"is worse than {_listed(worse)}")
    if alike:
        parts.append(f"can't be told from {_listed(alike)}: the difference is inside noise")
    return [f"“{first.name}” {'; it '.join(parts)}."] if parts else []


def _failed(results: Results, first: RankerResult) -> list[str]:
    asked = [query for query in first.queries if query.answerable]
    failed = sum(not query.metrics.get("hit@5", 0.0) for query in asked)
    if not asked:
        return []
    sentence = (
        f"It shows a right photo among the first five for {len(asked) - failed} of the "
        f"{len(asked)} queries that have an answer."
    )
    sides = Counter(one.side for one in results.failures).most_common()
    if sides:
        named = ", ".join(f"{count} {side}" for side, count in sides)
        sentence += f" Where the others fail, as far as substitutions tell: {named}."
    return [sentence]


def _weakest(first: RankerResult) -> list[str]:
    able = [part for part in worst_slices(first) if part.figures[HEADLINE].n >= FEW]
    if not able or HEADLINE not in first.figures:
        return []
    part, whole = able[0], first.figures[HEADLINE]
    figure = part.figures[HEADLINE]
    if figure.value >= whole.value:
        return []
    sentence = (
        f"Its weakest slice is “{part.name}”: {_of(figure)} over {figure.n} queries, against "
        f"{whole.value:.3f} over all."
    )
    if figure.low <= whole.value <= figure.high:
        sentence += " The interval holds the mean of all, so this may be chance."
    return [sentence]


def _nothing_matches(first: RankerResult) -> list[str]:
    found = first.no_answer
    if found is None:
        return []
    return [
        f"Where nothing matches, it answers all the same in {found.false_answers.value:.0%} of "
        f"{found.queries} queries [{found.false_answers.low:.0%}, {found.false_answers.high:.0%}], "
        f"at a threshold that keeps {found.kept.value:.0%} of the others answered."
    ]


def _time(first: RankerResult) -> list[str]:
    time = first.latency
    sentence = (
        f"A query takes it {_ms(time.warm_p50)} in a running process, 95 in 100 at most "
        f"{_ms(time.warm_p95)}"
    )
    if time.cold_p50 is not None:
        sentence += f"; a whole `sightline search` {_ms(time.cold_p50)}"
    return [f"{sentence}."]


def _ms(seconds: float) -> str:
    value = seconds * 1e3
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def _of(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
