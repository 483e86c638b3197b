"""The words inspector on real photos of products: how far do words alone carry?

Every photo of the gold file, with the 155 photos of cookies and toys that have a verdict alone: the
inspector has no threshold that was chosen on any of them. Beside it stand always-normal and the
plainest zero-shot comparison. `--out` keeps the answers: a killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Image

from common import ROOT, parser, this_machine, workspace
from sightline.encoders import load_encoder
from sightline.encoders.dual import DualEncoder, Vectors
from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.baselines import baseline_arms, baseline_contestants
from sightline.evaluation.inspection.gold import read_inspection_gold
from sightline.evaluation.inspection.identity import code_of
from sightline.evaluation.inspection.results import ArmResult, Measured
from sightline.evaluation.inspection.run import RunOptions, evaluate_inspection
from sightline.inspection.words import WordsInspector

if TYPE_CHECKING:
    from sightline.encoders.dual import ImageLike

ARMS = (
    Arm(name="words", inspector="words", references=0),
    Arm(name="no doubt", inspector="words", doubt=False, references=0),
    Arm(name="defects named", inspector="words", doubt=False, look_for=True, references=0),
    Arm(
        name="defects named, tiles", inspector="words", doubt=False, look_for=True, zoom="tiles",
        references=0,
    ),
)  # fmt: skip
BESIDE = ("always-normal", "zero-shot")
_SHOWN = {
    "image AUROC": "image_auroc",
    "balanced accuracy": "balanced_error",
    "misses": "miss_error",
    "false alarms": "alarm_error",
    "box hit": "box_hit",
}


class RememberingEncoder(DualEncoder):
    """Embeds each crop once: most arms look at the same ones."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._known: dict[bytes, Vectors] = {}

    def embed_images(self, images: Sequence[ImageLike]) -> Vectors:
        """As every encoder does."""
        crops = {_key(image): image for image in images}
        unknown = [key for key in crops if key not in self._known]
        if unknown:
            found = super().embed_images([crops[key] for key in unknown])
            self._known.update(zip(unknown, found, strict=True))
        return np.stack([self._known[_key(image)] for image in images])


def _key(image: ImageLike) -> bytes:
    assert isinstance(image, (Path, Image))
    if isinstance(image, Path):
        return os.fsencode(image)
    return hashlib.sha256(str(image.size).encode() + image.tobytes()).digest()


def measure(given: argparse.Namespace, out: Path) -> list[ArmResult]:
    """Try every arm on every photo."""
    gold = read_inspection_gold(given.gold)
    encoder = RememberingEncoder(load_encoder(given.model).folder)
    words = WordsInspector(encoder)
    identity = f"{encoder.id} {code_of('inspection', 'encoders')}"
    arms = ARMS[:2] if given.quick else ARMS
    results = evaluate_inspection(
        gold,
        given.data,
        [
            Contestant.of(words, identity),
            *(one for one in baseline_contestants(encoder) if one.name in BESIDE),
        ],
        [*arms, *(arm for arm in baseline_arms() if arm.name in BESIDE)],
        out,
        RunOptions(split="all", more=not given.quick, baselines=False),
        lambda arm, done, total: print(f"\r{arm}: {done} of {total}  ", end="", file=sys.stderr),
    )
    print(file=sys.stderr)
    return list(results.arms)


def table(arms: list[ArmResult]) -> list[list[str]]:
    """A row for each arm and slice: all photos, then product by product."""
    rows = [["arm", "photos", "defects", "normals", "uncertain", *_SHOWN]]
    for arm in arms:
        doubts = {result.photo for result in arm.photos if result.verdict.decision == "uncertain"}
        for one in arm.slices:
            if one.kind in ("all", "product"):
                figures = [shown(one.measures.get(name)) for name in _SHOWN.values()]
                counts = [one.defects, one.normals]
                rows.append([arm.arm.name, one.name, *map(str, counts), "", *figures])
                if one.kind == "all":
                    rows[-1][4] = f"{len(doubts)} of {len(arm.photos)}"
    return rows


def shown(measured: Measured | None) -> str:
    """A figure with its 95 % interval."""
    if measured is None or measured.figure is None:
        return "–"
    figure = measured.figure
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def main() -> None:
    """Print the figures; write JSON where asked for."""
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, default=ROOT / "../shared/data/inspection")
    arguments.add_argument("--gold", type=Path, default=ROOT / "inspection_labels.json")
    arguments.add_argument("--model", help="default: the bundled one")
    arguments.add_argument("--out", type=Path, metavar="DIR", help="keep the answers here")
    given = arguments.parse_args()
    with workspace() as folder:
        arms = measure(given, given.out or folder)
    rows = table(arms)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    print(this_machine(), end="\n\n")
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    print(f"\n{arms[0].seconds_median:.2f} s a photo (median; the later arms embed nothing anew)")
    if given.json:
        content = {"machine": asdict(this_machine()), "rows": rows}
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
