"""What the reference inspector gets right, wrong and leaves open, on real photos.

Each photo of `inspection_labels.json` is inspected beside references that it isn't among, nor any
photo of the same piece: 12 drawn at random for cookies and toys, 8 for bottles, the clean twin for
boards (and for the twin a copy of itself that was shifted, dimmed, given noise and encoded anew).
Means over the draws, with 95 % bootstrap intervals over pieces; then how far single draws lie
apart. "choose" is the half of the photos that constants were fitted on; figures to quote are those
of "report".

    python benchmarks/inspection_reference.py --draws 5
    python benchmarks/inspection_reference.py --draws 2 --references 1 --json one.json
    python benchmarks/inspection_reference.py --twins --spoilt

`--twins` disturbs the twins more ways. `--spoilt` puts a defective piece among the references.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from PIL import Image, ImageEnhance

from sightline.evaluation.inspection.answers import Answer, on
from sightline.evaluation.inspection.confidence import brier_score, expected_calibration_error
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold, read_inspection_gold
from sightline.evaluation.inspection.grounding import box_hits, box_precision, box_recall
from sightline.evaluation.inspection.measures import (
    balanced_accuracy,
    false_alarm_rate,
    miss_rate,
    uncertain_rate,
)
from sightline.evaluation.inspection.reference_draws import drawn_references, reference_path
from sightline.evaluation.inspection.resampling import measured_statistics
from sightline.evaluation.inspection.scores import image_auroc
from sightline.inspection.pixels import open_photo
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.verdict import Task

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "inspection"
RESAMPLES = 2_000
Statistic = Callable[[Sequence[Answer]], float | None]


def _share(marks: Sequence[bool]) -> float | None:
    return sum(marks) / len(marks) if marks else None


def _mean_of(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


STATISTICS: dict[str, Statistic] = {
    "image AUROC": image_auroc,
    "balanced accuracy, uncertain = error": lambda a: balanced_accuracy(a, "error"),
    "balanced accuracy, uncertain = person": lambda a: balanced_accuracy(a, "person"),
    "balanced accuracy, doubt off": lambda a: balanced_accuracy(_forced(a), "error"),
    "misses (normal on a defect)": lambda a: miss_rate(a, "person"),
    "false alarms (defect on a normal)": lambda a: false_alarm_rate(a, "person"),
    "uncertain on defects": lambda a: uncertain_rate(a, "defect"),
    "uncertain on normals": lambda a: uncertain_rate(a, "normal"),
    "box hit, best box of true positives": lambda a: _share(box_hits(_boxed(a))),
    "boxes that hit": lambda a: _share(box_precision(_boxed(a))),
    "gold boxes that are hit": lambda a: _share(box_recall(_boxed(a))),
    "normals with a box": lambda a: _share([bool(x.verdict.findings) for x in on(a, "normal")]),
    "Brier": brier_score,
    "ECE": expected_calibration_error,
    "seconds": lambda a: _mean_of([x.verdict.seconds for x in a]),
}


def main() -> None:
    """Inspect, and print a table for each product and half."""
    options = _options()
    gold = read_inspection_gold(ROOT / "inspection_labels.json")
    inspector = ReferenceInspector()
    found: dict[str, object] = {}
    with TemporaryDirectory() as made:
        draws: list[list[Answer]] = []
        for seed in range(options.draws):
            first = draws[0] if draws else []
            draws.append(_inspected(gold, inspector, seed, options.references, Path(made), first))
            print(f"draw {seed + 1} of {options.draws} done", file=sys.stderr, flush=True)
        for split in ("choose", "report"):
            for product in ("all", *dict.fromkeys(p.product for p in gold.everything)):
                of_group = [
                    [
                        a
                        for a in draw
                        if a.photo.split == split and product in ("all", a.photo.product)
                    ]
                    for draw in draws
                ]
                if of_group[0]:
                    found[f"{split}: {product}"] = _table(f"{split}: {product}", of_group)
        if options.twins:
            found["twins"] = _disturbed_twins(gold, inspector, Path(made))
        if options.spoilt:
            found["spoilt"] = _spoilt(gold, inspector)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _inspected(
    gold: InspectionGold,
    inspector: ReferenceInspector,
    seed: int,
    count: int,
    made: Path,
    first: Sequence[Answer],
) -> list[Answer]:
    """Every photo against a draw of references; a twin stays the same from draw to draw."""
    answers = [answer for answer in first if answer.photo.twin]
    for photo in gold.everything:
        if photo.twin and first:
            continue
        references = drawn_references(gold, photo, count, seed)
        paths = tuple(reference_path(photo, one, DATA, made) for one in references)
        task = Task(image=DATA / photo.file, references=paths)
        if seed == 0:
            inspector.inspect(task)  # what is done once for references isn't timed
        before = time.process_time()
        verdict = inspector.inspect(task)
        seconds = time.process_time() - before
        answers.append(Answer(photo, msgspec.structs.replace(verdict, seconds=seconds)))
    # Draws are resampled together: the same photo at the same place in each.
    return sorted(answers, key=lambda answer: answer.photo.id)


def _belongs(answer: Answer, split: str, product: str) -> bool:
    return answer.photo.split == split and product in ("all", answer.photo.product)


def _table(title: str, draws: Sequence[Sequence[Answer]]) -> dict[str, object]:
    """Print and give every statistic with its interval and each draw's value."""
    counts = {verdict: len(on(draws[0], verdict)) for verdict in ("normal", "defect")}
    print(f"\n{title} ({counts['normal']} normal, {counts['defect']} defective)")
    shown: dict[str, object] = dict(counts)
    intervals = {name: of for name, of in STATISTICS.items() if name != "seconds"}
    for name, measured in measured_statistics(intervals, draws, 0, RESAMPLES).items():
        if measured.figure is None:
            continue
        values = [value for value in measured.draws if value is not None]
        print(f"  {name:40} {measured.figure}   draws {min(values):.3f} to {max(values):.3f}")
        shown[name] = {
            "value": measured.figure.value,
            "low": measured.figure.low,
            "high": measured.figure.high,
            "draws": list(measured.draws),
        }
    seconds = [answer.verdict.seconds for answer in draws[0]]
    print(f"  {'CPU seconds, median and most':40} {np.median(seconds):.2f}, {max(seconds):.2f}")
    shown["seconds"] = {"median": float(np.median(seconds)), "most": max(seconds)}
    return shown


