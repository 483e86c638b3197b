"""Which kind of right answers a file holds."""

import json
from pathlib import Path

import pytest

from sightline.errors import GoldError
from sightline.evaluation.gold_format import kind_of_gold

SEARCHES = {"name": "x", "gallery": [], "queries": []}
LABELS = {"name": "x", "images": [], "synonyms": {}}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"format": "sightline-gold/1"} | SEARCHES, "retrieval"),
        ({"format": "sightline-inspection/1"} | LABELS, "inspection"),
        ({"format": "sightline-inspection/7"}, "inspection"),  # its own reader says: too new
        (SEARCHES, "retrieval"),
        (LABELS, "inspection"),
        ({"about": "sightline-inspection/1 was looked at, too"} | SEARCHES, "retrieval"),
    ],
)
def test_a_file_of_right_answers_is_known_by_its_format_or_else_by_its_content(
    tmp_path: Path, content: dict[str, object], kind: str
) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(content))
    assert kind_of_gold(path) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"no JSON",
        b"\xff\xd8\xff\xe0",
        b'{"format": 3}',
        b'{"format": "sightline-results/1"}',
        json.dumps(SEARCHES | LABELS).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_neither_names_both_formats(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(GoldError, match=r"sightline-gold/1.*sightline-inspection/1"):
        kind_of_gold(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"gone\.json: No such file"):
        kind_of_gold(tmp_path / "gone.json")
    with pytest.raises(GoldError, match="Is a directory"):
        kind_of_gold(tmp_path)
