"""Questions over HTTP, with patience for what passes and plain words for what doesn't.

Tried again: 429, 5xx and time-outs, after the wait that the server asks for or else 1, 2, 4, …
seconds. Nothing else: a connection that breaks in the middle, or a wrong key, is reported at once.
What a server will not take of a request (a schema, a temperature) is left out from then on, and
every reply says so.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Protocol

import httpx
import msgspec

from sightline.errors import InspectionError
from sightline.inspection.vlm.chat_completions import ChatCompletions
from sightline.inspection.vlm.dialect import Dialect, Json, Unspoken
from sightline.inspection.vlm.failures import error_in, explained, passes, plain_words
from sightline.inspection.vlm.messages import Messages
from sightline.inspection.vlm.question import Parameters, Question, Reply
from sightline.inspection.vlm.remote import is_loopback
from sightline.inspection.vlm.settings import KEY, VlmSettings
from sightline.version import __version__

LONGEST_ANSWER = 4 * 2**20
"""Bytes of a response that are read; a report of a defect has some thousand."""
LONGEST_WAIT = 120.0
"""Seconds that a server may ask to wait before it is asked again in the same run."""

_CONNECT_SECONDS = 15.0
_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Seconds since some moment."""

    def today(self) -> float:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def today(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class _TurnedDown(Exception):
    """A response other than an answer; `wait` in seconds where the server asks for it."""

    def __init__(self, status: int, said: str, wait: float | None) -> None:
        super().__init__(status, said)
        self.status, self.said, self.wait = status, said, wait


class _NoTime(Exception):
    """No answer in time."""


class _TooLong(Exception):
    """An answer longer than anybody asked for."""


class Client:
    """One endpoint. Safe to use from several threads; close it after use."""

    def __init__(self, settings: VlmSettings, clock: Clock | None = None) -> None:
        """Open nothing yet: the first question does."""
        self._settings = settings
        self._clock = clock or SystemClock()
        self._dialect: Dialect = Messages() if settings.speaks == "anthropic" else ChatCompletions()
        self._dropped: frozenset[str] = frozenset()
        self._lock = Lock()
        url = httpx.URL(settings.url)
        self._http = httpx.Client(
            timeout=httpx.Timeout(
                settings.timeout, connect=min(_CONNECT_SECONDS, settings.timeout)
            ),
            headers={"User-Agent": f"sightline/{__version__}"},
            follow_redirects=False,  # photos and keys go where the user said, and nowhere else
            # A proxy would carry off what is meant to stay on this machine.
            trust_env=not is_loopback(url.host),
            # Reading all the world's certificates takes 100 ms; without TLS there is none to check.
            verify=url.scheme == "https",
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, question: Question, parameters: Parameters) -> Reply:
        """Send a question, and wait for the answer.

        Raises:
            InspectionError: there is none to be had; the message says why and what to do.
        """
        began = self._clock.now()
        tries = 0
        while True:
            dropped = self._dropped
            body = self._dialect.body(question, self._settings.model, parameters, dropped)
            self._note(question)
            try:
                reply = self._dialect.reply(self._post(body))
                break
            except _TooLong:
                reply = Reply(text="", stop="length")
                break
            except Unspoken as error:
                raise self._not_this_protocol(str(error)) from None
            except _TurnedDown as answer:
                drop = self._dialect.drop(answer.said, dropped) if _mendable(answer) else None
                if drop is not None:
                    self._drop(drop)
                    continue
                tries += 1
                self._wait_or_give_up(answer, tries)
            except _NoTime:
                tries += 1
                if tries >= self._settings.attempts:
                    raise InspectionError(
                        f"{self._settings.endpoint} gave no answer within "
                        f"{self._settings.timeout:g} s, {tries} times. Try a smaller model or "
                        "picture, or wait longer. Finished answers are kept."
                    ) from None
                self._clock.sleep(2.0 ** (tries - 1))
        seconds = self._clock.now() - began
        return msgspec.structs.replace(reply, seconds=seconds, dropped=tuple(sorted(dropped)))

    def _note(self, question: Question) -> None:
        shown = ", ".join(
            f"{one.picture.sent.role} {one.picture.sent.width}×{one.picture.sent.height}"
            for one in question.shown
        )
        _log.info(
            "%s to %s: %s; %d bytes",
            question.wording.id,
            httpx.URL(self._settings.url).host,
            shown,
            question.bytes,
        )

    def _drop(self, what: str) -> None:
        _log.info("%s will not take %s; left out from now on", self._settings.model, what)
        with self._lock:
            self._dropped |= {what}

    def _post(self, body: Json) -> Json:
        """One request; the response's JSON object.

        Raises:
            _TurnedDown, _NoTime, _TooLong, Unspoken, InspectionError.
        """
        headers = self._dialect.headers(self._key())
        with (
            self._named_failures(),
            self._http.stream("POST", self._settings.url, json=body, headers=headers) as response,
        ):
            status = response.status_code
            wait = self._wait_asked_for(response)
            data = self._read(response)
        payload = _json(data)
        error = error_in(payload)
        if status == 200 and error is None:
            if not isinstance(payload, dict):
                raise Unspoken("it is no JSON object")
            return payload
        if status == 200:  # some gateways wrap the failure of the server behind them
            code = error.get("code") if isinstance(error, dict) else None
            status = code if isinstance(code, int) and 400 <= code < 600 else 400
        said = plain_words(error, data, self._settings.key())
        raise _TurnedDown(status, said, wait)

    @contextmanager
    def _named_failures(self) -> Iterator[None]:
        endpoint = self._settings.endpoint
        try:
            yield
        except httpx.TimeoutException:
            raise _NoTime from None
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise InspectionError(
                f"Nothing answers at {endpoint} ({error}). Start the server there, or give another "
                "--endpoint."
            ) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise InspectionError(
                f"The connection to {endpoint} broke off ({error}). Run the same command again: "
                "finished answers are kept."
            ) from None

    def _read(self, response: httpx.Response) -> bytes:
        """The body, up to a limit of size and of time: a server may also send a byte a minute."""
        began = self._clock.now()
        data = bytearray()
        for piece in response.iter_bytes():
            data += piece
            if len(data) > LONGEST_ANSWER:
                raise _TooLong
            if self._clock.now() - began > self._settings.timeout:
                raise _NoTime
        return bytes(data)

    def _wait_asked_for(self, response: httpx.Response) -> float | None:
        """Seconds of the header Retry-After, in either form (RFC 9110, section 10.2.3)."""
        said = response.headers.get("retry-after", "").strip()
        try:
            return max(0.0, float(said))
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - self._clock.today())
        except (ValueError, OverflowError):
            return None

    def _wait_or_give_up(self, answer: _TurnedDown, tries: int) -> None:
        if not passes(answer.status, answer.said):
            raise explained(answer.status, answer.said, self._settings, self._key() is not None)
        wait = 2.0 ** (tries - 1) if answer.wait is None else answer.wait
        if tries >= self._settings.attempts or not wait <= LONGEST_WAIT:
            later = f" It asks to wait {wait:,.0f} s." if wait > LONGEST_WAIT else ""
            raise InspectionError(
                f"{self._settings.endpoint} turned the question down {tries} times "
                f"({answer.status}: {answer.said}).{later} Run the same command again later: "
                "finished answers are kept."
            )
        self._clock.sleep(wait)

    def _not_this_protocol(self, why: str) -> InspectionError:
        return InspectionError(
            f"{self._settings.url} answers, but not as {self._settings.speaks} servers do ({why}). "
            "Check --endpoint; it usually ends in /v1."
        )

    def _key(self) -> str | None:
        key = self._settings.key()
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise InspectionError(f"The key in {KEY} has characters that no key has. Set it again.")
        return key


def _mendable(answer: _TurnedDown) -> bool:
    """Whether the request may be at fault; servers say so with 400 or 422, a few with 500."""
    return answer.status in (400, 422, 500)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
