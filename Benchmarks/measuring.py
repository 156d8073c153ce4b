"""Servers on copies of one store, and the ways of looking at them from outside."""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import server as servers
from raw_http import request_bytes
from server import OPEN_LIMITS, REPOSITORY, Server
from traffic import Clock, Traffic

POLL_EVERY = 0.002


class Bench:
    """A filled store, and servers on copies of it."""

    def __init__(self, binary: Path, directory: Path) -> None:
        servers.BINARY = binary
        self.directory = directory
        self.filled = directory / "filled"
        self.filled.mkdir()
        self._runs = 0

    @contextmanager
    def server(self, clock: str, *, on: Path | None = None) -> Iterator[Server]:
        """A server that isn't started yet, on a copy of the filled store or on the directory given."""
        self._runs += 1
        directory = self.directory / f"run-{self._runs}"
        directory.mkdir()
        if on is None:
            # What is in -shm can be worked out from the rest, and is at every first opening.
            shutil.copytree(self.filled, directory / "data", ignore=shutil.ignore_patterns("*.lock", "*-shm"))
        # As by default: memory that costs no writes to a disk.
        shared = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else directory
        counters = shared / f"signalbox-benchmark-{os.getpid()}-{self._runs}"
        settings = {
            **OPEN_LIMITS, "CLOCK": clock, "COUNTERS_PATH": str(counters), "LOG_LEVEL": "warning",
            "PUBLIC_DIR": str(REPOSITORY / "Public"), "TRUST_PROXY": "loopback", "TRUST_CLOUDFLARE": "1",
            "DATA_DIR": str(on or directory / "data"),
        }  # fmt: skip
        server = Server(directory, settings)
        server.data_dir = on or directory / "data"
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()
            counters.unlink(missing_ok=True)
            shutil.rmtree(directory)


def seconds_to_first_answer(server: Server) -> float:
    """Starts the process; from before that to the end of the first 200 of /api/health."""
    health = request_bytes("GET", "/api/health")
    began = time.perf_counter()
    process = server.launch()
    while True:
        if process.poll() is not None or time.perf_counter() - began > servers.START_TIMEOUT:
            raise RuntimeError(f"the server does not start\n{server.log_tail()}")
        try:
            with TimedConnection(server.port) as connection:
                connection.request(health)
                return time.perf_counter() - began
        except ConnectionRefusedError:
            time.sleep(0.0005)


class TimedConnection:
    """A kept-alive connection that does as little as it can between sending and having the answer."""

    _length = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> TimedConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def request(self, request: bytes) -> tuple[float, bytes]:
        """The seconds until the whole answer was there, and its body; it must be a 200 with a length."""
        receive = self._socket.recv
        began = time.perf_counter()
        self._socket.sendall(request)
        answer = receive(1 << 20)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more(receive(1 << 20))
        found = self._length.search(answer, 0, end + 2)
        if found is None or not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"not a 200 with a length: {answer[:300]!r}")
        whole = end + 4 + int(found[1])
        parts, have = [answer], len(answer)
        while have < whole:
            parts.append(self._more(receive(1 << 20)))
            have += len(parts[-1])
        seconds = time.perf_counter() - began
        return seconds, b"".join(parts)[end + 4 :]

    @staticmethod
    def _more(data: bytes) -> bytes:
        if not data:
            raise ConnectionError("the server closed the connection")
        return data


def gated(server: Server, path: str) -> bytes:
    """The bytes of a request that the dashboard's gate lets through."""
    return request_bytes("GET", path, server.bearer)


@dataclass(frozen=True)
class Counted:
    """What the server's own histogram says of a group of routes."""

    requests: float
    seconds: float

    @classmethod
    def read(cls, server: Server, connection: TimedConnection, name: str) -> Counted:
        text = connection.request(gated(server, "/metrics"))[1].decode()
        family, group = "signalbox_http_request_duration_seconds", f'{{group="{name}"}}'

        def value(part: str) -> float:
            found = re.search(rf"^{family}_{part}{re.escape(group)} (\S+)$", text, re.MULTILINE)
            if found is None:
                raise RuntimeError(f"the exposition has no {family}_{part}{group}")
            return float(found[1])

        return cls(value("count"), value("sum"))


