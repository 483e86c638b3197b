"""A small gold file over coloured pictures, and a run on it with the tests' own encoder."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sightline.evaluation.gold import GalleryPhoto, Gold, GoldQuery, write_gold
from sightline.evaluation.inputs import EvalOptions
from sightline.evaluation.progress import silent
from sightline.evaluation.results import Results
from sightline.evaluation.run import evaluate
from tests.making import make_photo

COLOURS = ("red", "green", "blue", "yellow")
EACH = 4


@dataclass(frozen=True)
class World:
    """A folder of pictures, four of each of four colours, and queries for them."""

    folder: Path
    model: Path

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def gold_file(self) -> Path:
        return self.folder / "gold.json"

    def gold(self) -> Gold:
        """A query a colour, a second wording for red, and two for colours that aren't there."""
        gallery = tuple(
            GalleryPhoto(name, sha256((self.photos / name).read_bytes()).hexdigest())
            for name in names()
        )
        queries = [
            GoldQuery(id=c, need=c, text=c, tags=("colour", "short"), grades=grades(c))
            for c in COLOURS
        ]
        queries.append(
            GoldQuery(
                id="red-long",
                need="red",
                text="red and nothing else",
                tags=("colour", "descriptive"),
                grades=grades("red"),
            )
        )
        queries += [
            GoldQuery(id=c, text=c, tags=("no-answer",), grades=dict.fromkeys(names(), 0))
            for c in ("black", "magenta")
        ]
        return Gold(name="colours", gallery=gallery, queries=tuple(queries))

    def run(self, out: str = "run", **options: object) -> Results:
        """Evaluate; the photos are indexed in the run's own folder."""
        asked = EvalOptions(photos=self.photos, models=(str(self.model),), **options)  # type: ignore[arg-type]
        return evaluate(self.gold_file, self.folder / out, asked, silent)[0]


def names() -> list[str]:
    return [f"{colour}/{number}.png" for colour in COLOURS for number in range(EACH)]


def grades(colour: str) -> dict[str, int]:
    return {name: 2 if name.startswith(colour) else 0 for name in names()}


def make_world(folder: Path, model: Path) -> World:
    world = World(folder, model)
    for at, name in enumerate(names()):
        make_photo(world.photos / name, name.split("/")[0], seed=at)
    write_gold(world.gold(), world.gold_file)
    return world
