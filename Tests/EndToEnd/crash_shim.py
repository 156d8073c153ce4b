"""The shim that kills the server at a chosen call: built here, told by the environment, read by its log."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from collections import Counter as Tally
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("crash_points.c")
COMPILERS = ("cc", "gcc", "clang")


@functools.cache
def library() -> Path:
    """The compiled shim. A machine without a compiler fails here: these tests are never skipped."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    assert compiler, f"the crash-point tests need a C compiler: none of {', '.join(COMPILERS)} is in PATH"
    built = Path(tempfile.mkdtemp(prefix="crash-points-")) / "crash_points.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(built), str(SOURCE)]
    done = subprocess.run([*command, "-ldl"], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return built


@dataclass(frozen=True)
class Point:
    """The n-th call of a kind, counted from the start or from when the shim is armed."""

    kind: str
    number: int
    # before, torn or after; torn is for writes.
    how: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}:{self.how}"


class Shim:
    """What the shim in one server is told, and what it has seen."""

    def __init__(self, directory: Path) -> None:
        self._log = directory / "crash-calls"
        self._arm = directory / "crash-armed"

    def settings(self, point: Point | None, armed: bool) -> dict[str, str | None]:
        """The environment for the next start. Not armed, it counts only once `arm` was called."""
        self._log.unlink(missing_ok=True)
        self._arm.unlink(missing_ok=True)
        return {
            "LD_PRELOAD": str(library()),
            "CRASH_AT": str(point) if point else None,
            "CRASH_ARM": None if armed else str(self._arm),
            "CRASH_LOG": str(self._log),
        }

    def arm(self) -> None:
        self._arm.touch()

    def calls(self) -> Tally[str]:
        """How many calls of each kind there were since the start."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Tally(line for line in lines if not line.startswith("killed"))

    def killed(self) -> str | None:
        """The point at which the shim has killed the process, None when it hasn't."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return next((line.removeprefix("killed ") for line in lines if line.startswith("killed ")), None)
