"""How long a search takes, and what an index costs: measured once for a run folder, then kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import msgspec
import numpy as np

from sightline.encoders import DualEncoder
from sightline.errors import EvaluationError
from sightline.evaluation.gold import GoldQuery, write_whole
from sightline.evaluation.results import IndexCost, Latency
from sightline.library.filters import Filters
from sightline.library.place import Place
from sightline.library.reader import LibraryReader
from sightline.library.vectors import DTYPE
from sightline.retrieval.query import Query
from sightline.retrieval.search import search

_COLD_SECONDS = 60.0

Kept = TypeVar("Kept")


def timed(
    place: Place, encoder: DualEncoder, queries: Sequence[GoldQuery], cold: int, cache: Path
) -> Latency:
    """Every query once through the product's own search, and `cold` whole processes.

    Kept in `cache` for this library and these queries, so that a run that is made again says what
    it said.

    Raises:
        EvaluationError: the command fails, or takes a minute.
    """
    asked = _digest(_within_run(place, cache) or str(place.folder), *(q.text for q in queries))
    path = cache / f"latency-{encoder.id}-{cold}-{asked}.json"
    kept = _kept(path, Latency)
    if kept is not None:
        return kept
    warm = _warm(place, encoder, queries)
    p50, p95 = np.percentile(warm, [50, 95])
    latency = Latency(warm_p50=float(p50), warm_p95=float(p95))
    if cold:
        p50, p95 = np.percentile(_cold(place, encoder, queries, cold), [50, 95])
        latency = msgspec.structs.replace(latency, cold_p50=float(p50), cold_p95=float(p95))
    write_whole(path, msgspec.json.encode(latency))
    return latency


def index_cost(
    reader: LibraryReader, model_id: str, seconds: dict[str, float], cache: Path
) -> IndexCost:
    """What one model's vectors cost: bytes a photo, and seconds where this run made them."""
    path = cache / f"index-{model_id}.json"
    if model_id in seconds:
        write_whole(path, msgspec.json.encode(seconds[model_id]))
    own = _within_run(reader.place, cache) is not None
    spent = _kept(path, float) if own else None
    (stored,) = [model for model in reader.models() if model.model_id == model_id]
    ((photos,),) = reader.query("SELECT count(*) FROM vectors WHERE model = ?", stored.row)
    record = reader.place.database.stat().st_size
    count = max(1, int(str(photos)))
    each = stored.dimensions * DTYPE.itemsize + record / count
    return IndexCost(seconds=spent, photos=count, bytes_per_photo=each)


def _within_run(place: Place, cache: Path) -> str | None:
    """The library's name in the run folder, which may be moved; None where it is elsewhere."""
    run = cache.parent.absolute()
    return str(place.folder.relative_to(run)) if place.folder.is_relative_to(run) else None


def _digest(*parts: str) -> str:
    data = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:12]


def _kept(path: Path, kind: type[Kept]) -> Kept | None:
    """What an earlier run kept; None where there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _warm(place: Place, encoder: DualEncoder, queries: Sequence[GoldQuery]) -> list[float]:
    with LibraryReader(place) as reader:
        (stored,) = [model for model in reader.models() if model.model_id == encoder.id]

        def ask(text: str) -> None:
            search(reader, stored, encoder, Query.of(text), 10, Filters(), "score")

        ask(queries[0].text)  # loads the tower and maps the vectors
        seconds = []
        for query in queries:
            start = perf_counter()
            ask(query.text)
            seconds.append(perf_counter() - start)
    return seconds


def _cold(
    place: Place, encoder: DualEncoder, queries: Sequence[GoldQuery], times: int
) -> list[float]:
    command = [sys.executable, "-m", "sightline", "search", "--library", str(place.folder)]
    command += ["--model", str(encoder.folder), "--format", "jsonl", "--"]
    seconds = []
    for query in [queries[at % len(queries)] for at in range(times)]:
        start = perf_counter()
        try:
            done = subprocess.run(
                [*command, query.text], capture_output=True, timeout=_COLD_SECONDS, check=False
            )
        except OSError as error:  # such as a query longer than a command may be
            raise EvaluationError(
                f"Can't run `sightline search` to time it: {error.strerror}. Leave that out with "
                "--cold 0."
            ) from None
        except subprocess.TimeoutExpired:
            raise EvaluationError(f"`sightline search` took over {_COLD_SECONDS:.0f} s.") from None
        if done.returncode not in (0, 1):
            said = done.stderr.decode("utf-8", "replace").strip()
            raise EvaluationError(f"`sightline search` failed while it was timed: {said}")
        seconds.append(perf_counter() - start)
    return seconds
