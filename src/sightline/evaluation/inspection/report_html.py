"""`report.html`: tables, plots, and every photo with its boxes; one file that opens offline."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from sightline.errors import PhotoError
from sightline.evaluation.gold import write_whole
from sightline.evaluation.inspection.gold import GoldPhoto
from sightline.evaluation.inspection.labels import LABELS
from sightline.evaluation.inspection.plots import legend, reliability_plot, risk_coverage_plot
from sightline.evaluation.inspection.results import ArmResult, InspectionResults, PhotoResult
from sightline.evaluation.inspection.tables import (
    DECISIONS,
    GROUNDING,
    TRUST,
    arm_rows,
    headline,
    probe_rows,
    slice_rows,
)
from sightline.inspection.verdict import Box
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded
from sightline.photos.read import read_bytes
from sightline.photos.thumbnail import thumbnail_jpeg

_THUMBNAIL = 420
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_ORDER = ("failure", "wrong", "wrong reason", "no reason", "uncertain", "right")


def write_html(results: InspectionResults, images: Path, path: Path) -> None:
    """Write the page. Pictures are inside it, it has no script and loads nothing.

    Args:
        images: folder that the gold file's names start from.

    Raises:
        EvaluationError: it can't be written.
    """
    page = "\n".join(_page(results, images))
    write_whole(path, page.encode("utf-8", "backslashreplace"))


def _page(results: InspectionResults, images: Path) -> Iterator[str]:
    run, title = results.run, escape(results.title)
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>"
    )
    yield (
        f"<h1>{title}</h1><p>{run.photos} photos of {escape(run.gold_name)}, side “{run.split}”"
        f"{', further photos counted in' if run.more else ''}. Intervals are 95 %: Wilson's for "
        "shares, a bootstrap over pieces for the rest.</p>"
    )
    yield f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in headline(results))}</ul>"
    for one in results.not_run:
        yield f"<p><b>{escape(one.arm)}</b>: not run: {escape(one.reason)}.</p>"
    for heading, names in (
        ("Decisions", DECISIONS),
        ("Confidence", TRUST),
        ("Grounding", GROUNDING),
    ):
        yield f"<h2>{heading}</h2>{_table(arm_rows(results, names))}"
    probes = probe_rows(results)
    if len(probes) > 1:
        yield f"<h2>Yes/no questions</h2>{_table(probes)}"
    yield from _plots(results.arms)
    if results.comparisons:
        yield "<h2>Between arms</h2><ul>"
        yield from (
            f"<li>{escape(one.sentence)} <small>p = {one.p:.3f}, {one.p_corrected:.3f} allowing "
            f"for all; {one.only_a} against {one.only_b} of {one.photos}</small></li>"
            for one in results.comparisons
        )
        yield "</ul>"
    yield (
        "<h2>Photo by photo</h2><p>Boxes: <span class='gold'>gold</span>, "
        "<span class='said'>the inspector's</span>, <span class='ignored'>not counted</span>.</p>"
    )
    shown = _Photos(results.gold, images)
    for arm in results.arms:
        if not arm.arm.baseline or all(one.arm.baseline for one in results.arms):
            yield from _arm(arm, shown)
    yield "<h2>What the numbers mean</h2><dl>"
    yield from (f"<dt>{label.name}</dt><dd>{label.means}</dd>" for label in LABELS.values())
    yield (
        f"</dl><footer>sightline {run.version}, code {run.code}; {escape(run.python)}; "
        f"{escape(run.machine)}</footer></body></html>"
    )


def _plots(arms: tuple[ArmResult, ...]) -> Iterator[str]:
    yield "<h2>How far to trust a confidence</h2><div class='plots'>"
    yield (
        f"<figure>{risk_coverage_plot(arms)}<figcaption>Errors among the surest answers"
        f"<ul class='legend'>{legend(arms)}</ul></figcaption></figure>"
    )
    yield from (
        f"<figure>{reliability_plot(arm)}<figcaption>{escape(arm.arm.name)}: right as often as "
        "confident?</figcaption></figure>"
        for arm in arms
        if arm.reliability
    )
    yield "</div>"


def _arm(arm: ArmResult, shown: _Photos) -> Iterator[str]:
    counts = ", ".join(f"{arm.standings[k]} {k}" for k in _ORDER if k in arm.standings)
    dollars = "" if arm.dollars is None else f"; {arm.dollars:.2f} dollars"
    tokens = f"; {arm.input_tokens} + {arm.output_tokens} tokens" if arm.input_tokens else ""
    yield (
        f"<section><h2>{escape(arm.arm.name)}</h2><p>{counts}. Median {arm.seconds_median:.2f} s a "
        f"photo{tokens}{dollars}.</p>{_table(slice_rows(arm))}<ol class='photos'>"
    )
    ordered = sorted(arm.photos, key=lambda photo: _ORDER.index(photo.standing))
    yield from (shown.card(photo) for photo in ordered)
    yield "</ol></section>"


class _Photos:
    """Cards of photos; each is read and shrunk once, however many arms show it."""

    def __init__(self, gold: Sequence[GoldPhoto], images: Path) -> None:
        self._gold = {photo.id: photo for photo in gold}
        self._images = images
        self._drawn: dict[str, tuple[str, int, int]] = {}

    def card(self, result: PhotoResult) -> str:
        """A photo with gold boxes and predicted ones, what was said, and how it turned out."""
        photo, verdict = self._gold[result.photo], result.verdict
        said = "".join(
            f"<li>{escape(f.type)}{f': {escape(f.sentence)}' if f.sentence else ''}</li>"
            for f in verdict.findings
        )
        score = "" if verdict.score is None else f", score {verdict.score:.3g}"
        trouble = f"<p>{escape(verdict.failure)}</p>" if verdict.failure else ""
        return (
            f"<li class='{result.standing.replace(' ', '-')}'>{self._picture(photo, result)}"
            f"<h3>{escape(photo.id)} <span class='mark'>{result.standing}</span></h3>"
            f"<p><b>Gold</b> {photo.verdict}: {escape(photo.label or 'by its folder alone')}</p>"
            f"<p><b>Said</b> {verdict.decision}, confidence {verdict.confidence:.2f}{score}</p>"
            f"{trouble}<ul>{said}</ul></li>"
        )

    def _picture(self, photo: GoldPhoto, result: PhotoResult) -> str:
        try:
            data, width, height = self._of(photo)
        except PhotoError as error:
            return f"<p>{escape(str(error))}</p>"
        line = max(width, height) / 180
        gold = "".join(_rectangle(box, "gold", line) for box in photo.places)
        ignored = "".join(_rectangle(box, "ignored", line) for box in photo.ignored)
        boxes = [finding.box for finding in result.verdict.findings]
        said = "".join(_rectangle(box, "said", line) for box in boxes if box is not None)
        return (
            f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(photo.id)}">'
            f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{data}"/>'
            f"{gold}{ignored}{said}</svg>"
        )

    def _of(self, photo: GoldPhoto) -> tuple[str, int, int]:
        if photo.id not in self._drawn:
            path = self._images / photo.file
            with decoded(read_bytes(path), DEFAULT_MAX_MEGAPIXELS, at_least=1) as found:
                width, height = found.facts.width, found.facts.height
            small = thumbnail_jpeg(path, _THUMBNAIL)
            self._drawn[photo.id] = (b64encode(small).decode(), width, height)
        return self._drawn[photo.id]


def _rectangle(box: Box, kind: str, line: float) -> str:
    """A box with a pale rim, so that it is seen on any picture."""
    place = (
        f'x="{box.left:g}" y="{box.top:g}" width="{max(0, box.width):g}" '
        f'height="{max(0, box.height):g}"'
    )
    return (
        f'<rect class="rim" {place} stroke-width="{2.2 * line:.2f}"/>'
        f'<rect class="{kind}" {place} stroke-width="{line:.2f}"/>'
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in body)
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f"<div class='wide'><table><tr>{titles}</tr>{lines}</table></div>"


def _cell(text: str) -> str:
    value, bracket, rest = text.partition(" [")
    if not bracket:
        return f"<td>{escape(text)}</td>"
    return f"<td>{escape(value)} <small>[{escape(rest)}</small></td>"
