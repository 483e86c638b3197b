"""A small image tower learns to see as a large one does: distillation into a space that stays.

The words stay where they are, so nothing but the image tower has to be run. Each photo is pulled
to where the large tower puts the same view of it (Beyer et al. 2022, arXiv:2106.05237: a patient
and consistent teacher), and learns from captions, names and searches as in `tune.py`.

Read `Lesson.loss`, then `learn_head` and `distil`: the same lesson, first for the projection alone,
then for the last blocks of the tower with it.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.training.average import MovingAverage
from sightline.training.class_names import ClassNames
from sightline.training.dual_encoder import ImageEncoder, Projection
from sightline.training.early_maps import Maps
from sightline.training.image_tower import Block, EfficientNetLite
from sightline.training.losses import info_nce, soft_fits
from sightline.training.parameter_groups import set_rates
from sightline.training.typed_queries import TypedQueries, search_loss


@dataclass(frozen=True)
class DistilRecipe:
    """Everything that decides what the small tower becomes.

    Attributes:
        likeness_to_teacher: weight of the mean of 1 - cosine to the teacher's embedding.
        names, searches, softness, likeness: as in `tune.TuneRecipe`; `asked`: how many classes and
            how many searches a batch.
        head_epochs, head_batch, head_alone_rate, head_dropout: of the projection alone, before the
            tower learns; `settling_epochs`, `settling_rate`: after it.
        steps, batch, image_rate, head_rate, dropout: of the tower's last blocks with it, from
            `first_block`; rates rise for `warm_up` steps and fall along a cosine.
        skip: how often the last block is left out in training; earlier ones less.
        average: decay of the moving average, which is what comes out.
    """

    seed: int = 0
    likeness_to_teacher: float = 20.0
    names: float = 0.5
    searches: float = 0.2
    softness: float = 0.5
    likeness: float = 0.07
    asked: int = 128
    head_epochs: int = 24
    head_batch: int = 512
    head_alone_rate: float = 2e-3
    head_dropout: tuple[float, float] = (0.5, 0.3)
    settling_epochs: int = 8
    settling_rate: float = 3e-4
    steps: int = 480
    batch: int = 256
    first_block: int = 11
    image_rate: float = 5e-4
    head_rate: float = 1e-3
    dropout: tuple[float, float] = (0.2, 0.2)
    warm_up: int = 30
    weight_decay: float = 0.05
    longest_gradient: float = 1.0
    skip: float = 0.05
    average: float = 0.99

    def factor(self, step: int) -> float:
        """What the highest rates are multiplied by: up in a straight line, down along a cosine."""
        return min(1.0, (step + 1) / self.warm_up) * (1 + cos(pi * step / self.steps)) / 2


@dataclass(frozen=True)
class Lesson:
    """What photos are taught: where the teacher puts them, and sentences that stay where they are.

    seen: for each view float32 (2, photos, d), the teacher's unit rows, of the view and mirrored.
    captions: float32 (captions, d), unit rows, photo by photo; `counts`: how many each photo has.
    meaning: float32 (captions, features), unit rows that say which captions are alike.
    prompts: float32 (1000, d), of the class names.
    row_of, wordings: each wording of a search, and its unit row, float32 (wordings, d).
    mirrors: bool (photos,), whether a mirror image leaves the captions true.
    scale: what cosines are multiplied by, the teacher's.
    """

    seen: Sequence[Tensor]
    captions: Tensor
    counts: NDArray[np.int64]
    meaning: Tensor
    names: ClassNames
    prompts: Tensor
    searches: TypedQueries
    row_of: Mapping[str, int]
    wordings: Tensor
    mirrors: NDArray[np.bool_]
    scale: Tensor

    def loss(
        self,
        images: Tensor,
        rows: NDArray[np.int64],
        wanted: Tensor,
        recipe: DistilRecipe,
        draw: np.random.Generator,
    ) -> Tensor:
        """Of embedded `images`, the photos `rows`, that the teacher puts at `wanted`."""
        photos = torch.from_numpy(rows)
        first = np.cumsum(self.counts) - self.counts
        chosen = first[rows] + draw.integers(self.counts[rows])
        fits = soft_fits(self.meaning[chosen], recipe.softness, recipe.likeness)
        loss = info_nce(images, self.captions[chosen], self.scale, fits=fits)

        loss = loss + recipe.likeness_to_teacher * (1 - (images * wanted).sum(dim=1)).mean()

        classes = self.names.asked_for(photos, recipe.asked)
        named = self.names.loss(images, self.prompts[classes], self.scale, photos, classes)
        loss = loss + recipe.names * named

        asked, answers = self.searches.draw(rows.tolist(), recipe.asked, draw)
        if asked:
            typed = self.wordings[[self.row_of[text] for text in asked]]
            loss = loss + recipe.searches * search_loss(typed, images, answers, self.scale)
        return loss

    def mirrored(self, rows: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.bool_]:
        """Which of these photos are shown as their mirror image this time: half, where allowed."""
        return self.mirrors[rows] & (draw.random(len(rows)) < 0.5)


def learn_head(
    plain: Tensor,
    mirrored: Tensor,
    lesson: Lesson,
    recipe: DistilRecipe,
    watch: Callable[[int, float], None],
) -> Projection:
    """The projection of a tower that stays as it is, from random weights.

    Args:
        plain, mirrored: float32 (photos, features), the first view as the tower sees it.
        watch: called after each epoch with its number and the last loss.

    Returns:
        The projection, in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    head = Projection(
        plain.shape[1], 512, dropout=recipe.head_dropout, dimensions=lesson.captions.shape[1]
    )
    return _taught(
        head, plain, mirrored, lesson, recipe, recipe.head_epochs, recipe.head_alone_rate, watch
    )


