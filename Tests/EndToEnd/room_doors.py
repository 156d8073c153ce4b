"""The two ways into a room, HTTP and WebSocket, with one answer: a code and the words of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from raw_websocket import TEXT, RawWebSocket
from relay_client import Event, Room
from server import Server
from wire import assert_refused, post

# (200, "") for a message that went through.
Answer = tuple[int, str]
Door = Callable[[Server, Room, Event], Answer]


def over_http(server: Server, room: Room, body: Event) -> Answer:
    response = post(server, body, room.id)
    if response.status_code == 200:
        return 200, ""
    return response.status_code, assert_refused(response, response.status_code)["error"]


def over_websocket(server: Server, room: Room, body: Event) -> Answer:
    with RawWebSocket(server.port, room.id) as socket:
        socket.receive_event("ready")
        socket.send_json(body)
        while True:
            opcode, payload = socket.receive()
            event: dict[str, Any] = json.loads(payload) if opcode == TEXT else {"type": "ping"}
            if event["type"] == "error":
                return event["code"], event["error"]
            if event["type"] == "message" and event["ciphertext"] == body["ciphertext"]:
                return 200, ""


DOORS: dict[str, Door] = {"http": over_http, "websocket": over_websocket}
