"""What a gold file calls the photos of a library: short names that mean something on this machine.

A name is a label; what a photo *is* stands beside it as the hash of its bytes.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sightline.evaluation.gold import GalleryPhoto

_ESCAPE = re.compile(r"\\u(dc[89a-f][0-9a-f])")
"""A byte that is no UTF-8, as Python holds it in a path (PEP 383), escaped by `_writable`."""
_LONGEST = 4096
"""Characters of a name that a gold file takes; escapes can make more of a path."""


def name_photos(paths: Mapping[str, Path], named: Mapping[str, GalleryPhoto]) -> list[GalleryPhoto]:
    """Names for the photos that have none yet.

    A name is the path from the folder that the names so far start from, or else from the folder
    that holds all photos. A photo outside it, or all where the only such folder is the file
    system's root, are named by absolute paths. Bytes that are no UTF-8 become escapes.

    Args:
        paths: photo (SHA-256) → where it lies.
        named: photo (SHA-256) → the name that it has.
    """
    root = _root_of(paths, named) or _common_folder(paths)
    taken = {photo.file for photo in named.values()}
    fresh = []
    for photo, path in sorted(paths.items(), key=lambda item: item[1]):
        if photo in named:
            continue
        below = root is not None and path.is_relative_to(root)
        name = _writable(path.relative_to(root) if root and below else path)
        if len(name) > _LONGEST:
            name = photo
        if name in taken:
            name = f"{name}#{photo[:12]}"
        taken.add(name)
        fresh.append(GalleryPhoto(name, photo))
    return fresh


def _root_of(paths: Mapping[str, Path], named: Mapping[str, GalleryPhoto]) -> Path | None:
    for photo, known in named.items():
        lies_at = paths[photo].as_posix() if photo in paths else ""
        if lies_at.endswith(f"/{known.file}"):
            return Path(lies_at.removesuffix(known.file))
    return None


def _common_folder(paths: Mapping[str, Path]) -> Path | None:
    try:
        common = Path(os.path.commonpath([path.parent for path in paths.values()]))
    except ValueError:  # none at all, or several drives
        return None
    return None if common == common.parent else common


def path_named(name: str) -> str:
    """The path that a name with escapes stands for; the name itself where it holds none."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)


def _writable(path: Path) -> str:
    return path.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")
