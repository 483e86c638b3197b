"""What photos are sorted into: labels, the sentences that stand for each, and templates."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import UsageError

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a photo of a {}",
    "a close-up of a {}",
    "a picture of one {} on a plain background",
    "a drawing of a {}",
)
"""What stands around a label by default: plain English that fits most nouns."""

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Label:
    """A name, and the sentences that describe it. No sentence of its own: templates make them."""

    name: str
    prompts: tuple[str, ...] = ()

    def sentences(self, templates: Sequence[str]) -> tuple[str, ...]:
        """What the text tower reads for this label."""
        words = self.name.replace("_", " ")
        return self.prompts or tuple(template.replace("{}", words) for template in templates)


def parse_labels(given: str) -> tuple[Label, ...]:
    """Labels from a file, or from a list such as `"cat,dog,bird"`.

    Raises:
        UsageError: neither, or fewer than two labels, or one twice.
    """
    if os.path.isfile(given):  # noqa: PTH113 - never raises, whatever the name
        return labels_of(map(parse_label, _lines(Path(given), "labels")))
    if "," not in given:
        raise UsageError(
            f"There is no labels file {given!r}. Give a file with one label a line, or at least "
            'two labels with commas between: --labels "cat,dog".'
        )
    return labels_of(Label(name.strip()) for name in given.split(",") if name.strip())


def parse_label(line: str) -> Label:
    """`cat`, or a name and its own sentences: `cat: a photo of a tabby | a kitten on a sofa`.

    Raises:
        UsageError: no name, or no sentence after the colon.
    """
    name, colon, rest = line.partition(":")
    prompts = tuple(prompt.strip() for prompt in rest.split("|") if prompt.strip())
    if not name.strip() or (colon and not prompts):
        raise UsageError(
            f"{line!r} is no label; write `name`, or `name: a sentence | another sentence`."
        )
    return Label(name.strip(), prompts)


def labels_of(labels: Iterable[Label | str]) -> tuple[Label, ...]:
    """Check labels given as names or `Label`s.

    Raises:
        UsageError: fewer than two, or one twice.
    """
    found = tuple(label if isinstance(label, Label) else Label(label) for label in labels)
    names = [label.name for label in found]
    if len(names) < 2:
        raise UsageError("Give at least two labels: with one, every photo would be it.")
    if not all(name.strip() for name in names):
        raise UsageError("A label is empty; write a word in it or leave it out.")
    for name, count in Counter(names).items():
        if count > 1:
            raise UsageError(f"The label {name!r} is there twice.")
    return found


def read_templates(path: Path) -> tuple[str, ...]:
    """Templates from a file, one a line; `{}` is where the label goes.

    Raises:
        UsageError: unreadable, empty, or a line without exactly one `{}`.
    """
    return templates_of(_lines(path, "templates"))


def templates_of(templates: Sequence[str]) -> tuple[str, ...]:
    """Check templates.

    Raises:
        UsageError: none, or one without exactly one `{}`.
    """
    if not templates:
        raise UsageError("There is no template; write at least one, such as: a photo of a {}")
    for template in templates:
        if template.count("{}") != 1:
            raise UsageError(
                f"The template {template!r} must hold {{}} exactly once, where the label goes."
            )
    return tuple(templates)


def _lines(path: Path, kind: str) -> list[str]:
    """A text file's lines; blank ones and those that begin with # are left out."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"Can't read the {kind} file {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The {kind} file {path} is no text in UTF-8.") from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"The {kind} file {path} is larger than a megabyte.")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
