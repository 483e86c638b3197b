"""Two runs side by side."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sightline.errors import EvaluationError
from sightline.evaluation.compare import as_json, as_text, compare_runs
from sightline.evaluation.gold import write_gold
from sightline.evaluation.inputs import EvalOptions
from sightline.evaluation.progress import silent
from sightline.evaluation.run import evaluate
from tests.evaluation.making import World
from tests.making import make_model


def test_a_run_against_itself_changes_nothing(world: World) -> None:
    world.run("a", rankers=("random",))
    world.run("b", rankers=("random",))
    found = compare_runs(world.folder / "a", world.folder / "b")
    assert found.pairs == (("tiny", "tiny"), ("random", "random"))
    assert found.changed == ()
    assert all("equal on every query" in one.sentence for one in found.comparisons)


def test_what_changed_is_shown_query_by_query(world: World) -> None:
    world.run("a")
    other = make_model(world.folder / "shuffled", name="other", seed=5)
    # Its words mean other pictures than its pictures do.
    (other / "text.onnx").write_bytes(
        (make_model(world.folder / "x", seed=6) / "text.onnx").read_bytes()
    )
    described = msgspec.json.decode((other / "model.json").read_bytes())
    from hashlib import sha256

    described["files"]["text.onnx"] = sha256((other / "text.onnx").read_bytes()).hexdigest()
    (other / "model.json").write_bytes(msgspec.json.encode(described))
    options = EvalOptions(photos=world.photos, models=(str(other),))
    evaluate(world.gold_file, world.folder / "b", options, silent)
    found = compare_runs(world.folder / "a", world.folder / "b")
    assert found.pairs == (("tiny", "other"),)
    assert found.changed
    assert (found.changed[0].gain or 0) < 0
    assert found.changed[0].a_first_relevant == 1
    assert set(found.changed[0].entered).isdisjoint(found.changed[0].left)
    text = as_text(found)
    assert "other of b" in text
    assert "precision@5 rose for 0 queries and fell for" in text
    assert msgspec.json.decode(as_json(found))["pairs"] == [["tiny", "other"]]


def test_runs_on_different_photos_or_queries_are_not_compared(world: World) -> None:
    world.run("a")
    gold = world.gold()
    write_gold(msgspec.structs.replace(gold, queries=gold.queries[:-1]), world.gold_file)
    world.run("b")
    with pytest.raises(EvaluationError, match="different gold files"):
        compare_runs(world.folder / "a", world.folder / "b")
    fewer = msgspec.structs.replace(
        gold,
        gallery=gold.gallery[1:],
        queries=tuple(
            msgspec.structs.replace(
                q, grades={f: g for f, g in q.grades.items() if f != "red/0.png"}
            )
            for q in gold.queries
        ),
    )
    write_gold(fewer, world.gold_file)
    world.run("c")
    with pytest.raises(EvaluationError, match="different galleries"):
        compare_runs(world.folder / "a", world.folder / "c")


def test_what_is_no_run_folder_is_called_that(world: World) -> None:
    with pytest.raises(EvaluationError, match="is no run folder"):
        compare_runs(world.folder, world.photos)
    (world.folder / "results.json").write_text("{}")
    with pytest.raises(EvaluationError, match="no run that this version understands"):
        compare_runs(world.folder, world.photos)


Spoil = Callable[[list[dict[str, Any]]], object]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rankers: rankers.clear(),
        lambda rankers: rankers[0]["queries"].pop(),
        lambda rankers: rankers[0].update(queries=[]),
        lambda rankers: rankers[0]["queries"][0].update(id="other"),
    ],
)
def test_results_that_somebody_changed_are_not_compared(world: World, spoil: Spoil) -> None:
    world.run("a")
    shutil.copytree(world.folder / "a", world.folder / "b")
    kept = world.folder / "b" / "results.json"
    results = json.loads(kept.read_bytes())
    spoil(results["rankers"])
    kept.write_text(json.dumps(results))
    for one, other in (("a", "b"), ("b", "a")):
        with pytest.raises(EvaluationError, match="aren't whole"):
            compare_runs(world.folder / one, world.folder / other)
