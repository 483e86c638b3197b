"""Sentences → token ids, as the model's own tokenizer cuts them."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.encoders.spec import Cleaning, TextSpec
from sightline.errors import ModelError


class Tokenizer:
    """The `tokenizers` library's tokenizer, set to a model's context length and padding."""

    def __init__(self, definition: bytes, spec: TextSpec, origin: Path) -> None:
        from tokenizers import Tokenizer as FastTokenizer

        try:
            self._fast: Any = FastTokenizer.from_str(definition.decode("utf-8"))
        except Exception as error:  # noqa: BLE001 - the Rust side raises bare Exception
            raise ModelError(f"{origin} is no tokenizer that can be used: {error}.") from None
        self._how: Cleaning = spec.clean
        # Special tokens are put round what is left: a causal tower keeps the end it reads from.
        self._fast.enable_truncation(max_length=spec.context)
        self._fast.enable_padding(
            pad_id=spec.pad_id,
            length=spec.context if spec.padding == "context" else None,
        )

    def __call__(self, texts: list[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Cut `texts` into ids (n, length) and a mask (n, length) of 1 for token, 0 for padding.

        What exceeds the model's context is cut off, as in training.
        """
        encodings = self._fast.encode_batch([self._clean(text) for text in texts])
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        return ids, mask

    def knows(self, text: str) -> bool:
        """Whether any token of `text` is neither special nor the unknown one."""
        unknown = getattr(self._fast.model, "unk_token", None)
        tokens = self._fast.encode(self._clean(text), add_special_tokens=False).tokens
        return any(token != unknown for token in tokens)

    def _clean(self, text: str) -> str:
        """What the family's training made of a text.

        A lone surrogate (an undecodable byte of a command line) can't reach the Rust side.
        """
        text = text.encode("utf-8", "replace").decode("utf-8")
        if self._how == "none":
            return text
        from sightline.encoders.cleaning import clean

        return clean(text, self._how)
