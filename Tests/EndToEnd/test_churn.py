"""Clients that come and go leave nothing behind."""

from __future__ import annotations

import pytest

from conftest import ServerFactory
from raw_http import RawConnection
from raw_websocket import RawWebSocket
from server import OPEN_LIMITS, Server, eventually
from wire import new_room, post_well

MEGABYTE = 1024 * 1024


def come_and_go(server: Server, times: int) -> None:
    """Streams and waits of every kind, hung up in every way there is."""
    room = new_room()
    last = post_well(server, room)
    for number in range(times):
        with RawConnection(server.port) as sse, RawConnection(server.port) as wait:
            sse.request("GET", f"/api/rooms/{room}/events?name=guest{number % 7}")
            wait.request("GET", f"/api/rooms/{room}/wait?after={last}&timeout=60")
            with RawWebSocket(server.port, room) as socket:
                socket.send_json({"type": "hello", "name": f"guest{number % 5}"})
                socket.receive_event("ready")
            if number % 2:
                sse.until(b'"type":"ready"')
    eventually(lambda: server.metrics()["active_subs"] == 0, "nobody left")


def assert_balanced(server: Server) -> None:
    metrics = server.metrics()
    assert metrics["sse_connects_total"] == metrics["sse_disconnects_total"]
    assert metrics["ws_connects_total"] == metrics["ws_disconnects_total"]


def test_streams_that_come_and_go_leave_neither_subscribers_nor_files_behind(start_server: ServerFactory) -> None:
    # A place that isn't given back is missed before the end: there are more comings than places.
    caps = {"STREAM_CAP_PER_IP": "100", "WAITER_CAP_PER_IP": "100", "ROOM_GRACE_SECONDS": "1"}
    server = start_server(**OPEN_LIMITS | caps)
    come_and_go(server, 5)
    files = server.open_files()
    come_and_go(server, 200)
    assert_balanced(server)
    eventually(lambda: server.open_files() <= files + 2, "the files closed")
    eventually(lambda: server.get("/api/health").json()["rooms"] == 0, "the rooms ended", timeout=30)


@pytest.mark.soak
def test_memory_does_not_grow_with_clients_that_come_and_go(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_GRACE_SECONDS": "1"})
    come_and_go(server, 2_000)
    warm = server.resident_bytes()
    for _ in range(10):
        come_and_go(server, 2_000)
    assert_balanced(server)
    assert server.resident_bytes() - warm < 16 * MEGABYTE
