"""`sightline models`: what there is, what can be had, and getting it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightline.encoders.published import is_research_only, published_models
from tests.cli.conftest import Cli
from tests.cli.test_startup import modules_after
from tests.encoders.loopback_hub import Fault, LoopbackHub, folder_files, running_hub
from tests.making import make_photo

NAME = "tinyclip-8m-16"
REPOSITORY = "onnx-community/TinyCLIP-ViT-8M-16-Text-3M-YFCC15M-ONNX"


@pytest.fixture
def hub(tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub on loopback that has TinyCLIP, small and with random weights."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path / "models"))
    with running_hub() as running:
        running.add(REPOSITORY, folder_files(tiny_clip))
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.encoders.reference import transformers_clip

    return transformers_clip(tmp_path_factory.mktemp("tiny-clip"), joint=True).folder


def rows(cli: Cli) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(cli("models", "--format", "json").output)}


def test_models_lists_what_is_here_and_what_can_be_fetched(cli: Cli) -> None:
    listed = rows(cli)
    assert listed["second"]["present"]
    assert listed["second"]["default"]
    openai = listed["openai-vit-b-32"]
    assert not openai["present"]
    assert (openai["dimensions"], openai["licence"]) == (512, "MIT")
    assert openai["figures"]["coco_text_to_image"] == [30.44, 55.94, 66.87]
    assert openai["figures"]["source"].startswith("https://")
    assert listed["mobileclip2-s2"]["research_only"]
    assert listed["datacomp-vit-l-14"]["where"] == "unavailable"
    assert {name for name in listed if not listed[name]["present"]} == set(published_models())


def test_a_model_for_research_stays_one_in_8_bits() -> None:
    assert is_research_only("mobileclip2-s0")
    assert is_research_only("mobileclip2-s0-int8")
    assert not is_research_only("openai-vit-b-32-int8")
    assert not is_research_only("somebody-elses-int8")


def test_the_table_shows_licence_size_dimensions_and_figures(cli: Cli) -> None:
    text = cli("models").output.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("siglip2-b-16-256")]
    for part in ("1.5 GB", "768", "53.2", "Apache-2.0"):
        assert part in line
    assert "research only" in text
    assert "models fetch NAME" in text
    assert "README_siglip2" in text


def test_fetch_brings_a_model_that_indexes_and_searches(
    cli: Cli, hub: LoopbackHub, tmp_path: Path
) -> None:
    done = cli("models", "fetch", NAME)
    assert done.status == 0, done.errors
    assert b"is here now" in done.output
    assert b"Licence: MIT" in done.output
    assert rows(cli)[NAME]["present"]
    assert NAME.encode() in cli("models").output
    make_photo(tmp_path / "photos" / "red.png", "red")
    make_photo(tmp_path / "photos" / "blue.png", "blue")
    assert cli("index", tmp_path / "photos", "--model", NAME).status == 0
    found = cli("search", "something red", "--format", "jsonl")
    assert len(found.output.splitlines()) == 2
    assert b"nothing was fetched" in cli("models", "fetch", NAME).output


def test_a_fetched_model_searches_with_no_network(
    cli: Cli, hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("models", "fetch", NAME)
    asked = len(hub.asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    make_photo(tmp_path / "photos" / "red.png", "red")
    assert cli("index", tmp_path / "photos", "--model", NAME).status == 0
    assert cli("search", "red").status == 0
    assert cli("models", "fetch", NAME).status == 0
    assert len(hub.asked) == asked


def test_fetch_to_a_folder_of_ones_own(cli: Cli, hub: LoopbackHub, tmp_path: Path) -> None:
    own = tmp_path / "disk" / "tiny"
    assert str(own).encode() in cli("models", "fetch", NAME, "--to", own).output
    make_photo(tmp_path / "photos" / "red.png", "red")
    assert cli("index", tmp_path / "photos", "--model", own).status == 0


def test_fetch_takes_the_revision_it_is_told(cli: Cli, hub: LoopbackHub, tmp_path: Path) -> None:
    first = hub.heads[REPOSITORY]
    hub.add(REPOSITORY, {"config.json": b"{}"})
    assert cli("models", "fetch", NAME, "--revision", first).status == 0
    lock = json.loads((tmp_path / "models" / NAME / "sightline.lock.json").read_bytes())
    assert lock["sources"] == [{"repository": REPOSITORY, "revision": first, "asked": first}]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["models", "fetch", "nope"], 2, "`sightline models` lists those there are"),
        (["models", "fetch", "datacomp-vit-b-16"], 2, "no public ONNX export"),
        (["models", "fetch", "openai-vit-b-32"], 3, "has no immich-app/ViT-B-32__openai"),
        (["index", ".", "--model", "openai-vit-b-32"], 2, "sightline models fetch openai-vit-b-32"),
    ],
)
def test_what_can_not_be_had_is_said_with_what_to_do(
    cli: Cli, hub: LoopbackHub, arguments: list[str], status: int, says: str
) -> None:
    done = cli(*arguments)
    assert done.status == status
    assert says in done.errors


def test_offline_without_the_model_is_a_clear_error(
    cli: Cli, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = cli("models", "fetch", NAME)
    assert done.status == 3
    assert "HF_HUB_OFFLINE" in done.errors
    assert hub.asked == []


def test_a_gated_model_says_how_to_be_let_in(cli: Cli, hub: LoopbackHub) -> None:
    hub.faults = [Fault("/api/", 401)]
    done = cli("models", "fetch", NAME)
    assert done.status == 3
    assert "HF_TOKEN" in done.errors


def test_a_long_fetch_says_how_far_it_is(
    hub: LoopbackHub, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sightline.cli import fetch_progress

    monkeypatch.setattr(fetch_progress, "_PLAIN_LINE_SECONDS", 0.0)
    errors = cli("models", "fetch", NAME).errors
    assert "onnx/model.onnx" in errors
    assert "MB/s" in errors


def test_listing_and_fetching_load_no_model_runtime(hub: LoopbackHub) -> None:
    for arguments in (["models"], ["models", "fetch", NAME]):
        loaded = modules_after(*arguments)
        assert not loaded & {"onnxruntime", "tokenizers", "torch", "PIL", "huggingface_hub"}


def test_a_search_with_a_model_of_our_own_loads_nothing_for_those_of_others(
    tmp_path: Path, tiny_model: Path
) -> None:
    make_photo(tmp_path / "photos" / "red.png")
    modules_after("index", str(tmp_path / "photos"), "--model", str(tiny_model))
    ours = {
        name for name in modules_after("search", "red") if name.startswith("sightline.encoders")
    }
    assert ours == {
        "sightline.encoders",
        *(f"sightline.encoders.{name}" for name in ("catalogue", "dual", "session", "spec")),
        "sightline.encoders.tokenize",
    }


@pytest.mark.parametrize("provider", ["cuda", "directml", "coreml", "openvino"])
def test_a_provider_that_is_not_there_names_the_package_that_has_it(
    cli: Cli, tiny_model: Path, tmp_path: Path, provider: str, only_cpu: Callable[[], None]
) -> None:
    make_photo(tmp_path / "photos" / "red.png", "red")
    done = cli("index", tmp_path / "photos", "--model", tiny_model, "--provider", provider)
    assert done.status == 3
    assert "onnxruntime" in done.errors
    assert provider in done.errors


def test_a_search_takes_a_provider_too(
    cli: Cli, tiny_model: Path, tmp_path: Path, only_cpu: Callable[[], None]
) -> None:
    make_photo(tmp_path / "photos" / "red.png", "red")
    cli("index", tmp_path / "photos", "--model", tiny_model, "--provider", "cpu")
    assert cli("search", "red", "--provider", "cpu").status == 0
    assert cli("search", "red", "--provider", "cuda").status == 3
    done = cli("search", "red", "--provider", "gpu")
    assert done.status == 2
    assert "Known: auto, cpu, cuda" in done.errors


@pytest.fixture
def only_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine whose ONNX Runtime offers the processor only."""
    from sightline.encoders import providers

    monkeypatch.setattr(providers, "_offered", lambda: ["CPUExecutionProvider"])
