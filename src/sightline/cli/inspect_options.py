"""The options of `sightline inspect`: many, in three groups. `eval` shares the third."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_ASKED = "What is asked"
_OUTPUT = "What comes out"
_VLM = "Asking a vision-language model (--inspector vlm)"


class InspectFormat(StrEnum):
    """How verdicts are printed: for people, or for scripts."""

    text = "text"
    jsonl = "jsonl"


class ZoomChoice(StrEnum):
    """How closely a photo is looked at."""

    none = "none"
    tiles = "tiles"
    adaptive = "adaptive"


class DoubtChoice(StrEnum):
    """Whether "uncertain" is an allowed answer."""

    on = "on"
    off = "off"


class FailOn(StrEnum):
    """What a pipeline may want to stop at."""

    defect = "defect"
    uncertain = "uncertain"
    failed = "failed"


class ProtocolChoice(StrEnum):
    """What a server speaks."""

    openai = "openai"
    anthropic = "anthropic"


ImagesArgument = Annotated[
    list[str], typer.Argument(metavar="IMAGE...", help="Photos, or folders of them.")
]

ProductOption = Annotated[
    str,
    typer.Option(metavar="TEXT", help="What the photos show.", rich_help_panel=_ASKED),
]

LookForOption = Annotated[
    str,
    typer.Option(
        metavar='"A, B"',
        help="Defects to look for, with commas between.",
        rich_help_panel=_ASKED,
    ),
]

InspectorOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Who inspects: reference (compares with photos of faultless pieces), words "
        "(compares with words; weak), vlm (asks a vision-language model). Several make a "
        "panel. Default: reference; vlm where --vlm is given.",
        rich_help_panel=_ASKED,
    ),
]

ReferenceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="IMAGE|FOLDER|auto",
        help="Photos of faultless pieces of the same product; may be given several times. "
        "auto finds the nearest ones in the library; of a large one, with --product, only among "
        "the 200 photos that these words find best.",
        rich_help_panel=_ASKED,
    ),
]

ZoomOption = Annotated[
    ZoomChoice,
    typer.Option(
        help="none: the photo as it fits; tiles: also every part of it, nothing scaled down; "
        "adaptive: also the parts that look as if they need it.",
        rich_help_panel=_ASKED,
    ),
]

DoubtOption = Annotated[
    DoubtChoice,
    typer.Option(
        help='off: "uncertain" is no answer, unless there is nothing to be seen.',
        rich_help_panel=_ASKED,
    ),
]

FormatOption = Annotated[
    InspectFormat, typer.Option("--format", help="How to print.", rich_help_panel=_OUTPUT)
]

ReportOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.html",
        help="Also write a page with photos, boxes and evidence; it opens offline.",
        rich_help_panel=_OUTPUT,
    ),
]

CropsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Also write the evidence of each finding as a picture of its own.",
        rich_help_panel=_OUTPUT,
    ),
]

FailOnOption = Annotated[
    list[FailOn] | None,
    typer.Option(
        help="Exit with status 1 if a photo is this; may be given several times. failed: "
        "unreadable, or without a usable answer.",
        rich_help_panel=_OUTPUT,
    ),
]

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Only say what would be sent, and about what it would cost.",
        rich_help_panel=_OUTPUT,
    ),
]

JobsOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=64, help="Photos at once. Default: one for each core."),
]

VlmOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="The model, as the server calls it. Default, where vlm is asked for: "
        "$SIGHTLINE_VLM_MODEL.",
        rich_help_panel=_VLM,
    ),
]

EndpointOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="An OpenAI-compatible server, or https://api.anthropic.com. Default: "
        "$SIGHTLINE_VLM_ENDPOINT, or http://localhost:11434/v1, where Ollama listens. The key "
        "comes from $SIGHTLINE_VLM_KEY; for their vendors' hosts from $OPENAI_API_KEY or "
        "$ANTHROPIC_API_KEY, too.",
        rich_help_panel=_VLM,
    ),
]

SendPhotosOption = Annotated[
    bool,
    typer.Option(
        "--send-photos",
        help="Agree that photos leave this machine; needed once for each remote endpoint.",
        rich_help_panel=_VLM,
    ),
]

ProtocolOption = Annotated[
    ProtocolChoice | None,
    typer.Option(help="Default: told by the endpoint.", rich_help_panel=_VLM),
]

VlmFamilyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How the model writes boxes: claude, gemini, qwen2.5-vl, qwen2-vl, qwen3-vl, gpt, "
        "shares, other. Default: told by its name.",
        rich_help_panel=_VLM,
    ),
]

VariationOption = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="What differs between faultless pieces, and is no defect.",
        rich_help_panel=_VLM,
    ),
]

SamplesOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        max=64,
        help="Ask so many times; disagreement lowers confidence.",
        rich_help_panel=_VLM,
    ),
]

TemperatureOption = Annotated[
    float | None,
    typer.Option(
        metavar="T",
        help="Default: 0; with several samples 1, since at 0 they would be the same.",
        rich_help_panel=_VLM,
    ),
]

MaxPixelsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="No picture is sent with more pixels. Default: 1150000.",
        rich_help_panel=_VLM,
    ),
]

MaxTokensOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Longest answer, hidden reasoning included. Default: 4096.",
        rich_help_panel=_VLM,
    ),
]

TimeoutOption = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How long to wait for an answer. Default: 180.",
        rich_help_panel=_VLM,
    ),
]

PriceOption = Annotated[
    tuple[float, float] | None,
    typer.Option(
        metavar="IN OUT",
        help="Dollars for a million tokens read and written; without it costs are unknown.",
        rich_help_panel=_VLM,
    ),
]

AnswersOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where answers are kept, so that none is paid for twice. Default: your cache; for "
        "`eval` the run folder.",
        rich_help_panel=_VLM,
    ),
]

ReplayOption = Annotated[
    bool,
    typer.Option("--replay", help="Use the answers kept in --answers alone.", rich_help_panel=_VLM),
]
