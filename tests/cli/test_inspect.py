"""`sightline inspect` as a shell sees it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sightline.cli.inspect_vlm import require_agreement
from sightline.errors import UsageError
from sightline.inspection.vlm.settings import VlmSettings
from tests.cli.conftest import Cli, Done
from tests.inspection.loopback_server import Fault, LoopbackServer, Say, defect, loopback_server
from tests.making import make_photo


@pytest.fixture(autouse=True)
def _nobody_told_and_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(tmp_path / "config"))
    for name in ("SIGHTLINE_VLM_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos, and a file that only looks like one."""
    folder = tmp_path / "photos"
    make_photo(folder / "a-red.png", "red")
    make_photo(folder / "b-blue.png", "blue")
    (folder / "c-broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def by_words(cli: Cli, tiny_model: Path) -> Cli:
    """Inspect with the words inspector and a small model."""

    def inspect(*arguments: str | Path) -> Done:
        return cli(
            "inspect", *arguments, "--inspector", "words", "--model", tiny_model,
            "--product", "red",
        )  # fmt: skip

    return inspect


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with loopback_server() as served:
        yield served


def rows_of(done: Done) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.output.splitlines()]


def test_jsonl_has_a_verdict_a_photo_and_the_bad_one_says_why(by_words: Cli, photos: Path) -> None:
    done = by_words(photos, "--format", "jsonl")
    rows = rows_of(done)
    assert done.status == 0
    assert [Path(str(row["path"])).name for row in rows] == [
        "a-red.png",
        "b-blue.png",
        "c-broken.png",
    ]
    assert rows[0]["error"] is None
    assert rows[0]["decision"] == "uncertain"
    assert 0.5 <= float(str(rows[0]["confidence"])) <= 1
    assert rows[0]["would_help"]
    assert rows[0]["sent"]
    assert str(rows[0]["model"]).startswith("tiny-")
    assert rows[2].keys() == {"path", "error"}
    assert "Not an image" in str(rows[2]["error"])
    assert "3 photos: 1 failed, 2 uncertain." in done.errors


def test_text_for_people_says_the_same(by_words: Cli, photos: Path) -> None:
    said = by_words(photos).output.decode()
    assert "a-red.png: uncertain (" in said
    assert "would help: Words alone seldom decide" in said
    assert "looked at the photo" in said
    assert "c-broken.png: can't be used. Not an image" in said


def test_the_exit_status_is_0_whatever_the_verdict_unless_asked(
    by_words: Cli, photos: Path, tmp_path: Path
) -> None:
    red, broken = photos / "a-red.png", photos / "c-broken.png"
    assert by_words(red, "--doubt", "off").status == 0
    assert by_words(red, "--fail-on", "uncertain").status == 1
    assert by_words(red, "--fail-on", "defect").status == 0
    assert by_words(red, broken, "--fail-on", "defect").status == 0
    assert by_words(red, broken, "--fail-on", "defect", "--fail-on", "failed").status == 1
    assert by_words(broken).status == 1
    (tmp_path / "empty").mkdir()
    none = by_words(tmp_path / "empty")
    assert (none.status, none.output) == (1, b"")
    assert "No photo" in none.errors


def test_without_doubt_every_photo_is_decided(by_words: Cli, photos: Path) -> None:
    rows = rows_of(by_words(photos / "a-red.png", "--doubt", "off", "--format", "jsonl"))
    assert rows[0]["decision"] in {"defect", "normal"}


def test_a_photo_named_twice_is_inspected_once(by_words: Cli, photos: Path) -> None:
    done = by_words(photos / "b-blue.png", photos, photos / "b-blue.png", "--format", "jsonl")
    names = [Path(str(row["path"])).name for row in rows_of(done)]
    assert names == ["b-blue.png", "a-red.png", "c-broken.png"]


