"""Fixtures that many tests share."""

import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.making import Home, make_model

# A busy machine is no bug: no test here is a matter of milliseconds.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What a shell began behind `&` ignores Ctrl-C, and so would every command that the tests begin.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).resolve().parent
SHARED_DATA = TESTS.parents[1] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.parent not in (TESTS / "training", TESTS / "real"))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that loads in milliseconds and knows eight colours."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def home(tmp_path: Path, tiny_model: Path) -> Home:
    """An empty folder for photos, with no library yet."""
    return Home(tmp_path, tiny_model)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real photos that stand beside the project; without them the test is skipped."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real photos of ../shared/data, which are not here")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can reach the library of whoever runs it."""
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(tmp_path / "default-library"))
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path / "own-models"))
    monkeypatch.setenv("SIGHTLINE_ADAPTERS", str(tmp_path / "own-adapters"))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def chromium() -> str:
    """Debian's Chromium, for pages that must really open."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("needs Chromium (Debian package `chromium`)")
    return found
