"""Whether photos leave the machine, said before they do; and that it has been said.

Nothing here sends anything, and nothing is looked up: a name that isn't loopback's own counts as
remote.
"""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from sightline.inspection.vlm.records import write_whole


def leaves_the_machine(endpoint: str, model: str = "") -> str | None:
    """What to tell the user before photos are sent there, or None if they stay on this machine.

    A server on loopback may itself hand on what it is given: Ollama does so for models whose name
    ends in `cloud`, and that is said, too.
    """
    url = urlsplit(endpoint)
    host = url.hostname or endpoint
    if is_loopback(host):
        if model.lower().endswith(("-cloud", ":cloud")):
            return (
                f"The photos leave this machine: {model} runs in the cloud, and the server at "
                f"{url.netloc} hands them on. Their metadata stays here, what they show does not."
            )
        return None
    unsafe = "" if url.scheme == "https" else " The connection is not encrypted."
    return (
        f"The photos leave this machine: they are sent to {host}, and what happens to them there "
        "is up to whoever runs it. Their metadata (place, time, camera) stays here, what they show "
        f"does not.{unsafe}"
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number alone."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


class Acknowledged:
    """The endpoints of which the user has been told. One small JSON file of hosts."""

    def __init__(self, file: Path | None = None) -> None:
        """At `file`, or in the user's configuration folder."""
        self._file = file or _default_file()

    def first_use(self, endpoint: str, model: str = "") -> str | None:
        """What is still to be said before photos are sent there; None if nothing is."""
        said = leaves_the_machine(endpoint, model)
        return None if said is None or self._name(endpoint, model) in self._known() else said

    def remember(self, endpoint: str, model: str = "") -> None:
        """Note that it was said.

        Raises:
            InspectionError: the file can't be written.
        """
        known = sorted(self._known() | {self._name(endpoint, model)})
        write_whole(self._file, json.dumps({"told": known}, indent=1).encode())

    def _known(self) -> set[str]:
        try:
            told = json.loads(self._file.read_bytes())["told"]
            return {str(name) for name in told}
        except (OSError, ValueError, TypeError, KeyError):
            return set()  # unreadable: it is said once more

    @staticmethod
    def _name(endpoint: str, model: str) -> str:
        url = urlsplit(endpoint)
        place = f"{url.scheme}://{url.netloc.lower()}"
        return f"{place} {model}" if is_loopback(url.hostname or "") else place


def _default_file() -> Path:
    chosen = os.environ.get("SIGHTLINE_CONFIG")
    if chosen:
        return Path(chosen) / "told.json"
    import platformdirs

    return platformdirs.user_config_path("sightline", appauthor=False) / "told.json"
