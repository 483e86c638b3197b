"""What photos stand in these folders: found by ending, with one `stat` a file, read by no one yet.

Nothing is opened but folders and `.sightlineignore` files. The order is the same on every run:
a folder's photos by name, then its folders by name, then what links lead to.
"""

# Plain `os.path` here: names must stay what they are, and 100,000 `Path` objects take a second.
# ruff: noqa: PTH100, PTH116, PTH118, PTH122

import errno
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sightline.photos.ignore import (
    IGNORE_FILE,
    Patterns,
    exclude_patterns,
    ignore_file_patterns,
    is_hidden,
    is_ignored,
    is_ignored_file,
    is_ignored_folder,
)

PHOTO_ENDINGS = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff",
        ".bmp", ".dib", ".gif", ".avif", ".avifs", ".heic", ".heics", ".heif", ".heifs", ".hif",
        ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx",
        # camera raw, by maker
        ".dng", ".gpr", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".orf",
        ".rw2", ".raf", ".pef", ".srw", ".x3f", ".mrw", ".3fr", ".fff", ".iiq", ".erf", ".kdc",
        ".dcr", ".mos", ".rwl",
    }
)  # fmt: skip

OnError = Callable[[bytes, str], None]


@dataclass(frozen=True)
class FoundFile:
    """A file that may be a photo, as the folder listing knows it.

    Attributes:
        path: absolute, in the file system's own bytes (`os.fsdecode` turns it back).
        size: in bytes.
        mtime_ns: time of the last change, in nanoseconds since 1970.
    """

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class WalkRules:
    """What is left out of a walk.

    Attributes:
        exclude: gitignore patterns, relative to each root; they outweigh `.sightlineignore`.
        include_hidden: hidden files and folders, too.
        follow_links: what symbolic links and junctions lead to, too; each folder once.
    """

    exclude: tuple[str, ...] = ()
    include_hidden: bool = False
    follow_links: bool = False


def walk(roots: Sequence[Path], rules: WalkRules, on_error: OnError) -> Iterator[FoundFile]:
    """All photos below these folders, each path once.

    A root that is a file is taken whatever its name; a root that is a folder is entered even if
    its name is one that the walk leaves out elsewhere.

    Args:
        on_error: called with the path and a plain reason for each thing that can't be walked.

    Raises:
        UsageError: `rules.exclude` holds no gitignore pattern.
    """
    folders: list[str] = []
    files: list[str] = []
    for root in sorted({os.path.abspath(root) for root in roots}):
        try:
            status = os.stat(root)
        except OSError as error:
            on_error(os.fsencode(root), plain_reason(error))
            continue
        (folders if stat.S_ISDIR(status.st_mode) else files).append(root)

    done = set(files)
    for file in files:
        yield from _found(file, on_error)
    for root in folders:
        yield from _Walk(root, rules, on_error, done).run()