def settle_head(
    head: Projection,
    plain: Tensor,
    mirrored: Tensor,
    lesson: Lesson,
    recipe: DistilRecipe,
    watch: Callable[[int, float], None],
) -> Projection:
    """The same from a projection that has learned, for features that have changed a little.

    Weights of 8 bits change what a tower puts out; a projection that has seen it loses less.
    """
    torch.manual_seed(recipe.seed)
    return _taught(
        deepcopy(head),
        plain,
        mirrored,
        lesson,
        recipe,
        recipe.settling_epochs,
        recipe.settling_rate,
        watch,
    )


def _taught(
    head: Projection,
    plain: Tensor,
    mirrored: Tensor,
    lesson: Lesson,
    recipe: DistilRecipe,
    epochs: int,
    rate: float,
    watch: Callable[[int, float], None],
) -> Projection:
    draw = np.random.default_rng(recipe.seed)
    head.train().requires_grad_(True)
    optimiser = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=recipe.weight_decay)
    batches = len(plain) // recipe.head_batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=epochs * batches, pct_start=0.2
    )
    for epoch in range(epochs):
        order = draw.permutation(len(plain))[: batches * recipe.head_batch]
        for rows in np.split(order, batches):
            flip = lesson.mirrored(rows, draw)
            features = torch.where(torch.from_numpy(flip)[:, None], mirrored[rows], plain[rows])
            wanted = lesson.seen[0][flip.astype(np.int64), rows]
            loss = lesson.loss(head(features), rows, wanted, recipe, draw)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        watch(epoch + 1, loss.item())
    return head.eval()


def distil(
    student: ImageEncoder,
    views: Sequence[Maps],
    lesson: Lesson,
    recipe: DistilRecipe,
    watch: Callable[[int, float], None],
) -> ImageEncoder:
    """Teach the last blocks of `student` and its projection, in place; its norms must be folded.

    Args:
        views: for each view of the lesson float16 (photos, rows, columns, channels), what the
            blocks before `recipe.first_block` make of it, from `early_maps`.
        watch: called after each step with its number and the loss.

    Returns:
        The averaged student, in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng(recipe.seed)
    optimiser = _prepare(student, recipe)
    average = MovingAverage(student, recipe.average)
    tower = student.tower
    assert isinstance(tower, EfficientNetLite)
    queue: NDArray[np.int64] = np.empty(0, np.int64)
    for step in range(recipe.steps):
        while len(queue) < recipe.batch:
            queue = np.concatenate([queue, draw.permutation(len(lesson.counts))])
        rows, queue = np.sort(queue[: recipe.batch]), queue[recipe.batch :]
        view = int(draw.integers(len(views)))
        flip = lesson.mirrored(rows, draw)
        maps = views[view][rows].astype(np.float32)
        maps[flip] = maps[flip][:, :, ::-1]
        wanted = lesson.seen[view][flip.astype(np.int64), rows]

        late = tower.late(torch.from_numpy(maps).permute(0, 3, 1, 2), recipe.first_block)
        loss = lesson.loss(student.projection(tower.pool(late)), rows, wanted, recipe, draw)

        set_rates(optimiser, recipe.factor(step))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(student.parameters(), recipe.longest_gradient)
        optimiser.step()
        average.update(student)
        watch(step + 1, loss.item())
    return average.model


def _prepare(student: ImageEncoder, recipe: DistilRecipe) -> torch.optim.AdamW:
    """Training mode with this recipe's dropout; gradients and rates for what learns."""
    tower, head = student.tower, student.projection
    assert isinstance(tower, EfficientNetLite)
    tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for index, block in enumerate(tower.blocks):
        cast(Block, block).skip_rate = recipe.skip * index / len(tower.blocks)
    head.drop.p, cast(nn.Dropout, head.correction[3]).p = recipe.dropout
    student.train().requires_grad_(False)
    groups = []
    for modules, rate in (
        ([*tower.blocks[recipe.first_block :], tower.head], recipe.image_rate),
        ([head], recipe.head_rate),
    ):
        weights = [weight for module in modules for weight in module.parameters()]
        for weight in weights:
            weight.requires_grad_(True)
        groups.append({"params": weights, "lr": rate, "highest": rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))
