"""Teaching real words from real photos: groceries, with the bundled model."""

from pathlib import Path

import pytest

import sightline
from sightline import Library
from sightline.adaptation.examples import Example, read_examples

KINDS = (
    "Granny Smith",
    "Leek",
    "Garlic",
    "Kiwi",
    "Oatly Oat Milk",
    "Red Beet",
    "Zucchini",
    "Papaya",
)


def of_kinds(file: Path) -> list[Example]:
    """The photos of eight kinds."""
    return [example for example in read_examples(file) if example.label in KINDS]


@pytest.fixture(scope="module")
def taught(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of four photos of each of eight kinds."""
    folder = tmp_path_factory.mktemp("taught")
    lines = (shared_data / "grocery/train.jsonl").read_text(encoding="utf-8").splitlines()
    here = str(shared_data / "grocery/train")
    wanted = [line for line in lines if any(f'"{kind}"' in line for kind in KINDS)]
    rows = folder / "rows.jsonl"
    rows.write_text("\n".join(wanted).replace('"train', f'"{here}'), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(folder))
        return sightline.adapt(rows, "groceries", shots=4, out=folder / "g.adapter").file


def test_four_photos_of_each_kind_beat_words_by_far(shared_data: Path, taught: Path) -> None:
    examples = of_kinds(shared_data / "grocery/val.jsonl")
    photos = [example.path for example in examples]

    def share_right(**options: object) -> float:
        found = sightline.classify(photos, **options)  # type: ignore[arg-type]
        return sum(
            one.labels[0].label == example.label
            for one, example in zip(found, examples, strict=True)
        ) / len(examples)

    assert share_right(adapter=taught) > share_right(labels=KINDS) + 0.2


def test_a_search_finds_what_was_taught_among_everyday_photos(
    shared_data: Path, taught: Path, tmp_path: Path
) -> None:
    examples = of_kinds(shared_data / "grocery/val.jsonl")
    own = {kind: {example.path for example in examples if example.label == kind} for kind in KINDS}
    with Library.create(tmp_path / "library") as library:
        library.index([*(example.path for example in examples), shared_data / "originals"])

        def found(**options: object) -> int:
            return sum(
                match.path in photos
                for kind, photos in own.items()
                if photos
                for match in library.search(kind, k=len(photos), **options)  # type: ignore[arg-type]
            )

        assert found(adapter=taught) > found() + len(examples) / 5
        plain = library.search("a dog in the snow", k=5)
        assert library.search("a dog in the snow", k=5, adapter=taught) == plain
