"""Every arm on every photo → a run folder.

::

    DIR/
      verdicts.jsonl  every answer as it came, with the hash of what decided it
      probes.jsonl    answers to the yes/no questions
      made/           crops and disturbed twins that were shown instead of whole photos
      results.json    every figure (`results.py`)
      report.html     for people; opens offline
      report.md       the same without pictures

Answers are written down one by one and found again by their hash: a killed run goes on where it
was, and a run of changed arms asks only what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import msgspec

from sightline.errors import GoldError, UsageError
from sightline.evaluation.about import code_fingerprint, machine, versions
from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.asking import Asked
from sightline.evaluation.inspection.baselines import baseline_arms, baseline_contestants
from sightline.evaluation.inspection.comparing import compare_arms
from sightline.evaluation.inspection.crops import Sizes
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold, Split
from sightline.evaluation.inspection.journal import Entry, Journal, writable
from sightline.evaluation.inspection.photos import require_photos
from sightline.evaluation.inspection.probes import Probed, Prober, probes_for
from sightline.evaluation.inspection.reference_draws import drawn_references
from sightline.evaluation.inspection.results import (
    InspectionResults,
    InspectionRun,
    NotRun,
    write_inspection_results,
)
from sightline.evaluation.inspection.summary import summarise
from sightline.inspection.verdict import Inspector, Verdict
from sightline.version import __version__

OnProgress = Callable[[str, int, int], None]
"""Called with an arm's name, photos done and photos in all."""


@dataclass(frozen=True)
class RunOptions:
    """What is inspected, and how figures are made.

    Attributes:
        split: which side of the gold file.
        more: also photos with a verdict alone.
        baselines: the four that stand in every table.
        seed: of the bootstrap and of the questions.
        resamples: draws of the bootstrap.
        not_run: arms that can't be run here, and why.
        title: what the report is called.
    """

    split: Split = "report"
    more: bool = False
    baselines: bool = True
    seed: int = 0
    resamples: int = 1000
    not_run: tuple[NotRun, ...] = ()
    title: str = "Inspection"


@dataclass(frozen=True)
class _Bench:
    """All that an arm is tried with."""

    gold: InspectionGold
    folder: Path
    photos: tuple[GoldPhoto, ...]
    sizes: Sizes
    made: Path
    verdicts: Journal
    probes: Journal
    on_progress: OnProgress


def evaluate_inspection(
    gold: InspectionGold,
    images: Path,
    contestants: Sequence[Contestant],
    arms: Sequence[Arm],
    out: Path,
    options: RunOptions | None = None,
    on_progress: OnProgress = lambda arm, done, total: None,
) -> InspectionResults:
    """Try every arm on every photo, and write everything but the reports into the folder `out`.

    Args:
        images: folder that the gold file's names start from.
        contestants: the inspectors that arms name.

    Raises:
        GoldError: a photo is missing or another one than was labelled, or a product has no two
            normal pieces for the baselines to compare; nothing was asked.
        UsageError: an arm names an unknown contestant, or two have one name; nothing was asked.
        InspectionError: an inspector can't work as asked; what was answered before is kept.
        EvaluationError: `out` can't be written.
    """
    options = options or RunOptions()
    contestants, arms = list(contestants), list(arms)
    baselines = _add_baselines(contestants, arms) if options.baselines else frozenset[str]()
    of_name = _by_name(contestants, arms)
    photos = gold.select(options.split, options.more)
    if not photos:
        raise UsageError(f"The gold file has no photos on the side {options.split!r}.")
    if options.baselines:
        _require_references(gold, photos)
    sizes = require_photos(gold.everything, images)
    bench = _Bench(
        gold,
        images,
        photos,
        sizes,
        out / "made",
        Journal(out / "verdicts.jsonl"),
        Journal(out / "probes.jsonl"),
        on_progress,
    )
    answers = {arm.name: _tried(arm, of_name[arm.inspector], bench) for arm in arms}
    probed = {
        name: _probed(contestant, contestant.prober, bench, options.seed)
        for name, contestant in of_name.items()
        if contestant.prober is not None
    }
    results = InspectionResults(
        title=options.title,
        run=_info(gold, photos, options),
        arms=tuple(
            summarise(
                arm,
                of_name[arm.inspector].identity,
                answers[arm.name],
                gold,
                baseline=arm.name in baselines,
                probed=probed.get(arm.inspector, ()),
                seed=options.seed,
                resamples=options.resamples,
            )
            for arm in arms
        ),
        not_run=options.not_run,
        comparisons=compare_arms({name: draws[0] for name, draws in answers.items()}),
        gold=photos,
    )
    write_inspection_results(results, out)
    return results