def own_seconds(
    server: Server, connection: TimedConnection, ask: Callable[[], None], group: str = "metrics"
) -> float:
    """Seconds a request that the server itself counted while `ask` asked for routes of the group."""
    # A reading is a metrics request itself, and is counted in the next one.
    counts_itself = group == "metrics"
    readings = [Counted.read(server, connection, group) for _ in range(8)]
    reading = statistics.median(b.seconds - a.seconds for a, b in zip(readings, readings[1:]))
    before = readings[-1]
    ask()
    after = Counted.read(server, connection, group)
    asked = after.requests - before.requests - counts_itself
    if asked < 1:
        raise RuntimeError("the server counted no request")
    return (after.seconds - before.seconds - reading) / asked


def resident_parts(server: Server) -> dict[str, float]:
    """VmRSS and its parts in MB."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.findall(r"^(VmRSS|RssAnon|RssFile|RssShmem):\s+(\d+) kB$", text, re.MULTILINE)
    return {name: int(kilobytes) / 1024 for name, kilobytes in found}


def bytes_written(server: Server) -> int:
    """What the process caused to be written to a disk, as the kernel counts it."""
    text = Path(f"/proc/{server.process.pid}/io").read_text()
    return int(re.findall(r"^write_bytes: (\d+)$", text, re.MULTILINE)[0])


def files_of(directory: Path) -> dict[str, int]:
    """Allocated bytes by file name, as the file system counts them."""
    return {file.name: file.stat().st_blocks * 512 for file in directory.iterdir() if file.is_file()}


def settle_files(directory: Path) -> None:
    """Has the disk take what was written so far, and the kernel forget what it has of the files in memory.

    A page that is written twice before the disk takes it counts once. Between two real flushes lies a minute,
    more than the kernel waits; when minutes pass in a second, this makes up for it. And newer kernels keep a
    large file in memory in pieces of up to 2 MB, of which the smallest change counts in `write_bytes` as the
    whole piece, though the disk is given 4 KB.
    """
    for file in directory.iterdir():
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Poller:
    """Asks /api/health every 2 ms and notes how long it took, near a flush and at other times."""

    def __init__(self, server: Server) -> None:
        self.near: list[float] = []
        self.between: list[float] = []
        # How late a sleep of ours ended at worst: what other programs do to any program here.
        self.overslept = 0.0
        self._health = request_bytes("GET", "/api/health")
        self._connection = TimedConnection(server.port)

    def poll(self, until: float, into: list[float]) -> None:
        """Goes on until that time of `time.monotonic()`."""
        due = time.monotonic()
        while due < until:
            into.append(self._connection.request(self._health)[0])
            now = time.monotonic()
            # What was missed is not made up for.
            due = max(due + POLL_EVERY, now)
            time.sleep(due - now)
            self.overslept = max(self.overslept, time.monotonic() - due)

    def close(self) -> None:
        self._connection.__exit__()


def through_flushes(
    clock: Clock, traffic: Traffic, flushes: int, *, poller: Poller | None = None,
    after_flush: Callable[[], None] = lambda: None,
) -> None:
    """Lets so many flushes pass, with a minute's traffic between each two; polls except during that."""  # fmt: skip

    def wait(until: float, is_near: bool = False) -> None:
        if poller is None:
            time.sleep(max(0.0, until - time.monotonic()))
        else:
            poller.poll(until, poller.near if is_near else poller.between)

    around = min(0.2 * clock.minute, 2.0)
    for _ in range(flushes):
        flush = clock.next_minute()
        wait(flush - 0.6 * clock.minute)
        traffic.minute()
        if time.monotonic() > flush - 0.02 * clock.minute:
            raise RuntimeError("a minute's traffic takes longer than a minute: choose a lower --speed")
        wait(flush - 0.01)
        wait(flush + around, is_near=True)
        after_flush()
