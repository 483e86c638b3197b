"""`sightline eval`: measure how well photos are searched, or inspected, against right answers."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.options import LibraryOption
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.evaluation.results import Results

_DEFAULT_OUT = Path("sightline-eval")


def evaluate(
    gold: Annotated[
        Path | None,
        typer.Argument(
            metavar="[GOLD]",
            help="Right answers: a gold file of `sightline judge`, or inspection labels.",
            show_default=False,
        ),
    ] = None,
    library: LibraryOption = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            "--images",
            metavar="DIR",
            help="Folder that the file names in GOLD start from; the run then indexes those photos "
            "itself, in its own folder.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Encoder to measure, by name or folder; repeat it to compare several.",
            show_default=False,
        ),
    ] = None,
    ranker: Annotated[
        list[str] | None,
        typer.Option(
            "--ranker",
            metavar="NAME",
            help="A baseline or a further way to rank: random, popular, filenames; with --captions "
            "bm25, caption-embeddings, fusion; rerank. Default: the first three, and bm25 where "
            "captions are given. `none` for the models alone.",
            show_default=False,
        ),
    ] = None,
    captions: Annotated[
        list[Path] | None,
        typer.Option(
            "--captions",
            metavar="FILE.jsonl",
            help='Captions: {"file": …, "captions": […]} a line, files named from beside it.',
            show_default=False,
        ),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            "--pairs",
            metavar="FILE.json",
            help="Minimal pairs in SugarCrepe's format; their pictures are under --photos.",
            show_default=False,
        ),
    ] = None,
    experiment: Annotated[
        list[Path] | None,
        typer.Option(
            "--experiment",
            metavar="FILE.toml",
            help="A question to answer in the report; what it needs joins the run.",
            show_default=False,
        ),
    ] = None,
    inspector: Annotated[
        list[str] | None,
        typer.Option(
            "--inspector",
            metavar="NAME",
            help="For inspection labels: which inspector to measure; repeat it to compare several.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The run folder, made or gone on with.")
    ] = _DEFAULT_OUT,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Set two run folders side by side, query by query, instead of making one.",
            show_default=False,
        ),
    ] = None,
    cold: Annotated[
        int,
        typer.Option(
            "--cold", min=0, metavar="N", help="Time N whole `sightline search` processes as well."
        ),
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of random draws and ties.")] = 0,
    output: Annotated[
        str, typer.Option("--format", metavar="table|json", help="What is printed.")
    ] = "table",
) -> None:
    """Measure how well photos are found: with intervals, by slice, against baselines.

    Examples:

      sightline judge gold.json --query "dog on a beach"     make right answers, by looking

      sightline eval gold.json               measure the model that your library was indexed with

      sightline eval gold.json --model second --model first --out runs/a

      sightline eval --compare runs/a runs/b

      sightline eval --pairs swap_obj.json --photos val2017

    The run folder gets report.html (open it in a browser), report.md, results.json and the rankings
    in TREC's format. A run that was stopped goes on where it was; what hasn't changed is taken from
    its cache.
    """
    gc.enable()
    if output not in ("table", "json"):
        raise UsageError(f"--format is table or json, not {output!r}.")
    if compare is not None:
        _compare(*compare, output)
    elif gold is None and pairs:
        _pairs(pairs, photos, model or [], output)
    elif gold is None:
        raise UsageError("Name a gold file, two runs to --compare, or a file of --pairs.")
    elif _holds_inspection_labels(gold):
        from sightline.cli.eval_inspection import evaluate_labels

        evaluate_labels(
            gold, photos, inspector or [], model or [], experiment or [], out, seed, output
        )
    else:
        _retrieval(
            gold, library, photos, model, ranker, captions, experiment, out, cold, seed, output
        )


def _retrieval(
    gold: Path,
    library: str | None,
    photos: Path | None,
    model: list[str] | None,
    ranker: list[str] | None,
    captions: list[Path] | None,
    experiment: list[Path] | None,
    out: Path,
    cold: int,
    seed: int,
    output: str,
) -> None:
    from sightline.cli.work_progress import stage_progress
    from sightline.evaluation.inputs import EvalOptions
    from sightline.evaluation.rankers.build import BASELINES
    from sightline.evaluation.whole_run import evaluate_and_report

    if ranker is None:
        ranker = [*BASELINES, *(["bm25"] if captions else [])]
    options = EvalOptions(
        library=None if library is None else Path(library),
        photos=photos,
        models=tuple(model or ()),
        rankers=() if ranker == ["none"] else tuple(ranker),
        captions=tuple(captions or ()),
        experiments=tuple(experiment or ()),
        seed=seed,
        cold=cold,
    )
    with stage_progress() as on_progress:
        results = evaluate_and_report(gold, out, options, on_progress, _warn)
    _print_results(results, out, output)


def _warn(warning: str) -> None:
    print(f"sightline: {warning}", file=sys.stderr)  # noqa: T201


def _compare(first: Path, second: Path, output: str) -> None:
    from sightline.cli.output import write_text
    from sightline.evaluation.compare import as_json, as_text, compare_runs

    found = compare_runs(first, second)
    write_text(as_json(found) if output == "json" else as_text(found), sys.stdout)


def _pairs(files: list[Path], photos: Path | None, models: list[str], output: str) -> None:
    from sightline.cli.output import write_text
    from sightline.cli.work_progress import stage_progress
    from sightline.encoders import load_encoder
    from sightline.evaluation.pairs import evaluate_pairs, pairs_rows

    if photos is None:
        raise UsageError("Name the folder of the pictures that the pairs are about: --photos DIR.")
    with stage_progress() as on_progress:
        found = [
            evaluate_pairs(
                load_encoder(name or None),
                files,
                photos,
                lambda done, total: on_progress("pairs", done, total),
            )
            for name in models or [""]
        ]
    if output == "json":
        from msgspec.json import encode

        write_text(encode(found).decode() + "\n", sys.stdout)
        return
    for result in found:
        rows = pairs_rows(result)
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        write_text("\n".join([result.model, *lines]) + "\n", sys.stdout)


def _holds_inspection_labels(gold: Path) -> bool:
    """Whether the file says of itself that it holds inspection labels."""
    try:
        with gold.open("rb") as file:
            return b"sightline-inspection/" in file.read(4096)
    except OSError as error:
        from sightline.errors import GoldError

        raise GoldError(f"Can't read {gold}: {error.strerror}.") from None


def _print_results(results: "Results", out: Path, output: str) -> None:
    from sightline.cli.output import write_text
    from sightline.evaluation.report_text import summary_table

    if output == "json":
        from msgspec.json import encode

        write_text(encode(results).decode() + "\n", sys.stdout)
        return
    text = summary_table(results)
    write_text(f"{text}\nThe report: {out / 'report.html'}\n", sys.stdout)
