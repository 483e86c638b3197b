"""Whether a file is the one that the hub promised."""

import hashlib
from pathlib import Path

from sightline.encoders.hub.client import RemoteFile


def differs(path: Path, expected: RemoteFile) -> str:
    """In what a file differs from the promise; empty where it does not."""
    size = path.stat().st_size
    if expected.size is not None and size != expected.size:
        return "size"
    if expected.sha256 is not None and sha256_of(path) != expected.sha256:
        return "sha256"
    if expected.git_sha1 is not None and _git_sha1(path) != expected.git_sha1:
        return "hash"
    return ""


def sha256_of(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_sha1(path: Path) -> str:
    """git's name of a blob: SHA-1 of a header and the content."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
