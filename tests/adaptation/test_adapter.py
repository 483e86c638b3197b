"""An adapter as a value and as a file, and what it does to queries."""

import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline.adaptation import adapter_file
from sightline.adaptation.adapter import Adapter, Origin, directions_of
from sightline.adaptation.adapter_file import (
    adapters_folder,
    load_adapter,
    require_name,
    save_adapter,
)
from sightline.adaptation.choice import choose
from sightline.adaptation.shots import Vectors
from sightline.adaptation.steering import named_labels, steered
from sightline.adaptation.validation import softmax
from sightline.errors import AdapterError, UsageError
from tests.adaptation.making import World

LABELS = ("Orange", "Orange Juice", "Granny Smith", "apple", "leek", "T-shirt")


@cache
def make_adapter(method: str = "both", seed: int = 0) -> Adapter:
    """An adapter of a made world."""
    world = World(seed)
    shots = world.photos(3)
    chosen, parts, figures = choose(shots, world.texts, method, seed)  # type: ignore[arg-type]
    origin = Origin(data="made", shots=(3,) * 6, seed=seed, version="0", figures=figures)
    directions = directions_of(shots, parts, world.texts)
    return Adapter("made", "tiny-1", chosen, LABELS, world.texts, parts, directions, origin)


@pytest.mark.parametrize("method", ["cache", "residual", "both"])
def test_an_adapter_read_back_says_the_same(tmp_path: Path, method: str) -> None:
    adapter = make_adapter(method)
    save_adapter(adapter, tmp_path / "made.adapter")
    read = load_adapter(tmp_path / "made.adapter")
    photos = World(5).photos(5).photos
    np.testing.assert_allclose(
        softmax(read.logits(photos)), softmax(adapter.logits(photos)), atol=0.02
    )
    np.testing.assert_allclose(read.directions, adapter.directions, atol=1e-3)
    assert (read.labels, read.model, read.method) == (LABELS, "tiny-1", method)
    assert read.origin == adapter.origin


def test_an_adapter_is_found_by_its_name_in_the_library_first(tmp_path: Path) -> None:
    save_adapter(make_adapter(seed=1), adapters_folder() / "made.adapter")
    save_adapter(make_adapter(seed=2), tmp_path / "adapters" / "made.adapter")
    assert load_adapter("made").origin.seed == 1
    assert load_adapter("made", tmp_path).origin.seed == 2


def test_an_adapter_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no adapter named 'nothing'"):
        load_adapter("nothing")
    with pytest.raises(UsageError, match="no adapter"):
        load_adapter("")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an adapter's file."""
    path = tmp_path_factory.mktemp("adapter") / "made.adapter"
    save_adapter(make_adapter(), path)
    return path.read_bytes()


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_a_clear_error_or_no_damage(
    tmp_path: Path, written: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(written)
    at = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.adapter"
    path.write_bytes(damaged)
    photos = World(5).photos(2).photos
    try:
        found = load_adapter(path).logits(photos)
    except AdapterError:
        return
    path.write_bytes(written)
    np.testing.assert_array_equal(found, load_adapter(path).logits(photos))


def test_no_file_can_make_us_run_code(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", meta=np.array([print], dtype=object))
    np.save(tmp_path / "alone.npy", np.zeros(3))
    for name in ("bad.npz", "alone.npy"):
        with pytest.raises(AdapterError, match="damaged"):
            load_adapter(tmp_path / name)


def test_a_bomb_is_refused_by_what_it_would_unpack_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_file, "_MOST_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.adapter", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(5):
            archive.writestr(f"{part}.npy", bytes(2**18))
    with pytest.raises(AdapterError, match="far too large"):
        load_adapter(tmp_path / "bomb.adapter")


def test_vectors_of_another_model_are_refused() -> None:
    adapter = make_adapter()
    adapter.require_model("tiny-1")
    with pytest.raises(AdapterError, match="was taught with tiny-1"):
        adapter.require_model("other-2")


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "x" * 65, "new\nline"])
def test_a_name_that_can_be_no_files_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="can't name an adapter"):
        require_name(name)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a photo of two granny smith apples", ["Granny Smith", "apple"]),
        ("GRANNY SMITH", ["Granny Smith"]),
        ("orange juice", ["Orange Juice"]),
        ("an orange", ["Orange"]),
        ("pineapple", []),
        ("my granny and Mr Smith", []),
        ("leeks", ["leek"]),
        ("a t-shirt", ["T-shirt"]),
        ("a dog", []),
        ("", []),
    ],
)
def test_a_text_names_a_label_by_holding_its_words(text: str, named: list[str]) -> None:
    assert [LABELS[row] for row in named_labels(text, LABELS)] == named


def test_a_query_about_a_taught_word_goes_where_the_photos_were() -> None:
    adapter = make_adapter()
    moved = steered("a leek", adapter.texts[4], adapter)
    np.testing.assert_allclose(moved, adapter.directions[4], atol=1e-5)


def test_a_query_that_names_no_taught_word_stays_exactly_as_it_is() -> None:
    adapter = make_adapter()
    vector = adapter.texts[4]
    assert steered("two dogs", vector, adapter) is vector


def test_a_query_that_only_mentions_a_taught_word_stays_exactly_as_it_is() -> None:
    adapter = make_adapter()
    about_something_else = -adapter.texts[0]
    assert (
        steered("a man in an orange shirt", about_something_else, adapter) is about_something_else
    )


@pytest.mark.parametrize(("method", "gain"), [("cache", 0.02), ("residual", 0.1), ("both", 0.1)])
def test_directions_find_the_photos_that_words_miss(method: str, gain: float) -> None:
    world = World()
    shots, unseen = world.photos(4), world.photos(40)
    _, parts, _ = choose(shots, world.texts, method, 0)  # type: ignore[arg-type]

    def found(queries: Vectors) -> float:
        """Of the twenty nearest to each query, the share of its own kind."""
        best = np.argsort(-(queries @ unseen.photos.T), axis=1)[:, :20]
        return float((unseen.classes[best] == np.arange(len(queries))[:, None]).mean())

    assert found(directions_of(shots, parts, world.texts)) > found(world.texts) + gain
