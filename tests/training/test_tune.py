"""The stages of the bundled model's recipe, at a small size."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee
from tokenizers import Tokenizer
from torch.nn import functional

from sightline.training.captions import CaptionedPhoto
from sightline.training.class_names import CLASSES, ClassNames
from sightline.training.dual_encoder import (
    DualEncoder,
    ImageEncoder,
    Projection,
    Temperature,
    TextEncoder,
)
from sightline.training.early_maps import Maps, early_maps
from sightline.training.features import read_pixels
from sightline.training.foils import RIVALS, foil
from sightline.training.image_tower import EfficientNetLite, normalise, unfold_norms
from sightline.training.pretrained import load_image_tower, tokenizer_json
from sightline.training.text_tower import MiniLM, TextConfig
from sightline.training.tune import Step, TuneRecipe, TuningPhotos, blend, tune
from sightline.training.typed_queries import search_loss, typed_queries

SIZE = 64
LEVELS = (15,)
RECIPE = TuneRecipe(
    steps=4, batch=8, warm_up=1, decay=2, classes=4, first_layer=1, foils=1.0, most_searches=4
)
CAPTIONS = {
    "woman": ("a woman in an orange suit smiles", "an astronaut beside two flags"),
    "cat": ("a brown cat looks at the camera", "close view of one cat"),
    "cup": ("a red cup of coffee on a wooden table", "coffee and a spoon"),
}

OTHERS = [CaptionedPhoto(Path(f"{n}.jpg"), (f"thing {n} on grass",)) for n in range(30)]
"""What a fifth of all photos answers is no search: the few photos here need company."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedPhoto]:
    folder, made = tmp_path_factory.mktemp("photos"), []
    for name, picture in (("woman", astronaut()), ("cat", chelsea()), ("cup", coffee())):
        for part in range(6):
            path = folder / f"{name}-{part}.png"
            Image.fromarray(picture[part * 20 :, part * 30 : part * 30 + 250]).save(path)
            made.append(CaptionedPhoto(path, CAPTIONS[name]))
    return made


