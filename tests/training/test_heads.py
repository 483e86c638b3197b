from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sightline.errors import UsageError
from sightline.training.dual_encoder import DIMENSIONS, SCALE_LIMIT, Projection, Temperature
from sightline.training.heads import (
    FrozenPairs,
    FrozenSearches,
    Heads,
    Recipe,
    epoch,
    train_heads,
)
from sightline.training.retrieval import text_to_image
from sightline.training.typed_queries import TypedQueries

TINY = Recipe(
    seed=3,
    epochs=12,
    batch=32,
    image_hidden=32,
    text_hidden=32,
    image_dropout=(0.0, 0.0),
    text_dropout=(0.0, 0.0),
)


def made_pairs(photos: int = 128, each: int = 2, seed: int = 0) -> FrozenPairs:
    """Towers that see the same eight hidden facts, each in its own noisy language."""
    draw = np.random.default_rng(seed)
    facts = draw.standard_normal((photos, 8))
    photo_of = np.repeat(np.arange(photos), each)
    in_images, in_texts = np.random.default_rng(99).standard_normal((2, 8, 24)) @ np.eye(24)[:, :20]

    def noisy(rows: np.ndarray) -> Tensor:
        noise = 0.05 * draw.standard_normal(rows.shape)
        return torch.tensor(rows + noise, dtype=torch.float32)

    return FrozenPairs(
        images=noisy(facts @ in_images),
        mirrored=noisy(facts @ in_images),
        texts=noisy(facts[photo_of] @ in_texts),
        photo_of=photo_of,
        sided=np.zeros(len(photo_of), dtype=np.bool_),
    )


def recall_at_1(heads: Heads, pairs: FrozenPairs) -> float:
    with torch.inference_mode():
        images, texts = heads.image(pairs.images).numpy(), heads.text(pairs.texts).numpy()
    return text_to_image(texts, images, list(pairs.photo_of)).at_1


def test_heads_learn_what_unseen_photos_and_captions_share() -> None:
    heads = train_heads(made_pairs(), TINY)
    assert recall_at_1(heads, made_pairs(64, seed=1)) > 0.9


def test_untrained_heads_know_nothing() -> None:
    heads = train_heads(made_pairs(), replace(TINY, epochs=1, rate=1e-9))
    assert recall_at_1(heads, made_pairs(64, seed=1)) < 0.1


def test_the_same_recipe_gives_the_same_weights() -> None:
    first, again = (train_heads(made_pairs(), replace(TINY, epochs=2)) for _ in range(2))
    for one, other in zip(first.parts().parameters(), again.parts().parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_other_weights() -> None:
    one = train_heads(made_pairs(), replace(TINY, epochs=1, seed=1))
    other = train_heads(made_pairs(), replace(TINY, epochs=1, seed=2))
    assert not torch.equal(one.image.straight.weight, other.image.straight.weight)


def test_training_tells_how_it_goes() -> None:
    seen: list[tuple[int, float]] = []
    train_heads(made_pairs(), TINY, lambda epoch, loss, heads: seen.append((epoch, loss)))
    assert [number for number, _ in seen] == list(range(1, TINY.epochs + 1))
    assert seen[-1][1] < seen[0][1] / 2


def labelled_pairs(photos: int, each: int, sided: list[bool]) -> FrozenPairs:
    """Features that say which photo or caption they belong to; mirrored ones are negative."""
    numbers = torch.arange(1.0, photos + 1)[:, None]
    return FrozenPairs(
        images=numbers,
        mirrored=-numbers,
        texts=torch.arange(float(photos * each))[:, None],
        photo_of=np.repeat(np.arange(photos), each),
        sided=np.array(sided),
    )


@given(
    photos=st.integers(1, 12), each=st.integers(1, 4), batch=st.integers(1, 6), seed=st.integers(0)
)
def test_an_epoch_shows_each_photo_at_most_once_with_a_caption_of_its_own(
    photos: int, each: int, batch: int, seed: int
) -> None:
    pairs = labelled_pairs(photos, each, [False] * photos * each)
    batches = list(epoch(pairs, batch, np.random.default_rng(seed)))
    assert len(batches) == photos // batch
    images = [int(abs(row)) - 1 for rows, *_ in batches for row in rows]
    owners = [int(row) // each for _, rows, _ in batches for row in rows]
    assert images == owners
    assert len(set(images)) == len(images)


def test_a_photo_is_mirrored_half_of_the_time_but_never_against_its_caption() -> None:
    pairs = labelled_pairs(400, 1, [photo % 2 == 0 for photo in range(400)])
    batches = epoch(pairs, 400, np.random.default_rng(0))
    rows = torch.cat([images for images, *_ in batches]).flatten()
    sided = rows.abs() % 2 == 1  # photos are numbered from 1 here
    assert (rows[sided] > 0).all()
    assert 0.4 < (rows[~sided] < 0).float().mean() < 0.6


def test_all_captions_of_a_photo_get_their_turn() -> None:
    pairs = labelled_pairs(4, 3, [False] * 12)
    draw = np.random.default_rng(0)
    seen = {int(row) for _ in range(40) for _, texts, _ in epoch(pairs, 4, draw) for row in texts}
    assert seen == set(range(12))


def test_pairs_that_do_not_fit_together_are_refused() -> None:
    pairs = made_pairs(4)
    with pytest.raises(ValueError, match="mirror image"):
        replace(pairs, mirrored=pairs.mirrored[:2])


def test_fewer_photos_than_a_batch_are_refused() -> None:
    with pytest.raises(UsageError, match="4 captioned photos don't fill one batch of 32"):
        train_heads(made_pairs(4), TINY)


def test_projections_end_in_unit_rows() -> None:
    rows = Projection(20, 8)(torch.randn(5, 20))
    assert rows.shape == (5, DIMENSIONS)
    torch.testing.assert_close(rows.norm(dim=-1), torch.ones(5))


def test_the_temperature_starts_at_clips_and_stops_at_clips_limit() -> None:
    temperature = Temperature()
    assert temperature().item() == pytest.approx(1 / 0.07)
    with torch.no_grad():
        temperature.log_scale.fill_(50.0)
    assert temperature().item() == SCALE_LIMIT


def test_searches_with_many_answers_are_learned_where_the_recipe_weighs_them() -> None:
    """A search for a hidden fact that no caption names: only `searches` can teach it."""
    pairs = made_pairs()
    draw = np.random.default_rng(5)
    answers = [frozenset(draw.choice(128, 40, replace=False).tolist()) for _ in range(3)]
    of_photo = tuple(tuple(q for q in range(3) if row in answers[q]) for row in range(128))
    words = tuple((f"search {q}",) for q in range(3))
    searches = FrozenSearches(
        TypedQueries(words, tuple(answers), of_photo),
        {text: row for row, (text,) in enumerate(words)},
        torch.tensor(draw.standard_normal((3, 20)), dtype=torch.float32),
    )

    def precision(weight: float) -> float:
        recipe = replace(TINY, epochs=40, searches=weight, most_searches=8)
        heads = train_heads(pairs, recipe, searches=searches)
        with torch.inference_mode():
            cosines = heads.text(searches.texts) @ heads.image(pairs.images).T
        first = cosines.topk(20, dim=1).indices.tolist()
        return float(np.mean([len(answers[q] & set(first[q])) / 20 for q in range(3)]))

    assert precision(1.0) > precision(0.0) + 0.2
