"""Gold files: what is wrong in one is said before anything is measured."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightline.errors import GoldError
from sightline.evaluation.gold import read_gold, write_gold
from tests.evaluation.making import World

Spoil = Callable[[dict[str, Any]], object]


def test_what_is_written_is_what_is_read(world: World) -> None:
    assert read_gold(world.gold_file) == world.gold()
    assert read_gold(world.gold_file).hash == world.gold().hash


SPOILED: dict[str, Spoil] = {
    "the id red": lambda gold: gold["queries"].append(gold["queries"][0]),
    "the name red/0.png": lambda gold: gold["gallery"].append(
        {"file": "red/0.png", "photo": "0" * 64}
    ),
    "stands for the photo": lambda gold: gold["gallery"].append(
        {"file": "other.png", "photo": gold["gallery"][0]["photo"]}
    ),
    "no text stands in query red": lambda gold: gold["queries"][0].update(text="  "),
    "doesn't hold nowhere.png": lambda gold: gold["queries"][0]["grades"].update(
        {"nowhere.png": 1}
    ),
    "no-answer is missing, in query green": lambda gold: gold["queries"][1].update(grades={}),
    "in spite of the tag no-answer in query black": lambda gold: gold["queries"][5][
        "grades"
    ].update({"red/0.png": 2}),
    "a NUL character stands in query red": lambda gold: gold["queries"][0].update(text="r\0d"),
    "a NUL character stands in the name": lambda gold: gold["gallery"].append(
        {"file": "r\0d.png", "photo": "0" * 64}
    ),
    "`$.queries[0].id`": lambda gold: gold["queries"][0].update(id="red\n"),
    "`$.queries[0].tags[0]`": lambda gold: gold["queries"][0].update(tags=["short\n"]),
    "`$.gallery[0].photo`": lambda gold: gold["gallery"][0].update(photo="0" * 64 + "\n"),
    "(query 'red')": lambda gold: gold["queries"][0]["grades"].update({"red/0.png": 7}),
    "Expected `int` <= 2": lambda gold: gold["queries"][0]["grades"].update({"red/0.png": 3}),
    "Expected `int` >= 0": lambda gold: gold["queries"][0]["grades"].update({"red/0.png": -1}),
    "Expected `int`, got `str`": lambda gold: gold["queries"][0]["grades"].update(
        {"red/0.png": "2"}
    ),
    "unknown field `notes`": lambda gold: gold.update(notes=""),
    "Invalid enum value": lambda gold: gold.update(format="sightline-gold/9"),
    "holds no photos": lambda gold: gold.update(gallery=[], queries=gold["queries"]),
    "holds no queries": lambda gold: gold.update(queries=[]),
}


@pytest.mark.parametrize("said", SPOILED)
def test_a_gold_file_at_odds_with_itself_is_refused_by_name(world: World, said: str) -> None:
    gold = json.loads(world.gold_file.read_text())
    SPOILED[said](gold)
    world.gold_file.write_text(json.dumps(gold))
    with pytest.raises(GoldError) as refused:
        read_gold(world.gold_file)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["", "[", "[]", "null", '{"format": 1}', "\udcff", "[" * 100_000])
def test_what_is_no_gold_file_is_called_that(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gold.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GoldError, match="no gold file that this version understands"):
        read_gold(path)


def test_a_missing_gold_file_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="No such file"):
        read_gold(tmp_path / "gone.json")


def test_a_gold_file_that_would_be_refused_is_never_written(world: World) -> None:
    gold = world.gold()
    before = world.gold_file.read_bytes()
    twice = type(gold)(
        name=gold.name, gallery=gold.gallery, queries=(*gold.queries, gold.queries[0])
    )
    with pytest.raises(GoldError):
        write_gold(twice, world.gold_file)
    assert world.gold_file.read_bytes() == before


def test_a_query_says_what_answers_it(world: World) -> None:
    gold = world.gold()
    assert gold.query("red").relevant == {f"red/{n}.png" for n in range(4)}
    assert gold.query("red").answerable
    assert not gold.query("black").answerable
    assert gold.query("black").relevant == frozenset()
