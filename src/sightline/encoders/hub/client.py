"""A hub over HTTP: what a repository holds at a commit, and the bytes of its files.

Requests and answers are those of the Hugging Face Hub's API, which mirrors speak, too. The
environment is respected as its own client does: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, and
the usual proxy variables. Why not that client: docs/decisions/0007-fetching-models.md.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, TypeVar

from sightline.errors import FetchError
from sightline.version import __version__

ATTEMPTS = 5
"""In a row without one new byte; then we give up, and what came stays for the next time."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
TIMEOUT = 30.0
_CHUNK = 1 << 20
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
_YES = {"1", "ON", "YES", "TRUE"}

OnBytes = Callable[[int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository: its size in bytes, and a hash of its content.

    `sha256` is known of large files, `git_sha1` (of git's blob) of the others.
    """

    size: int | None
    sha256: str | None
    git_sha1: str | None


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit."""

    repository: str
    commit: str
    files: dict[str, RemoteFile]


class NotThere(FetchError):
    """The hub has no such repository, revision or file."""


class Hub:
    """One hub. Retries what may pass; says plainly what will not."""

    def __init__(self) -> None:
        self.endpoint = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        if not self.endpoint.startswith(("http://", "https://")):
            raise FetchError(f"HF_ENDPOINT must begin with http:// or https://: {self.endpoint}")
        self._token = os.environ.get("HF_TOKEN", "").strip()
        self._opener = urllib.request.build_opener(_Redirects())

    def snapshot(self, repository: str, revision: str) -> Snapshot:
        """What a repository holds at a branch, tag or commit.

        Raises:
            FetchError: offline, missing, forbidden, or not to be reached.
        """
        rev = urllib.parse.quote(revision, safe="")
        address = f"{self.endpoint}/api/models/{repository}/revision/{rev}?blobs=true"
        what = f"{repository} at {revision}"
        try:
            answer = json.loads(self._patiently(what, lambda: self._read(address)))
            files = {entry["rfilename"]: _remote_file(entry) for entry in answer["siblings"]}
            return Snapshot(repository, str(answer["sha"]), files)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FetchError(f"{self.endpoint} gave no answer that a hub gives.") from None

    def download(
        self, snapshot: Snapshot, name: str, part: Path, on_bytes: OnBytes = lambda count: None
    ) -> None:
        """Bring the file `part` up to the whole of a remote file, going on where it ends.

        Args:
            on_bytes: called with the number of bytes added, or taken back (negative).

        Raises:
            FetchError: as `snapshot`; the disk is full. `part` keeps what came.
        """
        size = snapshot.files[name].size
        address = self._file_address(snapshot, name)
        part.parent.mkdir(parents=True, exist_ok=True)

        def attempt() -> None:
            have = part.stat().st_size if part.exists() else 0
            if size is not None and have == size and part.exists():
                return
            if size is not None and have > size:
                part.unlink()
                on_bytes(-have)
                have = 0
            try:
                answer = self._open(address, have)
            except urllib.error.HTTPError as error:
                if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                    raise
                part.unlink()  # longer than what the hub has
                on_bytes(-have)
                raise _Short(f"{name} is shorter than what came of it") from None
            _append(answer, part, have, on_bytes)
            got = part.stat().st_size
            if size is not None and got != size:
                raise _Short(f"{name} ended after {got:,} of {size:,} bytes")

        self._patiently(name, attempt, lambda: part.stat().st_size if part.exists() else 0)

    def read_range(self, snapshot: Snapshot, name: str, start: int, count: int) -> bytes:
        """`count` bytes of a remote file.

        Raises:
            FetchError: as `snapshot`, or the hub does not give parts of files.
        """
        address = self._file_address(snapshot, name)

        def attempt() -> bytes:
            with self._open(address, start, start + count - 1) as answer:
                if answer.status != http.client.PARTIAL_CONTENT:
                    raise FetchError(f"{self.endpoint} gives no parts of files.")
                data = bytes(answer.read(count))
            if len(data) != count:
                raise _Short(f"{name} ended early")
            return data

        return self._patiently(name, attempt)

    def _file_address(self, snapshot: Snapshot, name: str) -> str:
        path = urllib.parse.quote(name)
        return f"{self.endpoint}/{snapshot.repository}/resolve/{snapshot.commit}/{path}"

    def _read(self, address: str) -> bytes:
        with self._open(address) as answer:
            return bytes(answer.read())

    def _open(self, address: str, start: int = 0, last: int | None = None) -> Any:
        headers = {"User-Agent": f"sightline/{__version__}", "Accept-Encoding": "identity"}
        if start or last is not None:
            headers["Range"] = f"bytes={start}-{'' if last is None else last}"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(address, headers=headers)
        return self._opener.open(request, timeout=TIMEOUT)

    def _patiently(
        self, what: str, attempt: Callable[[], T], progress: Callable[[], int] = lambda: 0
    ) -> T:
        """Try again, with growing pauses, what may work the next time."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in _YES:
            raise FetchError(
                f"{what} is not here, and HF_HUB_OFFLINE forbids to fetch it. Unset it once, or "
                "copy the model's folder from a machine that has it."
            )
        failures, before = 0, progress()
        while True:
            asked_pause = 0.0
            try:
                return attempt()
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _TEMPORARY:
                        raise self._refusal(what, error.code) from None
                    asked_pause = _retry_after(error.headers)
                reason = f"the hub answered {error.code}"
            except urllib.error.URLError as error:
                reason = str(error.reason)
            except _Short as error:
                reason = str(error)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.filename is not None:
                    raise FetchError(f"Can't write {error.filename}: {error.strerror}.") from None
                reason = str(error) or type(error).__name__
            failures = 1 if progress() > before else failures + 1
            before = max(before, progress())
            if failures >= ATTEMPTS:
                raise FetchError(
                    f"Can't fetch {what} from {self.endpoint}: {reason}, {ATTEMPTS} times. Check "
                    "the network and run the same command again: it goes on where it was."
                )
            time.sleep(min(max(asked_pause, FIRST_PAUSE * 2 ** (failures - 1)), LONGEST_PAUSE))

    def _refusal(self, what: str, code: int) -> FetchError:
        if code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            known = "is not accepted" if self._token else "is not set"
            return FetchError(
                f"{self.endpoint} does not give {what} to everybody ({code}), and HF_TOKEN "
                f"{known}. Accept the model's terms on its page, and set HF_TOKEN to your token."
            )
        if code == http.client.NOT_FOUND:
            return NotThere(f"{self.endpoint} has no {what}. Was it renamed or taken back?")
        return FetchError(f"{self.endpoint} refuses {what} with status {code}.")


class _Short(Exception):
    """The connection ended before the file did."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Files come from other machines than the hub; those must not see the token."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.remove_header("Authorization")
        return following


def _origin(address: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(address)
    return parts.scheme, parts.netloc


def _append(answer: Any, part: Path, have: int, on_bytes: OnBytes) -> None:
    """Write an answer behind what is there, or in its place if the hub begins at the start."""
    with answer:
        goes_on = answer.status == http.client.PARTIAL_CONTENT
        if have and not goes_on:
            on_bytes(-have)
        with part.open("ab" if goes_on else "wb") as file:
            while chunk := answer.read1(_CHUNK):  # what is there, without waiting for more
                try:
                    file.write(chunk)
                    file.flush()
                except OSError as error:
                    error.filename = error.filename or str(part)
                    raise
                on_bytes(len(chunk))
        if answer.length:
            raise _Short(f"{part.name} ended {answer.length:,} bytes early")


def _remote_file(entry: dict[str, Any]) -> RemoteFile:
    lfs = entry.get("lfs") or {}
    size = lfs.get("size", entry.get("size"))
    return RemoteFile(
        size=size if isinstance(size, int) else None,
        sha256=lfs.get("sha256") or lfs.get("oid"),
        git_sha1=None if lfs else entry.get("blobId"),
    )


def _retry_after(headers: Message) -> float:
    """Seconds that the hub asks to wait; a date, which it may be as well, is not waited for."""
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0
