"""A fetched model is whole or not there; and once it is there, no network is needed."""

import errno
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from sightline.encoders import list_models, load_encoder
from sightline.encoders.hub import client, fetch
from sightline.encoders.hub.fetch import Fetched, FetchProgress, fetch_model
from sightline.encoders.lock import LOCK_FILE, read_lock
from sightline.encoders.published import published_models
from sightline.errors import FetchError, ModelError, UnknownModel
from tests.encoders.loopback_hub import Fault, LoopbackHub, folder_files, running_hub
from tests.encoders.reference import Reference

Published = Callable[[str], Reference]
NAME = "tinyclip-8m-16"
REPOSITORY = "onnx-community/TinyCLIP-ViT-8M-16-Text-3M-YFCC15M-ONNX"
GRAPH = "onnx/model.onnx"

# The family of tiny models that stands for each model of the catalogue.
FAMILY_OF = {
    "openai-vit-b-32": "openai-uint8",
    "openai-vit-b-16": "openai-uint8",
    "openai-vit-l-14": "openai-uint8",
    "datacomp-vit-b-32-256": "mobileclip2",
    "siglip2-b-32-256": "siglip2",
    "siglip2-b-16-256": "siglip2",
    "siglip2-so400m-16-256": "siglip2",
    "xlm-roberta-b-vit-b-32": "xlm-roberta",
    "xlm-roberta-l-vit-h-14": "xlm-roberta",
    "tinyclip-40m-32": "tinyclip-joint",
    "tinyclip-8m-16": "tinyclip-joint",
    "pe-core-b-16-224": "pe-core",
    "pe-core-l-14-336": "pe-core",
    "mobileclip2-s0": "mobileclip2",
    "mobileclip2-s2": "mobileclip2",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub that everything here talks to, and that is asked again without a pause."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


@pytest.fixture
def tiny(hub: LoopbackHub, published: Published) -> LoopbackHub:
    """The hub, with a TinyCLIP in its usual layout: both towers in one graph, other precisions."""
    files = folder_files(published("tinyclip-joint").folder)
    hub.add(REPOSITORY, files | {"onnx/model_int8.onnx": b"8" * 9000, "README.md": b"# TinyCLIP"})
    return hub


def get(folder: Path, name: str = NAME, **options: Any) -> Fetched:
    return fetch_model(published_models()[name], folder, **options)


def works(folder: Path) -> None:
    encoder = load_encoder(folder)
    assert encoder.embed_texts(["a dog"]).shape == (1, encoder.dimensions)
    encoder.require_images()


def nothing_loads(folder: Path) -> None:
    assert not folder.exists()
    with pytest.raises(UnknownModel):
        load_encoder(folder)


def upload(hub: LoopbackHub, name: str, family: Path) -> None:
    """Put a family's tiny model where the catalogue says that this model is."""
    for source in published_models()[name].sources:
        names = dict(source.files)
        if source.layout is not None:
            names = {file: file for file in folder_files(family)}
        files = {there: (family / here).read_bytes() for there, here in names.items()}
        hub.add(source.repository, files)


def safetensors(scale: float, bias: float) -> bytes:
    header = {
        "logit_scale": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
        "logit_bias": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        "rest": {"dtype": "U8", "shape": [9000], "data_offsets": [8, 9008]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + struct.pack("<ff", scale, bias) + b"\0" * 9000


@pytest.mark.parametrize("name", FAMILY_OF)
def test_every_model_of_the_catalogue_is_fetched_from_its_layout_and_works(
    hub: LoopbackHub, published: Published, tmp_path: Path, name: str
) -> None:
    family = published(FAMILY_OF[name]).folder
    upload(hub, name, family)
    get(tmp_path / name, name)
    encoder = load_encoder(tmp_path / name)
    assert (encoder.spec.name, encoder.spec.licence) == (name, published_models()[name].licence)
    texts = ["a red car", "two dogs"]
    if name != "datacomp-vit-b-32-256":  # there, the catalogue has another tower's settings
        ours = load_encoder(family)
        assert np.allclose(encoder.embed_texts(texts), ours.embed_texts(texts), atol=1e-5)
        grey = np.full((1, 64, 64, 3), 90, np.uint8)
        assert np.allclose(encoder.embed_pixels(grey), ours.embed_pixels(grey), atol=1e-5)
    works(tmp_path / name)


def test_the_catalogue_lists_the_models_that_people_ask_for_and_says_what_is_missing() -> None:
    models = published_models()
    assert {name for name, model in models.items() if not model.unavailable} == set(FAMILY_OF)
    assert all(model.sources or model.unavailable for model in models.values())
    assert {n for n, m in models.items() if m.research_only} == {"mobileclip2-s0", "mobileclip2-s2"}
    with pytest.raises(UnknownModel, match="no public ONNX export"):
        get(Path("nowhere"), "datacomp-vit-b-16")


def test_a_model_that_is_there_needs_no_network(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get(tmp_path / "m").fresh
    asked = len(tiny.asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    works(tmp_path / "m")
    assert not get(tmp_path / "m").fresh
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert not get(tmp_path / "m").fresh
    works(tmp_path / "m")
    assert len(tiny.asked) == asked


def test_offline_and_not_there_says_so_without_a_request(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FetchError, match="HF_HUB_OFFLINE"):
        get(tmp_path / "m")
    assert tiny.asked == []
    nothing_loads(tmp_path / "m")


def test_the_commit_and_every_hash_are_locked_and_other_precisions_left_alone(
    tiny: LoopbackHub, tmp_path: Path
) -> None:
    get(tmp_path / "m")
    lock = read_lock(tmp_path / "m")
    assert lock is not None
    (source,) = lock.sources
    assert (source.repository, source.revision) == (REPOSITORY, tiny.heads[REPOSITORY])
    files = {name: file.sha256 for name, file in lock.files.items()}
    held = folder_files(tmp_path / "m")
    assert held.keys() == {*files, LOCK_FILE}
    assert files == {name: hashlib.sha256(held[name]).hexdigest() for name in files}
    assert "onnx/model_int8.onnx" not in files
    assert {path.name for path in tmp_path.glob(".*")} <= {".m.lock"}


@pytest.mark.parametrize("file", [GRAPH, "tokenizer.json", "preprocessor_config.json"])
def test_a_file_changed_after_the_fetch_is_refused(
    tiny: LoopbackHub, tmp_path: Path, file: str
) -> None:
    get(tmp_path / "m")
    path = tmp_path / "m" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        load_encoder(tmp_path / "m").embed_texts(["a dog"])


def test_main_that_moved_on_changes_nothing_here_until_asked(
    tiny: LoopbackHub, published: Published, tmp_path: Path
) -> None:
    from tests.encoders.reference import transformers_clip

    get(tmp_path / "m")
    before = load_encoder(tmp_path / "m").id
    other = transformers_clip(tmp_path / "other", joint=True, seed=7)
    commit = tiny.add(REPOSITORY, folder_files(other.folder))
    assert not get(tmp_path / "m").fresh
    assert load_encoder(tmp_path / "m").id == before
    assert get(tmp_path / "m", revision=commit).fresh
    assert load_encoder(tmp_path / "m").id != before
    assert not get(tmp_path / "m", revision=commit[:10]).fresh


@pytest.mark.parametrize("fault", [500, 503, 429, "reset", "truncated", "wrong", "whole"])
def test_what_passes_is_tried_again(tiny: LoopbackHub, tmp_path: Path, fault: int | str) -> None:
    tiny.faults = [Fault("storage", fault), Fault("config.json", fault), Fault("/api/", 502)]
    get(tmp_path / "m")
    works(tmp_path / "m")
    assert all(fault.times == 0 for fault in tiny.faults)


def test_what_does_not_pass_is_given_up_with_the_reason(tiny: LoopbackHub, tmp_path: Path) -> None:
    tiny.faults = [Fault("storage", 500, times=1000)]
    with pytest.raises(FetchError, match=r"answered 500.*run the same command again"):
        get(tmp_path / "m")
    assert tiny.faults[0].times == 1000 - client.ATTEMPTS
    nothing_loads(tmp_path / "m")
    tiny.faults = []
    get(tmp_path / "m")
    works(tmp_path / "m")


def test_the_hub_may_ask_for_a_pause(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(client, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(client.time, "sleep", pauses.append)
    busy = {"Retry-After": "7"}
    tiny.faults = [Fault("storage", 429, headers=busy), Fault("/api/", 500, times=3)]
    get(tmp_path / "m")
    assert [pause for pause in pauses if pause] == [1.0, 2.0, 4.0, 7.0]  # not the hub's own


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (401, "HF_TOKEN is not set"),
        (403, "HF_TOKEN is not set"),
        (404, "has no"),
        (418, "status 418"),
    ],
)
@pytest.mark.parametrize("where", ["/api/", "storage", "tokenizer.json"])
def test_a_refusal_is_said_at_once_and_plainly(
    tiny: LoopbackHub, tmp_path: Path, where: str, fault: int, says: str
) -> None:
    tiny.faults = [Fault(where, fault, times=2)]
    with pytest.raises(FetchError, match=says):
        get(tmp_path / "m")
    assert tiny.faults[0].times == 1
    nothing_loads(tmp_path / "m")


def test_the_token_goes_to_the_hub_and_to_no_other_machine(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    get(tmp_path / "m")
    to_storage = [asked for asked in tiny.asked if asked.host.startswith("localhost")]
    assert to_storage
    assert all(asked.token is None for asked in to_storage)
    others = [asked for asked in tiny.asked if asked not in to_storage]
    assert all(asked.token == "Bearer secret" for asked in others)
    tiny.faults = [Fault("/api/", 403)]
    with pytest.raises(FetchError, match="HF_TOKEN is not accepted"):
        get(tmp_path / "other")


def test_a_proxy_is_used_when_one_is_set(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", tiny.endpoint)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    get(tmp_path / "m")
    assert tiny.paths()[0].startswith(f"http://hub.invalid/api/models/{REPOSITORY}")


def test_a_cut_short_file_goes_on_where_it_ended(tiny: LoopbackHub, tmp_path: Path) -> None:
    size = len(tiny.repositories[REPOSITORY][tiny.heads[REPOSITORY]][GRAPH])
    stored = f"/storage/{REPOSITORY}/{tiny.heads[REPOSITORY]}/{GRAPH}"
    tiny.faults = [Fault(stored, "truncated"), Fault(stored, 404)]  # half, then it vanishes
    with pytest.raises(FetchError, match="has no"):
        get(tmp_path / "m")
    nothing_loads(tmp_path / "m")
    tiny.sent = 0
    tiny.asked.clear()
    get(tmp_path / "m")
    works(tmp_path / "m")
    (asked,) = [asked for asked in tiny.asked if asked.path == stored]
    assert asked.range == f"bytes={size // 2}-"


def test_a_file_that_is_always_wrong_is_kept_from_being_used(
    tiny: LoopbackHub, tmp_path: Path
) -> None:
    tiny.faults = [Fault("storage", "wrong", times=1000)]
    with pytest.raises(FetchError, match="another sha256 than it promises"):
        get(tmp_path / "m")
    nothing_loads(tmp_path / "m")
    assert not list(tmp_path.rglob("model.onnx"))


def test_a_hub_that_hangs_is_asked_again(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    tiny.faults = [Fault("storage", "stalled", seconds=1.0)]
    get(tmp_path / "m")
    works(tmp_path / "m")


def test_a_mirror_without_hashes_still_gives_whole_files(tiny: LoopbackHub, tmp_path: Path) -> None:
    tiny.without_hashes = True
    tiny.faults = [Fault("storage", "truncated")]
    get(tmp_path / "m")
    works(tmp_path / "m")


def test_a_repository_laid_out_anew_is_named(tiny: LoopbackHub, tmp_path: Path) -> None:
    files = dict(tiny.repositories[REPOSITORY][tiny.heads[REPOSITORY]])
    files["model.onnx"] = files.pop(GRAPH)
    tiny.add(REPOSITORY, files)
    with pytest.raises(FetchError, match=r"has no onnx/model\.onnx"):
        get(tmp_path / "m")


def test_no_room_is_known_before_the_first_byte(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 67_000_000))
    with pytest.raises(FetchError, match="MB free"):
        get(tmp_path / "m")
    assert not [path for path in tiny.paths() if "resolve" in path]
    nothing_loads(tmp_path / "m")


def test_a_disk_that_fills_up_meanwhile_loses_nothing(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *args: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> None:
            self.file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def flush(self) -> None: ...

    plain = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(
            Path,
            "open",
            lambda self, mode="r", *a, **k: (
                Full(plain(self, mode, *a, **k))
                if mode in {"ab", "wb"} and self.name == "model.onnx"
                else plain(self, mode, *a, **k)
            ),
        )
        with pytest.raises(FetchError, match="No space left"):
            get(tmp_path / "m")
    nothing_loads(tmp_path / "m")
    get(tmp_path / "m")
    works(tmp_path / "m")
    assert any(asked.range for asked in tiny.asked)


def test_killed_at_any_moment_a_fetch_leaves_nothing_that_loads_and_the_next_goes_on(
    tiny: LoopbackHub, tmp_path: Path
) -> None:
    environment = os.environ | {"SIGHTLINE_MODELS": str(tmp_path / "models")}
    command = [sys.executable, "-m", "sightline", "models", "fetch", NAME]
    folder = tmp_path / "models" / NAME
    stored = f"/storage/{REPOSITORY}/{tiny.heads[REPOSITORY]}/{GRAPH}"
    tiny.faults = [Fault(stored, "slow", seconds=0.3, times=3)]
    part = tmp_path / "models" / f".{NAME}.fetching" / "parts" / GRAPH
    for least in (1, 100_000):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size >= least):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        nothing_loads(folder)
    tiny.faults = []
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"is here now" in done.stdout
    works(folder)
    ranges = [asked.range for asked in tiny.asked if asked.path == stored]
    assert ranges[0] is None
    assert all(ranges[1:])


def test_two_fetches_of_one_model_do_not_mix(tiny: LoopbackHub, tmp_path: Path) -> None:
    def meanwhile(progress: FetchProgress) -> None:
        with pytest.raises(FetchError, match="Another process"):
            get(tmp_path / "m")

    get(tmp_path / "m", on_progress=meanwhile)
    works(tmp_path / "m")


def test_a_folder_with_something_else_is_left_alone(tiny: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "thesis.txt").write_text("all my work")
    with pytest.raises(FetchError, match="something else"):
        get(tmp_path / "m")
    assert (tmp_path / "m" / "thesis.txt").read_text() == "all my work"


def test_progress_ends_at_the_total(tiny: LoopbackHub, tmp_path: Path) -> None:
    seen: list[FetchProgress] = []
    tiny.faults = [Fault("storage", "truncated"), Fault("config.json", "wrong")]
    get(tmp_path / "m", on_progress=seen.append)
    assert seen[-1].done == seen[-1].total
    assert all(0 <= step.done <= step.total for step in seen)


def test_the_probability_scale_of_a_sigmoid_model_comes_with_it(
    hub: LoopbackHub, published: Published, tmp_path: Path
) -> None:
    upload(hub, "siglip2-b-32-256", published("siglip2").folder)
    hub.add("google/siglip2-base-patch32-256", {"model.safetensors": safetensors(4.7, -16.5)})
    hub.sent = 0
    assert get(tmp_path / "m", "siglip2-b-32-256").notes == ()
    calibration = load_encoder(tmp_path / "m").spec.calibration
    assert calibration is not None
    assert calibration.scale == pytest.approx(np.exp(4.7), rel=1e-6)
    assert calibration.bias == pytest.approx(-16.5)
    assert "google/siglip2-base-patch32-256" in calibration.source
    asked = [asked for asked in hub.asked if "safetensors" in asked.path]
    assert all(one.range for one in asked)


def test_without_the_makers_weights_a_sigmoid_model_says_it_gives_no_probabilities(
    hub: LoopbackHub, published: Published, tmp_path: Path
) -> None:
    upload(hub, "siglip2-b-32-256", published("siglip2").folder)
    (note,) = get(tmp_path / "m", "siglip2-b-32-256").notes
    assert "no probabilities" in note
    assert load_encoder(tmp_path / "m").spec.calibration is None
    works(tmp_path / "m")


def with_weights_outside(graph: bytes, location: str) -> tuple[bytes, bytes]:
    """The graph with its large tensors in a file beside it."""
    import onnx

    model = onnx.load_from_string(graph)
    data = b""
    for tensor in model.graph.initializer:
        raw = onnx.numpy_helper.to_array(tensor).tobytes()
        if len(raw) < 1024:
            continue
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", len(data)), ("length", len(raw))):
            tensor.external_data.add(key=key, value=str(value))
        data += raw
    assert data
    return model.SerializeToString(), data


@pytest.mark.parametrize("location", ["model.onnx_data", "weights.bin"])
def test_weights_beside_a_graph_come_with_it_and_are_checked(
    tiny: LoopbackHub, tmp_path: Path, location: str
) -> None:
    files = dict(tiny.repositories[REPOSITORY][tiny.heads[REPOSITORY]])
    files[GRAPH], files[f"onnx/{location}"] = with_weights_outside(files[GRAPH], location)
    tiny.add(REPOSITORY, files)
    get(tmp_path / "m")
    works(tmp_path / "m")
    outside = tmp_path / "m" / "onnx" / location
    assert outside.exists()
    outside.write_bytes(outside.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="damaged"):
        load_encoder(tmp_path / "m").embed_texts(["a dog"])


@pytest.mark.parametrize("location", ["../../evil", "/etc/passwd", "sub/../../evil"])
def test_a_graph_that_points_out_of_its_folder_is_refused(
    tiny: LoopbackHub, tmp_path: Path, location: str
) -> None:
    files = dict(tiny.repositories[REPOSITORY][tiny.heads[REPOSITORY]])
    files[GRAPH], _ = with_weights_outside(files[GRAPH], location)
    tiny.add(REPOSITORY, files)
    with pytest.raises(FetchError, match="refused"):
        get(tmp_path / "m")
    nothing_loads(tmp_path / "m")


def test_a_fetched_model_loads_by_name_and_is_listed(
    tiny: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path))
    with pytest.raises(UnknownModel, match=f"sightline models fetch {NAME}"):
        load_encoder(NAME)
    get(tmp_path / NAME)
    assert load_encoder(NAME).spec.name == NAME
    assert [entry.spec.name for entry in list_models() if entry.where == "installed"] == [NAME]
    moved = shutil.copytree(tmp_path / NAME, tmp_path / "elsewhere")
    assert load_encoder(moved).id == load_encoder(NAME).id
