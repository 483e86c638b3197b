"""How far the judging of a gold file has come."""

from collections import Counter
from dataclasses import dataclass

from sightline.evaluation.judging.draft import Draft, is_answered
from sightline.evaluation.judging.session import grade_of
from sightline.evaluation.pool import Pool, by_need


@dataclass(frozen=True)
class NeedStanding:
    """One need.

    Attributes:
        texts: the searches that ask for it.
        pooled: photos put before the judge by the last pool.
        judged: how many of these have a grade.
        grades: of all its graded photos, pooled last or not, how many got 0, 1 and 2.
        nothing: marked as having no right photo.
        answered: it stands in the gold file.
    """

    texts: tuple[str, ...]
    pooled: int
    judged: int
    grades: tuple[int, int, int]
    nothing: bool
    answered: bool

    @property
    def settled(self) -> int:
        """Pooled photos that need no grade any more."""
        return self.pooled if self.nothing else self.judged


def standing_of(draft: Draft, pool: Pool | None) -> list[NeedStanding]:
    """One line for each need, in the order they were asked."""
    pooled = {} if pool is None else {n.need: [p.file for p in n.photos] for n in pool.needs}
    lines = []
    for need, queries in by_need(draft.queries.values()).items():
        shown = pooled.get(need, [])
        counts = Counter(grade_of(queries, file) for file in queries[0].grades)
        lines.append(
            NeedStanding(
                texts=tuple(query.text for query in queries),
                pooled=len(shown),
                judged=sum(grade_of(queries, file) is not None for file in shown),
                grades=(counts[0], counts[1], counts[2]),
                nothing=not any(query.answerable for query in queries),
                answered=all(map(is_answered, queries)),
            )
        )
    return lines
