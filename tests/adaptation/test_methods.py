"""The methods against slow references, and against what they are for."""

import numpy as np
import pytest

from sightline.adaptation.choice import Parts, choose
from sightline.adaptation.damping import damping_of, noise_of
from sightline.adaptation.descent import gradient, learn_prototypes
from sightline.adaptation.residual import ResidualAdapter, ResidualSetting
from sightline.adaptation.shots import Shots, unit
from sightline.adaptation.tip_adapter import TipAdapter, TipSetting
from sightline.adaptation.validation import best_scale, folds, log_loss, share
from tests.adaptation.making import CLASSES, DIMENSIONS, LOUD, World, share_right


def test_the_cache_adds_what_the_papers_formula_says() -> None:
    shots = World().photos(3)
    photos = World(1).photos(2).photos
    logits = TipAdapter.of(shots, TipSetting(alpha=2.0, beta=5.5)).logits(photos)
    for row, photo in enumerate(photos):
        for label in range(CLASSES):
            keys = shots.keys[shots.classes == label]
            nearness = [np.exp(-5.5 * (1 - float(photo @ key))) for key in keys]
            assert logits[row, label] == pytest.approx(2.0 * np.mean(nearness), rel=1e-4)


def test_the_cache_does_not_favour_the_class_with_more_photos() -> None:
    shots = World().photos(1)
    many = np.r_[np.zeros(20, dtype=np.int64), np.arange(len(shots.classes))]
    twenty_of_one = Shots(shots.views[many], shots.classes[many], CLASSES)
    setting = TipSetting(1, 5)
    np.testing.assert_allclose(
        TipAdapter.of(shots, setting).logits(shots.photos),
        TipAdapter.of(twenty_of_one, setting).logits(shots.photos),
        rtol=1e-4,
    )


def test_damping_shrinks_the_directions_that_only_framing_changes() -> None:
    damping = damping_of(noise_of(World().photos(1), within=0), granted=0.05)
    shrunk = np.linalg.norm(damping(np.eye(DIMENSIONS, dtype=np.float32)), axis=1)
    assert shrunk[:LOUD].max() < shrunk[LOUD:].min()
    assert shrunk.max() <= 1 + 1e-5


def test_damping_is_the_inverse_root_of_the_shrunk_covariance() -> None:
    shots = World().photos(4)
    damping = damping_of(noise_of(shots, within=0), granted=0.1)
    rows = (shots.views - shots.views.mean(axis=1, keepdims=True)).reshape(-1, DIMENSIONS)
    covariance = (rows.T @ rows).astype(np.float64)
    covariance = 0.9 * covariance / np.trace(covariance) + 0.1 * np.eye(DIMENSIONS) / DIMENSIONS
    values, vectors = np.linalg.eigh(covariance)
    root = vectors @ np.diag(np.sqrt(0.1 / DIMENSIONS / values)) @ vectors.T
    np.testing.assert_allclose(damping(np.eye(DIMENSIONS, dtype=np.float32)), root, atol=1e-4)


def test_the_gradient_is_the_slope_of_the_objective() -> None:
    rng = np.random.default_rng(0)
    photos = unit(rng.standard_normal((12, 5)).astype(np.float32)).astype(np.float64)
    classes = rng.integers(3, size=12)
    weights = rng.random(12)
    start = rng.standard_normal((3, 5))
    at = rng.standard_normal((3, 5))

    def objective(prototypes: np.ndarray) -> float:
        logits = 4 * photos @ prototypes.T
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(12), classes]
        return float((weights * losses).sum() + 0.3 / 2 * ((prototypes - start) ** 2).sum())

    found = gradient(photos, classes, weights, at, start, 4, 0.3)
    for row, column in np.ndindex(3, 5):
        step = np.zeros((3, 5))
        step[row, column] = 1e-5
        slope = (objective(at + step) - objective(at - step)) / 2e-5
        assert found[row, column] == pytest.approx(slope, abs=1e-3)


