"""What a model folder can do, measured through the public API as users get it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.encoders import DualEncoder, load_encoder
from sightline.training.captions import CaptionedPhoto
from sightline.training.retrieval import SetFigures, image_to_text, text_to_image
from sightline.training.zero_shot import Accuracy, class_vectors, zero_shot

TEMPLATES = (
    "a photo of a {}",
    "a picture of one {}",
    "a {} on a plain background",
    "a drawing of a {}",
    "{}",
)
"""Caltech-101 holds photos of single things, cut-outs and drawings."""


@dataclass(frozen=True)
class Figures:
    """What stands on the card."""

    model: str
    sets: tuple[SetFigures, ...]
    classes: Accuracy

    def __str__(self) -> str:
        lines = [f"{self.model}: R@1/5/10 text→image, image→text (any of the photo's captions)"]
        lines += [f"  {s.name}: {s.text_to_image}, {s.image_to_text}" for s in self.sets]
        lines.append(
            f"  zero-shot over {self.classes.classes} classes: "
            f"top-1 {self.classes.top_1:.3f}, top-5 {self.classes.top_5:.3f}"
        )
        return "\n".join(lines)


def measure(
    folder: Path, dev_sets: Mapping[str, Sequence[CaptionedPhoto]], classes: Path
) -> Figures:
    """Retrieval on each dev set's own photos; zero-shot on a folder of class folders."""
    encoder = load_encoder(folder)
    sets = tuple(_retrieval(encoder, name, photos) for name, photos in dev_sets.items())
    return Figures(encoder.id, sets, _classification(encoder, classes))


def _retrieval(encoder: DualEncoder, name: str, photos: Sequence[CaptionedPhoto]) -> SetFigures:
    photo_of = [row for row, photo in enumerate(photos) for _ in photo.captions]
    images = encoder.embed_images([photo.path for photo in photos])
    texts = encoder.embed_texts([text for photo in photos for text in photo.captions])
    return SetFigures(
        name,
        len(photos),
        len(texts),
        text_to_image(texts, images, photo_of),
        image_to_text(images, texts, photo_of),
    )


def _classification(encoder: DualEncoder, folder: Path) -> Accuracy:
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    photos = [(row, photo) for row, of in enumerate(classes) for photo in sorted(of.iterdir())]
    names = [of.name.replace("_", " ").lower() for of in classes]
    prompts = [template.format(name) for name in names for template in TEMPLATES]
    return zero_shot(
        encoder.embed_images([photo for _, photo in photos]),
        class_vectors(encoder.embed_texts(prompts), len(names)),
        np.array([row for row, _ in photos]),
    )
