"""How long work says how far it is."""

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


def silent(doing: str, done: int, total: int) -> None:
    """For callers who don't want to know."""