def test_learning_gets_to_where_the_slope_is_flat() -> None:
    shots = World().photos(4)
    start = np.zeros((CLASSES, DIMENSIONS), dtype=np.float32)
    weights = np.full(len(shots.classes), 1 / len(shots.classes), dtype=np.float32)
    rest = (shots.photos, shots.classes, weights)
    found = learn_prototypes(shots.photos, shots.classes, start, 10, 0.1)
    first = np.abs(gradient(*rest, start, start, 10, 0.1)).max()
    assert np.abs(gradient(*rest, found, start, 10, 0.1)).max() < 0.01 * first


def test_strong_decay_stays_where_it_began() -> None:
    shots = World().photos(4)
    start = World().texts
    found = learn_prototypes(shots.photos, shots.classes, start, 10, 1e5)
    np.testing.assert_allclose(found, start, atol=1e-3)


def test_one_photo_of_each_beats_words_because_framing_shows_what_is_noise() -> None:
    world = World()
    shots, unseen = world.photos(1), world.photos(60)
    method, parts, figures = choose(shots, world.texts, "auto", 0)
    with_noise = unit(shots.photos)[np.argsort(shots.classes)]
    assert figures.photos == 0
    assert method == "residual"
    adapted = share_right(parts.logits(unseen.photos, world.texts), unseen)
    assert adapted > share_right(unseen.photos @ world.texts.T, unseen) + 0.1
    assert adapted > share_right(unseen.photos @ with_noise.T, unseen) + 0.1


@pytest.mark.parametrize("method", ["cache", "residual", "both", "auto"])
def test_more_photos_make_every_method_better_than_words(method: str) -> None:
    world = World()
    unseen = world.photos(60)
    _, parts, figures = choose(world.photos(8), world.texts, method, 0)  # type: ignore[arg-type]
    alone = share_right(unseen.photos @ world.texts.T, unseen)
    adapted = share_right(parts.logits(unseen.photos, world.texts), unseen)
    assert adapted > alone + 0.1
    assert figures.words is not None
    assert abs(figures.words.value - alone) < 0.2


def test_figures_of_photos_held_out_tell_the_truth_on_unseen_ones() -> None:
    world = World()
    unseen = world.photos(100)
    method, parts, figures = choose(world.photos(12), world.texts, "auto", 0)
    adapted = share_right(parts.logits(unseen.photos, world.texts), unseen)
    held_out = figures.methods[method]
    assert held_out.low - 0.1 < adapted < held_out.high + 0.1


def test_the_same_seed_teaches_the_same() -> None:
    world = World()
    shots = world.photos(3)
    first, again = (choose(shots, world.texts, "both", 7)[1] for _ in range(2))
    np.testing.assert_array_equal(
        first.logits(shots.photos, world.texts), again.logits(shots.photos, world.texts)
    )


def test_scaling_an_adapter_scales_all_its_logits() -> None:
    world = World()
    shots = world.photos(2)
    cache = TipAdapter.of(shots, TipSetting(3, 5))
    learned = ResidualAdapter.of(shots, ResidualSetting(0, 0.1, 0.1))
    parts = Parts(2.0, cache, learned)
    np.testing.assert_allclose(
        parts.scaled(0.3).logits(shots.photos, world.texts),
        0.3 * parts.logits(shots.photos, world.texts),
        rtol=1e-4,
        atol=1e-5,
    )


def test_folds_split_every_class_and_never_hold_out_an_only_photo() -> None:
    classes = np.array([0] * 5 + [1] * 2 + [2] + [3] * 9)
    dealt = folds(classes, 0)
    assert (dealt[classes == 2] == -1).all()
    assert (dealt[classes != 2] >= 0).all()
    for fold in range(dealt.max() + 1):
        assert set(classes[dealt != fold]) == {0, 1, 2, 3}


def test_the_best_scale_is_the_one_with_the_least_loss() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((200, 5)).astype(np.float32)
    drawn = (3 * logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from the softmax
    found = best_scale(logits, drawn)
    assert 2 < found < 4.5
    assert log_loss(found * logits, drawn) <= log_loss(logits, drawn)


def test_an_interval_holds_its_share_and_narrows_with_more_photos() -> None:
    few = share(np.arange(20) % 4 > 0)
    many = share(np.arange(2000) % 4 > 0)
    assert few.low < 0.75 < few.high
    assert many.high - many.low < (few.high - few.low) / 5
