"""What the image tower's own classifier knows, taught to the words for it.

EfficientNet-Lite left ImageNet able to tell 1,000 kinds of things apart; cut off behind its pooled
features lies the classifier that did so. For each training photo its probabilities say which of
those things are in it, whatever the captions speak of. Photos are then asked to find the *names* of
the classes with the same probabilities: distillation (Hinton et al. 2015, arXiv:1503.02531) from
class vectors to sentences.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sightline.errors import UsageError
from sightline.training.image_tower import Variant
from sightline.training.pretrained import load_classifier

CLASSES = 1000
SURE = 0.3
"""A class that some photo of a batch shows with at least this probability is asked for."""


@dataclass(frozen=True)
class ClassNames:
    """A teacher of class names.

    probabilities: float32 (photos, 1000), of the frozen classifier.
    prompts: 1,000 sentences, "a photo of a tabby cat".
    """

    probabilities: Tensor
    prompts: tuple[str, ...]

    def asked_for(self, photos: Tensor, most: int) -> Tensor:
        """Rows of classes that a batch is taught: those it surely shows, and others at random.

        Args:
            photos: rows of the batch's photos, int64 (n,).
            most: of either kind.
        """
        likeliest = self.probabilities[photos].max(dim=1)
        shown = torch.unique(likeliest.indices[likeliest.values > SURE])
        shown = shown[torch.randperm(len(shown))[:most]]
        both: Tensor = torch.unique(torch.cat([shown, torch.randint(CLASSES, (most,))]))
        return both

    def loss(
        self, images: Tensor, names: Tensor, scale: Tensor, photos: Tensor, classes: Tensor
    ) -> Tensor:
        """Cross entropy between the classifier's probabilities and the cosines with the names.

        Args:
            images: unit rows, (n, d).
            names: unit rows of the classes asked for, (m, d).
            photos, classes: rows in `probabilities`, (n,) and (m,).

        Probabilities outside the classes asked for are left out: a photo of none of them adds
        nothing.
        """
        wanted = self.probabilities[photos][:, classes]
        logits = scale * images @ names.T
        return -(wanted * logits.log_softmax(dim=1)).sum(dim=1).mean()


def class_names(features: Tensor, variant: Variant, sample: Path) -> ClassNames:
    """The teacher for photos whose pooled features are known.

    Args:
        features: float32 (photos, 1280), of the untouched tower.
        sample: a folder with one photo a class, `n01440764_tench.jpg`, in the order of the classes.

    Raises:
        UsageError: the folder doesn't hold 1,000 classes.
    """
    files = sorted(sample.glob("n*_*.*"))
    if len(files) != CLASSES:
        raise UsageError(f"{sample} holds {len(files)} photos named after a class, not {CLASSES}.")
    names = [file.stem.split("_", 1)[1].replace("_", " ") for file in files]
    weight, bias = load_classifier(variant)
    with torch.inference_mode():
        probabilities = (features @ weight.T + bias).softmax(dim=1)
    return ClassNames(probabilities.clone(), tuple(f"a photo of a {name}" for name in names))


def right_share(teacher: ClassNames, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """How often the classifier names the sample's own photos rightly: a check of the order.

    Args:
        rows: for each class in order, the row of its sample photo.
    """
    found = teacher.probabilities[torch.from_numpy(rows)].argmax(dim=1)
    return float((found == torch.arange(CLASSES)).float().mean())
