"""Names of photos in a gold file: short, stable, and never two photos by one name."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sightline.evaluation.gold import GalleryPhoto
from sightline.evaluation.judging.naming import name_photos
from sightline.photos.read import hash_of


def names(*paths: str, named: dict[str, str] | None = None) -> list[str]:
    """Names given to photos at these paths, sorted; `named` are path → name of earlier ones."""
    photos = {hash_of(path.encode("utf-8", "surrogateescape")): Path(path) for path in paths}
    known = {
        (photo := hash_of(path.encode())): GalleryPhoto(name, photo)
        for path, name in (named or {}).items()
    }
    return sorted(photo.file for photo in name_photos(photos, known))


def test_a_name_starts_from_the_folder_that_holds_all_photos() -> None:
    assert names("/home/me/pictures/a.jpg", "/home/me/pictures/2024/b.jpg") == [
        "2024/b.jpg",
        "a.jpg",
    ]
    assert names("/home/me/only.jpg") == ["only.jpg"]


def test_photos_from_everywhere_have_absolute_names() -> None:
    assert names("/home/me/a.jpg", "/mnt/disk/b.jpg") == ["/home/me/a.jpg", "/mnt/disk/b.jpg"]


def test_photos_that_come_later_are_named_from_where_the_first_were() -> None:
    known = {"/home/me/pictures/a.jpg": "a.jpg"}
    later = ("/home/me/pictures/a.jpg", "/home/me/pictures/new/b.jpg", "/mnt/disk/c.jpg")
    assert names(*later, named=known) == ["/mnt/disk/c.jpg", "new/b.jpg"]


@given(
    st.sets(
        st.binary(min_size=1, max_size=3).filter(lambda b: not set(b) & set(b"/\0.")), min_size=1
    )
)
def test_any_file_names_make_names_that_json_can_hold(stems: set[bytes]) -> None:
    paths = ["/p/" + stem.decode("utf-8", "surrogateescape") for stem in stems]
    found = names(*paths)
    assert len(set(found)) == len(stems)
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


def test_an_escape_that_reads_like_another_name_is_told_apart() -> None:
    found = names("/p/\udcff.jpg", "/p/\\udcff.jpg")
    assert len(set(found)) == 2


def test_a_path_too_long_for_a_name_is_named_by_its_bytes() -> None:
    far = "/p/" + "/".join(["\udcff" * 200] * 5)
    (name,) = names(far, "/p/a", named={"/p/a": "a"})
    assert name == hash_of(far.encode("utf-8", "surrogateescape"))
