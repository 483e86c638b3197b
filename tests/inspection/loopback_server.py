"""A model server on loopback: both protocols over real HTTP, and it misbehaves when asked.

It holds requests to their protocol (paths, headers, pictures that decode), so that a client which
only works against a careless server fails here.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Literal

from PIL import Image

Kind = Literal[
    "status", "silent", "drip", "cut off", "no json", "huge", "wrapped error", "redirect"
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request, instead of an answer."""

    kind: Kind
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    said: str = "something went wrong"


@dataclass(frozen=True)
class Say:
    """An answer: words, or a value that is sent as JSON."""

    what: Any
    stop: Literal["end", "length", "refusal"] = "end"
    model: str | None = None
    as_words: bool = False
    without_usage: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    form: str | None
    texts: tuple[str, ...]
    pictures: tuple[bytes, ...]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Width and height of every picture."""
        return [Image.open(io.BytesIO(data)).size for data in self.pictures]


@dataclass
class LoopbackServer:
    """What it is to say, what it refuses, and what it was asked.

    `script` is used up one by one; after that `answer` says what to say.
    """

    answer: Callable[[Asked], Any] = lambda asked: NORMAL
    script: list[Fault | Say] = field(default_factory=list)
    key: str | None = None
    refuses: set[str] = field(default_factory=set)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    lock: Lock = field(default_factory=Lock)
    ended: Event = field(default_factory=Event)

    @property
    def openai(self) -> str:
        """Its endpoint for chat completions."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic(self) -> str:
        """Its endpoint for messages."""
        return f"http://127.0.0.1:{self.port}"


NORMAL = {
    "seen": "an even surface",
    "findings": [],
    "verdict": "normal",
    "defect_chance": 0.1,
    "would_help": "",
}


def defect(*boxes: list[float] | None, chance: float = 0.9, type: str = "crack") -> dict[str, Any]:
    """An answer that finds a defect in each of these boxes."""
    findings = [{"type": type, "sentence": "A dark line.", "box": box} for box in boxes]
    return {
        "seen": "a dark line",
        "findings": findings,
        "verdict": "defect",
        "defect_chance": chance,
        "would_help": "",
    }


def present(answer: str, chance: float) -> dict[str, Any]:
    """An answer to a question of yes or no."""
    return {"seen": "a dark line", "present": answer, "chance": chance}


