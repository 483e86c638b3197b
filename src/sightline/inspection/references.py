"""Which photos of faultless pieces a photo is compared with: named by the user, or found.

`auto` asks a library for the photos that look most like the one in question. Nobody says that they
show faultless pieces; the reference inspector leaves out the ones that look like no other, and says
so. What the library holds should therefore mostly be good pieces.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sightline.api import Library
from sightline.errors import InspectionError
from sightline.inspection.inspected import files_at
from sightline.photos.read import hash_of, read_bytes
from sightline.retrieval.match import Match
from sightline.retrieval.query import Part, Query

AUTO = "auto"
COUNT = 12
LEAST_COSINE = 0.65
"""How like the photo a reference must be. With the bundled model, 98 of 100 pairs of labelled
photos of one product are, however broken the pieces, and 1 of 100 of two products: bare boards and
scans of boards."""
_CANDIDATES = 4
_WORDS_REACH = 200


def named_references(paths: Sequence[str]) -> tuple[Path, ...]:
    """The photos at these paths, those in folders included, each once, in the order given.

    Raises:
        InspectionError: there is no photo.
        UsageError: a path is an empty name.
    """
    found = [path for path in files_at(paths) if not path.is_dir()]
    missing = [path for path in found if not os.path.lexists(path)]
    if missing:
        raise InspectionError(f"There is no reference {missing[0]}; check the name.")
    if not found:
        raise InspectionError(
            f"There is no photo in {', '.join(paths)}: name photos of faultless pieces, or a "
            "folder that holds some."
        )
    return tuple(found)


def nearest_references(
    library: Library,
    image: Path,
    product: str = "",
    count: int = COUNT,
    least: float = LEAST_COSINE,
    model: str | Path | None = None,
) -> tuple[Path, ...]:
    """The photos of a library that look most like this one, the nearest first; never itself.

    Args:
        product: words for what the photo shows; references must be among the photos that these
            words find best, too.
        count: at most so many.
        least: cosine of a reference with the photo, at least.
        model: of those that the library holds; by default the one it was last indexed with.

    Raises:
        InspectionError: none is near enough, or none is there any more.
        PhotoError: the photo can't be used.
        LibraryError, ModelError: the library or its model can't be used.
    """
    own = hash_of(read_bytes(image))
    found = library.search(Query((Part(image),)), k=_CANDIDATES * count + 1, model=model)
    others = [match for match in found if match.photo != own]
    near = [match for match in others if match.score >= least]
    if not near:
        raise InspectionError(_nothing_near(library, others, least))
    if product.strip():
        reach = max(_WORDS_REACH, _CANDIDATES * count)
        named = {match.photo for match in library.search(product, k=reach, model=model)}
        near = [match for match in near if match.photo in named]
        if not near:
            raise InspectionError(
                f"The library {library.folder} holds photos like this one, but the words "
                f"{product!r} don't find them: leave --product out, or name references."
            )
    there = [path for match in near for path in [_that_is_there(match)] if path is not None]
    if not there:
        raise InspectionError(
            "The library knows photos like this one, but their files are gone: run "
            "`sightline index` again, or name references with --reference."
        )
    return tuple(there[:count])


def _that_is_there(match: Match) -> Path | None:
    return next((path for path in match.paths if path.is_file()), None)


def _nothing_near(library: Library, others: Sequence[Match], least: float) -> str:
    how_near = (
        f"the nearest has a cosine of {others[0].score:.2f}, and a photo of the same product has "
        f"{least:.2f} or more"
        if others
        else "there is no other photo in it"
    )
    return (
        f"The library {library.folder} has no photo of this product ({how_near}): index photos of "
        "faultless pieces with `sightline index`, or name some with --reference."
    )
