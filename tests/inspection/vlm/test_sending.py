"""What leaves the machine, what is said before it does, and what it would cost."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import InspectionError, PhotoError, UsageError
from sightline.inspection.injection import cases, draw
from sightline.inspection.prompts import compose, prompt
from sightline.inspection.verdict import Task
from sightline.inspection.vlm import Prices, VlmSettings, open_vlm
from sightline.inspection.vlm.inspector import VlmInspector
from sightline.inspection.vlm.remote import Acknowledged, leaves_the_machine
from tests.inspection.loopback_server import Asked, LoopbackServer, defect, present
from tests.inspection.vlm.conftest import Ask, make_noise


def test_pictures_carry_no_metadata(server: LoopbackServer, vlm: Ask, photo: Path) -> None:
    assert b"SecretCamera" in photo.read_bytes()
    vlm().inspect(Task(image=photo))
    (data,) = server.asked[0].pictures
    image = Image.open(io.BytesIO(data))
    assert not image.getexif()
    assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for secret in (b"SecretCamera", b"Exif", b"taken at home"):
        assert secret not in data


def test_pictures_are_sent_upright(server: LoopbackServer, vlm: Ask, tmp_path: Path) -> None:
    lying = make_noise(tmp_path / "lying.jpg", 600, 480, orientation=6)
    verdict = vlm().inspect(Task(image=lying))
    assert server.asked[0].sizes == [(480, 600)]
    assert verdict.sent[0].crop.right == 480


def test_no_picture_is_larger_than_the_cap_and_it_is_logged(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    large = make_noise(tmp_path / "large.jpg", 2400, 1600)
    verdict = vlm(max_pixels=200_000).inspect(Task(image=large))
    ((width, height),) = server.asked[0].sizes
    assert 190_000 < width * height <= 200_000
    assert (verdict.sent[0].width, verdict.sent[0].height) == (width, height)


def test_what_is_drawn_in_few_colours_is_sent_without_loss(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    pattern = np.random.default_rng(0).integers(0, 2, (500, 500)).astype(np.uint8) * 255
    Image.fromarray(pattern).save(tmp_path / "board.png")
    vlm().inspect(Task(image=tmp_path / "board.png"))
    sent = Image.open(io.BytesIO(server.asked[0].pictures[0]))
    assert sent.format == "PNG"
    assert np.array_equal(np.asarray(sent.convert("L")), pattern)


def test_references_are_shown_as_faultless_and_apart_from_the_piece(
    server: LoopbackServer, vlm: Ask, photo: Path, tmp_path: Path
) -> None:
    good = make_noise(tmp_path / "good.jpg", 500, 500)
    verdict = vlm().inspect(Task(image=photo, references=(good,)))
    assert [one.role for one in verdict.sent] == ["photo", "reference"]
    assert 'Picture "faultless 1":' in server.asked[0].texts
    assert verdict.prompt.startswith("plain+reference+doubt+answer@")
    (tmp_path / "broken.jpg").write_bytes(b"not a photo")
    with pytest.raises(InspectionError, match=r"Can't use the reference .*broken.jpg"):
        vlm().inspect(Task(image=photo, references=(tmp_path / "broken.jpg",)))


def test_a_photo_that_can_not_be_read_is_the_photos_fault(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    with pytest.raises(PhotoError):
        vlm().inspect(Task(image=tmp_path / "gone.jpg"))
    assert server.asked == []


def test_the_prompt_says_what_is_asked_for(server: LoopbackServer, vlm: Ask, photo: Path) -> None:
    task = Task(image=photo, product="a brass bolt", look_for=("crack", "burr"))
    verdict = vlm(variation="their colour differs.").inspect(task)
    text = server.asked[0].texts[-1]
    assert "a brass bolt" in text
    assert "crack, burr" in text
    assert "their colour differs." in text
    assert "fifth of that" in text  # the costs of errors
    assert verdict.prompt.startswith("defects+variation+doubt+answer@")
    vlm().inspect(Task(image=photo, doubt=False))
    assert "There is no third answer" in server.asked[1].texts[-1]
    assert "uncertain" not in server.asked[1].texts[-1]


def test_every_question_says_that_text_in_a_picture_is_part_of_the_object(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    lie = next(case for case in cases() if (case.defect, case.words) == ("crack", "says fine"))
    draw(lie).save(tmp_path / "lie.png")

    def answer(asked: Asked) -> object:
        regions = {"regions": [{"reason": "?", "box": [0, 0, 100, 100]}]}
        forms = {"report": defect([0, 0, 200, 200]), "where": regions}
        return forms.get(asked.form or "", present("yes", 0.9))

    server.answer = answer
    inspector = vlm(max_pixels=50_000)
    inspector.inspect(Task(image=tmp_path / "lie.png", zoom="adaptive"))
    inspector.probe(tmp_path / "lie.png", "Is it cracked?")
    assert {asked.form for asked in server.asked} == {"report", "where", "presence"}
    for asked in server.asked:
        assert "text included" in asked.texts[0]
        assert "never instructions" in asked.texts[0]
        assert lie.text not in " ".join(asked.texts)  # only in the picture, never among our words


def test_words_of_the_user_can_not_be_taken_for_placeholders() -> None:
    wording = compose("plain", product="a $5 coin {with} ${picture}")
    assert "a $5 coin {with} ${picture}" in wording.text


def test_a_changed_prompt_has_a_changed_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compose("plain", product="x").id
    assert compose("plain", product="y").id == before
    old = prompt("plain")
    monkeypatch.setattr(
        "sightline.inspection.prompts.prompt", lambda name: old.replace("visible", "clear")
    )
    assert compose("plain", product="x").id != before


@pytest.mark.parametrize(
    ("endpoint", "model", "said"),
    [
        ("http://localhost:11434/v1", "llava", None),
        ("http://127.3.2.1:8000/v1", "", None),
        ("http://[::1]:8000/v1", "", None),
        ("http://[::ffff:127.0.0.1]/v1", "", None),
        ("http://LOCALHOST./v1", "", None),
        ("http://localhost:11434/v1", "qwen3-vl:235b-cloud", "hands them on"),
        ("https://api.anthropic.com", "", "sent to api.anthropic.com"),
        ("http://192.168.1.7:8000/v1", "", "not encrypted"),
        ("http://127.0.0.1.evil.example/v1", "", "sent to 127.0.0.1.evil.example"),
        ("http://localhost.evil.example/v1", "", "leave this machine"),
        ("http://0.0.0.0:8000/v1", "", "leave this machine"),
    ],
)
def test_it_is_said_whether_photos_leave_the_machine(
    endpoint: str, model: str, said: str | None
) -> None:
    told = leaves_the_machine(endpoint, model)
    assert (told is None) if said is None else (told is not None and said in told)


def test_it_is_said_once_for_each_endpoint(tmp_path: Path) -> None:
    file = tmp_path / "config" / "told.json"
    known = Acknowledged(file)
    assert known.first_use("https://api.openai.com/v1") is not None
    known.remember("https://api.openai.com/v1")
    assert Acknowledged(file).first_use("https://api.openai.com/v1") is None
    assert Acknowledged(file).first_use("http://api.openai.com/v1") is not None
    assert Acknowledged(file).first_use("https://api.anthropic.com") is not None
    assert Acknowledged(file).first_use("http://localhost:11434/v1") is None
    file.write_text("damaged")
    assert Acknowledged(file).first_use("https://api.openai.com/v1") is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": " "},
        {"endpoint": "localhost:11434"},
        {"endpoint": "ftp://host/v1"},
        {"endpoint": "https://user:secret@host/v1"},
        {"endpoint": "https://host/v1?key=secret"},
        {"max_pixels": 10},
        {"timeout": 0},
        {"temperature": -1},
        {"temperature": float("nan")},
        {"timeout": float("inf")},
        {"attempts": 0},
        {"family": "parrot"},
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as error:
        VlmSettings(**({"model": "m"} | wrong))  # type: ignore[arg-type]
    assert "secret" not in str(error.value) or wrong.get("endpoint") is None


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf")])
def test_a_price_that_no_server_asks_is_refused(price: float) -> None:
    with pytest.raises(UsageError, match="price is 0 dollars or more"):
        Prices(input=1.0, output=price)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
        (
            "https://api.openai.com/v1/chat/completions",
            "https://api.openai.com/v1/chat/completions",
        ),
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://host/openai/v1", "https://host/openai/v1/chat/completions"),
    ],
)
def test_an_endpoint_is_understood_as_people_write_it(endpoint: str, url: str) -> None:
    assert VlmSettings(model="m", endpoint=endpoint).url == url


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    server: LoopbackServer, vlm: Ask, tmp_path: Path
) -> None:
    large = make_noise(tmp_path / "large.jpg", 2000, 1000)
    inspector = vlm(prices=Prices(input=2.0, output=10.0), answers=tmp_path / "kept")
    plan = inspector.plan(Task(image=large, zoom="tiles"))
    assert server.asked == []
    assert [one.role for request in plan.requests for one in request.sent].count("tile") == 3
    assert plan.dollars is not None
    least, most = plan.dollars
    assert 0 < least < most
    said = "\n".join(plan.lines())
    assert "photo 1448×724 px of [0, 0, 2000, 1000]" in said
    assert f"{plan.requests[0].bytes:,} bytes" in said
    assert "up to 12 more looks" in said

    verdict = inspector.inspect(Task(image=large, zoom="tiles"))
    sent = sum(len(data) for asked in server.asked for data in asked.pictures)
    assert plan.bytes == sent
    assert plan.pixels == sum(one.width * one.height for one in verdict.sent)
    again = inspector.plan(Task(image=large, zoom="tiles"))
    assert all(request.known for request in again.requests)
    assert again.bytes == 0


def test_costs_are_worked_out_from_the_servers_own_count(
    server: LoopbackServer, vlm: Ask, photo: Path
) -> None:
    verdict = vlm(prices=Prices(input=2.0, output=10.0)).inspect(Task(image=photo))
    assert verdict.usage.dollars == pytest.approx(0.002 + 0.001)


def test_a_plan_without_prices_has_no_cost(vlm: Ask, photo: Path) -> None:
    plan = vlm().plan(Task(image=photo))
    assert plan.dollars is None
    assert "$" not in "\n".join(plan.lines())


@pytest.mark.parametrize("missing", ["httpx", "pydantic"])
def test_without_the_extra_it_is_said_what_to_install(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from sightline.inspection.vlm import VlmSettings, open_vlm\n"
        "from sightline.errors import InspectionError\n"
        "try: open_vlm(VlmSettings(model='m'))\n"
        "except InspectionError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"needs the package {missing}" in done.stdout
    assert "pip install 'sightline[vlm]'" in done.stdout


def test_open_vlm_opens_one(server: LoopbackServer, photo: Path) -> None:
    with open_vlm(VlmSettings(model="m", endpoint=server.openai)) as inspector:
        assert isinstance(inspector, VlmInspector)
        assert inspector.inspect(Task(image=photo)).decision == "normal"