def test_a_report_is_written_and_photos_are_never_written_over(
    by_words: Cli, photos: Path, tmp_path: Path
) -> None:
    done = by_words(photos, "--report", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Inspection of 3 photos" in page
    assert "Product: red." in page
    assert "report.html" in done.errors
    before = (photos / "a-red.png").read_bytes()
    assert by_words(photos, "--report", photos / "a-red.png").status == 2
    assert (photos / "a-red.png").read_bytes() == before


def test_evidence_can_be_had_as_pictures(
    cli: Cli, photos: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    server.answer = lambda asked: defect([250, 250, 750, 750], None)
    crops = tmp_path / "crops"
    asked = ("inspect", photos / "a-red.png", "--vlm", "m", "--endpoint", server.openai)
    done = cli(*asked, "--crops", crops, "--format", "jsonl")
    (row,) = rows_of(done)
    crops_of = {one["crop"] for one in row["findings"]}  # type: ignore[attr-defined]
    (file,) = crops_of - {None}
    assert None in crops_of  # the finding that names no place
    with Image.open(file) as crop:
        assert crop.size == (36, 24)  # the photo is smaller than a crop would be
    assert Path(file).parent == crops
    assert [path.suffix for path in crops.iterdir()] in ([".jpg"], [".png"])


def test_a_verdict_is_not_lost_with_a_crop_that_can_not_be_written(
    cli: Cli, photos: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    server.answer = lambda asked: defect([250, 250, 750, 750])
    taken = tmp_path / "crops"
    taken.write_text("a file, no folder")
    done = cli(
        "inspect", photos / "a-red.png", "--vlm", "m", "--endpoint", server.openai,
        "--crops", taken, "--report", tmp_path / "report.html", "--format", "jsonl",
    )  # fmt: skip
    assert done.status == 3
    assert "choose another folder" in done.errors
    (row,) = rows_of(done)
    assert row["decision"] == "defect"
    assert "Inspection of 1 photo<" in (tmp_path / "report.html").read_text()


def test_a_photo_that_is_too_large_is_met_with_advice_that_can_be_followed(
    by_words: Cli, tmp_path: Path
) -> None:
    Image.new("1", (14_000, 14_000)).save(tmp_path / "huge.png")
    (row,) = rows_of(by_words(tmp_path / "huge.png", "--format", "jsonl"))
    assert "make it smaller" in str(row["error"])
    assert "--max-megapixels" not in str(row["error"])  # an option of indexing alone


def test_a_model_on_this_machine_is_asked_without_ado(
    cli: Cli, photos: Path, server: LoopbackServer
) -> None:
    server.answer = lambda asked: defect([250, 250, 750, 750])
    asked = ("inspect", photos / "a-red.png", "--vlm", "some-vlm", "--endpoint", server.openai)
    done = cli(*asked, "--product", "bracket", "--look-for", "crack, dent", "--price", "1", "2")
    assert done.status == 0
    said = done.output.decode()
    assert "defect (90% sure)" in said
    assert "crack [9, 6, 27, 18 px]: A dark line." in said
    assert "1,000 + 100 tokens" in said
    assert "$0.0012" in said
    (request,) = server.asked
    assert any("bracket" in text for text in request.texts)
    assert any("dent" in text for text in request.texts)
    assert cli(*asked, "--fail-on", "defect").status == 1


def test_an_answer_is_paid_for_once_and_can_be_replayed(
    cli: Cli, photos: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    asked = (
        "inspect", photos / "a-red.png", "--vlm", "m", "--endpoint", server.openai,
        "--answers", tmp_path / "answers", "--format", "jsonl",
    )  # fmt: skip
    (first,) = rows_of(cli(*asked))
    (again,) = rows_of(cli(*asked))
    (replayed,) = rows_of(cli(*asked, "--replay"))
    assert len(server.asked) == 1
    assert (first["cached"], again["cached"], replayed["cached"]) == (False, True, True)
    assert cli(*asked, "--replay", "--product", "something else").status == 3


def test_samples_make_a_panel_whose_members_are_told(
    cli: Cli, photos: Path, tiny_model: Path, server: LoopbackServer
) -> None:
    asked = ("inspect", photos / "a-red.png", "--vlm", "m", "--endpoint", server.openai)
    (row,) = rows_of(cli(*asked, "--samples", "3", "--format", "jsonl"))
    assert row["inspector"] == "panel"
    assert len(row["members"]) == 3  # type: ignore[arg-type]
    assert len(server.asked) == 3
    assert {request.body["temperature"] for request in server.asked} == {1.0}
    both = cli(
        *asked, "--inspector", "words", "--inspector", "vlm", "--model", tiny_model, "--product",
        "red",
    )  # fmt: skip
    said = both.output.decode()
    assert "words · tiny" in said
    assert "vlm · m" in said


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    cli: Cli, photos: Path, server: LoopbackServer
) -> None:
    asked = ("inspect", photos, "--vlm", "m", "--endpoint", server.openai, "--dry-run")
    done = cli(*asked, "--price", "3", "15")
    assert done.status == 0
    said = done.output.decode()
    assert "of [0, 0, 36, 24]" in said
    assert "c-broken.png: can't be used." in said
    assert "2 requests for certain" in done.errors
    assert "$" in done.errors
    rows = rows_of(cli(*asked, "--format", "jsonl"))
    assert [len(row.get("requests", ())) for row in rows] == [1, 1, 0]  # type: ignore[arg-type]
    assert server.asked == []


def test_a_dry_run_offline_has_nothing_to_send(by_words: Cli, photos: Path) -> None:
    done = by_words(photos / "a-red.png", "--dry-run")
    assert done.status == 0
    assert b"nothing would leave this machine" in done.output


def test_photos_leave_the_machine_only_after_a_yes(
    cli: Cli, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def notes(self: object, task: object) -> object:
        from sightline.inspection.verdict import Verdict

        sent.append("asked")
        return Verdict(decision="normal", confidence=0.9, inspector="vlm")

    monkeypatch.setattr("sightline.inspection.vlm.inspector.VlmInspector.inspect", notes)
    asked = ("inspect", photos / "a-red.png", "--vlm", "m", "--endpoint", "https://far.example/v1")
    refused = cli(*asked)
    assert refused.status == 2
    assert "leave this machine" in refused.errors
    assert "far.example" in refused.errors
    assert "--send-photos" in refused.errors
    assert sent == []
    told = cli(*asked, "--send-photos")
    assert told.status == 0
    assert "leave this machine" in told.errors
    assert cli(*asked).errors.count("leave this machine") == 0  # said once, and remembered
    assert len(sent) == 2
    other = cli(*asked[:-1], "https://elsewhere.example/v1")
    assert other.status == 2


def test_finished_verdicts_are_kept_when_the_server_goes_away(
    cli: Cli, photos: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    server.script = [Say(defect([250, 250, 750, 750])), *[Fault("status", 401)] * 10]
    done = cli(
        "inspect", photos / "a-red.png", photos / "b-blue.png", "--vlm", "m", "--endpoint",
        server.openai, "--jobs", "1", "--format", "jsonl", "--report", tmp_path / "report.html",
    )  # fmt: skip
    assert done.status == 3
    (row,) = rows_of(done)
    assert row["decision"] == "defect"
    assert "ended early" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--inspector", "oracle"],
        ["--inspector", "words", "--inspector", "words"],
        ["--inspector", "vlm"],
        ["--inspector", "words", "--endpoint", "http://localhost:1"],
        ["--inspector", "words", "--samples", "3"],
        ["--inspector", "words", "--product", "☃"],
        ["--inspector", "words", "--provider", "abacus"],
        ["--inspector", "words", "--report", "page.txt"],
        ["--vlm", "m", "--endpoint", "localhost:11434"],
        ["--vlm", "m", "--endpoint", "http://user:key@localhost/v1"],
        ["--inspector", "words", "--library", "somewhere"],
        ["--reference", "auto", "--reference", "a-red.png"],
        ["--zoom", "microscope"],
        ["--samples", "0"],
        ["--vlm", ""],
        ["--inspector", "words", "--look-for", " , ,"],
        ["--vlm", "m", "--temperature", "nan"],
        ["--vlm", "m", "--price", "-1", "2"],
        ["--vlm", "m", "--product", "caf\udce9"],
        ["--inspector", "words", "--look-for", "caf\udce9"],
    ],
)
def test_what_can_mean_nothing_is_wrong_usage(
    cli: Cli, photos: Path, tiny_model: Path, wrong: list[str]
) -> None:
    done = cli("inspect", photos / "a-red.png", "--model", tiny_model, *wrong)
    assert done.status == 2
    assert done.output == b""


@pytest.mark.parametrize("yes", [True, False])
def test_a_person_at_a_terminal_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, err: bool) -> bool:
        asked.append(question)
        return yes

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", confirm)
    far = VlmSettings(model="m", endpoint="https://far.example/v1")
    if yes:
        require_agreement(far, agreed=False)
        require_agreement(far, agreed=False)  # remembered
    else:
        with pytest.raises(UsageError, match="Nothing was sent"):
            require_agreement(far, agreed=False)
    assert len(asked) == 1
    assert "far.example" in asked[0]


def test_the_default_inspector_compares_with_references(cli: Cli, tmp_path: Path) -> None:
    for seed in range(3):
        larger(make_photo(tmp_path / "faultless" / f"{seed}.png", "green", seed))
    part = larger(make_photo(tmp_path / "part.png", "green", seed=9))
    asked = ("inspect", part, "--reference", tmp_path / "faultless", "--format", "jsonl")
    (row,) = rows_of(cli(*asked))
    assert row["inspector"] == "reference"
    assert row["decision"] in {"normal", "uncertain", "defect"}


def larger(photo: Path) -> Path:
    """The same picture, large enough to be compared."""
    with Image.open(photo) as small:
        small.resize((180, 120), Image.Resampling.NEAREST).save(photo)
    return photo


def test_without_usable_references_nothing_is_judged(
    cli: Cli, photos: Path, tmp_path: Path
) -> None:
    part = photos / "a-red.png"
    none = cli("inspect", part)
    assert none.status == 3
    assert "--reference" in none.errors
    (tmp_path / "empty").mkdir()
    assert cli("inspect", part, "--reference", tmp_path / "empty").status == 3
    broken = cli("inspect", part, "--reference", photos / "c-broken.png")
    assert broken.status == 3
    assert "c-broken.png" in broken.errors


@pytest.fixture
def parts(cli: Cli, tmp_path: Path) -> Path:
    """A library of green parts."""
    for seed in range(4):
        make_photo(tmp_path / "parts" / f"{seed}.png", "green", seed)
    library = tmp_path / "library"
    assert cli("index", tmp_path / "parts", "--library", library).status == 0
    return library


def test_references_are_found_in_a_library(
    cli: Cli, parts: Path, photos: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    part = make_photo(tmp_path / "part.png", "green", seed=9)
    done = cli(
        "inspect", part, photos / "c-broken.png", "--reference", "auto", "--library", parts,
        "--vlm", "m", "--endpoint", server.openai, "--format", "jsonl",
    )  # fmt: skip
    row, broken = rows_of(done)
    assert done.status == 0
    sent = row["sent"]
    assert [one["role"] for one in sent].count("reference") >= 1  # type: ignore[attr-defined]
    assert "Not an image" in str(broken["error"])


def test_a_photo_unlike_all_in_the_library_costs_itself_alone(
    cli: Cli, tmp_path: Path, server: LoopbackServer
) -> None:
    alone = make_photo(tmp_path / "photos" / "only.png", "green")
    library = tmp_path / "library"
    assert cli("index", tmp_path / "photos", "--library", library).status == 0
    asked = ("inspect", alone, "--reference", "auto", "--vlm", "m", "--endpoint", server.openai)
    done = cli(*asked, "--library", library)
    assert done.status == 1
    assert b"has no photo of this product" in done.output
    assert server.asked == []
    assert cli(*asked, "--library", tmp_path / "nowhere").status == 3


def test_in_a_small_library_the_words_of_a_product_leave_no_reference_out(
    cli: Cli, parts: Path, tmp_path: Path, server: LoopbackServer
) -> None:
    """They keep the 200 photos that they find best, and these four are among those."""
    part = make_photo(tmp_path / "part.png", "green", seed=9)
    references = []
    for product in ("green part", "grand piano"):
        done = cli(
            "inspect", part, "--reference", "auto", "--library", parts, "--product", product,
            "--vlm", "m", "--endpoint", server.openai, "--format", "jsonl",
        )  # fmt: skip
        (row,) = rows_of(done)
        references.append([one for one in row["sent"] if one["role"] == "reference"])  # type: ignore[attr-defined]
    assert references[0] == references[1] != []
