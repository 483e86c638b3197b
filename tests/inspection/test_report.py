"""The report of verdicts opens offline in a browser, shows evidence, and runs nobody's script."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import UsageError
from sightline.inspection.inspected import Inspected
from sightline.inspection.report import ReportWriter, require_report
from sightline.inspection.verdict import Box, Finding, Sent, Usage, Verdict
from tests.making import make_photo
from tests.retrieval.test_sheet import CHROMIUM_FLAGS

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
SPOT = Box(200, 50, 260, 120)


def finding(**more: object) -> Finding:
    given: dict[str, object] = {"type": "stain", "sentence": "A red spot.", "box": SPOT} | more
    return Finding(**given)  # type: ignore[arg-type]


def verdict(decision: str = "defect", **more: object) -> Verdict:
    given: dict[str, object] = {"confidence": 0.9, "inspector": "reference"} | more
    return Verdict(decision=decision, **given)  # type: ignore[arg-type]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """White, 400 × 300, with a red spot and a hostile name."""
    pixels = np.full((300, 400, 3), 250, np.uint8)
    pixels[50:120, 200:260] = (230, 20, 20)
    path = tmp_path / f"{HOSTILE}.png"
    Image.fromarray(pixels).save(path)
    return path


def written(path: Path, every: Iterable[Inspected], about: str = "") -> str:
    with ReportWriter(path, about) as page:
        for one in every:
            page.add(one)
    return path.read_text(encoding="utf-8")


def test_it_opens_offline_shows_boxes_and_crops_and_runs_no_script(
    photo: Path, tmp_path: Path, chromium: str
) -> None:
    from playwright.sync_api import sync_playwright

    bad = verdict(
        findings=(finding(), finding(type=HOSTILE, sentence="</p><script>alert(2)</script>")),
        would_help=HOSTILE,
        model="</style><script>alert(3)</script>",
    )
    good = make_photo(tmp_path / "good.png", "green")
    page_path = tmp_path / "report.html"
    written(
        page_path,
        [
            Inspected(photo, bad),
            Inspected(good, verdict("normal")),
            Inspected(tmp_path / "gone.png", None, "It isn't there."),
        ],
        about=HOSTILE,
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: pytest.fail("a script ran"))
        page.goto(page_path.as_uri())
        page.wait_for_load_state()
        crops = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
        drawn = page.eval_on_selector("svg image", "one => one.getBoundingClientRect().width")
        rect = page.locator("svg rect").nth(1).evaluate(
            "one => { const at = one.getBoundingClientRect(),"
            " photo = one.ownerSVGElement.querySelector('image').getBoundingClientRect();"
            " return [(at.left - photo.left) / photo.width, (at.right - photo.left) / photo.width,"
            " (at.top - photo.top) / photo.height, (at.bottom - photo.top) / photo.height]; }"
        )  # fmt: skip
        text = page.inner_text("main")
        before = page.locator("article:visible").count()
        page.locator("label[for=show-defect]").click()
        after = page.locator("article:visible").all_inner_texts()
        browser.close()
    assert asked[0].startswith("file:")
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert said == []  # nothing on it wanted what its own policy forbids
    assert len(crops) == 2
    assert all(width >= 64 for width in crops)
    assert drawn > 100
    assert rect == pytest.approx([200 / 400, 260 / 400, 50 / 300, 120 / 300], abs=0.02)
    assert HOSTILE in text
    assert "</p><script>alert(2)</script>" in text
    assert before == 3
    assert len(after) == 1
    assert "stain" in after[0]


def test_a_verdict_says_all_that_is_known_of_it(photo: Path, tmp_path: Path) -> None:
    said = verdict(
        findings=(finding(box=None),),
        would_help="A sharper photo.",
        sent=(Sent(crop=Box(0, 0, 400, 300), width=224, height=168),),
        model="some-model",
        prompt="plain@1234",
        seconds=1.25,
        usage=Usage(input_tokens=1200, output_tokens=80, dollars=0.0123),
        score=0.91,
        members=(verdict("normal", inspector="words"),),
    )
    page = written(tmp_path / "report.html", [Inspected(photo, said)])
    for known in (
        "90% sure", "stain", "A red spot.", "no place named", "A sharper photo.", "0, 0 – 400, 300",
        "224 × 168", "some-model", "plain@1234", "1.25 s", "1,200 + 80 tokens", "$0.0123",
        "score 0.910", "What each of 1 said", "words",
    ):  # fmt: skip
        assert known in page, known


def test_a_failed_answer_is_shown_as_a_failure_not_as_doubt(photo: Path, tmp_path: Path) -> None:
    failed = verdict("uncertain", failure="parse failure: no JSON")
    page = written(tmp_path / "report.html", [Inspected(photo, failed)])
    assert '<article class="failed">' in page
    assert "parse failure: no JSON" in page
    assert "for the likelier answer" not in page


def test_boxes_outside_the_photo_and_empty_ones_cost_no_page(photo: Path, tmp_path: Path) -> None:
    boxes = (Box(-50, -50, -10, -10), Box(390, 290, 900, 900), Box(10, 10, 10, 10))
    said = verdict(findings=tuple(finding(box=box) for box in boxes))
    page = written(tmp_path / "report.html", [Inspected(photo, said)])
    assert page.count("no place named") == 2
    assert page.count("<img ") == 1


def test_a_run_that_ends_early_leaves_a_page_of_what_was_inspected(
    photo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"

    def inspected() -> Iterator[Inspected]:
        yield Inspected(photo, verdict("normal"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(path, inspected())
    assert "Inspection of 1 photo<" in path.read_text()
    assert "ended early" in path.read_text()
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


def test_a_photo_that_has_gone_since_leaves_a_note_in_its_place(
    photo: Path, tmp_path: Path
) -> None:
    photo.unlink()
    page = written(tmp_path / "report.html", [Inspected(photo, verdict(findings=(finding(),)))])
    assert "It isn&#x27;t there." in page
    assert "A red spot." in page


def test_a_report_takes_the_place_of_an_earlier_one_and_of_nothing_else(
    photo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    written(path, [Inspected(photo, verdict())])
    written(path, [Inspected(photo, verdict()), Inspected(photo, verdict())])
    assert "2 photos" in path.read_text()
    own = tmp_path / "diary.html"
    own.write_text("dear diary")
    for wrong in (own, photo, tmp_path / "nowhere" / "report.html", tmp_path):
        with pytest.raises(UsageError):
            require_report(wrong)
    assert own.read_text() == "dear diary"


def test_a_folder_that_can_not_be_written_is_found_out_before_anything_is_inspected() -> None:
    page = Path("/proc/report.html")
    if not page.parent.is_dir():
        pytest.skip("needs a folder that even root can't write into")
    with pytest.raises(UsageError, match="Can't write the report"):
        ReportWriter(page)


def test_file_names_of_any_bytes_and_codes_that_reorder_text_are_shown_as_escapes(
    tmp_path: Path,
) -> None:
    photo = make_photo(tmp_path / "caf\udce9.png")
    said = verdict(findings=(finding(sentence="safe\u202eevil"),))
    page = written(tmp_path / "report.html", [Inspected(photo, said)])
    assert "caf\\udce9.png" in page
    assert "safe\\u202eevil" in page
