"""`sightline models`: which encoders there are, and fetching those of other makers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.index import IndexFormat
from sightline.cli.quantise import quantise

if TYPE_CHECKING:
    from sightline.encoders import ModelEntry
    from sightline.encoders.published import Figures, PublishedModel

models_app = typer.Typer(
    invoke_without_command=True,
    help="List the encoders that can be used or fetched: size, dimensions, licence, source, and "
    "how well they find photos by words, as published.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@models_app.callback()
def models(
    context: typer.Context,
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print.")
    ] = IndexFormat.text,
) -> None:
    """List the encoders that can be used: size, dimensions, licence, source."""
    if context.invoked_subcommand is not None:
        return
    from sightline.cli.output import to_json, write_text
    from sightline.encoders import list_models
    from sightline.encoders.published import published_models

    published = published_models()
    entries = list_models()
    here = {entry.spec.name for entry in entries}
    absent = [model for name, model in published.items() if name not in here]
    if output is IndexFormat.json:
        rows = [_present_row(entry, published.get(entry.spec.name)) for entry in entries]
        rows += [_absent_row(model) for model in absent]
        write_text(to_json(rows) + "\n", sys.stdout)
        return
    for entry in entries:
        write_text(_present_text(entry, published.get(entry.spec.name)), sys.stdout)
    write_text(_absent_text(absent), sys.stdout)


models_app.command()(quantise)


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `sightline models`.")],
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="Branch, tag or commit of its repository. Default: the main branch, as it is now; "
            "the commit is noted, and a model that is here stays as it is.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder that becomes the model's. Default: one in your models folder, where "
            "--model finds it by name; any other is given as --model DIR.",
        ),
    ] = None,
) -> None:
    """Fetch a model once, so that it can be used without a network ever after.

    It goes on where an earlier fetch was cut short, checks every file against its hash, and
    appears only when it is whole. Respects HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and the usual
    proxy variables.
    """
    from sightline.cli.fetch_progress import fetch_progress
    from sightline.cli.output import printable, write_text
    from sightline.encoders.catalogue import models_folder
    from sightline.encoders.hub import fetch_model
    from sightline.encoders.published import published_models
    from sightline.errors import UnknownModel

    model = published_models().get(name)
    if model is None:
        raise UnknownModel(
            f"There is no model {name!r} to fetch. `sightline models` lists those there are."
        )
    folder = to if to is not None else models_folder() / model.name
    with fetch_progress() as on_progress:
        fetched = fetch_model(model, folder.absolute(), revision, on_progress)
    notes = [*fetched.notes, f"Licence: {model.licence}"]
    done = "is here now" if fetched.fresh else "was here already; nothing was fetched"
    way = name if to is None else str(fetched.folder)
    lines = [
        f"{name} {done}: {fetched.folder}",
        *(notes if fetched.fresh else ()),
        f"Use it: sightline index PHOTOS --model {way}",
    ]
    write_text("".join(printable(line) + "\n" for line in lines), sys.stdout)


def _present_row(entry: "ModelEntry", known: "PublishedModel | None") -> dict[str, Any]:
    from sightline.encoders import DEFAULT_MODEL
    from sightline.encoders.published import is_research_only

    spec = entry.spec
    return {
        "name": spec.name,
        "id": spec.id,
        "title": spec.title,
        "default": spec.name == DEFAULT_MODEL,
        "present": True,
        "bytes": entry.bytes,
        "dimensions": spec.dimensions,
        "image_size": spec.image.size,
        "licence": spec.licence,
        "research_only": is_research_only(spec.name),
        "source": spec.source,
        "figures": _figures_row(known),
        "where": entry.where,
        "folder": str(entry.folder),
    }


def _absent_row(model: "PublishedModel") -> dict[str, Any]:
    return {
        "name": model.name,
        "id": None,
        "title": model.title,
        "default": False,
        "present": False,
        "bytes": None,
        "about_bytes": model.megabytes and model.megabytes * 1_000_000,
        "dimensions": model.dimensions,
        "image_size": model.image_size,
        "licence": model.licence,
        "research_only": model.research_only,
        "source": ", ".join(source.repository for source in model.sources),
        "figures": _figures_row(model),
        "where": "unavailable" if model.unavailable else "hub",
        "folder": None,
        "unavailable": model.unavailable,
    }


def _figures_row(model: "PublishedModel | None") -> dict[str, Any] | None:
    figures = model.figures if model else None
    if figures is None:
        return None
    return {
        "coco_text_to_image": figures.coco,
        "flickr30k_text_to_image": figures.flickr30k,
        "source": figures.source,
    }


def _present_text(entry: "ModelEntry", known: "PublishedModel | None") -> str:
    from sightline.cli.output import printable
    from sightline.encoders import DEFAULT_MODEL

    spec = entry.spec
    mark = " (default)" if spec.name == DEFAULT_MODEL and entry.where == "bundled" else ""
    figures = f"  published: {_figures_text(known.figures)}\n" if known and known.figures else ""
    return (
        f"{spec.name}{mark}: {printable(spec.title)}\n"
        f"  {entry.bytes / 1e6:.1f} MB, {spec.dimensions} dimensions, {spec.image.size} px, "
        f"licence {printable(spec.licence)}, {entry.where}\n"
        f"  {printable(spec.architecture)}\n"
        f"  from {printable(spec.source)}\n{figures}"
    )


def _absent_text(models: list["PublishedModel"]) -> str:
    if not models:
        return ""
    lines = [
        "",
        "Not here; `sightline models fetch NAME` brings one (figures as published: text→image "
        "recall in %, at 1 or at 1/5/10):",
        f"{'name':<24} {'size':>8} {'dim.':>5} {'px':>4} {'COCO':>15} {'Flickr30k':>15}  licence",
    ]
    for model in models:
        size = f"~{model.megabytes / 1000:.1f} GB" if model.megabytes else "?"
        coco, flickr = _recalls(model.figures)
        lines.append(
            f"{model.name:<24} {size:>8} {model.dimensions:>5} {model.image_size:>4} {coco:>15} "
            f"{flickr:>15}  {model.licence}"
        )
        if model.unavailable:
            lines.append(f"{'':<24} can't be fetched: {model.unavailable}")
    sources = sorted({model.figures.source for model in models if model.figures})
    lines += ["Figures from:", *(f"  {source}" for source in sources)]
    return "\n".join(lines) + "\n"


def _figures_text(figures: "Figures") -> str:
    coco, flickr = _recalls(figures)
    return f"COCO {coco}, Flickr30k {flickr} ({figures.source})"


def _recalls(figures: "Figures | None") -> tuple[str, str]:
    if figures is None:
        return "–", "–"
    coco, flickr = (
        "/".join(f"{value:.1f}" for value in values) or "–"
        for values in (figures.coco, figures.flickr30k)
    )
    return coco, flickr
