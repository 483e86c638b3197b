"""An arm's answers → its figures, by slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from statistics import median

import msgspec

from sightline.evaluation.inspection import confidence, grounding, measures, scores
from sightline.evaluation.inspection.answers import Answer, on
from sightline.evaluation.inspection.arms import Arm
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold
from sightline.evaluation.inspection.labels import LABELS
from sightline.evaluation.inspection.naming import Synonyms
from sightline.evaluation.inspection.probes import KINDS, Probed, expected_yes_ratio
from sightline.evaluation.inspection.resampling import (
    Draws,
    Statistic,
    measured_share,
    measured_statistics,
)
from sightline.evaluation.inspection.results import (
    ArmInfo,
    ArmResult,
    CurvePoint,
    Measures,
    PhotoResult,
    ProbeResult,
    ReliabilityBin,
    Slice,
)
from sightline.evaluation.intervals import Figure, wilson_interval

_BALANCED: dict[str, Statistic] = {
    "balanced_person": partial(measures.balanced_accuracy, uncertain="person"),
    "balanced_error": partial(measures.balanced_accuracy, uncertain="error"),
}
_STATISTICS: dict[str, Statistic] = _BALANCED | {
    "image_auroc": scores.macro_auroc,
    "image_auroc_confidence": partial(scores.macro_auroc, score=scores.by_confidence),
    "aurc": confidence.aurc,
    "ece": confidence.expected_calibration_error,
    "brier": confidence.brier_score,
    "confidence_auroc": confidence.confidence_auroc,
    "iou": lambda answers: _mean(grounding.overlaps(answers)),
}
_OF_PRODUCT: dict[str, Statistic] = _BALANCED | {
    "image_auroc": scores.image_auroc,
    "image_auroc_confidence": partial(scores.image_auroc, score=scores.by_confidence),
    "iou": lambda answers: _mean(grounding.overlaps(answers)),
}

Marks = Callable[[Sequence[Answer]], Sequence[bool]]


def summarise(
    arm: Arm,
    identity: str,
    draws: Draws,
    gold: InspectionGold,
    *,
    baseline: bool = False,
    probed: Sequence[Probed] = (),
    seed: int = 0,
    resamples: int = 1000,
) -> ArmResult:
    """All figures of one arm.

    Args:
        draws: the answers of each draw of references, on the same photos in the same order.
    """
    info = ArmInfo(**msgspec.structs.asdict(arm), identity=identity, baseline=baseline)
    first = draws[0]
    standings = [grounding.standing(answer, gold.synonyms) for answer in first]
    usages = [answer.verdict.usage for draw in draws for answer in draw]
    dollars = [usage.dollars for usage in usages if usage.dollars is not None]
    return ArmResult(
        arm=info,
        slices=tuple(_slices(draws, gold, seed, resamples)),
        curve=tuple(CurvePoint(*point) for point in confidence.risk_coverage(first)),
        reliability=tuple(ReliabilityBin(**asdict(one)) for one in confidence.reliability(first)),
        standings=dict(Counter(standings)),
        seconds_median=median(answer.verdict.seconds for draw in draws for answer in draw),
        input_tokens=sum(usage.input_tokens or 0 for usage in usages),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
        dollars=sum(dollars) if dollars else None,
        photos=tuple(
            PhotoResult(
                photo=answer.photo.id,
                verdict=answer.verdict,
                standing=standings[at],
                right_draws=sum(draw[at].right for draw in draws),
            )
            for at, answer in enumerate(first)
        ),
        probes=_probe_results(probed),
    )


def _slices(draws: Draws, gold: InspectionGold, seed: int, resamples: int) -> Iterator[Slice]:
    def slice_of(
        kind: str, name: str, statistics: dict[str, Statistic], keep: Callable[[GoldPhoto], bool]
    ) -> Slice:
        kept = [[answer for answer in draw if keep(answer.photo)] for draw in draws]
        found = measured_statistics(statistics, kept, seed, resamples)
        shares = {
            name: measured_share([marks(draw) for draw in kept]) for name, marks in of.items()
        }
        return Slice(
            kind=kind,  # type: ignore[arg-type]
            name=name,
            defects=len(on(kept[0], "defect")),
            normals=len(on(kept[0], "normal")),
            uncertain=len(on(kept[0], "uncertain")),
            measures=_in_order(shares | found),
        )

    of = _shares(gold.synonyms)
    photos = [answer.photo for answer in draws[0]]
    yield slice_of("all", "all", _STATISTICS, lambda photo: True)
    for product in dict.fromkeys(photo.product for photo in photos):
        yield slice_of("product", product, _OF_PRODUCT, lambda photo, p=product: photo.product == p)  # type: ignore[misc]
    for name in sorted(
        {name for photo in photos if photo.defective for name in photo.defect_types}
    ):
        yield slice_of("defect type", name, {}, lambda photo, n=name: n in photo.defect_types)  # type: ignore[misc]
    if any(photo.tiny for photo in photos):
        yield slice_of("difficulty", "tiny", {}, lambda photo: photo.tiny)
    if any(photo.hard for photo in photos):
        yield slice_of("difficulty", "hard", _BALANCED, lambda photo: photo.hard)


def _shares(synonyms: Synonyms) -> dict[str, Marks]:
    """For each share: which photos or findings it counts, and which of them are marked."""

    def reasons(answers: Sequence[Answer], wanted: str) -> list[bool]:
        found = [grounding.reason_of(answer, synonyms) for answer in answers]
        return [reason == wanted for reason in found if reason is not None]

    def uncertain(answers: Sequence[Answer], verdict: str) -> list[bool]:
        return [a.verdict.decision == "uncertain" and not a.failed for a in on(answers, verdict)]

    return {
        "miss_person": lambda a: [measures.is_miss(one, "person") for one in on(a, "defect")],
        "miss_error": lambda a: [measures.is_miss(one, "error") for one in on(a, "defect")],
        "alarm_person": lambda a: [
            measures.is_false_alarm(one, "person") for one in on(a, "normal")
        ],
        "alarm_error": lambda a: [measures.is_false_alarm(one, "error") for one in on(a, "normal")],
        "uncertain_defect": lambda a: uncertain(a, "defect"),
        "uncertain_normal": lambda a: uncertain(a, "normal"),
        "uncertain_right": lambda a: uncertain(a, "uncertain"),
        "failure": lambda a: [one.failed for one in a],
        "box_hit": grounding.box_hits,
        "box_precision": grounding.box_precision,
        "box_recall": grounding.box_recall,
        "wrong_reason": lambda a: reasons(a, "wrong reason"),
        "no_reason": lambda a: reasons(a, "no reason"),
        "hallucinated_normal": lambda a: [
            any(grounding.hallucinated([one], "normal", synonyms)) for one in on(a, "normal")
        ],
        "hallucinated_defect": lambda a: grounding.hallucinated(a, "defect", synonyms),
        "misnamed_defect": lambda a: grounding.misnamed(a, "defect", synonyms),
        "nothing_defect": lambda a: grounding.matches_nothing(a, "defect", synonyms),
    }


def _in_order(found: Measures) -> Measures:
    return {name: found[name] for name in LABELS if name in found}


def _probe_results(probed: Sequence[Probed]) -> tuple[ProbeResult, ...]:
    groups = [(kind, [one for one in probed if one.probe.kind == kind]) for kind in KINDS]
    return tuple(
        ProbeResult(
            kind=kind,
            questions=len(group),
            correct=_share([one.correct for one in group]),
            yes=_share([one.reply == "yes" for one in group]),
            expected_yes=expected_yes_ratio(group) or 0.0,
            unclear=sum(one.reply == "unclear" for one in group),
        )
        for kind, group in [*groups, ("all", list(probed))]
        if group
    )


def _share(marks: Sequence[bool]) -> Figure:
    low, high = wilson_interval(sum(marks), len(marks))
    return Figure(sum(marks) / len(marks), low, high, len(marks))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
