"""A small convolutional network: the image tower to learn from scratch with.

Four stages, each halving the picture with a strided 3×3 convolution and adding another as a
residual. Two choices differ from the tower in `image_tower.py`, both for the student's sake:

- Channels are normed within each picture (group norm, Wu and He 2018, arXiv:1803.08494), not over
  the batch: what a picture becomes doesn't depend on its neighbours, so a batch in pieces gives
  exactly the gradients of a batch at once.
- The last grid is kept as a coarse 4×4 instead of one mean: *where* a thing stands is still there
  for the projection to read, which "top left" in a caption needs.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from sightline.training.image_tower import Grids

CELLS = 4
"""The side of the grid that becomes the features."""

GROUPS = 8


class Stage(nn.Module):
    """(n, inputs, side, side) → (n, outputs, side / 2, side / 2)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.halve = nn.Conv2d(inputs, outputs, kernel_size=3, stride=2, padding=1, bias=False)
        self.halve_norm = nn.GroupNorm(GROUPS, outputs)
        self.refine = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False)
        self.refine_norm = nn.GroupNorm(GROUPS, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.halve_norm(self.halve(x)))
        return functional.relu(x + self.refine_norm(self.refine(x)))


class ConvNet(nn.Module):
    """Normalised pixels (n, 3, size, size) → features (n, 4 · 4 · 4 · width).

    `width`: channels of the first stage, a multiple of 8; the last has four times as many.
    """

    def __init__(self, size: int, width: int = 32):
        super().__init__()
        self.size = size
        self.features = CELLS * CELLS * 4 * width
        channels = (3, width, 2 * width, 2 * width, 4 * width)
        self.stages = nn.ModuleList(
            Stage(inputs, outputs) for inputs, outputs in pairwise(channels)
        )

    def patches(self, x: Tensor) -> Tensor:
        """The grid before pooling: (n, 3, size, size) → (n, 4 · width, size / 16, size / 16)."""
        for stage in self.stages:
            x = stage(x)
        return x

    def grids(self, x: Tensor) -> Grids:
        """Both patch grids: (n, 3, size, size) → `Grids`."""
        for stage in self.stages[:-1]:
            x = stage(x)
        return Grids(self.stages[-1](x), x)

    def pool(self, coarse: Tensor) -> Tensor:
        """Means over 4 x 4 cells: (n, 4 · width, rows, columns) → (n, 4 · 4 · 4 · width)."""
        return functional.adaptive_avg_pool2d(coarse, CELLS).flatten(start_dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.patches(x))
