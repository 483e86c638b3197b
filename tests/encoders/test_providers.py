"""Where a model runs: what is there is used, what is not is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.encoders import DualEncoder, load_encoder, providers
from sightline.encoders.providers import image_provider, text_provider
from sightline.errors import ModelError


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Be a machine whose ONNX Runtime offers these."""

    def set_offered(*names: str) -> None:
        monkeypatch.setattr(providers, "_offered", lambda: [*names, "CPUExecutionProvider"])

    return set_offered


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((), "cpu"),
        (("CUDAExecutionProvider",), "cuda"),
        (("DmlExecutionProvider",), "directml"),
        (("DmlExecutionProvider", "CUDAExecutionProvider"), "cuda"),
        (("CoreMLExecutionProvider",), "cpu"),
        (("OpenVINOExecutionProvider", "AzureExecutionProvider"), "cpu"),
    ],
)
def test_auto_takes_a_graphics_card_for_photos_and_the_processor_for_a_query(
    offers: Callable[..., None], offered: tuple[str, ...], chosen: str
) -> None:
    offers(*offered)
    assert image_provider("auto") == chosen
    assert text_provider("auto") == "cpu"
    assert text_provider("cuda") == "cuda"


@pytest.mark.parametrize("provider", ["cuda", "directml", "coreml", "openvino"])
def test_what_is_not_offered_is_an_error_for_either_tower(
    offers: Callable[..., None], tiny_model: Path, provider: Any
) -> None:
    offers()
    encoder = load_encoder(tiny_model, provider)
    with pytest.raises(ModelError, match=rf"{provider}.*pip install onnxruntime"):
        encoder.embed_texts(["red"])
    with pytest.raises(ModelError, match=provider):
        encoder.require_images()


def test_what_is_offered_but_does_not_start_is_no_silent_fallback(
    offers: Callable[..., None], tiny_model: Path
) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("here CUDA starts")
    offers("CUDAExecutionProvider")
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(ModelError, match="could not start"),
    ):
        load_encoder(tiny_model, "cuda").embed_texts(["red"])


def test_cuda_gives_the_vectors_of_the_processor(tiny_model: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("needs an NVIDIA card and the package onnxruntime-gpu")
    require_the_processors_vectors(load_encoder(tiny_model, "cuda"), tiny_model)


@pytest.fixture
def openvino() -> None:
    import onnxruntime

    if "OpenVINOExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("needs the package onnxruntime-openvino in place of onnxruntime")


@pytest.mark.usefixtures("openvino")
def test_openvino_gives_the_vectors_of_the_processor(tiny_model: Path) -> None:
    require_the_processors_vectors(load_encoder(tiny_model, "openvino"), tiny_model)


@pytest.mark.usefixtures("openvino")
def test_what_openvino_cannot_run_is_said_in_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    encoder = load_encoder(provider="openvino")
    try:
        encoder.require_images()
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a later OpenVINO may well run it
        assert "--provider cpu" in str(error)  # noqa: PT017
    assert capfd.readouterr() == ("", "")


def require_the_processors_vectors(encoder: DualEncoder, model: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    processor = load_encoder(model, "cpu")
    assert np.allclose(encoder.embed_pixels(pixels), processor.embed_pixels(pixels), atol=1e-5)
    texts = ["red", "green and blue"]
    assert np.allclose(encoder.embed_texts(texts), processor.embed_texts(texts), atol=1e-5)
