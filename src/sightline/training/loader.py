"""Samples → batches: read, decoded, varied and cut into tokens by threads ahead of the training.

Everything is drawn from the seed, the epoch and the sample, never from what came before. So batch n
is the same whether a run came there in one go, was resumed there, or is shared by processes.
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from sightline.errors import PhotoError, UsageError
from sightline.photos.read import PixelRecipe, decode
from sightline.training.augment import Augmentation, Pixels, augment
from sightline.training.distributed import Group
from sightline.training.dual_encoder import DualEncoderConfig
from sightline.training.features import padded
from sightline.training.samples import Sample
from sightline.training.wording import Wording, draw_caption

_AHEAD = 2  # batches in the making while one is learned from
_MOST_SUBSTITUTES = 100


@dataclass(frozen=True)
class Batch:
    """Pairs to learn from.

    pixels: uint8 (n, size, size, 3). ids, mask: int64 (n, length).
    captions: int64 (n,), equal where the captions are.
    photos: int64 (n,), equal where the photos are.
    """

    pixels: Tensor
    ids: Tensor
    mask: Tensor
    captions: Tensor
    photos: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    def chunks(self, size: int) -> "list[Batch]":
        """The batch in pieces of at most `size`."""
        return [
            Batch(
                self.pixels[start : start + size],
                self.ids[start : start + size],
                self.mask[start : start + size],
                self.captions[start : start + size],
                self.photos[start : start + size],
            )
            for start in range(0, len(self), size)
        ]

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(
            self.pixels.to(device),
            self.ids.to(device),
            self.mask.to(device),
            self.captions.to(device),
            self.photos.to(device),
        )


@dataclass(frozen=True)
class Drawn:
    """One sample as a batch takes it."""

    index: int
    pixels: Pixels
    caption: str


@dataclass
class Loader:
    """Draws batches from samples.

    Attributes:
        samples: all there are.
        model: which input sizes are wanted.
        augmentation, wording: how photos and captions are varied.
        tokenizer: cuts captions at the model's context.
        seed: of everything drawn.
        batch: pairs a step, over all processes.
        group: the processes that share each batch.
        workers: threads that read and decode.
        unreadable: samples that turned out not to be photos: index → reason. Another one,
            drawn at random, takes the place of each.
    """

    samples: Sequence[Sample]
    model: DualEncoderConfig
    augmentation: Augmentation
    wording: Wording
    tokenizer: Tokenizer
    seed: int
    batch: int
    group: Group = field(default_factory=Group)
    workers: int = 1
    unreadable: dict[int, str] = field(default_factory=dict)

    @property
    def steps_an_epoch(self) -> int:
        """Batches in an epoch; what fills no batch is left for another epoch."""
        return len(self.samples) // self.batch

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """This process's part of the batches of steps `first` up to `last` - 1.

        Raises:
            UsageError: hardly any sample can be read.
        """
        with ThreadPoolExecutor(self.workers, "decode") as threads:
            making: deque[list[Future[Drawn]]] = deque()
            try:
                for step in range(first, last):
                    epoch, at = divmod(step, self.steps_an_epoch)
                    indices = self.order(epoch)[at * self.batch : (at + 1) * self.batch]
                    mine = indices[self.group.rank :: self.group.size]
                    making.append([threads.submit(self.draw, epoch, int(i)) for i in mine])
                    if len(making) > _AHEAD:
                        yield self._together(making.popleft())
                while making:
                    yield self._together(making.popleft())
            finally:
                for future in (future for batch in making for future in batch):
                    future.cancel()

    def order(self, epoch: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Every sample once: the indices of an epoch, shuffled."""
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.samples))

    def draw(self, epoch: int, index: int) -> Drawn:
        """A sample as this epoch varies it; another one if it can't be read."""
        chance = np.random.default_rng([self.seed, epoch, index])
        for _ in range(_MOST_SUBSTITUTES):
            sample = self.samples[index]
            if index not in self.unreadable:
                try:
                    canvas = self._canvas(sample)
                except PhotoError as error:
                    self.unreadable[index] = str(error)
                else:
                    caption = draw_caption(sample.captions, self.wording, chance)
                    size, settings = self.model.size, self.augmentation
                    pixels = augment(canvas, size, sample.captions, settings, chance)
                    return Drawn(index, pixels, caption)
            index = int(chance.integers(len(self.samples)))
        raise UsageError(
            f"{len(self.unreadable):,} of {len(self.samples):,} photos can't be read; "
            f"{self.samples[index].name}: {self.unreadable[index]}"
        )

    def _canvas(self, sample: Sample) -> Pixels:
        side = self.augmentation.canvas(self.model.size)
        return decode(sample.read(), PixelRecipe(side, self.model.fit, "bicubic"))[1]

    def _together(self, making: list[Future[Drawn]]) -> Batch:
        drawn = [future.result() for future in making]
        captions = [one.caption for one in drawn]
        ids, mask = tokens_of(captions, self.tokenizer)
        return Batch(
            torch.from_numpy(np.stack([one.pixels for one in drawn])),
            ids,
            mask,
            torch.tensor([caption_id(caption) for caption in captions]),
            torch.tensor([one.index for one in drawn]),
        )


def tokens_of(captions: Sequence[str], tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """Sentences → ids and mask, int64 (n, longest)."""
    ids, mask = padded([encoding.ids for encoding in tokenizer.encode_batch(list(captions))])
    return torch.from_numpy(ids), torch.from_numpy(mask)


def caption_id(caption: str) -> int:
    """A number for a caption, equal in every process and for every spelling of its case."""
    digest = hashlib.sha256(caption.strip().lower().encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little", signed=True)
