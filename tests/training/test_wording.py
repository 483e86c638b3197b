import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.training.wording import Wording, draw_caption, shortened


@pytest.mark.parametrize(
    ("caption", "typed"),
    [
        ("A dog is running on the beach.", "dog running on beach"),
        ("A photo of a birthday cake with candles, on a table.", "birthday cake"),
        ("There is a man riding a horse while people watch.", "man riding horse"),
        ("Dog, wet and happy.", "dog wet and happy"),  # "dog" alone would say too little
        ("Two children's toys", "two children's toys"),
        ("cat", "cat"),
        ("", ""),
        ("狗在海滩上", "狗在海滩上"),
    ],
)
def test_a_shortened_caption_is_what_people_type(caption: str, typed: str) -> None:
    assert shortened(caption) == typed


@given(caption=st.text(max_size=60))
def test_shortening_never_empties_a_caption(caption: str) -> None:
    assert bool(shortened(caption)) == bool(caption)


def test_captions_are_drawn_alike_and_shortened_as_often_as_asked() -> None:
    captions = ["a dog on the grass", "a brown dog runs", "the dog plays outside"]
    draw = np.random.default_rng(0)
    drawn = [draw_caption(captions, Wording(), draw) for _ in range(600)]
    assert all(150 < drawn.count(caption) < 250 for caption in captions)
    half = [draw_caption(captions, Wording(shorten=0.5), draw) for _ in range(600)]
    assert 250 < sum(caption not in captions for caption in half) < 350
