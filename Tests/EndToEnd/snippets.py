"""The examples on a page: read from it as it is served, and run as a reader would who pastes them one by one.

A page's examples run in the order in which they stand, in one empty directory, since some write what others
read. One whose name begins with `listen-` goes on until it is interrupted, as it would in another terminal: it is
started, and looked at when the page is over: then it must have heard what the others sent.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

from server import BINARY, Server, eventually

RUN_TIMEOUT = 60.0
# CommonJS for JavaScript, where `require` finds what lies beside.
SUFFIXES = {"sh": ".sh", "python": ".py", "javascript": ".cjs", "swift": ".swift"}
INTERPRETERS = {"sh": ["sh", "-eu"], "python": [sys.executable, "-u"], "javascript": ["node"], "swift": ["swift"]}


@dataclass(frozen=True)
class Snippet:
    language: str
    name: str
    text: str

    @property
    def listens(self) -> bool:
        return self.name.startswith("listen-")

    def __str__(self) -> str:
        return f"{self.language} {self.name}"


def snippets(page: str) -> list[Snippet]:
    """Every example of a page, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.depth == 0, "an example is never closed"
    return reader.found


@dataclass
class _Reader(HTMLParser):
    found: list[Snippet] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag != "div":
            return
        label = dict(attributes).get("data-snippet")
        if label is not None and self.depth == 0:
            self._label, self._text, self.depth = label, "", 1
        elif self.depth > 0:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag != "div" or self.depth == 0:
            return
        self.depth -= 1
        if self.depth == 0:
            language, name = self._label.split(" ")
            assert language in INTERPRETERS, self._label
            self.found.append(Snippet(language, name, self._text.strip("\n") + "\n"))

    def handle_data(self, data: str) -> None:
        if self.depth > 0:
            self._text += data


class Reader:
    """Somebody with an empty directory who runs a page's examples."""

    def __init__(self, server: Server, directory: Path) -> None:
        self.directory = directory
        self.outputs: dict[str, str] = {}
        self._listening: list[tuple[Snippet, subprocess.Popen[bytes], Path]] = []
        # Nothing gets out of the machine, and `python3` and `signalbox` are the ones under test.
        tools = directory / "tools"
        tools.mkdir()
        (tools / "python3").symlink_to(sys.executable)
        (tools / "signalbox").symlink_to(BINARY)
        self._environment = {
            # Beside the interpreter, so that it finds its packages.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(tools), os.environ["PATH"]]),
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "no_proxy": "*",
        }
        self.server = server

    def run_all(self, found: list[Snippet], heard: dict[str, list[str]]) -> dict[str, str]:
        """Runs every example and returns what each printed, by its name.

        `heard`: for each one that listens, what it must print in the end.
        """
        try:
            for snippet in found:
                if snippet.listens:
                    self._start(snippet)
                else:
                    self._run(snippet)
            for listener in self._listening:
                self._look_at(*listener, heard[listener[0].name])
        finally:
            for _, process, _ in self._listening:
                _end(process)
        return self.outputs

    def _command(self, snippet: Snippet) -> list[str]:
        program, *arguments = INTERPRETERS[snippet.language]
        found = shutil.which(program)
        if found is None and program == "node":
            # The one that drives the browser.
            found = compute_driver_executable()[0]
        assert found, f"no {program} here: run scripts/setup test"
        # A name that no import can mean.
        script = self.directory / f"example-{snippet.name}{SUFFIXES[snippet.language]}"
        script.write_text(snippet.text)
        return [found, *arguments, str(script)]

    def _run(self, snippet: Snippet) -> None:
        ended = subprocess.run(
            self._command(snippet),
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT,
        )
        said = f"{snippet}\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == 0, f"ended with {ended.returncode}: {said}"
        assert '"reason":"unknown_route"' not in ended.stdout, f"asked for what isn't there: {said}"
        self.outputs[snippet.name] = ended.stdout

    def _start(self, snippet: Snippet) -> None:
        output = self.directory / f"{snippet.name}.out"
        with output.open("wb") as file, output.with_suffix(".err").open("wb") as errors:
            process = subprocess.Popen(
                self._command(snippet),
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=errors,
                # Its children must go with it.
                start_new_session=True,
            )
        self._listening.append((snippet, process, output))
        # It should be there before the next example sends something; what is quiet until then is given a moment.
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and process.poll() is None and not output.stat().st_size:
            time.sleep(0.05)

    def _look_at(self, snippet: Snippet, process: subprocess.Popen[bytes], output: Path, heard: list[str]) -> None:
        def is_over() -> bool:
            text = output.read_text(errors="replace")
            return all(words in text for words in heard) or process.poll() is not None

        try:
            eventually(is_over, f"{snippet} prints {heard}", 15)
            assert process.poll() is None, f"{snippet} ended by itself"
        except AssertionError as problem:
            said = [path.read_text(errors="replace") for path in (output, output.with_suffix(".err"))]
            raise AssertionError("\n".join([str(problem), *said])) from None
        self.outputs[snippet.name] = output.read_text(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