@contextmanager
def loopback_server() -> Iterator[LoopbackServer]:
    """Serve until the block ends."""
    served = LoopbackServer()
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: LoopbackServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if self.path == "/v1/chat/completions":
                asked = _chat_request(self.path, headers, json.loads(data))
                key = headers.get("authorization", "").removeprefix("Bearer ")
            elif self.path == "/v1/messages":
                asked = _message_request(self.path, headers, json.loads(data))
                key = headers.get("x-api-key", "")
            else:
                self._error(404, f"no such page: {self.path}")
                return
        except (KeyError, ValueError, TypeError, AssertionError) as error:
            self._error(400, f"malformed request: {error!r}")
            return
        with self.served.lock:
            self.served.asked.append(asked)
            step = self.served.script.pop(0) if self.served.script else None
        if self.served.key is not None and key != self.served.key:
            self._error(401, f"Incorrect API key provided: {key}")
        elif (said := _refusal(asked, self.served.refuses)) is not None:
            self._error(400, said)
        elif isinstance(step, Fault):
            self._misbehave(step)
        else:
            self._say(asked, step or _as_say(self.served.answer(asked)))

    def _say(self, asked: Asked, say: Say) -> None:
        build = _chat_answer if asked.path.endswith("completions") else _message_answer
        self._send(200, json.dumps(build(asked, say)).encode())

    def _misbehave(self, fault: Fault) -> None:
        match fault.kind:
            case "status":
                self._error(fault.status, fault.said, fault.headers)
            case "wrapped error":
                body = {"error": {"code": fault.status, "message": fault.said}}
                self._send(200, json.dumps(body).encode())
            case "redirect":
                self._send(307, b"", {"Location": "http://127.0.0.1:9/v1"})
            case "no json":
                self._send(200, b"<html><body>Welcome to the router</body></html>")
            case "silent":
                self.served.ended.wait(30)
                self.close_connection = True
            case "cut off":
                self._head(200, 1000, {})
                self._write(b'{"choices": [{"message": {"content": "{')
                self.close_connection = True
            case "drip":
                self._head(200, 1_000_000, {})
                while not self.served.ended.wait(0.02) and self._write(b" "):
                    pass
                self.close_connection = True
            case "huge":
                self._head(200, 1 << 30, {})
                while self._write(b"x" * 65536):
                    pass
                self.close_connection = True

    def _error(self, status: int, said: str, headers: dict[str, str] | None = None) -> None:
        body = {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
        self._send(status, json.dumps(body).encode(), headers or {})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, len(body), headers or {})
        self._write(body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _write(self, data: bytes) -> bool:
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            return False  # the other side has gone, as some tests want
        return True

    def log_message(self, *args: object) -> None:
        """Quietly."""


def _as_say(answer: Any) -> Say:
    return answer if isinstance(answer, Say) else Say(answer)


def _chat_request(path: str, headers: dict[str, str], body: dict[str, Any]) -> Asked:
    assert headers["content-type"] == "application/json"
    system, user = body["messages"]
    assert system["role"] == "system"
    assert user["role"] == "user"
    assert isinstance(system["content"], str)
    texts, pictures = [system["content"]], []
    for part in user["content"]:
        if part["type"] == "text":
            texts.append(part["text"])
        else:
            assert part["type"] == "image_url"
            head, data = part["image_url"]["url"].split(",", 1)
            pictures.append(_picture(head.removeprefix("data:").removesuffix(";base64"), data))
    form = body.get("response_format")
    name = None
    if form is not None and form["type"] == "json_schema":
        assert form["json_schema"]["strict"] is True
        name = form["json_schema"]["name"]
        _check_schema(form["json_schema"]["schema"])
    return Asked(path, headers, body, name, tuple(texts), tuple(pictures))


def _message_request(path: str, headers: dict[str, str], body: dict[str, Any]) -> Asked:
    assert headers["anthropic-version"] == "2023-06-01"
    assert body["max_tokens"] > 0
    (user,) = body["messages"]
    assert user["role"] == "user"
    texts, pictures = [body["system"]], []
    for part in user["content"]:
        if part["type"] == "text":
            texts.append(part["text"])
        else:
            source = part["source"]
            assert part["type"] == "image"
            assert source["type"] == "base64"
            pictures.append(_picture(source["media_type"], source["data"]))
    name = None
    if "tools" in body:
        (tool,) = body["tools"]
        name = tool["name"]
        _check_schema(tool["input_schema"])
        assert body["tool_choice"]["type"] in ("tool", "auto")
    return Asked(path, headers, body, name, tuple(texts), tuple(pictures))


def _picture(media: str, data: str) -> bytes:
    """The bytes of a picture, which must be what its media type says."""
    decoded = base64.b64decode(data, validate=True)
    assert Image.open(io.BytesIO(decoded)).get_format_mimetype() == media
    return decoded


def _check_schema(schema: dict[str, Any]) -> None:
    """What strict modes ask of a schema: every field required, none besides."""
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
        for field_ in schema["properties"].values():
            _check_schema(field_)
    if schema.get("type") == "array":
        _check_schema(schema["items"])


def _refusal(asked: Asked, refuses: set[str]) -> str | None:
    """What a server says that does not know some parameter."""
    body = asked.body
    said = {
        "json_schema": "response_format.type must be one of: json_object, text",
        "response_format": "unknown field: response_format",
        "temperature": "Unsupported value: 'temperature' does not support 0 with this model.",
        "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "tool_choice": "Thinking may not be enabled when tool_choice forces tool use.",
        "tools": "This model does not support tools.",
        "pictures": "This model does not support image input.",
    }
    sent = {
        "json_schema": mapping(body.get("response_format")).get("type") == "json_schema",
        "response_format": "response_format" in body,
        "temperature": "temperature" in body,
        "max_tokens": "max_tokens" in body,
        "tool_choice": mapping(body.get("tool_choice")).get("type") == "tool",
        "tools": "tools" in body,
        "pictures": bool(asked.pictures),
    }
    return next((said[what] for what in said if what in refuses and sent[what]), None)


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def _chat_answer(asked: Asked, say: Say) -> dict[str, Any]:
    words = say.what if isinstance(say.what, str) else json.dumps(say.what)
    message: dict[str, Any] = {"role": "assistant", "content": words}
    if say.stop == "refusal":
        message = {"role": "assistant", "content": None, "refusal": words}
    finish = {"end": "stop", "length": "length", "refusal": "stop"}[say.stop]
    answer: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": say.model or asked.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if not say.without_usage:
        answer["usage"] = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    return answer


def _message_answer(asked: Asked, say: Say) -> dict[str, Any]:
    content: list[dict[str, Any]]
    if isinstance(say.what, str) or say.as_words or "tools" not in asked.body:
        words = say.what if isinstance(say.what, str) else json.dumps(say.what)
        content = [{"type": "text", "text": words}]
    else:
        call = {"type": "tool_use", "id": "toolu_1", "name": asked.form, "input": say.what}
        content = [{"type": "text", "text": "I look at the picture."}, call]
    stops = {"end": "tool_use", "length": "max_tokens", "refusal": "refusal"}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": say.model or asked.body["model"],
        "content": content,
        "stop_reason": stops[say.stop],
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
