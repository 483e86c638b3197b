"""What a few photos teach: 81 kinds of groceries, 0 to 8 photos of each and all, five draws.

For each method of `sightline adapt`, and for plain logistic regression on the same vectors, the
share of `grocery/test` that is named right. Shots come from `grocery/train`. Settings are chosen by
cross-validation within the shots; with one shot there is nothing to validate on, and the adapters'
fixed settings stand against a regression whose C is chosen on `grocery/val`. Then what an adapter
costs elsewhere: Flickr8k's captions as queries, with the adapter off and on.

`--split val` is for development; test is for the final figures.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from common import ROOT, this_machine
from sightline import Label, load_encoder
from sightline.adaptation.adapter import Adapter, Origin, directions_of
from sightline.adaptation.choice import METHODS, Figures, Parts, fit_methods
from sightline.adaptation.examples import read_examples
from sightline.adaptation.kept import KeptEmbeddings
from sightline.adaptation.shots import Shots
from sightline.adaptation.steering import steered
from sightline.adaptation.validation import folds, log_loss
from sightline.adaptation.views import seven_views
from sightline.encoders.dual import DualEncoder
from sightline.encoders.files import embed_files
from sightline.retrieval.classify import label_vectors
from sightline.retrieval.labels import TEMPLATES

SHOTS = (1, 2, 4, 8, None)
SEEDS = range(5)
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
RESULTS = ROOT / "benchmarks/results/adapt_grocery.json"
T_95 = 2.776  # Student's t for five draws, two-sided

Rows = np.ndarray[Any, np.dtype[np.float32]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def embedded(encoder: DualEncoder, paths: Sequence[Path], kept: KeptEmbeddings) -> Rows:
    """Seven views of each photo, float32 (n, 7, d)."""
    rows = []
    for file in embed_files(encoder, paths, cut=seven_views, known=kept.get):
        kept.add(file.photo, file.vectors)  # type: ignore[union-attr] # no file fails here
        rows.append(file.vectors)  # type: ignore[union-attr]
    kept.save()
    return np.stack(rows)


def regression(photos: Rows, classes: Labels, strength: float) -> Callable[[Rows], Rows]:
    """Plain multinomial logistic regression; the logits that it gives."""
    fitted = LogisticRegression(C=strength, max_iter=300).fit(photos, classes)
    return lambda rows: fitted.decision_function(rows).astype(np.float32)


def best_strength(photos: Rows, classes: Labels, seed: int) -> float:
    """C by cross-validated log-loss on the same folds as the adapters have."""
    dealt = folds(classes, seed)

    def loss(strength: float) -> float:
        return sum(
            log_loss(
                regression(photos[dealt != fold], classes[dealt != fold], strength)(
                    photos[dealt == fold]
                ),
                classes[dealt == fold],
            )
            * float((dealt == fold).sum())
            for fold in range(dealt.max() + 1)
        )

    return min(STRENGTHS, key=loss)


def drawn(classes: Labels, count: int, shots: int | None, seed: int) -> Labels:
    """Rows of `shots` photos of each class, or of all."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.permutation(np.flatnonzero(classes == one))[:shots] for one in range(count)]
    )


def with_views(shots: Shots) -> tuple[Rows, Labels]:
    """Every view as a photo of its own."""
    views = shots.views
    return views.reshape(-1, views.shape[2]), np.repeat(shots.classes, views.shape[1])


def share_right(logits: Rows, classes: Labels) -> float:
    """Top-1."""
    return float((logits.argmax(axis=1) == classes).mean())


def one_draw(
    shots: Shots, texts: Rows, photos: Rows, classes: Labels, val: tuple[Rows, Labels], seed: int
) -> tuple[dict[str, float], Parts]:
    """Top-1 of each method after one draw of shots; and the parts of the residual adapter."""
    fitted, _ = fit_methods(shots, texts, METHODS, seed)
    found: dict[str, float] = {
        method: share_right(one.parts.logits(photos, texts), classes)
        for method, one in fitted.items()
    }
    several, repeated = with_views(shots)
    if (shots.sizes > 1).any():
        strength = best_strength(shots.photos, shots.classes, seed)
    else:
        strength = max(
            STRENGTHS,
            key=lambda one: share_right(
                regression(shots.photos, shots.classes, one)(val[0]), val[1]
            ),
        )
    for name, rows, labels in (
        ("logistic regression", shots.photos, shots.classes),
        ("– on all seven views", several, repeated),
    ):
        found[name] = share_right(regression(rows, labels, strength)(photos), classes)
    return found, fitted["residual"].parts


def recall_at_10(captions: Rows, photos: Rows, own: Labels) -> float:
    """The share of captions whose photo is among the ten nearest."""
    cosines = captions @ photos.T
    better = (cosines > cosines[np.arange(len(own)), own][:, None]).sum(axis=1)
    return float((better < 10).mean())


