"""Places as people type them."""

from sightline.errors import QueryError
from sightline.library.filters import Near


def parse_near(text: str) -> Near:
    """Turn `"48.2,16.37,5"` into the circle of 5 km round 48.2° N, 16.37° E.

    Raises:
        QueryError: not three numbers, or no place on Earth.
    """
    try:
        latitude, longitude, km = (float(part) for part in text.split(","))
    except ValueError:
        raise QueryError(
            f"{text!r} is no place; write latitude, longitude and kilometres: 48.2,16.37,5"
        ) from None
    return Near(latitude, longitude, km)
