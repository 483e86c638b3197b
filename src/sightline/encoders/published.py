"""The published models that can be fetched by name, as `catalogue.json` lists them.

No revision and no hash is written there. Both are found out when a model is first fetched, and then
stand in its lock file.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sightline.encoders.spec import FileName

_FILE = Path(__file__).with_name("catalogue.json")

INT8_SUFFIX = "-int8"
"""Of the name of what `sightline models quantise` makes of a model."""

Repository = Annotated[str, Meta(pattern=r"^[\w.-]+/[\w.-]+$")]


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Published text→image recall in percent, at 1, or at 1, 5 and 10; zero-shot.

    `coco` on the 5,000 photos of COCO's test split of Karpathy, `flickr30k` on 1,000 of Flickr30k.
    """

    source: str
    coco: list[float] = []
    flickr30k: list[float] = []


class HubSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files of one hub repository: those of a layout, or named ones and where each belongs."""

    repository: Repository
    layout: Literal["open_clip", "transformers"] | None = None
    files: dict[str, FileName] = {}


class CalibrationSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the scale and bias of a sigmoid model are: in its makers' own weights."""

    repository: Repository
    file: str


class PublishedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model of the catalogue.

    `megabytes` is what its files take, about; `writes` are configuration files that the repository
    lacks; `unavailable` says why a model can't be fetched.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    title: str
    licence: str
    research_only: bool = False
    dimensions: int
    image_size: int
    megabytes: int | None = None
    architecture: str
    figures: Figures | None = None
    sources: list[HubSource]
    writes: dict[FileName, dict[str, Any]] = {}
    calibration: CalibrationSource | None = None
    unavailable: str = ""


class _Catalogue(msgspec.Struct):
    models: list[PublishedModel]


@cache
def published_models() -> dict[str, PublishedModel]:
    """All of them by name, in the catalogue's order."""
    catalogue = msgspec.json.decode(_FILE.read_bytes(), type=_Catalogue)
    return {model.name: model for model in catalogue.models}


def is_research_only(name: str) -> bool:
    """Whether a model, or the one that it was made from, is licensed for research alone."""
    published = published_models()
    model = published.get(name) or published.get(name.removesuffix(INT8_SUFFIX))
    return model is not None and model.research_only
