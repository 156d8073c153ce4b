"""One event, one count: the JSON that an operator's tools read, against what was really done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from conftest import ServerFactory
from exposition import total
from raw_http import RawConnection
from raw_websocket import RawWebSocket
from relay_client import Room, SseStream, WebSocketStream
from server import OPEN_LIMITS, Server, eventually
from wire import GOOD, new_room, post, post_well

TOTALS = [
    "rooms_created_total", "rooms_evicted_total", "messages_relayed_total", "bytes_relayed_total",
    "http_posts_total", "http_2xx", "http_4xx", "http_5xx", "http_429", "ws_connects_total",
    "ws_disconnects_total", "sse_connects_total", "sse_disconnects_total", "longpoll_waits_total",
    "longpoll_wakes_total", "longpoll_timeouts_total", "bug_reports_total", "transport_browser_total",
    "transport_agent_total", "peak_concurrent_rooms", "peak_concurrent_subs", "process_starts_total",
]  # fmt: skip
REST = [
    "started_at", "started_ms", "first_boot_at", "last_restart_at", "active_rooms", "active_subs",
    "uptime_seconds", "ts", "history", "history_available_since",
]  # fmt: skip
RANGES = ["all", "1month", "1week", "1day", "8h", "1h"]


@pytest.fixture
def count(server: Server) -> Callable[..., None]:
    """Asserts by how much totals have moved since the test began; what isn't named must not have moved."""
    before = server.metrics()
    # The questions themselves are requests.
    unsteady = {"http_2xx", "peak_concurrent_rooms", "peak_concurrent_subs"}

    def moved(**expected: int) -> None:
        def differences() -> dict[str, int]:
            after = server.metrics()
            names = set(TOTALS) - (unsteady - set(expected))
            return {name: after[name] - before[name] for name in names if after[name] != before[name]}

        try:
            # The end of a stream is noticed a moment after it.
            eventually(lambda: differences() == expected, "the counts", timeout=5)
        except AssertionError:
            assert differences() == expected

    return moved


def test_the_json_has_every_field_of_the_protocol_with_its_type(server: Server) -> None:
    metrics = server.metrics()
    assert set(TOTALS + REST) <= set(metrics)
    for name in [*TOTALS, "started_ms", "active_rooms", "active_subs", "uptime_seconds", "ts"]:
        assert type(metrics[name]) is int, name
    for name in ("started_at", "first_boot_at", "last_restart_at"):
        assert len(metrics[name]) == len("2026-06-15T12:34:30.192Z") and metrics[name].endswith("Z"), metrics[name]
    assert metrics["process_starts_total"] == 1
    assert isinstance(metrics["history"], list)


def test_a_message_over_http_is_counted_once_with_its_bytes(server: Server, count: Callable[..., None]) -> None:
    room = new_room()
    post_well(server, room)
    post_well(server, room)
    size = len(GOOD["ciphertext"])
    count(messages_relayed_total=2, bytes_relayed_total=2 * size, http_posts_total=2, rooms_created_total=1,
          transport_agent_total=2)  # fmt: skip
    assert server.metrics()["active_rooms"] == 1


def test_a_browsers_message_is_told_from_an_agents(server: Server, count: Callable[..., None]) -> None:
    room = new_room()
    for agent in ("Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0", "python-requests/2.34", "curl/8", "Mozilla bot", ""):
        response = server.post(f"/api/rooms/{room}/messages", json=GOOD, headers={"User-Agent": agent})
        assert response.status_code == 200
    count(messages_relayed_total=5, bytes_relayed_total=5 * len(GOOD["ciphertext"]), http_posts_total=5,
          rooms_created_total=1, transport_agent_total=4, transport_browser_total=1)  # fmt: skip


def test_a_message_over_a_socket_is_no_http_post(server: Server, count: Callable[..., None]) -> None:
    with RawWebSocket(server.port, new_room()) as socket:
        socket.send_json(GOOD)
        socket.receive_event("message")
    count(messages_relayed_total=1, bytes_relayed_total=len(GOOD["ciphertext"]), rooms_created_total=1,
          transport_browser_total=1, ws_connects_total=1, ws_disconnects_total=1)  # fmt: skip


@pytest.mark.parametrize("how", ["politely", "by vanishing"])
def test_connects_and_disconnects_of_streams_are_both_counted(
    server: Server, count: Callable[..., None], how: str
) -> None:
    room = Room(server.url)
    if how == "politely":
        sse, socket = SseStream(room), WebSocketStream(room)
        for stream in (sse, socket):
            stream.wait_for_type("ready")
        assert server.metrics()["active_subs"] == 2
        sse.close()
        socket.close()
    else:
        with RawConnection(server.port) as sse_connection, RawWebSocket(server.port, room.id) as raw:
            sse_connection.request("GET", f"/api/rooms/{room.id}/events")
            sse_connection.until(b"ready")
            raw.receive_event("ready")
    eventually(lambda: server.metrics()["active_subs"] == 0, "nobody left")
    count(rooms_created_total=1, sse_connects_total=1, sse_disconnects_total=1, ws_connects_total=1,
          ws_disconnects_total=1)  # fmt: skip


