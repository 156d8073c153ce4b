"""Asks for the dashboard and for a scrape each second, as an operator and a Prometheus would."""

from __future__ import annotations

import threading
import time
from typing import Any

from measuring import TimedConnection
from raw_http import request_bytes

from contender import Running

SCRAPE = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Watching:
    """Goes on in a thread until it is left."""

    def __init__(self, running: Running) -> None:
        bearer = {"Authorization": f"Bearer {running.token}"}
        self._asked = {
            "stats": request_bytes("GET", "/admin/stats", bearer),
            "scrape": request_bytes("GET", "/api/metrics", bearer | {"Accept": SCRAPE}),
        }
        self._port = running.port
        self._seconds: dict[str, list[float]] = {name: [] for name in self._asked}
        self._over = threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        try:
            with TimedConnection(self._port) as connection:
                due = time.monotonic()
                while not self._over.wait(max(0.0, due - time.monotonic())):
                    due += 1
                    for name, request in self._asked.items():
                        self._seconds[name].append(connection.request(request)[0])
        except Exception as problem:  # told by the thread that waits for the figures
            self._problem = problem

    def report(self) -> dict[str, Any]:
        if self._problem is not None:
            raise self._problem
        return {f"{name}_ms": [second * 1_000 for second in seconds] for name, seconds in self._seconds.items()}
