"""Each metric means what it says, and agrees with ranx and scikit-learn to 1e-6.

A docstring that starts with "Failed once" names the bug that the test found.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score
from sklearn.metrics import precision_recall_curve as precisions_and_recalls

from sightline.errors import EvaluationError
from sightline.evaluation.metrics import (
    average_precision,
    figures_of,
    first_relevant_rank,
    hit_at,
    judged_at,
    ndcg_at,
    precision_at,
    precision_recall_curve,
    ranked,
    recall_at,
    reciprocal_rank,
)

NEAR = 1e-6
FILES = tuple(f"photo{at:02}.jpg" for at in range(24))
NAMES_IN_RANX = {
    "precision_at_5": "precision@5",
    "precision_at_10": "precision@10",
    "recall_at_1": "recall@1",
    "recall_at_5": "recall@5",
    "recall_at_10": "recall@10",
    "hit_at_1": "hit_rate@1",
    "hit_at_5": "hit_rate@5",
    "hit_at_10": "hit_rate@10",
    "ndcg_at_10": "ndcg@10",
    "reciprocal_rank": "mrr",
    "average_precision": "map",
}


Judged = tuple[list[str], dict[str, float], dict[str, int]]
Ranx = Callable[..., Mapping[str, Any]]


@pytest.fixture(scope="module")
def ranx_of() -> Ranx:
    """ranx's figures of each query. Interpreted: it would compile for 40 s, to run for a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        from ranx import Qrels, Run, evaluate

    def figures(
        grades: Mapping[str, Mapping[str, int]],
        rankings: Mapping[str, tuple[str, ...]],
        names: list[str],
    ) -> Mapping[str, Any]:
        scored = {
            query: {file: float(-at) for at, file in enumerate(ranking)}
            for query, ranking in rankings.items()
        }
        found: Mapping[str, Any] = evaluate(
            Qrels(grades), Run(scored), names, return_mean=False, save_results_in_run=False
        )
        return found

    return figures


@st.composite
def galleries(draw: st.DrawFn) -> Judged:
    """Photos, their scores with many ties, and grades of some of them; perhaps none is relevant."""
    files = list(FILES[: draw(st.integers(1, len(FILES)))])
    scores = {file: draw(st.sampled_from([0.0, 0.25, 0.5, 0.75])) for file in files}
    judged = draw(st.lists(st.sampled_from(FILES), unique=True, max_size=len(FILES)))
    return files, scores, {file: draw(st.integers(0, 2)) for file in judged}


@given(st.lists(galleries(), min_size=1, max_size=8), st.sampled_from([1, 2]))
@settings(max_examples=60)
def test_every_metric_agrees_with_ranx(ranx_of: Ranx, queries: list[Judged], least: int) -> None:
    """Ties, fewer than k photos, relevant ones that aren't ranked, unjudged ones, none relevant.

    ranx is given the order that we break the ties into. Where a metric is undefined, it says 0.
    """
    rankings = {
        f"q{at}": ranked(list(scores.values()), files, f"q{at}")
        for at, (files, scores, _) in enumerate(queries)
    }
    # A query that nobody judged is an empty mapping to us; ranx wants an entry.
    grades = {f"q{at}": given or {"none": 0} for at, (_, _, given) in enumerate(queries)}
    called = {
        name: their if "ndcg" in their else f"{their}-l{least}"
        for name, their in NAMES_IN_RANX.items()
    }
    theirs = ranx_of(grades, rankings, list(called.values()))
    for row, (query, ranking) in enumerate(rankings.items()):
        ours = figures_of(ranking, grades[query], least)
        for name, their_name in called.items():
            value = getattr(ours, name)
            their = theirs[their_name][row]
            assert (0.0 if value is None else value) == pytest.approx(their, abs=NEAR), name
        relevant = any(grade >= least for grade in grades[query].values())
        assert (ours.average_precision is not None) == relevant


@given(galleries(), st.integers(1, 30))
def test_average_precision_ndcg_and_the_curve_agree_with_scikit_learn(
    gallery: Judged, k: int
) -> None:
    """scikit-learn knows only photos that are ranked, so relevant ones that aren't are left out."""
    files, scores, given_grades = gallery
    ranking = ranked(list(scores.values()), files, "q")
    grades = {file: grade for file, grade in given_grades.items() if file in scores}
    truth = [grades.get(file, 0) for file in ranking]
    relevant = [grade >= 1 for grade in truth]
    order = [float(-at) for at in range(len(ranking))]
    if not any(relevant):
        assert ndcg_at(k, ranking, grades) is None
        assert precision_recall_curve(ranking, grades) is None
        return
    assert average_precision(ranking, grades) == pytest.approx(
        average_precision_score(relevant, order), abs=NEAR
    )
    if len(files) > 1:  # of one photo scikit-learn makes no ranking
        assert ndcg_at(k, ranking, grades) == pytest.approx(
            ndcg_score([truth], [order], k=k), abs=NEAR
        )
    precisions, recalls, _ = precisions_and_recalls(relevant, order)
    for points in (2, 11, 101):
        curve = precision_recall_curve(ranking, grades, points)
        assert curve is not None
        wanted = [
            # Without the last pair, which scikit-learn adds at recall 0 where nothing was found.
            precisions[:-1][recalls[:-1] >= level / (points - 1) - 1e-9].max()
            for level in range(points)
        ]
        assert curve == pytest.approx(wanted, abs=NEAR)


