"""The contact sheet opens in a browser, shows every photo, and runs nobody's script."""

from pathlib import Path

import pytest

from sightline import Library
from sightline.errors import UsageError
from sightline.retrieval.sheet import Strip, require_page, write_sheet
from tests.making import make_photo

CHROMIUM_FLAGS = [
    f"--{flag}"
    for flag in (
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    )
]
HOSTILE = "<img src=x onerror=alert(1)>\"'&.png"


@pytest.fixture
def library(tmp_path: Path, tiny_model: Path) -> Library:
    photos = tmp_path / "photos"
    make_photo(photos / "red.png", "red")
    make_photo(photos / HOSTILE, "red", seed=1)
    make_photo(photos / "caf\udce9.png", "red", seed=2)
    library = Library.create(tmp_path / "library")
    library.index([photos], model=tiny_model)
    return library


def test_every_thumbnail_shows_and_no_name_or_query_is_run(
    library: Library, tmp_path: Path, chromium: str
) -> None:
    from playwright.sync_api import sync_playwright

    matches = library.search("red", k=3)
    page_path = tmp_path / "sheet.html"
    write_sheet(page_path, [Strip("<img src=x onerror=alert(1)> red", matches), Strip("none", [])])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail("a script ran"))
        page.goto(page_path.as_uri())
        page.wait_for_load_state()
        widths = page.eval_on_selector_all("img", "images => images.map(i => i.naturalWidth)")
        captions = page.locator("figcaption").all_inner_texts()
        title = page.title()
        browser.close()
    assert title == "sightline"
    assert len(widths) == 3
    assert all(width > 0 for width in widths)
    assert any(HOSTILE in caption for caption in captions)
    assert all(url.startswith(("file:", "data:")) for url in asked)  # it opens offline


def test_a_photo_that_has_gone_since_leaves_a_note_in_its_place(
    library: Library, tmp_path: Path
) -> None:
    matches = library.search("red", k=3)
    matches[0].path.unlink()
    write_sheet(tmp_path / "sheet.html", [Strip("red", matches)])
    page = (tmp_path / "sheet.html").read_text()
    assert page.count("<img ") == 2
    assert "It isn't there" in page.replace("&#x27;", "'")


def test_a_sheet_is_never_written_over_a_photo(library: Library, tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "red.png"
    before = photo.read_bytes()
    with pytest.raises(UsageError, match=r"\.html"):
        write_sheet(photo, [])
    assert photo.read_bytes() == before


def test_a_sheet_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        write_sheet(tmp_path / "nowhere" / "sheet.html", [])


def test_only_an_earlier_sheet_is_written_over(tmp_path: Path) -> None:
    page = tmp_path / "mine.html"
    page.write_text("<!doctype html><p>my own page")
    with pytest.raises(UsageError, match="no contact sheet"):
        require_page(page)
    write_sheet(tmp_path / "sheet.html", [])
    require_page(tmp_path / "sheet.html")
