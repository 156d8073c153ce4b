"""One signalbox process with a port and directories of its own, driven as a black box."""

from __future__ import annotations

import itertools
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SIGNALBOX_BIN", REPOSITORY / ".build/debug/signalbox")).absolute()

# A debug binary on a busy machine needs a moment; a hung one is still noticed.
START_TIMEOUT = 90.0
STOP_TIMEOUT = 5.0

# For tests about something else than limits.
OPEN_LIMITS: dict[str, str | None] = {
    "ROOM_RL_CAP": "1000000",
    "ROOM_RL_REFILL_PER_SEC": "1000000",
    "GLOBAL_RL_CAP": "1000000",
    "GLOBAL_RL_REFILL_PER_SEC": "1000000",
    "STREAM_CAP_PER_IP": "1000",
    "WAITER_CAP_PER_IP": "1000",
}

# Nothing else of the developer's environment reaches the server.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


def _port_candidates() -> itertools.cycle[int]:
    # Below the ephemeral ports, where no outgoing connection can take one between our look and the
    # server's bind; each worker has a stretch of its own.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % 10 * 2_000
    # 10080 is one that browsers refuse to open (https://fetch.spec.whatwg.org/#port-blocking).
    ports = [port for port in range(first, first + 2_000) if port != 10_080]
    start = random.randrange(len(ports))
    return itertools.cycle(ports[start:] + ports[:start])


_ports = _port_candidates()


def free_port() -> int:
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable: the candidates never end")


def http_session() -> requests.Session:
    """A session that a proxy of the environment can't get in the way of."""
    session = requests.Session()
    session.trust_env = False
    return session


def eventually(condition: Callable[[], Any], what: str, timeout: float = 10.0) -> Any:
    """Polls until the condition holds and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.02)


class Server:
    """A server that can be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, settings: dict[str, str | None] | None = None) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.counters_path = directory / "counters"
        self.log_path = directory / "server.log"
        self.port = free_port()
        self.token = secrets.token_urlsafe(24)
        # A setting given as None is not set at all.
        self.settings: dict[str, str | None] = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(self.data_dir),
            "COUNTERS_PATH": str(self.counters_path),
            "METRICS_TOKEN": self.token,
            **(settings or {}),
        }
        self.http = http_session()
        # What the binary is started by, e.g. in another network namespace.
        self.prefix: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    # Life and death

    def start(self) -> Server:
        said = self._said_of_serve()
        self.launch()
        try:
            eventually(self._answers, "a first 200 of /api/health", START_TIMEOUT)
            # serve's listener is begun beside the main one, which may answer first.
            if self.settings.get("TAILSCALE_SERVE"):
                eventually(lambda: self._said_of_serve() > said, "a word about serve's listener", START_TIMEOUT)
        except AssertionError as problem:
            self.kill()
            raise AssertionError(f"{problem}\n{self.log_tail()}") from None
        return self

    def launch(self, stdout: int | None = None) -> subprocess.Popen[bytes]:
        """Starts the process without waiting for an answer; output goes to the log unless told otherwise."""
        assert self._process is None, "still running"
        assert BINARY.exists(), f"no binary at {BINARY}: build first, or set SIGNALBOX_BIN"
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {name: value for name, value in self.settings.items() if value is not None}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, BINARY, "serve"],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
            )
        return self._process

    def _said_of_serve(self) -> int:
        return self.log().count(" tailscale serve on ")

    def _answers(self) -> bool:
        code = self.process.poll()
        assert code is None, f"ended at start with {code}"
        try:
            return self.http.get(self.url + "/api/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Asks the server to end and insists that it does so well and soon."""
        process = self.process
        process.send_signal(how)
        self.wait_for_end(process)

    def wait_for_end(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        try:
            code = process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"still there {STOP_TIMEOUT:g} s after the signal\n{self.log_tail()}") from None
        assert code == 0, f"ended with {code} instead of 0\n{self.log_tail()}"

    def kill(self) -> None:
        process = self.process
        self._process = None
        process.kill()
        process.wait()

    def restart(self, **changed: str | None) -> None:
        if self._process is not None:
            self.stop()
        self.settings |= changed
        self.start()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not running"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None

    # What can be seen of it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(self.url + path, timeout=30, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.http.post(self.url + path, timeout=30, **options)

    def metrics(self) -> dict[str, Any]:
        """The JSON an operator's tools read."""
        response = self.get("/api/metrics", headers=self.bearer)
        assert response.status_code == 200, response.text
        return response.json()

    def exposition(self) -> str:
        response = self.get("/metrics", headers=self.bearer)
        assert response.status_code == 200, response.text
        return response.text

    def resident_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS in /proc")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        tail = self.log().splitlines()[-lines:]
        return "\n".join(["--- the server's last lines ---", *tail, "---"])
