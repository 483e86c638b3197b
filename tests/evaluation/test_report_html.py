"""The report opens offline, marks hits and misses, filters, and runs nobody's script."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from sightline.errors import EvaluationError
from sightline.evaluation.intervals import Figure
from sightline.evaluation.plots import legend
from sightline.evaluation.report_html import write_html
from sightline.evaluation.report_summary import cautions, summary
from sightline.evaluation.results import (
    Comparison,
    ExperimentResult,
    Failure,
    Histogram,
    IndexCost,
    Latency,
    Missed,
    NoAnswer,
    QueryResult,
    RankerResult,
    Results,
    Rival,
    RunInfo,
    Shown,
    SliceResult,
)
from tests.making import make_photo
from tests.retrieval.test_sheet import CHROMIUM_FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'&"
FILES = ("red.png", "green.png", "blue.png", "yellow.png", "cyan.png")
UNREADABLE, ABSENT = f"{HOSTILE}.png", "gone.png"


def figure(value: float, low: float | None = None, high: float | None = None) -> Figure:
    return Figure(value, value - 0.1 if low is None else low, high or value + 0.1, 8)


def query(name: str, *shown: Shown, **more: object) -> QueryResult:
    given: dict[str, object] = {
        "id": name,
        "text": f"a {name} thing",
        "need": name,
        "tags": ("object",),
        "answerable": True,
        "relevant": 1,
        "metrics": {"precision@5": 0.2, "ndcg@10": 0.5, "hit@5": 1.0},
        "first_relevant": 1,
        "best_score": 0.5,
        "seconds": 0.004,
        "shown": shown,
    } | more
    return QueryResult(**given)  # type: ignore[arg-type]


def found(precision: float = 0.2) -> QueryResult:
    """One photo of each grade, one that nobody judged, and two right ones further down."""
    grades = (2, 1, 0, None)
    shown = [Shown(file, 0.5, grade) for file, grade in zip(FILES, grades, strict=False)]
    return query(
        "red",
        *shown,
        metrics={"precision@5": precision, "hit@5": 1.0},
        relevant=4,
        missed=(Missed(FILES[4], 31, 2), Missed(ABSENT, 250, 1)),
    )


def failed() -> QueryResult:
    tags, metrics = ("action", HOSTILE), {"precision@5": 0.0, "hit@5": 0.0}
    shown = (Shown(FILES[1], 0.4, 0), Shown(UNREADABLE, 0.3, None))
    return query(
        HOSTILE, *shown, text=HOSTILE, tags=tags, metrics=metrics, missed=(Missed(FILES[0], 70),)
    )


def absent() -> QueryResult:
    return query(
        "submarine",
        Shown(FILES[2], 0.2, 0),
        tags=("no-answer",),
        answerable=False,
        relevant=0,
        metrics={},
    )


def ranker(name: str, *queries: QueryResult, **more: object) -> RankerResult:
    given: dict[str, object] = {
        "name": name,
        "id": f"{name}-1",
        "figures": {"precision@5": figure(0.6), "judged@10": figure(1.0)},
        "slices": (
            SliceResult(
                name="action", kind="tag", queries=8, figures={"precision@5": figure(0.3, 0.2, 0.4)}
            ),
        ),
        "no_answer": NoAnswer(
            queries=1, auroc=figure(0.8), false_answers=figure(0.4), kept=figure(0.9)
        ),
        "curve": (1.0, 0.5, 0.1),
        "histogram": Histogram(-0.1, 0.9, (0, 2, 5), (6, 2, 0)),
        "latency": Latency(warm_p50=0.004, warm_p95=0.009, cold_p50=0.3, cold_p95=0.4),
        "index": IndexCost(seconds=12.0, photos=5, bytes_per_photo=1024.0),
        "queries": queries,
    } | more
    return RankerResult(**given)  # type: ignore[arg-type]


def compared(a: str, b: str, difference: Figure, p: float) -> Comparison:
    return Comparison(
        a=a,
        b=b,
        metric="precision@5",
        difference=difference,
        p=p,
        p_corrected=p,
        sentence=f"{a} and {b}.",
    )


def whole_results() -> Results:
    """Two models and a baseline over three queries, with a failure and two experiments."""
    why = Failure(
        query=HOSTILE,
        text=HOSTILE,
        need="need",
        tags=(),
        right=FILES[0],
        rank=70,
        score=0.1,
        rivals=(Rival(file=FILES[1], score=0.4, hubness=3.2),),
        neighbours=(FILES[4],),
        caption_rank=3,
        paraphrase=HOSTILE,
        paraphrase_rank=2,
        image_hit=None,
        crop_rank=60,
        side="language",
        sentence=HOSTILE,
    )
    return Results(
        run=RunInfo(
            gold_name=HOSTILE,
            gold_hash="g" * 64,
            gallery_hash="h" * 64,
            photos=7,
            missing=(),
            queries=3,
            no_answer_queries=1,
            judged_pairs=20,
            seed=0,
            version="0.1.0",
            code="abc",
            machine=HOSTILE,
            python="3.11",
            warnings=(HOSTILE,),
        ),
        rankers=(
            ranker("new", found(), failed(), absent()),
            ranker(HOSTILE, found(0.9), failed(), absent()),
            ranker("random", found(), index=None, no_answer=None, histogram=None),
        ),
        comparisons=(
            compared("new", HOSTILE, figure(0.02, -0.1, 0.1), 0.6),
            compared("new", "random", figure(0.5), 0.001),
        ),
        experiments=(
            ExperimentResult(
                title=HOSTILE,
                question=HOSTILE,
                conclusion="Yes, beyond noise.",
                head=(HOSTILE, "precision@5"),
                rows=((HOSTILE, "0.500 [0.400, 0.600]"),),
            ),
            ExperimentResult(title="Float", question="?", conclusion="", not_run="no float model"),
        ),
        failures=(why,),
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    paths = {name: make_photo(folder / name, name.removesuffix(".png")) for name in FILES}
    broken = folder / "broken.png"
    broken.write_bytes(b"no photo")
    write_html(whole_results(), {**paths, UNREADABLE: broken}, folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    place = shutil.which("chromium") or shutil.which("chromium-browser")
    if place is None:
        pytest.skip("needs Chromium (Debian package `chromium`)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=place, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@contextmanager
def opened(browser: "Browser", report: Path, **context: object) -> "Iterator[Page]":
    """The report, in which nothing may go wrong and which may ask for nothing."""
    page = browser.new_page(**context)  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append("a script ran"))
    page.on(
        "request",
        lambda asked: asked.url.startswith(("file:", "data:")) or problems.append(asked.url),
    )
    page.goto(report.as_uri())
    yield page
    page.close()
    assert not problems


@pytest.fixture
def page(browser: "Browser", report: Path) -> "Iterator[Page]":
    with opened(browser, report) as page:
        yield page


def visible(page: "Page") -> list[str]:
    """The texts of the queries that the filter leaves; those off the screen, too."""
    return page.locator("article.query:visible h3").all_text_contents()


def test_it_opens_offline_and_hostile_names_and_texts_stay_text(page: "Page") -> None:
    assert HOSTILE in page.title()
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 1
    for place in (".summary + .warning", ".failure h3", "#experiments h3", "#run", "#slices"):
        assert HOSTILE in page.locator(place).first.inner_text()


def test_hits_partial_hits_misses_and_unjudged_photos_are_marked_apart(page: "Page") -> None:
    strip = page.locator("article.query").first.locator("details").first
    marks = strip.locator("ol.first li span").all_text_contents()
    assert marks == ["1 ✓", "2 ½", "3 ✗", "4 ?"]
    said = strip.locator("ol.first li b").evaluate_all("photos => photos.map(p => p.title)")
    assert [one.split(",")[1].strip() for one in said] == [
        "fits",
        "fits partly",
        "doesn't fit",
        "not judged",
    ]
    frames = strip.locator("ol.first li b").evaluate_all(
        "all => all.map(b => getComputedStyle(b)).map(s => s.borderTopStyle + s.borderTopWidth)"
    )
    assert len(set(frames)) == 4  # not by colour alone


def test_right_photos_that_were_missed_end_the_strip_with_their_ranks(page: "Page") -> None:
    strip = page.locator("article.query").first.locator("details").first
    missed = strip.locator("ol").nth(1)
    assert missed.locator("span").all_text_contents() == ["#31 ↓", "#250 ↓ ½"]
    said = [one.get_attribute("title") or "" for one in missed.locator("b").all()]
    assert said[0].startswith("fits, but at rank 31")
    assert said[1].startswith("fits partly, but at rank 250")


def test_a_photo_stands_once_in_the_file_however_often_it_is_shown(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert html.count("data:image/jpeg") == len(FILES)
    assert html.count('class="p0"') > 2


def test_photos_are_really_seen(page: "Page") -> None:
    pictures = page.locator("article.query").first.locator("ol.first li b")
    backgrounds = pictures.evaluate_all("all => all.map(b => getComputedStyle(b).backgroundImage)")
    assert all(one.startswith('url("data:image/jpeg') for one in backgrounds)


def test_photos_that_cant_be_read_leave_a_note_and_are_counted(page: "Page") -> None:
    assert "2 photos could not be read" in page.locator("#unreadable").inner_text()
    assert page.locator("article.query .gone").first.text_content() == "can’t be shown"


def test_only_models_have_strips_and_the_first_is_open(page: "Page") -> None:
    strips = page.locator("article.query").first.locator("details")
    assert [one.get_attribute("open") is not None for one in strips.all()] == [True, False]
    page.select_option("#models", "1")
    assert [one.get_attribute("open") is not None for one in strips.all()] == [False, True]


def test_a_search_and_a_tag_leave_the_queries_that_have_both(page: "Page") -> None:
    assert len(visible(page)) == 3
    page.fill("#find", "THING a")
    assert visible(page) == ["a red thing", "a submarine thing"]
    page.select_option("#tag", label="no-answer (1)")
    assert visible(page) == ["a submarine thing"]
    assert page.inner_text("#count") == "1 of 3 queries"


def test_failed_queries_can_be_shown_alone_and_the_worst_first(page: "Page") -> None:
    page.select_option("#outcome", "failed")
    assert visible(page) == [HOSTILE]
    page.select_option("#outcome", "")
    page.select_option("#order", "worst")
    assert visible(page) == [HOSTILE, "a red thing", "a submarine thing"]
    page.select_option("#order", "")
    page.select_option("#order", "apart")
    assert visible(page)[0] == "a red thing"
    page.select_option("#order", "")
    assert visible(page) == ["a red thing", HOSTILE, "a submarine thing"]


def test_a_failure_leads_to_its_query_even_where_a_filter_hides_it(page: "Page") -> None:
    page.fill("#find", "submarine")
    page.locator(".failure a").click()
    page.wait_for_function("document.querySelectorAll('article.query:not([hidden])').length == 3")
    assert HOSTILE in visible(page)


def test_the_keyboard_goes_through_a_strip_and_says_what_each_photo_is(page: "Page") -> None:
    page.locator("article.query ol").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "rank 2, fits partly" in page.inner_text("#said")
    page.keyboard.press("Escape")
    assert page.inner_text("#said") == ""


def test_it_fits_a_phone_and_reads_without_its_script(browser: "Browser", report: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "java_script_enabled": True}
    with opened(browser, report, **phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator("article.query:visible").count() == 3
        assert page.locator("#controls").is_hidden()


def test_a_tall_plot_leaves_no_hole_beside_it(browser: "Browser", tmp_path: Path) -> None:
    """In rows of a grid, the plots beside thirty slices had white space beneath them."""
    slices = tuple(
        SliceResult(name=f"slice {n}", kind="tag", queries=8, figures={"precision@5": figure(0.3)})
        for n in range(30)
    )
    found = msgspec.structs.replace(
        whole_results(), rankers=(ranker("new", absent(), slices=slices),), failures=()
    )
    write_html(found, {}, tmp_path / "report.html")
    with opened(browser, tmp_path / "report.html", viewport={"width": 900, "height": 900}) as page:
        boxes = [one.bounding_box() for one in page.locator(".plots > figure").all()]
    columns: dict[float, list[tuple[float, float]]] = {}
    for box in boxes:
        assert box is not None
        columns.setdefault(box["x"], []).append((box["y"], box["y"] + box["height"]))
    assert len(columns) > 1
    gaps = [
        after[0] - before[1]
        for column in columns.values()
        for before, after in pairwise(sorted(column))
    ]
    assert max(gaps) < 80


def test_no_two_lines_of_a_plot_look_alike() -> None:
    keys = re.findall(r'class="(s\d)"[^>]*stroke-dasharray="([^"]*)"', legend(list("abcdefghijkl")))
    assert len(keys) == len(set(keys)) == 12


def test_every_plot_says_in_words_what_it_shows(page: "Page") -> None:
    labels = page.locator("svg[role=img]").evaluate_all("all => all.map(s => s.ariaLabel)")
    assert len(labels) >= 5
    assert any("action 0.300 [0.200, 0.400]" in label for label in labels)
    assert any("new warm 4 and 9 ms" in label for label in labels)


def test_the_summary_names_the_best_ranker_and_what_is_inside_noise() -> None:
    lesser = ranker("old", found(), figures={"precision@5": figure(0.59)})
    far = ranker("random", found(), figures={"precision@5": figure(0.1)}, index=None)
    results = Results(
        run=whole_results().run,
        rankers=(ranker("new", found(), failed()), lesser, far),
        comparisons=(
            compared("new", "old", figure(0.01, -0.1, 0.1), 0.6),
            compared("new", "random", figure(0.5), 0.001),
        ),
    )
    said = " ".join(summary(results))
    assert "“new” finds most, with a precision@5 of 0.600 [0.500, 0.700]." in said
    assert "“new” is better than “random”" in said
    assert "can't be told from “old”: the difference is inside noise" in said
    assert "for 1 of the 2 queries that have an answer" in said


def test_a_best_ranker_inside_the_noise_of_the_first_is_called_that() -> None:
    best = ranker("captions", found(), figures={"precision@5": figure(0.65)})
    results = Results(
        run=whole_results().run,
        rankers=(ranker("new", found()), best),
        comparisons=(compared("new", "captions", figure(-0.05, -0.2, 0.1), 0.4),),
    )
    assert "“captions” finds most" in summary(results)[0]
    assert "but inside noise of “new” with 0.600" in summary(results)[0]


def test_rankings_that_nobody_judged_are_a_caution() -> None:
    thin = ranker("names", found(), figures={"judged@10": figure(0.2)})
    results = Results(run=whole_results().run, rankers=(thin,))
    assert any("names (20%)" in caution for caution in cautions(results))


def test_a_run_without_queries_that_have_an_answer_still_has_its_report(tmp_path: Path) -> None:
    bare = ranker(
        "new", absent(), figures={}, slices=(), curve=(), histogram=None, no_answer=None, index=None
    )
    write_html(Results(run=whole_results().run, rankers=(bare,)), {}, tmp_path / "report.html")
    assert "No query has an answer" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_page_that_cant_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EvaluationError, match="Can't write"):
        write_html(whole_results(), {}, tmp_path / "file" / "report.html")
