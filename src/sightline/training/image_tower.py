"""EfficientNet-Lite: the image tower, pixels → one vector of features.

EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) without squeeze-and-excitation and
with ReLU6 in place of swish, which makes it cheap on a CPU and easy to quantise. Layer sizes follow
the reference implementation, `tensorflow/tpu/models/official/efficientnet/lite`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Variant = Literal["lite0", "lite2"]

FEATURES = 1280
"""Channels behind the last convolution, the same in every variant."""

LEVEL_GAIN = 0.2
"""Outputs of blocks spread about five times as far as what the last ReLU6 lets through."""

STEM_CHANNELS = 32
NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """Blocks in a row that share a kernel and a width; the first of them takes the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)


@dataclass(frozen=True)
class Scale:
    """How a variant grows the stages: wider channels, more blocks, a larger picture."""

    width: float
    depth: float
    size: int


SCALES: dict[Variant, Scale] = {
    "lite0": Scale(width=1.0, depth=1.0, size=224),
    "lite2": Scale(width=1.1, depth=1.2, size=260),
}


def scaled_stages(scale: Scale) -> list[Stage]:
    """The stages of a variant. The first and last keep their depth in the Lite family."""
    last = len(STAGES) - 1
    return [
        stage._replace(
            channels=_round_channels(stage.channels * scale.width),
            blocks=stage.blocks if index in (0, last) else -int(-stage.blocks * scale.depth // 1),
        )
        for index, stage in enumerate(STAGES)
    ]


def check_levels(variant: Variant, levels: Sequence[int]) -> None:
    """See that these blocks of a variant stand on its last grid.

    Raises:
        ValueError: one of them doesn't.
    """
    strides = [
        stage.stride if index == 0 else 1
        for stage in scaled_stages(SCALES[variant])
        for index in range(stage.blocks)
    ]
    last_grid = range(len(strides) - strides[::-1].index(2) - 1, len(strides))
    for level in levels:
        if level not in last_grid:
            raise ValueError(
                f"block {level} of {variant} is not on its last grid: take levels from "
                f"{last_grid.start} to {last_grid.stop - 1}"
            )


def _round_channels(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, never losing more than a tenth of the channels."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


class ConvNorm(nn.Module):
    """Convolution and batch norm, padded as TensorFlow pads ("SAME": the odd pixel at the end)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ):
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=NORM_EPSILON, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        rows = _same_padding(x.shape[2], self.kernel, self.stride)
        columns = _same_padding(x.shape[3], self.kernel, self.stride)
        if any(rows + columns):
            x = functional.pad(x, (*columns, *rows))
        y: Tensor = self.norm(self.conv(x))
        return y

    def fold_norm(self) -> None:
        """Make the norm, as it is in evaluation mode, part of the convolution: exact and cheaper.

        What trains from here on trains with a norm that stays as it is.
        """
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d):
            return
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        folded = nn.Conv2d(
            self.conv.in_channels,
            self.conv.out_channels,
            self.kernel,
            self.stride,
            groups=self.conv.groups,
        )
        assert folded.bias is not None
        folded.weight.data = (self.conv.weight * scale[:, None, None, None]).detach()
        folded.bias.data = (norm.bias - norm.running_mean * scale).detach()
        self.conv, self.norm = folded, nn.Identity()

    def unfold_norm(self) -> None:
        """The opposite of `fold_norm`: a norm that adds the convolution's bias and no more."""
        bias = self.conv.bias
        assert bias is not None
        norm = nn.BatchNorm2d(len(bias), eps=NORM_EPSILON, momentum=0.01)
        norm.weight.data.fill_((1 + NORM_EPSILON) ** 0.5)  # undoes the division by its deviation
        norm.bias.data.copy_(bias.data)
        self.conv.bias, self.norm = None, norm.to(bias.device)
        norm.train(self.training)


def _same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, so that the output has ceil(length / stride) positions."""
    outputs = -(-length // stride)
    missing = max((outputs - 1) * stride + kernel - length, 0)
    return missing // 2, missing - missing // 2


class Block(nn.Module):
    """Inverted bottleneck (MobileNetV2, https://arxiv.org/abs/1801.04381).

    1×1 convolution to a wide layer, one k×k filter a channel there, 1×1 convolution back.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = inputs * expansion
        self.has_shortcut = stride == 1 and inputs == outputs
        self.expand = ConvNorm(inputs, wide) if expansion > 1 else None
        self.depthwise = ConvNorm(wide, wide, kernel, stride, groups=wide)
        self.project = ConvNorm(wide, outputs)
        self.skip_rate = 0.0  # how often training leaves the block out; a recipe sets it

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else functional.relu6(self.expand(x))
        y = functional.relu6(self.depthwise(y))
        y = self.project(y)
        if not self.has_shortcut:
            return y
        if self.training and self.skip_rate > 0:  # stochastic depth (Huang et al. 2016, 1603.09382)
            stays = torch.rand(len(y), 1, 1, 1, device=y.device) >= self.skip_rate
            y = y * stays / (1 - self.skip_rate)
        return x + y


class Grids(NamedTuple):
    """What the tower sees at each place.

    coarse: the last grid, (n, channels, rows, columns); the tower's features are made of it.
    fine: what it was made of, before the last halving: twice as many rows and columns.
    """

    coarse: Tensor
    fine: Tensor


class EfficientNetLite(nn.Module):
    """Normalised pixels (n, 3, size, size) → features (n, 1280 and the channels of each level).

    The last convolution was made to tell ImageNet's classes apart, and drops what they don't need:
    how many, what is being done, in front of what. `levels` are blocks whose output is read beside
    it, at no cost, for it was computed anyway.

    Args:
        size: the side of the pictures; the variant's own by default. The network takes any, and a
            smaller one costs less.
        levels: blocks, counted from 0, on the last grid.

    Raises:
        ValueError: a level lies before the last halving, or behind the last block.
    """

    def __init__(
        self, variant: Variant = "lite0", size: int | None = None, levels: Sequence[int] = ()
    ):
        super().__init__()
        scale = SCALES[variant]
        self.size = size or scale.size
        self.stem = ConvNorm(3, STEM_CHANNELS, kernel=3, stride=2)
        self.blocks = nn.ModuleList()
        widths = [STEM_CHANNELS]  # of what goes into each block, and comes out of the last
        for stage in scaled_stages(scale):
            for index in range(stage.blocks):
                stride = stage.stride if index == 0 else 1
                self.blocks.append(
                    Block(widths[-1], stage.channels, stage.kernel, stride, stage.expansion)
                )
                widths.append(stage.channels)
        self.head = ConvNorm(widths[-1], FEATURES)
        self.levels = tuple(sorted(set(levels)))
        check_levels(variant, self.levels)
        self.features = FEATURES + sum(widths[level + 1] for level in self.levels)

    def early(self, x: Tensor, stop: int) -> Tensor:
        """Through the first `stop` blocks: (n, 3, size, size) → (n, channels, rows, columns)."""
        x = functional.relu6(self.stem(x))  # (n, 32, size / 2, size / 2)
        for block in self.blocks[:stop]:
            x = block(x)
        return x

    def late(self, x: Tensor, start: int) -> Tensor:
        """From block `start` to the grid before pooling, (n, features, rows, columns).

        What block `start - 1` put out is read too where that is a level.

        Raises:
            ValueError: a level lies before that, and can't be read any more.
        """
        if self.levels and self.levels[0] < start - 1:
            raise ValueError(f"level {self.levels[0]} is over before block {start} begins")
        read = [x] if start - 1 in self.levels else []
        for index in range(start, len(self.blocks)):
            x = self.blocks[index](x)
            if index in self.levels:
                read.append(x)
        last = functional.relu6(self.head(x))
        return torch.cat([last, *(LEVEL_GAIN * level for level in read)], dim=1) if read else last

    def grids(self, x: Tensor) -> Grids:
        """Both patch grids: (n, 3, size, size) → `Grids`."""
        halving = max(i for i, block in enumerate(self.blocks) if block.depthwise.stride == 2)
        fine = self.early(x, halving)
        return Grids(self.late(fine, halving), fine)

    def patches(self, x: Tensor) -> Tensor:
        """The grid before pooling: (n, 3, size, size) → (n, features, size / 32, size / 32)."""
        return self.late(self.early(x, 0), 0)

    def pool(self, coarse: Tensor) -> Tensor:
        """The mean over all places: (n, features, rows, columns) → (n, features)."""
        return coarse.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.patches(x))

    def fold_norms(self) -> "EfficientNetLite":
        """Fold every norm into its convolution, in place."""
        for module in self.modules():
            if isinstance(module, ConvNorm):
                module.fold_norm()
        return self


def unfold_norms(tower: nn.Module) -> None:
    """Give convolutions with folded norms a norm again, one that does what their bias did.

    So that one architecture has one set of weights' names, in checkpoints and everywhere else.
    """
    for module in tower.modules():
        if isinstance(module, ConvNorm) and isinstance(module.norm, nn.Identity):
            module.unfold_norm()


def normalise(pixels: Tensor) -> Tensor:
    """uint8 pixels (n, height, width, 3) RGB → what the network was trained on, (n, 3, h, w).

    The Lite family was trained on (pixel - 127) / 128. Its PyTorch port speaks of ImageNet's mean
    and deviation, inherited from EfficientNet-B: with those the same weights know fewer photos.
    """
    return ((pixels.float() - 127.0) / 128.0).permute(0, 3, 1, 2)
