"""Photos a second: sightline's indexing against rclip's structure, both with the same weights.

Each run is a process of its own that loads the model, warms it up with one batch, and then indexes
a folder of photos that the library does not know. The two take turns, the figure is the ratio of
the median times, and the photos are in the page cache for both.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree
from time import perf_counter

import numpy as np

import rclip_structure
from common import Row, at_least, in_its_own_process, interleave, parser, report, workspace
from made_photos import CAMERA, LIGHT_QUALITY, QUALITY, SMALL, write_photos
from sightline.encoders import DEFAULT_MODEL, load_encoder
from sightline.encoders.dual import IMAGE_BATCH
from sightline.library.indexer import IndexOptions, index_folders
from sightline.library.place import Place
from vit_b32 import make_int8, make_vit

TARGETS = {("bundled", CAMERA): 3.5, ("bundled", SMALL): 2.0}
TARGETS |= {("vit", CAMERA): 4.0, ("vit", SMALL): 3.0}
KINDS = (
    ("12 MP of 3.5 MB", CAMERA, QUALITY, 64),
    ("12 MP of 2.0 MB", CAMERA, LIGHT_QUALITY, 64),
    ("500×375", SMALL, QUALITY, 512),
)
"""Photos: what they are called, width and height, JPEG quality, how many."""
Side = Callable[[], float]


def sightline_seconds(photos: Path, model: Path, folder: Path) -> float:
    """Index with sightline into a new library."""
    rmtree(folder, ignore_errors=True)
    encoder = load_encoder(model)
    size = encoder.spec.image.size
    encoder.embed_pixels(np.zeros((IMAGE_BATCH, size, size, 3), dtype=np.uint8))
    began = perf_counter()
    done = index_folders(
        Place(folder), [photos], encoder, str(model), IndexOptions(), lambda progress: None
    )
    seconds = perf_counter() - began
    if done.new != len(list(photos.iterdir())):
        raise RuntimeError(f"sightline did not index every photo: {done}")
    return seconds


def rclip_seconds(photos: Path, model: Path, folder: Path, int8: bool = False) -> float:
    """Index with rclip's structure into a new database."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    encoder = rclip_structure.load(model, int8)
    return rclip_structure.index(photos, encoder, folder / "rclip.db")


def compare(what: str, target: float, sides: dict[str, Side], rounds: int) -> list[Row]:
    """Run the sides in turn. The first is rclip's structure, the second ours with a target."""
    measured = interleave(
        {name: partial(in_its_own_process, sides[name]) for name in sides}, rounds
    )
    rclip, ours, *_ = measured.values()
    return [
        Row(
            f"{what}: {name}",
            f"{sample.show(digits=2)} s, {rclip.median / sample.median:.2f} times rclip's pace",
            f"at least {target:g} times" if sample is ours else "",
            at_least(rclip.median / sample.median, target) if sample is ours else None,
            {"seconds": list(sample.values), "ratio": rclip.median / sample.median},
        )
        for name, sample in measured.items()
    ]


def bundled_sides(photos: Path, model: Path, scratch: Path) -> dict[str, Side]:
    """The bundled model: rclip's structure runs its weights in float32, ours what is shipped."""
    rclip = partial(rclip_seconds, photos, model, scratch)
    ours = partial(sightline_seconds, photos, model, scratch)
    return {
        "rclip's structure": rclip,
        "sightline": ours,
        "rclip's structure, as shipped": partial(rclip, int8=True),
    }


def vit_sides(photos: Path, model: Path, int8: Path, scratch: Path) -> dict[str, Side]:
    """The large encoder: ours as `sightline models quantise` leaves it, and in float32, too."""
    return {
        "rclip's structure": partial(rclip_seconds, photos, model, scratch),
        "sightline, int8": partial(sightline_seconds, photos, int8, scratch),
        "sightline, float32": partial(sightline_seconds, photos, model, scratch),
    }


def main() -> None:
    """Make photos and models, measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--model", default=DEFAULT_MODEL, help="instead of the bundled one")
    arguments.add_argument("--rounds", type=int)
    arguments.add_argument("--only", choices=("bundled", "vit"))
    given = arguments.parse_args()
    rounds = given.rounds or (1 if given.quick else 5)
    rows: list[Row] = []
    with workspace() as folder:
        if given.only != "bundled":
            vit = make_vit(folder / "vit-b32")
            int8 = make_int8(vit, folder / "vit-b32-int8")
        for kind, size, quality, full_count in KINDS:
            count = full_count // 4 if given.quick else full_count
            photos = folder / kind
            write_photos(photos, size, count, quality=quality)
            if given.only != "vit":
                sides = bundled_sides(photos, load_encoder(given.model).folder, folder / "scratch")
                what = f"bundled, {count} of {kind}"
                rows += compare(what, TARGETS["bundled", size], sides, rounds)
            if given.only != "bundled":
                sides = vit_sides(photos, vit, int8, folder / "scratch")
                what = f"ViT-B/32, {count} of {kind}"
                rows += compare(what, TARGETS["vit", size], sides, rounds)
    report("Indexing throughput: two lanes against rclip's structure", rows, given.json)


if __name__ == "__main__":
    main()
