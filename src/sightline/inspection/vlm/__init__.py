"""Inspection by a vision-language model behind an OpenAI-compatible or Anthropic endpoint.

Optional (the extra `vlm`): `open_vlm` says what to install where it is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sightline.errors import InspectionError
from sightline.inspection.vlm.settings import Prices, VlmSettings

if TYPE_CHECKING:
    from sightline.inspection.vlm.inspector import VlmInspector

__all__ = ["Prices", "VlmSettings", "open_vlm"]

_EXTRA = {"httpx", "pydantic"}


def open_vlm(settings: VlmSettings) -> VlmInspector:
    """An inspector that asks the model of these settings. Close it after use.

    Raises:
        UsageError: the settings contradict themselves.
        InspectionError: the extra `vlm` isn't installed, or the folder of answers can't be used.
    """
    try:
        from sightline.inspection.vlm.inspector import VlmInspector
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise InspectionError(
            f"Asking a vision-language model needs the package {error.name}, which isn't "
            "installed: pip install 'sightline[vlm]'."
        ) from None
    return VlmInspector(settings)
