"""Connections that are reset or half closed in the middle of pipelined requests."""

from __future__ import annotations

import signal
import socket
import struct
from pathlib import Path

import pytest

from exposition import total
from server import Server, eventually
from wire import NONCE


def message(room: str) -> bytes:
    body = f'{{"ciphertext":"QUJD","nonce":"{NONCE}"}}'.encode()
    return (
        f"POST /api/rooms/{room}/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def everything(server: Server, *parts: bytes) -> bytes:
    """What comes for requests of a client that then has said all it will say."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"".join(parts))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        return answer


def test_a_connection_that_was_reset_stays_in_no_room(server: Server) -> None:
    # The first answer is large: it is sent, and the reset is seen, before the second request is looked at.
    body = {"ciphertext": "A" * 66_000, "nonce": NONCE}
    assert server.post("/api/rooms/large/messages", json=body).status_code == 200
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(get("/api/rooms/large/wait?after=0") + get("/api/rooms/ghosts/events?name=ghost"))
        reset(connection)
    # The one that asks.
    eventually(lambda: total(server.exposition(), "signalbox_open_connections") == 1, "every connection gone")
    assert server.get("/api/rooms/ghosts/status").json().get("participants", 0) == 0


@pytest.mark.parametrize("first", [get("/api/health"), message("half")], ids=["health", "message"])
def test_what_was_answered_reaches_a_client_that_has_said_all(server: Server, first: bytes) -> None:
    assert server.post("/api/rooms/half/messages", json={"ciphertext": "QUJD", "nonce": NONCE}).status_code == 200
    answer = everything(server, first, get("/api/rooms/half/wait?after=9007199254740000"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b'"ok":true' in answer


def test_what_was_answered_reaches_a_client_that_ends_in_the_middle_of_a_request(server: Server) -> None:
    answer = everything(server, b"GET /api/health HTTP/1.1\r\nHost: a\r\nX-Odd: \xe9\r\n\r\n", b"GET /par")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b'"ok":true' in answer


def test_a_request_of_nobody_who_can_be_told_counts_for_nobody(server: Server) -> None:
    # Reset before it was accepted, a connection has no address any more: it must not pass for this machine's own,
    # whose word on who its clients are would be believed.
    server.process.send_signal(signal.SIGSTOP)
    stat = Path(f"/proc/{server.process.pid}/stat")
    eventually(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", "the server stopped")
    for _ in range(10):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(message("nobody"))
        reset(connection)
    server.process.send_signal(signal.SIGCONT)
    eventually(lambda: total(server.exposition(), "signalbox_open_connections") == 1, "every connection gone")
    assert server.get("/api/rooms/nobody/status").json()["exists"] is False