def _require_references(gold: InspectionGold, photos: Sequence[GoldPhoto]) -> None:
    lacking = {one.product for one in photos if not drawn_references(gold, one, 1, 0)}
    if lacking:
        raise GoldError(
            f"The labels name fewer than two normal pieces of {', '.join(sorted(lacking))}, so "
            "that no photo of it can be compared with a faultless one. Label further ones; where "
            'the verdict is all that is known, under "more".'
        )


def _add_baselines(contestants: list[Contestant], arms: list[Arm]) -> frozenset[str]:
    """Append the baselines that are not among the arms already; return all of their names."""
    from sightline.encoders import load_encoder

    drawing = [arm for arm in arms if arm.references > 0]
    references = max((arm.references for arm in drawing), default=12)
    found = baseline_arms(references, draws=max((arm.draws for arm in drawing), default=1))
    taken = {arm.name for arm in arms}
    known = {contestant.name for contestant in contestants}
    contestants += [c for c in baseline_contestants(load_encoder()) if c.name not in known]
    arms += [arm for arm in found if arm.name not in taken]
    return frozenset(arm.name for arm in found)


def _by_name(contestants: Iterable[Contestant], arms: Sequence[Arm]) -> dict[str, Contestant]:
    of_name: dict[str, Contestant] = {}
    for contestant in contestants:
        if contestant.name in of_name:
            raise UsageError(f"Two contestants are called {contestant.name}.")
        of_name[contestant.name] = contestant
    names = [arm.name for arm in arms]
    if len(set(names)) < len(names):
        raise UsageError("Two arms have the same name.")
    for arm in arms:
        if arm.inspector not in of_name:
            known = ", ".join(of_name) or "none"
            raise UsageError(
                f"The arm {arm.name} needs the inspector {arm.inspector!r}; there is {known}."
            )
    return of_name


def _tried(arm: Arm, contestant: Contestant, bench: _Bench) -> tuple[tuple[Answer, ...], ...]:
    """The answers of each draw of an arm, in the order of the photos."""
    inspector = contestant.opened(arm.samples)
    total = arm.draws * len(bench.photos)
    draws: list[tuple[Answer, ...]] = []
    for draw in range(arm.draws):
        answers = []
        for photo in bench.photos:
            verdict = _verdict(arm, contestant, inspector, photo, draw, bench)
            answers.append(Answer(photo, verdict))
            bench.on_progress(arm.name, draw * len(bench.photos) + len(answers), total)
        draws.append(tuple(answers))
    return tuple(draws)


def _verdict(
    arm: Arm,
    contestant: Contestant,
    inspector: Inspector,
    photo: GoldPhoto,
    draw: int,
    bench: _Bench,
) -> Verdict:
    asked = Asked.of(arm, photo, draw, bench.gold, bench.sizes)
    key = asked.key(contestant)
    kept = bench.verdicts.find(key)
    if kept is not None and kept.verdict is not None:
        return kept.verdict
    task = asked.task(bench.folder, bench.made)
    began = perf_counter()
    verdict = inspector.inspect(task)
    if not verdict.seconds:
        verdict = msgspec.structs.replace(verdict, seconds=perf_counter() - began)
    verdict = writable(verdict)
    if asked.cut is not None:
        verdict = asked.cut.in_photo(verdict)
    bench.verdicts.add(Entry(key=key, arm=arm.name, photo=photo.id, draw=draw, verdict=verdict))
    return verdict


def _probed(contestant: Contestant, prober: Prober, bench: _Bench, seed: int) -> tuple[Probed, ...]:
    found = []
    asked = probes_for(bench.gold, bench.photos, seed)
    for done, probe in enumerate(asked, start=1):
        photo = bench.gold.by_id[probe.photo]
        parts = [contestant.name, contestant.identity, photo.photo, probe.question]
        key = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
        kept = bench.probes.find(key)
        if kept is not None and kept.probed is not None:
            found.append(Probed(probe=probe, reply=kept.probed.reply))
            continue
        reply = prober.probe(bench.folder / photo.file, probe.question, photo.product).answer
        found.append(Probed(probe=probe, reply=reply))
        bench.probes.add(Entry(key=key, arm=contestant.name, photo=photo.id, probed=found[-1]))
        bench.on_progress(f"{contestant.name}, questions", done, len(asked))
    return tuple(found)


def _info(gold: InspectionGold, photos: Sequence[GoldPhoto], options: RunOptions) -> InspectionRun:
    return InspectionRun(
        gold_name=gold.name,
        gold_hash=gold.hash,
        split=options.split,
        more=options.more,
        photos=len(photos),
        seed=options.seed,
        version=__version__,
        code=code_fingerprint(),
        machine=machine(),
        python=versions(),
    )
