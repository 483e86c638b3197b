"""Do references say what normal is? How far something foreign stands out among them, set by set.

Sets of 4 and of 8 photos: of one product taken in one way (the half of the inspection photos that
constants were chosen on), of one kind of supermarket photos (grocery/train), of one Caltech-101
kind, of two kinds half and half, of as many kinds as photos. Standard deviations of the sets' own
differences; and the share of the sets that the reference inspector would use. First, for
`--reference auto`: how many pairs of labelled photos, of one product and of two, are as like each
other as it asks.

    python benchmarks/inspection_reference_likeness.py
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from sightline.encoders import load_encoder
from sightline.evaluation.inspection.gold import read_inspection_gold
from sightline.inspection.reference_set import References
from sightline.inspection.references import LEAST_COSINE

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
SIZES = (4, 8)
SETS = 40
KINDS, PHOTOS = 20, 8
Kinds = list[list[Path]]


def main() -> None:
    """Draw sets, and print a row for each sort and size."""
    _pairs()
    rng = np.random.default_rng(0)
    sorts = {
        "one product, one way": _products(),
        "one supermarket kind": _drawn(_supermarket(), rng),
        "one Caltech-101 kind": _drawn(_caltech(), rng),
    }
    everything = [kind for kinds in sorts.values() for kind in kinds]
    known = References(load_encoder())
    for size in SIZES:
        print(f"\n{size} references: least, 5 %, median, 95 %, most; share that is used")
        for name, kinds in sorts.items():
            fit = [kind for kind in kinds if len(kind) >= size]
            _row(name, known, [_some(fit[at % len(fit)], size, rng) for at in range(SETS)])
        _row("two kinds", known, [_mixed(everything, 2, size, rng) for _ in range(SETS)])
        _row("as many kinds", known, [_mixed(everything, size, size, rng) for _ in range(SETS)])


def _pairs() -> None:
    photos = read_inspection_gold(ROOT / "inspection_labels.json").images
    vectors = load_encoder().embed_images([DATA / "inspection" / photo.file for photo in photos])
    products = np.array([photo.product for photo in photos])
    first, second = np.triu_indices(len(photos), 1)
    like = (vectors @ vectors.T)[first, second] >= LEAST_COSINE
    same = products[first] == products[second]
    print(f"cosine {LEAST_COSINE} and more: {like[same].mean():.3f} of the pairs of one product,")
    print(f"{like[~same].mean():.3f} of those of two: ", end="")
    pairs = zip(products[first], products[second], like & ~same, strict=True)
    print(*sorted({f"{a} / {b}" for a, b, alike in pairs if alike}), sep="; ")


def _row(name: str, known: References, sets: Kinds) -> None:
    found = [known.of(paths) for paths in sets]
    levels = np.quantile([one.foreign for one in found], [0, 0.05, 0.5, 0.95, 1])
    used = np.mean([one.telling for one in found])
    print(f"  {name:22}", *(f"{level:6.2f}" for level in levels), f"   {used:.2f}", flush=True)


def _some(kind: list[Path], count: int, rng: np.random.Generator) -> list[Path]:
    return [kind[at] for at in rng.permutation(len(kind))[:count]]


def _mixed(kinds: Kinds, of: int, size: int, rng: np.random.Generator) -> list[Path]:
    chosen = [kinds[at] for at in rng.permutation(len(kinds))[:of]]
    shares = [len(part) for part in np.array_split(np.arange(size), of)]
    return [p for kind, share in zip(chosen, shares, strict=True) for p in _some(kind, share, rng)]


def _products() -> Kinds:
    gold = read_inspection_gold(ROOT / "inspection_labels.json")
    found = defaultdict(list)
    for photo in gold.select("choose", more=True):
        if photo.verdict == "normal" and not photo.twin:
            found[photo.product].append(DATA / "inspection" / photo.file)
    return list(found.values())


def _supermarket() -> Kinds:
    found = defaultdict(list)
    for line in (DATA / "grocery" / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        found[row["label"]].append(DATA / "grocery" / row["file"])
    return list(found.values())


def _caltech() -> Kinds:
    return [sorted(folder.iterdir()) for folder in sorted((DATA / "caltech101").iterdir())]


def _drawn(kinds: Kinds, rng: np.random.Generator) -> Kinds:
    """Some of the kinds, and some photos of each."""
    enough = [kind for kind in kinds if len(kind) >= PHOTOS]
    return [_some(enough[at], PHOTOS, rng) for at in rng.permutation(len(enough))[:KINDS]]


if __name__ == "__main__":
    main()
