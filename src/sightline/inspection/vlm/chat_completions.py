"""OpenAI's Chat Completions, as vLLM, llama.cpp, Ollama, LM Studio and many hosts speak it, too.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import base64
from typing import Any

from sightline.inspection.pixels import Picture
from sightline.inspection.vlm.dialect import Json, Unspoken, count_in, mapping, text_in
from sightline.inspection.vlm.families import family_of
from sightline.inspection.vlm.question import Parameters, Question, Reply, Stop


class ChatCompletions:
    """Pictures as data URLs, the form of the answer as `response_format`."""

    def headers(self, key: str | None) -> dict[str, str]:
        """A bearer token, where there is a key."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(
        self, question: Question, model: str, parameters: Parameters, dropped: frozenset[str]
    ) -> Json:
        """One system and one user message; pictures first, each after the words that name it."""
        content: list[Json] = []
        for shown in question.shown:
            content.append({"type": "text", "text": shown.label})
            content.append({"type": "image_url", "image_url": _url(shown.picture, model)})
        content.append({"type": "text", "text": question.text})
        # Models that reason refuse the older name of the longest answer.
        longest = "max_completion_tokens" if "max_tokens" in dropped else "max_tokens"
        body: Json = {
            "model": model,
            "messages": [
                {"role": "system", "content": question.wording.system},
                {"role": "user", "content": content},
            ],
            longest: parameters.max_tokens,
        }
        if "temperature" not in dropped:
            body["temperature"] = parameters.temperature
        if "json_schema" not in dropped:
            form = {"name": question.form, "strict": True, "schema": question.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif "response_format" not in dropped:
            body["response_format"] = {"type": "json_object"}
        return body

    def reply(self, response: Json) -> Reply:
        """The first choice."""
        choices = response.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise Unspoken("it has no choices")
        choice: Json = choices[0]
        message = mapping(choice.get("message"))
        refusal = text_in(message.get("refusal"))
        stop: Stop = "end"
        if refusal or choice.get("finish_reason") == "content_filter":
            stop = "refusal"
        elif choice.get("finish_reason") == "length":
            stop = "length"
        usage = mapping(response.get("usage"))
        return Reply(
            text=refusal or _words(message.get("content")),
            stop=stop,
            model=text_in(response.get("model")),
            input_tokens=count_in(usage.get("prompt_tokens")),
            output_tokens=count_in(usage.get("completion_tokens")),
        )

    def drop(self, said: str, dropped: frozenset[str]) -> str | None:
        """Schema, then any JSON mode; a temperature; the older name of the longest answer."""
        low = said.lower()
        wanted: list[str] = []
        if "temperature" in low:
            wanted.append("temperature")
        if "max_tokens" in low and "max_completion_tokens" in low:
            wanted.append("max_tokens")
        if any(word in low for word in ("response_format", "json_schema", "schema", "grammar")):
            wanted += ["json_schema", "response_format"]
        return next((one for one in wanted if one not in dropped), None)


def _url(picture: Picture, model: str) -> dict[str, str]:
    data = base64.b64encode(picture.data).decode("ascii")
    url = {"url": f"data:{picture.media};base64,{data}"}
    # OpenAI's own default may scale down; other servers may not know the word.
    return url | {"detail": "high"} if family_of(model).name == "gpt" else url


def _words(content: Any) -> str:
    """A message's words: a string, or the texts among its parts."""
    if isinstance(content, list):
        return "\n".join(text_in(mapping(part).get("text")) for part in content)
    return text_in(content)
