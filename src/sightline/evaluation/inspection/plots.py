"""Risk-coverage and reliability as inline SVG."""

from __future__ import annotations

from html import escape

from sightline.evaluation.inspection.results import ArmResult

_SIDE = 300
_EDGE = 42
# Told apart by people who see few colours, too (Okabe and Ito 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
_DASHES = ("none", "6 3", "2 2", "8 3 2 3")


def risk_coverage_plot(arms: tuple[ArmResult, ...]) -> str:
    """Share of wrong answers (up) among the surest share of photos (across), a line an arm."""
    lines = []
    for at, arm in enumerate(arms):
        points = " ".join(f"{_x(p.coverage):.1f},{_y(p.risk):.1f}" for p in arm.curve)
        dash = _DASHES[at // len(_COLOURS) % len(_DASHES)]
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{_colour(at)}" stroke-width="2" '
            f'stroke-dasharray="{dash}"><title>{escape(arm.arm.name)}</title></polyline>'
        )
    return _chart("coverage", "risk", "".join(lines))


def reliability_plot(arm: ArmResult) -> str:
    """Accuracy (up) by confidence (across); the area of a dot is the number of answers."""
    total = sum(one.count for one in arm.reliability) or 1
    diagonal = (
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#888" '
        'stroke-dasharray="3 3"/>'
    )
    dots = "".join(
        f'<circle cx="{_x(one.confidence):.1f}" cy="{_y(one.accuracy):.1f}" '
        f'r="{3 + 15 * (one.count / total) ** 0.5:.1f}" fill="{_colour(0)}" fill-opacity=".6">'
        f"<title>{one.count} answers, confidence {one.confidence:.2f}, right {one.accuracy:.2f}"
        "</title></circle>"
        for one in arm.reliability
    )
    return _chart("confidence", "share right", diagonal + dots)


def legend(arms: tuple[ArmResult, ...]) -> str:
    """The colours of the arms."""
    return "".join(
        f'<li><svg viewBox="0 0 24 8" width="24" height="8"><line x1="0" y1="4" x2="24" y2="4" '
        f'stroke="{_colour(at)}" stroke-width="3" '
        f'stroke-dasharray="{_DASHES[at // len(_COLOURS) % len(_DASHES)]}"/></svg> '
        f"{escape(arm.arm.name)}</li>"
        for at, arm in enumerate(arms)
    )


def _chart(across: str, up: str, inside: str) -> str:
    ticks = "".join(
        f'<line x1="{_x(v)}" y1="{_y(0)}" x2="{_x(v)}" y2="{_y(1)}" class="grid"/>'
        f'<line x1="{_x(0)}" y1="{_y(v)}" x2="{_x(1)}" y2="{_y(v)}" class="grid"/>'
        f'<text x="{_x(v)}" y="{_y(0) + 14}" text-anchor="middle">{v:g}</text>'
        f'<text x="{_x(0) - 5}" y="{_y(v) + 4}" text-anchor="end">{v:g}</text>'
        for v in (0, 0.25, 0.5, 0.75, 1)
    )
    whole = _SIDE + 2 * _EDGE
    return (
        f'<svg class="plot" viewBox="0 0 {whole} {whole}" role="img" aria-label="{up} by {across}">'
        f"{ticks}{inside}"
        f'<text x="{_x(0.5)}" y="{whole - 6}" text-anchor="middle">{across}</text>'
        f'<text x="12" y="{_y(0.5)}" text-anchor="middle" transform="rotate(-90 12 {_y(0.5)})">'
        f"{up}</text></svg>"
    )


def _x(share: float) -> float:
    return _EDGE + share * _SIDE


def _y(share: float) -> float:
    return _EDGE + (1 - share) * _SIDE


def _colour(at: int) -> str:
    return _COLOURS[at % len(_COLOURS)]
