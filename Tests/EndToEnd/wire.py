"""Small vocabulary of the wire tests: a good message, and what a refusal looks like."""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import Any

import requests

from raw_http import RawResponse
from server import Server

NONCE = base64.b64encode(bytes(range(24))).decode()
GOOD = {"ciphertext": base64.b64encode(b"hello world!").decode(), "nonce": NONCE}


def new_room() -> str:
    return "wire-" + secrets.token_hex(8)


def good(**changes: Any) -> dict[str, Any]:
    """A good message with some fields changed."""
    return GOOD | changes


def post(server: Server, body: Any, room: str | None = None) -> requests.Response:
    """Posts a body as JSON, as it is written if it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.post(
        f"/api/rooms/{room or new_room()}/messages", data=data, headers={"Content-Type": "application/json"}
    )


def post_well(server: Server, room: str, **changes: Any) -> int:
    """Posts a good message and returns its seq."""
    response = post(server, good(**changes), room)
    assert response.status_code == 200, response.text
    return response.json()["seq"]


def transcript(server: Server, room: str, **query: Any) -> dict[str, Any]:
    response = server.get(f"/api/rooms/{room}/transcript", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def assert_refused(response: requests.Response | RawResponse, status: int, error: str | None = None) -> dict[str, str]:
    """A refusal is the status and a JSON body: what, why as one of a closed set of words, perhaps a detail."""
    if isinstance(response, RawResponse):
        code, kind = response.status, response.header("Content-Type") or ""
    else:
        code, kind = response.status_code, response.headers.get("Content-Type", "")
    assert code == status, (code, response)
    assert kind.startswith("application/json"), kind
    body = response.json()
    assert {"error", "reason"} <= set(body) <= {"error", "reason", "detail"}, body
    assert all(isinstance(value, str) and value for value in body.values()), body
    assert re.fullmatch(r"[a-z0-9_]+", body["reason"]), body
    if error is not None:
        assert body["error"] == error, body
    return body
