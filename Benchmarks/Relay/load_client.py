"""The load client: built from Benchmarks/LoadClient when it changed, and run pinned to its cores."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parents[1] / "LoadClient"


class RunFailed(Exception):
    """A run that doesn't count, with the reason."""


def build(into: Path) -> Path:
    """The program, made anew when a source is newer."""
    program = into / "load_client"
    sources = sorted(SOURCES.glob("*.c"))
    newest = max(file.stat().st_mtime for file in SOURCES.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return program
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        raise SystemExit(f"there is no C compiler '{compiler}': apt-get install gcc, or set CC")
    into.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", program, *sources], check=True)
    return program


def run(program: Path, words: Sequence[str], cores: str, patience: float) -> dict[str, Any]:
    """What one run reports. `patience` is how many seconds it may take."""
    process = subprocess.Popen(
        ["taskset", "-c", cores, program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        output, said = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"the load client wasn't done after {patience:.0f} s") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode != 0:
        lines = [line.removeprefix("load_client: ") for line in said.splitlines()]
        # The first reason has caused the others.
        reasons = [line for line in lines if "doesn't count" in line] or lines[-1:]
        raise RunFailed(reasons[0] if reasons else f"the load client ended with {process.returncode}")
    return json.loads(output)
