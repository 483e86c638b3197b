"""Which names the walk leaves out: a table of folders, hidden ones, and gitignore patterns."""

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".sightlineignore"
_LONGEST_IGNORE_FILE = 1 << 20  # bytes

# Compared without case. Never photos of the user's: copies, previews, waste, other programs' own.
_FOLDERS = frozenset(
    {
        # version control and packages
        ".git", ".hg", ".svn", "node_modules", "__pycache__",
        # previews: freedesktop.org, digiKam, Synology, QNAP, and by plain name
        ".thumbnails", ".thumbs", ".thumb", "thumbs", "thumbnails", "@eadir", ".@__thumb",
        # waste and recovery: Synology, QNAP, Windows, macOS, Linux
        "#recycle", "@recycle", "$recycle.bin", "system volume information", ".trashes",
        "lost+found",
        # snapshots on network storage: every photo again, once a day
        "#snapshot", "@snapshot", "@recently-snapshot", ".snapshot", ".snapshots", ".zfs",
    }
)  # fmt: skip
_FOLDER_PREFIXES = (".trash",)  # .Trash, .Trash-1000
_FOLDER_SUFFIXES = (".lrdata",)  # Lightroom's previews
_FILE_PREFIXES = ("._",)  # macOS keeps a file's attributes there, under the file's own ending

_FLAGS_HIDE = hasattr(os.stat_result, "st_flags") or hasattr(os.stat_result, "st_file_attributes")


@dataclass(frozen=True)
class Patterns:
    """gitignore patterns, and the folder below which they apply.

    Attributes:
        base: absolute path of that folder, ending in a separator.
    """

    base: str
    spec: "GitIgnoreSpec"

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """True to ignore, False to keep after all ("!pattern"), None where nothing matches."""
        below = path[len(self.base) :].replace(os.sep, "/")
        return self.spec.check_file(below + "/" if is_folder else below).include


def is_ignored(path: str, is_folder: bool, scopes: Sequence[Patterns]) -> bool:
    """Whether patterns ignore this path; of several folders' the nearest one's word counts."""
    for scope in reversed(scopes):
        verdict = scope.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False


def is_ignored_folder(name: str) -> bool:
    """Whether a folder of this name never holds photos of the user's."""
    name = name.lower()
    return name in _FOLDERS or name.startswith(_FOLDER_PREFIXES) or name.endswith(_FOLDER_SUFFIXES)


def is_ignored_file(name: str) -> bool:
    """Whether a file of this name is no photo, whatever its ending says."""
    return name.startswith(_FILE_PREFIXES)


def is_hidden(entry: "os.DirEntry[str]") -> bool:
    """Hidden by a leading dot, or by a flag where the system has one (macOS, Windows)."""
    if entry.name.startswith("."):
        return True
    if not _FLAGS_HIDE:
        return False
    status = entry.stat(follow_symlinks=False)
    flags = getattr(status, "st_flags", 0)
    attributes = getattr(status, "st_file_attributes", 0)
    return bool(flags & stat.UF_HIDDEN or attributes & stat.FILE_ATTRIBUTE_HIDDEN)


def exclude_patterns(patterns: Sequence[str], root: str) -> Patterns | None:
    """What the user excludes below `root`; None where nothing is.

    Raises:
        UsageError: not a gitignore pattern.
    """
    if not patterns:
        return None
    try:
        return Patterns(as_base(root), _compiled(patterns))
    except ValueError as error:
        raise UsageError(f"Not a pattern that --exclude understands: {error}.") from error


def ignore_file_patterns(folder: str, on_error: Callable[[bytes, str], None]) -> Patterns | None:
    """What the `.sightlineignore` of this folder says; None and a report where it says nonsense."""
    path = Path(folder, IGNORE_FILE)
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            text = file.read(_LONGEST_IGNORE_FILE)
        return Patterns(as_base(folder), _compiled(text.splitlines()))
    except OSError as error:
        on_error(os.fsencode(path), f"Not applied, it can't be read: {error.strerror}.")
    except ValueError as error:
        on_error(os.fsencode(path), f"Not applied, no gitignore pattern: {error}.")
    return None


def as_base(folder: str) -> str:
    """The folder's path, ending in one separator."""
    return folder if folder.endswith(os.sep) else folder + os.sep


def _compiled(lines: Iterable[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # 50 ms that most walks needn't spend

    return GitIgnoreSpec.from_lines(lines)