def small_encoder() -> DualEncoder:
    torch.manual_seed(0)
    tower = load_image_tower("lite0", SIZE, LEVELS).fold_norms()
    text = MiniLM(TextConfig(positions=64, width=24, layers=2, heads=3, hidden=48))
    for weight in text.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return DualEncoder(
        ImageEncoder(tower, Projection(tower.features, 32)), TextEncoder(text, Projection(24, 32)),
        Temperature(),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def views(photos: list[CaptionedPhoto], tmp_path_factory: pytest.TempPathFactory) -> list[Maps]:
    folder, tower = tmp_path_factory.mktemp("views"), load_image_tower("lite0", SIZE)
    return [
        early_maps(tower, RECIPE.first_block, photos, folder / f"{view}.npy", view=view)
        for view in range(2)
    ]


def tuning_photos(photos: list[CaptionedPhoto], views: list[Maps]) -> TuningPhotos:
    captions = sum(len(photo.captions) for photo in photos)
    meaning = functional.normalize(torch.randn(captions, 24), dim=1)
    names = ClassNames(
        torch.rand(len(photos), CLASSES).softmax(dim=1),
        tuple(f"a photo of number {n}" for n in range(CLASSES)),
    )
    return TuningPhotos(photos, views, meaning, names, typed_queries([*photos, *OTHERS]))


def test_early_maps_are_what_the_frozen_blocks_would_give(
    photos: list[CaptionedPhoto], views: list[Maps]
) -> None:
    tower = load_image_tower("lite0", SIZE)
    pixels = np.stack([read_pixels(photo.path, SIZE) for photo in photos])
    with torch.inference_mode():
        direct = tower.early(normalise(torch.from_numpy(pixels)), RECIPE.first_block)
    expected = direct.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(views[0].astype(np.float32), expected, atol=0.02)


def test_another_view_is_another_picture_and_the_same_each_time(
    photos: list[CaptionedPhoto], views: list[Maps], tmp_path: Path
) -> None:
    tower = load_image_tower("lite0", SIZE)
    again = early_maps(tower, RECIPE.first_block, photos, tmp_path / "again.npy", view=1)
    assert np.array_equal(views[1], again)
    assert np.abs(np.subtract(views[1], views[0], dtype=np.float32)).mean() > 0.01


def test_tuning_changes_the_late_parts_and_leaves_the_early_ones(
    photos: list[CaptionedPhoto], views: list[Maps]
) -> None:
    encoder = small_encoder()
    before = {name: weight.clone() for name, weight in encoder.state_dict().items()}
    steps: list[Step] = []
    tuned = tune(
        encoder,
        tuning_photos(photos, views),
        Tokenizer.from_str(tokenizer_json()),
        RECIPE,
        lambda step, _: steps.append(step),
    )
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert all(np.isfinite(step.loss) for step in steps)
    changed = {
        name for name, weight in tuned.state_dict().items() if not torch.equal(weight, before[name])
    }
    assert any(name.startswith("image.tower.head") for name in changed)
    assert any(name.startswith("text.tower.layers.1") for name in changed)
    early = ("image.tower.stem", "image.tower.blocks.0.", "text.tower.words", "text.tower.layers.0")
    assert not any(name.startswith(early) for name in changed)
    assert not tuned.training


def test_tuning_twice_gives_the_same_weights(
    photos: list[CaptionedPhoto], views: list[Maps]
) -> None:
    data, tokenizer = tuning_photos(photos, views), Tokenizer.from_str(tokenizer_json())
    results = [tune(small_encoder(), data, tokenizer, RECIPE, lambda *_: None) for _ in range(2)]
    one, other = (result.state_dict() for result in results)
    for name, weight in one.items():
        torch.testing.assert_close(weight, other[name], msg=name)


def test_the_rates_rise_stay_and_fall_to_nothing() -> None:
    recipe = TuneRecipe(steps=100, warm_up=10, decay=20)
    factors = [recipe.factor(step) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9:80] == [1.0] * 71
    assert factors[80:] == pytest.approx([(100 - step) / 20 for step in range(80, 100)])


def test_a_blend_lies_between_its_parts() -> None:
    start, tuned = small_encoder(), small_encoder()
    for weight in tuned.parameters():
        weight.data += 1
    mixed = blend(start, deepcopy(tuned), 0.25)
    for first, middle in zip(start.parameters(), mixed.parameters(), strict=True):
        torch.testing.assert_close(middle, first + 0.25)


def test_folding_and_unfolding_norms_changes_no_feature() -> None:
    tower = load_image_tower("lite0", SIZE)
    pixels = torch.randn(2, 3, SIZE, SIZE)
    with torch.inference_mode():
        before = tower(pixels)
        torch.testing.assert_close(tower.fold_norms()(pixels), before, atol=1e-4, rtol=1e-4)
    names = set(EfficientNetLite("lite0", SIZE).state_dict())
    unfold_norms(tower)
    assert set(tower.state_dict()) == names
    with torch.inference_mode():
        torch.testing.assert_close(tower.eval()(pixels), before, atol=1e-4, rtol=1e-4)


def test_a_foil_differs_in_one_word_that_the_caption_lacks() -> None:
    draw = np.random.default_rng(0)
    caption = "a red car beside two men on the left"
    for _ in range(50):
        wrong = foil(caption, draw)
        assert wrong is not None
        pairs = zip(caption.split(), wrong.split(), strict=True)
        ((old, new),) = [(a, b) for a, b in pairs if a != b]
        assert any(old in group and new in group for group in RIVALS)
        assert new not in caption
    assert foil("a sandwich", draw) is None


def test_a_typed_search_knows_all_the_photos_that_answer_it(photos: list[CaptionedPhoto]) -> None:
    found = typed_queries([*photos, *OTHERS])
    answers = {words[0]: rows for words, rows in zip(found.words, found.answers, strict=True)}
    assert answers["brown cat"] == frozenset(range(6, 12))
    assert answers["happy"] == frozenset(range(6))  # she smiles
    assert not any(words[0].startswith(("a ", "the ", "of ")) for words in found.words)
    texts, fits = found.draw(list(range(18)), 5, np.random.default_rng(0))
    assert fits.shape == (len(texts), 18)
    assert fits.any(dim=1).all()


def test_a_search_with_two_answers_is_content_when_both_come_first() -> None:
    images = functional.normalize(torch.eye(4) + 0.01, dim=1)
    both = torch.tensor([[True, True, False, False]])
    query = functional.normalize(images[0] + images[1], dim=0)[None]
    one_only = search_loss(images[:1], images, both, torch.tensor(20.0))
    assert search_loss(query, images, both, torch.tensor(20.0)) < one_only
    # By hand: the mean over both answers of -log softmax.
    chances = (20 * query @ images.T).softmax(dim=1)[0]
    expected = -(chances[0].log() + chances[1].log()) / 2
    torch.testing.assert_close(search_loss(query, images, both, torch.tensor(20.0)), expected)


def test_class_names_follow_the_classifier() -> None:
    probabilities = torch.zeros(2, CLASSES)
    probabilities[0, 3] = probabilities[1, 5] = 1.0
    teacher = ClassNames(probabilities, ("",) * CLASSES)
    rows = torch.tensor([0, 1])
    assert {3, 5} <= set(teacher.asked_for(rows, 4).tolist())
    classes, names = torch.tensor([3, 5]), torch.eye(2, 8)
    right = teacher.loss(torch.eye(2, 8), names, torch.tensor(10.0), rows, classes)
    wrong = teacher.loss(torch.eye(2, 8).flip(0), names, torch.tensor(10.0), rows, classes)
    assert right < 0.001
    assert wrong > 9
