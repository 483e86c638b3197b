"""sightline: search your own photos with words, offline.

The public API; everything else may change between versions::

    from sightline import Library

    with Library.create() as library:
        library.index(["~/Pictures"])
        for match in library.search("birthday cake"):
            print(match.path)
"""

from typing import TYPE_CHECKING, Any

from sightline.version import __version__ as __version__

if TYPE_CHECKING:
    from sightline.api import Library as Library
    from sightline.api import adapt as adapt
    from sightline.api import classify as classify
    from sightline.api import similarity as similarity
    from sightline.encoders import DualEncoder as DualEncoder
    from sightline.encoders import load_encoder as load_encoder
    from sightline.errors import SightlineError as SightlineError
    from sightline.library.filters import Filters as Filters
    from sightline.library.filters import Near as Near
    from sightline.library.indexer import IndexOptions as IndexOptions
    from sightline.library.indexer import IndexReport as IndexReport
    from sightline.retrieval.classify import Classified as Classified
    from sightline.retrieval.classify import LabelScore as LabelScore
    from sightline.retrieval.labels import Label as Label
    from sightline.retrieval.match import Match as Match
    from sightline.retrieval.query import Part as Part
    from sightline.retrieval.query import Query as Query
    from sightline.retrieval.similarity import Similarity as Similarity
    from sightline.retrieval.teaching import AdaptReport as AdaptReport

_HOMES = {
    "Library": "sightline.api",
    "adapt": "sightline.api",
    "classify": "sightline.api",
    "similarity": "sightline.api",
    "DualEncoder": "sightline.encoders",
    "load_encoder": "sightline.encoders",
    "SightlineError": "sightline.errors",
    "Filters": "sightline.library.filters",
    "Near": "sightline.library.filters",
    "IndexOptions": "sightline.library.indexer",
    "IndexReport": "sightline.library.indexer",
    "Classified": "sightline.retrieval.classify",
    "LabelScore": "sightline.retrieval.classify",
    "Label": "sightline.retrieval.labels",
    "Match": "sightline.retrieval.match",
    "Part": "sightline.retrieval.query",
    "Query": "sightline.retrieval.query",
    "Similarity": "sightline.retrieval.similarity",
    "AdaptReport": "sightline.retrieval.teaching",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `sightline --help` must not load a model."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sightline' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
