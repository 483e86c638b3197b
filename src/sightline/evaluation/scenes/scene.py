"""One scene: two pictures, and for each a caption that is true of it and not of the other."""

from __future__ import annotations

from dataclasses import dataclass

from PIL.Image import Image

from sightline.evaluation.scenes.backgrounds import KINDS, Background
from sightline.evaluation.scenes.claims import Claim
from sightline.evaluation.scenes.dice import Dice
from sightline.evaluation.scenes.families import FAMILIES, Side
from sightline.evaluation.scenes.painting import Look
from sightline.evaluation.scenes.picture import Plan, draw
from sightline.evaluation.scenes.truth import Truth

GENERATOR = 1
"""Goes up with every change that alters a pixel or a caption of a scene made before."""


@dataclass(frozen=True)
class Drawn:
    """A picture with what is true of it."""

    claim: Claim
    truth: Truth
    image: Image


@dataclass(frozen=True)
class Scene:
    """A minimal pair."""

    picture: Drawn
    foil: Drawn


def make_scene(seed: int, family: str, number: int, side: int) -> Scene:
    """Scene `number` of a family; depends on nothing but these four.

    Args:
        side: width and height of its pictures in pixels.
    """
    dice = Dice("sightline-scenes", GENERATOR, seed, family, number)
    sides = FAMILIES[family](dice)
    one, other = sides if dice.flip() else sides[::-1]
    tints = {item.colour for side_ in sides for item in side_.items}
    background, look = _background(dice, tints), _look(dice)

    def drawn(plan: Side) -> Drawn:
        image, truth = draw(Plan(background, look, plan.items, plan.sign), side)
        return Drawn(plan.claim, truth, image)

    return Scene(drawn(one), drawn(other))


def _background(dice: Dice, tints: set[str]) -> Background:
    """Neither so dark that black is lost nor so bright that white is."""
    darkest = 125 if "black" in tints else 110
    brightest = 150 if "white" in tints else 195
    warmth = dice.around(0.04)
    return Background(
        kind=dice.pick(KINDS),
        brightness=dice.uniform(darkest, brightest),
        tint=(1 + warmth, 1.0, 1 - warmth),
        seed=f"background/{dice.below(2**32)}",
    )


def _look(dice: Dice) -> Look:
    return Look(
        line=dice.uniform(0.03, 0.06),
        light=dice.uniform(0.15, 0.35) if dice.flip() else 0.0,
        light_from=dice.uniform(-70, 70),
        shadow=dice.uniform(0.2, 0.4) if dice.flip() else 0.0,
    )
