"""What `sightline inspect` does only for a vision-language model: settings, consent, a dry run."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sightline.errors import PhotoError, UsageError

if TYPE_CHECKING:
    from sightline.inspection.inspected import ReferencesOf
    from sightline.inspection.verdict import Task
    from sightline.inspection.vlm.plan import Plan
    from sightline.inspection.vlm.settings import VlmSettings


def vlm_settings(
    model: str | None, samples: int, price: tuple[float, float] | None, **given: Any
) -> "VlmSettings":
    """The settings that the options ask for; what is None stays at its default.

    Raises:
        UsageError: no model, or what can mean nothing.
    """
    from sightline.inspection.vlm.records import answers_folder
    from sightline.inspection.vlm.settings import Prices, VlmSettings

    if model is None:
        raise UsageError("Name the model to ask: --vlm MODEL.")
    chosen = {name: value for name, value in given.items() if value is not None}
    chosen.setdefault("answers", answers_folder())
    # At temperature 0 a server gives the same answer again, and a panel of those says nothing.
    chosen.setdefault("temperature", 0.0 if samples == 1 else 1.0)
    if price is not None:
        chosen["prices"] = Prices(*price)
    return VlmSettings(model=model, **chosen)


def require_no_vlm(**given: Any) -> None:
    """Refuse options that would reach nothing.

    Raises:
        UsageError: one of them was given.
    """
    for name, value in given.items():
        if value not in (None, "", False):
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is for the inspector vlm: add --inspector vlm.")


def require_agreement(settings: "VlmSettings", agreed: bool) -> None:
    """Say that photos leave this machine before the first one does, and have a yes to it.

    Raises:
        UsageError: nobody said yes.
    """
    from sightline.inspection.vlm.remote import Acknowledged

    known = Acknowledged()
    said = known.first_use(settings.endpoint, settings.model)
    if said is None or settings.replay:
        return
    if agreed:
        print(said, file=sys.stderr)  # noqa: T201
    elif not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{said} If that is all right, say so with --send-photos, once.")
    elif not typer.confirm(f"{said}\nSend them?", err=True):
        raise UsageError("Nothing was sent.")
    known.remember(settings.endpoint, settings.model)


def planned(
    tasks: "Iterable[Task]",
    references: "ReferencesOf",
    settings: "VlmSettings | None",
    samples: int,
) -> "Iterator[tuple[Path, tuple[Plan, ...] | PhotoError]]":
    """What would be sent for each photo, one plan a sample; or why the photo can't be used.

    Without settings nothing would be sent, and nothing is looked at.

    Raises:
        InspectionError: the model could not be asked.
    """
    if settings is None:
        yield from ((task.image, ()) for task in tasks)
        return
    import msgspec

    from sightline.inspection.vlm import open_vlm

    with open_vlm(settings) as first:
        asked = [first, *(first.sampled(number) for number in range(1, samples))]
        for task in tasks:
            try:
                compared = msgspec.structs.replace(task, references=references(task.image))
                yield task.image, tuple(one.plan(compared) for one in asked)
            except PhotoError as error:
                yield task.image, error
