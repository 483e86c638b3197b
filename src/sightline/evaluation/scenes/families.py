"""What each family tests: two pictures that differ in one thing, and a claim true of each.

A family gives two *sides* of equal standing; which of them is the picture and which the foil is
decided by a coin (`scene.py`). So captions alone give nothing away: an encoder that always prefers
"an upright house" to "an upside-down house" gets half of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sightline.evaluation.scenes.choosing import (
    COLOUR_NAMES,
    NAMES,
    TILT,
    alone,
    moved,
    sized,
    tilted,
    two_colours,
    two_items,
    two_names,
    unlike,
)
from sightline.evaluation.scenes.claims import TURNS, Claim, Pose, Relation, Thing
from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.lettering import FONTS
from sightline.evaluation.scenes.painting import TEXTURES, Item
from sightline.evaluation.scenes.picture import Sign
from sightline.evaluation.scenes.placing import cells, overlapping, two_spots
from sightline.evaluation.scenes.things import THINGS, WITH_AN_UP
from sightline.evaluation.scenes.words import two_words

_LARGE_FACES = ("circle", "square", "triangle", "star", "heart", "cross", "diamond")
_TINY = ("circle", "square", "triangle", "star", "heart", "cross", "fish", "key", "moon")
_SOLID = ("circle", "square", "triangle", "star", "heart", "house", "fish", "car", "cup", "apple",
          "cat", "shirt", "mushroom")  # fmt: skip
_BOARDS = (("white", "black"), ("white", "red"), ("yellow", "black"), ("blue", "white"),
           ("red", "white"), ("green", "white"), ("black", "yellow"))  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One picture of a pair: what is on it, and what is true of it and not of the other."""

    claim: Claim
    items: tuple[Item, ...] = ()
    sign: Sign | None = None


Sides = tuple[Side, Side]


def object_(dice: Dice) -> Sides:
    """`a red umbrella` or `a red fish`: is the thing itself known? The control of all others."""
    first, second = two_names(dice)
    item = alone(dice, first, dice.pick(COLOUR_NAMES))
    return _side(item), _side(replace(item, shape=second))


def colour(dice: Dice) -> Sides:
    """`a red car` or `a blue car`."""
    first, second = two_colours(dice)
    item = alone(dice, dice.pick(NAMES), first)
    return _side(item), _side(replace(item, colour=second))


def attribute(dice: Dice) -> Sides:
    """`a red circle and a blue square` or `a blue circle and a red square`."""
    first, second = two_items(dice)
    swapped = replace(first, colour=second.colour), replace(second, colour=first.colour)
    return _side(first, second), _side(*swapped)


def texture(dice: Dice) -> Sides:
    """`a striped circle and a dotted square`, or the textures the other way round."""
    first, second = two_items(dice, _LARGE_FACES)
    one, other = dice.some(TEXTURES, 2)
    first = replace(first, texture=one)
    second = replace(second, texture=other, colour=first.colour)
    swapped = replace(first, texture=other), replace(second, texture=one)

    def side(*items: Item) -> Side:
        things = tuple(Thing(shape=item.shape, texture=item.texture) for item in items)
        return Side(Claim(things=things), items)

    return side(first, second), side(*swapped)


def size(dice: Dice) -> Sides:
    """`a big red car and a little blue star`, or the sizes the other way round."""
    first, second = two_items(dice)
    big, little = dice.uniform(0.22, 0.24), dice.uniform(0.1, 0.115)

    def side(relation: Relation, reach: float, other_reach: float) -> Side:
        return _side(sized(first, reach), sized(second, other_reach), relation=relation)

    return side("bigger than", big, little), side("smaller than", little, big)


def count(dice: Dice) -> Sides:
    """`three red apples` or `five red apples`."""
    numbers = dice.some(range(1, 7), 2)
    name, tint = dice.pick(NAMES), dice.pick(COLOUR_NAMES)
    reach = dice.uniform(0.11, 0.13)
    items = [
        Item(name, tint, x, y, reach, dice.around(TILT)) for x, y in cells(dice, 3, jitter=0.015)
    ]
    thing = Thing(shape=name, colour=tint)
    few, many = (
        Side(Claim(things=(thing,), count=number), tuple(items[:number])) for number in numbers
    )
    return few, many


def position(dice: Dice) -> Sides:
    """`a red cup to the left of a blue star` or `to the right of`; above and below."""
    across = dice.flip()
    relations: tuple[Relation, Relation] = (
        ("to the left of", "to the right of") if across else ("above", "below")
    )
    near, far = 0.27 + dice.around(0.02), 0.73 + dice.around(0.02)
    level = 0.5 + dice.around(0.12)
    other_level = level + dice.around(0.04)
    spots = [(near, level), (far, other_level)]
    spots = spots if across else [(y, x) for x, y in spots]
    first, second = two_items(dice)

    def side(relation: Relation, spot: tuple[float, float], other: tuple[float, float]) -> Side:
        return _side(moved(first, spot), moved(second, other), relation=relation)

    return side(relations[0], spots[0], spots[1]), side(relations[1], spots[1], spots[0])


