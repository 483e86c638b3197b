"""What a scene is made of: names and colours that nobody confuses, and items in their places."""

from dataclasses import replace

from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.painting import Item
from sightline.evaluation.scenes.palette import COLOURS, differ
from sightline.evaluation.scenes.placing import Spot, two_spots
from sightline.evaluation.scenes.shapes import SHAPES
from sightline.evaluation.scenes.things import THINGS

PLAIN_SHAPES = tuple(name for name in SHAPES if name != "arrow")  # an arrow also says where to
NAMES = PLAIN_SHAPES + tuple(THINGS)
COLOUR_NAMES = tuple(COLOURS)
_SIMILAR = (
    {"circle", "ring", "clock", "balloon", "apple"},
    {"square", "diamond"},
    {"triangle", "house"},
    {"tree", "flower", "mushroom", "balloon"},
    {"umbrella", "mushroom"},
    {"cup", "hat"},
    {"cross", "key"},
)
TILT = 10.0  # degrees: things rarely stand quite straight


def alone(dice: Dice, name: str, tint: str) -> Item:
    """One large item near the middle."""
    spot = (0.5 + dice.around(0.08), 0.5 + dice.around(0.08))
    return tilted(dice, name, tint, spot, dice.uniform(0.28, 0.37))


def two_items(dice: Dice, names: tuple[str, ...] = NAMES) -> tuple[Item, Item]:
    """Two of different names and colours, apart from one another."""
    first, second = two_names(dice, names)
    tint, other_tint = two_colours(dice)
    spot, other_spot = two_spots(dice)
    reach = dice.uniform(0.17, 0.2)
    return (
        tilted(dice, first, tint, spot, reach),
        tilted(dice, second, other_tint, other_spot, reach),
    )


def tilted(dice: Dice, name: str, tint: str, spot: Spot, reach: float) -> Item:
    """An item that stands a little askew."""
    return Item(name, tint, *spot, reach, dice.around(TILT))


def moved(item: Item, spot: Spot) -> Item:
    """The same at another place."""
    return replace(item, x=spot[0], y=spot[1])


def sized(item: Item, reach: float) -> Item:
    """Larger or smaller, and moved inwards where it would leave the picture."""
    least, most = 1.12 * reach, 1 - 1.12 * reach
    x, y = (min(max(value, least), most) for value in (item.x, item.y))
    return replace(item, x=x, y=y, reach=reach)


def two_names(dice: Dice, names: tuple[str, ...] = NAMES) -> tuple[str, str]:
    """Of things that look nothing alike."""
    first = dice.pick(names)
    return first, dice.pick([name for name in names if unlike(name, first)])


def two_colours(dice: Dice) -> tuple[str, str]:
    """That anybody tells apart at a glance."""
    first = dice.pick(COLOUR_NAMES)
    return first, dice.pick([name for name in COLOURS if differ(name, first)])


def unlike(name: str, other: str) -> bool:
    """Whether nobody takes one for the other."""
    return name != other and not any({name, other} <= group for group in _SIMILAR)