@given(galleries(), st.sampled_from([11, 101]))
def test_the_curve_is_interpolated_as_the_textbook_says_even_where_photos_are_not_ranked(
    gallery: Judged, points: int
) -> None:
    """Recall compared as fractions: 3 of 10 found is recall 0.3, and no float is."""
    files, scores, grades = gallery
    ranking = ranked(list(scores.values()), files, "q")
    total = sum(grade >= 1 for grade in grades.values())
    curve = precision_recall_curve(ranking, grades, points)
    if not total:
        assert curve is None
        return
    found = [sum(grades.get(file, 0) >= 1 for file in ranking[:k]) for k in range(len(ranking) + 1)]
    wanted = [
        max(
            (
                found[k] / k
                for k in range(1, len(ranking) + 1)
                if Fraction(found[k], total) >= Fraction(level, points - 1)
            ),
            default=0.0,
        )
        for level in range(points)
    ]
    assert curve == pytest.approx(wanted, abs=NEAR)


@pytest.mark.parametrize(("found", "total", "points", "level"), [(3, 5, 11, 6), (7, 25, 101, 28)])
def test_a_level_of_recall_that_is_just_reached_counts_as_reached(
    found: int, total: int, points: int, level: int
) -> None:
    """As floats, 0.6 * 5 and 0.28 * 25 are a little more than 3 and 7, in numpy's steps or ours."""
    ranking = [*FILES[:found], "wrong"]
    curve = precision_recall_curve(ranking, {f"photo{at:02}.jpg": 1 for at in range(total)}, points)
    assert curve is not None
    assert curve[level] == 1.0
    assert curve[level + 1] == 0.0


def test_gain_is_the_grade_as_in_ranx_ndcg_and_not_as_in_ndcg_burges(ranx_of: Ranx) -> None:
    ranking, grades = ("partly", "wrong", "right"), {"partly": 1, "right": 2, "wrong": 0}
    by_hand = (1 + 2 / math.log2(4)) / (2 + 1 / math.log2(3))
    assert ndcg_at(10, ranking, grades) == pytest.approx(by_hand, abs=NEAR)
    theirs = ranx_of({"q": grades}, {"q": ranking}, ["ndcg@10", "ndcg_burges@10"])
    assert theirs["ndcg@10"][0] == pytest.approx(by_hand, abs=NEAR)
    assert theirs["ndcg_burges@10"][0] != pytest.approx(by_hand, abs=0.01)


def test_true_recall_and_a_hit_are_told_apart() -> None:
    ranking, grades = ("a", "x", "b"), {"a": 2, "b": 1, "c": 1, "d": 2}
    assert recall_at(1, ranking, grades) == 1 / 4
    assert hit_at(1, ranking, grades) == 1.0
    assert recall_at(3, ranking, grades) == 2 / 4
    assert recall_at(3, ranking, grades, least=2) == 1 / 2


def test_places_that_a_short_ranking_leaves_empty_hold_nothing_relevant() -> None:
    assert precision_at(10, ("a", "b"), {"a": 2, "b": 2}) == 2 / 10
    assert recall_at(10, ("a", "b"), {"a": 2, "b": 2}) == 1.0
    assert ndcg_at(10, ("a", "b"), {"a": 2, "b": 2}) == 1.0


def test_where_nothing_is_relevant_precision_is_0_and_the_others_are_undefined() -> None:
    for grades in ({}, {"a": 0}, {"elsewhere": 0}):
        figures = figures_of(("a", "b"), grades)
        assert figures.relevant == 0
        assert (figures.precision_at_5, figures.precision_at_10) == (0.0, 0.0)
        undefined = {name for name in NAMES_IN_RANX if getattr(figures, name) is None}
        assert undefined == set(NAMES_IN_RANX) - {"precision_at_5", "precision_at_10"}
        assert figures.first_relevant_rank is None


def test_a_relevant_photo_that_no_rank_holds_counts_against_the_ranking() -> None:
    """0 and not undefined: something could have been found."""
    figures = figures_of((), {"a": 2})
    assert figures.relevant == 1
    assert figures.recall_at_10 == figures.ndcg_at_10 == figures.average_precision == 0.0
    assert figures.reciprocal_rank == 0.0
    assert figures.first_relevant_rank is None
    assert average_precision(("a",), {"a": 1, "b": 1}) == 1 / 2


