"""How good is it on photos it has not seen? Folds, log-loss, intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.adaptation.shots import Classes, Vectors

MOST_FOLDS = 4
_SCALES = np.geomspace(0.05, 20, 40)
_DRAWS = 2000


@dataclass(frozen=True)
class Share:
    """A share of photos with its 95 % interval (bootstrap by photo)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


def folds(classes: Classes, seed: int) -> Classes:
    """Deal each class's photos over folds, int64 (n,).

    As many folds as the typical class has photos, up to `MOST_FOLDS`. The only photo of a class is
    in no fold (-1): it can't be held out, because nothing would be left to know its class by. All
    are -1 where no class has two.
    """
    sizes = np.bincount(classes)
    several = sizes[sizes > 1]
    found = np.full(len(classes), -1, dtype=np.int64)
    if not len(several):
        return found
    count = int(np.clip(np.median(several), 2, MOST_FOLDS))
    rng = np.random.default_rng(seed)
    for one in np.flatnonzero(sizes > 1):
        members = rng.permutation(np.flatnonzero(classes == one))
        found[members] = (np.arange(len(members)) + rng.integers(count)) % count
    return found


def softmax(logits: Vectors) -> Vectors:
    """Rows that sum to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def log_loss(logits: Vectors, classes: Classes) -> float:
    """Mean of -ln(softmax share of the right class)."""
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float(np.mean(total - logits[np.arange(len(logits)), classes]))


def best_scale(logits: Vectors, classes: Classes) -> float:
    """The factor on logits that makes their softmax shares most honest (least log-loss)."""

    def loss(at: int) -> float:
        return log_loss(np.float32(_SCALES[at]) * logits, classes)

    low, high = 0, len(_SCALES) - 1
    while low < high:  # the loss is convex in the scale: the slope in the middle says which half
        middle = (low + high) // 2
        if loss(middle) <= loss(middle + 1):
            high = middle
        else:
            low = middle + 1
    return float(_SCALES[low])


def top_1(logits: Vectors, classes: Classes) -> Share:
    """The share of photos whose best label is the right one."""
    return share(logits.argmax(axis=1) == classes)


def share(right: npt.NDArray[np.bool_], seed: int = 0) -> Share:
    """The share that is right, with its interval."""
    rng = np.random.default_rng(seed)
    draws = rng.binomial(len(right), right.mean(), _DRAWS) / len(right)  # = drawing with return
    low, high = np.quantile(draws, (0.025, 0.975))
    return Share(float(right.mean()), float(low), float(high))
