"""What users call: a library of photos, and pictures and words without one."""

from sightline.api.indexing import index
from sightline.api.library import Library
from sightline.api.words import adapt, classify, similarity

__all__ = ["Library", "adapt", "classify", "index", "similarity"]
