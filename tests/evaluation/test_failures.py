"""Why a query failed, told from what helps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from sightline.evaluation.failures import Explainer
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import GalleryPhoto, Gold, GoldQuery
from sightline.evaluation.measure import query_results
from sightline.evaluation.progress import silent
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.results import Failure
from sightline.evaluation.scoring import Scored

D = 16
FILES = tuple(f"{at}.png" for at in range(12))
RIGHT = "11.png"


@dataclass
class Planned:
    """An encoder whose vectors a test plans: texts by their words, pictures by their colour."""

    texts: dict[str, Any]
    views: Any = None

    id = "planned"
    dimensions = D

    def embed_texts(self, texts: Sequence[str]) -> Any:
        return np.array([self.texts.get(text, self.texts["*"]) for text in texts], dtype=np.float32)

    def embed_images(self, images: Sequence[Image.Image]) -> Any:
        """All views of a black picture are as the whole; a white one's last view is `views`."""
        plain = np.tile(axis(15), (len(images), 1)).astype(np.float32)
        if self.views is not None and np.asarray(images[0]).mean() > 128:
            plain[-1] = self.views
        return plain

    def knows_words_of(self, text: str) -> bool:
        return True


def axis(at: int) -> Any:
    return np.eye(D, dtype=np.float32)[at]


def explained(
    folder: Path,
    texts: dict[str, Any],
    captions: tuple[str, ...] = (),
    views: Any = None,
    others: Sequence[str] = (),
) -> Failure:
    """Photo n looks along axis n, all but the first ten see the query worse; `RIGHT` is right."""
    vectors = np.array([axis(at) for at in range(12)], dtype=np.float32)
    for at, file in enumerate(FILES):
        Image.new("RGB", (32, 32), "white" if file == RIGHT else "black").save(folder / file)
        vectors[at, 14] = 0.5 - at / 100  # how much of the query each photo has
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    grades = {RIGHT: 2, **dict.fromkeys(others, 1)}
    query = GoldQuery(id="q", text="query", need="need", grades=grades)
    photos = tuple(GalleryPhoto(file, f"{at:064x}") for at, file in enumerate(FILES))
    gold = Gold(name="planned", gallery=photos, queries=(query,))
    gallery = Gallery(FILES, tuple(p.photo for p in photos), tuple(folder / file for file in FILES))
    encoder = Planned({"query": axis(14), "*": axis(14), **texts}, views)
    model = EncoderRanker("planned", cast(Any, encoder), vectors)
    results = query_results(gold, gallery, [Scored(model.scores(query), 0.0)])
    all_captions = tuple(captions if file == RIGHT else () for file in FILES)
    (failure,) = Explainer(gold, gallery, model, all_captions).explain_all(results, silent)
    return failure


def test_what_its_own_caption_does_not_find_either_is_the_picture(tmp_path: Path) -> None:
    failure = explained(tmp_path, {"its caption": axis(14)}, captions=("its caption",))
    assert failure.right == RIGHT
    assert failure.rank == 12
    assert failure.caption_rank == 12
    assert failure.side == "vision"
    assert "best rank 12" in failure.sentence


def test_what_another_wording_finds_is_the_words(tmp_path: Path) -> None:
    failure = explained(
        tmp_path,
        {"its caption": axis(11), "a photo of query": axis(11)},
        captions=("its caption",),
    )
    assert failure.caption_rank == 1
    assert failure.side == "language"
    assert failure.paraphrase == "a photo of query"
    assert failure.paraphrase_rank == 1


def test_what_a_crop_finds_is_too_small(tmp_path: Path) -> None:
    failure = explained(
        tmp_path, {"its caption": axis(11)}, captions=("its caption",), views=axis(14)
    )
    assert failure.crop_rank == 1
    assert failure.side == "resolution"


def test_what_nothing_explains_is_called_that(tmp_path: Path) -> None:
    failure = explained(tmp_path, {})
    assert failure.caption_rank is None
    assert failure.image_hit is None
    assert failure.side == "unexplained"


def test_relevant_photos_far_from_each_other_are_the_space(tmp_path: Path) -> None:
    failure = explained(tmp_path, {}, others=["10.png"])
    # Every photo is about as far from every other; of eleven the other right one is tenth.
    assert failure.image_hit is False
    assert failure.side == "space"


def test_rivals_are_shown_with_how_often_they_come_anyway(tmp_path: Path) -> None:
    failure = explained(tmp_path, {})
    assert [rival.file for rival in failure.rivals] == list(FILES[:10])
    assert failure.rivals[0].score > failure.score
    assert all(rival.hubness == 0 for rival in failure.rivals)  # there is no other need
    assert RIGHT not in failure.neighbours
    assert len(failure.neighbours) == 5


@pytest.mark.parametrize("first", [FILES[:1], FILES[:5]])
def test_a_query_that_found_something_is_no_failure(tmp_path: Path, first: Sequence[str]) -> None:
    with pytest.raises(ValueError, match="not enough values to unpack"):
        explained(tmp_path, {}, others=first)
