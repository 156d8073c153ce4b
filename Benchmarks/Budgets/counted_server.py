"""The release binary under callgrind, which counts the instructions that its event loop executes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import server as servers
from server import OPEN_LIMITS, REPOSITORY, Server

# A busy machine makes everything slower and changes no count.
PATIENCE = 60.0

SETTINGS: dict[str, str | None] = {
    **OPEN_LIMITS,
    "THREADS": "1",
    "LOG_LEVEL": "warning",
    "PUBLIC_DIR": str(REPOSITORY / "Public"),
    # A minute lies before the first flush.
    "CLOCK": "2026-06-15T12:34:01Z",
    # Soon full: then each message pushes one out, and nothing grows any more.
    "RECENT_MAX": "16",
    # Else each process has hashes, and so collisions, of its own.
    "SWIFT_DETERMINISTIC_HASHING": "1",
    # Without it the server begins by starting itself again, out of callgrind's sight.
    "SWIFT_BACKTRACE": "enable=no",
}


# Runs by the clock, twenty times a second, also when nobody asks.
TICK = "9FrontLoopC5sweep"
# Called once a second at most, by the first answer in it, for the Date header.
DATE = "gmtime_r"


@dataclass(frozen=True)
class Counted:
    """What the event loop did between two dumps."""

    instructions: int
    ticks: int
    dates: int

    @classmethod
    def read(cls, profile: str) -> Counted:
        total = re.search(r"^summary: (\d+)$", profile, re.MULTILINE)
        if total is None:
            raise RuntimeError(f"callgrind wrote no summary:\n{profile[:1000]}")
        return cls(int(total[1]), _calls(TICK, profile), _calls(DATE, profile))


def _calls(name: str, profile: str) -> int:
    # A function has its name where it is mentioned first, and a number alone after that.
    numbers = re.findall(rf"^c?fn=(\(\d+\)) .*{name}", profile, re.MULTILINE)
    return sum(
        int(calls)
        for number in numbers
        for calls in re.findall(rf"^cfn={re.escape(number)}.*\ncalls=(\d+) ", profile, re.MULTILINE)
    )


class CountedServer:
    def __init__(self, server: Server, pipes: Path, dumps: Path) -> None:
        self.port = server.port
        self.profile = ""
        self._server, self._pipes, self._dumps = server, pipes, dumps
        self._waits_in = self._event_loop() / "wchan"
        self._monitor("instrumentation", "on")

    def counted(self) -> Counted:
        """What was counted since the last time. Other threads don't count: they do nothing for a hot path, and much
        now and then for the metrics."""
        self._monitor("dump")
        dumps = list(self._dumps.iterdir())
        loops = [text for dump in dumps if "SelectableEventLoop" in (text := dump.read_text())]
        for dump in dumps:
            dump.unlink()
        if len(loops) != 1:
            raise RuntimeError(f"callgrind counted for {len(loops)} event loops instead of one")
        (self.profile,) = loops
        return Counted.read(self.profile)

    def wait_until_quiet(self) -> None:
        """Waits until the event loop sleeps, so that what is asked for next doesn't meet the rest of the last."""
        deadline = time.monotonic() + PATIENCE
        # ep_poll, do_epoll_wait: the kernel's name for it depends on its version.
        while "poll" not in self._waits_in.read_text():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the event loop is busy for {PATIENCE:g} s")
            time.sleep(0.0002)

    def _event_loop(self) -> Path:
        def name(task: Path) -> str:
            try:
                return (task / "comm").read_text()
            except OSError:  # a thread that has just ended
                return ""

        tasks = Path(f"/proc/{self._server.process.pid}/task").iterdir()
        found = [task for task in tasks if name(task).startswith("NIO-ELT-")]
        if len(found) != 1:
            raise RuntimeError(f"the server has {len(found)} threads named NIO-ELT-… instead of one")
        return found[0]

    def _monitor(self, *command: str) -> str:
        vgdb = ["vgdb", f"--vgdb-prefix={self._pipes}", f"--pid={self._server.process.pid}", *command]
        # The pipes' names have $HOST in them, which the server has as a setting.
        environment = {"PATH": os.environ["PATH"], "HOST": str(self._server.settings["HOST"])}
        done = subprocess.run(vgdb, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"vgdb can't reach the server: {done.stderr}\n{self._server.log_tail()}")
        return done.stdout


@contextmanager
def counted_server(binary: Path, directory: Path) -> Iterator[CountedServer]:
    """The binary, started and ready to be asked; nothing is counted of its start."""
    for tool, package in {"valgrind": "valgrind", "vgdb": "valgrind", "strip": "binutils"}.items():
        if shutil.which(tool) is None:
            raise RuntimeError(f"there is no {tool}: apt-get install {package}")
    stripped, pipes, dumps = directory / "signalbox", directory / "vgdb", directory / "dumps"
    dumps.mkdir()
    # Valgrind gives up on debug information as new as Swift's.
    subprocess.run(["strip", "--strip-debug", "-o", stripped, binary], check=True)
    server = Server(directory, SETTINGS)
    server.prefix = [
        "valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", f"--vgdb-prefix={pipes}",
        f"--callgrind-out-file={dumps / 'callgrind.out'}",
    ]  # fmt: skip
    usual, servers.BINARY = servers.BINARY, stripped
    try:
        server.start()
    finally:
        # Other tests of the process go on with theirs.
        servers.BINARY = usual
    try:
        yield CountedServer(server, pipes, dumps)
    except Exception as problem:
        problem.add_note(server.log_tail())
        raise
    finally:
        server.kill()
