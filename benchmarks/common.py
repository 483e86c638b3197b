"""What every benchmark shares: arguments, facts about the machine, interleaved runs, the report."""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]

_LIBRARIES = ("sightline", "numpy", "onnxruntime", "numkong", "pillow", "tokenizers")
# What decides how fast vectors and graphs run; a machine's other flags do not matter here.
_FLAGS = ("f16c", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_fp16", "amx_int8")


@dataclass(frozen=True)
class Machine:
    """Where a figure was measured: without it, no figure means anything."""

    date: str
    cpu: str
    cores: int
    flags: tuple[str, ...]
    memory_gib: float
    system: str
    python: str
    libraries: dict[str, str]

    def __str__(self) -> str:
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries.items())
        missing = [flag for flag in ("avx2", "avx512f", "avx512_vnni") if flag not in self.flags]
        without = f" (without {', '.join(missing)})" if missing else ""
        return (
            f"{self.date} · {self.cores} cores of {self.cpu}: {' '.join(self.flags)}{without} · "
            f"{self.memory_gib:.0f} GiB · {self.system}\nPython {self.python}, {libraries}"
        )


def this_machine() -> Machine:
    """Facts about the machine and the versions that the figures depend on."""
    described = _proc_fields("/proc/cpuinfo")
    flags = described.get("flags", "").split()
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        cpu=described.get("model name", platform.processor() or platform.machine()),
        cores=len(os.sched_getaffinity(0)),
        flags=tuple(flag for flag in _FLAGS if flag in flags),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        libraries={name: version(name) for name in _LIBRARIES} | {"SQLite": sqlite3.sqlite_version},
    )


def memory_mb(kind: str = "VmRSS", pid: int | str = "self") -> float:
    """Memory of a process in MB, as Linux tells it: `VmRSS` now, `VmHWM` at its peak."""
    return int(_proc_fields(f"/proc/{pid}/status")[kind].split()[0]) * 1024 / 1e6


def _proc_fields(path: str) -> dict[str, str]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def make_tiny_model(folder: Path) -> Path:
    """The tests' own encoder: it costs next to nothing to run, so that all else shows."""
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from tests.making import make_model

    return make_model(folder, name=folder.name)


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure that is quoted."""
        return statistics.median(self.values)

    def percentile(self, percent: float) -> float:
        """The smallest value that `percent` of all values don't exceed."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    def show(self, scale: float = 1.0, digits: int = 1) -> str:
        """Median and range."""
        low, high = min(self.values) * scale, max(self.values) * scale
        return f"{self.median * scale:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def interleave(
    sides: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 0
) -> dict[str, Sample]:
    """Measure each side once a round, so that a busy minute of the machine hits them all."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for at in range(warm_up + rounds):
        for name, measure in sides.items():
            value = measure()
            if at >= warm_up:
                values[name].append(value)
    return {name: Sample(tuple(measured)) for name, measured in values.items()}


def in_its_own_process(measure: Callable[[], T]) -> T:
    """Call in a fresh Python process: nothing a run leaves behind can help or hinder the next."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure).result()


def program() -> str:
    """The `sightline` command of this environment, as its user runs it."""
    return str(Path(sys.executable).with_name("sightline"))


def whole_process(
    command: Sequence[str], times: int, warm_up: int = 0
) -> tuple[Sample, Sample, Sample]:
    """Run a command from start to exit. Returns seconds, peak MB, and seconds of processor time."""
    launcher = Path(__file__).with_name("launch.py")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(launcher), str(warm_up + times), *command],
        stdout=subprocess.PIPE,
        check=True,
    )
    runs = [json.loads(line) for line in ran.stdout.splitlines()][warm_up:]
    seconds, peak, cpu = (Sample(values) for values in zip(*runs, strict=True))
    return seconds, peak, cpu


@dataclass(frozen=True)
class Row:
    """One line of a report. `target` says what is asked for, and `met` whether it was reached."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None
    values: dict[str, float | list[float]] = field(default_factory=dict)


def at_least(value: float, target: float) -> bool:
    """Compare as the table shows it: to two digits."""
    return round(value, 2) >= target


def parser(purpose: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    arguments = argparse.ArgumentParser(
        description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return arguments


def report(title: str, rows: Sequence[Row], json_file: Path | None) -> None:
    """Print a table; write JSON where asked for."""
    machine = this_machine()
    print(f"\n{title}\n{machine}\n")
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "figure", "target")]
    for row in rows:
        verdict = {None: "", True: "reached", False: "MISSED"}[row.met]
        cells = (row.what, row.figure, row.target)
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"  {line}  {verdict}".rstrip())
    if json_file is not None:
        content = {
            "title": title,
            "machine": asdict(machine),
            "rows": [asdict(row) for row in rows],
        }
        json_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for the run's files, removed at its end. `TMPDIR` says on which disk."""
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as folder:
        yield Path(folder)
