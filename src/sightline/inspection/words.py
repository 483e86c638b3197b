"""The `words` inspector: does the photo, or a part of it, look more damaged than faultless?

Windowed zero-shot classification as WinCLIP does it (Jeong et al. 2023, arXiv:2303.14814), with any
dual encoder, offline and without a photo of a faultless piece. What it lacks is a threshold: the
shares of two descriptions say which of them fits better, and for a piece in perfect order that may
well be "damaged". So with doubt allowed it decides only where one description is three times as
likely as the other, and says what would help otherwise. `benchmarks/inspection_words.py` measures
how far that carries; with the bundled model, not beyond chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

import numpy as np

from sightline.encoders.dual import IMAGE_BATCH, DualEncoder, Vectors
from sightline.inspection.pixels import Photo, open_photo
from sightline.inspection.verdict import Box, Decision, Finding, Sent, Task, Verdict
from sightline.inspection.words_map import (
    Level,
    Shares,
    anomaly_map,
    coarse_windows,
    places,
)
from sightline.inspection.words_prompts import (
    UNNAMED,
    States,
    StateVectors,
    shipped_states,
    state_vectors,
)
from sightline.inspection.zoom import tiles

SURE = 0.75
"""Share from which one description is three times as likely as the other."""
WINCLIP_SCALE = 1 / 0.07
"""What WinCLIP multiplies cosines by: for a model of unknown calibration. A CLIP's own scale, 100,
would make a hundredth of a cosine, which a change of wording outweighs, look like a decision."""
MOST_FINDINGS = 3


@dataclass(frozen=True, eq=False)
class _Look:
    """Windows of one size, and what the encoder sees in each: float32 (windows, d)."""

    windows: tuple[Box, ...]
    vectors: Vectors


class WordsInspector:
    """Compares a photo and its parts with words for faultless and for damaged pieces."""

    name = "words"

    def __init__(self, encoder: DualEncoder, states: States | None = None) -> None:
        """Use an encoder, and state words (by default those of `states.json`)."""
        self._encoder = encoder
        self._states = states or shipped_states()
        calibration = encoder.spec.calibration
        self._scale = calibration.scale if calibration else WINCLIP_SCALE
        self._known: dict[tuple[str, tuple[str, ...]], StateVectors] = {}
        self._embedding = Lock()

    def inspect(self, task: Task) -> Verdict:
        """Say whether words for damage fit the photo better, and where they do.

        `task.references` are not used: comparing with them is what the reference inspector does.

        Raises:
            PhotoError: the photo can't be used.
            QueryError: the model knows no word of the product or of a defect.
            ModelError: the model can't be used.
        """
        began = perf_counter()
        vectors = self._vectors_of(task)
        photo = open_photo(task.image)
        looks = self._looks(photo, vectors, task.zoom)
        whole, *parts = (Level(look.windows, self._shares(look.vectors, vectors)) for look in looks)
        shares = anomaly_map(photo.image.width, photo.image.height, parts)
        # As WinCLIP+ fuses them: half what the photo is as a whole, half its most striking place.
        # The whole is no part of the map (WinCLIP has it there): one harmonic mean with it, and a
        # crack in a piece that looks fine from afar could stand out nowhere.
        score = float(whole.shares[0] + shares.max()) / 2
        decision = _decision(score, task.doubt)
        found = places(shares, photo.image.width, photo.image.height, least=_striking(shares))
        return Verdict(
            decision=decision,
            confidence=max(score, 1 - score),
            findings=()
            if decision == "normal"
            else tuple(
                _finding(task, vectors, looks, box, share) for box, share in found[:MOST_FINDINGS]
            ),
            score=score,
            would_help=_would_help(task) if decision == "uncertain" else "",
            sent=self._sent(looks),
            inspector=self.name,
            model=self._encoder.id,
            seconds=perf_counter() - began,
        )

    def _vectors_of(self, task: Task) -> StateVectors:
        asked = (task.product, task.look_for)
        with self._embedding:
            if asked not in self._known:
                self._known[asked] = state_vectors(self._encoder, self._states, *asked)
            return self._known[asked]

    def _looks(self, photo: Photo, vectors: StateVectors, zoom: str) -> list[_Look]:
        """The whole photo, its windows, and what a closer look is asked for."""
        width, height = photo.image.size
        looks = [
            self._look(photo, windows)
            for windows in ((photo.whole,), *coarse_windows(width, height))
        ]
        side = self._encoder.spec.image.size  # a window of this size is not scaled down
        closest = looks[-1]
        if zoom == "none" or max(closest.windows[0].width, closest.windows[0].height) <= side:
            return looks
        within = None
        if zoom == "adaptive":
            hottest = int(self._shares(closest.vectors, vectors).argmax())
            within = closest.windows[hottest]
        return [*looks, self._look(photo, tiles(width, height, side, within=within))]

    def _look(self, photo: Photo, windows: tuple[Box, ...]) -> _Look:
        batches = []
        for at in range(0, len(windows), IMAGE_BATCH):
            crops = [photo.image.crop(_edges(box)) for box in windows[at : at + IMAGE_BATCH]]
            batches.append(self._encoder.embed_images(crops))
        return _Look(windows, np.concatenate(batches))

    def _shares(self, seen: Vectors, vectors: StateVectors) -> Shares:
        """How much better "damaged" fits than "faultless", as a softmax over the two, 0 to 1."""
        difference = (seen @ (vectors.damaged - vectors.normal)).astype(np.float64)
        return np.asarray(1 / (1 + np.exp(-self._scale * difference)), dtype=np.float64)

    def _sent(self, looks: Sequence[_Look]) -> tuple[Sent, ...]:
        side = self._encoder.spec.image.size
        return tuple(
            Sent(crop=box, width=side, height=side, role="tile" if at else "photo")
            for at, look in enumerate(looks)
            for box in look.windows
        )


def _decision(score: float, doubt: bool) -> Decision:
    if doubt and 1 - SURE < score < SURE:
        return "uncertain"
    return "defect" if score > 0.5 else "normal"


def _striking(shares: Shares) -> float:
    """The share from which a place stands out: among this photo's, and not as faultless."""
    return max(0.5, float(np.median(shares) + shares.max()) / 2)


def _finding(
    task: Task, vectors: StateVectors, looks: Sequence[_Look], box: Box, share: float
) -> Finding:
    """What was found in a place: the named defect that fits best what is seen there."""
    seen = max(
        (
            (window, row)
            for look in looks
            for window, row in zip(look.windows, look.vectors, strict=True)
        ),
        key=lambda one: one[0].iou(box),
    )[1]
    kind = vectors.defects[int((vectors.kinds @ seen).argmax())]
    of_product = f" of the {task.product}" if task.product else ""
    best = "" if kind == UNNAMED else f" Of the defects named, “{kind}” fits best."
    return Finding(
        type=kind,
        sentence=f"“Damaged” fits this part{of_product} better than “faultless” does "
        f"({share:.0%} to {1 - share:.0%}).{best}",
        box=box,
        score=share,
    )


def _would_help(task: Task) -> str:
    """The next step, nearest first."""
    steps = []
    if not task.product:
        steps.append("name the product")
    if not task.look_for:
        steps.append("name the defects to look for")
    steps.append("compare with photos of faultless pieces (the reference inspector)")
    return f"Words alone seldom decide; it would help to {', or to '.join(steps)}."


def _edges(box: Box) -> tuple[int, int, int, int]:
    return int(box.left), int(box.top), int(box.right), int(box.bottom)
