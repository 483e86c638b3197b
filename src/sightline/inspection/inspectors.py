"""Inspectors by name: what `--inspector` can say, and how each is made ready and put away again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sightline.errors import UsageError
from sightline.inspection.verdict import Inspector

if TYPE_CHECKING:
    from sightline.encoders.dual import DualEncoder
    from sightline.encoders.providers import ProviderChoice
    from sightline.inspection.vlm.settings import VlmSettings

INSPECTORS = ("reference", "words", "vlm")
DEFAULT_INSPECTOR = "reference"


@dataclass(frozen=True)
class InspectorSettings:
    """What the inspectors need to know.

    Attributes:
        encoder: of the offline ones: a catalogue name or a model folder; None is the bundled one.
        provider: where the encoder runs.
        vlm: of the vision-language model; needed by `vlm` alone.
        samples: how often the vision-language model is asked, as a panel.
    """

    encoder: str | None = None
    provider: ProviderChoice = "auto"
    vlm: VlmSettings | None = None
    samples: int = 1


@contextmanager
def open_inspector(names: Sequence[str], settings: InspectorSettings) -> Iterator[Inspector]:
    """The inspector of this name, or a panel of several. Nothing is sent before the first photo.

    Raises:
        UsageError: an unknown name, one twice, or settings that a named inspector lacks.
        InspectionError: an inspector can't be made ready.
        ModelError: the encoder can't be used.
    """
    _require_known(names)
    with ExitStack() as opened:
        members = [one for name in names for one in _members(name, settings, opened)]
        if len(members) == 1:
            yield members[0]
        else:
            from sightline.inspection.panel import Panel

            yield Panel(tuple(members))


def _require_known(names: Sequence[str]) -> None:
    known = ", ".join(INSPECTORS)
    if not names:
        raise UsageError(f"Name at least one inspector: {known}.")
    for name in names:
        if name not in INSPECTORS:
            raise UsageError(f"There is no inspector {name!r}; there are {known}.")
    if len(set(names)) < len(names):
        raise UsageError("A panel has each inspector once; --samples asks a model several times.")


def _members(name: str, settings: InspectorSettings, opened: ExitStack) -> Sequence[Inspector]:
    if name == "words":
        from sightline.inspection.words import WordsInspector

        return (WordsInspector(_encoder(settings)),)
    if name == "vlm":
        return _vlm_members(settings, opened)
    from sightline.inspection.reference import ReferenceInspector

    return (ReferenceInspector(_encoder(settings)),)


def _vlm_members(settings: InspectorSettings, opened: ExitStack) -> Sequence[Inspector]:
    from sightline.inspection.panel import samples
    from sightline.inspection.vlm import open_vlm
    from sightline.inspection.vlm.settings import NAME_IT

    if settings.vlm is None:
        raise UsageError(NAME_IT)

    return samples(opened.enter_context(open_vlm(settings.vlm)), settings.samples)


def _encoder(settings: InspectorSettings) -> DualEncoder:
    from sightline.encoders import load_encoder

    return load_encoder(settings.encoder, settings.provider)
