"""Stored paths are bytes in order, so everything under a folder is one range of them."""

import os


def path_span(path: bytes, folder: bool) -> tuple[bytes, bytes]:
    """The half-open range of stored paths that are `path`, or lie under it if it is a folder."""
    if not folder:
        return path, path + b"\x00"
    separator = os.fsencode(os.sep)
    low = path if path.endswith(separator) else path + separator
    return low, low[:-1] + bytes([low[-1] + 1])
