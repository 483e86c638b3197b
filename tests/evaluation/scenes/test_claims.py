"""Claims: what a caption says, and on which pictures that is true."""

import pytest

from sightline.evaluation.scenes.claims import Claim, Thing
from sightline.evaluation.scenes.truth import Seen, SeenSign, Truth
from sightline.inspection.verdict import Box

RED_CIRCLE = Thing(shape="circle", colour="red")
BLUE_SQUARE = Thing(shape="square", colour="blue")


def seen(
    number: int, shape: str, colour: str, at: tuple[float, float], reach: float = 10, **more: object
) -> Seen:
    x, y = at
    box = Box(x - reach, y - reach, x + reach, y + reach)
    facts: dict[str, object] = {"texture": "plain", "turn": 0.0, "visible": 1.0}
    return Seen(number=number, shape=shape, colour=colour, box=box, **(facts | more))


def picture(*objects: Seen) -> Truth:
    return Truth(side=100, background="plain", objects=objects)


CIRCLE_LEFT_OF_SQUARE = picture(
    seen(0, "circle", "red", (25, 50)), seen(1, "square", "blue", (75, 55))
)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (Claim(things=(RED_CIRCLE, BLUE_SQUARE)), "a red circle and a blue square"),
        (Claim(things=(RED_CIRCLE,), absent=Thing(shape="cup")), "a red circle and no cup"),
        (Claim(things=(Thing(shape="apple"),)), "an apple"),
        (Claim(things=(Thing(shape="fish", colour="orange"),), count=1), "one orange fish"),
        (Claim(things=(Thing(shape="fish", colour="orange"),), count=3), "three orange fish"),
        (Claim(things=(Thing(shape="cross"),), count=2), "two crosses"),
        (
            Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation="to the left of"),
            "a red circle to the left of a blue square",
        ),
        (
            Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation="smaller than"),
            "a little red circle and a big blue square",
        ),
        (Claim(things=(Thing(shape="cat", pose="upside-down"),)), "an upside-down cat"),
        (Claim(things=(Thing(shape="cat", pose="lying on its side"),)), "a cat lying on its side"),
        (Claim(things=(RED_CIRCLE,), crowd=True), "a red circle among many other things"),
        (Claim(says="OPEN"), "a sign that says OPEN"),
    ],
)
def test_a_claim_reads_as_a_person_would_say_it(claim: Claim, words: str) -> None:
    assert claim.words == words


def test_colours_belong_to_their_objects() -> None:
    swapped = Claim(
        things=(Thing(shape="circle", colour="blue"), Thing(shape="square", colour="red"))
    )
    assert Claim(things=(RED_CIRCLE, BLUE_SQUARE)).grade(CIRCLE_LEFT_OF_SQUARE) == 2
    assert swapped.grade(CIRCLE_LEFT_OF_SQUARE) == 0


def test_two_things_are_two_objects() -> None:
    one = picture(seen(0, "circle", "red", (50, 50)))
    assert Claim(things=(RED_CIRCLE, Thing(shape="circle"))).grade(one) == 0


@pytest.mark.parametrize("lower", [5, 30])
@pytest.mark.parametrize(
    ("relation", "grade"),
    [("to the left of", 2), ("to the right of", 0), ("above", 1), ("below", 0)],
)
def test_beyond_the_diagonal_a_place_is_arguable(relation: str, grade: int, lower: int) -> None:
    # The square stands lower, but more to the right: "above" is true, and hardly what one says.
    two = picture(seen(0, "circle", "red", (25, 40)), seen(1, "square", "blue", (75, 40 + lower)))
    assert Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation=relation).grade(two) == grade


def test_what_has_no_gap_is_neither_above_nor_below() -> None:
    level = picture(seen(0, "circle", "red", (25, 50)), seen(1, "square", "blue", (75, 52)))
    for relation in ("above", "below"):
        assert Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation=relation).grade(level) == 0


def test_a_count_is_exact_and_counts_only_its_own() -> None:
    circles = [seen(at, "circle", "red", (20 * at + 10, 50)) for at in range(3)]
    other = seen(3, "circle", "blue", (50, 90))
    three = Claim(things=(RED_CIRCLE,), count=3)
    assert three.grade(picture(*circles, other)) == 2
    assert three.grade(picture(*circles[:2], other)) == 0


def test_no_means_none_at_all() -> None:
    claim = Claim(things=(RED_CIRCLE,), absent=Thing(shape="square"))
    assert claim.grade(CIRCLE_LEFT_OF_SQUARE) == 0
    assert claim.grade(picture(seen(0, "circle", "red", (50, 50)))) == 2
    assert claim.grade(picture(seen(0, "circle", "blue", (50, 50)))) == 0


def test_in_front_is_what_covers() -> None:
    covered = picture(
        seen(0, "square", "blue", (45, 50), visible=0.7, covered_by=(1,)),
        seen(1, "circle", "red", (55, 50)),
    )
    front = Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation="in front of")
    behind = Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation="behind")
    assert (front.grade(covered), behind.grade(covered)) == (2, 0)
    assert (front.grade(CIRCLE_LEFT_OF_SQUARE), behind.grade(CIRCLE_LEFT_OF_SQUARE)) == (0, 0)


@pytest.mark.parametrize(("reach", "grade"), [(18, 2), (13, 1), (10, 0), (5, 0)])
def test_bigger_is_clear_arguable_or_wrong(reach: float, grade: int) -> None:
    two = picture(
        seen(0, "circle", "red", (30, 50), reach), seen(1, "square", "blue", (75, 50), 10)
    )
    claim = Claim(things=(RED_CIRCLE, BLUE_SQUARE), relation="bigger than")
    assert claim.grade(two) == grade


def test_very_small_is_a_measure() -> None:
    claim = Claim(things=(Thing(shape="circle", tiny=True),))
    assert claim.grade(picture(seen(0, "circle", "red", (50, 50), 4))) == 2
    assert claim.grade(picture(seen(0, "circle", "red", (50, 50), 12))) == 0


@pytest.mark.parametrize("turn", [90.0, 278.0, -85.0])
def test_either_side_is_a_side_and_a_little_tilt_does_not_matter(turn: float) -> None:
    cat = picture(seen(0, "cat", "black", (50, 50), turn=turn))
    lying = Claim(things=(Thing(shape="cat", pose="lying on its side"),))
    upright = Claim(things=(Thing(shape="cat", pose="upright"),))
    assert (lying.grade(cat), upright.grade(cat)) == (2, 0)


def test_a_sign_says_its_word_and_no_other() -> None:
    sign = SeenSign(word="HOT", font="sans", turn=0, box=Box(10, 10, 90, 50))
    truth = Truth(side=100, background="plain", sign=sign)
    assert Claim(says="HOT").grade(truth) == 2
    assert Claim(says="HAT").grade(truth) == 0
    assert Claim(says="HOT").grade(CIRCLE_LEFT_OF_SQUARE) == 0
