"""`sightline scenes` as a shell sees it."""

import json
import os
import time
from pathlib import Path

import pytest

from sightline.evaluation.gold import read_gold
from sightline.evaluation.scenes.families import FAMILIES
from tests.cli.conftest import Cli
from tests.shell import remount, small_disk, start

SMALL = ("--count", "1", "--family", "object", "--size", "64")


def test_it_says_what_it_made_and_what_was_there(cli: Cli, tmp_path: Path) -> None:
    done = cli("scenes", tmp_path / "new", *SMALL)
    assert done.status == 0
    first, second, third = done.output.decode().splitlines()
    assert first.startswith("1 made, 0 kept")
    assert second == f"Scenes of two pictures in {tmp_path / 'new'}: 1 object."
    assert "queries in gold_queries.json" in third
    again = json.loads(cli("scenes", tmp_path / "new", *SMALL, "--format", "json").output)
    assert (again["made"], again["kept"], again["scenes"]["object"]) == (0, 1, 1)
    assert again["folder"] == str(tmp_path / "new")


def test_what_is_drawn_is_called_scenes_and_not_photos(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.cli.work_progress._PLAIN_LINE_SECONDS", 0.0)
    done = cli("scenes", tmp_path / "new", *SMALL)
    assert done.errors.splitlines() == ["Drawing scenes: 1 of 1"]


def test_the_help_names_every_family(cli: Cli) -> None:
    shown = cli("scenes", "--help").output.decode()
    assert all(name in shown for name in FAMILIES)


def test_what_it_made_can_be_indexed_and_searched(
    cli: Cli, tmp_path: Path, tiny_model: Path
) -> None:
    cli("scenes", tmp_path / "scenes", *SMALL)
    assert cli("index", tmp_path / "scenes", "--model", tiny_model).status == 0
    gold = read_gold(tmp_path / "scenes" / "gold_queries.json")
    found = cli("search", "red", "--format", "paths").output.decode().splitlines()
    assert {os.path.relpath(path, tmp_path / "scenes") for path in found} == set(gold.files)


def test_what_makes_no_sense_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    for wrong in (
        ("", *SMALL),
        (tmp_path / "new", "--count", "0"),
        (tmp_path / "new", "--size", "5"),
        (tmp_path / "new", "--family", "colours"),
        (tmp_path / "new", "--count", "many"),
    ):
        assert cli("scenes", *wrong).status == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_of_other_files_is_refused_with_its_reason(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taxes.pdf").write_bytes(b"2025")
    done = cli("scenes", tmp_path, *SMALL)
    assert done.status == 2
    assert "taxes.pdf" in done.errors
    assert os.listdir(tmp_path) == ["taxes.pdf"]


def test_another_seed_in_the_same_folder_is_refused(cli: Cli, tmp_path: Path) -> None:
    cli("scenes", tmp_path / "new", *SMALL)
    done = cli("scenes", tmp_path / "new", *SMALL, "--seed", "2")
    assert done.status == 3
    assert "--seed 0" in done.errors


def test_a_folder_that_can_not_be_made_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("scenes", tmp_path / "file" / "new", *SMALL)
    assert done.status == 3
    assert "Can't use the folder" in done.errors


def test_a_full_disk_is_a_sentence_and_with_more_room_it_goes_on(cli: Cli, tmp_path: Path) -> None:
    asked = ("--family", "object", "--size", "64", "--count", "20", "--format", "json")
    with small_disk(tmp_path / "disk", 100) as disk:
        done = cli("scenes", disk / "new", *asked)
        assert done.status == 3
        assert "No space left" in done.errors
        remount(disk, "size=4m")
        report = json.loads(cli("scenes", disk / "new", *asked).output)
    assert report["made"] < 20
    assert report["made"] + report["kept"] == 20


def test_a_killed_command_loses_no_whole_scene_and_goes_on(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    many = ("--family", "colour", "--size", "64", "--count")
    process = start("scenes", folder, *many, "4000")
    rows = folder / "scenes.jsonl"
    for _ in range(1200):
        if rows.exists() and rows.read_bytes().count(b"\n") > 6:
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    process.communicate()
    there = len([line for line in rows.read_bytes().split(b"\n") if line])
    done = json.loads(cli("scenes", folder, *many, "3", "--format", "json").output)
    assert (done["made"], done["kept"]) == (0, 3)
    assert there - 1 <= done["scenes"]["colour"] <= there + 1
