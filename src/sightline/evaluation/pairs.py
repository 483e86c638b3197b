"""Minimal pairs: does an encoder prefer the caption that is true of a picture to one that isn't?

Reads the files of SugarCrepe (Hsieh et al. 2023, arXiv:2306.14610), one family each: a JSON object
of id → `filename`, `caption`, `negative_caption`. Where a pair also has `negative_filename`, a
picture that the negative caption is true of, it is scored the other way, too, and as a whole, as
Winoground does (Thrush et al. 2022, arXiv:2204.03162).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from sightline.encoders.dual import DualEncoder, Vectors
from sightline.errors import GoldError, PhotoError
from sightline.evaluation.intervals import wilson_interval

CHANCE = 1 / 2
IMAGE_CHANCE = TEXT_CHANCE = 1 / 4
GROUP_CHANCE = 1 / 6
"""Of four random cosines: both larger than their neighbour across; and down; and both at once."""

OnProgress = Callable[[int, int], None]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, a caption true of it, one that isn't; and, maybe, a picture for the latter."""

    filename: str
    caption: str
    negative_caption: str
    negative_filename: str | None = None

    @property
    def filenames(self) -> tuple[str, ...]:
        """One or two."""
        second = () if self.negative_filename is None else (self.negative_filename,)
        return self.filename, *second


class PairFile(msgspec.Struct, frozen=True, kw_only=True):
    """One family: pairs by id, named after its file."""

    name: str
    pairs: dict[str, Pair]


class PairScore(msgspec.Struct, frozen=True, kw_only=True):
    """The cosines of one pair; those of the second picture where it has one."""

    id: str
    cosine: float
    negative_cosine: float
    other_cosine: float | None = None
    """Of the second picture and the caption, which is not true of it."""
    other_negative_cosine: float | None = None

    @property
    def is_right(self) -> bool:
        """The caption is strictly nearer: who can't tell them apart doesn't know."""
        return self.cosine > self.negative_cosine

    @property
    def is_tie(self) -> bool:
        """Both are equally near, as where the model knows no word that differs."""
        return self.cosine == self.negative_cosine

    @property
    def text_is_right(self) -> bool:
        """Each picture prefers its own caption."""
        if self.other_cosine is None or self.other_negative_cosine is None:
            return False
        return self.is_right and self.other_negative_cosine > self.other_cosine

    @property
    def image_is_right(self) -> bool:
        """Each caption prefers its own picture."""
        if self.other_cosine is None or self.other_negative_cosine is None:
            return False
        return self.cosine > self.other_cosine and self.other_negative_cosine > self.negative_cosine


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """A pair whose picture can't be decoded. It counts as wrong everywhere."""

    id: str
    reason: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many right of so many, with Wilson's 95 % interval, and what guessing would give."""

    right: int
    of: int
    low: float
    high: float
    chance: float

    @property
    def value(self) -> float:
        """0 to 1."""
        return self.right / self.of

    @property
    def verdict(self) -> str:
        """In words, by the interval."""
        if self.low > self.chance:
            return "above chance"
        return "below chance" if self.high < self.chance else "no different from chance"


class FamilyResult(msgspec.Struct, frozen=True, kw_only=True):
    """One file's pairs. `text`, `image` and `group` where every pair has two pictures."""

    name: str
    caption: Share
    text: Share | None
    image: Share | None
    group: Share | None
    ties: int
    unusable: tuple[Unusable, ...]
    scores: tuple[PairScore, ...]


class PairsResult(msgspec.Struct, frozen=True, kw_only=True):
    """All files, scored with one model."""

    model: str
    families: tuple[FamilyResult, ...]

    @property
    def overall(self) -> Share:
        """All pairs of all files together."""
        shares = [family.caption for family in self.families]
        return _share(sum(one.right for one in shares), sum(one.of for one in shares), CHANCE)


