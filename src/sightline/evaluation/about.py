"""What makes a run reproducible: the machine, the versions, a fingerprint of the code."""

import hashlib
import os
import platform
from importlib.metadata import version as version_of
from importlib.resources import files
from pathlib import Path


def code_fingerprint() -> str:
    """SHA-256 over the package's source files: two runs of one fingerprint ran the same code."""
    digest = hashlib.sha256()
    root = Path(str(files("sightline")))
    for source in sorted(root.rglob("*.py")):
        digest.update(str(source.relative_to(root)).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def machine() -> str:
    """Processor, cores and system, as far as the system tells."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()} {platform.machine()}"


def versions() -> str:
    """Python and the libraries that numbers could depend on."""
    libraries = ("numpy", "onnxruntime", "tokenizers", "pillow")
    found = ", ".join(f"{name} {version_of(name)}" for name in libraries)
    return f"Python {platform.python_version()}, {found}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or "unknown processor"
