"""Photos of a report: each is read once, stands once in the page, and is shown where it is named.

A photo is a rule of the page's style sheet, so that it is shown any number of times, and without a
script.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sightline.errors import PhotoError
from sightline.evaluation.results import Missed
from sightline.photos.thumbnail import thumbnail_jpeg

SIDE = 112
"""Pixels of a thumbnail's longer side."""

GRADES = {2: "fits", 1: "fits partly", 0: "doesn't fit", None: "not judged"}
_MARKS = {2: "✓", 1: "½", 0: "✗", None: "?"}
_CLASSES = {2: "fits", 1: "partly", 0: "wrong", None: "unjudged"}


@dataclass(frozen=True)
class Tile:
    """A photo at its rank: `about` is said of it where somebody asks, `note` stands beneath."""

    file: str
    rank: int
    grade: int | None
    about: str = ""
    note: str = ""


class Photos:
    """The photos of one page. Asking for a tile puts its photo into the page."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """Take photos from `paths`, by their names in the gold file."""
        self._paths = paths
        self._numbers: dict[str, int] = {}
        self._jpegs: dict[int, bytes] = {}
        self.unreadable: dict[str, str] = {}

    def strip(self, tiles: Iterable[Tile], label: str) -> str:
        """A list of photos with the marks of their grades."""
        items = "".join(self.item(tile) for tile in tiles)
        return f'<ol class="photos first" tabindex="0" aria-label="{escape(label)}">{items}</ol>'

    def item(self, tile: Tile) -> str:
        """One photo of a strip."""
        said = f"rank {tile.rank}, {GRADES[tile.grade]}{tile.about}: {tile.file}"
        return (
            f'<li class="{_CLASSES[tile.grade]}">{self._photo(tile.file, said)}'
            f'<span aria-hidden="true">{tile.rank} <i>{_MARKS[tile.grade]}</i>'
            f"{escape(tile.note)}</span></li>"
        )

    def further_down(self, found: Iterable[Missed], label: str) -> str:
        """A list of right photos that a strip doesn't reach, with their ranks and grades."""
        items = "".join(
            f'<li class="missed">{self._photo(one.file, _said_of(one))}'
            f'<span aria-hidden="true">#{one.rank:,} <i>↓</i>'
            f"{f' {_MARKS[1]}' if one.grade == 1 else ''}</span></li>"
            for one in found
        )
        return f'<ol class="photos" tabindex="0" aria-label="{escape(label)}">{items}</ol>'

    def plain(self, file: str, caption: str, about: str, css: str = "plain") -> str:
        """One photo with a caption in place of a grade."""
        return (
            f'<li class="{css}">{self._photo(file, f"{about}: {file}")}'
            f'<span aria-hidden="true">{escape(caption)}</span></li>'
        )

    def style(self) -> str:
        """The style sheet that holds all photos that were asked for."""
        return "\n".join(
            f".p{number}{{background-image:url(data:image/jpeg;base64,{b64encode(jpeg).decode()})}}"
            for number, jpeg in self._jpegs.items()
        )

    def _photo(self, file: str, said: str) -> str:
        number = self._number(file)
        if number in self._jpegs:
            return f'<b class="p{number}" role="img" title="{escape(said)}"></b>'
        trouble = f"{said}; {self.unreadable[file]}"
        return f'<b class="gone" role="img" title="{escape(trouble)}">can’t be shown</b>'

    def _number(self, file: str) -> int:
        if file not in self._numbers:
            self._numbers[file] = len(self._numbers)
            path = self._paths.get(file)
            if path is None:
                self.unreadable[file] = "it isn't in the gallery"
            else:
                try:
                    self._jpegs[self._numbers[file]] = thumbnail_jpeg(path, SIDE)
                except PhotoError as error:
                    self.unreadable[file] = str(error)
        return self._numbers[file]


def _said_of(missed: Missed) -> str:
    grade = "right" if missed.grade is None else GRADES[missed.grade]
    return f"{grade}, but at rank {missed.rank:,}: {missed.file}"
