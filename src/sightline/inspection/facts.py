"""What stands in small print under a verdict: who said it, of what, how fast, for how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sightline.inspection.verdict import Sent, Verdict


def by_whom(verdict: Verdict) -> str:
    """Inspector, model, prompt, time, tokens, cost and score in one line, as far as known."""
    usage = verdict.usage
    facts = [verdict.inspector, verdict.model, verdict.prompt and f"prompt {verdict.prompt}"]
    facts.append("from an earlier run" if verdict.cached else f"{verdict.seconds:.2f} s")
    if usage.input_tokens is not None or usage.output_tokens is not None:
        facts.append(f"{usage.input_tokens or 0:,} + {usage.output_tokens or 0:,} tokens")
    if usage.dollars is not None:
        facts.append(f"${usage.dollars:.4f}")
    if verdict.score is not None:
        facts.append(f"score {verdict.score:.3f}")
    return " · ".join(fact for fact in facts if fact)


def looked_at(sent: Sequence[Sent]) -> str:
    """How many pictures of which kind were looked at, and how many pixels they had in all."""
    if not sent:
        return ""
    counts = Counter(one.role for one in sent)
    kinds = ", ".join(_shown(role, count) for role, count in counts.items())
    pixels = sum(one.width * one.height for one in sent)
    return f"looked at {kinds} ({pixels / 1e6:.2f} megapixels)"


def _shown(role: str, count: int) -> str:
    if role == "photo":  # there is one; it may have been looked at in several sizes, or by several
        return "the photo" + f" {count} times" * (count > 1)
    return f"{count} {role}{'s' * (count > 1)}"
