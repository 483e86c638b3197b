"""What a vision-language model needs of a command: settings, consent, a dry run."""

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


def vlm_fields(
    *,
    vlm: str | None,
    vlm_family: str | None,
    price: tuple[float, float] | None,
    **others: Any,
) -> dict[str, Any]:
    """The fields of `VlmSettings` that options or the environment name.

    Raises:
        UsageError: a price that can mean nothing.
    """
    from sightline.inspection.vlm.settings import Prices, fields_named

    prices = None if price is None else Prices(*price)
    return fields_named(model=vlm, family=vlm_family, prices=prices, **others)


def vlm_settings(**options: Any) -> "VlmSettings":
    """The settings that the options ask for; what is None stays at its default.

    Raises:
        UsageError: no model, or what can mean nothing.
    """
    from sightline.inspection.vlm.settings import NAME_IT, VlmSettings

    fields = vlm_fields(**options)
    if "model" not in fields:
        raise UsageError(NAME_IT)
    return VlmSettings(**fields)


def require_no_vlm(**given: Any) -> None:
    """Refuse options that would reach nothing.

    Raises:
        UsageError: one of them was given.
    """
    for option in options_given(given):
        raise UsageError(f"{option} is for the inspector vlm: add --inspector vlm.")


def options_given(values: dict[str, Any]) -> list[str]:
    """The options that were given, as they are typed, by the values of their parameters."""
    return [
        "--" + name.replace("_", "-")
        for name, value in values.items()
        if not (value is None or value is False or value in ("", [], ()))
    ]


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
