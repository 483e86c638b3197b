"""What a server says went wrong → whether it passes, and a sentence that says what to do."""

from __future__ import annotations

import re
from typing import Any

from sightline.errors import InspectionError
from sightline.inspection.vlm.settings import KEY, VlmSettings

# How servers say that a model takes no pictures; llama.cpp says it with a 500.
_NO_VISION = re.compile(
    r"(image|vision|multi-?modal|mmproj).{0,80}"
    r"(not\s+(be\s+)?support|n't\s+support|unsupported|not\s+enabled|not\s+available)"
    r"|(not\s+support|n't\s+support|unsupported|cannot\s+accept|no\s+endpoints).{0,80}"
    r"(image|vision|multi-?modal)"
    r"|not\s+a\s+(multi-?modal|vision)\s+model",
    re.IGNORECASE | re.DOTALL,
)
# A limit that no waiting lifts.
_NO_MONEY = re.compile(r"insufficient_quota|spend_limit|billing|credit balance", re.IGNORECASE)


def error_in(payload: Any) -> object | None:
    """What a response says went wrong, wherever its server puts it; None if nothing did."""
    if not isinstance(payload, dict):
        return None
    if payload.get("type") == "message" or payload.get("choices"):
        return None
    found: object | None = payload.get("error") or payload.get("detail") or payload.get("message")
    return found


def plain_words(error: object | None, data: bytes, key: str | None) -> str:
    """What the server said, short, on one line, without the key."""
    if isinstance(error, dict):
        parts = [error.get(name) for name in ("code", "type", "param", "message")]
        error = " ".join(str(part) for part in parts if part)
    said = str(error) if error else data[:2000].decode("utf-8", "replace")
    if key:
        said = said.replace(key, "[key]")
    said = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return said[:300] or "without a word"


def passes(status: int, said: str) -> bool:
    """Whether the same request may be answered later."""
    if _NO_VISION.search(said) or _NO_MONEY.search(said):
        return False
    return status in (408, 429) or status >= 500


def explained(status: int, said: str, settings: VlmSettings, with_key: bool) -> InspectionError:
    """Why a request was turned down for good, and what to do."""
    endpoint, model = settings.endpoint, settings.model
    if status in (401, 403):
        # What a server says of a wrong key may repeat it.
        return InspectionError(
            f"{endpoint} does not accept the key ({status}). Set {KEY} to a valid one."
            if with_key
            else f"{endpoint} asks for a key ({status}). Set {KEY}."
        )
    if _NO_VISION.search(said):
        return InspectionError(
            f"{model} can't look at pictures ({said}). Name a vision model: --vlm MODEL; "
            "llama.cpp needs its --mmproj file, too."
        )
    if _NO_MONEY.search(said):
        return InspectionError(f"{endpoint} asks to be paid ({said}). Finished answers are kept.")
    if status == 404:
        return InspectionError(
            f"{endpoint} knows no model {model}, or is no endpoint ({said}). Check --vlm and "
            "--endpoint."
        )
    if status == 413:
        return InspectionError(f"The pictures are too large for {endpoint}: lower --max-pixels.")
    if 300 <= status < 400:
        return InspectionError(
            f"{endpoint} sends us elsewhere ({status}), and photos only go where you said. Give "
            "the address itself as --endpoint."
        )
    return InspectionError(
        f"{endpoint} turned the question down ({status}: {said}). Check --vlm, --endpoint and the "
        "server's log."
    )
