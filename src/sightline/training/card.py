"""Model cards: a page written by hand, with the measured figures put in."""

from pathlib import Path

from sightline.training.export import Description, ExportReport
from sightline.training.measure import Figures

CARD_FILE = "CARD.md"


def write_card(
    folder: Path,
    page: Path,
    description: Description,
    report: ExportReport,
    figures: Figures,
    **more: object,
) -> None:
    """Write CARD.md into a model folder.

    Args:
        page: the text, with `{names}` where figures go, as `str.format` knows them.
        more: what else this page speaks of.
    """
    text = page.read_text(encoding="utf-8").format(
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
        **more,
    )
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
