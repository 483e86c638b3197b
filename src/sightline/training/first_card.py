"""The model card of the first bundled model."""

from pathlib import Path

from sightline.training.card import write_card
from sightline.training.export import Description, ExportReport
from sightline.training.heads import Recipe
from sightline.training.measure import Figures


def write_first_card(
    folder: Path, description: Description, recipe: Recipe, report: ExportReport, figures: Figures
) -> None:
    """Write CARD.md into a model folder: `first_card.md` with what was measured."""
    write_card(
        folder,
        Path(__file__).with_suffix(".md"),
        description,
        report,
        figures,
        hidden=recipe.image_hidden,
        seed=recipe.seed,
        epochs=recipe.epochs,
        batch=recipe.batch,
        rate=recipe.rate,
        decay=recipe.weight_decay,
        image_dropout=" / ".join(f"{rate:g}" for rate in recipe.image_dropout),
        text_dropout=" / ".join(f"{rate:g}" for rate in recipe.text_dropout),
    )
