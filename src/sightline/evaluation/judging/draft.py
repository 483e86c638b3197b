"""Gold in the making: the gold file, and beside it what can't stand in it yet.

A gold file holds no query without an answer, so that whoever reads it never meets half a
judgement. A query that was only asked, or whose photos so far are all wrong, waits in the journal
beside it, `GOLD.journal.jsonl`, together with every grade since the gold file was last written.
The journal has the last word: gold file, then journal line by line, is what was judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sightline.errors import EvaluationError, GoldError
from sightline.evaluation.gold import (
    NO_ANSWER,
    RELEVANT,
    GalleryPhoto,
    Gold,
    GoldQuery,
    Grade,
    read_gold,
    write_gold,
    write_whole,
)
from sightline.evaluation.judging.journal import read_journal
from sightline.evaluation.rankers.baselines import need_of


class Begun(msgspec.Struct, frozen=True, tag="gold", tag_field="what"):
    """What the gold file is called, and how it was made."""

    name: str
    about: str


class Shown(msgspec.Struct, frozen=True, tag="photo", tag_field="what"):
    """A photo of the gallery."""

    photo: GalleryPhoto


class Asked(msgspec.Struct, frozen=True, tag="query", tag_field="what"):
    """A query with all its grades at that moment."""

    query: GoldQuery


class Graded(msgspec.Struct, frozen=True, tag="grade", tag_field="what"):
    """A person's grade of a photo, for every query of a need."""

    need: str
    file: str
    grade: Grade


class Marked(msgspec.Struct, frozen=True, tag="nothing", tag_field="what"):
    """A person's word that nothing in the gallery answers a need, or that this was wrong."""

    need: str
    nothing: bool


Step = Begun | Shown | Asked | Graded | Marked
_STEPS: msgspec.json.Decoder[Step] = msgspec.json.Decoder(Step)


@dataclass
class Draft:
    """All photos and queries of a gold in the making, with or without answers.

    Attributes:
        name, about: as in the gold file.
        gallery: photo (SHA-256) → its name.
        queries: by id, in the order they were asked.
    """

    name: str
    about: str
    gallery: dict[str, GalleryPhoto]
    queries: dict[str, GoldQuery]

    @classmethod
    def of(cls, gold: Gold) -> "Draft":
        """A gold file to go on with."""
        return cls(
            gold.name,
            gold.about,
            {photo.photo: photo for photo in gold.gallery},
            {query.id: query for query in gold.queries},
        )

    def as_gold(self, *, answered: bool) -> Gold:
        """The draft as a gold file would say it: only queries with an answer, or all of them."""
        return Gold(
            name=self.name,
            about=self.about,
            gallery=tuple(self.gallery.values()),
            queries=tuple(q for q in self.queries.values() if not answered or is_answered(q)),
        )

    def apply(self, step: Step) -> None:
        """Take one step of a person or a journal.

        Raises:
            GoldError: it is about a need or a photo that isn't known, or contradicts a grade.
        """
        if isinstance(step, Begun):
            self.name, self.about = step.name, step.about
        elif isinstance(step, Shown):
            self.gallery[step.photo.photo] = step.photo
        elif isinstance(step, Asked):
            self.queries[step.query.id] = step.query
        else:
            queries = self.of_need(step.need)
            if not queries:
                raise GoldError(f"Nobody asked for {step.need!r}.")
            for query in queries:
                self.queries[query.id] = (
                    with_grade(query, step.file, step.grade)
                    if isinstance(step, Graded)
                    else with_mark(query, step.nothing)
                )

    def of_need(self, need: str) -> list[GoldQuery]:
        """The queries that ask for this."""
        return [query for query in self.queries.values() if need_of(query) == need]


def is_answered(query: GoldQuery) -> bool:
    """Whether somebody said what is right: a photo, or that nothing is."""
    return bool(query.relevant) or not query.answerable


def with_grade(query: GoldQuery, file: str, grade: int) -> GoldQuery:
    """The query with this photo graded; a right photo takes back that nothing is right."""
    tags = tuple(tag for tag in query.tags if tag != NO_ANSWER or grade < RELEVANT)
    return msgspec.structs.replace(query, grades=query.grades | {file: grade}, tags=tags)


def with_mark(query: GoldQuery, nothing: bool) -> GoldQuery:
    """The query with or without the word that nothing answers it.

    Raises:
        GoldError: photos of it are graded 1 or 2.
    """
    if nothing and query.relevant:
        raise GoldError(
            f"You graded {len(query.relevant)} of this search's photos 1 or 2, so something does "
            "answer it. Go back and change these grades first."
        )
    tags = tuple(tag for tag in query.tags if tag != NO_ANSWER)
    return msgspec.structs.replace(query, tags=(*tags, NO_ANSWER) if nothing else tags)


def read_draft(gold_file: Path) -> Draft | None:
    """What was judged so far: gold file and journal together. None where there is neither.

    Raises:
        GoldError: one of them is damaged, or they contradict each other.
    """
    journal = journal_beside(gold_file)
    steps = read_journal(journal, _STEPS)
    there = gold_file.exists()
    if not there and not steps:
        return None
    draft = Draft.of(read_gold(gold_file)) if there else Draft(gold_file.stem, "", {}, {})
    for number, step in enumerate(steps, 1):
        try:
            draft.apply(step)
        except GoldError as error:
            raise GoldError(f"{journal}, line {number}: {error} Take that line out.") from None
    return draft


def write_draft(draft: Draft, gold_file: Path, *, whole_journal: bool) -> None:
    """Write the gold file, then the journal anew: killed in between, the two still agree.

    Args:
        whole_journal: begin the journal with every query, for steps that will follow; otherwise
            only with what the gold file can't hold, and there is none if that is nothing.

    Raises:
        EvaluationError: the disk says no.
    """
    gold = draft.as_gold(answered=True)
    journal = journal_beside(gold_file)
    steps = list(_steps_to(draft, bool(gold.queries), whole_journal))
    if gold.queries:
        write_gold(gold, gold_file)
    if steps:
        write_whole(journal, b"".join(msgspec.json.encode(step) + b"\n" for step in steps))
    try:
        if not gold.queries:  # the last answer was taken back: the journal has all there is
            gold_file.unlink(missing_ok=True)
        if not steps:
            journal.unlink(missing_ok=True)
    except OSError as error:
        raise EvaluationError(f"Can't replace {gold_file}: {error.strerror}.") from None


def _steps_to(draft: Draft, in_gold: bool, whole: bool) -> Iterator[Step]:
    if not in_gold:
        yield Begun(draft.name, draft.about)
        yield from map(Shown, draft.gallery.values())
    for query in draft.queries.values():
        if whole or not is_answered(query):
            yield Asked(query)


def journal_beside(gold_file: Path) -> Path:
    """Where the steps since the last writing of the gold file stand."""
    return gold_file.with_name(f"{gold_file.name}.journal.jsonl")
