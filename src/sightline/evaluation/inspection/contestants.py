"""The inspectors that experiments name, made ready; or the reason why one can't be tried here.

`reference` and `words` run offline. `vlm` asks the model `SIGHTLINE_VLM_MODEL` at
`SIGHTLINE_VLM_ENDPOINT`, and keeps its answers in the run's folder of answers; without an endpoint
a folder of answers that somebody recorded is replayed. A name may end in `:normal`, which tells
the model how faultless pieces differ from each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import UsageError
from sightline.evaluation.inspection.arms import Contestant
from sightline.evaluation.inspection.identity import code_of
from sightline.inspection.inspectors import InspectorSettings, open_inspector
from sightline.inspection.verdict import Inspector

if TYPE_CHECKING:
    from sightline.inspection.vlm.settings import VlmSettings

ENDPOINT = "SIGHTLINE_VLM_ENDPOINT"
MODEL = "SIGHTLINE_VLM_MODEL"
_OFFLINE = ("reference", "words")
_VARIATION = (
    "Pieces of one product differ by nature: texture, small marks of making, where things lie on "
    "the surface, light and position. None of that is a defect."
)


@dataclass(frozen=True)
class Opening:
    """How inspectors are made ready.

    Attributes:
        encoder: of the offline inspectors; None is the bundled one.
        answers: folder in which a vision-language model's answers are kept.
        recorded: folder of somebody's recorded answers, replayed where there is no endpoint.
        environment: where the endpoint and the model are named.
        opened: closes what was opened.
    """

    opened: ExitStack
    answers: Path
    recorded: Path | None = None
    encoder: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def contestant(self, name: str) -> Contestant | str:
        """The contestant of this name, or why it can't be tried here.

        Raises:
            UsageError: there is no inspector of this name, or photos would leave this machine and
                nobody has agreed to that.
            ModelError: the encoder can't be used.
        """
        base, _, wording = name.partition(":")
        if base in _OFFLINE and not wording:
            from sightline.encoders import load_encoder

            settings = InspectorSettings(encoder=self.encoder)
            inspector = self.opened.enter_context(open_inspector([base], settings))
            identity = f"{load_encoder(self.encoder).id} {code_of('inspection', 'encoders')}"
            return Contestant(name, lambda samples: inspector, identity)
        if base == "vlm" and wording in ("", "normal"):
            return self._vlm(name, _VARIATION if wording else "")
        raise UsageError(f"There is no inspector {name!r}; there are reference, words, vlm.")

    def _vlm(self, name: str, variation: str) -> Contestant | str:
        settings = self._vlm_settings(variation)
        if isinstance(settings, str):
            return settings
        from sightline.inspection.vlm import open_vlm

        identity = f"{settings.model} {variation} {code_of('inspection')}"

        def opened(samples: int) -> Inspector:
            sampled = InspectorSettings(vlm=settings, samples=samples)
            return self.opened.enter_context(open_inspector(["vlm"], sampled))

        return Contestant(name, opened, identity, self.opened.enter_context(open_vlm(settings)))

    def _vlm_settings(self, variation: str) -> VlmSettings | str:
        from sightline.inspection.vlm.settings import VlmSettings

        endpoint = self.environment.get(ENDPOINT, "").strip()
        model = self.environment.get(MODEL, "").strip()
        if not model:
            return f"no model: set {MODEL}" if endpoint else f"no endpoint: set {ENDPOINT}"
        if endpoint:
            settings = VlmSettings(
                model=model, endpoint=endpoint, variation=variation, answers=self.answers
            )
            _require_agreement(settings)
            return settings
        if self.recorded is not None and self.recorded.is_dir():
            return VlmSettings(model=model, variation=variation, answers=self.recorded, replay=True)
        return f"no endpoint: set {ENDPOINT}"


def _require_agreement(settings: VlmSettings) -> None:
    """Evaluating sends every photo; it asks for no less than inspecting one does."""
    from sightline.inspection.vlm.remote import Acknowledged

    said = Acknowledged().first_use(settings.endpoint, settings.model)
    if said is not None:
        raise UsageError(
            f"{said} If that is all right, say so once: sightline inspect PHOTO --vlm "
            f"{settings.model} --endpoint {settings.endpoint} --send-photos"
        )
