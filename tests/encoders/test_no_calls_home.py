"""Nothing here reports to anybody, and nothing is written to where nobody asked for it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.making import make_photo


def test_indexing_and_searching_leave_nothing_in_the_home_folder(
    tmp_path: Path, tiny_model: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    make_photo(tmp_path / "photos" / "red.png")
    # What marks a test run would silence a reporting runtime; a user's run has none of these.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CI", "ORT_", "GITHUB_", "XDG_"))
    } | {"HOME": str(home), "SIGHTLINE_LIBRARY": str(tmp_path / "library")}
    for arguments in (
        ["index", str(tmp_path / "photos"), "--model", str(tiny_model)],
        ["search", "red"],
    ):
        subprocess.run(
            [sys.executable, "-m", "sightline", *arguments],
            env=environment,
            check=True,
            capture_output=True,
        )
    assert list(home.rglob("*")) == []
