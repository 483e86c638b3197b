"""Caltech-101 by words alone: how often is the right class first, or among the first five?

Runs `sightline.classify`, as users have it, on eight photos of each of 101 classes. Class names are
the data set's folder names, written as English where they aren't.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import numpy as np

import sightline
from common import ROOT, this_machine
from sightline import Label, load_encoder

NAMES = {
    "Faces": "person's face in front of a background",
    "Faces_easy": "close-up of a person's face",
    "Leopards": "leopard",
    "Motorbikes": "motorbike",
    "airplanes": "airplane",
    "bass": "bass fish",
    "binocular": "pair of binoculars",
    "bonsai": "bonsai tree",
    "buddha": "buddha statue",
    "car_side": "car seen from the side",
    "cellphone": "mobile phone",
    "cougar_body": "cougar",
    "cougar_face": "face of a cougar",
    "crocodile_head": "head of a crocodile",
    "cup": "cup to drink from",
    "dalmatian": "dalmatian dog",
    "emu": "emu bird",
    "euphonium": "euphonium, a brass instrument",
    "ewer": "ewer, a jug with a handle",
    "flamingo_head": "head of a flamingo",
    "garfield": "garfield, the cartoon cat",
    "gerenuk": "gerenuk, an antelope with a long neck",
    "hawksbill": "hawksbill sea turtle",
    "headphone": "pair of headphones",
    "ibis": "ibis bird",
    "inline_skate": "inline skate",
    "joshua_tree": "joshua tree",
    "ketch": "ketch, a sailing boat with two masts",
    "lotus": "lotus flower",
    "mayfly": "mayfly insect",
    "menorah": "menorah, a candlestick with seven arms",
    "minaret": "minaret tower",
    "nautilus": "nautilus shell",
    "okapi": "okapi, an animal with striped legs",
    "pagoda": "pagoda tower",
    "scissors": "pair of scissors",
    "sea_horse": "seahorse",
    "schooner": "schooner, a sailing ship",
    "snoopy": "snoopy, the cartoon dog",
    "stegosaurus": "stegosaurus dinosaur",
    "brontosaurus": "brontosaurus dinosaur",
    "tick": "tick, a small parasite",
    "trilobite": "trilobite fossil",
    "watch": "wristwatch",
    "water_lilly": "water lily",
    "wild_cat": "wild cat",
    "windsor_chair": "windsor chair made of wood",
    "wrench": "wrench tool",
    "yin_yang": "yin yang symbol",
}


def interval(right: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    """95 % interval of a share by drawing photos with return."""
    rng = np.random.default_rng(0)
    shares = rng.binomial(len(right), right.mean(), draws) / len(right)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def measure(data: Path, model: str | None, plain: bool) -> dict[str, object]:
    """Classify every photo; the figures as plain values."""
    classes = sorted(path.name for path in data.iterdir() if path.is_dir())
    labels = [written(name, plain) for name in classes]
    name_of = dict(zip((label.name for label in labels), classes, strict=True))
    began = perf_counter()
    ranked: list[tuple[str, Sequence[str]]] = []
    for found in sightline.classify(data, labels, k=5, model=model):
        assert found.path is not None, found
        assert found.error is None, found
        ranked.append((found.path.parent.name, [name_of[one.label] for one in found.labels]))
    first = np.array([true == names[0] for true, names in ranked])
    among = np.array([true in names for true, names in ranked])
    return {
        "model": load_encoder(model).id,
        "photos": len(ranked),
        "classes": len(classes),
        "top_1": float(first.mean()),
        "top_1_interval": interval(first),
        "top_5": float(among.mean()),
        "top_5_interval": interval(among),
        "seconds": perf_counter() - began,
    }


def written(name: str, plain: bool) -> Label:
    """A class as a label: by its folder's name, or as one would write it."""
    words = name.replace("_", " ").lower()
    return Label(name if plain else NAMES.get(name, words))


def main() -> None:
    """Print the figures; write JSON where asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=ROOT / "../shared/data/caltech101")
    arguments.add_argument("--model", help="default: the bundled one")
    arguments.add_argument("--plain", action="store_true", help="folder names as they are")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    given = arguments.parse_args()
    found = measure(given.data, given.model, given.plain)
    for rank in ("top_1", "top_5"):
        low, high = found[f"{rank}_interval"]  # type: ignore[misc]
        print(
            f"{rank.replace('_', '-')}  {found[rank]:.3f}  (95 % interval {low:.3f} to {high:.3f})"
        )
    print("{photos} photos, {classes} classes, {model}, {seconds:.0f} s".format(**found))
    if given.json:
        content = {"machine": asdict(this_machine()), "figures": found}
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
