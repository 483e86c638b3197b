"""The reference in docs/ is what the commands say of themselves."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_written_reference_is_the_help_text() -> None:
    # In a process of its own: help is laid out for the terminal's width when rich is imported.
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "from build_cli_reference import reference; import sys;"
            "sys.stdout.buffer.write(reference().encode())",
        ],
        cwd=ROOT / "docs",
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert shown == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), (
        "run: python docs/build_cli_reference.py"
    )
