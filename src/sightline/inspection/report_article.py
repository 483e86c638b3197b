"""One photo of the report: the picture with its boxes beside what was said of it."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO

from sightline.errors import PhotoError
from sightline.inspection.evidence import evidence_crop
from sightline.inspection.facts import by_whom, looked_at
from sightline.inspection.inspected import Inspected
from sightline.inspection.pixels import Limit, Photo, Picture, open_photo
from sightline.inspection.verdict import Box, Finding, Sent, Verdict
from sightline.photos.pixels import fitted

_PHOTO_SIDE = 1000
_PHOTO_QUALITY = 80  # to see what is meant by; the evidence is cut from the photo itself
_CROP = Limit(side=320, pixels=102_400, least=160)
_MOST_ROWS = 12


def article(inspected: Inspected) -> str:
    """A photo as HTML. Text of models and files is escaped here, and shown without control codes.

    Its class, the photo's kind, is what the page filters by.
    """
    verdict = inspected.verdict
    try:
        photo, reason = open_photo(inspected.path), ""
    except PhotoError as error:
        photo, reason = None, str(error)
    findings = verdict.findings if verdict else ()
    figure = _nothing(inspected.error or reason) if photo is None else _figure(photo, findings)
    said = _unusable(inspected.error) if verdict is None else _verdict(verdict, photo)
    return (
        f'<article class="{inspected.kind}">\n<div>{figure}</div>\n<div>'
        f'<h2 title="{_text(str(inspected.path))}">{_text(inspected.path.name)}</h2>\n'
        f"{said}</div>\n</article>\n"
    )


def _figure(photo: Photo, findings: tuple[Finding, ...]) -> str:
    """The photo, and over it the boxes, numbered like the findings, in the photo's own pixels."""
    width, height = photo.image.size
    boxes = "".join(
        _box(finding.box, number, max(width, height) / 30)
        for number, finding in enumerate(findings, 1)
        if finding.box is not None
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="the photo with its boxes">'
        f'<image width="{width}" height="{height}" href="{_small(photo)}"/>{boxes}</svg>'
    )


def _box(box: Box, number: int, size: float) -> str:
    at = f'x="{box.left:.1f}" y="{box.top:.1f}"'
    sides = f'width="{max(0.0, box.width):.1f}" height="{max(0.0, box.height):.1f}"'
    return (
        f'<rect class="halo" {at} {sides}/><rect {at} {sides}/>'
        f'<text x="{box.left + size * 0.2:.1f}" y="{box.top + size:.1f}" '
        f'font-size="{size:.1f}">{number}</text>'
    )


def _verdict(verdict: Verdict, photo: Photo | None) -> str:
    """All that a verdict says, and what each member of a panel said."""
    parts = [_decision(verdict)]
    if verdict.findings:
        items = "\n".join(
            _finding(number, finding, photo) for number, finding in enumerate(verdict.findings, 1)
        )
        parts.append(f"<h3>Findings</h3>\n<ol>\n{items}\n</ol>")
    if verdict.would_help:
        parts.append(f'<p class="help">What would help: {_text(verdict.would_help)}</p>')
    if verdict.sent:
        parts.append(_sent(verdict.sent))
    parts.append(f'<p class="quiet">{_text(by_whom(verdict))}</p>')
    if verdict.members:
        members = "\n".join(
            f'<section class="member">{_verdict(member, photo)}</section>'
            for member in verdict.members
        )
        count = len(verdict.members)
        parts.append(f"<details><summary>What each of {count} said</summary>{members}</details>")
    return "\n".join(parts) + "\n"


def _decision(verdict: Verdict) -> str:
    if verdict.failure:
        reason = _text(verdict.failure)
        return f'<p><span class="badge">no usable answer</span></p>\n<p>{reason}</p>'
    share = verdict.confidence
    meaning = "for the likelier answer" if verdict.decision == "uncertain" else "sure"
    return (
        f'<p><span class="badge {verdict.decision}">{verdict.decision}</span>'
        f'<span class="sure"><meter min="0" max="1" value="{share:.3f}"></meter>'
        f"{share:.0%} {meaning}</span></p>"
    )


def _finding(number: int, finding: Finding, photo: Photo | None) -> str:
    crop = None if photo is None else evidence_crop(photo, finding, _CROP)
    shown = (
        '<div class="nowhere">no place named</div>'
        if crop is None
        else f'<img alt="the place of finding {number}" src="{_data(crop)}">'
    )
    where = "" if finding.box is None else f" · {_edges(finding.box)} px"
    score = "" if finding.score is None else f" · score {finding.score:.3f}"
    return (
        f"<li>{shown}<div><strong>{number}. {_text(finding.type)}</strong>"
        f"<p>{_text(finding.sentence)}</p>"
        f'<p class="quiet">{where.removeprefix(" · ")}{score if where else score[3:]}</p>'
        "</div></li>"
    )


def _sent(sent: tuple[Sent, ...]) -> str:
    """What was actually looked at, and at how many pixels."""
    rows = "".join(
        f"<tr><td>{one.role}</td><td>{_edges(one.crop)}</td>"
        f"<td>{one.width} × {one.height}</td></tr>"
        for one in sent[:_MOST_ROWS]
    )
    more = len(sent) - _MOST_ROWS
    rest = f'<p class="quiet">and {more} more</p>' if more > 0 else ""
    return (
        f"<details><summary>{looked_at(sent).capitalize()}</summary>"
        "<table><tr><th>what</th><th>part of the photo, px</th><th>shown at, px</th></tr>"
        f"{rows}</table>{rest}</details>"
    )


def _edges(box: Box) -> str:
    return f"{box.left:.0f}, {box.top:.0f} – {box.right:.0f}, {box.bottom:.0f}"


def _nothing(reason: str) -> str:
    return f'<div class="nowhere">{_text(reason)}</div>'


def _unusable(error: str) -> str:
    return f'<p><span class="badge">can’t be used</span></p>\n<p>{_text(error)}</p>\n'


def _small(photo: Photo) -> str:
    """The whole photo, no larger than a page needs: a report may show a thousand."""
    stream = BytesIO()
    fitted(photo.image, _PHOTO_SIDE).save(stream, "JPEG", quality=_PHOTO_QUALITY)
    return f"data:image/jpeg;base64,{b64encode(stream.getvalue()).decode()}"


def _data(shown: Picture) -> str:
    return f"data:{shown.media};base64,{b64encode(shown.data).decode()}"


def _text(text: str) -> str:
    """Escaped; control and direction codes, which could reorder a line, as escapes."""
    plain = "".join(
        char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text
    )
    return escape(plain)
