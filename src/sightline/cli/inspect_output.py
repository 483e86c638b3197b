"""Verdicts as text: for people, and a line of JSON each for scripts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.cli.output import printable, to_json
from sightline.errors import PhotoError

if TYPE_CHECKING:
    from sightline.inspection.inspected import Inspected, Kind
    from sightline.inspection.verdict import Finding, Verdict
    from sightline.inspection.vlm.plan import Plan

Crops = Sequence["Path | None"]


def json_line(inspected: Inspected, crops: Crops) -> str:
    """All of a verdict in one line. Boxes are pixels of the upright photo at full size.

    Args:
        crops: the file of each finding's evidence crop; empty if none was asked for.
    """
    return to_json(_row(inspected, crops)) + "\n"


def text_lines(inspected: Inspected, crops: Crops) -> str:
    """What a person wants to know of a photo, in a few lines."""
    path = printable(os.fspath(inspected.path))
    verdict = inspected.verdict
    if verdict is None:
        return f"{path}: can't be used. {printable(inspected.error)}\n"
    lines = [f"{path}: {_decision(verdict)}"]
    for number, finding in enumerate(verdict.findings):
        lines.append(f"  {number + 1}. {_finding(finding)}")
        if crops and crops[number]:
            lines.append(f"     {crops[number]}")
    if verdict.would_help:
        lines.append(f"  would help: {verdict.would_help}")
    lines += [f"  {_who(member)} says {_decision(member)}" for member in verdict.members]
    lines.append(f"  {_by_whom(verdict)}")
    return "".join(f"{printable(line)}\n" for line in lines)


def plan_line(path: Path, plans: Sequence[Plan] | PhotoError, form: str) -> str:
    """What a dry run says of one photo; no plan means that nothing would be sent."""
    if form == "jsonl":
        return to_json(_plan_row(path, plans)) + "\n"
    name = printable(os.fspath(path))
    if isinstance(plans, PhotoError):
        return f"{name}: can't be used. {printable(str(plans))}\n"
    if not plans:
        return f"{name}: nothing would leave this machine.\n"
    lines = plans[0].lines() + ([f"and so {len(plans)} times"] if len(plans) > 1 else [])
    return f"{name}:\n" + "".join(f"  {printable(line)}\n" for line in lines)


def plans_in_all(plans: Sequence[Plan]) -> str:
    """What a whole dry run comes to, in a line."""
    requests = sum(not request.known for plan in plans for request in plan.requests)
    said = f"{requests:,} requests for certain, {sum(plan.bytes for plan in plans) / 1e6:.1f} MB"
    more = sum(plan.at_most for plan in plans)
    said += f", at most {more:,} more as the answers ask for them" if more else ""
    costs = [plan.dollars for plan in plans if plan.dollars is not None]
    if costs:
        least, most = (sum(ends) for ends in zip(*costs, strict=True))
        said += f"; about ${least:.4f}" + (f" to ${most:.4f}" if most > least else "")
    return said + "."


def summary(counts: Counter[Kind]) -> str:
    """How many photos were what, in a line."""
    total = counts.total()
    if not total:
        return "No photo was found: name photos, or folders that hold some."
    said = [f"{count} {kind}" for kind, count in sorted(counts.items())]
    return f"{total} photo{'s' * (total != 1)}: {', '.join(said)}."


def _row(inspected: Inspected, crops: Crops) -> dict[str, Any]:
    import msgspec

    row: dict[str, Any] = {"path": str(inspected.path), "error": inspected.error or None}
    if inspected.verdict is None:
        return row
    row |= msgspec.to_builtins(inspected.verdict)
    for at, finding in enumerate(row["findings"]):
        finding["crop"] = str(crops[at]) if crops and crops[at] else None
    return row


def _plan_row(path: Path, plans: Sequence[Plan] | PhotoError) -> dict[str, Any]:
    import msgspec

    if isinstance(plans, PhotoError):
        return {"path": str(path), "error": str(plans)}

    costs = [plan.dollars for plan in plans if plan.dollars is not None]
    return {
        "path": str(path),
        "error": None,
        "requests": [request for plan in plans for request in msgspec.to_builtins(plan.requests)],
        "at_most": sum(plan.at_most for plan in plans),
        "pixels": sum(plan.pixels for plan in plans),
        "bytes": sum(plan.bytes for plan in plans),
        "dollars": [sum(ends) for ends in zip(*costs, strict=True)] or None,
    }


def _decision(verdict: Verdict) -> str:
    if verdict.failure:
        return f"no usable answer ({verdict.failure})"
    share = f"{verdict.confidence:.0%}"
    if verdict.decision == "uncertain":
        return f"uncertain ({share} for the likelier answer)"
    return f"{verdict.decision} ({share} sure)"


def _finding(finding: Finding) -> str:
    box = finding.box
    where = (
        ""
        if box is None
        else f" [{box.left:.0f}, {box.top:.0f}, {box.right:.0f}, {box.bottom:.0f} px]"
    )
    return f"{finding.type}{where}: {finding.sentence}"


def _who(member: Verdict) -> str:
    return " · ".join(name for name in (member.inspector, member.model) if name)


def _by_whom(verdict: Verdict) -> str:
    from sightline.inspection.facts import by_whom, looked_at

    return " · ".join(part for part in (by_whom(verdict), looked_at(verdict.sent)) if part)
