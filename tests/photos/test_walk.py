"""What a walk finds, what it leaves out, and what it says it can't enter."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.photos import walk as walk_module
from sightline.photos.walk import FoundFile, WalkRules, walk

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes files below a fresh folder and returns that folder."""

    def put_files(*names: str, text: str = "x") -> Path:
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "photos"

    return put_files


def names(root: Path, rules: WalkRules | None = None, *more: Path) -> list[str]:
    """Names found below `root`, relative to it; nothing may be reported."""
    found, reports = found_and_reports([root, *more], rules or WalkRules())
    assert reports == []
    return [os.path.relpath(os.fsdecode(file.path), root).replace(os.sep, "/") for file in found]


def found_and_reports(
    roots: list[Path], rules: WalkRules
) -> tuple[list[FoundFile], list[tuple[bytes, str]]]:
    reports: list[tuple[bytes, str]] = []
    found = list(walk(roots, rules, lambda path, reason: reports.append((path, reason))))
    return found, reports


Put = Callable[..., Path]


def test_photos_are_found_by_ending_in_any_case_and_depth(put: Put) -> None:
    root = put(
        "a.jpg", "B.JPEG", "x/c.HEIC", "x/y/d.Webp", "x/y/e.dng", "f.txt", "jpg", "g.jpg.bak"
    )
    assert names(root) == ["B.JPEG", "a.jpg", "x/c.HEIC", "x/y/d.Webp", "x/y/e.dng"]


def test_a_file_is_found_with_its_absolute_path_size_and_time(put: Put) -> None:
    root = put("a.jpg", text="12345")
    os.utime(root / "a.jpg", ns=(0, 1_600_000_000_123_456_700))
    found, _ = found_and_reports([root], WalkRules())
    status = (root / "a.jpg").stat()
    assert found == [FoundFile(os.fsencode(root / "a.jpg"), 5, status.st_mtime_ns)]


