"""What clients get wrong and are forgiven, or at least told."""

from __future__ import annotations

import json
import secrets
import struct

import websocket

from server import Server
from wire import good


def test_a_byte_order_mark_before_the_body_is_taken_off(shared_server: Server) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(good()).encode()
    response = shared_server.http.post(
        f"{shared_server.url}/api/rooms/bom-{secrets.token_hex(4)}/messages",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert (response.status_code, response.json()["ok"]) == (200, True)


def test_who_sends_too_long_a_frame_can_read_why_the_socket_ends(shared_server: Server) -> None:
    url = f"ws://127.0.0.1:{shared_server.port}/api/rooms/long-{secrets.token_hex(4)}/ws"
    for _ in range(5):
        connection = websocket.create_connection(url, timeout=10)
        connection.send("x" * (1 << 20))
        while (frame := connection.recv_frame()).opcode != websocket.ABNF.OPCODE_CLOSE:
            pass
        assert struct.unpack("!H", frame.data[:2]) == (1009,)
        connection.shutdown()