def test_waits_are_counted_by_how_they_end(server: Server, count: Callable[..., None]) -> None:
    room = new_room()
    last = post_well(server, room)
    assert server.get(f"/api/rooms/{room}/wait?after=0").json()["messages"], "not parked, so not counted"
    server.get(f"/api/rooms/{room}/wait?after={last}&timeout=0")
    server.get(f"/api/rooms/{room}/wait?after={last}&timeout=1")
    with RawConnection(server.port) as waiter, RawConnection(server.port) as quitter:
        for connection in (waiter, quitter):
            connection.request("GET", f"/api/rooms/{room}/wait?after={last}&timeout=30")
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 3, "both parked")
        quitter.socket.close()
        eventually(lambda: total(server.exposition(), "signalbox_subscribers", transport="poll") == 1, "one hung up")
        post_well(server, room)
        assert waiter.response().status == 200
    count(messages_relayed_total=2, bytes_relayed_total=2 * len(GOOD["ciphertext"]), http_posts_total=2,
          rooms_created_total=1, transport_agent_total=2, longpoll_waits_total=3, longpoll_wakes_total=1,
          longpoll_timeouts_total=1)  # fmt: skip


def test_every_refusal_is_counted_malformed_json_and_garbage_too(server: Server, count: Callable[..., None]) -> None:
    post(server, b"{")
    post(server, {})
    post(server, b"x" * 200_000)
    server.get("/nothing-here")
    server.get("/api/rooms/abc/status")
    server.get("/api/metrics")
    server.http.delete(server.url + "/api/health", timeout=10)
    count(http_4xx=7)
    with RawConnection(server.port) as connection:
        connection.send(b"GARBAGE\r\n\r\n")
        assert connection.response().status == 400
    assert total(server.exposition(), "signalbox_malformed_requests_total") == 1


def test_an_answered_request_is_counted_once_hot_or_cold(server: Server, count: Callable[..., None]) -> None:
    before = server.metrics()["http_2xx"]
    for _ in range(5):
        server.get("/api/health")
        server.get("/api/rooms/abcd/status")
    # Ten of ours and the second question; the first one was answered, and counted, after it was read.
    assert server.metrics()["http_2xx"] - before in (10, 11)


def test_a_peak_is_kept_though_it_lasted_a_moment(server: Server) -> None:
    with ExitStack() as sockets:
        for _ in range(7):
            sockets.enter_context(RawWebSocket(server.port, new_room())).receive_event("ready")
    eventually(lambda: server.metrics()["active_subs"] == 0, "nobody left")
    metrics = server.metrics()
    assert (metrics["peak_concurrent_rooms"], metrics["peak_concurrent_subs"]) == (7, 7)


@pytest.mark.parametrize("range_name", [*RANGES, "nonsense", "", "1DAY"])
def test_a_series_has_the_fields_of_the_protocol_and_unknown_ranges_are_a_day(
    shared_server: Server, range_name: str
) -> None:
    response = shared_server.get("/api/metrics/series", params={"range": range_name}, headers=shared_server.bearer)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    series: dict[str, Any] = response.json()
    assert series["range"] == (range_name if range_name in RANGES else "1day")
    assert {"label", "source", "bucket_ms", "requested_since", "available_since", "partial", "points"} <= set(series)
    fields = {"t", "messages", "rooms", "bugs", "messages_total", "rooms_total", "bugs_total", "peak_rooms",
              "peak_subs", "samples"}  # fmt: skip
    for point in series["points"]:
        assert set(point) == fields


def test_the_hourly_view_always_spans_a_day(shared_server: Server) -> None:
    hours = shared_server.get("/api/metrics/hourly", headers=shared_server.bearer).json()["hours"]
    assert len(hours) >= 24
    assert [hour["t"] for hour in hours] == sorted(hour["t"] for hour in hours)
    assert all(hour["t"] % 3_600_000 == 0 for hour in hours)
    assert all(
        set(hour) == {"t", "messages", "rooms", "bugs", "peak_rooms", "peak_subs", "samples"} for hour in hours
    )


def test_counts_are_there_when_the_acknowledgement_is(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = new_room()
    for number in range(1, 21):
        post_well(server, room)
        assert server.metrics()["messages_relayed_total"] == number