def test_a_relative_root_gives_absolute_paths(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(put("a.jpg").parent)
    found, _ = found_and_reports([Path("photos")], WalkRules())
    assert os.fsdecode(found[0].path) == str(Path("photos/a.jpg").absolute())


def test_the_order_is_the_same_every_time(put: Put) -> None:
    root = put("b/2.jpg", "b/1.jpg", "a/3.jpg", "c.jpg", "a/x/0.jpg")
    expected = ["c.jpg", "a/3.jpg", "a/x/0.jpg", "b/1.jpg", "b/2.jpg"]
    assert names(root) == expected


def test_a_file_given_by_name_is_taken_whatever_its_ending(put: Put) -> None:
    root = put("scan.0001", ".hidden.jpg")
    found, _ = found_and_reports([root / "scan.0001", root / ".hidden.jpg"], WalkRules())
    assert [Path(os.fsdecode(file.path)).name for file in found] == [".hidden.jpg", "scan.0001"]


def test_a_file_below_two_roots_is_found_once(put: Put) -> None:
    root = put("a.jpg", "in/b.jpg", "in/deep/c.jpg")
    roots = [root / "in", root, root / "a.jpg", root / "in" / "deep", root]
    found, _ = found_and_reports(roots, WalkRules())
    paths = [file.path for file in found]
    assert len(paths) == len(set(paths)) == 3


@pytest.mark.parametrize(
    "folder",
    ["@eaDir", ".git", "node_modules", ".thumbnails", "Thumbs", "#recycle", ".Trash-1000",
     "$RECYCLE.BIN", "thumbnails", "Catalog Previews.lrdata", ".@__thumb"],
)  # fmt: skip
def test_folders_of_other_programs_are_left_out_even_with_hidden_ones(
    put: Put, folder: str
) -> None:
    root = put("a.jpg", f"{folder}/b.jpg", f"x/{folder}/y/c.jpg")
    assert names(root, WalkRules(include_hidden=True)) == ["a.jpg"]


def test_a_root_is_entered_whatever_its_name(put: Put) -> None:
    root = put(".thumbnails/a.jpg")
    assert names(root / ".thumbnails") == ["a.jpg"]


def test_hidden_files_and_folders_are_left_out_unless_asked_for(put: Put) -> None:
    root = put("a.jpg", ".b.jpg", ".private/c.jpg")
    assert names(root) == ["a.jpg"]
    assert names(root, WalkRules(include_hidden=True)) == [".b.jpg", "a.jpg", ".private/c.jpg"]


def test_the_attribute_files_of_macos_are_no_photos(put: Put) -> None:
    root = put("a.jpg", "._a.jpg")
    assert names(root, WalkRules(include_hidden=True)) == ["a.jpg"]


def test_a_file_that_the_system_marks_as_hidden_is_left_out(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = put("a.jpg", "b.jpg")
    monkeypatch.setattr(walk_module, "is_hidden", lambda entry: entry.name == "b.jpg")
    assert names(root) == ["a.jpg"]


def test_what_an_ignore_file_names_is_left_out_below_its_folder(put: Put) -> None:
    root = put("a.jpg", "b.png", "x/b.png", "x/c.jpg", "x/raw/d.jpg", "raw/e.jpg", "draft-1.jpg")
    put("x/.sightlineignore", text="# previews\n*.png\nraw/\n")
    put(".sightlineignore", text="/draft-*\n")
    assert names(root) == ["a.jpg", "b.png", "raw/e.jpg", "x/c.jpg"]


def test_a_nearer_ignore_file_has_the_last_word(put: Put) -> None:
    root = put("a.gif", "keep/b.gif", "keep/not/c.gif")
    put(".sightlineignore", text="*.gif\n")
    put("keep/.sightlineignore", text="!*.gif\n")
    put("keep/not/.sightlineignore", text="*.gif\n")
    assert names(root) == ["keep/b.gif"]


def test_a_negated_pattern_keeps_what_an_earlier_one_named(put: Put) -> None:
    root = put("a.jpg", "b.jpg", "sub/b.jpg")
    put(".sightlineignore", text="*.jpg\n!/b.jpg\n")
    assert names(root) == ["b.jpg"]


def test_ignored_folders_are_not_even_listed(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    root = put("a.jpg", "big/b.jpg")
    put(".sightlineignore", text="big/\n")
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(Path(path).name) or scandir(path))
    assert names(root) == ["a.jpg"]
    assert listed == ["photos"]


def test_excluded_patterns_count_from_each_root(put: Put) -> None:
    root = put("a.jpg", "2019/b.jpg", "2019/tmp/c.jpg", "x/2019/d.jpg", "e.png")
    assert names(root, WalkRules(exclude=("/2019/tmp", "*.png"))) == [
        "a.jpg",
        "2019/b.jpg",
        "x/2019/d.jpg",
    ]
    assert names(root / "2019", WalkRules(exclude=("/tmp",))) == ["b.jpg"]


def test_excluded_patterns_outweigh_ignore_files(put: Put) -> None:
    root = put("a.jpg")
    put(".sightlineignore", text="!a.jpg\n")
    assert names(root, WalkRules(exclude=("a.jpg",))) == []


def test_an_excluded_pattern_that_is_none_is_a_usage_error(put: Put) -> None:
    with pytest.raises(UsageError, match="--exclude"):
        names(put("a.jpg"), WalkRules(exclude=("!",)))


def test_an_ignore_file_with_a_pattern_that_is_none_is_reported(put: Put) -> None:
    root = put("a.jpg")
    put(".sightlineignore", text="!\n")
    found, reports = found_and_reports([root], WalkRules())
    assert len(found) == 1
    assert reports[0][0] == os.fsencode(root / ".sightlineignore")
    assert "pattern" in reports[0][1]


def test_an_ignore_file_that_is_a_folder_is_reported(put: Put) -> None:
    root = put("a.jpg", ".sightlineignore/b.txt")
    found, reports = found_and_reports([root], WalkRules())
    assert len(found) == 1
    assert [path for path, _ in reports] == [os.fsencode(root / ".sightlineignore")]


@posix_only
@pytest.mark.parametrize(
    "name",
    [b"with space.jpg", b"new\nline.jpg", b"quote'\".jpg", b"\xff\xfe not utf-8.jpg",
     "snö.jpg".encode(), b"n" * 246 + b".jpg", b"-dash.jpg", b"*.jpg"],
)  # fmt: skip
def test_any_name_comes_back_byte_for_byte(put: Put, name: bytes) -> None:
    root = put("z.jpg")
    path = os.fsencode(root) + b"/" + name
    Path(os.fsdecode(path)).touch()
    found, reports = found_and_reports([root], WalkRules(exclude=("nothing",)))
    assert path in {file.path for file in found}
    assert reports == []


@posix_only
def test_a_pattern_can_name_a_file_that_is_not_utf8(put: Put) -> None:
    root = put("a.jpg")
    (root / os.fsdecode(b"\xff.jpg")).touch()
    (root / ".sightlineignore").write_bytes(b"\xff.jpg\n")
    assert names(root) == ["a.jpg"]


def test_a_root_that_is_not_there_is_reported_and_the_others_are_walked(put: Put) -> None:
    root = put("a.jpg")
    found, reports = found_and_reports([root / "gone", root], WalkRules())
    assert len(found) == 1
    assert reports == [(os.fsencode(root / "gone"), "It isn't there.")]


def refuse(monkeypatch: pytest.MonkeyPatch, function: str, name: str) -> None:
    """Make one path forbidden, even to the superuser that tests may run as."""
    original = getattr(os, function)

    def refusing(path: object, *args: object, **kwargs: object) -> object:
        if Path(os.fsdecode(path)).name == name:
            raise PermissionError(13, "Permission denied", path)
        return original(path, *args, **kwargs)

    monkeypatch.setattr(os, function, refusing)


def test_a_folder_without_permission_is_reported_and_the_walk_goes_on(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = put("a/1.jpg", "locked/2.jpg", "z/3.jpg")
    refuse(monkeypatch, "scandir", "locked")
    found, reports = found_and_reports([root], WalkRules())
    assert len(found) == 2
    assert reports == [(os.fsencode(root / "locked"), "No permission to read it.")]


def test_a_file_that_vanishes_during_the_walk_is_reported(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = put("a.jpg", "b.jpg")
    stat = os.stat

    def stat_of_gone(path: object, *args: object, **kwargs: object) -> object:
        if str(path).endswith("a.jpg"):
            (root / "a.jpg").unlink()
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", stat_of_gone)
    found, reports = found_and_reports([root], WalkRules())
    assert [Path(os.fsdecode(file.path)).name for file in found] == ["b.jpg"]
    assert reports == [(os.fsencode(root / "a.jpg"), "It isn't there.")]


@posix_only
def test_a_pipe_with_a_photos_name_is_reported_and_not_opened(put: Put) -> None:
    root = put("a.jpg")
    os.mkfifo(root / "pipe.jpg")
    found, reports = found_and_reports([root], WalkRules())
    assert len(found) == 1
    assert reports[0][0] == os.fsencode(root / "pipe.jpg")


@posix_only
def test_links_are_left_out_unless_asked_for(put: Put, tmp_path: Path) -> None:
    root = put("a.jpg")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.jpg").write_text("x")
    (root / "folder").symlink_to(outside)
    (root / "file.jpg").symlink_to(outside / "b.jpg")
    assert names(root) == ["a.jpg"]
    assert names(root, WalkRules(follow_links=True)) == ["a.jpg", "file.jpg", "folder/b.jpg"]


@posix_only
def test_a_root_that_is_a_link_is_entered(put: Put, tmp_path: Path) -> None:
    root = put("a.jpg")
    (tmp_path / "link").symlink_to(root)
    assert names(tmp_path / "link") == ["a.jpg"]


@posix_only
def test_circles_of_links_end(put: Put) -> None:
    root = put("a.jpg", "x/b.jpg", "y/c.jpg")
    (root / "x" / "up").symlink_to(root)
    (root / "x" / "over").symlink_to(root / "y")
    (root / "y" / "back").symlink_to(root / "x")
    (root / "self").symlink_to(root / "self")
    (root / "here").symlink_to(".")
    found, reports = found_and_reports([root], WalkRules(follow_links=True))
    assert [os.path.relpath(os.fsdecode(file.path), root) for file in found] == [
        "a.jpg",
        "x/b.jpg",
        "y/c.jpg",
    ]
    assert reports == [
        (os.fsencode(root / "self"), "A symbolic link that leads in a circle."),
    ]


@posix_only
def test_a_folder_reached_directly_and_by_link_keeps_its_own_path(put: Put) -> None:
    root = put("z/a.jpg")
    (root / "a-link").symlink_to(root / "z")
    assert names(root, WalkRules(follow_links=True)) == ["z/a.jpg"]


@posix_only
def test_a_link_to_nothing_is_reported(put: Put) -> None:
    root = put("a.jpg")
    (root / "b.jpg").symlink_to(root / "gone.jpg")
    found, reports = found_and_reports([root], WalkRules(follow_links=True))
    assert len(found) == 1
    assert reports == [(os.fsencode(root / "b.jpg"), "It isn't there.")]


def test_walking_opens_no_photo(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    root = put("a.jpg", "b/c.png")

    def refuse_to_open(*args: object) -> None:
        raise AssertionError("a photo was opened")

    monkeypatch.setattr(os, "open", refuse_to_open)
    monkeypatch.setattr("builtins.open", refuse_to_open)
    assert names(root) == ["a.jpg", "b/c.png"]


def test_every_photo_costs_one_stat(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    root = put(*(f"{number}.jpg" for number in range(20)))
    asked = []
    stat = os.stat

    def counting(path: object, *args: object, **kwargs: object) -> object:
        asked.append(str(path))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", counting)
    assert len(names(root)) == 20
    assert len([path for path in asked if path.endswith(".jpg")]) == 20


def test_an_ignore_file_above_the_named_folder_holds_below_it(tmp_path: Path) -> None:
    for name in ("2023/private/a.jpg", "2023/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".sightlineignore").write_text("private/\n")
    for root in (tmp_path, tmp_path / "2023"):
        found = [file.path for file in walk([root], WalkRules(), lambda path, reason: None)]
        assert [os.path.basename(path) for path in found] == [b"b.jpg"]
