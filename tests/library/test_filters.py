"""Filters against a plain loop over the same facts."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline import Filters, Near
from sightline.errors import QueryError
from sightline.library.filters import EARTH_RADIUS_KM, distance_km
from sightline.library.place import Place
from sightline.library.reader import LibraryReader
from sightline.library.survey import Surveyor
from sightline.library.writer import Embedded, open_writer
from sightline.photos.read import Facts
from sightline.photos.walk import FoundFile

DIMENSIONS = 16
PATHS = (
    ["/p/a.jpg"], ["/p/a/b.JPEG"], ["/p/ab/c.heic"], ["/p/a/d/e.HIF", "/q/e.tif"], ["/q/x.TIFF"],
    ["/q/50%_'\".png"], ["/p/a b/ü.jp2"], ["/p/a/z.j2k"], ["/r.webp"], ["/p/a/none"],
    ["/q/1.jfif", "/q/2.png"], ["/q/a/3.dng"],
)  # fmt: skip
TIMES = (
    None, "2019-12-31T23:59:59", "2020-01-01", "2020-01-01T00:00:00+05:00", "2020-02-29T12:30:00",
    "2020-02-29T12:30:00.25", "2021-07-04T18:30:00-07:00",
)  # fmt: skip
PLACES = (
    None,
    (48.2, 16.37),
    (89.9, 0.0),
    (89.9, 180.0),
    (-17.8, 179.95),
    (-17.8, -179.95),
    (0.5, 0),
)
CAMERAS = ((None, None), ("Canon EOS 5D", "EF50mm"), ("NIKON D70", None), (None, "Ömmerich 50%_"))


@dataclass(frozen=True)
class Stored:
    """One photo of the made-up library."""

    name: str
    paths: list[str]
    facts: Facts


def _facts(n: int) -> Facts:
    place = PLACES[n % 7]
    camera, lens = CAMERAS[n % 4]
    return Facts(
        width=n + 1, height=1, format="JPEG", taken_at=TIMES[n % len(TIMES)], camera=camera,
        lens=lens, latitude=place[0] if place else None, longitude=place[1] if place else None,
    )  # fmt: skip


def _paths(n: int) -> list[str]:
    """The paths above, and then the same again in folders of their own."""
    return [f"/{n}{path}" if n >= len(PATHS) else path for path in PATHS[n % len(PATHS)]]


PHOTOS = [Stored(f"photo-{n}", _paths(n), _facts(n)) for n in range(84)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryReader]:
    """A library of photos that never were: facts and random vectors."""
    place = Place(tmp_path_factory.mktemp("filters") / "library")
    vectors = np.random.default_rng(0).standard_normal((len(PHOTOS), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    batch: list[Embedded] = []
    for photo, vector in zip(PHOTOS, vectors.astype(np.float32), strict=True):
        for at, path in enumerate(photo.paths):
            file = FoundFile(os.fsencode(path), 1, 1)
            batch.append(Embedded(file, photo.name, photo.facts, None if at else vector))
    with open_writer(place) as writer:
        model = writer.model_row("made-up", "nowhere", DIMENSIONS)
        Surveyor(writer.connection).compare(model)
        with writer.appender(model) as appender:
            writer.record(writer.begin_run("made-up", []), model, appender, batch)
    with LibraryReader(place) as opened:
        yield opened


def _passing(reader: LibraryReader, filters: Filters) -> set[str]:
    (model,) = reader.models()
    query = np.full(DIMENSIONS, 0.25, np.float32)
    found = reader.nearest(model, query, 1000, filters)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    return {photo.hash for photo, _ in found}


def _holds(photo: Stored, filters: Filters) -> bool:
    """What the filters mean, said in Python."""
    facts = photo.facts
    if filters.after is not None and not (facts.taken_at and facts.taken_at >= filters.after):
        return False
    if filters.before is not None and not (facts.taken_at and facts.taken_at < filters.before):
        return False
    if filters.camera is not None:
        names = f"{facts.camera or ''} {facts.lens or ''}"
        if filters.camera.lower() not in names.lower():
            return False
    if filters.near is not None:
        if facts.latitude is None or facts.longitude is None:
            return False
        point = (filters.near.latitude, filters.near.longitude)
        if distance_km(facts.latitude, facts.longitude, *point) > filters.near.km:
            return False
    return any(_path_holds(path, filters) for path in photo.paths)


def _path_holds(path: str, filters: Filters) -> bool:
    if filters.folder is not None and not path.startswith(str(filters.folder).rstrip("/") + "/"):
        return False
    if filters.extension is None:
        return True
    ending = path.rpartition("/")[2].rpartition(".")
    return bool(ending[1]) and ending[2].lower() in SAME.get(filters.extension, {filters.extension})


SAME = {
    "jpg": {"jpg", "jpeg", "jfif"}, "jpeg": {"jpg", "jpeg", "jfif"}, "tif": {"tif", "tiff"},
    "heic": {"heic", "hif"}, "jp2": {"jp2", "j2k"},
}  # fmt: skip
dates = st.sampled_from([None, "2019", "2020", "2020-01", "2020-02-29", "2020-02-29T12:30", "2022"])
any_filters = st.builds(
    Filters,
    folder=st.sampled_from([None, *map(Path, ("/", "/p", "/p/a", "/q", "/p/a b", "/q/a/3.dng"))]),
    after=dates,
    before=dates,
    camera=st.sampled_from([None, "canon", "D70", "50%", "ef50", "eos 5d ef"]),
    near=st.none()
    | st.builds(
        Near,
        st.sampled_from([48.2, 90.0, -17.8, 0.0]),
        st.sampled_from([16.0, 180.0, -180.0, 0.0]),
        st.sampled_from([0.5, 30.0, 60.0, 6000.0, 30000.0]),
    ),
    extension=st.sampled_from([None, "jpg", "jpeg", "heic", "tif", "png", "jp2", "gif"]),
)


@settings(max_examples=300, deadline=None)
@given(filters=any_filters)
def test_what_passes_is_what_a_plain_loop_finds(reader: LibraryReader, filters: Filters) -> None:
    expected = {photo.name for photo in PHOTOS if _holds(photo, filters)}
    assert _passing(reader, filters) == expected


def test_a_folder_is_all_below_it_and_no_neighbour(reader: LibraryReader) -> None:
    found = _passing(reader, Filters(folder=Path("/p/a")))
    assert found == {"photo-1", "photo-3", "photo-7", "photo-9"}


def test_of_several_copies_the_one_that_passes_is_shown_first(reader: LibraryReader) -> None:
    (model,) = reader.models()
    query = np.full(DIMENSIONS, 0.25, np.float32)
    for filters, first in (
        (Filters(folder=Path("/q")), b"/q/e.tif"),
        (Filters(folder=Path("/p")), b"/p/a/d/e.HIF"),
        (Filters(extension="tif"), b"/q/e.tif"),
    ):
        paths = {photo.hash: photo.paths for photo, _ in reader.nearest(model, query, 99, filters)}
        assert paths["photo-3"][0] == first
        assert len(paths["photo-3"]) == 2


def test_folder_and_ending_must_hold_for_the_same_copy(reader: LibraryReader) -> None:
    assert "photo-3" not in _passing(reader, Filters(folder=Path("/p"), extension="tif"))


def test_the_first_moment_of_a_date_counts_from_its_side(reader: LibraryReader) -> None:
    both = {photo.name for photo in PHOTOS if photo.facts.taken_at == "2020-01-01"}
    assert both <= _passing(reader, Filters(after="2020"))
    assert not both & _passing(reader, Filters(before="2020-01-01"))
    assert both <= _passing(reader, Filters(before="2020-01-02"))


def test_places_are_near_across_the_pole_and_the_date_line(reader: LibraryReader) -> None:
    def at(place: tuple[float, float]) -> set[str]:
        return {
            photo.name for photo in PHOTOS if (photo.facts.latitude, photo.facts.longitude) == place
        }

    pole = _passing(reader, Filters(near=Near(90, 0, 20)))
    assert pole == at((89.9, 0.0)) | at((89.9, 180.0))
    line = _passing(reader, Filters(near=Near(-17.8, 180, 20)))
    assert line == at((-17.8, 179.95)) | at((-17.8, -179.95))
    assert _passing(reader, Filters(near=Near(0, 0, 21_000))) == {
        photo.name for photo in PHOTOS if photo.facts.latitude is not None
    }


def test_distances_are_those_of_a_globe() -> None:
    quarter = EARTH_RADIUS_KM * math.pi / 2
    assert distance_km(0, 0, 90, 0) == pytest.approx(quarter)
    assert distance_km(0, -90, 0, 90) == pytest.approx(2 * quarter)
    assert distance_km(10, 20, 10, 20) == 0
    assert distance_km(48.2082, 16.3738, 48.8566, 2.3522) == pytest.approx(
        1034, abs=2
    )  # Wien–Paris


@pytest.mark.parametrize(
    ("latitude", "longitude", "km"),
    [(91, 0, 1), (0, 181, 1), (0, -180.1, 1), (0, 0, 0), (0, 0, -1), (0, 0, math.inf),
     (math.nan, 0, 1), (0, math.nan, 1), (0, 0, math.nan)],
)  # fmt: skip
def test_places_that_are_none_are_refused(latitude: float, longitude: float, km: float) -> None:
    with pytest.raises(QueryError):
        Near(latitude, longitude, km)


@pytest.mark.parametrize("wrong", [{"camera": " "}, {"extension": ""}, {"extension": "."}])
def test_filters_that_say_nothing_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        Filters(**wrong)  # type: ignore[arg-type]
