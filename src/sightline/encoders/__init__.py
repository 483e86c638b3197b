"""Pixels and words → unit vectors in one space.

`load_encoder(name or folder)` gives a `DualEncoder`; `list_models()` says what there is.
"""

from sightline.encoders.catalogue import DEFAULT_MODEL, ModelEntry, list_models, load_encoder
from sightline.encoders.dual import DualEncoder
from sightline.encoders.spec import ImageSpec, ModelSpec, TextSpec, read_spec

__all__ = [
    "DEFAULT_MODEL",
    "DualEncoder",
    "ImageSpec",
    "ModelEntry",
    "ModelSpec",
    "TextSpec",
    "list_models",
    "load_encoder",
    "read_spec",
]
