"""Filters on facts: which photos may answer at all, before any similarity counts."""

import math
import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import QueryError
from sightline.library.place import absolute_path
from sightline.library.spans import path_span

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

_SAME_ENDING = (
    frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    frozenset({"tif", "tiff"}),
    frozenset({"heic", "heif", "hif"}),
    frozenset({"jp2", "j2k", "jpx", "j2c"}),
)


_ISO_MOMENT = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?)?)?)?")


@dataclass(frozen=True)
class Near:
    """Within `km` of a point in degrees (WGS 84)."""

    latitude: float
    longitude: float
    km: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise QueryError(
                f"{self.latitude:g},{self.longitude:g} is no place on Earth: latitude runs from "
                "-90 to 90 and longitude from -180 to 180."
            )
        if not (0 < self.km < math.inf):
            raise QueryError(f"The distance must be above 0 km, not {self.km:g}.")


@dataclass(frozen=True)
class Filters:
    """Conditions that all must hold. A photo without the fact does not pass.

    `after` and `before` are ISO times on the camera's own clock, as `"2021-07"` or longer:
    taken at or after the first moment of `after`, and before the first moment of `before`.
    """

    folder: Path | None = None
    after: str | None = None
    before: str | None = None
    camera: str | None = None
    near: Near | None = None
    extension: str | None = None

    def __post_init__(self) -> None:
        for moment in (self.after, self.before):
            if moment is not None and not _ISO_MOMENT.fullmatch(str(moment)):
                raise QueryError(f"{moment!r} is no moment; write 2021-07 or 2021-07-04T18:30.")
        if self.camera is not None and not self.camera.strip():
            raise QueryError("--camera needs a part of the camera's or the lens's name.")
        if self.extension is not None:
            _endings(self.extension)

    @property
    def path_condition(self) -> tuple[str, list[object]]:
        """SQL over one row of `paths`, true for a path that may be shown."""
        clauses, values = ["paths.gone_in IS NULL"], list[object]()
        if self.folder is not None:
            path = os.fsencode(absolute_path(self.folder))
            clauses.append("paths.path >= ? AND paths.path < ?")
            values += path_span(path, folder=True)
        if self.extension is not None:
            endings = _endings(self.extension)
            clauses.append(f"paths.extension IN ({', '.join('?' * len(endings))})")
            values += endings
        return " AND ".join(clauses), values

    @property
    def photo_condition(self) -> tuple[str, list[object]]:
        """SQL over one row of `photos`."""
        clauses, values = ["photos.copies > 0"], list[object]()
        if self.after is not None:
            clauses.append("photos.taken_at >= ?")
            values.append(self.after)
        if self.before is not None:
            clauses.append("photos.taken_at < ?")
            values.append(self.before)
        for word in (self.camera or "").split():
            clauses.append(
                "instr(lower(coalesce(photos.camera, '') || ' ' || coalesce(photos.lens, '')),"
                " lower(?))"
            )
            values.append(word)
        if self.near is not None:
            clauses.append(
                "photos.latitude BETWEEN ? AND ?"
                " AND distance_km(photos.latitude, photos.longitude, ?, ?) <= ?"
            )
            reach = math.degrees(self.near.km / EARTH_RADIUS_KM)
            values += [
                self.near.latitude - reach,
                self.near.latitude + reach,
                self.near.latitude,
                self.near.longitude,
                self.near.km,
            ]
        if self.folder is not None or self.extension is not None:
            condition, path_values = self.path_condition
            clauses.append(f"photos.id IN (SELECT paths.photo FROM paths WHERE {condition})")
            values += path_values
        return " AND ".join(clauses), values

    @property
    def is_empty(self) -> bool:
        """Whether every photo passes."""
        return self == Filters()


def teach_distance(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL function `distance_km`."""
    connection.create_function("distance_km", 4, distance_km, deterministic=True)


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance of two points in degrees, by the haversine formula (Sinnott 1984)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_lat, half_lon = (phi_b - phi_a) / 2, math.radians(lon_b - lon_a) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


def _endings(extension: str) -> list[str]:
    plain = extension.lower().lstrip(".")
    if not plain:
        raise QueryError("--type needs a file ending, such as jpg or heic.")
    return sorted(next((same for same in _SAME_ENDING if plain in same), {plain}))
