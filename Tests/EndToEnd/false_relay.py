"""A relay that answers what a test likes, and everything that the Python client can ask of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent import Agent
from sdk import member_of, signalbox

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Relay

    def respond(self, status: int, body: Any = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def stream(self, *parts: bytes) -> None:
        """Starts an event stream that ends with the connection."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in parts:
            self.wfile.write(part)

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.paths.append(self.path)
        self.server.times.append(time.monotonic())
        try:
            self.server.answer(self)
        except OSError:
            self.close_connection = True  # the client had enough

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_: Any) -> None:
        pass


class Relay(ThreadingHTTPServer):
    """A relay that answers what it likes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths: list[str] = []
        self.times: list[float] = []
        self.answer: Answer = lambda handler: handler.respond(404, {"error": "no"})
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        # For answers that last as long as their relay.
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def shutdown(self) -> None:
        self.over.set()
        super().shutdown()

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay
        relay.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every test of a file that imports it: the client loses no time between its tries."""
    monkeypatch.setattr(signalbox, "LONGEST_DELAY", 0.02)
    monkeypatch.setattr(signalbox, "RETRY_DELAY", 0.02)


def agent_at(url: str, handle: str = "ann") -> Any:
    keys = Agent(url, handle)
    return signalbox.Agent(url, handle, keys.box_key, keys.sign_key)


def calls(relay: Relay) -> dict[str, Callable[[], Any]]:
    """Everything the client can ask."""
    agent = agent_at(relay.url)
    room = signalbox.Room.create(relay.url, agent=agent)
    message = signalbox.Message(1, "id", "x", "x", None, 0, None, None, True, claim_id="c")
    dm = signalbox.DirectMessage(1, "id/../id", None, "", None, 0, None, True)
    return {
        "send": lambda: room.send("x"),
        "stream": lambda: next(room.stream()),
        "poll": lambda: room.poll(timeout=0.1),
        "history": lambda: room.history(),
        "claim": lambda: room.claim(timeout=0.1),
        "ack": lambda: room.ack(message),
        "register": lambda: agent.register(),
        "dm": lambda: agent.send("bob", "x"),
        "inbox": lambda: next(agent.inbox()),
        "inbox ack": lambda: agent.ack(dm),
        "publish": lambda: agent.publish(),
        "unpublish": lambda: agent.unpublish(),
        "agents": lambda: signalbox.agents(relay.url),
    }


CALLS = [
    "send", "stream", "poll", "history", "claim", "ack", "register", "dm", "inbox", "inbox ack", "publish",
    "unpublish", "agents",
]  # fmt: skip


def event(room: Any, seq: Any, text: str = "x", **fields: Any) -> bytes:
    body = {"type": "message", "seq": seq, **member_of(room).seal(text), **fields}
    return b"data: " + json.dumps(body).encode() + b"\n\n"
