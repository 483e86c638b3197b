"""Index a gallery, ask it a few things, and write a contact sheet. `make demo` runs this.

Without --photos the gallery is the photographs that scikit-image, scikit-learn and matplotlib
carry in their packages; they are read where they are installed.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

from sightline import Library
from sightline.retrieval.sheet import Strip, write_sheet

QUERIES = (
    "a cat",
    "cup of coffee",
    "rocket launch",
    "motorcycle in a garage",
    "an orange flower",
    "stars and galaxies",
)
PACKAGED = {
    "skimage": (
        "data",
        "astronaut.png brick.png camera.png cell.png chelsea.png clock_motion.png coffee.png "
        "coins.png grass.png gravel.png hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png "
        "motorcycle_right.png page.png retina.jpg rocket.jpg text.png",
    ),
    "sklearn": ("datasets/images", "china.jpg flower.jpg"),
    "matplotlib": ("mpl-data/sample_data", "grace_hopper.jpg"),
}


def packaged_photos() -> list[Path]:
    """The photographs in the packages of the `demo` extra."""
    photos = []
    for package, (folder, names) in PACKAGED.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{package} is missing; install the demo extra: pip install '.[demo]'")
        photos += [Path(spec.origin).parent / folder / name for name in names.split()]
    missing = [str(photo) for photo in photos if not photo.is_file()]
    if missing:
        raise SystemExit(f"these sample photos are missing: {', '.join(missing)}")
    return photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="your own folder instead of the samples")
    parser.add_argument("--query", help="your own query instead of the six")
    parser.add_argument("--library", type=Path, default=Path("demo-library"))
    parser.add_argument("--sheet", type=Path, default=Path("demo-sheet.html"))
    chosen = parser.parse_args()

    with Library.create(chosen.library) as library:
        photos = [chosen.photos.expanduser()] if chosen.photos else packaged_photos()
        report = library.index(photos)
        status = library.status()
        print(f"{status.photos} photos in the library, {report.new} new, {report.seconds:.1f} s\n")
        strips = []
        for query in (chosen.query,) if chosen.query else QUERIES:
            matches = library.search(query, k=12 if chosen.query else 4)
            strips.append(Strip(query, matches))
            print(query)
            for match in matches:
                print(f"  {match.rank}. {match.score:.3f}  {match.path.name}")
            print()
    write_sheet(chosen.sheet, strips, title="sightline demo")
    print(f"Contact sheet: {chosen.sheet.resolve().as_uri()}")


if __name__ == "__main__":
    main()
