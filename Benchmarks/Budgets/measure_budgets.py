#!/usr/bin/env python3
"""Counts what the hot paths take, in instructions of the event loop under callgrind, beside their budgets.

The release binary runs under valgrind and is asked one thing at a time: health checks, posts, messages to
subscribers by SSE, WebSocket and long-poll. Kernel time isn't counted. Takes about a minute; what else the machine
does changes nothing. Tests/EndToEnd/test_budgets.py insists that each path is within 5 % of its budget.

Needs the tests' Python environment, valgrind and strip: .venv/bin/python Benchmarks/Budgets/measure_budgets.py
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

for place in ("Tests/EndToEnd", "Benchmarks/Budgets"):
    sys.path.insert(1, str(Path(__file__).resolve().parents[2] / place))

from counted_server import counted_server
from hot_paths import PATHS, Measured, measured_paths
from server import REPOSITORY

BUDGETS = Path(__file__).with_name("budgets.json")
BINARY = Path(os.environ.get("SIGNALBOX_RELEASE", REPOSITORY / ".build/release/signalbox")).absolute()
# Either way: what became cheaper shall stay so.
TOLERANCE = 0.05


@dataclass(frozen=True)
class Budgets:
    """Instructions by path, and what made them so besides our own code."""

    made_with: dict[str, str]
    instructions: dict[str, int]

    @classmethod
    def read(cls) -> Budgets:
        return cls(**json.loads(BUDGETS.read_text())) if BUDGETS.exists() else cls({}, {})

    def write(self) -> None:
        BUDGETS.write_text(json.dumps(self.__dict__, indent=2) + "\n")

    def difference(self, measured: Measured) -> float | None:
        """As a share of the budget; nil when there is none."""
        budget = self.instructions.get(measured.path)
        return measured.instructions / budget - 1 if budget else None

    def complaint(self, measured: Measured) -> str | None:
        """What is wrong and what to do about it; nil when the path is within its budget."""
        difference = self.difference(measured)
        if difference is not None and abs(difference) <= TOLERANCE:
            return None
        takes = f"{PATHS[measured.path]} takes {measured.instructions:,.0f} instructions"
        command = f".venv/bin/python {Path(__file__).relative_to(REPOSITORY)}"
        if difference is None:
            return f"{takes} and has no budget: run {command} --write."
        way, remedy = ("more", "find what made it dearer") if difference > 0 else ("fewer", "find what it leaves out")
        here = made_with()
        return (
            f"{takes}, {abs(difference):.1%} {way} than the {self.instructions[measured.path]:,} of its budget. "
            f"Either {remedy} ({command} --profiles DIRECTORY keeps what each function took), or run {command} --write "
            f"and say why in the commit. The budget was taken with {_listed(self.made_with)}"
            f"{', as here' if here == self.made_with else f'; here are {_listed(here)}'}."
        )


def made_with() -> dict[str, str]:
    """What may have changed when our own code has not."""
    return {"Swift": _swift_version(), "swift-nio": _nio_version(), "C library": " ".join(platform.libc_ver())}


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _swift_version() -> str:
    try:
        said = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.partition("Swift version ")[2].partition(" ")[0] or "unknown"


def _nio_version() -> str:
    resolved = REPOSITORY / "Package.resolved"
    if not resolved.exists():
        return "unknown"
    pins = json.loads(resolved.read_text())["pins"]
    return next((pin["state"].get("version", "unknown") for pin in pins if pin["identity"] == "swift-nio"), "unknown")


def measure(binary: Path) -> Iterator[Measured]:
    if not os.access(binary, os.X_OK):
        raise RuntimeError(f"there is no {binary}: swift build -c release --static-swift-stdlib --product signalbox")
    with (
        tempfile.TemporaryDirectory(prefix="signalbox-budgets-") as directory,
        counted_server(binary, Path(directory)) as server,
    ):
        yield from measured_paths(server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--binary", type=Path, default=BINARY, help="what is measured; default $SIGNALBOX_RELEASE or .build/release")
    add("--write", action="store_true", help=f"write what was measured to {BUDGETS.relative_to(REPOSITORY)}")
    add("--profiles", type=Path, metavar="DIRECTORY", help="keep what each function took, for callgrind_annotate")
    options = parser.parse_args()
    if options.profiles:
        options.profiles.mkdir(parents=True, exist_ok=True)
    # Told to stop, it still stops its server and takes its files away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    budgets = Budgets.read()
    print(f"{'':54} {'measured':>9} {'budget':>9} {'off by':>8}  middle half of the rounds")
    found: dict[str, int] = {}
    for measured in measure(options.binary.absolute()):
        found[measured.path] = round(measured.instructions)
        if options.profiles:
            (options.profiles / f"callgrind.out.{measured.path}").write_text(measured.profile)
        budget, difference = budgets.instructions.get(measured.path), budgets.difference(measured)
        columns = ("none", "") if difference is None else (f"{budget:,}", f"{difference:+.1%}")
        print(f"{PATHS[measured.path]:54} {found[measured.path]:9,} {columns[0]:>9} {columns[1]:>8}  "
              f"within {measured.spread:.1%}", flush=True)  # fmt: skip
    if options.write:
        Budgets(made_with(), found).write()
        print(f"written: {BUDGETS.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, AssertionError, OSError) as problem:
        sys.exit(f"could not measure: {problem}")
