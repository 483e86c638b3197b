"""What an evaluation of inspection found: plain values, written as `results.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from sightline.errors import EvaluationError
from sightline.evaluation.gold import write_whole
from sightline.evaluation.inspection.gold import GoldPhoto, Split
from sightline.evaluation.inspection.grounding import Standing
from sightline.evaluation.intervals import Figure
from sightline.inspection.verdict import Verdict

RESULTS_FILE = "results.json"


class ArmInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How an arm inspected (`arms.Arm`), and as whom."""

    name: str
    inspector: str
    identity: str
    zoom: str
    doubt: bool
    look_for: bool
    references: int
    draws: int
    seed: int
    crop: str
    samples: int
    baseline: bool


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measure of one arm.

    `figure` is the mean over the reference draws with an interval over photos, None where the
    measure is undefined; `draws` holds the value of each draw.
    """

    figure: Figure | None
    draws: tuple[float | None, ...]


Measures = dict[str, Measured]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A named subset of the photos: a product, a defect type, tiny or hard ones."""

    kind: Literal["all", "product", "defect type", "difficulty"]
    name: str
    defects: int
    normals: int
    uncertain: int
    measures: Measures


class CurvePoint(msgspec.Struct, frozen=True):
    """Risk at a coverage, both 0 to 1."""

    coverage: float
    risk: float


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Decided answers of like confidence."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


class PhotoResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm said of one photo in its first draw, and how that turned out."""

    photo: str
    verdict: Verdict
    standing: Standing
    right_draws: int


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Yes/no questions: share answered rightly and yes-ratio, of one kind or of all."""

    kind: str
    questions: int
    correct: Figure
    yes: Figure
    expected_yes: float
    unclear: int


class ArmResult(msgspec.Struct, frozen=True, kw_only=True):
    """One arm on all photos. `slices[0]` is all of them."""

    arm: ArmInfo
    slices: tuple[Slice, ...]
    curve: tuple[CurvePoint, ...]
    reliability: tuple[ReliabilityBin, ...]
    standings: dict[str, int]
    seconds_median: float
    input_tokens: int
    output_tokens: int
    dollars: float | None
    photos: tuple[PhotoResult, ...]
    probes: tuple[ProbeResult, ...] = ()

    @property
    def measures(self) -> Measures:
        """The figures over all photos."""
        return self.slices[0].measures


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """An arm that stands in the report without figures, and why."""

    arm: str
    reason: str


class ArmComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Arm `a` against `b` on the same photos: McNemar's exact test, corrected by Holm."""

    a: str
    b: str
    photos: int
    only_a: int
    only_b: int
    p: float
    p_corrected: float
    sentence: str


class InspectionRun(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a run reproducible."""

    gold_name: str
    gold_hash: str
    split: Split
    more: bool
    photos: int
    seed: int
    version: str
    code: str
    machine: str
    python: str


class InspectionResults(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    format: Literal["sightline-inspection-results/1"] = "sightline-inspection-results/1"
    title: str = "Inspection"
    run: InspectionRun
    arms: tuple[ArmResult, ...]
    not_run: tuple[NotRun, ...] = ()
    comparisons: tuple[ArmComparison, ...] = ()
    gold: tuple[GoldPhoto, ...]

    def arm(self, name: str) -> ArmResult:
        """The result of one arm.

        Raises:
            KeyError: it isn't in this run.
        """
        for result in self.arms:
            if result.arm.name == name:
                return result
        raise KeyError(name)


def write_inspection_results(results: InspectionResults, folder: Path) -> None:
    """Write `results.json` into a run folder.

    Raises:
        EvaluationError: it can't be written.
    """
    data = msgspec.json.format(msgspec.json.encode(results), indent=1)
    write_whole(folder / RESULTS_FILE, data + b"\n")


def read_inspection_results(folder: Path) -> InspectionResults:
    """Read a run folder's results.

    Raises:
        EvaluationError: there are none that this version understands.
    """
    path = folder / RESULTS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=InspectionResults)
    except OSError as error:
        raise EvaluationError(
            f"{folder} is no run folder: can't read {RESULTS_FILE} ({error.strerror}). "
            "`sightline eval inspection_labels.json --images DIR --out DIR` makes one."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvaluationError(f"{path} is no run that this version understands: {error}.") from None
