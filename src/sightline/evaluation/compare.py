"""Two run folders side by side: what is better, what is noise, and what changed query by query."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sightline.errors import EvaluationError
from sightline.evaluation.paired import compare_pairs
from sightline.evaluation.results import (
    HEADLINE,
    Comparison,
    QueryResult,
    RankerResult,
    Results,
    read_results,
)

_SHOWN = 20


class ChangedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One query whose first photos are other ones, or in another order, than in the other run.

    `gain` is of the headline metric, B's minus A's; None where the query has no answer.
    """

    ranker: str
    query: str
    text: str
    gain: float | None
    a_first_relevant: int | None
    b_first_relevant: int | None
    entered: tuple[str, ...]
    left: tuple[str, ...]


class RunComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs. Pairs of rankers: see `compare_runs`."""

    a: str
    b: str
    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    changed: tuple[ChangedQuery, ...]


def compare_runs(a: Path, b: Path) -> RunComparison:
    """Set the rankers of one name side by side; where there are none, each run's first one.

    Raises:
        EvaluationError: one is no run folder, or the two ranked different galleries or queries,
            whose figures mean different things.
    """
    of_a, of_b = read_results(a), read_results(b)
    _require_comparable(a, of_a, b, of_b)
    pairs = _pairs(of_a, of_b)
    comparisons = compare_pairs(
        [
            (f"{one.name} of {b.name}", one.queries, f"{other.name} of {a.name}", other.queries)
            for other, one in pairs
        ],
        of_a.run.seed,
    )
    changed = [change for one, other in pairs for change in _changes(one, other)]
    return RunComparison(
        a=str(a),
        b=str(b),
        pairs=tuple((one.name, other.name) for one, other in pairs),
        notes=_notes(of_a, of_b),
        comparisons=comparisons,
        changed=tuple(sorted(changed, key=lambda one: -abs(one.gain or 0.0))),
    )


def as_text(found: RunComparison) -> str:
    """For a terminal: the verdicts, then the queries that changed most."""
    lines = [f"A: {found.a}", f"B: {found.b}", *found.notes, ""]
    lines += [f"{one.metric}: {one.sentence}" for one in found.comparisons]
    better = sum((one.gain or 0) > 0 for one in found.changed)
    worse = sum((one.gain or 0) < 0 for one in found.changed)
    lines += ["", f"{HEADLINE} rose for {better} queries and fell for {worse}.", ""]
    for one in found.changed[:_SHOWN]:
        gain = "   –  " if one.gain is None else f"{one.gain:+.2f}"
        first = f"{one.a_first_relevant or '–'} → {one.b_first_relevant or '–'}"
        lines.append(f"{gain}  first right photo {first:>12}  {one.ranker}: {one.text}")
    if len(found.changed) > _SHOWN:
        lines.append(f"… and {len(found.changed) - _SHOWN} more; --format json has them all.")
    return "\n".join(lines) + "\n"


def as_json(found: RunComparison) -> str:
    """For scripts."""
    return msgspec.json.encode(found).decode() + "\n"


def _require_comparable(a: Path, of_a: Results, b: Path, of_b: Results) -> None:
    for name, one, other in (
        ("galleries", of_a.run.gallery_hash, of_b.run.gallery_hash),
        ("gold files", of_a.run.gold_hash, of_b.run.gold_hash),
    ):
        if one != other:
            raise EvaluationError(
                f"{a} and {b} were made with different {name}: what one finds easy, the other may "
                "not hold. Run both again with the same gold file and photos."
            )
    asked = [[query.id for query in ranker.queries] for ranker in (*of_a.rankers, *of_b.rankers)]
    if not (of_a.rankers and of_b.rankers) or any(ids != asked[0] for ids in asked):
        raise EvaluationError(
            f"The results of {a} or {b} aren't whole: not every ranker was asked every query. Run "
            "both again with the same gold file and photos."
        )


def _pairs(a: Results, b: Results) -> list[tuple[RankerResult, RankerResult]]:
    in_b = {ranker.name: ranker for ranker in b.rankers}
    same = [(one, in_b[one.name]) for one in a.rankers if one.name in in_b]
    differing = [(one, other) for one, other in same if one.id != other.id]
    if a.rankers[0].name not in in_b:
        return [(a.rankers[0], b.rankers[0]), *differing]
    return same


def _notes(a: Results, b: Results) -> tuple[str, ...]:
    notes = []
    if a.run.code != b.run.code:
        notes.append(f"The code differs: {a.run.code} and {b.run.code}.")
    if a.run.machine != b.run.machine:
        notes.append("The machines differ: compare no times.")
    return tuple(notes)


def _changes(a: RankerResult, b: RankerResult) -> list[ChangedQuery]:
    after = {query.id: query for query in b.queries}
    found = []
    for before in a.queries:
        now = after[before.id]
        old, new = _first(before), _first(now)
        if old != new:
            found.append(
                ChangedQuery(
                    ranker=b.name if a.name == b.name else f"{a.name} → {b.name}",
                    query=before.id,
                    text=before.text,
                    gain=_gain(before, now),
                    a_first_relevant=before.first_relevant,
                    b_first_relevant=now.first_relevant,
                    entered=tuple(file for file in new if file not in old),
                    left=tuple(file for file in old if file not in new),
                )
            )
    return found


def _first(query: QueryResult) -> list[str]:
    return [photo.file for photo in query.shown[:10]]


def _gain(before: QueryResult, now: QueryResult) -> float | None:
    if not before.answerable:
        return None
    return now.metrics[HEADLINE] - before.metrics[HEADLINE]
