"""The model card of the bundled model, written from what was measured."""

from pathlib import Path

from sightline.training.export import Description, ExportReport
from sightline.training.first_card import CARD_FILE
from sightline.training.measure import Figures

_TEMPLATE = Path(__file__).with_suffix(".md")


def write_card(
    folder: Path, description: Description, report: ExportReport, figures: Figures
) -> None:
    """Write CARD.md into a model folder."""
    text = _TEMPLATE.read_text(encoding="utf-8").format(
        title=description.title,
        model=figures.model,
        megabytes=report.bytes / 1e6,
        architecture=description.architecture,
        trained_on=description.trained_on,
        context=description.context,
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
    )
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
