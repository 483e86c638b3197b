"""Sentences → token ids, as the model's own tokenizer cuts them."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.encoders.spec import TextSpec
from sightline.errors import ModelError


class Tokenizer:
    """The `tokenizers` library's tokenizer, set to a model's context length and padding."""

    def __init__(self, definition: bytes, spec: TextSpec, origin: Path) -> None:
        from tokenizers import Tokenizer as FastTokenizer

        try:
            self._fast: Any = FastTokenizer.from_str(definition.decode("utf-8"))
        except Exception as error:  # noqa: BLE001 - the Rust side raises bare Exception
            raise ModelError(f"{origin} is no tokenizer that can be used: {error}.") from None
        self._fast.enable_truncation(max_length=spec.context)
        self._fast.enable_padding(
            pad_id=spec.pad_id,
            length=spec.context if spec.padding == "context" else None,
        )

    def __call__(self, texts: list[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Cut `texts` into ids (n, length) and a mask (n, length) of 1 for token, 0 for padding.

        What exceeds the model's context is cut off, as in training.
        """
        # A lone surrogate (an undecodable byte of a command line) can't reach the Rust side.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encodings = self._fast.encode_batch(clean)
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        return ids, mask
