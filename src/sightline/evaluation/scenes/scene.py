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
class Planned:
    """A picture to be drawn, and what will be true of it."""

    claim: Claim
    plan: Plan


@dataclass(frozen=True)
class Drawn:
    """A picture with what is true of it."""

    claim: Claim
    truth: Truth
    image: Image


def make_scene(seed: int, family: str, number: int, side: int) -> tuple[Drawn, Drawn]:
    """Scene `number` of a family, depending on nothing but these four: the picture and its foil.

    Args:
        side: width and height of both in pixels.
    """
    picture, foil = plan_scene(seed, family, number)
    return _drawn(picture, side), _drawn(foil, side)


def plan_scene(seed: int, family: str, number: int) -> tuple[Planned, Planned]:
    """The same, not yet drawn."""
    dice = Dice("sightline-scenes", GENERATOR, seed, family, number)
    one, other = FAMILIES[family](dice)
    picture, foil = (one, other) if dice.flip() else (other, one)
    tints = {item.colour for shown in (one, other) for item in shown.items}
    background, look = _background(dice, tints), _look(dice)

    def planned(shown: Side) -> Planned:
        return Planned(shown.claim, Plan(background, look, shown.items, shown.sign))

    return planned(picture), planned(foil)


def _drawn(planned: Planned, side: int) -> Drawn:
    image, truth = draw(planned.plan, side)
    return Drawn(planned.claim, truth, image)


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
