"""Draw `docs/images/failures.jpg`: generated pictures of which the model prefers the false caption.

    python docs/build_failures.py build/experiments/scenes

The folder is one that `sightline scenes` (or `make experiments`) wrote. Of each family the first
pair that goes wrong is shown, with both cosines.
"""

import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sightline.encoders import load_encoder
from sightline.evaluation.pairs import read_pairs

FAMILIES = ("attribute", "negation", "position", "texture", "text", "tiny")
SIDE, WORDS, ACROSS = 256, 118, 3
TARGET = Path(__file__).parent / "images" / "failures.jpg"


def main(scenes: Path) -> None:
    """Find one failure a family, and draw them side by side."""
    encoder = load_encoder()
    font = ImageFont.load_default(13)
    rows = -(-len(FAMILIES) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * (SIDE + 8), rows * (SIDE + WORDS)), "white")
    draw = ImageDraw.Draw(sheet)
    for at, family in enumerate(FAMILIES):
        for pair in read_pairs(scenes / "pairs" / f"{family}.json").pairs.values():
            picture = scenes / "images" / pair.filename
            (photo,) = encoder.embed_images([picture])
            true, false = encoder.embed_texts([pair.caption, pair.negative_caption]) @ photo
            if false > true:
                x, y = at % ACROSS * (SIDE + 8), at // ACROSS * (SIDE + WORDS)
                with Image.open(picture) as image:
                    sheet.paste(image.convert("RGB").resize((SIDE, SIDE)), (x, y))
                lines = [
                    f"{family}",
                    *textwrap.wrap(f"true  {true:.3f}  {pair.caption}", 40),
                    *textwrap.wrap(f"false {false:.3f}  {pair.negative_caption}", 40),
                ]
                draw.multiline_text((x + 2, y + SIDE + 3), "\n".join(lines), "black", font)
                break
    sheet.save(TARGET, quality=88)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "pairs").is_dir():
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
