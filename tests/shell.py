"""The command in a process of its own, as a shell would run it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534

COMMIT_OFTEN = (
    "import sightline.library.indexer as indexer; indexer._COMMIT_SECONDS = 0.02; "
    "from sightline.cli.main import run; run()"
)
"""The same command; only that it commits so often that many moments are close to one."""


def command(*arguments: str | bytes | Path) -> list[str | bytes | Path]:
    """What to run for `sightline ARGUMENTS`."""
    return [sys.executable, "-m", "sightline", *arguments]


def sightline(
    *arguments: str | bytes | Path, **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end, and hold it to what every call promises: never a traceback."""
    done = subprocess.run(
        command(*arguments), capture_output=True, check=False, timeout=60, **options
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


def start(*arguments: str | Path, program: str | None = None) -> subprocess.Popen[bytes]:
    """Begin the command, or a program with its arguments, and go on."""
    begin = [sys.executable, "-c", program] if program else [sys.executable, "-m", "sightline"]
    return subprocess.Popen(
        [*begin, *map(os.fspath, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def no_privileges() -> Iterator[None]:
    """Be nobody in particular for a while: root may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own that holds little; skips where we may not mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, options: str) -> None:
    """Change a mounted disk: `ro`, `rw`, `size=64m`."""
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)
