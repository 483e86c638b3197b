"""Matches as text: for people, for scripts, for `xargs`."""

import csv
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.retrieval.match import Match

_CSV_FIELDS = ("rank", "score", "path", "photo", "width", "height", "taken_at", "camera")


def write_matches(matches: "Sequence[Match]", form: str, stream: TextIO) -> None:
    """Print matches in one of the formats of `sightline search --format`."""
    if form in {"paths", "paths0"}:
        end = b"\n" if form == "paths" else b"\0"
        write_bytes(b"".join(os.fsencode(match.path) + end for match in matches), stream)
    elif form == "jsonl":
        write_text("".join(to_json(as_row(match)) + "\n" for match in matches), stream)
    elif form == "json":
        write_text(to_json([as_row(match) for match in matches]) + "\n", stream)
    elif form == "csv":
        writer = csv.DictWriter(Lines(stream), _CSV_FIELDS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(as_row(match) for match in matches)
    else:
        write_text("".join(_table_line(match) + "\n" for match in matches), stream)


def as_row(match: "Match") -> dict[str, Any]:
    """A match as plain values, for JSON and CSV."""
    return {
        "rank": match.rank,
        "score": round(match.score, 6),
        "path": str(match.path),
        "paths": [str(path) for path in match.paths],
        "photo": match.photo,
        "width": match.width,
        "height": match.height,
        "format": match.format,
        "taken_at": match.taken_at,
        "latitude": match.latitude,
        "longitude": match.longitude,
        "camera": match.camera,
        "lens": match.lens,
    }


def to_json(value: object) -> str:
    """JSON in UTF-8; a file name that is not UTF-8 keeps its bytes as `\\udcXX` escapes."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True)
    return text


def printable(text: str) -> str:
    """A file name fit for a terminal: no newline, no escape sequence, no undecodable byte."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def write_text(text: str, stream: TextIO) -> None:
    """Write UTF-8 whatever the locale says, so that scripts get the same bytes everywhere."""
    write_bytes(text.encode("utf-8", "surrogateescape"), stream)


def write_bytes(data: bytes, stream: TextIO) -> None:
    """Write bytes to the stream below a text stream.

    A reader that has seen enough (`| head`) is no error: what follows is dropped.

    Raises:
        UsageError: the output can't be written, as on a full disk.
    """
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    except BrokenPipeError:
        _drop_the_rest(stream)
    except OSError as error:
        _drop_the_rest(stream)
        raise UsageError(f"Can't write the output: {error.strerror}.") from None


def _drop_the_rest(stream: TextIO) -> None:
    """Point the stream's file at nothing, or Python tries again when it ends, and complains."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _table_line(match: "Match") -> str:
    when = (match.taken_at or "")[:10]
    copies = f"  (+{len(match.paths) - 1} more)" if len(match.paths) > 1 else ""
    return f"{match.rank:>3}  {match.score:6.3f}  {when:<10}  {printable(str(match.path))}{copies}"


class Lines:
    """What the csv module writes to; passes it on as UTF-8."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        write_text(text, self._stream)
