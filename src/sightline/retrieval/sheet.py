"""A contact sheet: matches as thumbnails on one HTML page that opens offline, anywhere."""

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sightline.errors import PhotoError, UsageError
from sightline.photos.thumbnail import thumbnail_jpeg
from sightline.retrieval.match import Match

THUMBNAIL_SIDE = 256

_MARK = '<meta name="generator" content="sightline">'
_MARK_WITHIN = 200  # bytes from the beginning
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="sightline">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; }}
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 90rem;
       padding: 0 1rem; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); }}
ol {{ list-style: none; padding: 0; margin: 0; display: grid; gap: .8rem;
     grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }}
figure {{ margin: 0; }}
img, .gone {{ width: 100%; aspect-ratio: 1; object-fit: contain; background: #8882; display: grid;
      place-items: center; text-align: center; }}
figcaption {{ font-size: .8rem; overflow-wrap: anywhere; }}
.score {{ font-variant-numeric: tabular-nums; opacity: .7; }}
</style>
</head>
<body>
<h1>{title}</h1>
{strips}
</body>
</html>
"""


@dataclass(frozen=True)
class Strip:
    """One query and its matches."""

    title: str
    matches: Sequence[Match]


def write_sheet(path: Path, strips: Sequence[Strip], title: str = "sightline") -> None:
    """Write the page, with every thumbnail inside it.

    Raises:
        UsageError: the page can't be written there, or something else stands there.
    """
    require_page(path)
    page = _PAGE.format(title=escape(title), strips="\n".join(map(_strip, strips)))
    try:
        path.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
    except OSError as error:
        raise UsageError(f"Can't write the contact sheet {path}: {error.strerror}.") from None


def require_page(path: Path) -> None:
    """Refuse a path at which a page would take the place of anything but an earlier page of ours.

    Raises:
        UsageError: its name doesn't end in .html, or what is there is no contact sheet.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(
            f"The contact sheet {path} must end in .html, so that no photo is written over."
        )
    if not os.path.lexists(path):
        return
    beginning = b""
    try:
        if path.is_file():  # a pipe would make us wait for ever
            with path.open("rb") as file:
                beginning = file.read(_MARK_WITHIN)
    except OSError as error:
        raise UsageError(f"Can't write the contact sheet {path}: {error.strerror}.") from None
    if _MARK.encode() not in beginning:
        raise UsageError(
            f"{path} is there already and is no contact sheet of sightline's; give this one "
            "another name."
        )


def _strip(strip: Strip) -> str:
    figures = "\n".join(_figure(match) for match in strip.matches)
    return (
        f"<section>\n<h2>{escape(_shown(strip.title))}</h2>\n<ol>\n{figures}\n</ol>\n</section>"
        if strip.matches
        else f"<section>\n<h2>{escape(_shown(strip.title))}</h2>\n<p>No match.</p>\n</section>"
    )


def _figure(match: Match) -> str:
    name = escape(_shown(match.path.name))
    return (
        f'<li><figure><a href="{escape(match.path.as_uri())}">{_picture(match, name)}</a>'
        f'<figcaption><span class="score">{match.rank} · {match.score:.3f}</span> '
        f'<span title="{escape(_shown(str(match.path)))}">{name}</span></figcaption></figure></li>'
    )


def _picture(match: Match, name: str) -> str:
    try:
        data = thumbnail_jpeg(match.path, THUMBNAIL_SIDE)
    except PhotoError as error:
        return f'<div class="gone">{escape(str(error))}</div>'
    return f'<img alt="{name}" src="data:image/jpeg;base64,{b64encode(data).decode()}">'


def _shown(text: str) -> str:
    """Undecodable bytes of a file name as escapes; HTML knows no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
