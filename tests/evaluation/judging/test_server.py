"""The judging page's server answers this machine's own browser and nobody else."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from sightline.errors import UsageError
from sightline.evaluation.judging.draft import Draft
from sightline.evaluation.judging.server import PHOTO_SIDE, JudgeServer, ShownPhoto
from sightline.photos.read import hash_of
from tests.evaluation.judging.making import draft_of, judged, query, real_photos, serving
from tests.making import make_photo

SECRET = "no word of any file, e.g. secret-red.png"
FILES = ("secret-red.png", "gone.png", "changed.png", "broken.png")


class Site:
    """A server with its draft, and requests to it as anybody could send them."""

    def __init__(self, server: JudgeServer, draft: Draft) -> None:
        self.server, self.draft = server, draft
        self.host = f"127.0.0.1:{server.server_port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def post(self, verb: str, body: object, **headers: str) -> tuple[int, bytes]:
        kind = {"Content_Type": "application/json"} | headers
        path = f"/{self.server.token}/{verb}"
        answer, content = self.ask("POST", path, json.dumps(body).encode(), **kind)
        return answer.status, content

    def get(self, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        return self.ask("GET", f"/{self.server.token}/{path}", **headers)

    def grade(self, file: str) -> int | None:
        return self.draft.queries["dog"].grades.get(file)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    photos = real_photos(tmp_path / "photos", *FILES)
    photos["gone.png"].path.unlink()
    make_photo(photos["changed.png"].path, "white", 9)
    photos["broken.png"].path.write_bytes(b"no picture")
    broken = photos["broken.png"].path
    photos["broken.png"] = ShownPhoto(broken, hash_of(broken.read_bytes()))
    draft = draft_of(query("dog"), files=FILES)
    with ExitStack() as held:
        session = held.enter_context(judged(draft, tmp_path / "gold.json"))
        server = held.enter_context(serving(session, photos))
        yield Site(server, draft)


def test_only_this_machine_can_reach_it(site: Site) -> None:
    assert site.server.server_address[0] == "127.0.0.1"
    assert site.server.url.startswith(f"http://{site.host}/")
    assert len(site.server.token) >= 32


def test_every_server_has_a_token_of_its_own(site: Site, tmp_path: Path) -> None:
    with (
        judged(draft_of(query("dog")), tmp_path / "other.json") as session,
        JudgeServer(session, {}) as other,
    ):
        assert other.token != site.server.token


@pytest.mark.parametrize("path", ["/", "/session", "/photo/0", "/wrong/", "//", "*", "/../x/"])
def test_without_the_token_there_is_nothing(site: Site, path: str) -> None:
    for method in ("GET", "POST"):
        answer, content = site.ask(method, path)
        assert answer.status == 404
        assert FILES[0].encode() not in content
        assert site.server.token.encode() not in content


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "localhost.x"]
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(site: Site, host: str) -> None:
    answer, _ = site.get("session", Host=host)
    assert answer.status == 404
    assert site.post("grade", {"pair": 0, "grade": 2}, Host=host)[0] == 404
    assert site.grade(FILES[0]) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9", "LOCALHOST"])
def test_the_loopback_by_its_names_is_served_also_through_a_tunnel(site: Site, host: str) -> None:
    assert site.get("session", Host=host)[0].status == 200


def test_another_pages_grades_are_refused(site: Site) -> None:
    graded = {"pair": 0, "grade": 2}
    for origin in ("http://evil.example", "null", f"https://{site.host}"):
        assert site.post("grade", graded, Origin=origin)[0] == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert site.post("grade", graded, Content_Type=kind)[0] == 400
    assert site.grade(FILES[0]) is None
    assert site.post("grade", graded, Origin=f"http://{site.host}")[0] == 204
    assert site.grade(FILES[0]) == 2


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"pair": 0},
        {"pair": 0, "grade": 3},
        {"pair": 0, "grade": -1},
        {"pair": 0, "grade": True},
        {"pair": 0, "grade": 1.5},
        {"pair": 4, "grade": 0},
        {"pair": -1, "grade": 0},
        {"pair": 10**30, "grade": 0},
        {"pair": "0", "grade": 0},
        {"pair": 0, "grade": 0, "file": "/etc/passwd"},
        {"pair": 0, "grade": "0" * 2000},
    ],
)
def test_a_grade_that_is_none_is_refused_with_a_reason(site: Site, body: object) -> None:
    status, content = site.post("grade", body)
    assert status == 400
    assert json.loads(content)["error"]
    assert not site.draft.queries["dog"].grades


def test_what_cannot_both_be_true_is_refused(site: Site) -> None:
    site.post("grade", {"pair": 0, "grade": 1})
    status, content = site.post("nothing", {"need": 0, "nothing": True})
    assert status == 400
    assert "change these grades" in json.loads(content)["error"]


def test_a_photo_comes_small_and_without_its_metadata(site: Site, tmp_path: Path) -> None:
    large = site.server.photos[FILES[0]].path
    exif = Image.Exif()
    exif[0x010E] = SECRET
    Image.new("RGB", (3000, 2000), "red").save(large, exif=exif)
    site.server.photos[FILES[0]] = ShownPhoto(large, hash_of(large.read_bytes()))  # type: ignore[index]
    answer, content = site.get("photo/0")
    assert (answer.status, answer.getheader("Content-Type")) == (200, "image/jpeg")
    assert Image.open(BytesIO(content)).size == (PHOTO_SIDE, PHOTO_SIDE * 2 // 3)
    assert SECRET.encode() not in content


@pytest.mark.parametrize(
    ("at", "why"), [(1, "isn't there"), (2, "changed after it was indexed"), (3, "image")]
)
def test_a_photo_that_cannot_be_shown_says_which_and_why(site: Site, at: int, why: str) -> None:
    answer, content = site.get(f"photo/{at}")
    assert answer.status == 404
    refusal = json.loads(content)
    assert refusal["file"] == FILES[at]
    assert why in refusal["error"]


@pytest.mark.parametrize("at", ["4", "-1", "1e0", "²", "0" * 4000, "..%2f..%2fetc%2fpasswd", ""])
def test_photos_are_asked_for_by_position_only(site: Site, at: str) -> None:
    path = f"/{site.server.token}/photo/{at}".encode().decode("latin-1")
    with socket.create_connection(site.server.server_address[:2], timeout=20) as raw:
        raw.sendall(f"GET {path} HTTP/1.0\r\nHost: {site.host}\r\n\r\n".encode("latin-1"))
        assert b" 404 " in raw.makefile("rb").readline()


def test_the_session_names_no_file(site: Site) -> None:
    _, content = site.get("session")
    assert not any(file.encode() in content for file in FILES)


def test_the_page_asks_nobody_else_for_anything(site: Site) -> None:
    answer, content = site.get("")
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert b"://" not in content
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("Cache-Control") == "no-store"


def test_a_body_is_refused_by_its_length_before_it_is_read(site: Site) -> None:
    for length in ("1000", "99999999999", "-1", "1e2", ""):
        request = (
            f"POST /{site.server.token}/grade HTTP/1.0\r\nHost: {site.host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        with socket.create_connection(site.server.server_address[:2], timeout=20) as raw:
            raw.sendall(request.encode())
            assert b" 400 " in raw.makefile("rb").readline()


def test_a_browser_that_goes_away_costs_nothing(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    for request in (
        b"",
        b"GET",
        b"\0\xff\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ):
        with socket.create_connection(site.server.server_address[:2]) as raw:
            raw.sendall(request)
            # Closed so, the other end sees a reset, not an end.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert site.get("session")[0].status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_port_that_is_taken_says_so(site: Site) -> None:
    for port in (site.server.server_port, 70_000):
        with pytest.raises(UsageError, match=str(port)):
            JudgeServer(site.server.session, {}, port)
