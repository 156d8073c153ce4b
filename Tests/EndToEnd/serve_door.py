"""A server that `tailscale serve` stands before: its listener, and what comes in there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import ServerFactory
from gate_client import PAGE, is_dashboard
from server import OPEN_LIMITS, Server, free_port
from tailnet import LAPTOP, LAPTOP6, PHONE, DialledConnection, session_over
from tailscaled import ALICE, BOB, BOX_NAME, Tailscaled, node, tailscaled

Headers = dict[str, str]

# What `tailscale serve` sends for a browser of the tailnet.
SERVED: Headers = {
    "Host": BOX_NAME,
    "X-Forwarded-For": LAPTOP,
    "X-Forwarded-Host": BOX_NAME,
    "X-Forwarded-Proto": "https",
    "Tailscale-User-Login": ALICE,
    "Tailscale-User-Name": "Alice",
    "Tailscale-User-Profile-Pic": "https://example.com/alice.png",
    "Tailscale-Headers-Info": "https://tailscale.com/s/serve-headers",
}
# What Funnel sends for one of the world.
FUNNELLED: Headers = {
    "Host": BOX_NAME,
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": BOX_NAME,
    "X-Forwarded-Proto": "https",
    "Tailscale-Funnel-Request": "?1",
}


def without(*names: str) -> Headers:
    return {name: value for name, value in SERVED.items() if name not in names}


class Door:
    """A server and its listener for `tailscale serve`."""

    def __init__(self, server: Server, place: str) -> None:
        self.server, self.place = server, place

    def dial(self, *_: object) -> socket.socket:
        if not self.place.startswith("/"):
            return socket.create_connection(("127.0.0.1", int(self.place)), 10)
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(10)
        made.connect(self.place)
        return made

    def request(self, method: str, path: str, headers: Headers, **options: Any) -> requests.Response:
        with session_over(self.dial) as session:
            return session.request(
                method, "http://serve" + path, headers=headers, timeout=10, allow_redirects=False, **options
            )

    def get(self, headers: Headers, path: str = PAGE) -> requests.Response:
        return self.request("GET", path, headers)

    def raw(self) -> DialledConnection:
        return DialledConnection(self.dial())

    def comes_in(self, headers: Headers) -> bool:
        response = self.get(headers)
        assert response.status_code in (200, 401), response.text
        return is_dashboard(response)


# Fixtures, to be imported by the tests


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Tailscaled]:
    with tailscaled(tmp_path / "tailscaled.sock") as stub:
        stub.nodes = {LAPTOP: node(ALICE), LAPTOP6: node(ALICE), PHONE: node(BOB)}
        yield stub


@pytest.fixture(params=["port", "unix socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(free_port()) if request.param == "port" else str(tmp_path / "serve.sock")


Open = Callable[..., Door]


@pytest.fixture
def open_door(start_server: ServerFactory, tmp_path: Path, place: str) -> Open:
    def start(**settings: str | None) -> Door:
        fixed = {"TAILSCALE_SERVE": place, "TAILSCALE_SOCKET": str(tmp_path / "tailscaled.sock")}
        return Door(start_server(**OPEN_LIMITS | fixed | settings), place)

    return start
