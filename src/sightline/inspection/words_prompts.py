"""State words → two directions in a model's space: how faultless and how damaged pieces are told.

The compositional prompt ensemble of WinCLIP (Jeong et al. 2023, arXiv:2303.14814, section 4.1):
every state of the product in every template, and the mean of their vectors. The words are this
project's own and stand in `states.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from sightline.encoders.dual import DualEncoder, Vectors
from sightline.errors import UsageError
from sightline.retrieval.query import require_words

UNNAMED = "damage"
"""The type of a finding where nobody said what to look for."""


class States(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words for states. `{product}` and `{defect}` are where the user's words go.

    Attributes:
        templates: sentences round a state; `{}` is where it goes.
        normal: how a faultless product is called.
        damaged: how any damaged product is called.
        own: how a product with a named defect is called.
        unnamed: stands for the product where nobody says what it is.
    """

    templates: tuple[str, ...]
    normal: tuple[str, ...]
    damaged: tuple[str, ...]
    own: tuple[str, ...]
    unnamed: str


@dataclass(frozen=True, eq=False)
class StateVectors:
    """What photos of one product are compared with.

    Attributes:
        normal: float32 (d,), the direction of a faultless piece.
        damaged: float32 (d,), that of a damaged one.
        defects: the defects that were named, or `UNNAMED`.
        kinds: float32 (defects, d), the direction of each.
    """

    normal: Vectors
    damaged: Vectors
    defects: tuple[str, ...]
    kinds: Vectors


@cache
def shipped_states() -> States:
    """The states of `states.json`."""
    return msgspec.json.decode(Path(__file__).with_name("states.json").read_bytes(), type=States)


def state_vectors(
    encoder: DualEncoder, states: States, product: str, look_for: Sequence[str]
) -> StateVectors:
    """Embed the states of a product.

    Where defects are named, they count as much as all general words for damage together.

    Raises:
        QueryError: the model knows no word of the product or of a defect.
        UsageError: a defect is an empty text.
    """
    defects = [" ".join(defect.split()) for defect in look_for]
    if not all(defects):
        raise UsageError("A defect to look for is an empty text; name it or leave it out.")
    name = " ".join(product.split()) or states.unnamed
    require_words([name, *defects], encoder)
    normal = _ensemble(encoder, states.templates, [_filled(one, name) for one in states.normal])
    damage = _ensemble(encoder, states.templates, [_filled(one, name) for one in states.damaged])
    if not defects:
        return StateVectors(normal, damage, (UNNAMED,), damage[None])
    kinds = np.stack(
        [
            _ensemble(encoder, states.templates, [_filled(one, name, defect) for one in states.own])
            for defect in defects
        ]
    )
    damaged = _direction(np.stack([damage, _direction(kinds)]))
    return StateVectors(normal, damaged, tuple(defects), kinds)


def _filled(state: str, product: str, defect: str = "") -> str:
    """A state with its words in place; `replace`, since a user's words may hold braces."""
    before, *after = state.split("{product}")
    return product.join(part.replace("{defect}", defect) for part in (before, *after))


def _ensemble(encoder: DualEncoder, templates: Sequence[str], states: Sequence[str]) -> Vectors:
    sentences = [template.replace("{}", state) for template in templates for state in states]
    return _direction(encoder.embed_texts(sentences))


def _direction(vectors: Vectors) -> Vectors:
    """The mean of unit rows, float32 (n, d), as a unit vector (d,)."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)
