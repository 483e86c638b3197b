"""The recipe of the bundled model: both towers tuned, on two CPU cores, in under two hours.

::

    python -m sightline.training.second --data ../shared/data --out build/second --threads 2

1. EfficientNet-Lite2 and MiniLM as they were published look at every photo and caption once.
2. Two heads learn to bring them together (`heads.py`), with soft targets, ImageNet's names and
   typed searches.
3. The last blocks of the image tower, the last four layers of the text tower and the heads learn on
   together (`tune.py`), from several views of each photo.
4. The result is mixed with what it started from (`tune.blend`).
5. Both heads are learned anew on the tuned towers, exported, and measured.

Everything computed once is kept under --work: killed, it begins again with the stage it was in.
docs/bundled-model.md says how long each step takes, and what each one gave.
"""

import argparse
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from sightline.training.captions import CaptionedPhoto, read_captions
from sightline.training.card import write_card
from sightline.training.checkpoint import Checkpoint, read_trained, write_checkpoint
from sightline.training.class_names import ClassNames, class_names, right_share
from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig
from sightline.training.early_maps import early_maps
from sightline.training.export import Description, ExportReport, export_model
from sightline.training.export_checks import CONTEXT, DevSet
from sightline.training.features import fingerprint, text_features
from sightline.training.first import (
    CLASSES,
    DEV_SETS,
    TRAINING_SETS,
    Log,
    Towers,
    assemble,
    calibration_pixels,
    frozen_pairs,
)
from sightline.training.heads import FrozenNames, FrozenPairs, FrozenSearches, Recipe, train_heads
from sightline.training.image_tower import FEATURES, EfficientNetLite, unfold_norms
from sightline.training.measure import Figures, measure
from sightline.training.pretrained import load_image_tower, load_text_tower, tokenizer_json
from sightline.training.quantise import FIRST_IN_FLOAT
from sightline.training.tune import Step, TuneRecipe, TuningPhotos, blend, tune
from sightline.training.typed_queries import typed_queries

SIZE = 224
LEVELS = (15, 19)
"""The first and the last block of the image tower's longest stage, read beside its last grid."""
NAMES = "imagenet_sample"
CARD = Path(__file__).with_name("second_card.md")
VIEWS = 4
TUNED_PART = 0.8
"""How much of the tuned weights the mixture holds; chosen on the dev sets among .6 to .85."""

HEADS = Recipe(
    seed=0,
    epochs=36,
    image_dropout=(0.5, 0.3),
    text_dropout=(0.2, 0.3),
    warm_up=0.2,
    softness=0.5,
    names=1.2,
    searches=0.15,
)
TUNING = TuneRecipe()

DESCRIPTION = Description(
    name="second",
    title="sightline second generation",
    architecture="EfficientNet-Lite2 at 224 px and MiniLM-L6, both tuned, one projection each",
    licence="Apache-2.0 (weights); see CARD.md for the data they were trained on",
    source="python -m sightline.training.second",
    trained_on="flickr8k/train, imagenet_sample, coco/train, world/train: 15,270 captioned photos",
)
CONFIG = DualEncoderConfig(image="lite2", image_levels=LEVELS, size=SIZE)


