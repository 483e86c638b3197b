"""Draw `docs/images/inspection-right.jpg` and `inspection-wrong.jpg`, and print their verdicts.

    python docs/build_inspection_pictures.py

Drawn steel plates are inspected beside a dozen other drawn plates, as the real photos of
docs/inspection.md were beside theirs; the second picture does to plates what misled there.
Green is where the defect was drawn, red what the inspector marked.
"""

import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from sightline.encoders import load_encoder
from sightline.inspection.injection import SIZE, Case, cases, draw
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.verdict import Box, Inspector, Task, Verdict
from sightline.inspection.words import WordsInspector

IMAGES = Path(__file__).parent / "images"
REFERENCES = 12
WIDTH, WORDS = 300, 30
BENCH = (62, 66, 60)

Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Example:
    """A picture, what is shown beside it, and where its defect is, if anywhere."""

    title: str
    picture: Image.Image
    references: Sequence[Image.Image]
    box: Box | None
    inspector: Inspector


def main() -> None:
    """Draw, inspect, and put the pictures together."""
    encoder = load_encoder()
    reference, words = ReferenceInspector(encoder), WordsInspector(encoder)
    plates = [_moved(_plate("none", seed), seed) for seed in range(100, 100 + REFERENCES)]

    def compared(title: str, defect: str, change: Change = lambda image: image) -> Example:
        return Example(title, change(_plate(defect, 1)), plates, _box(defect, 1), reference)

    crop = (160, 90, 400, 270)
    _draw(
        "inspection-right.jpg",
        [
            compared("a crack", "crack"),
            compared("a hole that was not drilled", "missing hole"),
            compared("a faultless plate", "none"),
        ],
    )
    _draw(
        "inspection-wrong.jpg",
        [
            compared("faultless, a shadow on a corner", "none", _shadow),
            compared("no plate at all", "none", lambda _: Image.new("RGB", SIZE, BENCH)),
            compared("faultless, only a part is shown", "none", lambda image: image.crop(crop)),
            Example("the crack, asked in words", _plate("crack", 1), (), _box("crack", 1), words),
        ],
    )


def _plate(defect: str, seed: int) -> Image.Image:
    return draw(_case(defect, seed))


def _box(defect: str, seed: int) -> Box | None:
    return _case(defect, seed).box


def _case(defect: str, seed: int) -> Case:
    found = (case for case in cases(seed + 1) if case.seed == seed and case.words == "none")
    return next(case for case in found if case.defect == defect)


def _moved(image: Image.Image, seed: int) -> Image.Image:
    """As the next plate lies: turned by up to two degrees, shifted by a few pixels."""
    turned = image.rotate(seed % 5 - 2, Image.Resampling.BICUBIC, fillcolor=BENCH)
    return turned.transform(
        SIZE, Image.Transform.AFFINE, (1, 0, seed % 7 - 3, 0, 1, seed % 3 - 1), fillcolor=BENCH
    )


def _shadow(image: Image.Image) -> Image.Image:
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rectangle((0, 0, 200, 130), fill=170)
    black = Image.new("RGB", image.size)
    return Image.composite(black, image, mask.filter(ImageFilter.GaussianBlur(18)))


def _draw(name: str, examples: Sequence[Example]) -> None:
    font = ImageFont.load_default(13)
    height = WIDTH * SIZE[1] // SIZE[0]
    across = 2 if len(examples) % 2 == 0 else 3
    rows = -(-len(examples) // across)
    sheet = Image.new("RGB", (across * (WIDTH + 8), rows * (height + WORDS)), "white")
    pen = ImageDraw.Draw(sheet)
    for at, example in enumerate(examples):
        verdict = _inspected(example)
        said = f"{example.title}: {verdict.decision}, {verdict.confidence:.0%}"
        sys.stdout.write(f"{name}: {said}, {len(verdict.findings)} boxes\n")
        x, y = at % across * (WIDTH + 8), at // across * (height + WORDS)
        sheet.paste(_marked(example, verdict).resize((WIDTH, height)), (x, y))
        pen.multiline_text((x + 2, y + height + 4), textwrap.fill(said, 50), "black", font)
    sheet.save(IMAGES / name, quality=82)


def _inspected(example: Example) -> Verdict:
    with TemporaryDirectory() as folder:
        photo, *references = (
            _written(image, Path(folder, f"{at}.png"))
            for at, image in enumerate([example.picture, *example.references])
        )
        task = Task(
            image=photo,
            product="a steel plate with four holes",
            references=tuple(references),
            doubt=bool(references),
        )
        return example.inspector.inspect(task)


def _written(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def _marked(example: Example, verdict: Verdict) -> Image.Image:
    marked = example.picture.copy()
    pen = ImageDraw.Draw(marked)
    found = [finding.box for finding in verdict.findings if finding.box is not None]
    for box in found:
        pen.rectangle((box.left, box.top, box.right, box.bottom), outline="red", width=4)
    if example.box is not None:
        box = example.box
        pen.rectangle(
            (box.left - 8, box.top - 8, box.right + 8, box.bottom + 8), outline="lime", width=4
        )
    return marked


if __name__ == "__main__":
    main()
