"""The judging page in a real browser: keys grade, a reload resumes, nobody's script runs."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sightline.evaluation.judging.again import Rejudging, SecondGrade
from sightline.evaluation.judging.draft import Draft
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.judging.server import JudgeServer
from sightline.evaluation.judging.session import Pair
from sightline.evaluation.pool import by_need
from tests.evaluation.judging.making import draft_of, judged, query, real_photos, serving
from tests.retrieval.test_sheet import CHROMIUM_FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
FILES = ("a.png", "b.png", f"{HOSTILE}.png")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("needs Chromium (Debian package `chromium`)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


class Judge:
    """A person at the page."""

    def __init__(self, browser: "Browser", server: JudgeServer) -> None:
        self.page: Page = browser.new_page()
        self.asked: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append("a script ran"))
        self.page.goto(server.url)

    def sees(self, pair: int) -> None:
        """Wait until this pair's photo, or the note in its place, is on the screen."""
        self.page.wait_for_selector(f"#photo[data-pair='{pair}'] > *")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def chosen(self) -> list[str]:
        """The keys of the grades shown as given."""
        pressed = self.page.locator(".grades [aria-pressed=true]")
        return [one.get_attribute("data-key") or "" for one in pressed.all()]


@pytest.fixture
def draft() -> Draft:
    return draft_of(query("dog", text="a dog"), query("cat", text=f"a cat {HOSTILE}"), files=FILES)


@pytest.fixture
def server(tmp_path: Path, draft: Draft) -> Iterator[JudgeServer]:
    photos = real_photos(tmp_path / "photos", "a.png", "b.png", "c.png")
    named = dict(zip(FILES, photos.values(), strict=True))
    with ExitStack() as held:
        session = held.enter_context(judged(draft, tmp_path / "gold.json"))
        yield held.enter_context(serving(session, named))


@pytest.fixture
def judge(browser: "Browser", server: JudgeServer) -> Iterator[Judge]:
    person = Judge(browser, server)
    person.sees(0)
    yield person
    assert not person.problems
    assert all(url.startswith((server.url, "blob:", "data:")) for url in person.asked)
    person.page.close()


def test_keys_grade_and_a_reload_goes_on_where_it_was(judge: Judge, draft: Draft) -> None:
    assert judge.text("#texts") == "a dog"
    assert "0 of 6" in judge.text("#progress")
    judge.press("2")
    judge.sees(1)
    judge.press("0")
    judge.sees(2)
    assert "2 of 6" in judge.text("#progress")
    judge.page.reload()
    judge.sees(2)
    assert "2 of 6" in judge.text("#progress")
    judge.press("1")
    judge.sees(3)
    assert draft.queries["dog"].grades == dict(zip(FILES, (2, 0, 1), strict=True))


def test_going_back_changes_a_grade(judge: Judge, draft: Draft) -> None:
    judge.press("2")
    judge.sees(1)
    judge.press("ArrowLeft")
    judge.sees(0)
    assert judge.chosen() == ["2"]
    judge.press("1")
    judge.sees(1)
    assert draft.queries["dog"].grades == {FILES[0]: 1}
    judge.press("Backspace")
    judge.sees(0)
    judge.press("ArrowRight")
    judge.sees(1)
    assert judge.chosen() == []


def test_what_was_skipped_comes_again_at_the_end(judge: Judge, draft: Draft) -> None:
    judge.press("s")
    for pair in range(1, 6):
        judge.sees(pair)
        judge.press("2")
    judge.page.wait_for_selector("#end:not([hidden])")
    assert "1 skipped" in judge.text("#end h2")
    judge.press("s")
    judge.sees(0)
    judge.press("2")
    judge.page.wait_for_selector("#end:not([hidden])")
    assert "All 6" in judge.text("#end h2")
    assert len(draft.queries["dog"].grades) == 3


def test_nothing_here_settles_a_search_and_can_be_taken_back(judge: Judge, draft: Draft) -> None:
    judge.press("n")
    judge.sees(3)
    assert not draft.queries["dog"].answerable
    assert "3 of 6" in judge.text("#progress")
    judge.press("ArrowLeft")
    judge.sees(2)
    judge.press("n")
    judge.page.wait_for_selector("#nothing[aria-pressed=false]")
    assert draft.queries["dog"].answerable


def test_after_nothing_but_noes_it_asks_whether_there_is_none(judge: Judge, draft: Draft) -> None:
    for pair in range(3):
        judge.sees(pair)
        judge.press("0")
    judge.page.wait_for_selector("#ask:not([hidden])")
    assert "a dog" in judge.text("#ask h2")
    judge.press("ArrowRight")
    judge.sees(3)
    assert draft.queries["dog"].answerable
    for pair in range(3, 6):
        judge.sees(pair)
        judge.press("0")
    judge.page.wait_for_selector("#ask:not([hidden])")
    judge.press("n")
    judge.page.wait_for_selector("#end:not([hidden])")
    assert not draft.queries["cat"].answerable
    assert "a dog" in judge.text("#waiting")
    assert "a cat" not in judge.text("#waiting")


