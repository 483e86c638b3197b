"""What any inspector must beat: constant answers, backgrounds, pixels, one plain comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.border import BorderOnly
from sightline.evaluation.inspection.identity import code_of
from sightline.evaluation.inspection.template import TemplateDifference
from sightline.inspection.verdict import Decision, Task, Verdict

if TYPE_CHECKING:
    from sightline.encoders.dual import DualEncoder

_HERE = "evaluation/inspection/"
_COIN = 0.5
_FALLBACK_SCALE = 100.0
"""Of cosines into logits where a model isn't calibrated: CLIP's own (Radford et al. 2021)."""


class Always:
    """Gives one answer to every photo, and claims to know no more than a coin."""

    def __init__(self, decision: Decision) -> None:
        """Always this decision."""
        self._decision = decision

    @property
    def name(self) -> str:
        """`always-normal` or `always-defect`."""
        return f"always-{self._decision}"

    def inspect(self, task: Task) -> Verdict:
        """The same verdict, whatever the task."""
        return Verdict(decision=self._decision, confidence=_COIN, score=0.0, inspector=self.name)


class PlainZeroShot:
    """Two sentences and one encoder: is the photo nearer to a flawless or to a damaged piece?

    The plainest zero-shot anomaly detection there is ("CLIP-AC" of Jeong et al. 2023,
    arXiv:2303.14814, section 3): no ensemble of prompts, no windows, no threshold to choose.
    """

    name = "zero-shot"

    def __init__(self, encoder: DualEncoder) -> None:
        """With this encoder."""
        self._encoder = encoder

    def inspect(self, task: Task) -> Verdict:
        """Compare the photo with both sentences.

        Raises:
            PhotoError: the photo can't be used.
            ModelError: the model can't be used.
        """
        product = task.product or "product"
        (photo,) = self._encoder.embed_images([task.image])
        flawless, damaged = self._encoder.embed_texts(
            [f"a photo of a flawless {product}", f"a photo of a damaged {product}"]
        )
        difference = float(damaged @ photo - flawless @ photo)
        chance = 1 / (1 + math.exp(-self._scale * difference))
        return Verdict(
            decision="defect" if difference > 0 else "normal",
            confidence=max(chance, 1 - chance),
            score=difference,
            inspector=self.name,
            model=self._encoder.id,
        )

    @property
    def _scale(self) -> float:
        """What turns a difference of cosines into a logit."""
        calibration = self._encoder.spec.calibration
        return _FALLBACK_SCALE if calibration is None else calibration.scale


def baseline_contestants(encoder: DualEncoder) -> tuple[Contestant, ...]:
    """Those that stand in every table."""
    return (
        Contestant.of(Always("normal")),
        Contestant.of(Always("defect")),
        Contestant.of(BorderOnly(), code_of(_HERE + "border.py")),
        Contestant.of(TemplateDifference(), code_of(_HERE + "template.py")),
        Contestant.of(PlainZeroShot(encoder), f"{encoder.id} {code_of(_HERE + 'baselines.py')}"),
    )


def baseline_arms(references: int = 12, draws: int = 1) -> tuple[Arm, ...]:
    """One arm each, with the same references as those that they are compared with."""
    return (
        Arm(name="always-normal", inspector="always-normal", references=0),
        Arm(name="always-defect", inspector="always-defect", references=0),
        Arm(name="border-only", inspector="border-only", references=references, draws=draws),
        Arm(
            name="template-difference",
            inspector="template-difference",
            references=references,
            draws=draws,
        ),
        Arm(name="zero-shot", inspector="zero-shot", references=0),
    )
