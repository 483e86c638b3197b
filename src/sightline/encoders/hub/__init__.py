"""Fetching published models from a hub (https://huggingface.co/docs/hub/api), and nothing else.

Nothing here is imported unless somebody asks for a fetch: a model that is there needs no network.
"""

from sightline.encoders.hub.fetch import Fetched, FetchProgress, fetch_model

__all__ = ["FetchProgress", "Fetched", "fetch_model"]
