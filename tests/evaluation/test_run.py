"""A whole run on pictures whose colours are their right answers."""

import json
import os
import shutil
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from ranx import Qrels, Run

import sightline.evaluation.scoring as scoring
from sightline.errors import EvaluationError, GoldError, LibraryError, UsageError
from sightline.evaluation.gold import GalleryPhoto, write_gold
from sightline.evaluation.inputs import EvalOptions
from sightline.evaluation.intervals import wilson_interval
from sightline.evaluation.kept_texts import read_kept
from sightline.evaluation.progress import silent
from sightline.evaluation.results import Results, read_results
from sightline.evaluation.run import evaluate
from tests.evaluation.making import COLOURS, World, grades
from tests.making import make_model, make_photo


def _untimed(results: Results) -> object:
    """All of it but what a clock said."""
    plain = json.loads(msgspec.json.encode(results))
    for ranker in plain["rankers"]:
        del ranker["latency"], ranker["index"]
        for query in ranker["queries"]:
            del query["seconds"]
    return plain


def test_a_model_that_sees_colours_finds_them_and_chance_does_not(world: World) -> None:
    results = world.run(rankers=("random",))
    tiny, chance = results.ranker("tiny"), results.ranker("random")
    assert tiny.figures["hit@1"].value == 1
    assert tiny.figures["recall@5"].value == 1
    assert tiny.figures["precision@5"].value == pytest.approx(4 / 5)
    assert chance.figures["map"].value < tiny.figures["map"].value
    assert {s.name for s in tiny.slices} >= {"colour", "short", "descriptive"}


def test_queries_without_an_answer_are_counted_not_dropped(world: World) -> None:
    tiny = world.run().ranker("tiny")
    assert tiny.figures["precision@5"].n == 5
    assert tiny.figures["precision@5"].undefined == 2
    assert tiny.no_answer is not None
    assert tiny.no_answer.queries == 2
    assert tiny.no_answer.auroc.value == 1  # no picture is as black as the red ones are red
    assert (tiny.no_answer.auroc.low, tiny.no_answer.auroc.high) == wilson_interval(2, 2)
    assert len(tiny.queries) == 7


