"""`sightline eval`: measure how well photos are searched, or inspected, against right answers."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.cli.eval_options import (
    CaptionsOption,
    ColdOption,
    CompareOption,
    EvalFormatOption,
    ExperimentOption,
    GoldArgument,
    MeasuredInspectorOption,
    ModelsOption,
    OutOption,
    PairsOption,
    PhotosOption,
    RankerOption,
    SeedOption,
)
from sightline.cli.inspect_options import (
    AnswersOption,
    EndpointOption,
    MaxPixelsOption,
    MaxTokensOption,
    PriceOption,
    ProtocolOption,
    ReplayOption,
    SendPhotosOption,
    TimeoutOption,
    VlmFamilyOption,
    VlmOption,
)
from sightline.cli.options import LibraryOption
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.evaluation.results import Results

_DEFAULT_OUT = Path("sightline-eval")
_DEFAULT_COLD = 5


def evaluate(
    gold: GoldArgument = None,
    library: LibraryOption = None,
    photos: PhotosOption = None,
    model: ModelsOption = None,
    experiment: ExperimentOption = None,
    out: OutOption = None,
    seed: SeedOption = 0,
    output: EvalFormatOption = "table",
    ranker: RankerOption = None,
    captions: CaptionsOption = None,
    pairs: PairsOption = None,
    compare: CompareOption = None,
    cold: ColdOption = None,
    inspector: MeasuredInspectorOption = None,
    vlm: VlmOption = None,
    endpoint: EndpointOption = None,
    send_photos: SendPhotosOption = False,
    protocol: ProtocolOption = None,
    vlm_family: VlmFamilyOption = None,
    max_pixels: MaxPixelsOption = None,
    max_tokens: MaxTokensOption = None,
    timeout: TimeoutOption = None,
    price: PriceOption = None,
    answers: AnswersOption = None,
    replay: ReplayOption = False,
) -> None:
    """Measure how well photos are found: with intervals, by slice, against baselines.

    Examples:

      sightline judge gold.json --query "dog on a beach"     make right answers, by looking

      sightline eval gold.json               measure the model that your library was indexed with

      sightline eval gold.json --model second --model first --out runs/a

      sightline eval --compare runs/a runs/b

      sightline eval --pairs swap_obj.json --photos val2017

      sightline eval labels.json --images parts/ --inspector reference --inspector vlm

    The run folder gets report.html (open it in a browser), report.md, results.json and the rankings
    in TREC's format. A run that was stopped goes on where it was; what hasn't changed is taken from
    its cache.

    Measuring vlm needs a model and an endpoint that somebody named, and sends every photo there.
    As with `sightline inspect`, an endpoint beyond this machine gets none before you agreed with
    --send-photos, once.
    """
    gc.enable()
    if output not in ("table", "json"):
        raise UsageError(f"--format is table or json, not {output!r}.")
    asked_of_vlm = {
        "vlm": vlm,
        "endpoint": endpoint,
        "protocol": protocol and protocol.value,
        "vlm_family": vlm_family,
        "max_pixels": max_pixels,
        "max_tokens": max_tokens,
        "timeout": timeout,
        "price": price,
        "answers": answers,
        "replay": replay,
        "send_photos": send_photos,
    }
    of_inspection = {"inspector": inspector, **asked_of_vlm}
    of_search = {"library": library, "ranker": ranker, "captions": captions, "cold": cold}
    of_a_run = {"experiment": experiment, "out": out}
    if compare is not None:
        others = {"photos": photos, "model": model, "pairs": pairs}
        _refuse("--compare", **others, **of_search, **of_a_run, **of_inspection)
        if gold is not None:
            raise UsageError("--compare takes two run folders, and no gold file.")
        _compare(*compare, output)
    elif gold is None and pairs:
        _refuse("--pairs without GOLD", **of_search, **of_a_run, **of_inspection)
        _pairs(pairs, photos, model or [], output)
    elif gold is None:
        raise UsageError("Name a gold file, two runs to --compare, or a file of --pairs.")
    elif _kind(gold) == "inspection":
        _refuse("inspection labels", pairs=pairs, **of_search)
        from sightline.cli.eval_inspection import evaluate_labels

        evaluate_labels(
            gold,
            photos,
            inspector or [],
            model or [],
            experiment or [],
            out or _DEFAULT_OUT,
            seed,
            output,
            asked_of_vlm,
        )
    else:
        _refuse("a gold file of searches", pairs=pairs, **of_inspection)
        cold = _DEFAULT_COLD if cold is None else cold
        out = out or _DEFAULT_OUT
        _retrieval(
            gold, library, photos, model, ranker, captions, experiment, out, cold, seed, output
        )


def _refuse(what: str, **given: Any) -> None:
    """Refuse options that would reach nothing.

    Raises:
        UsageError: one of them was given.
    """
    from sightline.cli.inspect_vlm import options_given

    for option in options_given(given):
        raise UsageError(f"{option} has no meaning with {what}: leave it out.")


def _kind(gold: Path) -> str:
    from sightline.evaluation.gold_format import kind_of_gold

    return kind_of_gold(gold)


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


def _print_results(results: "Results", out: Path, output: str) -> None:
    from sightline.cli.output import write_text
    from sightline.evaluation.report_text import summary_table

    if output == "json":
        from msgspec.json import encode

        write_text(encode(results).decode() + "\n", sys.stdout)
        return
    text = summary_table(results)
    write_text(f"{text}\nThe report: {out / 'report.html'}\n", sys.stdout)
