"""What tables call each measure, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Label:
    """A measure's name for people."""

    name: str
    better: Literal["lower", "higher", "neither"]
    means: str


LABELS = {
    "miss_person": Label("miss rate", "lower", "defects called normal; uncertain goes to a person"),
    "miss_error": Label("miss rate, strict", "lower", "defects called normal or uncertain"),
    "alarm_person": Label("false alarms", "lower", "normal pieces called defective"),
    "alarm_error": Label("false alarms, strict", "lower", "normal pieces not called normal"),
    "balanced_person": Label("balanced accuracy", "higher", "of the decided photos; .5 is a coin"),
    "balanced_error": Label("balanced accuracy, strict", "higher", "of all; uncertain is an error"),
    "uncertain_defect": Label("uncertain on defects", "neither", "defects sent to a person"),
    "uncertain_normal": Label("uncertain on normals", "neither", "normal pieces sent to a person"),
    "uncertain_right": Label("uncertain where right", "higher", "photos that nobody can judge"),
    "failure": Label("failures", "lower", "no usable answer; counted as an error everywhere"),
    "image_auroc": Label("image AUROC", "higher", "scores, mean of the products"),
    "image_auroc_confidence": Label(
        "AUROC of confidence", "higher", "chance of a defect, likewise"
    ),
    "aurc": Label("AURC", "lower", "mean risk over all coverages"),
    "ece": Label("ECE", "lower", "confidence against accuracy, ten bins"),
    "brier": Label("Brier", "lower", "squared error of the confidence"),
    "confidence_auroc": Label("right above wrong", "higher", "confidence, right against wrong"),
    "box_hit": Label("box hit", "higher", "best box on a found defect: centre in a gold box"),
    "box_precision": Label("boxes that hit", "higher", "of all boxes on defective pieces"),
    "box_recall": Label("defects boxed", "higher", "gold boxes that some box hits"),
    "iou": Label("IoU", "higher", "of each gold box with the best box"),
    "wrong_reason": Label("wrong reason", "lower", "found defects of which no finding is grounded"),
    "no_reason": Label("no reason", "lower", "found defects without any finding"),
    "hallucinated_normal": Label("photos with invented findings", "lower", "of the normal ones"),
    "hallucinated_defect": Label("invented findings", "lower", "of findings on defective pieces"),
    "misnamed_defect": Label("misnamed", "lower", "findings whose type the piece doesn't have"),
    "nothing_defect": Label("neither place nor name", "lower", "findings on defective pieces"),
}
