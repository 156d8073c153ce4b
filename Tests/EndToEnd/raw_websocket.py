"""WebSocket frames byte by byte, right and wrong ones."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

from raw_http import RawConnection, RawResponse

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, mask_bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = secrets.token_bytes(4)
    repeated = mask * (len(payload) // 4 + 1)
    covered = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return head + mask + covered.to_bytes(len(payload), "big")


class RawWebSocket:
    """A WebSocket on a raw connection, after a checked handshake."""

    def __init__(
        self,
        port: int,
        room_id: str,
        headers: dict[str, str] | None = None,
        connection: RawConnection | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self.connection = connection or RawConnection(port, receive_buffer=receive_buffer)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.connection.request(
            "GET",
            f"/api/rooms/{room_id}/ws",
            {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": key,
                **(headers or {}),
            },
        )
        version, status, fields = self.connection.head()
        self.response = RawResponse(version, status, fields, b"")
        assert status == 101, f"no upgrade but {status} {fields}"
        accept = base64.b64encode(hashlib.sha1(key.encode() + _ACCEPT_GUID).digest()).decode()
        assert self.response.header("Sec-WebSocket-Accept") == accept

    def __enter__(self) -> RawWebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.socket.close()

    def send(self, data: bytes) -> None:
        self.connection.send(data)

    def send_json(self, value: Any) -> None:
        self.send(frame(TEXT, json.dumps(value).encode()))

    def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload. The server neither masks nor fragments."""
        first, second = self.connection.read(2)
        assert first & 0x70 == 0, "reserved bits set without an extension"
        assert first & 0x80, "a fragment from the server"
        assert second & 0x80 == 0, "a masked frame from the server"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.connection.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.connection.read(8))
        return first & 0x0F, self.connection.read(length)

    def receive_event(self, kind: str) -> dict[str, Any]:
        """The next event of the kind; others are passed over."""
        while True:
            opcode, payload = self.receive()
            assert opcode in (TEXT, PING), f"opcode {opcode} {payload!r} instead of a {kind} event"
            if opcode == TEXT and (event := json.loads(payload))["type"] == kind:
                return event

    def receive_close(self) -> int:
        """The code of the server's close frame; events before it are passed over."""
        while True:
            opcode, payload = self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
