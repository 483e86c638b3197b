"""Training of the two projections on frozen features: the loop, read in one sitting."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sightline.errors import UsageError
from sightline.training.class_names import ClassNames
from sightline.training.dual_encoder import Projection, Temperature
from sightline.training.losses import info_nce, soft_fits
from sightline.training.typed_queries import TypedQueries, search_loss


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what the heads become, the seed included.

    Dropout is given for the features that come in and for the hidden layer. Text features are kept
    whole: a caption is short, and a hidden number may be the one that says what it is about.

    `softness`, `likeness`, `names`, `classes`, `searches` and `most_searches` are explained in
    `tune.py`; by default, photos learn from their own captions and from nothing else.
    """

    seed: int = 1
    epochs: int = 30
    batch: int = 512
    rate: float = 2e-3
    weight_decay: float = 0.05
    image_hidden: int = 512
    text_hidden: int = 512
    image_dropout: tuple[float, float] = (0.4, 0.2)
    text_dropout: tuple[float, float] = (0.0, 0.2)
    warm_up: float = 0.1
    softness: float = 0.0
    likeness: float = 0.07
    names: float = 0.0
    classes: int = 128
    searches: float = 0.0
    most_searches: int = 128


@dataclass(frozen=True)
class FrozenPairs:
    """Captioned photos as their towers see them.

    images, mirrored: float32 (photos, image features), the photo and its mirror image.
    texts: float32 (captions, text features).
    photo_of: int64 (captions,), the row of each caption's photo; captions of a photo adjoin.
    sided: bool (captions,), captions that a mirror image would make wrong.
    """

    images: Tensor
    mirrored: Tensor
    texts: Tensor
    photo_of: NDArray[np.int64]
    sided: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.images) != len(self.mirrored) or len(self.texts) != len(self.photo_of):
            raise ValueError("each photo needs its mirror image and each caption its photo")


@dataclass(frozen=True)
class Heads:
    """What is learned: one projection a tower, and the temperature between them."""

    image: Projection
    text: Projection
    temperature: Temperature

    def parts(self) -> nn.ModuleList:
        """All three as one module, to train, to freeze and to save together."""
        return nn.ModuleList([self.image, self.text, self.temperature])


@dataclass(frozen=True)
class FrozenNames:
    """A teacher of class names, and its prompts as the text tower sees them, (1000, 384)."""

    teacher: ClassNames
    prompts: Tensor

    def loss(self, heads: Heads, images: Tensor, photos: Tensor, most: int) -> Tensor:
        """Of embedded `images`, which are the `photos` of the teacher."""
        classes = self.teacher.asked_for(photos, most)
        named = heads.text(self.prompts[classes])
        return self.teacher.loss(images, named, heads.temperature(), photos, classes)


@dataclass(frozen=True)
class FrozenSearches:
    """Typed searches, and each wording as the text tower sees it: float32 (wordings, 384)."""

    searches: TypedQueries
    row_of: Mapping[str, int]
    texts: Tensor

    def loss(
        self, heads: Heads, images: Tensor, photos: Tensor, most: int, draw: np.random.Generator
    ) -> Tensor:
        """Of embedded `images`, which are the `photos` of the searches."""
        asked, answers = self.searches.draw(photos.tolist(), most, draw)
        typed = heads.text(self.texts[[self.row_of[text] for text in asked]])
        return search_loss(typed, images, answers, heads.temperature())


def train_heads(
    pairs: FrozenPairs,
    recipe: Recipe,
    watch: Callable[[int, float, Heads], None] | None = None,
    names: FrozenNames | None = None,
    searches: FrozenSearches | None = None,
) -> Heads:
    """Train both projections and the temperature; the same recipe gives the same weights.

    Args:
        names, searches: what the recipe's weights for names and searches are of; without them
            neither is learned.
        watch: called after each epoch with its number, mean loss and the heads so far.

    Raises:
        UsageError: there are fewer photos than a batch takes.
    """
    batches_an_epoch = len(pairs.images) // recipe.batch
    if batches_an_epoch == 0:
        raise UsageError(
            f"{len(pairs.images)} captioned photos don't fill one batch of {recipe.batch}: "
            "take more photos or a smaller batch."
        )
    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng(recipe.seed)
    heads = Heads(
        Projection(pairs.images.shape[1], recipe.image_hidden, dropout=recipe.image_dropout),
        Projection(pairs.texts.shape[1], recipe.text_hidden, dropout=recipe.text_dropout),
        Temperature(),
    )
    parts = heads.parts()
    optimiser = torch.optim.AdamW(_parameter_groups(parts, recipe), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=recipe.rate,
        total_steps=recipe.epochs * batches_an_epoch,
        pct_start=recipe.warm_up,
    )
    for number in range(1, recipe.epochs + 1):
        parts.train()
        losses = []
        for features, texts, photos in epoch(pairs, recipe.batch, draw):
            images, scale = heads.image(features), heads.temperature()
            loss = info_nce(images, heads.text(texts), scale, fits=_fits(texts, recipe))
            if names is not None:
                loss = loss + recipe.names * names.loss(heads, images, photos, recipe.classes)
            if searches is not None:
                typed = searches.loss(heads, images, photos, recipe.most_searches, draw)
                loss = loss + recipe.searches * typed
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        parts.eval()
        if watch is not None:
            watch(number, float(np.mean(losses)), heads)
    return heads


def epoch(
    pairs: FrozenPairs, batch: int, draw: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of (image features, text features, photos): every photo once, with one caption.

    A photo never stands twice in a batch, where InfoNCE would call its second caption wrong.
    Half of the photos are mirrored, except where the caption says left or right. The last photos
    that fill no batch are left for another epoch.
    """
    starts = np.flatnonzero(np.diff(pairs.photo_of, prepend=-1))
    counts = np.diff(starts, append=len(pairs.photo_of))
    captions = draw.permutation(starts + draw.integers(counts))
    for start in range(0, len(captions) - batch + 1, batch):
        chosen = captions[start : start + batch]
        photos = pairs.photo_of[chosen]
        mirror = (draw.random(batch) < 0.5) & ~pairs.sided[chosen]
        images = torch.where(
            torch.from_numpy(mirror)[:, None], pairs.mirrored[photos], pairs.images[photos]
        )
        yield images, pairs.texts[chosen], torch.from_numpy(photos)


def _fits(texts: Tensor, recipe: Recipe) -> Tensor | None:
    if recipe.softness == 0:
        return None
    return soft_fits(functional.normalize(texts, dim=1), recipe.softness, recipe.likeness)


def _parameter_groups(parts: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Weight decay for matrices only: shrinking a bias, a norm or the temperature helps nobody."""
    matrices = [weight for weight in parts.parameters() if weight.ndim > 1]
    others = [weight for weight in parts.parameters() if weight.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
