"""A recipe that isn't bundled: what the second generation sees, by a tower two thirds as dear.

::

    python -m sightline.training.second --data ../shared/data --out build/second --threads 2
    python -m sightline.training.third --data ../shared/data --out build/third --threads 2

1. The second generation, a checkpoint of its recipe, says where in its space each of several views
   of each photo lies. Its text tower is taken over as it is.
2. A projection learns to get there from what EfficientNet-Lite0 sees as it was published, and to
   bring photos to their captions, names and searches (`distil.learn_head`).
3. The last blocks of Lite0 learn on with it (`distil.distil`).
4. The tower is made small, 8 bits a weight, and the projection learns on for a little with what it
   then sees (`distil.settle_head`).
5. Export, checks and figures.

Everything computed once is kept under --work, the folder of the second recipe, whose views of the
photos are used again. docs/bundled-model.md says how long each step takes, and what each one gave.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sightline.errors import UsageError
from sightline.training.augment import forbids_mirror
from sightline.training.captions import CaptionedPhoto, read_captions
from sightline.training.card import write_card
from sightline.training.checkpoint import read_trained
from sightline.training.class_names import ClassNames
from sightline.training.distil import DistilRecipe, Lesson, distil, learn_head, settle_head
from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig, ImageEncoder
from sightline.training.early_maps import early_maps, embed_maps
from sightline.training.export_graphs import PATCHES, write_image_graph
from sightline.training.features import Features, fingerprint, graph_outputs, kept, text_features
from sightline.training.first import TRAINING_SETS, Log, Towers, calibration_pixels, frozen_pairs
from sightline.training.heads import FrozenPairs
from sightline.training.image_tower import EfficientNetLite
from sightline.training.measure import Figures
from sightline.training.pretrained import load_image_tower
from sightline.training.quantise import quantise_image_graph
from sightline.training.second import DESCRIPTION as SECOND
from sightline.training.second import (
    NAMES,
    SIZE,
    TUNING,
    VIEWS,
    export_bundled,
    keep,
    names_teacher,
)
from sightline.training.second import load_towers as load_second_towers
from sightline.training.typed_queries import typed_queries

LEVELS = (11, 14)
"""The first and the last block of Lite0's longest stage, read beside its last grid."""
FIRST_IN_FLOAT = 2
"""Convolutions: as fast as with none, and as good in retrieval as with all of them."""
RECIPE = DistilRecipe()
CARD = Path(__file__).with_name("third_card.md")

DESCRIPTION = replace(
    SECOND,
    name="third",
    title="sightline third generation",
    architecture="EfficientNet-Lite0 at 224 px and MiniLM-L6, both tuned, one projection each",
    source="python -m sightline.training.third",
)
CONFIG = DualEncoderConfig(image="lite0", image_levels=LEVELS, size=SIZE)


def main(arguments: Sequence[str] | None = None) -> Figures:
    """Teach, export, measure; prints what it does. Returns the figures on the card."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    say = Log()
    data, work = options.data, options.work
    photos = [photo for name in TRAINING_SETS for photo in read_captions(data / name)]
    recipe = replace(RECIPE, steps=options.steps) if options.steps else RECIPE
    teacher = read_trained(options.teacher or _newest(work)).model

    published = load_second_towers()
    names = names_teacher(
        frozen_pairs(published, photos, work, options.threads).images, photos, data / NAMES
    )
    small = load_image_tower("lite0", SIZE, LEVELS)
    towers = Towers(small, teacher.text.tower, published.tokenizer)
    pairs = frozen_pairs(towers, photos, work, options.threads)
    say(f"features of {len(pairs.images):,} photos and {len(pairs.texts):,} captions")
    seen = _seen(teacher, published.image, photos, work, options.threads)
    say(f"{len(seen)} views of each photo as the second generation sees them")
    lesson = _lesson(teacher, towers, pairs, names, seen, photos)
    taught = work / f"taught-{recipe.steps}-{fingerprint(teacher.image)[:16]}.pt"
    if not taught.is_file():
        student = _teach(small, pairs, lesson, photos, work, recipe, options.threads, say)
        encoder = DualEncoder(student, teacher.text, teacher.temperature)
        keep(encoder, recipe.steps, taught, DESCRIPTION, CONFIG)
    encoder = read_trained(taught).model
    plain, mirrored = _in_8_bits(encoder.image, photos, options.threads)
    say("features of the tower in 8 bits")
    encoder.image.projection = settle_head(
        encoder.image.projection,
        plain,
        mirrored,
        lesson,
        recipe,
        lambda n, loss: say(f"settling {n}: {loss:.3f}"),
    )
    keep(encoder, recipe.steps, work / "third.pt", DESCRIPTION, CONFIG)
    report, figures = export_bundled(
        encoder, DESCRIPTION, photos, data, options.out, first_in_float=FIRST_IN_FLOAT
    )
    say(f"exported {report.bytes / 1e6:.1f} MB, cosine to torch {report.lowest_cosine:.6f}")
    write_card(options.out, CARD, DESCRIPTION, report, figures)
    print(figures)
    return figures


def _teach(
    tower: EfficientNetLite,
    pairs: FrozenPairs,
    lesson: Lesson,
    photos: Sequence[CaptionedPhoto],
    work: Path,
    recipe: DistilRecipe,
    threads: int,
    say: Log,
) -> ImageEncoder:
    """Stages 2 and 3: a projection on the published tower, then the tower's last blocks with it."""
    head = learn_head(
        pairs.images, pairs.mirrored, lesson, recipe, lambda n, loss: say(f"head {n}: {loss:.3f}")
    )
    views = [
        early_maps(
            tower,
            recipe.first_block,
            photos,
            work / f"view-lite0-{recipe.first_block}-{view}.npy",
            view=view,
            threads=threads,
        )
        for view in range(VIEWS)
    ]
    say(f"the same through the first {recipe.first_block} blocks of the small tower")

    def watch(step: int, loss: float) -> None:
        if step % 10 == 0:
            say(f"step {step}: loss {loss:.3f}")

    return distil(ImageEncoder(tower.fold_norms(), head), views, lesson, recipe, watch)


