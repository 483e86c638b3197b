"""Write docs/cli.md from the commands' own help: `python docs/build_cli_reference.py`.

The help text is the reference; tests/test_cli_reference.py fails when the two differ.
"""

import os
import re
from pathlib import Path

TARGET = Path(__file__).with_name("cli.md")
COMMANDS = (
    "",
    *("index", "search", "status", "models", "models fetch", "models quantise", "forget"),
    *("similarity", "classify", "adapt", "train", "export"),
    *("eval", "judge", "scenes", "inspect"),
)


def reference() -> str:
    """The whole page, as plain text that does not depend on the terminal."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "TERMINAL_WIDTH": "100"}
    from typer.testing import CliRunner

    from sightline.cli.main import app

    pages = ["# The commands\n\nMade from `--help` by `python docs/build_cli_reference.py`.\n"]
    for command in COMMANDS:
        result = CliRunner().invoke(app, [*command.split(), "--help"])
        text = re.sub(r" *\n", "\n", result.output).strip("\n")
        pages.append(f"## sightline {command}".rstrip() + f"\n\n```text\n{text}\n```\n")
    return "\n".join(pages)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
