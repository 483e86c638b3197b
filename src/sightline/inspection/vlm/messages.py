"""Anthropic's Messages API; the form of the answer is the input of a tool that must be called.

https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import base64
import json

from sightline.inspection.vlm.dialect import Json, Unspoken, count_in, mapping, text_in
from sightline.inspection.vlm.question import Parameters, Question, Reply, Stop

_VERSION = "2023-06-01"
_STOPS: dict[str, Stop] = {"max_tokens": "length", "refusal": "refusal"}


class Messages:
    """Pictures as base64 blocks, before the words, as its makers advise."""

    def headers(self, key: str | None) -> dict[str, str]:
        """The version of the protocol, and the key where there is one."""
        return {"anthropic-version": _VERSION} | ({"x-api-key": key} if key else {})

    def body(
        self, question: Question, model: str, parameters: Parameters, dropped: frozenset[str]
    ) -> Json:
        """One user message, and one tool whose input is the answer."""
        content: list[Json] = []
        for shown in question.shown:
            data = base64.b64encode(shown.picture.data).decode("ascii")
            source = {"type": "base64", "media_type": shown.picture.media, "data": data}
            content.append({"type": "text", "text": shown.label})
            content.append({"type": "image", "source": source})
        content.append({"type": "text", "text": question.text})
        body: Json = {
            "model": model,
            "max_tokens": parameters.max_tokens,
            "system": question.wording.system,
            "messages": [{"role": "user", "content": content}],
        }
        if "temperature" not in dropped:
            body["temperature"] = parameters.temperature
        if "tools" not in dropped:
            about = "Give the answer in this form."
            body["tools"] = [
                {"name": question.form, "description": about, "input_schema": question.schema}
            ]
            # A model that thinks of itself can't be forced to call a tool, only be offered it.
            forced = {"type": "tool", "name": question.form}
            body["tool_choice"] = {"type": "auto"} if "tool_choice" in dropped else forced
        return body

    def reply(self, response: Json) -> Reply:
        """The tool's input, or else the words."""
        blocks = response.get("content")
        if not isinstance(blocks, list) or response.get("type") != "message":
            raise Unspoken("it is no message")
        words = [mapping(block) for block in blocks]
        called = [block.get("input") for block in words if block.get("type") == "tool_use"]
        texts = [text_in(block.get("text")) for block in words if block.get("type") == "text"]
        usage = mapping(response.get("usage"))
        return Reply(
            text=json.dumps(called[-1]) if called else "\n".join(texts),
            stop=_STOPS.get(text_in(response.get("stop_reason")), "end"),
            model=text_in(response.get("model")),
            input_tokens=count_in(usage.get("input_tokens")),
            output_tokens=count_in(usage.get("output_tokens")),
        )

    def drop(self, said: str, dropped: frozenset[str]) -> str | None:
        """A temperature; being forced to call the tool; the tool."""
        low = said.lower()
        wanted: list[str] = []
        if "temperature" in low:
            wanted.append("temperature")
        if "tool" in low:
            wanted += ["tool_choice", "tools"]
        return next((one for one in wanted if one not in dropped), None)
