"""Labels and templates, as people write them."""

from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.retrieval.labels import TEMPLATES, Label, parse_labels, read_templates


def test_a_list_with_commas_is_a_list_of_labels() -> None:
    assert parse_labels("cat, a dog,bird ,") == (Label("cat"), Label("a dog"), Label("bird"))


def test_a_file_has_a_label_a_line_with_sentences_of_its_own_if_it_likes(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("# animals\ncat\n\ndog: a photo of a dog | a puppy\n", encoding="utf-8-sig")
    assert parse_labels(str(file)) == (Label("cat"), Label("dog", ("a photo of a dog", "a puppy")))


def test_templates_make_the_sentences_of_labels_that_bring_none() -> None:
    assert Label("sea_horse").sentences(("a {}", "one {} here")) == (
        "a sea horse",
        "one sea horse here",
    )
    assert Label("dog", ("a puppy",)).sentences(TEMPLATES) == ("a puppy",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("cat\n", "at least two"),
        ("cat\ndog\ncat\n", "twice"),
        ("cat:\ndog\n", "no label"),
        (": a cat\ndog\n", "no label"),
        ("", "at least two"),
    ],
)
def test_a_labels_file_that_can_mean_nothing_is_refused(
    tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "labels").write_text(content)
    with pytest.raises(UsageError, match=reason):
        parse_labels(str(tmp_path / "labels"))


def test_a_labels_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no labels file"):
        parse_labels(str(tmp_path / "gone.txt"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00,")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        parse_labels(str(tmp_path / "binary"))


@pytest.mark.parametrize("line", ["a photo", "{} and {}", "{0}"])
def test_a_template_has_one_place_for_the_label(tmp_path: Path, line: str) -> None:
    (tmp_path / "templates").write_text(f"a {{}}\n{line}\n")
    with pytest.raises(UsageError, match="exactly once"):
        read_templates(tmp_path / "templates")
