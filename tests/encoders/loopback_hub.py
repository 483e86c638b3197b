"""A model hub on loopback: the API of the real one, over real HTTP, that misbehaves when asked.

Large files are sent on to another origin, as the real hub does to its storage: `localhost` instead
of `127.0.0.1`.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 5_000
_PIECE = 1 << 14


@dataclass
class Fault:
    """What goes wrong: at requests whose path holds `where`, `times` times.

    `kind` is a status, or "truncated" (half of it comes), "wrong" (a byte is flipped), "reset"
    (the connection ends without an answer), "stalled" (half comes, then nothing for `seconds`),
    "slow" (a piece every `seconds`), "whole" (a part was asked for, all of it comes).
    """

    where: str
    kind: int | str
    times: int = 1
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    host: str
    path: str
    range: str | None
    token: str | None


@dataclass
class LoopbackHub:
    """Repositories by name; what was asked; what is to go wrong."""

    port: int = 0
    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    without_hashes: bool = False
    lock: Lock = field(default_factory=Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, repository: str, files: dict[str, bytes]) -> str:
        """Commit files; `main` moves there. Returns the commit."""
        digest = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.repositories.setdefault(repository, {})[digest] = files
        self.heads[repository] = digest
        return digest

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def fault_at(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.where in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


def folder_files(folder: Path) -> dict[str, bytes]:
    """A folder's files as a repository holds them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def running_hub() -> Iterator[LoopbackHub]:
    hub = LoopbackHub()

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: LoopbackHub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.served.asked.append(
            Asked(
                self.headers.get("Host", ""),
                unquote(self.path),
                self.headers.get("Range"),
                self.headers.get("Authorization"),
            )
        )
        fault = self.served.fault_at(path)
        if fault is not None and isinstance(fault.kind, int):
            self._answer(fault.kind, b"no", fault.headers)
        elif fault is not None and fault.kind == "reset":
            self.connection.close()
        else:
            self._serve(path, fault)

    def _serve(self, path: str, fault: Fault | None) -> None:
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"] and parts[4:5] == ["revision"]:
            self._describe("/".join(parts[2:4]), "/".join(parts[5:]))
        elif parts[:1] == ["storage"]:
            self._send(self._file("/".join(parts[1:3]), parts[3], "/".join(parts[4:])), fault)
        elif parts[2:3] == ["resolve"]:
            repository, commit, name = "/".join(parts[:2]), parts[3], "/".join(parts[4:])
            data = self._file(repository, commit, name)
            if data is not None and len(data) >= LARGE:
                to = f"http://localhost:{self.served.port}/storage/{repository}/{commit}/{name}"
                sha256 = hashlib.sha256(data).hexdigest()
                self._answer(302, b"", {"Location": to, "X-Linked-Etag": f'"{sha256}"'})
            else:
                self._send(data, fault)
        else:
            self._answer(404, b"no such page")

    def _file(self, repository: str, commit: str, name: str) -> bytes | None:
        return self.served.repositories.get(repository, {}).get(commit, {}).get(name)

    def _describe(self, repository: str, revision: str) -> None:
        commits = self.served.repositories.get(repository, {})
        commit = self.served.heads.get(repository) if revision == "main" else revision
        if commit not in commits:
            self._answer(404, b"Repository not found")
            return
        siblings = [self._sibling(name, data) for name, data in commits[commit].items()]
        body = {"id": repository, "sha": commit, "siblings": siblings}
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        if self.served.without_hashes:
            return {"rfilename": name}
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
        if len(data) >= LARGE:
            sha256 = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
        return entry

    def _send(self, data: bytes | None, fault: Fault | None) -> None:
        if data is None:
            self._answer(404, b"Entry not found")
            return
        kind = fault.kind if fault else None
        if kind == "wrong":
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        asked = self.headers.get("Range")
        start, stop = 0, len(data)
        if asked and kind != "whole":
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(int(last) + 1, len(data)) if last else len(data)
            if start >= len(data):
                self._answer(416, b"")
                return
        self.send_response(206 if asked and kind != "whole" else 200)
        self.send_header("Content-Length", str(stop - start))
        if asked and kind != "whole":
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.end_headers()
        end = start + (stop - start) // 2 if kind in {"truncated", "stalled"} else stop
        pause = fault.seconds if fault and kind == "slow" else 0.0
        for at in range(start, end, _PIECE):
            self._write(data[at : min(at + _PIECE, end)])
            time.sleep(pause)
        if kind == "stalled":
            assert fault is not None
            time.sleep(fault.seconds)
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body)

    def _write(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            return  # the other side has gone, as some tests want
        with self.served.lock:
            self.served.sent += len(data)

    def log_message(self, *args: object) -> None:
        """Quietly."""
