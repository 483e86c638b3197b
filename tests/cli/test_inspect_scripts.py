"""What scripts rely on in `sightline inspect`: exit status, and lines of JSON as documented."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.inspection.loopback_server import (
    NORMAL,
    Fault,
    LoopbackServer,
    Say,
    defect,
)
from tests.making import make_photo

GUIDE = Path(__file__).parents[2] / "docs" / "vlm-inspection.md"
UNSURE = NORMAL | {"verdict": "uncertain", "defect_chance": 0.5, "would_help": "Turn it."}
DEFECT = defect([250, 250, 750, 750])
REFUSED = Say("I won't.", stop="refusal")

pytestmark = pytest.mark.usefixtures("nobody_told_and_nothing_named")


def asking(server: LoopbackServer, *photos: Path) -> tuple[str | Path, ...]:
    ask = ("--vlm", "m", "--endpoint", server.openai, "--jobs", "1", "--format", "jsonl")
    return "inspect", *photos, *ask


@pytest.mark.parametrize(
    ("answers", "fail_on", "status"),
    [
        ([NORMAL], ["defect", "uncertain", "failed"], 0),
        ([DEFECT], [], 0),
        ([DEFECT], ["defect"], 1),
        ([DEFECT], ["uncertain", "failed"], 0),
        ([UNSURE], [], 0),
        ([UNSURE], ["uncertain"], 1),
        ([UNSURE], ["defect", "failed"], 0),
        ([NORMAL, REFUSED], [], 0),
        ([NORMAL, REFUSED], ["defect", "uncertain"], 0),  # no verdict is not a doubtful one
        ([NORMAL, REFUSED], ["failed"], 1),
        ([REFUSED], [], 1),  # no photo could be inspected
        ([NORMAL, DEFECT], ["defect"], 1),
        ([NORMAL, Fault("status", 401)], [], 3),
        ([DEFECT, Fault("status", 401)], ["defect"], 3),  # what it did not reach may be worse
    ],
)
def test_the_exit_status_is_what_fail_on_asks_for(
    cli: Cli,
    tmp_path: Path,
    server: LoopbackServer,
    answers: list[object],
    fail_on: list[str],
    status: int,
) -> None:
    server.script = [one if isinstance(one, Say | Fault) else Say(one) for one in answers]
    photos = [make_photo(tmp_path / f"{at}.png", "red", at) for at in range(len(answers))]
    asked = [word for kind in fail_on for word in ("--fail-on", kind)]
    done = cli(*asking(server, *photos), *asked)
    assert done.status == status
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert len(rows) == sum(not isinstance(one, Fault) for one in answers)


def test_a_line_of_json_has_the_fields_that_are_documented(
    cli: Cli, tmp_path: Path, server: LoopbackServer
) -> None:
    server.answer = lambda asked: DEFECT
    photo = make_photo(tmp_path / "part.png", "red")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    done = cli(*asking(server, photo, tmp_path / "broken.png"), "--samples", "2")
    row, broken = map(json.loads, done.output.splitlines())
    section = GUIDE.read_text(encoding="utf-8").split("| field | |")[1].split("\n\n")[0]
    table = dict(re.findall(r"^\| (`[^|]+) \| (.*) \|$", section, re.MULTILINE))
    named = [field for names in table for field in re.findall(r"`(\w+)`", names)]
    assert set(row) == set(named)
    assert set(broken) == {"path", "error"}
    (finding,) = row["findings"]
    said = table["`findings`"].replace("`null`", "")
    assert set(finding) | set(finding["box"]) == set(re.findall(r"`(\w+)`", said))
    assert set(row["sent"][0]) == set(re.findall(r"`(\w+)`", table["`sent`"]))
    assert set(row["usage"]) == {"input_tokens", "output_tokens", "dollars"}
    assert set(row["members"][0]) == set(row) - {"path", "error"}


def test_the_documented_statuses_are_all_there_are() -> None:
    section = GUIDE.read_text(encoding="utf-8").split("| status | when |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\d) \|", section, re.MULTILINE) == ["0", "1", "2", "3"]


def test_words_for_people_stay_out_of_the_lines_for_scripts(
    cli: Cli, tmp_path: Path, server: LoopbackServer
) -> None:
    photos = [make_photo(tmp_path / f"{at}.png", "red", at) for at in range(2)]
    done = cli(*asking(server, *photos), "--report", tmp_path / "report.html")
    assert [json.loads(line)["decision"] for line in done.output.splitlines()] == ["normal"] * 2
    assert "2 photos: 2 normal." in done.errors
    assert "report.html" in done.errors


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no UTF-8")
def test_a_file_name_that_is_no_utf_8_keeps_its_bytes(
    cli: Cli, tmp_path: Path, server: LoopbackServer
) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    photo = make_photo(tmp_path / name, "red")
    row = json.loads(cli(*asking(server, photo)).output)
    assert os.fsencode(row["path"]) == os.fsencode(photo)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_the_variable_and_never_the_key(
    cli: Cli,
    tmp_path: Path,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    monkeypatch.setenv("SIGHTLINE_VLM_KEY", "sk-very-secret")
    server.script = [Fault("status", status, said="bad key sk-very-secret")]
    done = cli(*asking(server, make_photo(tmp_path / "part.png", "red")))
    assert done.status == 3
    assert "Set SIGHTLINE_VLM_KEY to a valid one" in done.errors
    assert "sk-very-secret" not in done.errors


def test_a_model_that_sees_nothing_and_a_server_that_is_gone_say_what_to_do(
    cli: Cli, tmp_path: Path, server: LoopbackServer
) -> None:
    photo = make_photo(tmp_path / "part.png", "red")
    server.script = [Fault("status", 400, said="this model does not support image input")]
    blind = cli(*asking(server, photo))
    assert blind.status == 3
    assert "can't look at pictures" in blind.errors
    assert "--vlm MODEL" in blind.errors
    gone = cli("inspect", photo, "--vlm", "m", "--endpoint", "http://127.0.0.1:9/v1")
    assert gone.status == 3
    assert "Start the server there" in gone.errors
