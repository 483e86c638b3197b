"""What a run found: plain values, written as `results.json`; every report is drawn from them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from sightline.errors import EvaluationError
from sightline.evaluation.gold import write_whole
from sightline.evaluation.intervals import Figure

RESULTS_FILE = "results.json"
METRICS = (
    "precision@5",
    "precision@10",
    "recall@1",
    "recall@5",
    "recall@10",
    "hit@1",
    "hit@5",
    "hit@10",
    "ndcg@10",
    "mrr",
    "map",
    "judged@10",
)
"""Of text→image, in the order of the tables. `recall` is true recall, `hit` any of the first k."""
HEADLINE = "precision@5"
"""The metric of plots, slices and comparisons where only one is shown."""

Figures = dict[str, Figure]


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a run reproducible.

    `judged_pairs` are of need and photo; `keep` is the share of answerable queries that the
    threshold of `NoAnswer` keeps answered.
    """

    gold_name: str
    gold_hash: str
    gallery_hash: str
    photos: int
    missing: tuple[str, ...]
    queries: int
    no_answer_queries: int
    judged_pairs: int
    seed: int
    version: str
    code: str
    machine: str
    python: str
    captions: str = ""
    keep: float = 0.9
    warnings: tuple[str, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """A photo in a ranking; its grade is None where nobody judged it."""

    file: str
    score: float
    grade: int | None


class Missed(msgspec.Struct, frozen=True, array_like=True):
    """A relevant photo below those that are shown; runs of earlier versions lack its grade."""

    file: str
    rank: int
    grade: int | None = None


class QueryResult(msgspec.Struct, frozen=True, kw_only=True):
    """One query under one ranker.

    `metrics` lacks those that are undefined for it. `first_relevant` is a rank from 1; `missed` are
    the best-ranked relevant photos that are not in `shown`.
    """

    id: str
    text: str
    need: str
    tags: tuple[str, ...]
    answerable: bool
    relevant: int
    metrics: dict[str, float]
    first_relevant: int | None
    best_score: float
    seconds: float
    shown: tuple[Shown, ...]
    missed: tuple[Missed, ...] = ()


class SliceResult(msgspec.Struct, frozen=True, kw_only=True):
    """A named subset of the queries. `kind` says what named it: a tag, or a measured fact."""

    name: str
    kind: Literal["tag", "measured"]
    queries: int
    figures: Figures


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Does the best score tell that nothing matches?

    `auroc`: of the best score, answerable against no-answer queries. `false_answers`: share of the
    no-answer queries that are answered at the threshold that keeps `kept` of the others answered,
    chosen without the query's own need.
    """

    queries: int
    auroc: Figure
    false_answers: Figure
    kept: Figure


class Histogram(msgspec.Struct, frozen=True):
    """Scores of judged photos, in equal bins from `low` to `high`."""

    low: float
    high: float
    relevant: tuple[int, ...]
    irrelevant: tuple[int, ...]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `warm` is one query in a running process, `cold` a whole `sightline search`."""

    warm_p50: float
    warm_p95: float
    cold_p50: float | None = None
    cold_p95: float | None = None


class IndexCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's vectors cost, where this run made them or the library says."""

    seconds: float | None
    photos: int
    bytes_per_photo: float


class RankerResult(msgspec.Struct, frozen=True, kw_only=True):
    """One ranker over all queries; `curve` is its mean precision at recall 0, .1, … 1."""

    name: str
    id: str
    figures: Figures
    slices: tuple[SliceResult, ...]
    no_answer: NoAnswer | None
    curve: tuple[float, ...]
    histogram: Histogram | None
    latency: Latency
    index: IndexCost | None = None
    image_to_text: Figures = {}
    image_to_image: Figures = {}
    queries: tuple[QueryResult, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Ranker `a` against `b` on the same queries: mean difference a - b, and whether it is noise.

    `p_corrected` is Holm's, over all comparisons of the run.
    """

    a: str
    b: str
    metric: str
    difference: Figure
    p: float
    p_corrected: float
    sentence: str


class ExperimentResult(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was put to the gold file, and its answer in a sentence.

    `rows` are a table, `head` its first line. `not_run` says what was lacking, where it was.
    """

    title: str
    question: str
    conclusion: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    not_run: str = ""


Side = Literal["vision", "language", "resolution", "space", "unexplained"]


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """A photo that stands before the right one. `hubness`: see `Failure`."""

    file: str
    score: float
    hubness: float


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why one query failed, as far as substitutions tell (`failures.py`).

    Attributes:
        right: the best-ranked photo among those with the best grade.
        rivals: the first photos of the ranking. Their hubness is how often each is among the first
            ten of queries of other needs, divided by how often a photo is on average.
        neighbours: photos nearest to `right` in the space.
        caption_rank: best rank of `right` when its own captions are the query; None without any.
        paraphrase, paraphrase_rank: the wording that puts a relevant photo highest, and where.
        image_hit: whether `right` as the query finds another relevant photo among the first five;
            None where there is no other.
        crop_rank: rank of `right` when it and its rivals are each scored by their best crop.
    """

    query: str
    text: str
    need: str
    tags: tuple[str, ...]
    right: str
    rank: int
    score: float
    rivals: tuple[Rival, ...]
    neighbours: tuple[str, ...]
    caption_rank: int | None
    paraphrase: str
    paraphrase_rank: int
    image_hit: bool | None
    crop_rank: int
    side: Side
    sentence: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. `failures` are those of the first model."""

    format: Literal["sightline-results/1"] = "sightline-results/1"
    run: RunInfo
    rankers: tuple[RankerResult, ...]
    comparisons: tuple[Comparison, ...] = ()
    experiments: tuple[ExperimentResult, ...] = ()
    failures: tuple[Failure, ...] = ()

    def ranker(self, name: str) -> RankerResult:
        """The result of one ranker.

        Raises:
            KeyError: it isn't in this run.
        """
        for result in self.rankers:
            if result.name == name:
                return result
        raise KeyError(name)


def write_results(results: Results, folder: Path) -> None:
    """Write `results.json` into a run folder."""
    data = msgspec.json.format(msgspec.json.encode(results), indent=1)
    write_whole(folder / RESULTS_FILE, data + b"\n")


def read_results(folder: Path) -> Results:
    """Read a run folder's results.

    Raises:
        EvaluationError: there are none that this version understands.
    """
    path = folder / RESULTS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise EvaluationError(
            f"{folder} is no run folder: can't read {RESULTS_FILE} ({error.strerror}). "
            "`sightline eval GOLD --out DIR` makes one."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvaluationError(f"{path} is no run that this version understands: {error}.") from None
