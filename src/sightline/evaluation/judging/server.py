"""The judging page's server: for this machine's own browser, and for nobody else.

It listens on 127.0.0.1 only. A random token in the address keeps out other users of the machine
and other pages in the browser; the Host header must name the loopback, or a hostile page could
reach us through a name of its own that resolves to 127.0.0.1 (DNS rebinding). Photos are asked for
by their position in the session, so no path ever comes from the browser.
"""

import hmac
import os
import secrets
import socketserver
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import BoundedSemaphore
from typing import TypeVar

import msgspec

from sightline.errors import EvaluationError, GoldError, PhotoError, UnreadablePhoto, UsageError
from sightline.evaluation.judging.session import Session, item
from sightline.photos.read import hash_of, read_bytes
from sightline.photos.thumbnail import thumbnail_jpeg

LOOPBACK = "127.0.0.1"
PHOTO_SIDE = 1280
"""Pixels of a shown photo's longer side: enough for a small thing in it, little to decode."""

_BODY_DIGITS = 3
_PHOTOS_KEPT = 48
_DECODING_AT_ONCE = 2
_NONCE = "NONCE-OF-THIS-PAGE"
_OWN_NAMES = {LOOPBACK, "localhost"}

Body = TypeVar("Body")


class GradeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /grade."""

    pair: int
    grade: int


class MarkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /nothing."""

    need: int
    nothing: bool


class FinishBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /finish."""


class Refusal(msgspec.Struct, frozen=True):
    """What the page shows in place of what it asked for."""

    error: str
    file: str = ""


@dataclass(frozen=True)
class ShownPhoto:
    """Where a photo lies, and the SHA-256 of the bytes that are judged."""

    path: Path
    photo: str


class JudgeServer(ThreadingHTTPServer):
    """Serves one session until the page says that it is finished."""

    allow_reuse_address = os.name == "posix"  # elsewhere it would let another program listen, too

    def __init__(self, session: Session, photos: Mapping[str, ShownPhoto], port: int = 0) -> None:
        """Begin to listen.

        Args:
            photos: by their names in the session's pairs.
            port: 0 for any that is free.

        Raises:
            UsageError: the port can't be had.
        """
        self.session = session
        self.photos = photos
        self.token = secrets.token_urlsafe(24)
        self.page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
        self.photo = lru_cache(_PHOTOS_KEPT)(self._photo)
        self._decoding = BoundedSemaphore(_DECODING_AT_ONCE)
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise UsageError(
                f"Can't listen on port {port}: {reason}. Leave --port out to take any free one."
            ) from None

    @property
    def url(self) -> str:
        """The page's address, token included."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/{self.token}/"

    def server_bind(self) -> None:
        """Bind without asking the network for the machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away in mid-answer is no news; anything else is."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def _photo(self, file: str) -> bytes:
        shown = self.photos[file]
        with self._decoding:
            if hash_of(read_bytes(shown.path)) != shown.photo:
                raise UnreadablePhoto("It was changed after it was indexed. Index again.")
            return thumbnail_jpeg(shown.path, PHOTO_SIDE)


class _Handler(BaseHTTPRequestHandler):
    server: JudgeServer
    server_version = "sightline"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        match self._asked():
            case [""]:
                self._send_page()
            case ["session"]:
                self._send_json(self.server.session.view())
            case ["photo", at] if at.isascii() and at.isdigit() and len(at) < 10:
                self._send_photo(int(at))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def do_POST(self) -> None:
        asked = self._asked()
        origin = self.headers.get("Origin")
        if asked is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        elif origin is not None and origin != f"http://{self.headers.get('Host')}":
            self._refuse(HTTPStatus.FORBIDDEN, "Another page's grades are not taken.")
        else:
            try:
                self._take(asked)
            except (GoldError, msgspec.DecodeError) as error:
                self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            except EvaluationError as error:
                self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, str(error))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to the command."""

    def _asked(self) -> list[str] | None:
        """The parts of the path behind the token; None for whoever doesn't know it."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0].lower()  # a tunnel has its own port
        _, token, *parts = [*self.path.split("/"), ""]
        knows = hmac.compare_digest(token.encode(), self.server.token.encode())
        return parts[:-1] if knows and host in _OWN_NAMES else None

    def _take(self, asked: list[str]) -> None:
        session = self.server.session
        match asked:
            case ["grade"]:
                graded = self._body(GradeBody)
                session.grade(graded.pair, graded.grade)
            case ["nothing"]:
                marked = self._body(MarkBody)
                session.mark(marked.need, marked.nothing)
            case ["finish"]:
                self._body(FinishBody)
            case _:
                return self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        self._send(HTTPStatus.NO_CONTENT, "application/json", b"")
        if asked == ["finish"]:
            self.server.shutdown()
        return None

    def _body(self, kind: type[Body]) -> Body:
        """The request's JSON. Its type alone keeps out forms of other pages."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= _BODY_DIGITS):
            raise GoldError("A grade comes as a short JSON object.")
        if self.headers.get_content_type() != "application/json":
            raise GoldError("A grade comes as application/json.")
        return msgspec.json.decode(self.rfile.read(int(length)), type=kind)

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        page = self.server.page.replace(_NONCE, nonce).encode()
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page, policy)

    def _send_photo(self, at: int) -> None:
        try:
            file = item(self.server.session.pairs, at).file
        except GoldError as error:
            return self._refuse(HTTPStatus.NOT_FOUND, str(error))
        try:
            jpeg = self.server.photo(file)
        except PhotoError as error:
            return self._refuse(HTTPStatus.NOT_FOUND, str(error), file)
        return self._send(HTTPStatus.OK, "image/jpeg", jpeg)

    def _send_json(self, value: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, "application/json", msgspec.json.encode(value))

    def _refuse(self, status: HTTPStatus, why: str, file: str = "") -> None:
        self._send_json(Refusal(why, file), status)

    def _send(
        self, status: HTTPStatus, kind: str, body: bytes, policy: str = "default-src 'none'"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def serve(
    session: Session,
    photos: Mapping[str, ShownPhoto],
    port: int,
    on_ready: Callable[[str], None],
) -> None:
    """Serve a session until its page or Ctrl-C ends it.

    Args:
        on_ready: told the page's address as soon as it answers.

    Raises:
        UsageError: the port can't be had.
    """
    with JudgeServer(session, photos, port) as server, suppress(KeyboardInterrupt):
        on_ready(server.url)
        server.serve_forever()