def test_nothing_here_is_refused_in_words_where_a_photo_is_right(judge: Judge) -> None:
    judge.press("2")
    judge.sees(1)
    judge.press("n")
    judge.page.wait_for_selector("#notice:not([hidden])")
    assert "change these grades" in judge.text("#notice")
    judge.sees(1)


def test_names_and_searches_are_text_and_never_markup(
    judge: Judge, server: JudgeServer, draft: Draft
) -> None:
    server.photos[FILES[2]].path.unlink()
    server.photo.cache_clear()
    judge.page.reload()
    judge.sees(0)
    judge.press("n")
    judge.sees(3)
    assert judge.text("#texts") == f"a cat {HOSTILE}"
    judge.press("s")
    judge.sees(4)
    judge.press("s")
    judge.sees(5)
    assert f"{HOSTILE}.png" in judge.text("#photo")
    judge.press("0")  # nobody can grade what they can't see
    judge.press("s")
    judge.page.wait_for_selector("#end:not([hidden])")
    assert not draft.queries["cat"].grades


def test_help_opens_and_closes_by_key_and_grades_nothing_meanwhile(
    judge: Judge, draft: Draft
) -> None:
    judge.press("?")
    assert judge.page.locator("#help").is_visible()
    judge.press("2", "n", "s")
    judge.press("Escape")
    assert judge.page.locator("#help").is_hidden()
    assert not draft.queries["dog"].grades
    assert draft.queries["dog"].answerable
    judge.sees(0)


def test_a_key_with_a_modifier_is_the_browsers(judge: Judge, draft: Draft) -> None:
    judge.press("Control+0", "Alt+2")
    judge.press("1")
    judge.sees(1)
    assert draft.queries["dog"].grades == {FILES[0]: 1}


def test_buttons_do_what_keys_do(judge: Judge, draft: Draft) -> None:
    judge.page.click(".grades [data-key='1']")
    judge.sees(1)
    judge.page.click(".moves [data-key=n]", modifiers=[])
    judge.page.wait_for_selector("#notice:not([hidden])")
    judge.page.click(".moves [data-key=ArrowLeft]")
    judge.sees(0)
    assert draft.queries["dog"].grades == {FILES[0]: 1}


def test_finishing_ends_the_server_and_says_so(judge: Judge, server: JudgeServer) -> None:
    for pair in range(6):
        judge.sees(pair)
        judge.press("2")
    judge.page.wait_for_selector("#end:not([hidden])")
    judge.press("Enter")
    judge.page.get_by_text("You can close this page").wait_for()


def test_a_server_that_is_gone_is_said_and_counts_no_grade(
    judge: Judge, server: JudgeServer, draft: Draft
) -> None:
    server.shutdown()
    server.server_close()
    judge.press("2")
    judge.page.wait_for_selector("#notice:not([hidden])")
    assert "start the same command again" in judge.text("#notice")
    assert "0 of 6" in judge.text("#progress")
    assert not draft.queries["dog"].grades


def test_it_fits_a_small_screen(judge: Judge) -> None:
    for width, height in ((320, 568), (800, 360)):
        judge.page.set_viewport_size({"width": width, "height": height})
        across, down = judge.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert (across, down) <= (width, height)
        photo = judge.page.locator("#photo img").bounding_box()
        assert photo is not None
        assert photo["height"] > height / 4
        for button in judge.page.locator("footer button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_judging_again_shows_no_first_grade(
    browser: "Browser", tmp_path: Path, draft: Draft
) -> None:
    photos = real_photos(tmp_path / "photos", "a.png", "b.png")
    queries = [query("dog", grades={"a.png": 2, "b.png": 0})]
    pairs = [Pair("dog", "a.png"), Pair("dog", "b.png")]
    journal = Journal(tmp_path / "again.jsonl")
    known = [SecondGrade("dog", "a.png", first=2, second=1)]
    session = Rejudging("mine", by_need(queries), pairs, known, journal)
    with serving(session, photos) as server:
        judge = Judge(browser, server)
        judge.sees(1)
        assert judge.chosen() == []
        assert judge.page.locator("#nothing").is_hidden()
        judge.press("ArrowLeft")
        judge.sees(0)
        assert judge.chosen() == ["1"]  # the second grade, not the first
        judge.page.close()
    journal.close()
