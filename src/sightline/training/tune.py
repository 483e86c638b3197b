"""Tuning of both towers from trained heads: the second stage of the bundled model's recipe.

Like `loop.py` it pulls pairs together, and adds what a small set of photos needs:

- only the last blocks and layers learn, with all norms as ImageNet left them;
- captions that mean nearly the same are no enemies: half of each target goes to the captions of the
  batch that the untouched text tower finds alike;
- names of things stay known: `class_names.py`;
- a search is shorter than a caption and has many answers: `typed_queries.py`;
- one word can make a caption wrong: `foils.py`.

Read `tune` top to bottom; each step is one paragraph.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from sightline.training.augment import forbids_mirror
from sightline.training.average import MovingAverage
from sightline.training.captions import CaptionedPhoto
from sightline.training.class_names import ClassNames
from sightline.training.dual_encoder import DualEncoder
from sightline.training.early_maps import Maps
from sightline.training.features import padded
from sightline.training.foils import foil
from sightline.training.image_tower import Block, EfficientNetLite
from sightline.training.losses import info_nce, soft_fits
from sightline.training.parameter_groups import set_rates
from sightline.training.text_tower import Layer
from sightline.training.typed_queries import TypedQueries, search_loss
from sightline.training.wording import Wording, draw_caption

CHUNKS = 4
"""Captions of like length go through the text tower together, so that little of it is padding."""


@dataclass(frozen=True)
class TuneRecipe:
    """Everything that decides what tuning makes of the weights.

    Attributes:
        first_block, first_layer: where learning begins in the image and the text tower.
        warm_up, decay: steps in which the rates rise, and in which they fall to nothing.
        image_rate, text_rate, head_rate: the highest ones.
        average: decay of the moving average, which is what comes out.
        softness, likeness: the share of the target for captions alike, and how near counts as so:
            the temperature of the softmax over the untouched text tower's cosines.
        names: weight of the loss over class names; `classes`: how many a batch.
        searches: weight of the loss over typed searches; `most_searches`: how many a batch.
        foils: weight of the loss over foils; `most_foils`: how many a batch.
        shorten: the share of captions cut down to what people type.
        window: how often a batch sees a random window of its maps rather than all of them.
        holes: the share of places left out of the mean.
        skip, text_dropout: of whole blocks, and within the text tower.
        image_dropout, text_head_dropout: of features and in the hidden layer of each projection.
    """

    seed: int = 0
    steps: int = 400
    batch: int = 256
    first_block: int = 16
    first_layer: int = 2
    warm_up: int = 40
    decay: int = 180
    image_rate: float = 2.2e-4
    text_rate: float = 7e-5
    head_rate: float = 3e-4
    weight_decay: float = 0.05
    longest_gradient: float = 1.0
    average: float = 0.99
    softness: float = 0.5
    likeness: float = 0.07
    names: float = 0.2
    classes: int = 48
    searches: float = 0.4
    most_searches: int = 64
    foils: float = 0.5
    most_foils: int = 40
    shorten: float = 0.2
    window: float = 0.5
    holes: float = 0.15
    skip: float = 0.1
    text_dropout: float = 0.1
    image_dropout: tuple[float, float] = (0.2, 0.2)
    text_head_dropout: tuple[float, float] = (0.1, 0.2)

    def factor(self, step: int) -> float:
        """What the highest rates are multiplied by: up, level, down to nothing, straight lines."""
        return min(1.0, (step + 1) / self.warm_up, max(self.steps - step, 1) / self.decay)


@dataclass(frozen=True)
class TuningPhotos:
    """What is learned from.

    views: for each view float16 (photos, rows, columns, channels), from `early_maps`.
    meaning: float32 (captions, 384), unit rows, of the untouched text tower, photo by photo.
    """

    photos: Sequence[CaptionedPhoto]
    views: Sequence[Maps]
    meaning: Tensor
    names: ClassNames
    searches: TypedQueries


@dataclass(frozen=True)
class Step:
    """What is told after each step."""

    number: int
    loss: float
    scale: float


def tune(
    encoder: DualEncoder,
    data: TuningPhotos,
    tokenizer: Tokenizer,
    recipe: TuneRecipe,
    watch: Callable[[Step, DualEncoder], None],
) -> DualEncoder:
    """Tune `encoder` in place; its image tower must have its norms folded.

    Args:
        watch: called after each step with the averaged encoder so far.

    Returns:
        The averaged encoder, in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng(recipe.seed)
    batches = _Batches(data, recipe, draw)
    optimiser = _prepare(encoder, recipe)
    average = MovingAverage(encoder, recipe.average)
    averaged = average.model
    scale, tower = encoder.temperature, encoder.image.tower
    assert isinstance(tower, EfficientNetLite)
    for number in range(recipe.steps):
        rows, maps, captions, meaning = batches.next()
        foils = _foils(captions, recipe.most_foils, draw)
        searches, answers = data.searches.draw(rows.tolist(), recipe.most_searches, draw)
        classes = data.names.asked_for(rows, recipe.classes)
        prompts = [data.names.prompts[row] for row in classes]

        images = encoder.image.projection(_features(tower, maps, recipe))
        kinds = (captions, prompts, searches, list(foils.values()))
        own, named, typed, wrong = _embed(encoder, tokenizer, kinds)

        fits = soft_fits(meaning, recipe.softness, recipe.likeness)
        loss = info_nce(images, own, scale(), fits=fits)
        loss = loss + recipe.names * data.names.loss(images, named, scale(), rows, classes)
        if searches:
            loss = loss + recipe.searches * search_loss(typed, images, answers, scale())
        if foils:
            at = torch.tensor(list(foils))
            share = len(at) / len(images)
            loss = loss + recipe.foils * share * _told_apart(images[at], own[at], wrong, scale())

        set_rates(optimiser, recipe.factor(number))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(encoder.parameters(), recipe.longest_gradient)
        optimiser.step()
        average.update(encoder)
        watch(Step(number + 1, loss.item(), scale().item()), averaged)
    return averaged


