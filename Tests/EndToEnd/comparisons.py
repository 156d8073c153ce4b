"""The shim that notes how the server compares secrets: built here, told which words to watch, read by its log."""

from __future__ import annotations

import functools
import mmap
import shutil
import subprocess
import tempfile
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).with_name("comparisons.c")
COMPILERS = ("cc", "gcc", "clang")

# As in the shim.
SLOT, SLOTS = 256, 8


@functools.cache
def library() -> Path:
    """The compiled shim. A machine without a compiler fails here: these tests are never skipped."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    assert compiler, f"the tests of timing need a C compiler: none of {', '.join(COMPILERS)} is in PATH"
    built = Path(tempfile.mkdtemp(prefix="comparisons-")) / "comparisons.so"
    # Left to itself, the compiler makes calls of these functions out of loops like theirs.
    command = [compiler, "-shared", "-fPIC", "-O2", "-fno-builtin", "-Wall", "-Werror", "-o", str(built), str(SOURCE)]
    done = subprocess.run([*command, "-ldl"], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return built


class Comparisons:
    """What the shim in one server watches, and what it has seen."""

    def __init__(self, directory: Path) -> None:
        self._log = directory / "comparisons"
        self._watched = directory / "watched-words"
        self._watched.write_bytes(bytes(SLOT * SLOTS))
        self._words: list[str] = []

    def settings(self) -> dict[str, str | None]:
        return {"LD_PRELOAD": str(library()), "COMPARE_WATCH": str(self._watched), "COMPARE_LOG": str(self._log)}

    def watch(self, word: str) -> None:
        """From now on no ordinary comparison may be given this."""
        assert 12 <= len(word) < SLOT and len(self._words) < SLOTS
        with self._watched.open("r+b") as file, mmap.mmap(file.fileno(), 0) as slots:
            start = SLOT * len(self._words)
            slots[start : start + len(word)] = word.encode()
        self._words.append(word)

    def of(self, action: Callable[[], object]) -> Tally[str]:
        """The calls that were noted while something was done: `sodium_memcmp 32`, or `memcmp` and the word."""
        before = len(self._lines())
        action()
        found: Tally[str] = Tally()
        for line in self._lines()[before:]:
            name, number = line.split(" ")
            found[line if name == "sodium_memcmp" else f"{name} {self._words[int(number)]}"] += 1
        return found

    def _lines(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []
