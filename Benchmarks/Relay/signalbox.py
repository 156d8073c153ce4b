"""Signalbox as it is measured: one event loop, limits that nobody reaches, everything else by default."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import server as servers
from server import OPEN_LIMITS, REPOSITORY, Server

from contender import Running, Wire

# All clients of a benchmark share one address, and are more than a real one may have.
LIMITS = OPEN_LIMITS | {
    "ROOM_RL_CAP": "1000000000",
    "ROOM_RL_REFILL_PER_SEC": "1e9",
    "GLOBAL_RL_CAP": "1000000000",
    "GLOBAL_RL_REFILL_PER_SEC": "1e9",
    "STREAM_CAP_PER_IP": "1000000",
    "WAITER_CAP_PER_IP": "1000000",
    "ROOM_WAITERS_MAX": "1000000",
    "ROOMS_MAX": "20000",
}


def said_by(*words: str | Path) -> str:
    """What a program prints; nothing when it fails or isn't there."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@dataclass(frozen=True)
class Signalbox:
    binary: Path
    name: str = "signalbox"
    threads: int = 1
    wire = Wire(
        health="/api/health",
        publish="/api/rooms/{room}/messages",
        subscribe={
            "sse": "/api/rooms/{room}/events", "ws": "/api/rooms/{room}/ws", "poll": "/api/rooms/{room}/wait",
        },
        poll_by="seq",
    )  # fmt: skip

    def versions(self) -> dict[str, str]:
        return {"Signalbox": f"{said_by(self.binary, '--version').removeprefix('signalbox ')}, commit {self._commit()}"}

    def _commit(self) -> str:
        # make notes it beside what it built; else it is that of the checkout, if the binary is of it.
        noted = self.binary.with_name(self.binary.name + ".commit")
        if noted.exists():
            return noted.read_text().split()[0]
        return said_by("git", "-C", str(REPOSITORY), "rev-parse", "--short=12", "HEAD") or "unknown"

    @contextmanager
    def start(self, directory: Path, cores: str) -> Iterator[Running]:
        # As by default: memory that costs no writes to a disk.
        shared = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else directory
        counters = shared / f"signalbox-benchmark-{os.getpid()}-{directory.name}"
        servers.BINARY = self.binary
        server = Server(directory, LIMITS | {
            "THREADS": str(self.threads), "COUNTERS_PATH": str(counters), "LOG_LEVEL": "warning",
            "PUBLIC_DIR": str(REPOSITORY / "Public"),
        })  # fmt: skip
        server.prefix = ["taskset", "-c", cores]
        try:
            server.start()
            yield Running(server.port, [server.process.pid], server.token)
        finally:
            # Nothing of it is looked at again, and letting ten thousand streams go well takes a while.
            if server.is_running:
                server.kill()
            counters.unlink(missing_ok=True)
