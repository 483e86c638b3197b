"""Where a graph runs: the processor, or what ONNX Runtime offers beside it.

Each accelerator comes in its own build of ONNX Runtime, and only one build can be installed at a
time. `auto` looks what this one offers. It takes a graphics card for photos, which come by the
thousand; a query is one sentence, and starting a card costs more than the processor needs for it.
"""

from typing import Literal, get_args

from sightline.encoders.spec import Provider
from sightline.errors import ModelError, UsageError

ProviderChoice = Literal["auto", "cpu", "cuda", "directml", "coreml", "openvino"]

_NAMES: dict[Provider, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
_PACKAGES: dict[Provider, str] = {
    "cpu": "onnxruntime",
    "cuda": "onnxruntime-gpu",
    "directml": "onnxruntime-directml",
    "coreml": "onnxruntime (its build for macOS)",
    "openvino": "onnxruntime-openvino",
}
_AUTOMATIC: tuple[Provider, ...] = ("cuda", "directml")
"""Not CoreML and OpenVINO: they may compute in less than 32 bits, and a library's vectors must not
depend on what happens to be installed."""


ONE_AT_A_TIME: frozenset[Provider] = frozenset({"directml", "openvino"})
"""DirectML allows no two calls of one session at once; OpenVINO's first two lock each other out."""


def parse_provider(choice: str) -> ProviderChoice:
    """Check a name given by a user.

    Raises:
        UsageError: there is no such provider.
    """
    known = get_args(ProviderChoice)
    for name in known:
        if name == choice:
            return name  # type: ignore[no-any-return]
    raise UsageError(f"There is no provider {choice!r}. Known: {', '.join(known)}.")


def image_provider(choice: ProviderChoice) -> Provider:
    """Where the image tower runs."""
    if choice != "auto":
        return choice
    offered = _offered()
    return next((name for name in _AUTOMATIC if _NAMES[name] in offered), "cpu")


def text_provider(choice: ProviderChoice) -> Provider:
    """Where the text tower runs."""
    return "cpu" if choice == "auto" else choice


def require(provider: Provider) -> str:
    """ONNX Runtime's name of a provider.

    Raises:
        ModelError: this build does not offer it.
    """
    if _NAMES[provider] not in _offered():
        raise ModelError(
            f"This ONNX Runtime does not offer {provider}. Replace the package onnxruntime by "
            f"{_PACKAGES[provider]} (pip uninstall onnxruntime; pip install "
            f"{_PACKAGES[provider].split()[0]}), or leave out --provider."
        )
    return _NAMES[provider]


def settings(provider: Provider) -> dict[str, str]:
    """What a provider must be told for vectors that equal the processor's.

    NVIDIA's tensor cores round to 10 bits of mantissa unless they are told not to.
    """
    return {"use_tf32": "0"} if provider == "cuda" else {}


def require_running(provider: Provider, running: list[str]) -> None:
    """ONNX Runtime goes on with the processor, without an error, where a provider doesn't start.

    Raises:
        ModelError: it is not among those that run.
    """
    if _NAMES[provider] not in running:
        raise ModelError(
            f"ONNX Runtime offers {provider} here but could not start it: a driver or a library "
            "that it needs is missing or too old. Run with --provider cpu, or install what "
            f"{_PACKAGES[provider]} asks for."
        )


def _offered() -> list[str]:
    from sightline.encoders.session import onnx_runtime

    offered: list[str] = onnx_runtime().get_available_providers()
    return offered
