"""Start-up is a feature: a command loads what it needs and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.making import make_photo


def modules_after(*arguments: str) -> set[str]:
    """Run a command and say which modules it loaded."""
    program = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from sightline.cli.main import run\nrun()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["search", "--help"]])
def test_asking_what_there_is_loads_no_model_runtime(arguments: list[str]) -> None:
    loaded = modules_after(*arguments)
    assert not loaded & {"numpy", "onnxruntime", "tokenizers", "torch", "PIL", "numkong"}


def test_a_search_by_words_loads_neither_decoder_nor_writer_nor_torch(
    tmp_path: Path, tiny_model: Path
) -> None:
    make_photo(tmp_path / "photos" / "red.png")
    modules_after("index", str(tmp_path / "photos"), "--model", str(tiny_model))
    loaded = modules_after("search", "red")
    assert "onnxruntime" in loaded
    unneeded = {"torch", "PIL", "filelock", "pathspec", "pydantic", "rich.progress", "pillow_heif"}
    assert not loaded & unneeded
