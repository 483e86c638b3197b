"""Settings by cross-validation, and the adapter that they make.

Every candidate is fitted on all folds but one and judged on that one, by log-loss: with a few
photos a class, the share that is right takes steps too coarse to choose by. The words' own logits
are added with a weight that is chosen with it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from sightline.adaptation import residual, tip_adapter
from sightline.adaptation.damping import Noise, noise_of
from sightline.adaptation.residual import ResidualAdapter, ResidualSetting
from sightline.adaptation.shots import Classes, Shots, Vectors
from sightline.adaptation.tip_adapter import TipAdapter, TipSetting
from sightline.adaptation.validation import Share, best_scale, folds, log_loss, top_1

Method = Literal["cache", "residual", "both"]
METHODS: tuple[Method, ...] = ("cache", "residual", "both")
Setting = TypeVar("Setting", TipSetting, ResidualSetting)

_WORDS = (0.0, 0.1, 0.3, 1.0)
"""Weights of the words' logits, times the scale at which they are most honest on the shots."""
_BLENDS = (0.25, 0.5, 0.75)
_ONE_SHOT_METHOD: Method = "residual"
_ONE_SHOT_WORDS = 0.3


@dataclass(frozen=True, eq=False)
class Parts:
    """What an adapter's logits are the sum of: `words` · x Tᵀ, a cache, a residual adapter."""

    words: float
    cache: TipAdapter | None
    residual: ResidualAdapter | None

    def logits(self, photos: Vectors, texts: Vectors) -> Vectors:
        """Float32 (n, c) for photos float32 (n, d) and the labels' vectors `texts` (c, d)."""
        total = self.words * (photos @ texts.T)
        for part in (self.cache, self.residual):
            if part is not None:
                total = total + part.logits(photos)
        return np.asarray(total, dtype=np.float32)

    def scaled(self, factor: float) -> "Parts":
        """The same with all logits times `factor`."""
        cache, learned = self.cache, self.residual
        return Parts(
            self.words * factor,
            cache and replace(cache, alpha=cache.alpha * factor),
            learned and replace(learned, scale=learned.scale * factor),
        )


@dataclass(frozen=True)
class Figures:
    """Top-1 on photos held out: of the words alone, and of each method.

    `photos` counts them; 0 where no class had two photos, and then nothing could be measured.
    """

    photos: int
    words: Share | None
    methods: dict[Method, Share]


def choose(
    shots: Shots, texts: Vectors, method: Method | Literal["auto"], seed: int
) -> tuple[Method, Parts, Figures]:
    """Fit one method, or the one that does best on photos held out.

    Args:
        texts: the labels' vectors from words, float32 (count, d), unit rows.
    """
    wanted: tuple[Method, ...] = METHODS
    if method == "cache" or method == "residual":
        wanted = (method,)
    fitted, figures = fit_methods(shots, texts, wanted, seed)
    if method != "auto":
        return method, fitted[method].parts, figures
    best = min(fitted, key=lambda name: fitted[name].loss) if figures.photos else _ONE_SHOT_METHOD
    return best, fitted[best].parts, figures


