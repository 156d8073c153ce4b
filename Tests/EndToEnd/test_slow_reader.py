"""A reader that stops reading is dropped before it costs much; nobody else notices."""

from __future__ import annotations

import socket

import pytest

from conftest import ServerFactory
from exposition import DISCONNECTS, total
from raw_http import RawConnection
from raw_websocket import RawWebSocket
from relay_client import Reader, Room
from server import OPEN_LIMITS, Server, eventually, http_session
from wire import NONCE

MEGABYTE = 1024 * 1024
LARGE = "A" * 131_072
# A small buffer of recent messages, so that what memory there is goes to slow readers.
SETTINGS = OPEN_LIMITS | {"STREAM_BUFFER_MAX_BYTES": str(MEGABYTE), "RECENT_MAX": "4"}


def post_large(room: Room, count: int, readers: list[Reader] | None = None) -> None:
    """Posts large messages, no faster than these readers read: they shall not be slow for want of a core."""
    before = [len(reader.messages) for reader in readers or []]
    with http_session() as http:
        for number in range(count):
            for reader, start in zip(readers or [], before, strict=True):
                eventually(lambda: len(reader.messages) - start >= number - 3, f"{reader.name} keeping up", 30)
            response = http.post(
                room.url("messages"), json={"ciphertext": LARGE, "nonce": NONCE, "sender": f"n{number}"}, timeout=30
            )
            assert response.status_code == 200, response.text


def stop_reading_after_ready(kind: str, server: Server, room: Room) -> socket.socket:
    """A subscriber with a small receive buffer that has read as far as `ready` and then reads no more."""
    if kind == "sse":
        connection = RawConnection(server.port, receive_buffer=4096)
        connection.request("GET", f"/api/rooms/{room.id}/events")
        connection.until(b'"type":"ready"')
        return connection.socket
    stuck = RawWebSocket(server.port, room.id, receive_buffer=4096)
    stuck.receive_event("ready")
    return stuck.connection.socket


def slow_disconnects(server: Server, kind: str) -> float:
    return total(server.exposition(), DISCONNECTS, transport="ws" if kind == "websocket" else "sse", reason="slow")


def read_to_end(stuck: socket.socket) -> int:
    """How many bytes there still were before the server's end of the connection."""
    stuck.settimeout(10)
    count = 0
    try:
        while data := stuck.recv(65536):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


@pytest.mark.parametrize("kind", ["sse", "websocket"])
def test_a_reader_that_stops_reading_is_dropped_and_counted_and_others_go_on(
    start_server: ServerFactory, kind: str
) -> None:
    server = start_server(**SETTINGS)
    room = Room(server.url)
    count = 300
    others = [
        Reader(transport, room, lambda event: event["sender"] == f"n{count - 1}") for transport in ("sse", "websocket")
    ]
    for other in others:
        assert other.joined.wait(10)
    post_large(room, 10, others)
    warm = server.resident_bytes()

    stuck = [stop_reading_after_ready(kind, server, room) for _ in range(3)]
    post_large(room, count, others)
    eventually(lambda: slow_disconnects(server, kind) == 3, "three slow disconnects")
    # 38 MB have gone by; each of the three may have held back one.
    assert server.resident_bytes() - warm < 24 * MEGABYTE
    for other in others:
        senders = [event["sender"] for event in other.result(30)]
        assert senders[-count:] == [f"n{number}" for number in range(count)], other.name
    for each in stuck:
        assert read_to_end(each) < 8 * MEGABYTE, "the rest of the stream came after all"
        each.close()
    assert slow_disconnects(server, "sse" if kind == "websocket" else "websocket") == 0


@pytest.mark.parametrize("kind", ["sse", "websocket"])
def test_a_late_joiner_of_a_full_room_is_not_dropped_for_the_rooms_past(
    start_server: ServerFactory, kind: str
) -> None:
    # The past is 10 MB and the bound 1 MB: only what comes while the reader is there counts against it.
    server = start_server(**SETTINGS | {"RECENT_MAX": "100"})
    room = Room(server.url)
    post_large(room, 80)
    # Not a byte is read until the server has had to wait for it.
    late = RawConnection(server.port, receive_buffer=4096)
    if kind == "sse":
        late.request("GET", f"/api/rooms/{room.id}/events")
    else:
        late = RawWebSocket(server.port, room.id, connection=late).connection
    eventually(lambda: server.metrics()["active_subs"] == 1, "the late joiner there")
    room.send("live", sender="live")
    data = b""
    while b'"sender":"live"' not in data[-2_000:]:
        data += late.some()
    assert data.count(b'"type":"message"') == 81
    assert data.rindex(b'"type":"ready"') < data.index(b'"sender":"live"')
    assert slow_disconnects(server, kind) == 0
    late.socket.close()


def test_a_socket_that_never_reads_its_own_echo_is_dropped_too(start_server: ServerFactory) -> None:
    server = start_server(**SETTINGS)
    with RawWebSocket(server.port, Room(server.url).id, receive_buffer=4096) as greedy:
        greedy.receive_event("ready")
        with pytest.raises((ConnectionError, TimeoutError)):
            for _ in range(400):
                greedy.send_json({"ciphertext": LARGE, "nonce": NONCE})
    eventually(lambda: server.metrics()["active_subs"] == 0, "the greedy one gone")
    assert slow_disconnects(server, "websocket") == 1


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sse", "websocket"])
def test_memory_stays_bounded_with_two_hundred_stuck_readers(start_server: ServerFactory, kind: str) -> None:
    server = start_server(**SETTINGS)
    room = Room(server.url)
    post_large(room, 20)
    warm = server.resident_bytes()
    for round_number in range(1, 6):
        stuck = [stop_reading_after_ready(kind, server, room) for _ in range(200)]
        post_large(room, 100)
        eventually(lambda n=round_number: slow_disconnects(server, kind) == 200 * n, "all dropped", timeout=60)
        assert server.resident_bytes() - warm < 64 * MEGABYTE
        for each in stuck:
            each.close()
