"""`sightline inspect`: photos in, verdicts out."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sightline.cli.inspect_options import (
    AnswersOption,
    CropsOption,
    DoubtChoice,
    DoubtOption,
    DryRunOption,
    EndpointOption,
    FailOnOption,
    FormatOption,
    ImagesArgument,
    InspectFormat,
    InspectorOption,
    JobsOption,
    LookForOption,
    MaxPixelsOption,
    MaxTokensOption,
    PriceOption,
    ProductOption,
    ProtocolOption,
    ReferenceOption,
    ReplayOption,
    ReportOption,
    SamplesOption,
    SendPhotosOption,
    TemperatureOption,
    TimeoutOption,
    VariationOption,
    VlmFamilyOption,
    VlmOption,
    ZoomChoice,
    ZoomOption,
)
from sightline.cli.options import LibraryOption, ModelOption, ProviderOption
from sightline.errors import PhotoError, UsageError

if TYPE_CHECKING:
    from sightline.cli.work_progress import OnStage
    from sightline.inspection.inspected import Inspected, Kind
    from sightline.inspection.vlm.plan import Plan


def inspect(
    images: ImagesArgument,
    product: ProductOption = "",
    look_for: LookForOption = "",
    inspector: InspectorOption = None,
    reference: ReferenceOption = None,
    zoom: ZoomOption = ZoomChoice.none,
    doubt: DoubtOption = DoubtChoice.on,
    output: FormatOption = InspectFormat.text,
    report: ReportOption = None,
    crops: CropsOption = None,
    fail_on: FailOnOption = None,
    dry_run: DryRunOption = False,
    jobs: JobsOption = None,
    model: ModelOption = None,
    provider: ProviderOption = "auto",
    library: LibraryOption = None,
    vlm: VlmOption = None,
    endpoint: EndpointOption = None,
    send_photos: SendPhotosOption = False,
    protocol: ProtocolOption = None,
    vlm_family: VlmFamilyOption = None,
    variation: VariationOption = "",
    samples: SamplesOption = 1,
    temperature: TemperatureOption = None,
    max_pixels: MaxPixelsOption = None,
    max_tokens: MaxTokensOption = None,
    timeout: TimeoutOption = None,
    price: PriceOption = None,
    answers: AnswersOption = None,
    replay: ReplayOption = False,
) -> None:
    """Look at photos of a product and say what is wrong, where, and how sure one may be.

    Examples:

      sightline inspect part.jpg --reference faultless/ --report report.html

      sightline inspect line-3/ --reference auto --library ~/parts --format jsonl

      sightline inspect part.jpg --vlm qwen2.5vl:7b --product "steel bracket" --zoom adaptive

      sightline inspect parts/ --reference faultless/ --fail-on defect --fail-on failed

    Each photo gets a verdict: defect, normal, or uncertain with what would help to decide. Boxes
    are pixels of the upright photo: left, top, right, bottom. The confidence is the chance that the
    verdict is right, as the inspector estimates it; how good these estimates are has been measured
    (docs/inspection.md), and for a product of yours `sightline eval` measures it.

    A photo that can't be read becomes a line with the reason, and the others go on.

    Exit status 0 whatever the verdicts; 1 if no photo could be inspected, or for --fail-on; 2 for
    wrong usage; 3 if the inspector can't work, such as without references, server or key: the
    verdicts printed before that stay true.
    """
    from sightline.cli.inspect_output import summary
    from sightline.cli.inspect_vlm import (
        planned,
        require_agreement,
        require_no_vlm,
        vlm_settings,
    )
    from sightline.cli.work_progress import stage_progress
    from sightline.encoders.providers import parse_provider
    from sightline.inspection.inspected import files_at, inspect_all
    from sightline.inspection.inspectors import DEFAULT_INSPECTOR, InspectorSettings, open_inspector
    from sightline.inspection.reference_choice import chosen_references, prepare_references
    from sightline.inspection.verdict import Task
    from sightline.library.cores import usable_cores

    _require_text(product=product, look_for=look_for, variation=variation, vlm=vlm or "")
    names = tuple(inspector or ([DEFAULT_INSPECTOR] if vlm is None else ["vlm"]))
    given: dict[str, Any] = {
        "vlm": vlm,
        "endpoint": endpoint,
        "protocol": protocol and protocol.value,
        "vlm_family": vlm_family,
        "variation": variation or None,
        "temperature": temperature,
        "max_pixels": max_pixels,
        "max_tokens": max_tokens,
        "timeout": timeout,
        "price": price,
        "answers": answers,
        "replay": replay or None,
    }
    asking = None
    if "vlm" in names:
        from sightline.inspection.vlm.records import answers_folder
        from sightline.inspection.vlm.settings import usual_temperature

        given["answers"] = answers or answers_folder()
        given["temperature"] = usual_temperature(samples) if temperature is None else temperature
        asking = vlm_settings(**given)
    else:
        require_no_vlm(**given, samples=samples > 1, send_photos=send_photos)
    wanted = tuple(part.strip() for part in look_for.split(",") if part.strip())
    if look_for and not wanted:
        raise UsageError('--look-for names no defect; name some, such as --look-for "crack, dent".')
    tasks = [
        Task(
            image=image,
            product=product,
            look_for=wanted,
            zoom=zoom.value,
            doubt=doubt is DoubtChoice.on,
        )
        for image in files_at(images)
    ]
    with ExitStack() as opened:
        references = opened.enter_context(
            chosen_references(reference or (), library, product, model)
        )
        if dry_run:
            _dry_run(planned(tasks, references, asking, samples), output)
            return
        if asking is not None:
            require_agreement(asking, send_photos)
        settings = InspectorSettings(model, parse_provider(provider), asking, samples)
        who = opened.enter_context(open_inspector(names, settings))
        threads = jobs or usable_cores()
        with stage_progress() as show:
            prepare_references(who, references, threads, show)
        results = inspect_all(who, tasks, references, threads)
        about = _about(who.name, product, wanted)
        counts = _show(results, len(tasks), output, report, crops, about)
    if len(tasks) != 1:
        print(summary(counts), file=sys.stderr)  # noqa: T201
    unusable = counts.total() == counts["failed"]
    if unusable or any(counts[kind.value] for kind in fail_on or ()):
        raise typer.Exit(1)


def _require_text(**given: str) -> None:
    """Refuse words that no model and no server can be given.

    Raises:
        UsageError: an option holds bytes that are no UTF-8.
    """
    for name, text in given.items():
        if any("\ud800" <= char <= "\udfff" for char in text):
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} holds bytes that are no text in UTF-8; write it anew.")


def _about(inspector: str, product: str, look_for: tuple[str, ...]) -> str:
    """What was asked, in a line for the report."""
    facts = [f"Inspector: {inspector}.", product and f"Product: {product}."]
    facts.append(f"Looked for: {', '.join(look_for)}." if look_for else "")
    return " ".join(fact for fact in facts if fact)


def _show(
    results: "Iterable[Inspected]",
    total: int,
    output: InspectFormat,
    report: Path | None,
    crops: Path | None,
    about: str,
) -> "Counter[Kind]":
    """Print each verdict as soon as it is there; put it on the page and its crops into a folder.

    Returns:
        How many photos were what.
    """
    from sightline.cli.inspect_output import json_line, text_lines
    from sightline.cli.output import printable, write_text
    from sightline.inspection.evidence import save_crops
    from sightline.inspection.report import ReportWriter

    line = json_line if output is InspectFormat.jsonl else text_lines
    counts: Counter[Kind] = Counter()
    with ExitStack() as opened:
        page = None if report is None else opened.enter_context(ReportWriter(report, about))
        show = opened.enter_context(_progress())
        for inspected in results:
            counts[inspected.kind] += 1
            saved: tuple[Path | None, ...] = ()
            try:
                saved = () if crops is None else save_crops(crops, inspected)
            finally:  # the verdict is there, whether or not its crops can be written
                write_text(line(inspected, saved), sys.stdout)
                if page is not None:
                    page.add(inspected)
            show("Inspecting", counts.total(), total)
    if report is not None:
        print(f"Report: {printable(str(report))}", file=sys.stderr)  # noqa: T201
    return counts


@contextmanager
def _progress() -> "Iterator[OnStage]":
    """A bar where verdicts don't go to the same terminal; there they show the progress."""
    if sys.stdout.isatty():
        yield lambda doing, done, total: None
        return
    from sightline.cli.work_progress import stage_progress

    with stage_progress() as show:
        yield show


def _dry_run(
    plans: "Iterable[tuple[Path, tuple[Plan, ...] | PhotoError]]", output: InspectFormat
) -> None:
    """Say what would be sent, photo by photo, and what it comes to."""
    from sightline.cli.inspect_output import plan_line, plans_in_all
    from sightline.cli.output import write_text

    every: list[Plan] = []
    for path, planned in plans:
        write_text(plan_line(path, planned, output.value), sys.stdout)
        every.extend(() if isinstance(planned, PhotoError) else planned)
    print(plans_in_all(every), file=sys.stderr)  # noqa: T201
