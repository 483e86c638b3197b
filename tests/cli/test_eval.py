"""`sightline eval` as a shell sees it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.evaluation.making import World, make_world


@pytest.fixture
def world(tmp_path: Path, tiny_model: Path) -> World:
    """Sixteen coloured pictures and seven queries."""
    return make_world(tmp_path, tiny_model)


def _ask(world: World, *more: str | Path) -> tuple[str | Path, ...]:
    out = world.folder / "run"
    return (
        "eval", world.gold_file, "--photos", world.photos, "--model", world.model,
        "--cold", "0", "--out", out, *more,
    )  # fmt: skip


def test_a_run_prints_a_table_and_leaves_a_folder(cli: Cli, world: World) -> None:
    done = cli(*_ask(world))
    assert done.status == 0
    text = done.output.decode()
    assert "7 queries (2 without an answer) over 16 photos" in text
    assert "tiny - random = +" in text  # four needs are too few to call it
    made = {path.name for path in (world.folder / "run").iterdir()}
    assert made >= {"results.json", "report.html", "report.md", "gold.json", "rankings"}
    report = (world.folder / "run" / "report.md").read_text()
    for heading in ("Text → image", "When nothing matches", "Slices of tiny", "reproducible"):
        assert heading in report


def test_scripts_get_all_of_it(cli: Cli, world: World) -> None:
    results = json.loads(cli(*_ask(world, "--ranker", "none", "--format", "json")).output)
    assert [ranker["name"] for ranker in results["rankers"]] == ["tiny"]
    assert results["rankers"][0]["figures"]["hit@1"]["value"] == 1
    assert results == json.loads((world.folder / "run" / "results.json").read_bytes())


def test_cold_searches_are_whole_processes(cli: Cli, world: World) -> None:
    done = cli(*_ask(world, "--ranker", "none", "--format", "json", "--cold", "2"))
    latency = json.loads(done.output)["rankers"][0]["latency"]
    assert latency["cold_p50"] > 5 * latency["warm_p50"]


def test_two_runs_are_compared(cli: Cli, world: World) -> None:
    cli(*_ask(world))
    run = world.folder / "run"
    done = cli("eval", "--compare", run, run)
    assert done.status == 0
    assert "equal on every query" in done.output.decode()
    assert cli("eval", "--compare", run, world.photos).status == 3


def test_an_experiment_is_answered_in_a_sentence(cli: Cli, world: World) -> None:
    experiments = {
        "wordings": 'title = "Wordings"\nquestion = "Which?"\nkind = "wordings"\n',
        "baseline": 'title = "Chance"\nquestion = "How far?"\nkind = "rankers"\n'
        'rankers = ["random"]\ncompare = [["tiny", "random"]]\n',
        "absent": 'title = "Absent"\nquestion = "?"\nkind = "rankers"\nmodels = ["no-such-one"]\n'
        'compare = [["tiny", "no-such-one"]]\nneeds = "Fetch it."\n',
        "altered": 'title = "Altered"\nquestion = "?"\nkind = "alterations"\n',
    }
    asked: list[str | Path] = ["--ranker", "none", "--format", "json"]
    for name, text in experiments.items():
        path = world.folder / f"{name}.toml"
        path.write_text(text)
        asked += ["--experiment", path]
    results = json.loads(cli(*_ask(world, *asked)).output)
    wordings, chance, absent, altered = results["experiments"]
    assert "descriptive and short are equal on every query" in wordings["conclusion"]
    assert "Inside noise: tiny - random = +" in chance["conclusion"]
    assert " more a query" in chance["conclusion"]
    assert absent["not_run"] == "the model no-such-one isn't there. Fetch it."
    assert [row[0] for row in altered["rows"]][:2] == [
        "turned, EXIF says how",
        "turned, nothing says so",
    ]
    assert altered["conclusion"].startswith("tiny finds less, beyond noise, in photos that are:")


def test_an_experiment_names_the_photo_that_it_lacks(cli: Cli, world: World) -> None:
    assert cli("index", world.photos, "--library", world.folder / "lib", "--model", world.model)
    (world.photos / "red/0.png").unlink()
    path = world.folder / "altered.toml"
    path.write_text('title = "Altered"\nquestion = "?"\nkind = "alterations"\n')
    done = cli(
        "eval", world.gold_file, "--library", world.folder / "lib", "--model", world.model,
        "--ranker", "none", "--cold", "0", "--out", world.folder / "run",
        "--experiment", path, "--format", "json",
    )  # fmt: skip
    (altered,) = json.loads(done.output)["experiments"]
    assert str(Path("red/0.png")) in altered["not_run"]


@pytest.mark.parametrize("text", ["title = 1", "[", 'title = "x"\nunknown = 1', "\udcff"])
def test_an_experiment_that_makes_no_sense_is_refused(
    cli: Cli, world: World, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = cli(*_ask(world, "--experiment", path))
    assert done.status == 2
    assert "no experiment that this version understands" in done.errors


def test_minimal_pairs_are_scored_by_themselves(cli: Cli, world: World) -> None:
    pairs = world.folder / "colours.json"
    pair = {"filename": "red/0.png", "caption": "red", "negative_caption": "blue"}
    pairs.write_text(json.dumps({"0": pair}))
    asked = ("eval", "--pairs", pairs, "--photos", world.photos, "--model", world.model)
    done = cli(*asked)
    assert done.status == 0
    assert "colours" in done.output.decode()
    assert json.loads(cli(*asked, "--format", "json").output)[0]["families"][0]["name"] == "colours"


def test_wrong_usage_is_said_in_a_sentence(cli: Cli, world: World, tmp_path: Path) -> None:
    assert cli("eval").status == 2
    assert cli("eval", tmp_path / "gone.json").status == 2
    assert cli("eval", "--pairs", world.gold_file).status == 2
    assert cli(*_ask(world, "--format", "xml")).status == 2
    assert cli(*_ask(world, "--ranker", "best")).status == 2
    assert cli("eval", world.gold_file, "--out", tmp_path / "out").status == 3  # nothing indexed
    labels = tmp_path / "labels.json"
    labels.write_text('{"format": "sightline-inspection/1"}')
    assert cli("eval", labels).status == 2
    assert cli("eval", labels, "--images", tmp_path).status == 2


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (["--inspector", "words"], "--inspector"),
        (["--vlm", "m"], "--vlm"),
        (["--send-photos"], "--send-photos"),
        (["--pairs", "p.json"], "--pairs"),
    ],
)
def test_an_option_that_would_reach_nothing_is_refused(
    cli: Cli, world: World, given: list[str], option: str
) -> None:
    done = cli(*_ask(world, *given))
    assert done.status == 2
    assert option in done.errors
    assert not (world.folder / "run").exists()


def test_comparing_and_pairs_take_no_options_of_a_run(cli: Cli, world: World) -> None:
    compared = cli("eval", "--compare", "a", "b", "--model", "x")
    assert compared.status == 2
    assert "--model has no meaning with --compare" in compared.errors
    assert cli("eval", world.gold_file, "--compare", "a", "b").status == 2
    paired = cli("eval", "--pairs", "p.json", "--photos", world.photos, "--out", "x")
    assert paired.status == 2
    assert "--out has no meaning with --pairs" in paired.errors
