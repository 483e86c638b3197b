"""A folder of scenes: whole, continued, and never anybody else's."""

import json
from pathlib import Path

import pytest

from sightline.errors import EvaluationError, UsageError
from sightline.evaluation.gold import NO_ANSWER, read_gold
from sightline.evaluation.pairs import read_pairs
from sightline.evaluation.scenes.families import FAMILIES
from sightline.evaluation.scenes.folder import ScenesReport, write_scenes
from sightline.evaluation.scenes.queries import UNANSWERABLE
from sightline.evaluation.scenes.rows import read_rows
from tests.making import tree

SIDE = 64


def write(folder: Path, count: int = 2, *families: str, **more: int) -> ScenesReport:
    return write_scenes(folder, count=count, families=families, **({"size": SIDE} | more))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of every family. Read only."""
    folder = tmp_path_factory.mktemp("scenes") / "new" / "folder"
    write(folder)
    return folder


def test_all_families_come_with_pictures_truth_gold_and_pairs(made: Path) -> None:
    rows = read_rows(made)
    assert [row.id for row in rows] == [f"{name}-0000{at}" for name in FAMILIES for at in (0, 1)]
    assert len(list((made / "images").glob("*.png"))) == 4 * len(FAMILIES)
    gold = read_gold(made / "gold_queries.json")
    assert len(gold.gallery) == 4 * len(FAMILIES)
    for family in FAMILIES:
        assert len(read_pairs(made / "pairs" / f"{family}.json").pairs) == 2


def test_every_grade_is_what_the_truth_says(made: Path) -> None:
    rows = read_rows(made)
    gold = read_gold(made / "gold_queries.json")
    for row in rows:
        query = gold.query(row.id)
        assert query.text == row.caption
        assert query.tags == (row.family,)
        assert set(query.grades) == set(gold.files)
        assert query.grades[row.picture.file] == 2
        assert query.grades[row.foil_picture.file] == 0
        for other in rows:
            for picture in other.pictures:
                assert query.grades[picture.file] == row.picture.claim.grade(picture.truth)


def test_some_queries_ask_for_what_is_on_no_picture(made: Path) -> None:
    gold = read_gold(made / "gold_queries.json")
    unanswerable = [query for query in gold.queries if NO_ANSWER in query.tags]
    assert len(unanswerable) == UNANSWERABLE
    assert all(set(query.grades.values()) == {0} for query in unanswerable)
    assert all(set(query.grades) == set(gold.files) for query in unanswerable)
    assert len({query.text for query in gold.queries}) == len(gold.queries)


def test_no_file_name_gives_a_caption_away(made: Path) -> None:
    for row in read_rows(made):
        words = set(f"{row.caption} {row.foil_caption}".split())
        assert not words & {*FAMILIES, "a.png", "b.png"}


def test_the_pairs_are_sugarcrepes_and_name_files_that_are_there(made: Path) -> None:
    entries = json.loads((made / "pairs" / "attribute.json").read_text())
    first = entries["attribute-00000"]
    assert set(first) == {"filename", "caption", "negative_caption", "negative_filename"}
    assert (made / "images" / first["filename"]).is_file()
    assert (made / "images" / first["negative_filename"]).is_file()


def test_a_scene_does_not_depend_on_how_many_are_made_nor_on_the_others(
    made: Path, tmp_path: Path
) -> None:
    write(tmp_path / "few", 1, "count")
    alone = tree(tmp_path / "few" / "images")
    assert {name: data for name, (_, data) in alone.items()} == {
        name: (made / "images" / name).read_bytes() for name in alone
    }


def test_more_scenes_are_added_and_none_made_again(tmp_path: Path) -> None:
    first = write(tmp_path, 2, "count", "size")
    before = tree(tmp_path / "images")
    report = write(tmp_path, 3, "size", "text")
    assert (first.made, first.kept, report.made, report.kept) == (4, 0, 4, 2)
    after = tree(tmp_path / "images")
    assert before.items() <= after.items()
    assert {name: count for name, count in report.scenes.items() if count} == {
        "size": 3, "count": 2, "text": 3,
    }  # fmt: skip
    assert (tmp_path / "pairs" / "count.json").is_file()


def test_fewer_scenes_take_none_away(tmp_path: Path) -> None:
    write(tmp_path, 3, "object")
    before = tree(tmp_path / "images")
    report = write(tmp_path, 1, "object")
    assert (report.made, report.kept, report.scenes["object"]) == (0, 1, 3)
    assert tree(tmp_path / "images") == before


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    def die(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    write(whole, 3, "object", "text")
    with pytest.raises(KeyboardInterrupt):
        write_scenes(killed, count=3, families=("object", "text"), size=SIDE, on_progress=die)
    # What a power cut leaves: half a line, and a picture that is cut short.
    with (killed / "scenes.jsonl").open("ab") as file:
        file.write(b'{"family":"object","numb')
    (killed / "images" / "text-00000a.png").write_bytes(b"\x89PNG half")
    (killed / "images" / ".object-00001b.png.abc").write_bytes(b"beside")
    report = write(killed, 3, "object", "text")
    assert (report.made, report.kept) == (4, 2)
    (killed / "images" / ".object-00001b.png.abc").unlink()
    assert {name: data for name, (_, data) in tree(killed).items()} == {
        name: data for name, (_, data) in tree(whole).items()
    }


def test_a_row_that_points_elsewhere_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path, 1, "object")
    lines = (tmp_path / "scenes.jsonl").read_text()
    (tmp_path / "scenes.jsonl").write_text(lines.replace("images/", "../images/"))
    assert write(tmp_path, 1, "object").made == 1


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"a photo")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match=r"holiday\.jpg"):
        write(tmp_path)
    assert tree(tmp_path) == before


def test_a_scenes_json_of_somebody_else_does_not_make_a_folder_ours(tmp_path: Path) -> None:
    for text in ('{"my": "film"}', "[" * 100_000, "\xff"):
        (tmp_path / "scenes.json").write_text(text, encoding="latin-1")
        with pytest.raises(UsageError, match="not written by"):
            write(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["scenes.json"]


@pytest.mark.parametrize("other", [{"seed": 1}, {"size": 65}])
def test_scenes_of_two_kinds_are_not_mixed(tmp_path: Path, other: dict[str, int]) -> None:
    write(tmp_path, 1, "object")
    with pytest.raises(EvaluationError, match="--seed 0 --size 64"):
        write(tmp_path, 1, "object", **other)


def test_a_folder_of_an_older_generator_is_not_continued(tmp_path: Path) -> None:
    write(tmp_path, 1, "object")
    settings = (tmp_path / "scenes.json").read_text()
    (tmp_path / "scenes.json").write_text(settings.replace('"generator":1', '"generator":0'))
    with pytest.raises(EvaluationError, match="another version"):
        write(tmp_path, 1, "object")


def test_numbers_and_names_that_mean_nothing_are_refused_first(tmp_path: Path) -> None:
    for wrong in ({"count": 0}, {"count": 10**9}, {"size": 8}, {"size": 10**6}):
        with pytest.raises(UsageError, match="must be from"):
            write_scenes(tmp_path / "new", **({"count": 1} | wrong))
    with pytest.raises(UsageError, match="choose among object, colour"):
        write(tmp_path / "new", 1, "colours")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        write(tmp_path / "file")
    assert not (tmp_path / "new").exists()
