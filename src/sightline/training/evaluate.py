"""Retrieval on dev sets while a model learns: what a run is judged by."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from sightline.errors import PhotoError, UsageError
from sightline.photos.read import PixelRecipe, decode
from sightline.training.augment import Pixels
from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig
from sightline.training.loader import tokens_of
from sightline.training.retrieval import SetFigures, image_to_text, text_to_image
from sightline.training.samples import Sample

_BATCH = 64


@dataclass(frozen=True)
class DevSet:
    """Photos with captions that retrieval is measured on."""

    name: str
    samples: Sequence[Sample]


def retrieval(
    model: DualEncoder,
    config: DualEncoderConfig,
    tokenizer: Tokenizer,
    dev: DevSet,
    *,
    device: torch.device,
    workers: int = 1,
) -> SetFigures:
    """Recall of `model`, in evaluation mode, on a dev set's own photos, both ways.

    Raises:
        UsageError: a photo can't be read; figures without it would be those of another set.
    """
    photo_of = [row for row, sample in enumerate(dev.samples) for _ in sample.captions]
    captions = [caption for sample in dev.samples for caption in sample.captions]
    with torch.inference_mode():
        images = [
            model.image(torch.from_numpy(pixels).to(device)).float().cpu().numpy()
            for pixels in _pixels(dev.samples, config, workers)
        ]
        texts = []
        for start in range(0, len(captions), _BATCH):
            ids, mask = tokens_of(captions[start : start + _BATCH], tokenizer)
            texts.append(model.text(ids.to(device), mask.to(device)).float().cpu().numpy())
    image_rows, text_rows = np.concatenate(images), np.concatenate(texts)
    return SetFigures(
        dev.name,
        len(dev.samples),
        len(captions),
        text_to_image(text_rows, image_rows, photo_of),
        image_to_text(image_rows, text_rows, photo_of),
    )


def score(figures: Sequence[SetFigures]) -> float:
    """One number to choose a checkpoint by: the mean of R@1, 5 and 10, both ways, over all sets.

    Known as mean recall (mR), as in Karpathy and Fei-Fei 2015 and those who followed.
    """
    return float(
        np.mean(
            [
                value
                for one in figures
                for recall in (one.text_to_image, one.image_to_text)
                for value in (recall.at_1, recall.at_5, recall.at_10)
            ]
        )
    )


def _pixels(samples: Sequence[Sample], config: DualEncoderConfig, workers: int) -> Iterator[Pixels]:
    """Batches of photos as users' will be decoded: uint8 (n, size, size, 3)."""
    recipe = PixelRecipe(config.size, config.fit, "bicubic")

    def decoded(sample: Sample) -> Pixels:
        try:
            return decode(sample.read(), recipe)[1]
        except PhotoError as error:
            raise UsageError(f"The dev photo {sample.name} can't be read: {error}") from None

    with ThreadPoolExecutor(workers, "decode") as threads:
        for start in range(0, len(samples), _BATCH):
            yield np.stack(list(threads.map(decoded, samples[start : start + _BATCH])))
