"""The report: what a person reads, offline, with nothing in it that could run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sightline.errors import EvaluationError
from sightline.evaluation.inspection.arms import Contestant
from sightline.evaluation.inspection.report import write_reports
from sightline.evaluation.inspection.results import (
    InspectionResults,
    NotRun,
    read_inspection_results,
)
from sightline.evaluation.inspection.run import RunOptions, evaluate_inspection
from sightline.inspection.verdict import Task, Verdict
from tests.evaluation.inspection.making import finding, tiles
from tests.evaluation.inspection.test_run import ARM, DarkSpots


class Hostile(DarkSpots):
    """Puts markup where words are expected, and boxes where there is no picture."""

    def inspect(self, task: Task) -> Verdict:
        found = finding(
            "<script>alert(1)</script>",
            (-500.0, -500.0, 9000.0, 9000.0),
            sentence="<img src=x onerror=alert(1)> | \ud800",
        )
        return Verdict(
            decision="defect", confidence=0.9, score=1.0, findings=(found,), inspector=self.name
        )


def results_of(tmp_path: Path, inspector: DarkSpots) -> InspectionResults:
    options = RunOptions(
        baselines=False,
        resamples=20,
        title="Spots & more",
        not_run=(NotRun(arm="vlm", reason="no endpoint: set SIGHTLINE_VLM_ENDPOINT"),),
    )
    out = tmp_path / "out"
    results = evaluate_inspection(
        tiles(tmp_path), tmp_path, [Contestant.of(inspector)], [ARM], out, options
    )
    write_reports(results, tmp_path, out)
    return results


def test_both_reports_hold_the_figures_and_what_was_not_run(tmp_path: Path) -> None:
    results = results_of(tmp_path, DarkSpots())
    words = (tmp_path / "out" / "report.md").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    figure = results.arm("spots").measures["balanced_error"].figure
    assert figure is not None
    assert f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]" in words
    assert "Spots &amp; more" in page
    for text in (words, page):
        assert "no endpoint: set SIGHTLINE_VLM_ENDPOINT" in text
        assert "misses 0% of the defects" in text


def test_every_photo_is_drawn_with_gold_and_predicted_boxes(tmp_path: Path) -> None:
    results_of(tmp_path, DarkSpots())
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 9
    assert page.count('class="gold"') == page.count('class="said"') == 4
    assert page.count("<polyline") == 1
    assert "<circle" in page


def test_the_page_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    results_of(tmp_path, Hostile())
    page = (tmp_path / "out" / "report.html").read_bytes().decode("utf-8")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "<img" not in page
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page)
    assert "&lt;script&gt;" in page
    assert "wrong reason" in page


def test_a_folder_without_results_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="sightline eval"):
        read_inspection_results(tmp_path)
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(EvaluationError, match="no run that this version understands"):
        read_inspection_results(tmp_path)
