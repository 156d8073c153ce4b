"""Those who come to the dashboard's gate, and how to tell what became of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from exposition import samples
from raw_http import RawConnection, RawResponse
from server import Server, http_session

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGE = "/admin/stats"
STREAM = "/api/metrics/stream"
TWINS = [f"/api/metrics/{part}" for part in ("state", "cards", "counters", "storage", "build")]
JSON_API = [
    "/api/metrics",
    "/api/metrics/series?range=1h",
    "/api/metrics/hourly",
    "/api/metrics/geo?range=1h",
    "/api/metrics/geo/self-test",
    *TWINS,
]
API = [*JSON_API, "/metrics"]
# What can be asked and answered at once: everything behind the gate but the stream.
GATED = [*API, PAGE, f"{PAGE}?part=now", f"{PAGE}?part=all"]

ADMISSIONS = "signalbox_admissions_total"


_strangers = itertools.count(1)


def somebody_new() -> dict[str, str]:
    """Has the request come from an address that hasn't guessed yet, for a server that trusts loopback as a proxy."""
    number = next(_strangers)
    return {"X-Forwarded-For": f"198.18.{number >> 8}.{number & 0xFF}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def with_token(path: str, token: str) -> str:
    """The path with a token in its query."""
    return f"{path}{'&' if '?' in path else '?'}token={token}"


def is_login_page(response: requests.Response) -> bool:
    return (
        response.headers["Content-Type"].startswith("text/html")
        and 'action="/admin/login"' in response.text
        and 'type="password"' in response.text
    )


def is_dashboard(response: requests.Response) -> bool:
    return response.status_code == 200 and "<svg" in response.text and not is_login_page(response)


def is_shut_out(response: requests.Response) -> bool:
    """Sent to the doors that take a token."""
    assert "no-store" in cache_control(response)
    return response.status_code == 401 and not is_dashboard(response)


def log_in(server: Server, token: str | None = None, **headers: str) -> requests.Response:
    """Posts the login form as a browser without memory would; cookies are left to the caller."""
    return http_session().post(
        server.url + "/admin/login",
        data={"token": server.token if token is None else token},
        headers=BROWSER | headers,
        allow_redirects=False,
        timeout=10,
    )


def log_out(server: Server, session: str, **headers: str) -> requests.Response:
    return http_session().post(
        server.url + "/admin/logout", headers={"Cookie": session} | headers, allow_redirects=False, timeout=10
    )


def session_of(response: requests.Response) -> str:
    """The `name=value` of the one cookie that was set."""
    (cookie,) = response.cookies.items()
    return "=".join(cookie)


def visit(server: Server, session: str | None, path: str = PAGE, **headers: str) -> requests.Response:
    cookie = {"Cookie": session} if session else {}
    return http_session().get(server.url + path, headers=BROWSER | cookie | headers, allow_redirects=False, timeout=10)


def cache_control(response: requests.Response | RawResponse) -> str:
    if isinstance(response, RawResponse):
        return response.header("Cache-Control") or ""
    return response.headers.get("Cache-Control", "")


# What the gate has counted


def admissions(server: Server) -> dict[str, float]:
    """The audit counters by result."""
    found = {
        sample.labels["result"]: sample.value for sample in samples(server.exposition()) if sample.name == ADMISSIONS
    }
    assert found, "no audit counters"
    return found


@contextmanager
def moves(server: Server, **expected: int) -> Iterator[None]:
    """What happens within moves these audit counters by so much, and no other."""
    before = admissions(server)
    yield
    after = admissions(server)
    moved = {result: value - before[result] for result, value in after.items() if value != before[result]}
    # One of the two looks is within.
    moved["bearer"] = moved.get("bearer", 0) - 1
    assert {result: count for result, count in moved.items() if count} == expected


# The stream


class DashboardStream:
    """The page's stream of events on a connection of its own."""

    def __init__(self, connection: RawConnection, headers: dict[str, str], target: str = STREAM) -> None:
        self.connection = connection
        connection.request("GET", target, {"Accept": "text/event-stream"} | headers)
        _, self.status, fields = connection.head()
        self.headers = {name.lower(): value for name, value in fields}

    def wait_for_word(self) -> None:
        """Something is sent at once."""
        assert self.status == 200, self.status
        assert self.headers["content-type"].startswith("text/event-stream")
        assert self.connection.some(), "ended at once"

    def wait_for_end(self, within: float) -> None:
        """Fails unless the stream ends, properly or by the connection's end, within so many seconds."""
        deadline, seen = time.monotonic() + within, b""
        while not seen.endswith(b"0\r\n\r\n"):
            left = deadline - time.monotonic()
            assert left > 0, f"still open after {within:g} s: {seen[-200:]!r}"
            self.connection.socket.settimeout(left)
            try:
                data = self.connection.some()
            except TimeoutError:
                continue
            except ConnectionResetError:
                return
            if not data:
                return
            seen += data