def _seen(
    teacher: DualEncoder,
    published: EfficientNetLite,
    photos: Sequence[CaptionedPhoto],
    work: Path,
    threads: int,
) -> list[Tensor]:
    """For each view float32 (2, photos, d): where the teacher puts it, and its mirror image.

    The teacher's first blocks are the published ones, so the maps that it was tuned from will do.
    """
    first = TUNING.first_block
    maps = [
        early_maps(
            published, first, photos, work / f"view-{first}-{view}.npy", view=view, threads=threads
        )
        for view in range(VIEWS)
    ]
    meaning = fingerprint(teacher.image)

    def seen(view: int) -> Features:
        return embed_maps(teacher.image, first, maps[view], threads=threads)

    return [
        torch.from_numpy(kept(work, f"seen-{view}", [meaning], partial(seen, view)))
        for view in range(VIEWS)
    ]


def _lesson(
    teacher: DualEncoder,
    towers: Towers,
    pairs: FrozenPairs,
    names: ClassNames,
    seen: Sequence[Tensor],
    photos: Sequence[CaptionedPhoto],
) -> Lesson:
    """All sentences, embedded once by a text side that stays as it is."""
    searches = typed_queries(photos)
    wordings = sorted({text for texts in searches.words for text in texts})

    @torch.no_grad()
    def embedded(features: Tensor) -> Tensor:
        rows: Tensor = teacher.text.projection(features)
        return rows

    def written(texts: Sequence[str]) -> Tensor:
        return embedded(torch.from_numpy(text_features(towers.text, towers.tokenizer, texts)))

    return Lesson(
        seen=seen,
        captions=embedded(pairs.texts),
        counts=np.array([len(photo.captions) for photo in photos]),
        meaning=functional.normalize(pairs.texts, dim=1),
        names=names,
        prompts=written(names.prompts),
        searches=searches,
        row_of={text: row for row, text in enumerate(wordings)},
        wordings=written(wordings),
        mirrors=np.array([not any(map(forbids_mirror, photo.captions)) for photo in photos]),
        scale=teacher.temperature().detach(),
    )


def _in_8_bits(
    encoder: ImageEncoder, photos: Sequence[CaptionedPhoto], threads: int
) -> tuple[Tensor, Tensor]:
    """What the tower, made small as the export will do it, sees of photos and mirror images."""
    paths = [photo.path for photo in photos]
    with TemporaryDirectory() as folder:
        floats, small = Path(folder) / "float.onnx", Path(folder) / "small.onnx"
        write_image_graph(encoder, floats)
        quantise_image_graph(floats, small, calibration_pixels(photos, SIZE), FIRST_IN_FLOAT)
        plain, mirrored = (
            torch.from_numpy(graph_outputs(small, PATCHES, SIZE, paths, side, threads))
            for side in (False, True)
        )
    return plain, mirrored


def _newest(work: Path) -> Path:
    """The checkpoint that the second recipe left last.

    Raises:
        UsageError: it left none there.
    """
    found = sorted(work.glob("last-*.pt"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UsageError(
            f"{work} holds no checkpoint of the second generation to learn from: run "
            "`python -m sightline.training.second` first, or name one with --teacher."
        )
    return found[-1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sightline.training.third", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned photos")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--work", type=Path, default=Path("build/second-work"))
    parser.add_argument("--teacher", type=Path, help="a checkpoint of the second generation")
    parser.add_argument("--steps", type=int, help="fewer for a trial; the recipe's own by default")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
