"""Which kind of right answers a file holds: by what it says of itself, or else by what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from sightline.errors import GoldError

Kind = Literal["retrieval", "inspection"]
_PREFIXES: dict[str, Kind] = {
    "sightline-gold/": "retrieval",
    "sightline-inspection/": "inspection",
}


class _Outline(msgspec.Struct):
    """The parts that tell the two apart, not looked into; empty bytes where one isn't there."""

    format: str | None = None
    gallery: msgspec.Raw = msgspec.Raw()
    queries: msgspec.Raw = msgspec.Raw()
    images: msgspec.Raw = msgspec.Raw()


def kind_of_gold(path: Path) -> Kind:
    """Whether a file holds searches with graded photos, or photos with verdicts.

    Raises:
        GoldError: unreadable, no JSON object, or neither of the two.
    """
    try:
        outline = msgspec.json.decode(path.read_bytes(), type=_Outline)
    except OSError as error:
        raise GoldError(f"Can't read {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GoldError(f"{path} holds no right answers: {error}. {_FORMATS}") from None
    if outline.format is not None:
        for prefix, kind in _PREFIXES.items():
            if outline.format.startswith(prefix):
                return kind
        raise GoldError(f"{path} calls its format {outline.format!r}. {_FORMATS}")
    searches = bool(bytes(outline.gallery) or bytes(outline.queries))
    if searches == bool(bytes(outline.images)):
        raise GoldError(f"{path} doesn't say which format it is in. {_FORMATS}")
    return "retrieval" if searches else "inspection"


_FORMATS = (
    'GOLD is either a gold file of searches ("format": "sightline-gold/1", with "gallery" and '
    '"queries"; `sightline judge` makes one) or inspection labels ("format": '
    '"sightline-inspection/1", with "images"; see docs/evaluation.md).'
)