def fit_methods(
    shots: Shots, texts: Vectors, methods: Sequence[Method], seed: int
) -> tuple[dict[Method, "Fitted"], Figures]:
    """Fit several methods on one deal of the shots over folds. `both` needs the other two."""
    words = best_scale(shots.photos @ texts.T * 100, shots.classes) * 100
    dealt = folds(shots.classes, seed)
    held = np.flatnonzero(dealt >= 0)
    if not len(held):
        return {name: _one_shot(shots, words, name) for name in methods}, Figures(0, None, {})
    trial = _Trial(shots, texts, words, dealt, held)
    fitted: dict[Method, Fitted] = {name: trial.fitted(name) for name in methods if name != "both"}
    if "both" in methods:
        fitted["both"] = trial.blended(fitted["cache"], fitted["residual"])
    shares = {name: top_1(one.held, trial.answers) for name, one in fitted.items()}
    return fitted, Figures(len(held), top_1(trial.words_logits, trial.answers), shares)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Parts fitted on all shots; the logits that their like gave to photos held out, and the loss.

    Where nothing could be held out there are no such logits, and no loss is known.
    """

    parts: Parts
    held: Vectors
    loss: float


class _Trial:
    """One deal of the shots over folds, on which candidates are compared."""

    def __init__(
        self, shots: Shots, texts: Vectors, words: float, dealt: Classes, held: Classes
    ) -> None:
        self._shots = shots
        self._words = words
        self._folds = [dealt == fold for fold in range(dealt.max() + 1)]
        self._held = held
        self.answers = shots.classes[held]
        self.words_logits = shots.photos[held] @ texts.T

    def fitted(self, method: Method) -> Fitted:
        if method == "cache":
            tip, words, held = self._best(tip_adapter.GRID, TipAdapter.of)
            return self._finished(Parts(words, TipAdapter.of(self._shots, tip), None), held)
        learned, words, held = self._best_residual()
        return self._finished(Parts(words, None, ResidualAdapter.of(self._shots, learned)), held)

    def blended(self, cache: Fitted, learned: Fitted) -> Fitted:
        """The best weighted sum of two candidates, each honest by itself."""

        def held(blend: float) -> Vectors:
            share = np.float32(blend)
            return np.asarray((1 - share) * cache.held + share * learned.held)

        blend = min(_BLENDS, key=lambda one: log_loss(held(one), self.answers))
        first, second = cache.parts.scaled(1 - blend), learned.parts.scaled(blend)
        parts = Parts(first.words + second.words, first.cache, second.residual)
        return self._finished(parts, held(blend))

    def _finished(self, parts: Parts, held: Vectors) -> Fitted:
        scale = best_scale(held, self.answers)
        return Fitted(parts.scaled(scale), scale * held, log_loss(scale * held, self.answers))

    def _best_residual(self) -> tuple[ResidualSetting, float, Vectors]:
        """First what is noise, with nothing learned; then how much to learn."""
        noise: dict[tuple[int, float], Noise] = {}

        def fit(part: Shots, setting: ResidualSetting) -> ResidualAdapter:
            key = (id(part), setting.within)
            if key not in noise:
                noise[key] = noise_of(part, setting.within)
            return ResidualAdapter.of(part, setting, noise[key])

        still = [
            ResidualSetting(within, granted, None)
            for within in residual.WITHIN
            for granted in residual.GRANTED
        ]
        setting, _, _ = self._best(still, fit)
        return self._best([replace(setting, decay=decay) for decay in residual.DECAYS], fit)

    def _best(
        self,
        settings: Iterable[Setting],
        fit: Callable[[Shots, Setting], TipAdapter | ResidualAdapter],
    ) -> tuple[Setting, float, Vectors]:
        """The setting, and the weight of the words, with the least log-loss on photos held out."""
        trained = [self._shots.part(~fold) for fold in self._folds]
        best: tuple[float, Setting, float, Vectors] | None = None
        for setting in settings:
            logits = np.empty((len(self._shots.classes), self._shots.count), dtype=np.float32)
            for fold, part in zip(self._folds, trained, strict=True):
                logits[fold] = fit(part, setting).logits(self._shots.photos[fold])
            for share in _WORDS:
                words = np.float32(share * self._words)
                held = logits[self._held] + words * self.words_logits
                scale = np.float32(best_scale(held, self.answers))
                loss = log_loss(scale * held, self.answers)
                if best is None or loss < best[0]:
                    best = loss, setting, float(words), held
        assert best is not None
        return best[1:]


def _one_shot(shots: Shots, words: float, method: Method) -> Fitted:
    """With one photo a class there is nothing to hold out: settings that did well elsewhere."""
    words *= _ONE_SHOT_WORDS
    cache = TipAdapter.of(shots, tip_adapter.ONE_SHOT)
    learned = ResidualAdapter.of(shots, residual.ONE_SHOT)
    parts = {
        "cache": Parts(words, cache, None),
        "residual": Parts(words, None, learned),
        "both": Parts(words, cache, learned).scaled(0.5),
    }[method]
    return Fitted(parts, np.empty((0, shots.count), dtype=np.float32), float("nan"))