def negation(dice: Dice) -> Sides:
    """`a red cup and no star` or `a red cup and a star`; where the star isn't, another may be."""
    first, second = two_items(dice)
    stranger = next(
        name
        for name in dice.shuffled(NAMES)
        if unlike(name, first.shape) and unlike(name, second.shape)
    )
    instead = (replace(second, shape=stranger),) if dice.flip() else ()
    kept, absent = Thing(shape=first.shape, colour=first.colour), Thing(shape=second.shape)
    return (
        Side(Claim(things=(kept,), absent=absent), (first, *instead)),
        Side(Claim(things=(kept, absent)), (first, second)),
    )


def occlusion(dice: Dice) -> Sides:
    """`a red circle in front of a blue square` or `behind`: both are partly seen, or wholly."""

    def make() -> tuple[Item, Item]:
        first, second = two_items(dice, _SOLID)
        spots = two_spots(dice)
        nearer = [(0.5 + (x - 0.5) * 0.58, 0.5 + (y - 0.5) * 0.58) for x, y in spots]
        reach = dice.uniform(0.24, 0.27)
        one, other = (
            replace(moved(item, spot), reach=reach)
            for item, spot in zip((first, second), nearer, strict=True)
        )
        return one, other

    first, second = overlapping(make, least=0.15, most=0.38)
    pair = tuple(Thing(shape=item.shape, colour=item.colour) for item in (first, second))
    return (
        Side(Claim(things=pair, relation="in front of"), (second, first)),
        Side(Claim(things=pair, relation="behind"), (first, second)),
    )


def tiny(dice: Dice) -> Sides:
    """`a blue house and a very small red star`, or another very small thing."""
    first, second = dice.some(_TINY, 2)
    large = dice.pick([name for name in THINGS if name not in _TINY])
    tint, other_tint = two_colours(dice)
    left = dice.flip()
    spot = (0.36 if left else 0.64) + dice.around(0.03), 0.5 + dice.around(0.12)
    house = tilted(dice, large, tint, spot, dice.uniform(0.24, 0.28))
    corner = (dice.uniform(0.8, 0.92) if left else dice.uniform(0.08, 0.2), dice.uniform(0.1, 0.9))
    speck = tilted(dice, first, other_tint, corner, dice.uniform(0.041, 0.046))

    def side(item: Item) -> Side:
        things = (
            Thing(shape=house.shape, colour=house.colour),
            Thing(shape=item.shape, colour=item.colour, tiny=True),
        )
        return Side(Claim(things=things), (house, item))

    return side(speck), side(replace(speck, shape=second))


def rotation(dice: Dice) -> Sides:
    """`an upright house` or `an upside-down house`; `an arrow pointing up` or `left`."""
    arrow = dice.below(3) == 0
    item = alone(dice, "arrow" if arrow else dice.pick(WITH_AN_UP), dice.pick(COLOUR_NAMES))
    poses = [pose for pose in TURNS if pose.startswith("pointing") == arrow]
    first, second = dice.some(poses, 2)

    def side(pose: Pose) -> Side:
        turn = dice.pick(TURNS[pose]) + item.turn
        thing = Thing(shape=item.shape, colour=item.colour, pose=pose)
        return Side(Claim(things=(thing,)), (replace(item, turn=turn),))

    return side(first), side(second)


def clutter(dice: Dice) -> Sides:
    """`a red key among many other things`; the foil's colour is there, on something else."""
    names = dice.shuffled(NAMES)
    tint, other_tint = two_colours(dice)
    spots = cells(dice, 4, jitter=0.012)[: dice.between(12, 15)]
    # The first after the sought one have its colour and the foil's: the colour alone finds neither.
    tints = [tint, tint, tint, other_tint, other_tint]
    tints += [dice.pick(COLOUR_NAMES) for _ in spots[len(tints) :]]
    items = [
        tilted(dice, name, shade, spot, dice.uniform(0.088, 0.102))
        for name, shade, spot in zip(names, tints, spots, strict=False)
    ]
    order = dice.shuffled(range(len(items)))

    def side(shade: str) -> Side:
        sought = replace(items[0], colour=shade)
        everything = [sought, *items[1:]]
        claim = Claim(things=(Thing(shape=sought.shape, colour=shade),), crowd=True)
        return Side(claim, tuple(everything[at] for at in order))

    return side(tint), side(other_tint)


def text(dice: Dice) -> Sides:
    """`a sign that says HOT` or `HAT`, in eight kinds of lettering."""
    word, other = two_words(dice)
    board, ink = dice.pick(_BOARDS)
    sign = Sign(
        word=word,
        font=dice.pick(FONTS),
        board=board,
        ink=ink,
        x=0.5 + dice.around(0.04),
        y=0.5 + dice.around(0.12),
        width=dice.uniform(0.7, 0.84),
        turn=dice.around(8),
    )
    return (
        Side(Claim(says=word), sign=sign),
        Side(Claim(says=other), sign=replace(sign, word=other)),
    )


FAMILIES: dict[str, Callable[[Dice], Sides]] = {
    "object": object_,
    "colour": colour,
    "attribute": attribute,
    "texture": texture,
    "size": size,
    "count": count,
    "position": position,
    "negation": negation,
    "occlusion": occlusion,
    "tiny": tiny,
    "rotation": rotation,
    "clutter": clutter,
    "text": text,
}


def _side(*items: Item, relation: Relation | None = None) -> Side:
    things = tuple(Thing(shape=item.shape, colour=item.colour) for item in items)
    return Side(Claim(things=things, relation=relation), items)