def read_pairs(path: Path) -> PairFile:
    """Read and check one file.

    Raises:
        GoldError: unreadable, not in this format, an id twice, or an empty or repeated caption.
    """
    try:
        found = json.loads(path.read_bytes(), object_pairs_hook=_no_name_twice)
        pairs = msgspec.convert(found, dict[str, Pair])
    except OSError as error:
        raise GoldError(f"Can't read the pairs {path}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # msgspec's and json's errors are ValueErrors
        raise GoldError(
            f"{path} is no file of pairs: {error}. It should be a JSON object of id → filename, "
            "caption and negative_caption."
        ) from None
    if not pairs:
        raise GoldError(f"{path} holds no pairs.")
    for pair_id, pair in pairs.items():
        texts = pair.caption.strip(), pair.negative_caption.strip()
        if not all(texts) or texts[0] == texts[1]:
            problem = "twice the same caption" if all(texts) else "an empty caption"
            raise GoldError(f"{path}: the pair {pair_id!r} has {problem}; correct or remove it.")
    return PairFile(name=path.stem, pairs=pairs)


def evaluate_pairs(
    encoder: DualEncoder,
    files: Sequence[Path],
    images_folder: Path,
    on_progress: OnProgress = lambda done, total: None,
) -> PairsResult:
    """Score the pairs of some files, whose pictures lie below one folder.

    A pair's result depends on that pair alone: its two texts are embedded together and each picture
    by itself, since in 8-bit models a vector depends a little on what shares its batch.

    Args:
        on_progress: called with pairs done and pairs in all.

    Raises:
        GoldError: a file can't be used, or pictures are missing; nothing was embedded then.
        ModelError: the model can't be used.
    """
    families = [read_pairs(path) for path in files]
    _require_names(families)
    _require_pictures(families, images_folder)

    @cache
    def picture(name: str) -> Vectors:
        (vector,) = encoder.embed_images([images_folder / name])
        return np.asarray(vector)

    total, done = sum(len(family.pairs) for family in families), 0
    results = []
    for family in families:
        scores: list[PairScore] = []
        unusable: list[Unusable] = []
        for pair_id, pair in family.pairs.items():
            try:
                vectors = [picture(name) for name in pair.filenames]
                texts = encoder.embed_texts([pair.caption, pair.negative_caption])
                scores.append(_score(pair_id, vectors, texts))
            except PhotoError as error:
                unusable.append(Unusable(id=pair_id, reason=str(error)))
            done += 1
            on_progress(done, total)
        results.append(family_result(family, scores, unusable))
    return PairsResult(model=encoder.id, families=tuple(results))


def family_result(
    family: PairFile, scores: Sequence[PairScore], unusable: Sequence[Unusable] = ()
) -> FamilyResult:
    """Sum up a family; every pair of the file counts, the unusable ones as wrong."""
    of = len(family.pairs)
    both = all(pair.negative_filename is not None for pair in family.pairs.values())

    def share(right: Iterable[bool], chance: float) -> Share:
        return _share(sum(right), of, chance)

    text = [score.text_is_right for score in scores]
    image = [score.image_is_right for score in scores]
    group = [one and other for one, other in zip(text, image, strict=True)]
    return FamilyResult(
        name=family.name,
        caption=share((score.is_right for score in scores), CHANCE),
        text=share(text, TEXT_CHANCE) if both else None,
        image=share(image, IMAGE_CHANCE) if both else None,
        group=share(group, GROUP_CHANCE) if both else None,
        ties=sum(score.is_tie for score in scores),
        unusable=tuple(unusable),
        scores=tuple(scores),
    )


def pairs_rows(result: PairsResult) -> list[tuple[str, ...]]:
    """A table as plain text, its head first; shares with their intervals in percent."""
    head = ("family", "pairs", "right", "95 %", "chance", "verdict", "text", "image", "group")
    rows: list[tuple[str, ...]] = [head]
    for family in result.families:
        wholes = (family.text, family.image, family.group)
        rows.append(
            (
                family.name,
                *_cells(family.caption),
                *("–" if one is None else f"{one.value:.1%}" for one in wholes),
            )
        )
    if len(result.families) > 1:
        rows.append(("all", *_cells(result.overall), "–", "–", "–"))
    return rows


def _cells(share: Share) -> tuple[str, ...]:
    interval = f"{share.low:.1%} to {share.high:.1%}"
    return f"{share.of:,}", f"{share.value:.1%}", interval, f"{share.chance:.0%}", share.verdict


def _share(right: int, of: int, chance: float) -> Share:
    low, high = wilson_interval(right, of)
    return Share(right=right, of=of, low=low, high=high, chance=chance)


def _score(pair_id: str, pictures: Sequence[Vectors], texts: Vectors) -> PairScore:
    cosines = [[float(np.dot(picture, text)) for text in texts] for picture in pictures]
    other = cosines[1] if len(cosines) > 1 else (None, None)
    return PairScore(
        id=pair_id,
        cosine=cosines[0][0],
        negative_cosine=cosines[0][1],
        other_cosine=other[0],
        other_negative_cosine=other[1],
    )


def _no_name_twice(members: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice")
    return found


def _require_names(families: Sequence[PairFile]) -> None:
    names = [family.name for family in families]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GoldError(f"Two files of pairs are named {twice[0]!r}; rename one of them.")


def _require_pictures(families: Sequence[PairFile], folder: Path) -> None:
    root = folder.resolve()
    wanted = list(
        dict.fromkeys(
            name for family in families for pair in family.pairs.values() for name in pair.filenames
        )
    )
    for name in wanted:
        if "\0" in name or not (root / name).resolve().is_relative_to(root):
            raise GoldError(f"The picture {name!r} of a pair is not below {folder}.")
    missing = [name for name in wanted if not (root / name).is_file()]
    if missing:
        raise GoldError(
            f"{len(missing):,} of {len(wanted):,} pictures are not below {folder}; the first of "
            f"them is {missing[0]!r}. Name the folder that holds them."
        )
