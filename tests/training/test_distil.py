"""A small tower is taught by a large one, at a small size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from sightline.training.captions import CaptionedPhoto
from sightline.training.class_names import CLASSES, ClassNames
from sightline.training.distil import DistilRecipe, Lesson, distil, learn_head, settle_head
from sightline.training.dual_encoder import ImageEncoder, Projection
from sightline.training.early_maps import Maps, early_maps, embed_maps
from sightline.training.features import image_features, read_pixels
from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.pretrained import load_image_tower
from sightline.training.typed_queries import typed_queries

SIZE = 64
LEVELS = (11, 14)
FIRST = 11
DIMENSIONS = 32
RECIPE = DistilRecipe(
    steps=6,
    batch=8,
    warm_up=1,
    head_epochs=40,
    settling_epochs=20,
    head_batch=8,
    asked=4,
    head_dropout=(0, 0),
)
CAPTIONS = ("a red thing on grass", "one red thing")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedPhoto]:
    from PIL import Image
    from skimage.data import astronaut, chelsea, coffee

    folder, made = tmp_path_factory.mktemp("photos"), []
    for name, picture in (("woman", astronaut()), ("cat", chelsea()), ("cup", coffee())):
        for part in range(8):
            path = folder / f"{name}-{part}.png"
            Image.fromarray(picture[part * 20 :, part * 30 : part * 30 + 220]).save(path)
            made.append(CaptionedPhoto(path, CAPTIONS))
    return made


@pytest.fixture(scope="module")
def tower() -> EfficientNetLite:
    return load_image_tower("lite0", SIZE, LEVELS)


@pytest.fixture(scope="module")
def maps(
    photos: list[CaptionedPhoto], tower: EfficientNetLite, tmp_path_factory: pytest.TempPathFactory
) -> Maps:
    return early_maps(tower, FIRST, photos, tmp_path_factory.mktemp("maps") / "0.npy")


@pytest.fixture(scope="module")
def features(photos: list[CaptionedPhoto], tower: EfficientNetLite) -> tuple[Tensor, Tensor]:
    paths = [photo.path for photo in photos]
    plain, mirrored = (image_features(tower, paths, mirrored=side) for side in (False, True))
    return torch.from_numpy(plain), torch.from_numpy(mirrored)


@pytest.fixture(scope="module")
def lesson(photos: list[CaptionedPhoto]) -> Lesson:
    """Sentences at random places, and a teacher that puts each photo at a place of its own."""
    torch.manual_seed(1)

    def rows(count: int) -> Tensor:
        return functional.normalize(torch.randn(count, DIMENSIONS), dim=1)

    others = [CaptionedPhoto(Path(f"{n}.jpg"), (f"thing {n} in snow",)) for n in range(100)]
    searches = typed_queries([*photos, *others])
    wordings = sorted({text for texts in searches.words for text in texts})
    place = rows(len(photos))
    return Lesson(
        seen=[torch.stack([place, place])],
        captions=rows(2 * len(photos)),
        counts=np.full(len(photos), 2),
        meaning=rows(2 * len(photos)),
        names=ClassNames(torch.full((len(photos), CLASSES), 1 / CLASSES), ("",) * CLASSES),
        prompts=rows(CLASSES),
        searches=searches,
        row_of={text: row for row, text in enumerate(wordings)},
        wordings=rows(len(wordings)),
        mirrors=np.arange(len(photos)) % 2 == 0,
        scale=torch.tensor(20.0),
    )


def encoder_of(tower: EfficientNetLite, head: Projection) -> ImageEncoder:
    folded = EfficientNetLite("lite0", SIZE, LEVELS)
    folded.load_state_dict(tower.state_dict())
    return ImageEncoder(folded.eval().fold_norms(), head).eval()


def test_the_head_brings_photos_to_where_the_teacher_puts_them(
    features: tuple[Tensor, Tensor], lesson: Lesson
) -> None:
    losses: list[float] = []
    head = learn_head(*features, lesson, RECIPE, lambda _, loss: losses.append(loss))
    assert len(losses) == RECIPE.head_epochs
    with torch.inference_mode():
        reached = (head(features[0]) * lesson.seen[0][0]).sum(dim=1)
    assert reached.mean() > 0.8
    assert not head.training


def test_a_head_settles_on_features_that_have_changed_a_little(
    features: tuple[Tensor, Tensor], lesson: Lesson
) -> None:
    head = learn_head(*features, lesson, RECIPE, lambda *_: None)
    weights = [weight.clone() for weight in head.parameters()]
    error = torch.randn(
        features[0].shape[1]
    )  # the same for all photos, as that of 8 bits mostly is
    changed = [side + error for side in features]
    settled = settle_head(head, *changed, lesson, RECIPE, lambda *_: None)

    def reached(projection: Projection) -> float:
        with torch.inference_mode():
            return float((projection(changed[0]) * lesson.seen[0][0]).sum(dim=1).mean())

    assert reached(settled) > reached(head) + 0.01
    for weight, before in zip(head.parameters(), weights, strict=True):
        assert torch.equal(weight, before)


def test_distilling_moves_the_last_blocks_nearer_to_the_teacher_and_leaves_the_first(
    tower: EfficientNetLite, maps: Maps, lesson: Lesson
) -> None:
    torch.manual_seed(0)
    student = encoder_of(tower, Projection(tower.features, 16, dimensions=DIMENSIONS))
    before = {name: weight.clone() for name, weight in student.state_dict().items()}

    def distance(encoder: ImageEncoder) -> float:
        shown = torch.from_numpy(maps.astype(np.float32)).permute(0, 3, 1, 2)
        with torch.inference_mode():
            embedded = encoder.projection(encoder.tower.pool(encoder.tower.late(shown, FIRST)))
        return float(1 - (embedded * lesson.seen[0][0]).sum(dim=1).mean())

    far = distance(student)
    steps: list[int] = []
    taught = distil(student, [maps], lesson, RECIPE, lambda step, *_: steps.append(step))
    assert steps == [1, 2, 3, 4, 5, 6]
    assert distance(taught) < far - 0.05
    changed = {
        name
        for name, weight in taught.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    assert any(name.startswith("tower.blocks.14") for name in changed)
    assert not any(name.startswith(("tower.stem", "tower.blocks.10.")) for name in changed)
    assert not taught.training


def test_distilling_twice_gives_the_same_weights(
    tower: EfficientNetLite, maps: Maps, lesson: Lesson
) -> None:
    def taught() -> dict[str, Tensor]:
        torch.manual_seed(0)
        student = encoder_of(tower, Projection(tower.features, 16, dimensions=DIMENSIONS))
        return distil(student, [maps], lesson, RECIPE, lambda *_: None).state_dict()

    again = taught()
    for name, weight in taught().items():
        torch.testing.assert_close(weight, again[name], msg=name)


def test_maps_go_the_rest_of_the_way_as_the_whole_tower_does(
    photos: list[CaptionedPhoto], tower: EfficientNetLite, maps: Maps
) -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder(tower, Projection(tower.features, 16, dimensions=DIMENSIONS)).eval()
    plain, mirrored = embed_maps(encoder, FIRST, maps)
    pixels = torch.from_numpy(np.stack([read_pixels(photo.path, SIZE) for photo in photos]))
    with torch.inference_mode():
        whole = encoder.projection(tower(normalise(pixels))).numpy()
    assert (plain * whole).sum(axis=1).min() > 0.999  # maps are kept in 16 bits
    assert (plain * mirrored).sum(axis=1).max() < 0.9999


def test_a_photo_whose_caption_a_mirror_image_would_make_wrong_is_never_mirrored(
    lesson: Lesson,
) -> None:
    draw = np.random.default_rng(0)
    rows = np.arange(len(lesson.counts))
    shown = np.array([lesson.mirrored(rows, draw) for _ in range(50)])
    assert not shown[:, ~lesson.mirrors].any()
    assert 0.3 < shown[:, lesson.mirrors].mean() < 0.7


def test_the_rates_of_distilling_rise_and_fall_to_nothing() -> None:
    recipe = DistilRecipe(steps=100, warm_up=10)
    factors = [recipe.factor(step) for step in range(100)]
    assert factors[0] < 0.11
    assert max(factors) > 0.95
    assert factors[-1] < 0.001
