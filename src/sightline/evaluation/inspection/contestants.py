"""The inspectors that experiments name, made ready; or the reason why one can't be tried here.

`reference` and `words` run offline. `vlm` asks a model where one is named with its endpoint, or
replays the answers that somebody kept. A name may end in `:normal`, which tells the model how
faultless pieces differ from each other.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sightline.errors import UsageError
from sightline.evaluation.inspection.arms import Contestant
from sightline.evaluation.inspection.identity import code_of
from sightline.inspection.inspectors import InspectorSettings, open_inspector
from sightline.inspection.verdict import Inspector

if TYPE_CHECKING:
    from sightline.inspection.vlm.settings import VlmSettings

VLM = "vlm"
_OFFLINE = ("reference", "words")
_VARIATION = (
    "Pieces of one product differ by nature: texture, small marks of making, where things lie on "
    "the surface, light and position. None of that is a defect."
)


@dataclass(frozen=True)
class Opening:
    """How inspectors are made ready.

    Attributes:
        opened: closes what was opened.
        vlm: how a vision-language model is asked; or why none can be.
        encoder: of the offline inspectors; None is the bundled one.
    """

    opened: ExitStack
    vlm: VlmSettings | str
    encoder: str | None = None

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
        if base == VLM and wording in ("", "normal"):
            return self._vlm(name, _VARIATION if wording else "")
        raise UsageError(f"There is no inspector {name!r}; there are reference, words, vlm.")

    def _vlm(self, name: str, variation: str) -> Contestant | str:
        if isinstance(self.vlm, str):
            return self.vlm
        from sightline.inspection.vlm import open_vlm
        from sightline.inspection.vlm.settings import usual_temperature

        settings = replace(self.vlm, variation=variation)
        _require_agreement(settings)

        def opened(samples: int) -> Inspector:
            asking = replace(settings, temperature=usual_temperature(samples))
            sampled = InspectorSettings(vlm=asking, samples=samples)
            return self.opened.enter_context(open_inspector([VLM], sampled))

        limits = f"{settings.max_tokens} {settings.max_pixels}"
        how = f"{settings.model_family.name} {limits} {variation}"
        identity = f"{settings.model} {how} {code_of('inspection')}"
        return Contestant(name, opened, identity, self.opened.enter_context(open_vlm(settings)))


def asks_vlm(inspector: str) -> bool:
    """Whether the contestant of this name asks a vision-language model."""
    return inspector.partition(":")[0] == VLM


def vlm_or_lacking(**given: Any) -> VlmSettings | str:
    """How to ask the model that is named, here or in the environment; or what is lacking for it.

    No endpoint is taken for granted: an experiment must not fail for a server that nobody named.

    Args:
        given: fields of `VlmSettings`.

    Raises:
        UsageError: what is named can mean nothing.
    """
    from sightline.inspection.vlm.settings import ENDPOINT, MODEL, VlmSettings, fields_named

    fields = fields_named(**given)
    lacking = []
    if "model" not in fields:
        lacking.append(f"no model: set {MODEL}, or name it with --vlm")
    if "endpoint" not in fields and not fields.get("replay"):
        lacking.append(f"no endpoint: set {ENDPOINT}, or name it with --endpoint")
    return "; ".join(lacking) or VlmSettings(**fields)


def _require_agreement(settings: VlmSettings) -> None:
    """Evaluating sends every photo; it asks for no less than inspecting one does."""
    from sightline.inspection.vlm.remote import Acknowledged

    said = Acknowledged().first_use(settings.endpoint, settings.model)
    if said is not None and not settings.replay:
        raise UsageError(f"{said} If that is all right, say so with --send-photos, once.")
