"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value, and what it should be at most; without a target it is there to compare with."""

    name: str
    measured: float
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.measured <= self.target

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.met else f"missed: {self.measured / self.target:.1f} of the target"

    @property
    def row(self) -> list[str]:
        target = "" if self.target is None else f"≤ {self.target:g} {self.unit}"
        return [self.name, target, f"{self.measured:.4g} {self.unit}", self.verdict, self.note]


def table(figures: Sequence[Figure], machine: dict[str, str]) -> str:
    rows = [["what", "target", "measured", "verdict", "note"], *(figure.row for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(f"{name}: {value}" for name, value in machine.items())])


def as_json(figures: Sequence[Figure], machine: dict[str, str]) -> str:
    listed = [{**asdict(figure), "met": figure.met} for figure in figures]
    return json.dumps({"machine": machine, "figures": listed}, indent=2, ensure_ascii=False)


def this_machine(binary: Path, directory: Path) -> dict[str, str]:
    """What the figures depend on."""
    processors = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    model = processors[0].partition(":")[2].strip() if processors else platform.machine()
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    return {
        "processor": f"{os.cpu_count()} × {model}",
        "system": f"{platform.system()} {platform.release()}, file system {file_system(directory)}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "binary": f"{binary}, {version.stdout.strip() or 'version unknown'}",
        "made and measured with": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
    }


def file_system(directory: Path) -> str:
    """The kind of file system that a directory is on."""
    mounts = [line.split() for line in _read("/proc/mounts").splitlines()]
    on = [(len(fields[1]), fields[2]) for fields in mounts if directory.resolve().is_relative_to(fields[1])]
    return max(on)[1] if on else "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
