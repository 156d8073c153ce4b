"""Load on a server that is going to be killed: what was attempted and what was acknowledged, by counter.

Every worker counts an attempt before it sends, and an acknowledgement once it has the whole answer. What the
server has counted must lie between the two, however it ended in between.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

import requests
import websocket
from urllib3.exceptions import NewConnectionError

from agent import Agent
from relay_client import Room
from visits import BROWSER

# T1 is Tor; XX is what Cloudflare says when it doesn't know.
COUNTRIES = ("DE", "FR", "JP", "BR", "T1", "XX")
# Comes once: from then on it is in rows without visits of its own.
RARE_COUNTRY = "AQ"
# https://www.rfc-editor.org/rfc/rfc5737
DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
TIMEOUT = 20.0


class Ledger:
    """Attempts and acknowledgements by counter, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempted: Tally[str] = Tally()
        self._acknowledged: Tally[str] = Tally()
        self.handles: list[str] = []

    def attempt(self, **counts: int) -> None:
        with self._lock:
            self._attempted.update(counts)

    def take_back(self, **counts: int) -> None:
        with self._lock:
            self._attempted.subtract(counts)

    def acknowledge(self, **counts: int) -> None:
        with self._lock:
            self._acknowledged.update(counts)

    @property
    def attempted(self) -> Tally[str]:
        with self._lock:
            return self._attempted.copy()

    @property
    def acknowledged(self) -> Tally[str]:
        with self._lock:
            return self._acknowledged.copy()


