"""The pixels behind a finding: its box with some surroundings, as a small file of its own."""

from __future__ import annotations

from pathlib import Path

from sightline.errors import PhotoError
from sightline.inspection.inspected import Inspected
from sightline.inspection.pixels import Limit, Photo, Picture, open_photo, picture
from sightline.inspection.verdict import Finding
from sightline.inspection.vlm.records import write_whole
from sightline.inspection.zoom import tighter

FULL_SIZE = Limit(side=4096, pixels=16_000_000)
"""Crops that are kept have the photo's own pixels, up to this size."""
_ENDING = {"image/jpeg": ".jpg", "image/png": ".png"}


def evidence_crop(photo: Photo, finding: Finding, limit: Limit = FULL_SIZE) -> Picture | None:
    """The part of the photo that a finding is about; None where it names no place in it."""
    inside = None if finding.box is None else finding.box.intersection(photo.whole)
    if inside is None or inside.width <= 0 or inside.height <= 0:
        return None
    return picture(photo, tighter(inside, photo.whole), limit, "crop")


def save_crops(folder: Path, inspected: Inspected) -> tuple[Path | None, ...]:
    """Write the crop of each finding into a folder; None for one that names no place.

    A crop is named by what it shows, the hash of the photo and the edges in pixels, so the same run
    again writes the same files. Its metadata is none.

    Raises:
        InspectionError: the folder can't be written.
    """
    findings = inspected.verdict.findings if inspected.verdict else ()
    if not any(finding.box for finding in findings):
        return (None,) * len(findings)
    try:
        photo = open_photo(inspected.path)
    except PhotoError:  # gone since it was inspected
        return (None,) * len(findings)
    crops = [evidence_crop(photo, finding) for finding in findings]
    return tuple(None if crop is None else _save(folder, photo, crop) for crop in crops)


def _save(folder: Path, photo: Photo, crop: Picture) -> Path:
    box = crop.sent.crop
    edges = "-".join(f"{edge:.0f}" for edge in (box.left, box.top, box.right, box.bottom))
    file = folder / f"{photo.hash[:16]}-{edges}{_ENDING[crop.media]}"
    write_whole(file, crop.data)
    return file