def test_photos_that_were_missed_are_told_with_rank_and_grade(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.evaluation.measure.SHOWN", 1)
    gold = world.gold()
    first, *others = gold.queries
    graded = first.grades | {"red/3.png": 1}
    partly = msgspec.structs.replace(first, grades=graded)
    write_gold(msgspec.structs.replace(gold, queries=(partly, *others)), world.gold_file)
    red = world.run().ranker("tiny").queries[0]
    (top,) = red.shown
    grades_of = {top.file: top.grade} | {one.file: one.grade for one in red.missed}
    assert grades_of == {file: grade for file, grade in graded.items() if grade}
    assert sorted(one.rank for one in red.missed) == [2, 3, 4]
    kept = read_results(world.folder / "run").ranker("tiny").queries[0]
    assert kept.missed == red.missed


def test_a_run_says_which_share_of_queries_its_threshold_keeps_answered(world: World) -> None:
    assert world.run(keep=0.75).run.keep == 0.75
    assert read_results(world.folder / "run").run.keep == 0.75


def test_an_experiment_that_lacks_captions_is_named(world: World) -> None:
    path = world.folder / "captions.toml"
    path.write_text(
        'title = "By captions"\nquestion = "?"\nkind = "rankers"\nrankers = ["bm25"]\n'
        'compare = [["tiny", "bm25"]]\n'
    )
    with pytest.raises(UsageError, match=r"captions\.toml \(By captions\).*bm25.*--captions"):
        world.run(experiments=(path,))


def test_the_same_inputs_give_the_same_numbers(world: World) -> None:
    first, again = world.run("a", rankers=("random",)), world.run("b", rankers=("random",))
    assert _untimed(first) == _untimed(again)
    assert _untimed(read_results(world.folder / "a")) == _untimed(first)


def test_a_stopped_run_goes_on_and_ranks_no_query_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[str] = []
    real = scoring.ScoreCache.scored

    def counted(self, ranker, query):  # type: ignore[no-untyped-def]
        before = len(list(self.folder.rglob("*.npz")))
        found = real(self, ranker, query)
        if len(list(self.folder.rglob("*.npz"))) > before:
            scored.append(query.id)
            if len(scored) == 3:
                raise KeyboardInterrupt
        return found

    monkeypatch.setattr(scoring.ScoreCache, "scored", counted)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.run()
    assert sorted(scored) == sorted(query.id for query in world.gold().queries)


def test_a_damaged_cache_is_made_anew(world: World) -> None:
    sound = world.run()
    for kept in (world.folder / "run" / "cache").rglob("*.npz"):
        kept.write_bytes(b"PK\x03\x04 half a file")
    for kept in (world.folder / "run" / "cache").glob("*.json"):
        kept.write_bytes(b"{")
    assert _untimed(world.run()) == _untimed(sound)
    (world.folder / "run" / "cache" / "photo-facts.json").write_bytes(b'{"\x80": 1}')
    assert _untimed(world.run()) == _untimed(sound)


def test_a_flipped_bit_in_the_cache_costs_one_query(world: World) -> None:
    sound = world.run()
    kept = next((world.folder / "run" / "cache").rglob("*.npz"))
    whole = kept.read_bytes()
    encrypted, method = (whole.rindex(b"PK\x01\x02") + offset for offset in (8, 10))
    for at in (encrypted, method):  # zipfile has errors of its own for each
        spoiled = bytearray(whole)
        spoiled[at] ^= 1
        kept.write_bytes(spoiled)
        assert _untimed(world.run()) == _untimed(sound)


def test_a_kept_array_with_a_damaged_header_is_made_anew(tmp_path: Path) -> None:
    kept = tmp_path / "kept.npy"
    np.save(kept, np.zeros((3, 4), np.float32))
    whole = kept.read_bytes()
    assert read_kept(kept) is not None
    for bit in range(8 * 128):
        spoiled = bytearray(whole)
        spoiled[bit // 8] ^= 1 << bit % 8
        kept.write_bytes(spoiled)
        read_kept(kept)


def test_rankings_stand_in_the_format_that_other_tools_read(world: World) -> None:
    results = world.run()
    run = Run.from_file(str(world.folder / "run" / "rankings" / "tiny.trec"), kind="trec")
    gold = world.gold()
    photos = {photo.file: photo.photo for photo in gold.gallery}
    qrels = {
        q.id: {photos[file]: grade for file, grade in q.grades.items() if grade}
        for q in gold.queries
        if q.answerable
    }
    from ranx import evaluate as judged_by_ranx

    theirs = judged_by_ranx(Qrels(qrels), run, ["precision@5", "map"], make_comparable=True)
    ours = results.ranker("tiny").figures
    assert theirs["precision@5"] == pytest.approx(ours["precision@5"].value, abs=1e-6)
    assert theirs["map"] == pytest.approx(ours["map"].value, abs=1e-6)


def test_missing_photos_are_counted_and_warned_of(world: World) -> None:
    from sightline import Library

    library = world.folder / "library"
    for gone in ("red/0.png", "green/1.png"):
        (world.photos / gone).unlink()
    with Library.create(library) as made:
        made.index(world.photos, model=world.model)
    options = EvalOptions(library=library)
    results, _ = evaluate(world.gold_file, world.folder / "run", options, silent)
    assert results.run.missing == ("red/0.png", "green/1.png")
    assert "2 of the gold file's photos are missing" in results.run.warnings[0]
    assert "3 queries lose a relevant photo" in results.run.warnings[0]
    red = next(q for q in results.rankers[0].queries if q.id == "red")
    assert red.relevant == 4  # the lost one counts as not found
    assert red.metrics["recall@5"] == pytest.approx(3 / 4)


def test_photos_that_are_not_under_the_named_folder_stop_the_run(world: World) -> None:
    (world.photos / "red/0.png").unlink()
    with pytest.raises(GoldError, match=r"1 of the 16 photos .*red/0\.png"):
        world.run()


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_names_that_no_file_can_have_are_photos_that_are_not_there(world: World) -> None:
    (world.photos / "round").symlink_to("round")
    gold = world.gold()
    strange = (
        GalleryPhoto("x" * 3000, "a" * 64),
        GalleryPhoto("round/0.png", "b" * 64),
        GalleryPhoto("red/0.png/inside", "c" * 64),
    )
    write_gold(msgspec.structs.replace(gold, gallery=(*gold.gallery, *strange)), world.gold_file)
    with pytest.raises(GoldError, match="3 of the 19 photos"):
        world.run()


def test_a_gold_file_cannot_reach_out_of_the_folder(world: World, tmp_path: Path) -> None:
    secret = make_photo(tmp_path / "secret.png", "red", seed=99)
    gold = world.gold()
    photos = (*gold.gallery, type(gold.gallery[0])("../secret.png", "a" * 64))
    write_gold(msgspec.structs.replace(gold, gallery=photos), world.gold_file)
    assert secret.is_file()
    with pytest.raises(GoldError, match="leads out of"):
        world.run()


def test_wrong_questions_are_refused_before_any_work(world: World, tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="No ranker is called 'best'"):
        world.run(rankers=("best",))
    with pytest.raises(UsageError, match="name their file with --captions"):
        world.run(rankers=("bm25",))
    with pytest.raises(LibraryError):
        evaluate(world.gold_file, world.folder / "x", EvalOptions(), silent)
    (world.folder / "mine").mkdir()
    (world.folder / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(EvaluationError, match="isn't empty and is no run folder"):
        world.run("mine")
    assert [path.name for path in (world.folder / "mine").iterdir()] == ["diary.txt"]


def test_a_run_folder_belongs_to_one_gold_file(world: World) -> None:
    world.run()
    write_gold(msgspec.structs.replace(world.gold(), name="other"), world.gold_file)
    with pytest.raises(EvaluationError, match="holds a run on another gold file"):
        world.run()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a command may be longer")
def test_a_query_too_long_for_a_command_says_how_to_go_without(world: World) -> None:
    gold = world.gold()
    long = msgspec.structs.replace(gold.queries[0], text="red " * 50_000)
    write_gold(msgspec.structs.replace(gold, queries=(long, *gold.queries[1:])), world.gold_file)
    with pytest.raises(EvaluationError, match="--cold 0"):
        world.run(cold=1)


def test_whoever_corrects_the_gold_file_of_a_failed_run_goes_on_in_its_folder(world: World) -> None:
    with pytest.raises(LibraryError):
        evaluate(world.gold_file, world.folder / "run", EvalOptions(), silent)
    write_gold(msgspec.structs.replace(world.gold(), name="other"), world.gold_file)
    assert world.run().run.gold_name == "other"


def test_a_run_killed_while_it_wrote_its_first_file_goes_on(world: World) -> None:
    (world.folder / "run").mkdir()
    (world.folder / "run" / ".gold.json.x1y2z3").write_bytes(b"{")
    assert world.run().run.queries == 7


def test_times_are_those_of_the_library_that_was_searched(world: World) -> None:
    from sightline import Library

    own = world.run().rankers[0]
    with Library.create(world.folder / "library") as made:
        made.index(world.photos, model=world.model)
    options = EvalOptions(library=world.folder / "library")
    other = evaluate(world.gold_file, world.folder / "run", options, silent)[0].rankers[0]
    assert own.index is not None
    assert own.index.seconds is not None
    assert other.index is not None
    assert other.index.seconds is None
    assert len(list((world.folder / "run" / "cache").glob("latency-*"))) == 2
    (world.folder / "run").rename(world.folder / "moved")
    again = world.run("moved").rankers[0]
    assert (again.latency, again.index) == (own.latency, own.index)


def test_a_library_without_that_model_says_what_to_do(world: World, tmp_path: Path) -> None:
    from sightline import Library

    library = world.folder / "library"
    with Library.create(library) as made:
        made.index(world.photos, model=world.model)
    other = make_model(tmp_path / "other", name="other", seed=1)
    options = EvalOptions(library=library, models=(str(other),))
    with pytest.raises(UsageError, match="sightline index --model"):
        evaluate(world.gold_file, world.folder / "run", options, silent)


def test_two_models_of_one_name_are_told_apart_or_refused(world: World, tmp_path: Path) -> None:
    twin = make_model(tmp_path / "twin", name="tiny", seed=1)
    options = EvalOptions(photos=world.photos, models=(str(world.model), str(twin)))
    with pytest.raises(UsageError, match="Two models are called 'tiny'"):
        evaluate(world.gold_file, world.folder / "run", options, silent)


def test_photos_find_their_own_captions_and_their_likes(world: World) -> None:
    captions = world.photos / "captions.jsonl"
    captions.write_text(
        "".join(
            json.dumps({"file": f"{c}/{n}.png", "captions": [c]}) + "\n"
            for c in COLOURS
            for n in range(4)
        )
    )
    tiny = world.run(captions=(captions,), rankers=("bm25", "caption-embeddings", "fusion"))
    model = tiny.ranker("tiny")
    assert model.image_to_image["precision@5"].value == pytest.approx(3 / 5)
    assert model.image_to_image["hit@1"].value == 1
    # Three other photos have the very same caption: a tie counts against the photo's own.
    assert model.image_to_text["hit@1"].value == 0
    assert model.image_to_text["hit@5"].value == 1
    assert tiny.ranker("bm25").figures["hit@1"].value == 1
    assert tiny.ranker("fusion").figures["recall@5"].value == 1


def test_photos_are_only_read(world: World) -> None:
    before = {path: path.read_bytes() for path in world.photos.rglob("*.png")}
    world.run(rankers=("rerank",))
    assert {path: path.read_bytes() for path in world.photos.rglob("*.png")} == before
    assert not [p for p in world.photos.rglob("*") if p.is_file() and p not in before]
    shutil.rmtree(world.folder / "run")


def test_a_query_of_unknown_words_is_warned_of_and_stops_nothing(world: World) -> None:
    gold = world.gold()
    strange = type(gold.queries[0])(id="elephant", text="🐘", need="red", grades=grades("red"))
    write_gold(msgspec.structs.replace(gold, queries=(*gold.queries, strange)), world.gold_file)
    warned: list[str] = []
    options = EvalOptions(
        photos=world.photos, models=(str(world.model),), rankers=("rerank", "random")
    )
    results, _ = evaluate(world.gold_file, world.folder / "run", options, silent, warned.append)
    assert any("knows no word of 1 queries (elephant)" in warning for warning in warned)
    assert results.run.warnings == tuple(warned)
    elephant = next(q for q in results.rankers[0].queries if q.id == "elephant")
    assert {photo.score for photo in elephant.shown} == {0.0}
    assert results.rankers[0].figures["hit@1"].n == 6


def test_a_photo_that_went_since_it_was_indexed_keeps_its_first_score(
    world: World, tmp_path: Path
) -> None:
    from sightline import Library

    with Library.create(world.folder / "library") as made:
        made.index(world.photos, model=world.model)
    (world.photos / "red/0.png").unlink()
    options = EvalOptions(library=world.folder / "library", rankers=("rerank",))
    results, _ = evaluate(world.gold_file, world.folder / "run", options, silent)
    assert results.ranker("rerank").figures["hit@1"].value == 1
