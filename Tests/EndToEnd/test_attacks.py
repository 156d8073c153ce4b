"""What a hostile client found once, each kept as a test that tells its story."""

from __future__ import annotations

import json
import socket
import sqlite3
import time

import pytest

from conftest import ServerFactory
from exposition import total
from raw_http import RawConnection
from raw_websocket import RawWebSocket, frame
from server import OPEN_LIMITS, Server, eventually
from wire import good, new_room, post_well

MEGABYTE = 1024 * 1024
HANDSHAKE = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
LARGE = "A" * 131_072


def assert_quick(server: Server, limit_seconds: float = 1.0) -> None:
    """The server lives and answers; the bound is wide, since a loaded test machine isn't what is tested."""
    start = time.monotonic()
    assert server.get("/api/health").status_code == 200
    assert time.monotonic() - start < limit_seconds


def send_until_stuck(connection: socket.socket, data: bytes, ceiling: int) -> int:
    """Sends the same bytes until the peer takes no more for a second, ends the connection, or ceiling is reached."""
    connection.settimeout(1)
    sent = 0
    try:
        while sent < ceiling:
            sent += connection.send(data)
    except (TimeoutError, ConnectionError):
        pass
    return sent


def test_an_upgrade_that_connection_does_not_name_is_refused_and_what_follows_harms_nobody(server: Server) -> None:
    with RawConnection(server.port) as connection:
        path = f"/api/rooms/{new_room()}/ws"
        connection.send(
            f"GET {path} HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\nGET /canary-path HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        )
        assert connection.response().status == 426
    assert_quick(server)
    assert "canary" not in server.log()


def test_bytes_without_end_behind_a_refused_connect_are_not_kept(server: Server) -> None:
    before = server.resident_bytes()
    with RawConnection(server.port) as connection:
        connection.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
        send_until_stuck(connection.socket, b"x" * 65_536, 200 * MEGABYTE)
        assert server.resident_bytes() - before < 64 * MEGABYTE
    assert_quick(server)


def test_bytes_without_end_behind_a_parked_upgrade_are_not_kept(server: Server) -> None:
    room = new_room()
    post_well(server, room)
    before = server.resident_bytes()
    with RawConnection(server.port) as connection:
        connection.send(
            f"GET /api/rooms/{room}/wait?after=99999999999999&timeout=60 HTTP/1.1\r\n"
            "Host: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".encode()
        )
        send_until_stuck(connection.socket, b"x" * 65_536, 200 * MEGABYTE)
        assert server.resident_bytes() - before < 64 * MEGABYTE
    assert_quick(server)


def test_answers_that_nobody_reads_do_not_pile_up(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = new_room()
    for _ in range(16):
        assert server.post(f"/api/rooms/{room}/messages", json=good(ciphertext=LARGE)).status_code == 200
    before = server.resident_bytes()
    with RawConnection(server.port, receive_buffer=4096) as connection:
        request = f"GET /api/rooms/{room}/wait?timeout=0 HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        send_until_stuck(connection.socket, request * 300, len(request) * 300)
        assert_quick(server)
        assert server.resident_bytes() - before < 64 * MEGABYTE


def test_thousands_of_pipelined_requests_behind_a_cold_one_do_not_exhaust_the_stack(server: Server) -> None:
    with RawConnection(server.port, timeout=60) as connection:
        # Large posts first: they make the server read in large pieces.
        for _ in range(12):
            body = json.dumps(good(ciphertext="A" * 120_000)).encode()
            connection.send(
                f"POST /api/rooms/{new_room()}/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body
            )
            assert connection.response().status == 200
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000)
        assert connection.response().status == 200
        for _ in range(5_000):
            assert connection.response().status == 404
    assert_quick(server)


def test_pongs_that_nobody_reads_do_not_pile_up(server: Server) -> None:
    before = server.resident_bytes()
    with RawWebSocket(server.port, new_room(), receive_buffer=4096) as peer:
        peer.receive_event("ready")
        send_until_stuck(peer.connection.socket, frame(9, b"p" * 125) * 500, 60 * MEGABYTE)
        assert server.resident_bytes() - before < 48 * MEGABYTE
    assert_quick(server)


def test_a_flood_of_hellos_is_not_announced_to_the_whole_room(server: Server) -> None:
    room = new_room()
    with RawWebSocket(server.port, room) as reader, RawWebSocket(server.port, room) as flooder:
        reader.receive_event("ready")
        for number in range(2_000):
            flooder.send_json({"type": "hello", "name": f"a{number}"})
        post_well(server, room, sender="last")
        renames = 0
        while True:
            kind, payload = reader.receive()
            if b'"type":"rename"' in payload:
                renames += 1
            if b'"type":"message"' in payload:
                break
        assert 1 <= renames <= 20


def test_a_body_announced_for_an_unknown_route_is_refused_at_once(server: Server) -> None:
    with RawConnection(server.port, timeout=5) as connection:
        connection.send(
            b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.response().status == 404


def test_a_request_with_two_hosts_is_refused(server: Server) -> None:
    with RawConnection(server.port) as connection:
        connection.send(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere.example\r\n\r\n")
        assert connection.response().status == 400


@pytest.mark.parametrize("value", [-1, 2**63 - 1], ids=["negative", "beyond counting"])
def test_a_damaged_total_does_not_stop_the_server(start_server: ServerFactory, value: int) -> None:
    server = start_server()
    post_well(server, new_room())
    server.stop()
    with sqlite3.connect(next(server.directory.rglob("signalbox.sqlite"))) as store:
        store.execute(
            """UPDATE series_totals SET value = ? WHERE id IN (SELECT id FROM series
               WHERE name LIKE 'signalbox_messages_total%' OR name = 'highest_sequence_number')""",
            (value,),
        )
    for counters in server.directory.rglob("*c*nters*"):
        if counters.is_file():
            counters.unlink()
    server.start()
    post_well(server, new_room())
    counted = server.metrics()["messages_relayed_total"]
    assert counted >= 1
    # The damage is gone from the store too: another start goes on from what was counted.
    server.restart()
    assert server.metrics()["messages_relayed_total"] == counted


def test_a_store_with_a_damaged_page_is_set_aside_and_the_server_starts(start_server: ServerFactory) -> None:
    server = start_server()
    post_well(server, new_room())
    server.stop()
    path = next(server.directory.rglob("signalbox.sqlite"))
    with sqlite3.connect(path) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'series'").fetchone()
        (page,) = store.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xa5" * page)
    server.start()
    post_well(server, new_room())
    assert list(path.parent.glob("signalbox.sqlite.set-aside-*"))
    assert "moved aside" in server.log()
    when = total(server.exposition(), "signalbox_store_set_aside_timestamp_seconds")
    assert 0 <= time.time() - when < 60
    server.restart()
    assert total(server.exposition(), "signalbox_store_set_aside_timestamp_seconds") == when


def test_a_login_form_says_where_it_comes_from_even_without_an_origin(server: Server) -> None:
    answer = server.post("/admin/logout", headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False)
    assert answer.status_code == 403


def test_two_hundred_idle_connections_are_given_back(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    assert_quick(server)
    for connection in held:
        connection.close()
    eventually(lambda: server.open_files() < 100, "descriptors given back")
