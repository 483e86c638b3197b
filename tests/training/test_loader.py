"""Batches: the same for the same seed and step, whatever came before."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from sightline.errors import UsageError
from sightline.training.augment import Augmentation
from sightline.training.distributed import Group
from sightline.training.loader import Batch, Loader, caption_id
from sightline.training.own_tokenizer import train_tokenizer
from sightline.training.samples import CaptionFile, Sample, read_source
from sightline.training.wording import Wording
from tests.training.small import small_config, write_small_photos

VARIED = Augmentation(crop=0.5, stretch=1.3, mirror=0.5, jitter=0.3, grey=0.2, blur=0.2)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("photos")
    write_small_photos(folder, train=21)
    return read_source(CaptionFile("train.jsonl"), folder)


def loader_of(samples: list[Sample], **changes: Any) -> Loader:
    captions = [caption for sample in samples for caption in sample.captions]
    given: dict[str, Any] = {
        "samples": samples,
        "model": small_config(),
        "augmentation": VARIED,
        "wording": Wording(shorten=0.5),
        "tokenizer": Tokenizer.from_str(train_tokenizer(captions, 120)),
        "seed": 3,
        "batch": 4,
    }
    return Loader(**(given | changes))


def assert_same(one: Batch, other: Batch) -> None:
    for name in one.__dataclass_fields__:
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_a_batch_is_pixels_tokens_and_who_they_are(samples: list[Sample]) -> None:
    (batch,) = loader_of(samples).batches(0, 1)
    assert batch.pixels.shape == (4, 32, 32, 3)
    assert batch.pixels.dtype == torch.uint8
    assert batch.ids.shape == batch.mask.shape
    assert batch.ids.dtype == torch.int64
    assert (batch.mask.sum(dim=1) >= 3).all()  # first, a word, last
    assert len(set(batch.photos.tolist())) == 4


def test_resumed_batches_are_those_that_would_have_come(samples: list[Sample]) -> None:
    whole = list(loader_of(samples).batches(0, 12))  # more than two epochs of 5
    for resumed, expected in zip(loader_of(samples).batches(7, 12), whole[7:], strict=True):
        assert_same(resumed, expected)


def test_threads_change_nothing(samples: list[Sample]) -> None:
    many = loader_of(samples, workers=4).batches(0, 6)
    for batch, expected in zip(many, loader_of(samples).batches(0, 6), strict=True):
        assert_same(batch, expected)


def test_another_seed_is_another_run(samples: list[Sample]) -> None:
    (one,), (other,) = (loader_of(samples, seed=seed).batches(0, 1) for seed in (1, 2))
    assert not torch.equal(one.pixels, other.pixels)


def test_an_epoch_shows_each_photo_at_most_once_and_no_two_alike(samples: list[Sample]) -> None:
    loader = loader_of(samples)
    assert loader.steps_an_epoch == 5
    first, second = (
        list(chain.from_iterable(batch.photos.tolist() for batch in loader.batches(*steps)))
        for steps in ((0, 5), (5, 10))
    )
    assert len(set(first)) == len(set(second)) == 20
    assert first != second


def test_processes_share_each_batch(samples: list[Sample]) -> None:
    whole = list(loader_of(samples).batches(0, 6))
    parts = [
        list(loader_of(samples, group=Group(rank, 2)).batches(0, 6)) for rank in range(2)
    ]  # fmt: skip
    for step, batch in enumerate(whole):
        for rank in range(2):
            assert torch.equal(parts[rank][step].pixels, batch.pixels[rank::2])
            assert torch.equal(parts[rank][step].captions, batch.captions[rank::2])


def test_a_broken_photo_is_counted_named_and_replaced(tmp_path: Path) -> None:
    write_small_photos(tmp_path, train=12)
    (tmp_path / "train-3.png").write_bytes(b"no photo")
    (tmp_path / "train-7.png").unlink()
    loader = loader_of(read_source(CaptionFile("train.jsonl"), tmp_path))
    batches = list(loader.batches(0, 6))
    assert [len(batch) for batch in batches] == [4] * 6
    assert set(loader.unreadable) == {3, 7}
    assert "Not an image" in loader.unreadable[3]
    assert not {3, 7} & set(chain.from_iterable(batch.photos.tolist() for batch in batches))
    known = loader_of(loader.samples, unreadable=dict(loader.unreadable))
    for batch, expected in zip(known.batches(4, 6), batches[4:], strict=True):
        assert_same(batch, expected)


def test_nothing_but_broken_photos_ends_the_run(tmp_path: Path) -> None:
    write_small_photos(tmp_path, train=6)
    for path in tmp_path.glob("train-*.png"):
        path.write_bytes(b"no photo")
    loader = loader_of(read_source(CaptionFile("train.jsonl"), tmp_path))
    with pytest.raises(UsageError, match="photos can't be read"):
        list(loader.batches(0, 1))


def test_long_captions_are_cut_at_the_context(samples: list[Sample]) -> None:
    long = [Sample(sample.name, ("red " * 500,), sample.file, sample.length) for sample in samples]
    loader = loader_of(long, wording=Wording())
    loader.tokenizer.enable_truncation(16)
    (batch,) = loader.batches(0, 1)
    assert batch.ids.shape[1] == 16


def test_captions_are_the_same_whatever_their_case_and_nothing_else() -> None:
    assert caption_id("A dog. ") == caption_id("a DOG.")
    assert caption_id("a dog") != caption_id("a cat")
    assert -(2**63) <= caption_id("\udcff") < 2**63