def elsewhere(
    encoder: DualEncoder, adapter: Adapter, data: Path, photos: Rows, labels: Labels
) -> dict[str, float]:
    """R@10 on Flickr8k dev with the adapter off and on; and what it does for its own words.

    The last two are mean average precision of "a photo of LABEL" over the groceries and the
    Flickr8k photos together.
    """
    lines = (data / "flickr8k/dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [caption for row in rows for caption in row["captions"]]
    own = np.array([at for at, row in enumerate(rows) for _ in row["captions"]])
    others = encoder.embed_images([data / "flickr8k" / row["file"] for row in rows])
    plain = encoder.embed_texts(texts)
    moved = np.stack([steered(*pair, adapter) for pair in zip(texts, plain, strict=True)])
    asked = [f"a photo of {label}" for label in adapter.labels]
    words = encoder.embed_texts(asked)
    taught = np.stack([steered(*pair, adapter) for pair in zip(asked, words, strict=True)])
    gallery = np.concatenate([photos, others])
    of = np.concatenate([labels, np.full(len(others), -1)])
    return {
        "R@10 off": recall_at_10(plain, others, own),
        "R@10 on": recall_at_10(moved, others, own),
        "captions moved": float((np.abs(moved - plain).max(axis=1) > 0).sum()),
        "MAP off": mean_average_precision(words, gallery, of),
        "MAP on": mean_average_precision(taught, gallery, of),
    }


def mean_average_precision(queries: Rows, gallery: Rows, of: Labels) -> float:
    """Query i is right on the photos of class i; classes without a photo are left out."""
    found = []
    for row, query in enumerate(queries):
        hits = (of == row)[np.argsort(-(gallery @ query), kind="stable")]
        if hits.any():
            found.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return float(np.mean(found))


def shown(values: Sequence[float]) -> str:
    """Mean over the draws, ± half a 95 % interval (Student's t)."""
    half = T_95 * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{100 * np.mean(values):.1f} ± {100 * half:.1f}"


def main() -> None:
    """Measure, print Markdown, write JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    arguments.add_argument("--model", help="default: the bundled one")
    arguments.add_argument("--split", choices=("val", "test"), default="test")
    arguments.add_argument("--json", type=Path, metavar="FILE", default=RESULTS)
    given = arguments.parse_args()
    began = perf_counter()
    # It finds 81 classes among 81 photos suspicious.
    warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)

    encoder = load_encoder(given.model)
    kept = KeptEmbeddings(encoder)
    sets = {}
    for name in dict.fromkeys(("train", "val", given.split)):
        examples = read_examples(given.data / "grocery" / f"{name}.jsonl")
        paths = [example.path for example in examples]
        sets[name] = embedded(encoder, paths, kept), [example.label for example in examples]
    names = tuple(sorted(set(sets["train"][1])))
    row_of = {name: row for row, name in enumerate(names)}
    answers = {key: np.array([row_of[one] for one in of]) for key, (_, of) in sets.items()}
    texts = label_vectors(encoder, [Label(name) for name in names], TEMPLATES)
    views, classes = sets["train"][0], answers["train"]
    photos, asked = sets[given.split][0][:, 0], answers[given.split]
    val = sets["val"][0][:, 0], answers["val"]

    words = share_right(photos @ texts.T, asked)
    table: dict[str, dict[str, list[float]]] = {}
    learn_seconds: dict[str, list[float]] = {}
    at_8: Adapter | None = None
    for shots in SHOTS:
        for seed in SEEDS:
            rows = drawn(classes, len(names), shots, seed)
            part = Shots(views[rows], classes[rows], len(names))
            start = perf_counter()
            found, parts = one_draw(part, texts, photos, asked, val, seed)
            column = str(shots or "all")
            print(column, seed, f"{perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            learn_seconds.setdefault(column, []).append(perf_counter() - start)
            for method, value in found.items():
                table.setdefault(method, {}).setdefault(column, []).append(value)
            if shots == 8 and at_8 is None:
                at_8 = adapter_of(encoder, names, part, texts, parts)
    assert at_8 is not None
    cost = elsewhere(encoder, at_8, given.data, photos, asked)

    columns = [str(shots or "all") for shots in SHOTS]
    print(f"{encoder.id}, grocery/{given.split}, {len(photos)} photos; words alone: {words:.1%}\n")
    print("| top-1, % | 0 |" + "".join(f" {column} |" for column in columns))
    print("|---|---|" + "---|" * len(columns))
    for method, cells in table.items():
        zero = "–" if "regression" in method or "views" in method else f"{100 * words:.1f}"
        print(f"| {method} | {zero} |" + "".join(f" {shown(cells[c])} |" for c in columns))
    print("\nWith the residual adapter of 8 shots (first draw):")
    for what, value in cost.items():
        print(f"- {what}: {value:.3f}" if value < 2 else f"- {what}: {value:.0f}")
    print(f"\n{perf_counter() - began:.0f} s in all")
    given.json.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": asdict(this_machine()),
        "model": encoder.id,
        "split": given.split,
        "photos": len(photos),
        "words_alone": words,
        "top_1": table,
        "elsewhere": cost,
        "seconds_a_draw": learn_seconds,
    }
    given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def adapter_of(
    encoder: DualEncoder, names: tuple[str, ...], shots: Shots, texts: Rows, parts: Parts
) -> Adapter:
    """What `sightline adapt --method residual` would have written."""
    origin = Origin(
        data="grocery",
        shots=tuple(shots.sizes.tolist()),
        seed=0,
        version="",
        figures=Figures(0, None, {}),
    )
    directions = directions_of(shots, parts, texts)
    return Adapter("grocery", encoder.id, "residual", names, texts, parts, directions, origin)


if __name__ == "__main__":
    main()