class CountingSession(requests.Session):
    """A session that keeps the ledger of answered requests, whatever they are for."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.trust_env = False
        self._ledger = ledger

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        self._ledger.attempt(http_2xx=1)
        try:
            response = super().request(method, url, **options)
        except requests.ConnectionError as error:
            # Nobody listened, so nothing was sent: without this, polls during a start would widen the gap.
            if error.args and isinstance(getattr(error.args[0], "reason", None), NewConnectionError):
                self._ledger.take_back(http_2xx=1)
            raise
        if response.status_code < 300 and not options.get("stream"):
            self._ledger.acknowledge(http_2xx=1)
        return response


def documentation_address() -> str:
    return f"{random.choice(DOCUMENTATION_NETWORKS)}.{random.randrange(1, 255)}"


def expect(response: requests.Response, status: int) -> None:
    assert response.status_code == status, f"{response.request.url}: {response.status_code} {response.text[:200]}"


class Load:
    """Workers that use the server in every way that is counted, until it ends or they are told to."""

    def __init__(self, url: str, bearer: dict[str, str], ledger: Ledger) -> None:
        self._url, self._bearer, self._ledger = url, bearer, ledger
        self._ended = threading.Event()
        self._failures: list[AssertionError] = []
        # The highest totals that anybody was shown.
        self.shown: dict[str, int] = {}
        work = (
            self._post, self._post, self._use_socket, self._use_stream, self._wait, self._view_page,
            self._ask_health, self._read_metrics, self._register,
        )  # fmt: skip
        self._threads = [threading.Thread(target=self._run, args=(one,), daemon=True) for one in work]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)
            assert not thread.is_alive(), f"{thread.name} hangs"
        if self._failures:
            raise self._failures[0]

    def _run(self, work: Callable[[requests.Session], None]) -> None:
        with CountingSession(self._ledger) as http:
            while not self._ended.is_set():
                try:
                    work(http)
                except (requests.RequestException, websocket.WebSocketException, OSError):
                    return  # the server is gone
                except AssertionError as failure:
                    self._failures.append(failure)
                    return

    def _post(self, http: requests.Session) -> None:
        room = Room(self._url)
        for number in range(20):
            self._post_one(http, room, is_new=number == 0)
            if self._ended.is_set():
                return

    def _post_one(self, http: requests.Session, room: Room, is_new: bool) -> int:
        body = room.seal("x" * random.randrange(1, 300))
        counts = {
            "messages_relayed_total": 1, "bytes_relayed_total": len(body["ciphertext"]), "http_posts_total": 1,
            "transport_agent_total": 1, "rooms_created_total": int(is_new),
        }  # fmt: skip
        self._ledger.attempt(**counts)
        response = http.post(room.url("messages"), json=body, timeout=TIMEOUT)
        expect(response, 200)
        self._ledger.acknowledge(**counts)
        return response.json()["seq"]

    def _use_socket(self, _: requests.Session) -> None:
        room = Room(self._url)
        # A refused upgrade would be an answer; a good one is 101, which counts with 2xx.
        joined = {"ws_connects_total": 1, "rooms_created_total": 1}
        self._ledger.attempt(**joined, http_2xx=1)
        socket = websocket.create_connection(room.websocket_url, timeout=TIMEOUT)
        try:
            socket.recv()
            self._ledger.acknowledge(**joined)
            for _ in range(3):
                body = room.seal("y" * random.randrange(1, 300))
                counts = {
                    "messages_relayed_total": 1, "bytes_relayed_total": len(body["ciphertext"]),
                    "transport_browser_total": 1,
                }  # fmt: skip
                counts["deliveries_ws"] = 1
                self._ledger.attempt(**counts)
                socket.send(json.dumps(body))
                # A socket gives no other receipt than the message itself, which comes back after it is counted.
                while body["ciphertext"] not in (text := socket.recv()):
                    if not text:
                        raise ConnectionError("the socket was closed, as it is when the server stops")
                self._ledger.acknowledge(**counts)
        finally:
            socket.shutdown()

    def _use_stream(self, http: requests.Session) -> None:
        room = Room(self._url)
        counts = {"sse_connects_total": 1, "rooms_created_total": 1}
        self._ledger.attempt(**counts)
        with http.get(room.url("events"), stream=True, timeout=TIMEOUT) as response:
            expect(response, 200)
            for line in response.iter_lines(chunk_size=1):
                if b"ready" in line:
                    self._ledger.acknowledge(**counts)
                    return

    def _wait(self, http: requests.Session) -> None:
        room = Room(self._url)
        last = self._post_one(http, room, is_new=True)
        self._ledger.attempt(longpoll_waits_total=1, longpoll_timeouts_total=1)
        response = http.get(room.url("wait"), params={"after": last, "timeout": 1}, timeout=TIMEOUT)
        expect(response, 200)
        # A server that is told to stop answers at once, which is another end than the timeout.
        timed_out = response.elapsed.total_seconds() >= 1
        self._ledger.acknowledge(longpoll_waits_total=1, longpoll_timeouts_total=int(timed_out))

    def _view_page(self, http: requests.Session) -> None:
        has_come = self._ledger.acknowledged[f"visits {RARE_COUNTRY}"] > 0
        country = random.choice(COUNTRIES) if has_come else RARE_COUNTRY
        headers = {
            "User-Agent": BROWSER, "X-Forwarded-For": documentation_address(), "CF-IPCountry": country,
        }  # fmt: skip
        counts = {f"visits {country}": 1, "visits": 1}
        self._ledger.attempt(**counts)
        expect(http.get(self._url + "/", headers=headers, timeout=TIMEOUT), 200)
        self._ledger.acknowledge(**counts)

    def _ask_health(self, http: requests.Session) -> None:
        expect(http.get(self._url + "/api/health", timeout=TIMEOUT), 200)

    def _read_metrics(self, http: requests.Session) -> None:
        response = http.get(self._url + "/api/metrics", headers=self._bearer, timeout=TIMEOUT)
        expect(response, 200)
        for name, value in totals_in(response.json()).items():
            assert value >= self.shown.get(name, 0), f"{name} fell from {self.shown[name]} to {value}"
            self.shown[name] = value

    def _register(self, http: requests.Session) -> None:
        # By the server's clock, which may run fast; when it runs too fast, the registration comes too late.
        now = http.get(self._url + "/api/metrics", headers=self._bearer, timeout=TIMEOUT).json()["ts"]
        agent = Agent(self._url)
        self._ledger.attempt(http_2xx=1, identities_registered=1)
        address = {"X-Forwarded-For": documentation_address()}
        with agent.http:
            response = agent.request(
                "POST", "/api/identity/register", json=agent.registration(register_ts=now), headers=address
            )
        if response.status_code == 201:
            self._ledger.acknowledge(http_2xx=1, identities_registered=1)
            self._ledger.handles.append(agent.handle)
        # A commit of its own each, which are not to be in the way of the flushes' calls.
        self._ended.wait(0.3)


def raise_to(shown: dict[str, int], more: dict[str, int]) -> None:
    """Keeps the higher of two readings: a later one that is lower must not hide that it fell."""
    for name, value in more.items():
        shown[name] = max(value, shown.get(name, 0))


def totals_in(metrics: dict[str, Any]) -> dict[str, int]:
    """What may only grow in the JSON that an operator's tools read."""
    http = ("http_2xx", "http_4xx", "http_5xx", "http_429", "peak_concurrent_rooms", "peak_concurrent_subs")
    return {name: value for name, value in metrics.items() if name.endswith("_total") or name in http}
