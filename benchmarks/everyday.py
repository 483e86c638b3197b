"""Searches as people type them, over the three dev sets as one gallery, judged by looking.

`everyday_queries.json` holds 172 searches in seven slices, `everyday_grades.json` what a person who
typed one would say of each photo that some model showed them: 2 that's it, 1 partly, 0 no. The
graders saw the photos in random order, and not which model had found them. Precision@5 is the share
of a model's first five that fit at least partly (or fully, in brackets); a photo that nobody graded
counts as wrong, and is counted.

    python benchmarks/everyday.py --model second --against build/first
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sightline.encoders import load_encoder

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
DEV_SETS = ("flickr8k", "coco", "world")
FIRST = 5
DRAWS = 10_000


@dataclass(frozen=True)
class Query:
    """A search, its slice, and the grades of the photos that were looked at."""

    text: str
    slice: str
    grades: dict[str, int]


def read_queries() -> list[Query]:
    """All searches with their grades."""
    queries = json.loads((HERE / "everyday_queries.json").read_text(encoding="utf-8"))
    grades = json.loads((HERE / "everyday_grades.json").read_text(encoding="utf-8"))
    return [Query(q["text"], q["slice"], grades[q["id"]]) for q in queries]


def gallery(data: Path) -> list[str]:
    """Files of all dev photos, relative to the data folder."""
    files = []
    for folder in DEV_SETS:
        lines = (data / folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()
        files += [f"{folder}/{json.loads(line)['file']}" for line in lines]
    return files


def first_photos(model: str, queries: list[Query], files: list[str], data: Path) -> list[list[str]]:
    """For each search the first five photos of a model."""
    encoder = load_encoder(model)
    photos = encoder.embed_images([data / file for file in files])
    found = []
    for query in queries:
        (vector,) = encoder.embed_texts([query.text])
        best = np.argsort(-(photos @ vector), kind="stable")[:FIRST]
        found.append([files[row] for row in best])
    return found


def precision(queries: list[Query], found: list[list[str]], least: int) -> npt.NDArray[np.float64]:
    """Share of the first five graded `least` or better, one a search."""
    return np.array(
        [
            np.mean([query.grades.get(file, 0) >= least for file in first])
            for query, first in zip(queries, found, strict=True)
        ]
    )


def interval(values: npt.NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """95 % of the means of searches drawn again (bootstrap over searches)."""
    draw = np.random.default_rng(seed)
    means = values[draw.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_argument("--model", default="second")
    arguments.add_argument("--against", help="another model, compared search by search")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--json", type=Path)
    options = arguments.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} isn't there: the photos are needed. Name their folder: --data.")
    queries, files = read_queries(), gallery(options.data)
    models = [options.model, *([options.against] if options.against else [])]
    found = {model: first_photos(model, queries, files, options.data) for model in models}
    partly = {model: precision(queries, found[model], 1) for model in models}
    fully = {model: precision(queries, found[model], 2) for model in models}
    slices = np.array([query.slice for query in queries])

    print(f"precision@5 of {len(queries)} searches over {len(files):,} photos: partly (fully)\n")
    print("| slice | searches | " + " | ".join(models) + " |")
    print("|---|---|" + "---|" * len(models))
    for name in ("all", *sorted(set(slices))):
        chosen = np.ones(len(slices), bool) if name == "all" else slices == name
        cells = []
        for model in models:
            low, high = interval(partly[model][chosen])
            cells.append(
                f"{partly[model][chosen].mean():.3f} [{low:.3f}, {high:.3f}] "
                f"({fully[model][chosen].mean():.3f})"
            )
        print(f"| {name} | {chosen.sum()} | " + " | ".join(cells) + " |")
    for model in models:
        unseen = sum(
            file not in query.grades
            for query, first in zip(queries, found[model], strict=True)
            for file in first
        )
        print(f"\n{model}: {unseen} of {FIRST * len(queries)} photos were never graded")
    if options.against:
        for label, values in (("partly", partly), ("fully", fully)):
            gain = values[options.model] - values[options.against]
            low, high = interval(gain)
            print(f"\ngain, {label}: {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]")
    if options.json:
        results = {
            model: {"partly": partly[model].tolist(), "fully": fully[model].tolist()}
            for model in models
        }
        options.json.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