def test_an_unjudged_photo_counts_as_not_relevant_and_is_counted_as_unjudged() -> None:
    ranking = ("unjudged", "right", "wrong", "unjudged too")
    grades = {"right": 2, "wrong": 0}
    assert precision_at(2, ranking, grades) == 1 / 2
    assert first_relevant_rank(ranking, grades) == 2
    assert reciprocal_rank(ranking, grades) == 1 / 2
    assert judged_at(2, ranking, grades) == 1 / 2
    assert judged_at(4, ranking, grades) == 2 / 4


def test_empty_places_are_not_unjudged_photos() -> None:
    assert judged_at(10, ("right",), {"right": 2}) == 1.0
    assert judged_at(10, (), {"right": 2}) is None


def test_a_photo_that_is_ranked_twice_is_refused_rather_than_counted_twice() -> None:
    """It would make recall 2."""
    for figure in (precision_at, recall_at, hit_at, ndcg_at, judged_at):
        with pytest.raises(EvaluationError, match=r"'a\.jpg' twice"):
            figure(5, ("a.jpg", "b.jpg", "a.jpg"), {"a.jpg": 2})
    with pytest.raises(EvaluationError, match="twice"):
        figures_of(("a.jpg",) * 2, {"a.jpg": 2})


def test_senseless_questions_are_refused() -> None:
    with pytest.raises(EvaluationError, match="at least 1"):
        precision_at(0, ("a",), {"a": 1})
    with pytest.raises(EvaluationError, match="every photo"):
        recall_at(1, ("a",), {"a": 0}, least=0)
    with pytest.raises(EvaluationError, match="2 points"):
        precision_recall_curve(("a",), {"a": 1}, points=1)


@given(galleries())
def test_scores_fall_along_a_ranking_and_each_photo_stands_in_it_once(gallery: Judged) -> None:
    files, scores, _ = gallery
    ranking = ranked(list(scores.values()), files, "q")
    assert sorted(ranking) == sorted(files)
    falling = [scores[file] for file in ranking]
    assert falling == sorted(falling, reverse=True)


@given(galleries(), st.randoms(use_true_random=False))
def test_the_order_of_ties_does_not_depend_on_the_order_of_the_gallery(
    gallery: Judged, random: Any
) -> None:
    files, scores, _ = gallery
    shuffled = random.sample(files, len(files))
    assert ranked(list(scores.values()), files, "q") == ranked(
        [scores[file] for file in shuffled], shuffled, "q"
    )


def test_ties_are_broken_the_same_for_every_ranker_and_otherwise_for_every_query() -> None:
    """The very order is part of the promise: same inputs, same numbers, on any machine."""
    assert ranked([1.0] * 6, FILES[:6], "dog") == ranked(np.zeros(6), FILES[:6], "dog")
    orders = {ranked([0.5] * 6, FILES[:6], f"query {at}") for at in range(20)}
    assert len(orders) > 15


def test_over_queries_ties_are_worth_what_a_random_order_of_them_is() -> None:
    """Neither luck nor bad luck: the mean over all orders of the tied photos, for any metric."""
    files, scores = FILES[:6], [0.9, 0.5, 0.5, 0.5, 0.5, 0.1]
    grades = {files[1]: 2, files[3]: 1, files[5]: 1}
    orders = [(files[0], *tied, files[5]) for tied in permutations(files[1:5])]
    expected = np.mean([average_precision(order, grades) for order in orders])
    drawn = [average_precision(ranked(scores, files, str(at)), grades) for at in range(2000)]
    spread = np.std(drawn) / math.sqrt(len(drawn))
    assert abs(np.mean(drawn) - expected) < 4 * spread


def test_a_ranker_that_likes_all_photos_the_same_gains_nothing_by_their_names() -> None:
    """Sorted by name or by place, it would find all of a folder that comes first."""
    files = [f"a/{at}.jpg" for at in range(10)] + [f"b/{at}.jpg" for at in range(90)]
    grades = {file: 2 for file in files if file.startswith("a/")}
    found = [precision_at(10, ranked([1.0] * 100, files, str(at)), grades) for at in range(300)]
    assert 0.07 < np.mean(found) < 0.13


def test_infinite_scores_rank_and_scores_that_are_no_numbers_are_refused() -> None:
    assert ranked([-math.inf, 0.0, math.inf], ("a", "b", "c"), "q") == ("c", "b", "a")
    with pytest.raises(EvaluationError, match=r"'b\.jpg' is not a number"):
        ranked([0.5, math.nan], ("a.jpg", "b.jpg"), "q")
    with pytest.raises(EvaluationError, match="one score to each photo"):
        ranked([0.5], ("a", "b"), "q")


def test_an_empty_gallery_and_a_name_that_is_not_utf8_are_ranked_like_others() -> None:
    assert ranked([], (), "q") == ()
    assert sorted(ranked([1.0, 1.0], ("\udcff.jpg", "b.jpg"), "q")) == ["b.jpg", "\udcff.jpg"]
