"""Which model is asked, where, and with what limits."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from sightline.errors import UsageError
from sightline.inspection.pixels import Limit
from sightline.inspection.vlm.families import Family, family_named, family_of

Protocol = Literal["openai", "anthropic"]
KEY = "SIGHTLINE_VLM_KEY"
MODEL = "SIGHTLINE_VLM_MODEL"
ENDPOINT = "SIGHTLINE_VLM_ENDPOINT"
NAME_IT = f"Name the model to ask: --vlm MODEL, or {MODEL} in the environment."
# A vendor's key goes to that vendor and to nobody else, whatever the endpoint.
_VENDOR_KEYS = {"openai.com": "OPENAI_API_KEY", "anthropic.com": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True)
class Prices:
    """Dollars for a million tokens, as the user knows them: they change, so none is built in."""

    input: float
    output: float

    def __post_init__(self) -> None:
        """Refuse what no server asks.

        Raises:
            UsageError: a price below 0, or none that can be summed up.
        """
        if not all(0 <= price < math.inf for price in (self.input, self.output)):
            raise UsageError(
                f"A price is 0 dollars or more, not {self.input:g} and {self.output:g}."
            )

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True)
class VlmSettings:
    """How to ask one model.

    The key is no part of it: `key_of` reads it from the environment when a request is made.

    Attributes:
        model: the name that the server knows.
        endpoint: its address, such as `http://localhost:11434/v1` or `https://api.anthropic.com`.
        protocol: None tells it by the endpoint.
        family: how the model writes boxes; None tells it by its name.
        variation: in words, what differs between faultless pieces; empty if nobody says.
        temperature: 0 for the likeliest answer. Dropped where a model takes none.
        sample: numbers repeated answers to one question, which are kept apart.
        max_tokens: longest answer, hidden reasoning included.
        max_pixels: no picture is sent with more.
        timeout: seconds to wait for a whole answer.
        attempts: tries of one request, the first counted.
        answers: folder of the answers so far; None keeps none.
        replay: answer from `answers` alone; nothing is sent.
        prices: what tokens cost; None leaves costs unknown.
        regions: most places that adaptive zoom looks at.
    """

    model: str
    endpoint: str = "http://localhost:11434/v1"
    protocol: Protocol | None = None
    family: str | None = None
    variation: str = ""
    temperature: float = 0.0
    sample: int = 0
    max_tokens: int = 4096
    max_pixels: int = 1_150_000
    timeout: float = 180.0
    attempts: int = 4
    answers: Path | None = None
    replay: bool = False
    prices: Prices | None = field(default=None)
    regions: int = 4

    def __post_init__(self) -> None:
        """Refuse what can mean nothing.

        Raises:
            UsageError: no model, no usable endpoint, or a limit that lets nothing through.
        """
        if not self.model.strip():
            raise UsageError(NAME_IT)
        url = urlsplit(self.endpoint)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UsageError(
                f"{self.endpoint!r} is no endpoint; give one like http://localhost:11434/v1."
            )
        if url.username or url.password or url.query or url.fragment:
            raise UsageError(
                "An endpoint is an address without user, password or parameters. Keys come from "
                f"the environment: set {KEY}."
            )
        if self.max_tokens < 1:
            raise UsageError(f"--max-tokens starts at 1, not {self.max_tokens}.")
        if min(self.attempts, self.regions) < 1:
            raise UsageError("Attempts and regions start at 1.")
        if self.max_pixels < 28 * 28:
            raise UsageError(f"--max-pixels starts at 784 (28 × 28), not {self.max_pixels}.")
        # Not "timeout <= 0": what is no number (nan) is neither below nor above anything.
        if not (0 < self.timeout < math.inf and 0 <= self.temperature < math.inf):
            raise UsageError("--timeout is above 0 seconds, and --temperature not below 0.")
        if self.replay and self.answers is None:
            raise UsageError("To replay a run, name the folder of its answers: --answers DIR.")
        if self.family is not None:
            family_named(self.family)

    @property
    def speaks(self) -> Protocol:
        """The protocol, told by the endpoint where none is given."""
        if self.protocol is not None:
            return self.protocol
        url = urlsplit(self.endpoint)
        host = url.hostname or ""
        ours = _belongs_to(host, "anthropic.com") or url.path.rstrip("/").endswith("/messages")
        return "anthropic" if ours else "openai"

    @property
    def model_family(self) -> Family:
        """How this model writes boxes and what it sees."""
        return family_named(self.family) if self.family else family_of(self.model)

    @property
    def limit(self) -> Limit:
        """How large a picture may be that is sent."""
        return self.model_family.limit.smaller(self.max_pixels)

    @property
    def url(self) -> str:
        """Where requests go to."""
        base = self.endpoint.rstrip("/")
        last = "/messages" if self.speaks == "anthropic" else "/chat/completions"
        if base.endswith(last):
            return base
        if not urlsplit(base).path:
            base += "/v1"
        return base + last

    def key(self) -> str | None:
        """The key for this endpoint, from the environment; None if there is none.

        `SIGHTLINE_VLM_KEY` goes to any endpoint that the user names. A vendor's own variable is
        only used for that vendor's hosts.
        """
        host = urlsplit(self.endpoint).hostname or ""
        names = [KEY, *(name for at, name in _VENDOR_KEYS.items() if _belongs_to(host, at))]
        return next((key for name in names if (key := in_environment(name))), None)


def fields_named(
    model: str | None = None, endpoint: str | None = None, **others: Any
) -> dict[str, Any]:
    """Fields of `VlmSettings`: those given that are not None, and model and endpoint else from the
    environment, where they stand there.
    """
    fields = others | {
        "model": in_environment(MODEL) if model is None else model,
        "endpoint": in_environment(ENDPOINT) if endpoint is None else endpoint,
    }
    return {name: value for name, value in fields.items() if value is not None}


def in_environment(name: str) -> str | None:
    """What an environment variable says; None where it is unset, or empty."""
    return os.environ.get(name, "").strip() or None


def usual_temperature(samples: int) -> float:
    """0; for several samples 1, since at 0 a server mostly gives the same answer again."""
    return 0.0 if samples == 1 else 1.0


def _belongs_to(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)
