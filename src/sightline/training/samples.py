"""What to learn from: captioned photos in files, in folders of classes, in tar shards."""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta

from sightline.errors import UnreadablePhoto, UsageError
from sightline.photos.read import read_bytes
from sightline.training.captions import read_captions

_PHOTO_ENDINGS = frozenset(("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"))


class CaptionFile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="captions"
):
    """A JSONL file of `{"file": …, "captions": […]}`; files relative to its folder."""

    path: str


class ClassFolders(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="classes"
):
    """A folder with one folder a class; a class's name is put into each template at `{}`."""

    path: str
    templates: Annotated[tuple[str, ...], Meta(min_length=1)] = ("a photo of a {}",)

    def __post_init__(self) -> None:
        if any("{}" not in template for template in self.templates):
            raise ValueError("each template needs {} where the class's name goes")


class Shards(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="shards"
):
    """Tar files as webdataset writes them: `key.jpg` beside `key.txt` or `key.json`.

    `path` may hold `*`. A text file is one caption; JSON has `caption` or `captions`.
    """

    path: str


Source = CaptionFile | ClassFolders | Shards


@dataclass(frozen=True)
class Sample:
    """A photo and its captions; the photo stays where it is until it is needed.

    Attributes:
        name: for messages: the file, or the shard and the key.
        captions: what it shows; at least one.
        file: the photo, or the shard that holds it.
        length: in bytes; -1 where there is no such file.
        start: where it begins in `file`.
    """

    name: str
    captions: tuple[str, ...]
    file: Path
    length: int
    start: int | None = None

    def read(self) -> bytes:
        """All bytes of the photo.

        Raises:
            UnreadablePhoto, PhotoTooLarge: it can't be read.
        """
        if self.start is None:
            return read_bytes(self.file)
        try:
            with self.file.open("rb") as shard:
                shard.seek(self.start)
                data = shard.read(self.length)
        except OSError as error:
            raise UnreadablePhoto(f"Can't read the shard: {error.strerror}.") from None
        if len(data) < self.length:
            raise UnreadablePhoto("The shard ends in the middle of it.")
        return data


def read_source(source: Source, base: Path) -> list[Sample]:
    """The samples of a source, in a fixed order; no photo is opened yet.

    Raises:
        UsageError: it isn't there, holds no captioned photo, or says something unreadable.
    """
    path = base / Path(source.path).expanduser()
    match source:
        case CaptionFile():
            samples = [
                _in_file(photo.path, photo.captions) for photo in read_captions(path)
            ]  # fmt: skip
        case ClassFolders(templates=templates):
            samples = list(_class_folders(path, templates))
        case Shards():
            samples = [sample for shard in _matching(path) for sample in _in_shard(shard)]
    if not samples:
        raise UsageError(f"{path} holds no captioned photo.")
    return samples


def _in_file(path: Path, captions: tuple[str, ...]) -> Sample:
    try:
        length = path.stat().st_size
    except (OSError, ValueError):
        length = -1
    return Sample(str(path), captions, path, length)


def _class_folders(folder: Path, templates: Sequence[str]) -> Iterator[Sample]:
    try:
        classes = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise UsageError(f"Can't read the classes in {folder}: {error.strerror}.") from None
    for one in classes:
        name = one.name.replace("_", " ")
        captions = tuple(template.replace("{}", name) for template in templates)
        for path in sorted(one.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield _in_file(path, captions)


def _matching(path: Path) -> list[Path]:
    shards = sorted(path.parent.glob(path.name))
    if not shards:
        raise UsageError(f"No shard matches {path}.")
    return shards


class _Caption(msgspec.Struct):
    caption: str | None = None
    captions: tuple[str, ...] = ()


def _in_shard(shard: Path) -> Iterator[Sample]:
    """One pass over the headers: captions are read, photos stay in the shard."""
    photos: dict[str, tarfile.TarInfo] = {}
    captions: dict[str, tuple[str, ...]] = {}
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if not member.isfile():
                    continue
                path = PurePosixPath(member.name)
                stem, _, ending = path.name.partition(".")
                key, ending = str(path.parent / stem), ending.lower()
                if ending in _PHOTO_ENDINGS:
                    photos[key] = member
                elif ending in ("txt", "json"):
                    content = tar.extractfile(member)
                    text = content.read() if content is not None else b""
                    captions[key] = captions.get(key, ()) + _captions_in(
                        text, ending, f"{shard}:{member.name}"
                    )
    except tarfile.ReadError as error:
        if not photos:
            raise UsageError(
                f"{shard} is no plain tar file ({error}). Compressed shards must be unpacked "
                "once: photos are read out of their middle."
            ) from None
        # Cut short: the photos before the end are good, and one cut in two says so when read.
    except OSError as error:
        raise UsageError(f"Can't read the shard {shard}: {error.strerror}.") from None
    for key, member in photos.items():
        if captions.get(key):
            yield Sample(
                f"{shard}:{key}", captions[key], shard, member.size, member.offset_data
            )  # fmt: skip


def _captions_in(content: bytes, ending: str, name: str) -> tuple[str, ...]:
    try:
        if ending == "txt":
            found: tuple[str, ...] = (content.decode("utf-8").strip(),)
        else:
            row = msgspec.json.decode(content, type=_Caption)
            found = row.captions or (row.caption or "",)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UsageError(f"{name} is no caption: {error}.") from None
    return tuple(caption for caption in found if caption)