def _forced(answers: Sequence[Answer]) -> list[Answer]:
    """What would have been said with doubt off: the likelier of defect and normal."""
    return [
        Answer(
            one.photo,
            msgspec.structs.replace(
                one.verdict, decision="defect" if (one.verdict.score or 0) >= 0 else "normal"
            ),
        )
        for one in answers
    ]


def _boxed(answers: Sequence[Answer]) -> list[Answer]:
    """Those whose defects have boxes: `more` has none."""
    return [one for one in answers if one.photo.boxes]


DISTURBED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the very file": lambda image: image,
    "JPEG 75": lambda image: _encoded(image, 75),
    "shifted 3, 5 px": lambda image: _shifted(image, 3, 5),
    "turned by 1°": lambda image: image.rotate(1, Image.Resampling.BICUBIC),
    "8 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.08),
    "lit from the left": lambda image: _lit(image),
    "noise of 4 levels": lambda image: _noisy(image, 4),
    "a tenth smaller": lambda image: image.resize(
        (round(0.9 * image.width), round(0.9 * image.height)), Image.Resampling.BICUBIC
    ),
}


def _disturbed_twins(
    gold: InspectionGold, inspector: ReferenceInspector, made: Path
) -> dict[str, object]:
    """Clean boards, disturbed, against themselves: no box may come of it."""
    twins = [one for one in gold.everything if one.twin == one.id]
    print(f"\nTwins disturbed ({len(twins)} boards): boxes, verdicts that aren't normal")
    shown: dict[str, object] = {}
    for name, disturb in DISTURBED.items():
        boxes, not_normal = 0, 0
        for photo in twins:
            path = made / "disturbed.png"
            disturb(open_photo(DATA / photo.file).image).save(path)
            verdict = inspector.inspect(Task(image=path, references=(DATA / photo.file,)))
            boxes += len(verdict.findings)
            not_normal += verdict.decision != "normal"
        print(f"  {name:40} {boxes}, {not_normal}")
        shown[name] = {"boxes": boxes, "not normal": not_normal}
    return shown


def _encoded(image: Image.Image, quality: int) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def _shifted(image: Image.Image, right: int, down: int) -> Image.Image:
    pixels = np.pad(np.asarray(image), ((down, 0), (right, 0), (0, 0)), mode="edge")
    return Image.fromarray(pixels[: image.height, : image.width])


def _lit(image: Image.Image) -> Image.Image:
    slope = np.linspace(1.06, 0.92, image.width)[None, :, None]
    return Image.fromarray(np.clip(np.asarray(image) * slope, 0, 255).astype(np.uint8))


def _noisy(image: Image.Image, levels: float) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, levels, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _spoilt(gold: InspectionGold, inspector: ReferenceInspector) -> dict[str, object]:
    """Photos of the report half beside eleven faultless pieces and a defective one."""
    shown: dict[str, object] = {}
    print("\nOne defective piece among twelve references")
    for product in ("chocolate-chip cookie", "green plastic toy figure"):
        photos = [p for p in gold.select("report", more=True) if p.product == product]
        defective = [p for p in gold.select("choose", more=True) if _is(p, product, "defect")]
        answers, dropped = [], 0
        for at, photo in enumerate(photos):
            clean = drawn_references(gold, photo, 11, 0)
            bad = defective[at % len(defective)]
            paths = tuple(DATA / one.file for one in (*clean, bad))
            verdict = inspector.inspect(Task(image=DATA / photo.file, references=paths))
            answers.append(Answer(photo, verdict))
            dropped += Path(bad.file).name in verdict.would_help
        shown[product] = {
            "image AUROC": image_auroc(answers),
            "balanced accuracy, uncertain = error": balanced_accuracy(answers, "error"),
            "defective reference found and left out": dropped / len(photos),
        }
        print(f"  {product}: {shown[product]}")
    return shown


def _is(photo: GoldPhoto, product: str, verdict: str) -> bool:
    return photo.product == product and photo.verdict == verdict


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--draws", type=int, default=5, help="draws of references")
    parser.add_argument("--references", type=int, default=12, help="references a photo")
    parser.add_argument("--twins", action="store_true", help="disturb clean boards")
    parser.add_argument("--spoilt", action="store_true", help="a defective reference")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
