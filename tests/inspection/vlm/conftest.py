"""What tests of the vlm inspector share: a server, a clock that doesn't wait, and photos."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.inspection.vlm.inspector import VlmInspector
from sightline.inspection.vlm.settings import VlmSettings
from tests.inspection.loopback_server import LoopbackServer, loopback_server

Ask = Callable[..., VlmInspector]


@dataclass
class Clock:
    """A clock that only moves when somebody sleeps, and notes for how long."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return sum(self.slept)

    def today(self) -> float:
        return 1_700_000_000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with loopback_server() as served:
        yield served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can use, or show, a real key."""
    for name in ("SIGHTLINE_VLM_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def vlm(server: LoopbackServer, clock: Clock) -> Iterator[Ask]:
    """Makes inspectors of the server, with any settings; closes them all at the end."""
    made: list[VlmInspector] = []

    def make(**settings: object) -> VlmInspector:
        given: dict[str, object] = {"model": "some-vlm", "endpoint": server.openai} | settings
        inspector = VlmInspector(VlmSettings(**given), clock=clock)  # type: ignore[arg-type]
        made.append(inspector)
        return inspector

    yield make
    for inspector in made:
        inspector.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 400 × 300 pixels, with a camera's metadata."""
    return make_noise(tmp_path / "part.jpg", 400, 300)


def make_noise(path: Path, width: int, height: int, orientation: int = 1) -> Path:
    """A noisy photo that says where, when and with what it was taken."""
    pixels = np.random.default_rng(width * height).integers(0, 255, (height, width, 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    Image.fromarray(pixels.astype(np.uint8)).save(path, exif=exif, comment=b"taken at home")
    return path
