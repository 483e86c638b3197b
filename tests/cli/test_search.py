"""`sightline search` as a shell sees it: what it prints, where, and how it exits."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.making import make_photo
from tests.shell import command, sightline

HOSTILE_NAMES = (
    b"with space.png",
    b"quo\"te's.png",
    b"new\nline.png",
    b"latin-\xe9.png",
    b"\x1b[31mred.png",
    b"x" * 246 + b".png",
)


@pytest.fixture
def photos(tmp_path: Path, tiny_model: Path) -> Path:
    """A default library of three red photos, a blue one, and red ones with hostile names."""
    folder = tmp_path / "photos"
    for seed in range(3):
        make_photo(folder / f"red-{seed}.png", "red", seed)
    make_photo(folder / "blue.png", "blue")
    for seed, name in enumerate(HOSTILE_NAMES, 10):
        os.rename(
            make_photo(folder / "made.png", "red", seed), os.path.join(os.fsencode(folder), name)
        )
    assert sightline("index", folder, "--model", tiny_model).returncode == 0
    return folder


def test_matches_go_to_stdout_and_exit_0(photos: Path) -> None:
    done = sightline("search", "blue", "-k", "1")
    assert done.returncode == 0
    assert done.stdout.split()[0] == b"1"
    assert b"blue.png" in done.stdout
    assert done.stderr == b""


def test_words_need_no_quotes(photos: Path) -> None:
    rows = json.loads(sightline("search", "blue", "green", "--format", "json").stdout)
    assert rows == json.loads(sightline("search", "blue green", "--format", "json").stdout)


def test_no_match_exits_1_and_says_so_on_stderr(photos: Path) -> None:
    done = sightline("search", "red", "--camera", "no such camera", "--format", "jsonl")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"No photo" in done.stderr


def test_an_empty_library_says_that_it_is_empty(tmp_path: Path, tiny_model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert sightline("index", empty, "--model", tiny_model).returncode == 0
    done = sightline("search", "red")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"holds no photo" in done.stderr
    assert b"sightline index" in done.stderr


def test_jsonl_rows_hold_what_scripts_rely_on(photos: Path) -> None:
    lines = sightline("search", "red", "-k", "3", "--format", "jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert sorted((row["score"] for row in rows), reverse=True) == [row["score"] for row in rows]
    for row in rows:
        assert {"path", "score", "rank", "photo", "width", "height", "taken_at"} <= row.keys()
        assert len(row["photo"]) == 64
        assert (row["width"], row["height"]) == (36, 24)
        assert os.path.isabs(row["path"])


def test_json_and_csv_say_the_same(photos: Path) -> None:
    rows = json.loads(sightline("search", "red", "--format", "json").stdout)
    table = sightline("search", "red", "--format", "csv").stdout.decode("utf-8", "surrogateescape")
    cells = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [cell["path"] for cell in cells] == [row["path"] for row in rows]
    assert [float(cell["score"]) for cell in cells] == [row["score"] for row in rows]


def test_paths0_gives_the_exact_bytes_of_every_name_back(photos: Path) -> None:
    listed = sightline("search", "red", "-k", "50", "--format", "paths0").stdout
    names = {os.path.basename(path) for path in listed.split(b"\0")[:-1]}
    assert set(HOSTILE_NAMES) <= names
    assert listed.endswith(b"\0")


def test_json_keeps_bytes_that_are_no_utf8(photos: Path) -> None:
    rows = json.loads(sightline("search", "red", "-k", "50", "--format", "json").stdout)
    assert b"latin-\xe9.png" in {os.path.basename(os.fsencode(row["path"])) for row in rows}


def test_a_file_name_cannot_steer_the_terminal(photos: Path) -> None:
    shown = sightline("search", "red", "-k", "50").stdout
    assert b"\x1b" not in shown
    assert len(shown.splitlines()) == len(HOSTILE_NAMES) + 4


def test_a_hostile_name_can_be_asked_for(photos: Path) -> None:
    path = os.path.join(os.fsencode(photos), b"latin-\xe9.png")
    done = sightline("search", "--like", path, "-k", "1", "--format", "paths0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\0") == 1


def test_a_reader_that_goes_away_is_no_error(photos: Path) -> None:
    with subprocess.Popen(
        command("search", "red", "-k", "50"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], b"empty"),
        ([""], b"empty"),
        (["red", "-k", "0"], b"-k"),
        (["red", "-k", "-3"], b"-k"),
        (["red", "-k", "many"], b"-k"),
        (["red", "--model", "nosuch"], b"nosuch"),
        (["red", "--like", "/etc/hostname"], b"/etc/hostname"),
        (["red", "--like", "/nowhere.jpg"], b"/nowhere.jpg"),
        (["red", "--plus", "0:blue"], b"weight"),
        (["red", "--minus", "red"], b"cancel"),
        (["red", "--after", "2021-02-30"], b"2021-02-30"),
        (["red", "--before", "yesterday"], b"yesterday"),
        (["red", "--after", "2022", "--before", "2021"], b"2022"),
        (["red", "--near", "here"], b"here"),
        (["red", "--near", "95,0,1"], b"95"),
        (["red", "--type", "."], b"--type"),
        (["red", "--format", "xml"], b"xml"),
        (["red", "--sheet", "red.png"], b".html"),
        (["red", "--no-such-option"], b"--no-such-option"),
    ],
)
def test_wrong_usage_exits_2_with_the_reason(
    photos: Path, arguments: list[str], reason: bytes
) -> None:
    done = sightline("search", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr


def test_without_a_library_it_says_how_to_make_one_and_exits_3(tmp_path: Path) -> None:
    done = sightline("search", "red", "--library", tmp_path / "nowhere")
    assert done.returncode == 3
    assert b"sightline index" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_sorting_by_date_keeps_the_best_and_puts_the_undated_last(
    tmp_path: Path, tiny_model: Path
) -> None:
    from PIL import Image

    folder = tmp_path / "dated"
    for seed, year in enumerate((2022, 2019, 2025)):
        exif = Image.Exif()
        exif[0x9003] = exif[0x0132] = f"{year}:05:01 12:00:00"
        make_photo(folder / f"{year}.jpg", "red", seed, exif=exif)
    make_photo(folder / "undated.jpg", "red", 9)
    make_photo(folder / "blue.jpg", "blue", 10)
    library = tmp_path / "library-of-dates"
    sightline("index", folder, "--model", tiny_model, "--library", library)

    def found(*arguments: str) -> list[str]:
        done = sightline("search", "red", "--library", library, "--format", "paths", *arguments)
        return [os.path.basename(path) for path in done.stdout.decode().split()]

    assert found("-k", "4", "--sort", "date") == ["2019.jpg", "2022.jpg", "2025.jpg", "undated.jpg"]
    assert set(found("--after", "2022", "--before", "2025")) == {"2022.jpg"}
    assert set(found("--before", "2025-05-01 12:01")) == {"2019.jpg", "2022.jpg", "2025.jpg"}


def test_a_sheet_is_written_beside_the_list(photos: Path, tmp_path: Path) -> None:
    done = sightline("search", "red", "-k", "2", "--sheet", tmp_path / "red.html")
    assert done.returncode == 0
    assert (tmp_path / "red.html").read_text().count("<img ") == 2
    assert b"red.html" in done.stderr
