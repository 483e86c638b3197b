"""How the learning rate goes over a run: a pure function of the step."""

from math import cos, pi
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_FIRST, _LAST = 1 / 25, 1 / 25e4  # of the highest rate, as `torch.optim.lr_scheduler.OneCycleLR`

Fraction = Annotated[float, Meta(ge=0, le=1)]


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The shape of the learning rate.

    Attributes:
        kind: `cosine`: up in a straight line, then down along half a cosine to `floor`
            (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts).
            `one-cycle`: up from 1/25 and down to nearly nothing, both along half a cosine (Smith
            and Topin 2018, https://arxiv.org/abs/1708.07120). `constant`: up, then level.
        warm_up: the share of all steps that the way up takes.
        floor: where `cosine` ends, as a share of the highest rate.
    """

    kind: Literal["cosine", "one-cycle", "constant"] = "cosine"
    warm_up: Fraction = 0.1
    floor: Fraction = 0.0

    def factor(self, step: int, steps: int) -> float:
        """What the highest rate is multiplied by in step 0 … steps - 1."""
        if self.kind == "one-cycle":
            return self._one_cycle(step, steps)
        up = round(self.warm_up * steps)
        if step < up:
            return (step + 1) / up
        if self.kind == "constant":
            return 1.0
        return _between(1.0, self.floor, (step - up) / max(1, steps - up))

    def _one_cycle(self, step: int, steps: int) -> float:
        top = self.warm_up * steps - 1
        if step <= top:
            return _between(_FIRST, 1.0, step / top if top else 1.0)
        return _between(1.0, _LAST, (step - top) / (steps - 1 - top))


def _between(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine."""
    return end + (start - end) * (1 + cos(pi * share)) / 2
