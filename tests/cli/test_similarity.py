"""`sightline similarity` as a shell sees it."""

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.making import make_photo


def test_a_table_for_people_and_rows_for_scripts(
    cli: Cli, tmp_path: Path, tiny_model: Path
) -> None:
    photo = make_photo(tmp_path / "red.png")
    asked = ("similarity", photo, "red", "a, blue", "--model", tiny_model)
    lines = cli(*asked).output.decode().splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == ["red", "a, blue"]
    rows = [json.loads(line) for line in cli(*asked, "--format", "jsonl").output.splitlines()]
    assert [row["text"] for row in rows] == ["red", "a, blue"]
    assert rows[0]["cosine"] > rows[1]["cosine"]
    assert rows[0]["probability"] is None
    table = list(csv.DictReader(io.StringIO(cli(*asked, "--format", "csv").output.decode())))
    assert [row["text"] for row in table] == ["red", "a, blue"]
    assert table[0]["probability"] == ""


def test_what_can_mean_nothing_is_wrong_usage(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    photo = make_photo(tmp_path / "red.png")
    for asked in ((photo, ""), (tmp_path / "gone.png", "red"), (photo,)):
        assert cli("similarity", *asked, "--model", tiny_model).status == 2
    (tmp_path / "empty").mkdir()
    assert cli("similarity", photo, "red", "--model", tmp_path / "empty").status == 3
