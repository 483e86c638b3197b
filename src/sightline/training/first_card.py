"""The model card of the first bundled model, written from what was measured."""

from pathlib import Path

from sightline.training.export import Description, ExportReport
from sightline.training.heads import Recipe
from sightline.training.measure import Figures

CARD_FILE = "CARD.md"

_TEMPLATE = Path(__file__).with_suffix(".md")


def write_card(
    folder: Path,
    description: Description,
    recipe: Recipe,
    report: ExportReport,
    figures: Figures,
    context: int,
) -> None:
    """Write CARD.md into a model folder."""
    text = _TEMPLATE.read_text(encoding="utf-8").format(
        title=description.title,
        model=figures.model,
        megabytes=report.bytes / 1e6,
        architecture=description.architecture,
        trained_on=description.trained_on,
        hidden=recipe.image_hidden,
        seed=recipe.seed,
        epochs=recipe.epochs,
        batch=recipe.batch,
        rate=recipe.rate,
        decay=recipe.weight_decay,
        image_dropout=" / ".join(f"{rate:g}" for rate in recipe.image_dropout),
        text_dropout=" / ".join(f"{rate:g}" for rate in recipe.text_dropout),
        retrieval="\n".join(
            f"| {of.name} | {of.photos:,} / {of.captions:,} | {of.text_to_image} "
            f"| {of.image_to_text} |"
            for of in figures.sets
        ),
        classes=figures.classes.classes,
        top_1=figures.classes.top_1,
        top_5=figures.classes.top_5,
        losses="\n".join(
            f"| {loss.name} | {loss.in_float} | {loss.shipped} |" for loss in report.losses
        ),
        shipped_ms=report.shipped_ms,
        float_ms=report.float_ms,
        cosine=report.lowest_cosine,
        context=context,
    )
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
