"""Vectors of many sentences, made once for a run folder and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.encoders import DualEncoder
from sightline.evaluation.gold import write_whole
from sightline.evaluation.progress import OnProgress

_PORTION = 256


@dataclass(frozen=True)
class KeptTexts:
    """Embeds texts through files in `folder`, each named by model and texts."""

    folder: Path
    on_progress: OnProgress

    def embed(self, encoder: DualEncoder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit rows, float32 (n, d), in the order given; a killed run keeps what it had."""
        portions = []
        for at in range(0, len(texts), _PORTION):
            self.on_progress("embedding captions", at, len(texts))
            portions.append(self._portion(encoder, texts[at : at + _PORTION]))
        if not portions:
            return np.empty((0, encoder.dimensions), dtype=np.float32)
        return np.concatenate(portions)

    def _portion(self, encoder: DualEncoder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        name = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
        path = self.folder / f"{encoder.id}-{name[:24]}.npy"
        shape = (len(texts), encoder.dimensions)
        kept = read_kept(path)
        if kept is not None and kept.dtype == np.float32 and kept.shape == shape:
            return kept
        vectors = encoder.embed_texts(texts)
        stream = BytesIO()
        np.save(stream, vectors)
        write_whole(path, stream.getvalue())
        return vectors


def read_kept(path: Path) -> npt.NDArray[Any] | None:
    """An array that an earlier run kept; None where there is none that can be read."""
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TokenError):  # the last two of its header
        return None
    return kept if isinstance(kept, np.ndarray) else None
