"""What language models are told: one file a prompt, named by its id.

A question is put together from several. Its id names them and ends in a hash of their words, such
as `plain+doubt@3f2a91c0`, so that figures of different wordings can't be mixed up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

SYSTEM = "system"


@dataclass(frozen=True)
class Wording:
    """The words of one question: who the model is told to be, and what it is asked.

    `id` names the prompts that it was made of, not what was filled in.
    """

    id: str
    system: str
    text: str


def compose(*ids: str, **values: str) -> Wording:
    """Put the prompts of these ids one after the other, with `values` filled in.

    Raises:
        KeyError: a prompt asks for a value that isn't given.
    """
    texts = [prompt(id_) for id_ in ids]
    system = prompt(SYSTEM)
    words = hashlib.sha256("\0".join([system, *texts]).encode()).hexdigest()[:8]
    text = "\n\n".join(Template(text).substitute(values) for text in texts)
    return Wording(f"{'+'.join(ids)}@{words}", system, text)


@cache
def prompt(id_: str) -> str:
    """The words of one prompt; `$name` marks what is filled in."""
    return files(__package__).joinpath(f"{id_}.md").read_text(encoding="utf-8").strip()
