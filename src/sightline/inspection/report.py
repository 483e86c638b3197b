"""Verdicts on one HTML page: each photo with its boxes, what was said of it, and what was seen.

The page opens offline, anywhere: pictures are inside it, there is no script, and its own policy
forbids it to load anything. Whatever a model or a file name says is text on it, never markup. The
photos' metadata is not on it; their paths are.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import suppress
from html import escape
from pathlib import Path
from types import TracebackType

from sightline.errors import UsageError
from sightline.inspection.inspected import Inspected, Kind
from sightline.inspection.report_article import article

_MARK = '<meta name="generator" content="sightline inspect">'
_MARK_WITHIN = 300  # bytes from the beginning
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_KINDS: tuple[Kind, ...] = ("defect", "uncertain", "normal", "failed")
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="quiet">{about}</p>
{choices}
<nav>{labels}</nav>
<main>
"""
_FOOT = "</main>\n</body>\n</html>\n"


class ReportWriter:
    """A page that grows photo by photo on disk, and stands at its place when the run ends.

    Also when it ends early: what was inspected until then is on it.
    """

    def __init__(self, path: Path, about: str = "") -> None:
        """Write to `path`; `about` says in a line what was run.

        Raises:
            UsageError: something other than an earlier report stands there, or it can't be written.
        """
        require_report(path)
        self._path = path
        self._about = about
        self._counts: Counter[Kind] = Counter()
        try:
            # In the page's own folder: one that can't be written is better found out now.
            self._articles = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - see __exit__
        except OSError as error:
            raise _unwritable(path, error) from None

    def add(self, inspected: Inspected) -> None:
        """Put a photo on the page.

        Raises:
            UsageError: the disk is full.
        """
        self._counts[inspected.kind] += 1
        try:
            self._articles.write(_bytes(article(inspected)))
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def __enter__(self) -> ReportWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._articles:
            if self._counts or kind is None:
                self._finish(early=kind is not None)

    def _finish(self, early: bool) -> None:
        """Put the page together beside its place, then into it."""
        about = f"{self._about} The run ended early." if early else self._about
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            self._articles.seek(0)
            with beside.open("wb") as page:
                page.write(_bytes(_head(self._counts, about)))
                while some := self._articles.read(1 << 20):
                    page.write(some)
                page.write(_bytes(_FOOT))
                page.flush()
                os.fsync(page.fileno())
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise _unwritable(self._path, error) from None


def require_report(path: Path) -> None:
    """Refuse a path at which a page would take the place of anything but an earlier report.

    Raises:
        UsageError: its name doesn't end in .html, its folder isn't there, or another file is.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"The report {path} must end in .html, so that no photo is written over.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} for the report; make it first.")
    if not os.path.lexists(path):
        return
    beginning = b""
    try:
        if path.is_file():  # a pipe would make us wait for ever
            with path.open("rb") as file:
                beginning = file.read(_MARK_WITHIN)
    except OSError as error:
        raise _unwritable(path, error) from None
    if _MARK.encode() not in beginning:
        raise UsageError(
            f"{path} is there already and is no report of `sightline inspect`; give this one "
            "another name."
        )


def _head(counts: Counter[Kind], about: str) -> str:
    total = counts.total()
    shown: dict[str, int] = {"all": total, **{kind: counts[kind] for kind in _KINDS}}
    choices = "\n".join(
        f'<input class="choose" type="radio" name="show" id="show-{kind}"'
        f"{' checked' if kind == 'all' else ''}>"
        for kind in shown
    )
    labels = "".join(
        f'<label for="show-{kind}">{kind} {count}</label>' for kind, count in shown.items()
    )
    return _HEAD.format(
        mark=_MARK,
        policy=_POLICY,
        title=f"Inspection of {total} photo{'' if total == 1 else 's'}",
        style=Path(__file__).with_name("report.css").read_text(encoding="utf-8"),
        about=escape(about),
        choices=choices,
        labels=labels,
    )


def _bytes(text: str) -> bytes:
    """UTF-8; undecodable bytes of a file name as escapes, since HTML knows no lone surrogates."""
    return text.encode("utf-8", "backslashreplace")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"Can't write the report {path}: {error.strerror}.")
