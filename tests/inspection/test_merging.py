"""Findings of several looks, each thing once."""

from hypothesis import given
from hypothesis import strategies as st

from sightline.inspection.merging import merge, same_thing
from sightline.inspection.verdict import Box, Finding

_edge = st.integers(0, 60)
_side = st.integers(1, 30)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), _edge, _edge, _side, _side)
findings = st.lists(
    st.builds(
        Finding,
        type=st.sampled_from(["crack", "Crack ", "dent"]),
        sentence=st.sampled_from(["a", "b"]),
        box=st.none() | boxes,
        score=st.none() | st.floats(0, 1),
    ),
    max_size=8,
)


@given(findings)
def test_nothing_is_left_to_merge(found: list[Finding]) -> None:
    merged = merge(found)
    assert merge(merged) == merged
    for at, one in enumerate(merged):
        assert not any(same_thing(one, other) for other in merged[at + 1 :])


@given(findings, st.randoms())
def test_the_order_of_arrival_does_not_matter(found: list[Finding], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merge(found)


@given(findings)
def test_no_place_and_no_type_is_lost_and_none_is_made_up(found: list[Finding]) -> None:
    merged = merge(found)
    for one in found:
        kept = [other for other in merged if _kind(other) == _kind(one)]
        if one.box is None:
            assert any(other.box is None for other in kept)
        else:
            assert any(_holds(other.box, one.box) for other in kept)
    assert {_kind(one) for one in merged} == {_kind(one) for one in found}
    for one in merged:
        if one.box is not None:
            corners = [other.box for other in found if other.box is not None]
            assert one.box.left in {box.left for box in corners}
            assert one.box.bottom in {box.bottom for box in corners}


@given(findings)
def test_the_surest_comes_first_and_keeps_its_words(found: list[Finding]) -> None:
    merged = merge(found)
    scores = [-1.0 if one.score is None else one.score for one in merged]
    assert scores == sorted(scores, reverse=True)
    if found:
        best = max(-1.0 if one.score is None else one.score for one in found)
        assert scores[0] == best


def test_the_end_of_a_defect_that_a_tiles_border_cut_off_belongs_to_it() -> None:
    left = Finding(type="crack", sentence="left end", box=Box(0, 0, 60, 10), score=0.9)
    right = Finding(type="crack", sentence="the rest", box=Box(48, 0, 64, 10), score=0.8)
    (merged,) = merge([right, left])
    assert merged.box == Box(0, 0, 64, 10)
    assert (merged.sentence, merged.score) == ("left end", 0.9)


def test_two_defects_side_by_side_and_two_types_in_one_place_stay_two() -> None:
    crack = Finding(type="crack", sentence="", box=Box(0, 0, 10, 10))
    beside = Finding(type="crack", sentence="", box=Box(12, 0, 22, 10))
    stain = Finding(type="stain", sentence="", box=Box(0, 0, 10, 10))
    assert len(merge([crack, beside, stain])) == 3


def _kind(finding: Finding) -> str:
    return finding.type.strip().casefold()


def _holds(outer: Box | None, inner: Box) -> bool:
    return outer is not None and outer.intersection(inner) == inner