def blend(start: DualEncoder, tuned: DualEncoder, part: float) -> DualEncoder:
    """Weights between two encoders: (1 - part) · start + part · tuned, into `tuned`.

    What tuning forgot comes back, and what it learned mostly stays (WiSE-FT, Wortsman et al. 2022,
    arXiv:2109.01903). Both must come from the same run.
    """
    first = start.state_dict()
    with torch.no_grad():
        for name, weight in tuned.state_dict().items():
            weight.copy_(torch.lerp(first[name], weight, part))
    return tuned.eval()


class _Batches:
    """Every photo once an epoch, each time with one of its captions and in one of its views."""

    def __init__(self, data: TuningPhotos, recipe: TuneRecipe, draw: np.random.Generator):
        self._data, self._recipe, self._draw = data, recipe, draw
        counts = [len(photo.captions) for photo in data.photos]
        self._first = np.cumsum([0, *counts])[:-1]
        self._mirrors = [not any(map(forbids_mirror, photo.captions)) for photo in data.photos]
        self._wording = Wording(shorten=recipe.shorten)
        self._queue: NDArray[np.int64] = np.empty(0, np.int64)

    def next(self) -> tuple[Tensor, Tensor, list[str], Tensor]:
        """Rows of photos (n,), maps (n, channels, rows, columns), captions, meanings (n, 384)."""
        size, draw = self._recipe.batch, self._draw
        while len(self._queue) < size:
            self._queue = np.concatenate([self._queue, draw.permutation(len(self._data.photos))])
        rows, self._queue = np.sort(self._queue[:size]), self._queue[size:]
        view = self._data.views[int(draw.integers(len(self._data.views)))]
        maps = self._window(view[rows].astype(np.float32))
        mirrored = [row for row in range(size) if self._mirrors[rows[row]] and draw.random() < 0.5]
        maps[mirrored] = maps[mirrored, :, ::-1]
        captions, meanings = [], []
        for row in rows:
            own = self._data.photos[row].captions
            which = int(draw.integers(len(own)))
            captions.append(draw_caption(own[which : which + 1], self._wording, draw))
            meanings.append(self._first[row] + which)
        return (
            torch.from_numpy(rows),
            torch.from_numpy(maps).permute(0, 3, 1, 2),
            captions,
            self._data.meaning[meanings],
        )

    def _window(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """All of the maps, or the same window of each: a closer look that costs less."""
        if self._draw.random() >= self._recipe.window:
            return maps
        side = maps.shape[1]
        height, width = (int(n) for n in self._draw.integers(round(0.72 * side), side + 1, 2))
        top, left = (int(self._draw.integers(side - n + 1)) for n in (height, width))
        return maps[:, top : top + height, left : left + width].copy()


def _prepare(encoder: DualEncoder, recipe: TuneRecipe) -> torch.optim.AdamW:
    """Training mode with this recipe's dropout; gradients and rates for what learns."""
    image, text = encoder.image, encoder.text
    assert isinstance(image.tower, EfficientNetLite)
    for index, block in enumerate(image.tower.blocks):
        cast(Block, block).skip_rate = recipe.skip * index / len(image.tower.blocks)
    for layer in text.tower.layers:
        cast(Layer, layer).drop.p = recipe.text_dropout
    for projection, (before, inside) in (
        (image.projection, recipe.image_dropout),
        (text.projection, recipe.text_head_dropout),
    ):
        projection.drop.p = before
        cast(nn.Dropout, projection.correction[3]).p = inside
    encoder.train().requires_grad_(False)
    late: list[nn.Module] = [*image.tower.blocks[recipe.first_block :], image.tower.head]
    heads: list[nn.Module] = [image.projection, text.projection, encoder.temperature]
    groups = []
    for modules, rate in (
        (late, recipe.image_rate),
        (list(text.tower.layers[recipe.first_layer :]), recipe.text_rate),
        (heads, recipe.head_rate),
    ):
        weights = [weight for module in modules for weight in module.parameters()]
        for weight in weights:
            weight.requires_grad_(True)
        groups.append({"params": weights, "lr": rate, "highest": rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))


def _features(tower: EfficientNetLite, maps: Tensor, recipe: TuneRecipe) -> Tensor:
    """The mean over a random part of the places: (n, channels, rows, columns) → (n, 1280)."""
    seen = tower.late(maps.contiguous(memory_format=torch.channels_last), recipe.first_block)
    seen = seen.flatten(start_dim=2)  # (n, 1280, places)
    stay = (torch.rand(len(seen), 1, seen.shape[2]) >= recipe.holes).float()
    return (seen * stay).sum(dim=2) / stay.sum(dim=2).clamp(min=1)


def _embed(
    encoder: DualEncoder, tokenizer: Tokenizer, kinds: Sequence[Sequence[str]]
) -> list[Tensor]:
    """Unit rows of each kind of sentences, in their order: (n, 384) each."""
    sentences = [sentence for kind in kinds for sentence in kind]
    tokens = [encoding.ids for encoding in tokenizer.encode_batch(sentences)]
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    size = -(-len(order) // CHUNKS)
    parts = []
    for start in range(0, len(order), size):
        ids, mask = padded([tokens[row] for row in order[start : start + size]])
        parts.append(encoder.text(torch.from_numpy(ids), torch.from_numpy(mask)))
    rows = torch.cat(parts)[torch.tensor(order).argsort()]
    starts = np.cumsum([0, *map(len, kinds)])
    return [rows[start:stop] for start, stop in pairwise(starts.tolist())]


def _foils(captions: Sequence[str], most: int, draw: np.random.Generator) -> dict[int, str]:
    """Row of the batch → its caption made wrong, for at most `most` of them."""
    found: dict[int, str] = {}
    for row in draw.permutation(len(captions)):
        wrong = foil(captions[row], draw) if len(found) < most else None
        if wrong is not None:
            found[int(row)] = wrong
    return found


def _told_apart(images: Tensor, right: Tensor, wrong: Tensor, scale: Tensor) -> Tensor:
    """Cross entropy of each photo's choice between its caption and the foil of it."""
    choices = torch.stack([(images * right).sum(dim=1), (images * wrong).sum(dim=1)], dim=1)
    first = torch.zeros(len(images), dtype=torch.int64)
    return functional.cross_entropy(scale * choices, first)