def main(arguments: Sequence[str] | None = None) -> Figures:
    """Train, mix, export, measure; prints what it does. Returns the figures on the card."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    say = Log()
    data, work = options.data, options.work
    photos = [photo for name in TRAINING_SETS for photo in read_captions(data / name)]
    recipe = replace(TUNING, steps=options.steps) if options.steps else TUNING
    published = load_towers()
    pairs = frozen_pairs(published, photos, work, options.threads)
    teacher = names_teacher(pairs.images, photos, data / NAMES)
    say(f"features of {len(pairs.images):,} photos and {len(pairs.texts):,} captions")
    tuned = options.tuned or work / f"tuned-{recipe.steps}.pt"
    if not tuned.is_file():
        encoder = _tune(published, pairs, teacher, photos, work, recipe, options.threads, say)
        keep(encoder, recipe.steps, tuned)
    last = work / f"last-{fingerprint(read_trained(tuned).model)[:16]}.pt"
    if not last.is_file():
        towers = _tuned_towers(read_trained(tuned).model, published.tokenizer)
        seen = frozen_pairs(towers, photos, work, options.threads)
        say("features of the tuned towers")
        encoder = _with_heads(towers, seen, teacher, photos, say)
        keep(encoder, recipe.steps, last)
    encoder = read_trained(last).model
    report, figures = export_bundled(encoder, DESCRIPTION, photos, data, options.out)
    say(f"exported {report.bytes / 1e6:.1f} MB, cosine to torch {report.lowest_cosine:.6f}")
    write_card(options.out, CARD, DESCRIPTION, report, figures)
    print(figures)
    return figures


def _tune(
    towers: Towers,
    pairs: FrozenPairs,
    teacher: ClassNames,
    photos: Sequence[CaptionedPhoto],
    work: Path,
    recipe: TuneRecipe,
    threads: int,
    say: Log,
) -> DualEncoder:
    """Stages 2 to 4: heads on the published towers, tuning, and the mixture."""
    start = _with_heads(towers, pairs, teacher, photos, say)
    start.image.tower.fold_norms()  # type: ignore[operator]
    views = [
        early_maps(
            towers.image,
            recipe.first_block,
            photos,
            work / f"view-{recipe.first_block}-{view}.npy",
            view=view,
            threads=threads,
        )
        for view in range(VIEWS)
    ]
    say(f"{len(views)} views of each photo through the first {recipe.first_block} blocks")

    def watch(step: Step, averaged: DualEncoder) -> None:
        if step.number % 10 == 0:
            say(f"step {step.number}: loss {step.loss:.3f}, scale {step.scale:.1f}")
        if step.number % 50 == 0:
            keep(averaged, step.number, work / f"tuned-{recipe.steps}.last.pt")

    meaning = functional.normalize(pairs.texts, dim=1)
    tuning = TuningPhotos(photos, views, meaning, teacher, typed_queries(photos))
    return blend(start, tune(deepcopy(start), tuning, towers.tokenizer, recipe, watch), TUNED_PART)


def _with_heads(
    towers: Towers,
    pairs: FrozenPairs,
    teacher: ClassNames,
    photos: Sequence[CaptionedPhoto],
    say: Log,
) -> DualEncoder:
    """Stages 2 and 5: heads from scratch, on towers that stay as they are."""
    asked = typed_queries(photos)
    wordings = sorted({text for texts in asked.words for text in texts})

    def seen(texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(text_features(towers.text, towers.tokenizer, texts))

    heads = train_heads(
        pairs,
        HEADS,
        lambda n, loss, _: say(f"heads {n}: {loss:.3f}"),
        FrozenNames(teacher, seen(teacher.prompts)),
        FrozenSearches(asked, {text: row for row, text in enumerate(wordings)}, seen(wordings)),
    )
    return assemble(towers, heads)


def load_towers() -> Towers:
    """The published weights to start from, the image tower for smaller pictures than its own."""
    tokenizer = Tokenizer.from_str(tokenizer_json())
    tokenizer.enable_truncation(CONTEXT)
    return Towers(load_image_tower("lite2", SIZE, LEVELS), load_text_tower(), tokenizer)


def _tuned_towers(encoder: DualEncoder, tokenizer: Tokenizer) -> Towers:
    """Its towers without their heads; the image tower reads `LEVELS`, whatever it read before."""
    image = EfficientNetLite("lite2", SIZE, LEVELS)
    image.load_state_dict(encoder.image.tower.state_dict())
    return Towers(image.eval(), encoder.text.tower, tokenizer)


def keep(
    encoder: DualEncoder,
    step: int,
    path: Path,
    description: Description = DESCRIPTION,
    config: DualEncoderConfig = CONFIG,
) -> None:
    """Write an encoder, with folded norms or not, as a checkpoint that `sightline export` takes."""
    copied = deepcopy(encoder)
    unfold_norms(copied.image.tower)
    write_checkpoint(
        Checkpoint(
            name=description.name,
            meaning=description.source,
            data=description.trained_on,
            model=config,
            tokenizer=tokenizer_json(),
            weights=copied.state_dict(),
            average=None,
            optimiser={},
            step=step,
            unreadable={},
            best=None,
        ),
        path,
    )


def export_bundled(
    encoder: DualEncoder,
    description: Description,
    photos: Sequence[CaptionedPhoto],
    data: Path,
    out: Path,
    *,
    first_in_float: int = FIRST_IN_FLOAT,
) -> tuple[ExportReport, Figures]:
    """The model folder, and what it can do through the public API."""
    tokenizer = Tokenizer.from_str(tokenizer_json())
    dev = {name.removesuffix(".jsonl"): read_captions(data / name) for name in DEV_SETS}
    report = export_model(
        encoder,
        description,
        tokenizer_json(),
        [DevSet.read(name, of, tokenizer, SIZE) for name, of in dev.items()],
        calibration_pixels(photos, SIZE),
        out,
        first_in_float=first_in_float,
    )
    return report, measure(out, dev, data / CLASSES)


def names_teacher(features: Tensor, photos: Sequence[CaptionedPhoto], sample: Path) -> ClassNames:
    """ImageNet's classifier as a teacher; its order of classes is checked on its own photos."""
    teacher = class_names(features[:, :FEATURES], "lite2", sample)
    row_of = {photo.path.name: row for row, photo in enumerate(photos)}
    rows = np.array([row_of[file.name] for file in sorted(sample.glob("n*_*.*"))])
    share = right_share(teacher, rows)
    assert share > 0.5, f"ImageNet's classifier knows {share:.0%} of its own classes"
    return teacher


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sightline.training.second", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned photos")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--work", type=Path, default=Path("build/second-work"))
    parser.add_argument("--tuned", type=Path, help="a checkpoint to take tuned towers from")
    parser.add_argument("--steps", type=int, help="fewer for a trial; the recipe's own by default")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
