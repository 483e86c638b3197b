"""Where objects stand, so that none hides or touches another."""

from collections.abc import Callable
from math import cos, radians, sin

from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.painting import Item, Look, paint_item

Spot = tuple[float, float]

_SIDE = 96  # pixels: enough to tell how much of an object another one hides
_FLAT = Look(line=0.04, light=0.0, light_from=0.0, shadow=0.0)


def two_spots(dice: Dice) -> tuple[Spot, Spot]:
    """Two places opposite one another, side by side or one over the other or aslant."""
    angle = radians(dice.pick((0, 45, 90, 135, 180, 225, 270, 315)) + dice.around(10))
    apart = dice.uniform(0.24, 0.26)
    x, y = dice.around(0.02), dice.around(0.02)
    across, down = apart * cos(angle), apart * sin(angle)
    return (0.5 + x + across, 0.5 + y + down), (0.5 + x - across, 0.5 + y - down)


def cells(dice: Dice, per_side: int, jitter: float) -> list[Spot]:
    """Middles of the cells of a grid, a little moved, in random order."""
    return dice.shuffled(
        [
            (
                0.5 + (0.94 / per_side) * (column - (per_side - 1) / 2) + dice.around(jitter),
                0.5 + (0.94 / per_side) * (row - (per_side - 1) / 2) + dice.around(jitter),
            )
            for row in range(per_side)
            for column in range(per_side)
        ]
    )


def overlapping(
    make: Callable[[], tuple[Item, Item]], least: float, most: float
) -> tuple[Item, Item]:
    """Ask for two items until each would hide between `least` and `most` of the other."""
    while True:
        first, second = make()
        shares = _hidden_shares(first, second)
        if all(least <= share <= most for share in shares):
            return first, second


def _hidden_shares(first: Item, second: Item) -> tuple[float, float]:
    one, other = (paint_item(item, _FLAT, _SIDE) for item in (first, second))
    return (
        float(one.hidden_by(other).sum() / one.area.sum()),
        float(other.hidden_by(one).sum() / other.area.sum()),
    )