def plain_reason(error: OSError) -> str:
    """A sentence for what the system said no to."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "It isn't there."
        case errno.EACCES | errno.EPERM:
            return "No permission to read it."
        case errno.ELOOP:
            return "A symbolic link that leads in a circle."
        case errno.ENAMETOOLONG:
            return "Its path is longer than the system allows."
    return f"The system can't read it: {error.strerror or error}."


@dataclass(frozen=True)
class _Folder:
    """A folder to list.

    Attributes:
        path: as reached from the root.
        real: the same folder's path without links; not known before a link's turn comes.
        scopes: the patterns that apply in it, outermost first.
    """

    path: str
    real: str
    scopes: tuple[Patterns, ...] = ()


@dataclass
class _Walk:
    """One walk below one root.

    Attributes:
        done: paths of folders and files that need no second visit, shared by all roots.
    """

    root: str
    rules: WalkRules
    on_error: OnError
    done: set[str]
    exclude: Patterns | None = field(init=False)
    pending: list[_Folder] = field(default_factory=list)
    links: deque[_Folder] = field(default_factory=deque)
    visited: set[str] = field(default_factory=set)  # real paths, to leave circles of links

    def __post_init__(self) -> None:
        self.exclude = exclude_patterns(self.rules.exclude, self.root)

    def run(self) -> Iterator[FoundFile]:
        scopes = _scopes_above(self.root, self.on_error)
        yield from self._photos_in(_Folder(self.root, os.path.realpath(self.root), scopes))
        while self.pending or self.links:
            if self.pending:
                folder = self.pending.pop()
            else:
                # Links come last: a folder that is reached directly, too, keeps its own path.
                link = self.links.popleft()
                folder = replace(link, real=os.path.realpath(link.path))
            yield from self._photos_in(folder)

    def _photos_in(self, folder: _Folder) -> Iterator[FoundFile]:
        """A folder's own photos; its folders are put off."""
        if folder.path in self.done or folder.real in self.visited:
            return
        self.done.add(folder.path)
        if self.rules.follow_links:
            self.visited.add(folder.real)
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.on_error(os.fsencode(folder.path), plain_reason(error))
            return

        scopes = self._scopes_in(folder, entries)
        below = []
        for entry in entries:
            try:
                link = _is_link(entry)
                if link and not self.rules.follow_links:
                    continue
                is_folder = entry.is_dir()
                if not is_folder and not _has_photo_ending(entry.name):
                    continue
                if not self._is_wanted(entry, is_folder, scopes):
                    continue
            except OSError as error:
                self.on_error(os.fsencode(entry.path), plain_reason(error))
                continue
            if not is_folder:
                if entry.path not in self.done:
                    yield from _found(entry.path, self.on_error)
            elif link:
                self.links.append(_Folder(entry.path, "", scopes))
            else:
                real = os.path.join(folder.real, entry.name)
                below.append(_Folder(entry.path, real, scopes))
        self.pending.extend(reversed(below))

    def _scopes_in(
        self, folder: _Folder, entries: Sequence["os.DirEntry[str]"]
    ) -> tuple[Patterns, ...]:
        if all(entry.name != IGNORE_FILE for entry in entries):
            return folder.scopes
        own = ignore_file_patterns(folder.path, self.on_error)
        return (*folder.scopes, own) if own else folder.scopes

    def _is_wanted(
        self, entry: "os.DirEntry[str]", is_folder: bool, scopes: tuple[Patterns, ...]
    ) -> bool:
        if is_ignored_folder(entry.name) if is_folder else is_ignored_file(entry.name):
            return False
        if not self.rules.include_hidden and is_hidden(entry):
            return False
        if self.exclude and self.exclude.verdict(entry.path, is_folder):
            return False
        return not (scopes and is_ignored(entry.path, is_folder, scopes))


def _scopes_above(root: str, on_error: OnError) -> tuple[Patterns, ...]:
    """Patterns from the folders that a root lies in, outermost first: they hold below it, too."""
    above = [
        ignore_file_patterns(str(parent), on_error)
        for parent in reversed(Path(root).parents)
        if (parent / IGNORE_FILE).is_file()
    ]
    return tuple(patterns for patterns in above if patterns)


def _found(path: str, on_error: OnError) -> Iterator[FoundFile]:
    try:
        status = os.stat(path)
    except OSError as error:
        on_error(os.fsencode(path), plain_reason(error))
        return
    if not stat.S_ISREG(status.st_mode):
        on_error(os.fsencode(path), "It is a pipe, socket or device, not a file.")
        return
    yield FoundFile(os.fsencode(path), status.st_size, status.st_mtime_ns)


def _has_photo_ending(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PHOTO_ENDINGS


def _is_link(entry: "os.DirEntry[str]") -> bool:
    if sys.platform == "win32":
        tag = entry.stat(follow_symlinks=False).st_reparse_tag
        return tag in (stat.IO_REPARSE_TAG_SYMLINK, stat.IO_REPARSE_TAG_MOUNT_POINT)
    return entry.is_symlink()
