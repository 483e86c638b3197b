"""Yes/no questions: what is asked, and the yes-ratio."""

from __future__ import annotations

from sightline.evaluation.inspection.probes import (
    Probe,
    Probed,
    expected_yes_ratio,
    probes_for,
    yes_ratio,
)
from tests.evaluation.inspection.making import gold_of, photo

GOLD = gold_of(
    photo("spotted", "defect"),
    photo("cracked", "defect", defect_types=("crack",)),
    photo("chipped", "defect", defect_types=("missing piece",)),
    photo("whole"),
    photo("bottle", "defect", product="bottle", defect_types=("underfilled",)),
    photo("unclear", "uncertain"),
    more=(photo("more"),),
)


def asked(name: str) -> dict[str, str]:
    return {p.kind: p.defect_type for p in probes_for(GOLD, GOLD.everything) if p.photo == name}


def test_a_piece_is_asked_for_its_defect_a_plausible_and_an_impossible_one() -> None:
    assert asked("spotted")["present"] == "spot"
    assert asked("spotted")["plausible"] in {"crack", "missing piece"}
    assert asked("spotted")["absent"] == "underfilled"


def test_a_normal_piece_is_asked_only_for_what_it_has_not() -> None:
    assert set(asked("whole")) == {"plausible", "absent"}


def test_a_defect_that_shares_a_word_with_one_that_is_there_is_not_asked_as_absent() -> None:
    # Who says "broken" of a crack isn't wrong, so a missing piece is no fair question there.
    for seed in range(20):
        of_cracked = [p for p in probes_for(GOLD, GOLD.images, seed) if p.photo == "cracked"]
        assert {p.defect_type for p in of_cracked if p.kind == "plausible"} == {"spot"}
        assert {p.defect_type for p in of_cracked if p.kind == "absent"} == {"underfilled"}


def test_photos_that_nobody_can_judge_or_has_looked_at_closely_are_not_asked() -> None:
    assert asked("unclear") == {}
    assert asked("more") == {}


def test_the_same_seed_asks_the_same() -> None:
    assert probes_for(GOLD, GOLD.images, 3) == probes_for(GOLD, GOLD.images, 3)


def test_the_yes_ratio_shows_who_says_yes_to_all() -> None:
    probes = [
        Probe(photo="a", kind=kind, defect_type="spot", question="?")
        for kind in ("present", "plausible", "absent")
    ]
    always = [Probed(probe=probe, reply="yes") for probe in probes]
    assert yes_ratio(always) == 1.0
    assert expected_yes_ratio(always) == 1 / 3
    assert [one.correct for one in always] == [True, False, False]
    assert not Probed(probe=probes[0], reply="unclear").correct
    assert yes_ratio([]) is None
    assert expected_yes_ratio([]) is None
