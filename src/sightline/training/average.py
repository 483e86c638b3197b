"""The moving average of a model's weights, which retrieves better than the last weights do.

Each step pulls the weights to where its own batch wants them; averaged over many steps those pulls
cancel (Polyak and Juditsky 1992; with a decay, Izmailov et al. 2018, https://arxiv.org/abs/1803.05407).
"""

from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import nn

Model = TypeVar("Model", bound=nn.Module)


class MovingAverage(Generic[Model]):
    """average ← decay · average + (1 - decay) · weights, after each step.

    Early on the decay is lower, min(decay, (1 + n) / (10 + n)) after n updates: an average over
    thousands of steps would otherwise be mostly random weights for as long.

    Attributes:
        model: a copy in evaluation mode with the averaged weights; buffers are the newest ones.
        updates: how many there were.
    """

    def __init__(self, model: Model, decay: float, updates: int = 0):
        self.model: Model = deepcopy(model).eval().requires_grad_(False)
        self.decay, self.updates = decay, updates

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the weights that `model` has now."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        weights = dict(model.named_parameters())
        for name, average in self.model.named_parameters():
            average.lerp_(weights[name], 1 - decay)
        newest = dict(model.named_buffers())
        for name, buffer in self.model.named_buffers():
            buffer.copy_(newest[name])
