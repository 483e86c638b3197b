"""Gold queries over generated pictures: every grade is computed from what was drawn."""

from collections.abc import Iterator, Sequence

from sightline.evaluation.gold import NO_ANSWER, GalleryPhoto, Gold, GoldQuery
from sightline.evaluation.scenes.claims import Claim
from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.families import FAMILIES
from sightline.evaluation.scenes.rows import SceneRow

QUERIES_PER_FAMILY = 20
UNANSWERABLE = 20
"""How many queries ask for what is on no picture."""

_TRIES = 20  # claims tried for each of them: in a large gallery most are true of something


def gold_of(rows: Sequence[SceneRow], seed: int) -> Gold:
    """A gallery of all pictures, both of every pair, and queries with the grade of each picture."""
    gallery = [picture for row in rows for picture in row.pictures]
    answerable = [
        GoldQuery(id=row.id, text=row.caption, tags=(row.family,), grades=_grades(claim, rows))
        for row, claim in _first_of_each_family(rows)
    ]
    asked = {query.text for query in answerable}
    unanswerable = [
        GoldQuery(
            id=f"{NO_ANSWER}-{number:02}",
            text=claim.words,
            tags=(NO_ANSWER, family),
            grades=grades,
        )
        for number, (family, claim, grades) in enumerate(_about_nothing(rows, seed, asked))
    ]
    return Gold(
        name=f"Generated scenes, seed {seed}",
        about="Pictures drawn by sightline. Every grade is computed from what was drawn: "
        "2 the text is true of the picture, 1 it is on the edge, 0 it is not true.",
        gallery=tuple(GalleryPhoto(file=one.file, photo=one.photo) for one in gallery),
        queries=(*answerable, *unanswerable),
    )


def _first_of_each_family(rows: Sequence[SceneRow]) -> Iterator[tuple[SceneRow, Claim]]:
    """The first scenes of each family, no text twice."""
    taken: dict[str, int] = {}
    texts: set[str] = set()
    for row in rows:
        if row.caption not in texts and taken.get(row.family, 0) < QUERIES_PER_FAMILY:
            texts.add(row.caption)
            taken[row.family] = taken.get(row.family, 0) + 1
            yield row, row.picture.claim


def _about_nothing(
    rows: Sequence[SceneRow], seed: int, asked: set[str]
) -> Iterator[tuple[str, Claim, dict[str, int]]]:
    """Claims like the others that are true of no picture, not even nearly."""
    found: set[str] = set()
    for attempt in range(UNANSWERABLE * _TRIES):
        families = list(FAMILIES)
        family = families[attempt % len(families)]
        claim = FAMILIES[family](Dice("about nothing", seed, attempt))[0].claim
        if claim.words in asked | found:
            continue
        grades = _grades(claim, rows)
        if not any(grades.values()):
            found.add(claim.words)
            yield family, claim, grades
        if len(found) == UNANSWERABLE:
            return


def _grades(claim: Claim, rows: Sequence[SceneRow]) -> dict[str, int]:
    return {picture.file: claim.grade(picture.truth) for row in rows for picture in row.pictures}
