"""The command line's clients, run as somebody at a shell runs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from server import BINARY, eventually

WITHIN = 60.0
# Nothing of the developer's environment gets in the way.
BARE = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH")}


def signalbox(
    *arguments: str, input: str | bytes = b"", directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    given = input.encode() if isinstance(input, str) else input
    ended = subprocess.run(
        [BINARY, *arguments], input=given, capture_output=True, cwd=directory, env=BARE, timeout=120, check=False
    )
    return subprocess.CompletedProcess(arguments, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def printed(*arguments: str, input: str | bytes = b"", directory: Path | None = None) -> str:
    """What a command prints that goes well, which has no remarks."""
    ended = signalbox(*arguments, input=input, directory=directory)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return ended.stdout


def refused(*arguments: str, input: str | bytes = b"", directory: Path | None = None, code: int = 1) -> str:
    """The sentence of a command that can't go on: one line, when it isn't about how it was called."""
    ended = signalbox(*arguments, input=input, directory=directory)
    assert (ended.returncode, ended.stdout) == (code, ""), ended
    first, *rest = ended.stderr.splitlines()
    assert first.startswith("Error: ") and (code == 64 or not rest), ended.stderr
    assert "Fatal" not in ended.stderr
    return first.removeprefix("Error: ")


class Listening:
    """A command that goes on until it is interrupted."""

    def __init__(self, *arguments: str, directory: Path, input: str = "") -> None:
        self._output, self._errors = directory / "listening.out", directory / "listening.err"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [BINARY, *arguments], stdin=subprocess.PIPE, stdout=output, stderr=errors, cwd=directory, env=BARE
            )
        assert self.process.stdin is not None
        self.process.stdin.write(input.encode())
        self.process.stdin.close()

    @property
    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    @property
    def remarks(self) -> list[str]:
        return self._errors.read_text().splitlines()

    def await_line(self, end: str) -> None:
        def is_there() -> bool:
            assert self.process.poll() is None, self.remarks
            return any(line.endswith(end) for line in self.lines)

        eventually(is_there, f"a line that ends in {end!r}: {self.lines}, {self.remarks}", WITHIN)


@contextmanager
def listening(*arguments: str, directory: Path, input: str = "") -> Generator[Listening, None, None]:
    listener = Listening(*arguments, directory=directory, input=input)
    try:
        yield listener
    finally:
        listener.process.kill()
        listener.process.wait()
