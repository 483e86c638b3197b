"""Many references: looked at once, before the first photo, with something to be seen meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from sightline.errors import InspectionError
from sightline.inspection.panel import Panel
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.reference_choice import chosen_references, prepare_references
from sightline.inspection.reference_remembered import Remembered
from sightline.inspection.reference_set import MOST_REFERENCES, thinned
from sightline.inspection.verdict import Task
from tests.inspection.reference_pictures import biscuit, save


@pytest.fixture(scope="module")
def biscuits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("biscuits")
    return tuple(save(biscuit(seed)[0], folder / f"{seed}.jpg", quality=92) for seed in range(4))


def _no_more_looking(*_: object) -> None:
    raise AssertionError("a prepared reference is looked at again")


def test_prepared_references_are_not_looked_at_again(
    biscuits: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector = ReferenceInspector()
    inspector.prepare(biscuits)
    monkeypatch.setattr(
        "sightline.inspection.reference_photos.ReferencePhotos._looked_at", _no_more_looking
    )
    monkeypatch.setattr(
        "sightline.inspection.reference_photos.nearness_both_ways", _no_more_looking
    )
    image = save(biscuit(25)[0], tmp_path / "a.png")
    assert inspector.inspect(Task(image=image, references=biscuits)).decision == "normal"


def test_preparing_says_how_far_it_is_and_changes_no_verdict(
    biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image = save(biscuit(20)[0], tmp_path / "a.png")
    task = Task(image=image, references=biscuits)
    stages: list[tuple[str, int, int]] = []
    prepared = ReferenceInspector()
    prepared.prepare(biscuits, 2, lambda *stage: stages.append(stage))
    assert stages == [
        *(("Looking at references", n, 4) for n in range(1, 5)),
        *(("Comparing references", n, 6) for n in range(1, 7)),
    ]
    assert prepared.inspect(task).score == ReferenceInspector().inspect(task).score


@pytest.mark.parametrize("in_a_panel", [False, True])
def test_references_named_for_a_run_are_prepared_for_whoever_uses_them(
    biscuits: tuple[Path, ...], in_a_panel: bool
) -> None:
    inspector = ReferenceInspector()
    asked = Panel((inspector,)) if in_a_panel else inspector
    stages: list[str] = []
    with chosen_references([str(path) for path in biscuits], None, "", None) as references:
        assert references(Path("any.jpg")) == biscuits
        prepare_references(asked, references, 1, lambda doing, done, total: stages.append(doing))
    assert set(stages) == {"Looking at references", "Comparing references"}


def test_references_that_each_photo_has_for_itself_are_not_prepared() -> None:
    def none_yet(image: Path) -> tuple[Path, ...]:
        raise AssertionError("asked before there is a photo")

    prepare_references(ReferenceInspector(), none_yet, 1, _no_more_looking)


def test_preparing_nothing_is_refused_with_what_to_do() -> None:
    with pytest.raises(InspectionError, match="--reference"):
        ReferenceInspector().prepare(())


def test_very_many_references_are_thinned_out_evenly() -> None:
    paths = [Path(f"{n:03}.jpg") for n in range(3 * MOST_REFERENCES)]
    kept = thinned(paths)
    assert len(set(kept)) == MOST_REFERENCES
    assert (kept[0], kept[-1]) == (paths[0], paths[-1])
    assert list(kept) == sorted(kept)
    assert thinned(paths[:5]) == tuple(paths[:5])


def test_thinning_is_told(
    biscuits: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.inspection.reference_set.MOST_REFERENCES", 3)
    monkeypatch.setattr("sightline.inspection.reference_words.MOST_REFERENCES", 3)
    image = save(biscuit(20)[0], tmp_path / "a.png")
    verdict = ReferenceInspector().inspect(Task(image=image, references=biscuits))
    assert "Of 4 references 3 were compared" in verdict.would_help


def test_of_threads_that_want_the_same_thing_one_works_it_out() -> None:
    remembered: Remembered[int] = Remembered(2)
    at_once = Barrier(2)
    numbers = count(1)

    def ask(_: int) -> int:
        at_once.wait()
        return remembered.get("key", lambda: next(numbers))

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, range(2))) == [1, 1]


def test_what_could_not_be_worked_out_is_tried_again() -> None:
    remembered: Remembered[int] = Remembered(2)
    makers: list[Callable[[], int]] = [lambda: 1 // 0, lambda: 7]
    with pytest.raises(ZeroDivisionError):
        remembered.get("key", makers[0])
    assert remembered.get("key", makers[1]) == 7
