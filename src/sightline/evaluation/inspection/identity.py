"""What decides an offline inspector's answers besides the question: the code that gives them."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def code_of(*places: str) -> str:
    """A fingerprint of the sources in these rooms or files of the package, such as "inspection".

    Answers of earlier code are then not taken for those of today's.
    """
    root = Path(str(files("sightline")))
    digest = hashlib.sha256()
    for place in places:
        at = root / place
        for source in sorted(at.rglob("*")) if at.is_dir() else [at]:
            if source.is_file() and source.suffix != ".pyc":
                digest.update(str(source.relative_to(root)).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]
