"""How the process begins and ends: only the command asked for, and nothing taken apart."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.making import Home
from tests.shell import command, sightline

ENDS = "import atexit; atexit.register(print, 'the end'); "
LEAVES = (
    "import os\n"
    "def say(status, leave=os._exit):\n"
    "    os.write(2, b'left at once')\n"
    "    leave(status)\n"
    "os._exit = say\n"
)
MAIN = "\nfrom sightline.cli.main import main; main()"


def _run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """A program in a process of its own, with arguments for the command."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, check=False, timeout=60
    )


def test_the_status_reaches_the_shell(home: Home) -> None:
    home.add("a.jpg", "red")
    library = ("--library", home.place.folder)
    assert sightline("index", home.photos, "--model", home.model, *library).returncode == 0
    assert sightline("search", "red", *library).returncode == 0
    assert sightline("search", "red", "--type", "heic", *library).returncode == 1
    assert sightline("search", "-k", "0", "red", *library).returncode == 2
    assert sightline("search", "red", "--library", home.photos / "none").returncode == 3
    assert sightline("nonsense").returncode == 2


def test_what_was_to_happen_at_the_end_happens_and_is_printed_through_a_pipe() -> None:
    done = _run(ENDS + MAIN, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"sightline ")
    assert done.stdout.endswith(b"the end\n")


def test_python_is_not_taken_apart() -> None:
    done = _run(LEAVES + MAIN, "search")
    assert done.returncode == 2
    assert done.stderr.endswith(b"left at once")


def test_a_thread_that_still_works_is_waited_for() -> None:
    waits = (
        "import threading, time\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    print('worked', flush=True)\n"
        "threading.Thread(target=work).start()\n"
    )
    done = _run(LEAVES + waits + MAIN, "--version")
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.endswith(b"worked\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_can_not_be_written_is_not_passed_over() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c",
             "import atexit; atexit.register(print, 'lost')\n"
             "from sightline.cli.main import main; main()", "models", "--help"],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode != 0
    assert b"No space left" in done.stderr


def test_a_reader_that_left_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command("models"), stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert done.stderr == b""


def test_streams_that_the_caller_closed_do_no_harm() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m sightline --version >&- 2>&-', sys.executable],
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0


def test_a_command_imports_no_other_command() -> None:
    seen = "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n'))"
    loaded = set(_run(seen + MAIN, "search", "--help").stdout.decode().split())
    rooms = {name for name in loaded if name.startswith("sightline.cli.")}
    assert rooms <= {"sightline.cli.main", "sightline.cli.search", "sightline.cli.options"}
    assert "sightline.cli.status" in _run(seen + MAIN, "status", "--help").stdout.decode().split()


def test_a_misspelt_command_is_told_from_all_that_there_are() -> None:
    done = sightline("clasify")
    assert done.returncode == 2
    assert b"'classify'" in done.stderr
