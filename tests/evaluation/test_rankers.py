"""The ways to rank that a run can compare."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import GoldError
from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.rankers.baselines import PopularRanker, RandomRanker, file_words
from sightline.evaluation.rankers.by_caption import Bm25Ranker, read_captions
from sightline.evaluation.rankers.fusion import FusionRanker
from sightline.evaluation.rankers.rerank import views_of
from sightline.evaluation.rankers.words import Bm25, words_of
from tests.evaluation.making import World, grades, names


def _asks(text: str, query_id: str = "q") -> GoldQuery:
    return GoldQuery(id=query_id, text=text)


def test_bm25_is_the_published_formula() -> None:
    texts = ["a red bus", "a red red car in a red street", "the blue sea"]
    k1, b = 1.2, 0.75
    lengths = [3, 8, 3]
    mean = sum(lengths) / 3
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))  # two of three texts hold "red"
    times = [1, 3, 0]
    expected = [
        idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean))
        for f, length in zip(times, lengths, strict=True)
    ]
    assert Bm25.of(texts).scores("red") == pytest.approx(expected)


def test_words_meet_in_any_case_and_number() -> None:
    assert words_of("Two DOGS, one dog's bus & glass!") == [
        "two", "dog", "one", "dog", "s", "bus", "glass",
    ]  # fmt: skip
    scores = Bm25.of(["a dog", "two dogs", "a cat"]).scores("Dogs")
    assert scores[0] > 0
    assert scores[1] > 0
    assert scores[2] == 0


def test_texts_without_words_have_no_score_and_no_crash() -> None:
    assert Bm25.of(["", "…"]).scores("dog") == [0.0, 0.0]
    assert Bm25.of([]).scores("dog") == []


def test_file_names_are_searched_by_their_words() -> None:
    ranker = Bm25Ranker.of("filenames", file_words(["2019/paris/eiffel_tower.jpg", "2020/cat.jpg"]))
    assert np.argmax(ranker.scores(_asks("the eiffel tower"))) == 0
    assert np.argmax(ranker.scores(_asks("cats"))) == 1


def test_chance_is_the_same_for_the_same_query_and_another_for_another() -> None:
    ranker = RandomRanker(50)
    assert np.array_equal(ranker.scores(_asks("a", "1")), ranker.scores(_asks("b", "1")))
    assert not np.array_equal(ranker.scores(_asks("a", "1")), ranker.scores(_asks("a", "2")))
    assert not np.array_equal(
        ranker.scores(_asks("a", "1")), RandomRanker(50, 1).scores(_asks("a", "1"))
    )


def test_the_popular_photos_are_those_of_other_needs(world: World) -> None:
    gold = world.gold()
    both = [GoldQuery(id=f"x{n}", need="x", text="x", grades=grades("green")) for n in range(2)]
    import msgspec

    gold = msgspec.structs.replace(gold, queries=(*gold.queries, *both))
    scores = PopularRanker(gold, tuple(names())).scores(gold.query("red"))
    by_file = dict(zip(names(), scores, strict=True))
    assert by_file["red/0.png"] == 0  # only its own need's two wordings ask for red
    assert by_file["green/0.png"] == 2  # the need "green", and the need "x" once
    assert by_file["blue/0.png"] == 1


def test_fusion_is_the_sum_of_reciprocal_ranks() -> None:
    class Fixed:
        def __init__(self, name: str, values: list[float]) -> None:
            self.name = self.id = name
            self.values = np.array(values, dtype=np.float32)

        def scores(self, query: GoldQuery) -> np.ndarray:  # type: ignore[type-arg]
            return self.values

    fused = FusionRanker("fusion", [Fixed("a", [3, 2, 1]), Fixed("b", [5, 5, 9])])
    expected = [1 / 61 + 1 / 62.5, 1 / 62 + 1 / 62.5, 1 / 63 + 1 / 61]
    assert fused.scores(_asks("q")) == pytest.approx(expected)


def test_a_photo_is_looked_at_whole_mirrored_and_in_five_parts() -> None:
    photo = Image.linear_gradient("L").convert("RGB").resize((100, 60))
    views = views_of(photo)
    assert [view.size for view in views] == [(100, 60), (100, 60)] + [(70, 42)] * 5
    assert views_of(Image.new("RGB", (1, 1)))[-1].size == (1, 1)


def test_captions_are_joined_by_where_the_file_lies(world: World, tmp_path: Path) -> None:
    source = world.photos / "captions.jsonl"
    source.write_text(
        json.dumps({"file": "red/0.png", "captions": ["a", "b"], "source": "me"})
        + "\n\n"
        + json.dumps({"file": "elsewhere.png", "captions": ["c"]})
        + "\n"
    )
    paths = [world.photos / "green/0.png", world.photos / "red/0.png"]
    assert read_captions([source], paths) == ((), ("a", "b"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"file": "red/0.png"}', "line 1"),
        ('{"file": 3, "captions": []}', "line 1"),
        ('{"file": "red/0.png", "captions": ["x"]}\n[', "line 2"),
        ('{"file": "elsewhere.png", "captions": ["x"]}', "none of the gallery's photos"),
        ("\udcff", "aren't UTF-8"),
    ],
)
def test_captions_that_cannot_be_used_are_refused(world: World, text: str, said: str) -> None:
    source = world.photos / "captions.jsonl"
    source.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GoldError, match=said):
        read_captions([source], [world.photos / "red/0.png"])
