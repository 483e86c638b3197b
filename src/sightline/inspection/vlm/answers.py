"""What a model may answer: the JSON schemas it is given, and how its words become values.

The schemas are written by hand, with none but the keywords that every server understands (strict
modes refuse pydantic's own). Whatever comes back is checked by pydantic, schema or not: a server
may ignore the schema, and none can express that a normal piece has no findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sightline.inspection.verdict import Decision

Chance = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(max_length=4000)]

# JSON that starts more often than this is no answer with a few words around it.
_MOST_STARTS = 64
_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


class Unusable(Exception):
    """An answer that can't be used; the message says why, in words that help to mend it."""


class Answer(BaseModel):
    """What all answers have in common: more fields than asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)


class Defect(Answer):
    """One finding, its box as the model counts."""

    type: Annotated[str, Field(min_length=1, max_length=200)]
    sentence: Words = ""
    box: tuple[float, ...] | None = None


class Report(Answer):
    """What a model says of one picture."""

    seen: Words = ""
    verdict: Decision
    defect_chance: Chance
    findings: Annotated[tuple[Defect, ...], Field(max_length=100)] = ()
    would_help: Words = ""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Report:
        if self.verdict == "normal" and self.findings:
            raise ValueError("the verdict is normal, but there are findings")
        if self.verdict == "defect" and not self.findings:
            raise ValueError("the verdict is defect, but no finding says which")
        return self


class Decided(Report):
    """The same where "uncertain" is not allowed."""

    verdict: Literal["defect", "normal"]


class Region(Answer):
    """A part to look at more closely."""

    reason: Words = ""
    box: tuple[float, ...]


class Where(Answer):
    """Where to look more closely."""

    regions: Annotated[tuple[Region, ...], Field(max_length=100)]


class Presence(Answer):
    """Whether something is there."""

    seen: Words = ""
    present: Literal["yes", "no", "unclear"]
    chance: Chance


Answered = TypeVar("Answered", bound=Answer)


def parse(text: str, form: type[Answered]) -> Answered:
    """Find the JSON object of this form in a model's words, whatever stands around it.

    Of several the last counts: models that think aloud draft before they decide.

    Raises:
        Unusable: there is none.
    """
    if not text.strip():
        raise Unusable("it was empty")
    problem = "it held no complete JSON object"
    found: Answered | None = None
    for value in _objects(_THINKING.sub(" ", text)):
        try:
            found = form.model_validate(value)
        except ValidationError as error:
            problem = _first_problem(error)
    if found is None:
        raise Unusable(problem)
    return found


def schema_of(form: type[Answer]) -> dict[str, Any]:
    """The JSON schema that a server is given for an answer of this form."""
    return _SCHEMAS[form]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, outermost ones only, from the first to the last."""
    decoder = json.JSONDecoder()
    at, starts = text.find("{"), 0
    while at >= 0 and starts < _MOST_STARTS:
        starts += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict):
                yield value
        at = text.find("{", end)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_BOX = _array(_NUMBER)
_FINDING = _object(type=_TEXT, sentence=_TEXT, box={"anyOf": [_BOX, {"type": "null"}]})


def _report(*verdicts: str) -> dict[str, Any]:
    # `seen` stands first: what comes before the verdict can inform it, what follows only excuses.
    return _object(
        seen=_TEXT,
        findings=_array(_FINDING),
        verdict=_one_of(*verdicts),
        defect_chance=_NUMBER,
        would_help=_TEXT,
    )


_SCHEMAS: dict[type[Answer], dict[str, Any]] = {
    Report: _report("defect", "normal", "uncertain"),
    Decided: _report("defect", "normal"),
    Where: _object(regions=_array(_object(reason=_TEXT, box=_BOX))),
    Presence: _object(seen=_TEXT, present=_one_of("yes", "no", "unclear"), chance=_NUMBER),
}
