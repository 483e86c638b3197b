"""What a run is judged by is what users get."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from sightline.training.evaluate import DevSet, retrieval, score
from sightline.training.features import read_pixels
from sightline.training.loader import tokens_of
from sightline.training.own_tokenizer import train_tokenizer
from sightline.training.retrieval import Recall, SetFigures, image_to_text, text_to_image
from sightline.training.samples import CaptionFile, read_source
from tests.training.small import small_config, small_model, write_small_photos


def test_figures_are_those_of_the_arrays_in_any_batching(tmp_path: Path) -> None:
    write_small_photos(tmp_path, dev=70)  # more than a batch
    samples = read_source(CaptionFile("dev.jsonl"), tmp_path)
    captions = [caption for sample in samples for caption in sample.captions]
    tokenizer = Tokenizer.from_str(train_tokenizer(captions, 100))
    model = small_model(size=48)
    figures = retrieval(
        model, small_config(size=48), tokenizer, DevSet("dev", samples), device=torch.device("cpu")
    )
    pixels = np.stack([read_pixels(sample.file, 48) for sample in samples])
    with torch.inference_mode():
        images = model.image(torch.from_numpy(pixels)).numpy()
        texts = model.text(*tokens_of(captions, tokenizer)).numpy()
    photo_of = np.arange(70).repeat(2).tolist()
    assert figures == SetFigures(
        "dev", 70, 140, text_to_image(texts, images, photo_of),
        image_to_text(images, texts, photo_of),
    )  # fmt: skip


def test_the_score_is_the_mean_of_all_recalls() -> None:
    one = SetFigures("a", 1, 1, Recall(0.1, 0.2, 0.3), Recall(0.4, 0.5, 0.6))
    other = SetFigures("b", 1, 1, Recall(0.7, 0.8, 0.9), Recall(1.0, 1.0, 1.0))
    assert score([one]) == pytest.approx(0.35)
    assert score([one, other]) == pytest.approx((0.35 + 0.9) / 2)
