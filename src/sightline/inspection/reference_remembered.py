"""What was worked out once and is kept for a while, for several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """The most recent values by key. Of threads that want the same one, one works it out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._turn = Lock()
        self._under_way: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of this key, made if it isn't there; what `make` raises is raised."""
        with self._turn:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            under_way = self._under_way.setdefault(key, Lock())
        with under_way:
            with self._turn:
                if key in self._values:  # made by another thread meanwhile
                    return self._values[key]
            try:
                value = make()
                with self._turn:
                    self._values[key] = value
                    while len(self._values) > self._most:
                        self._values.popitem(last=False)
            finally:
                with self._turn:
                    self._under_way.pop(key, None)
        return value
