"""A room's client made of PyNaCl, requests, sseclient-py and websocket-client: no code shared with the server."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

import requests
import sseclient
import websocket
from nacl.secret import SecretBox

from server import http_session

Event = dict[str, Any]
EventStream = Generator[Event, None, None]

TRANSPORTS = ("sse", "websocket", "longpoll", "transcript")

# A keepalive comes at least every 15 s; a stream silent for longer is dead.
READ_TIMEOUT = 40.0


class Room:
    """A room's address and the key that its members share and the server never sees."""

    def __init__(self, base_url: str, room_id: str | None = None) -> None:
        self.base_url = base_url
        self.id = room_id or "room-" + secrets.token_hex(8)
        self._box = SecretBox(secrets.token_bytes(SecretBox.KEY_SIZE))

    def url(self, part: str) -> str:
        return f"{self.base_url}/api/rooms/{self.id}/{part}"

    @property
    def websocket_url(self) -> str:
        return self.url("ws").replace("http", "ws", 1)

    def seal(self, text: str, **fields: Any) -> dict[str, Any]:
        """The body of a message: the sealed text and whatever else is given."""
        sealed = self._box.encrypt(text.encode())
        return {
            "ciphertext": base64.b64encode(sealed.ciphertext).decode(),
            "nonce": base64.b64encode(sealed.nonce).decode(),
            **fields,
        }

    def open(self, message: Event) -> str:
        ciphertext = base64.b64decode(message["ciphertext"], validate=True)
        return self._box.decrypt(ciphertext, base64.b64decode(message["nonce"], validate=True)).decode()

    def post(self, text: str, http: requests.Session | None = None, **fields: Any) -> requests.Response:
        session = http or http_session()
        return session.post(self.url("messages"), json=self.seal(text, **fields), timeout=30)

    def send(self, text: str, http: requests.Session | None = None, **fields: Any) -> Event:
        """Posts a message and returns the acknowledgement."""
        response = self.post(text, http, **fields)
        assert response.status_code == 200, response.text
        return response.json()

    def transcript(self, http: requests.Session | None = None, **query: Any) -> Event:
        return self._page("transcript", http, query)

    def wait(self, http: requests.Session | None = None, **query: Any) -> Event:
        return self._page("wait", http, query)

    def status(self) -> Event:
        return self._page("status", None, {})

    def _page(self, part: str, http: requests.Session | None, query: dict[str, Any]) -> Event:
        response = (http or http_session()).get(self.url(part), params=query, timeout=READ_TIMEOUT)
        assert response.status_code == 200, response.text
        return response.json()


# A connection of each transport as a stream of events. Closing the generator drops the connection.


def sse_events(room: Room, after: int = 0, **query: Any) -> EventStream:
    with http_session() as http:
        response = http.get(
            room.url("events"), params={"after": after, **query}, stream=True, timeout=(10, READ_TIMEOUT)
        )
        assert response.status_code == 200, response.text
        # chunk_size=None hands on what has come instead of waiting for a full chunk.
        for event in sseclient.SSEClient(response.iter_content(chunk_size=None)).events():
            yield json.loads(event.data)


def websocket_events(room: Room, after: int = 0) -> EventStream:
    connection = websocket.create_connection(f"{room.websocket_url}?after={after}", timeout=READ_TIMEOUT)
    try:
        while True:
            opcode, data = connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return
            yield json.loads(data)
    finally:
        connection.shutdown()


def longpoll_events(room: Room, after: int = 0) -> EventStream:
    with http_session() as http:
        while True:
            page = room.wait(http, after=after, timeout=10)
            for message in page["messages"]:
                yield {"type": "message", **message}
            after = max(after, page["last_seq"])
            if page.get("exists") is False:
                time.sleep(0.02)  # nobody has opened the room yet, and then there is nothing to wait for


def transcript_events(room: Room, after: int = 0) -> EventStream:
    with http_session() as http:
        while True:
            page = room.transcript(http, after=after, limit=100)
            for message in page["messages"]:
                yield {"type": "message", **message}
            after = max(after, page["last_seq"])
            if not page["messages"]:
                time.sleep(0.02)


CONNECT: dict[str, Callable[[Room, int], EventStream]] = {
    "sse": sse_events,
    "websocket": websocket_events,
    "longpoll": longpoll_events,
    "transcript": transcript_events,
}


class Reader(threading.Thread):
    """Collects a room's messages up to a last one, reconnecting by `after` on the way if told so."""

    def __init__(
        self,
        transport: str,
        room: Room,
        is_last: Callable[[Event], bool],
        *,
        after: int = 0,
        reconnect_every: int = 0,
    ) -> None:
        super().__init__(name=f"{transport} reader", daemon=True)
        self.messages: list[Event] = []
        self.joined = threading.Event()
        self._connect = lambda after: CONNECT[transport](room, after)
        self._is_last = is_last
        self._after = after
        self._reconnect_every = reconnect_every
        self._failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            while not self._read_one_connection():
                pass
        except BaseException as failure:
            self._failure = failure

    def _read_one_connection(self) -> bool:
        """Returns true once the last message is there."""
        come = 0
        with closing(self._connect(self._after)) as events:
            for event in events:
                self.joined.set()
                if event["type"] != "message":
                    continue
                self.messages.append(event)
                self._after = event["seq"]
                if self._is_last(event):
                    return True
                come += 1
                if come == self._reconnect_every:
                    return False
        raise AssertionError("the server ended the stream")

    def result(self, timeout: float) -> list[Event]:
        self.join(timeout)
        got = f"{self.name}: {len(self.messages)} messages"
        if self._failure is not None:
            raise AssertionError(f"{got}, then {self._failure!r}") from self._failure
        assert not self.is_alive(), f"{got}, and no last one within {timeout:g} s"
        return self.messages


class Stream:
    """An open stream whose events are collected in the background, to be waited for."""

    def __init__(self, name: str) -> None:
        self.events: list[Event] = []
        self.failure: BaseException | None = None
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            for event in self._read():
                with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()
        except BaseException as failure:
            self.failure = failure
        finally:
            self._ended.set()
            with self._changed:
                self._changed.notify_all()

    def _read(self) -> EventStream:
        raise NotImplementedError

    def wait_for(self, condition: Callable[[Event], bool], what: str, timeout: float = 10.0) -> Event:
        """The first event, past or to come, that the condition holds for."""

        looked_at = 0
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for event in self.events[looked_at:]:
                    if condition(event):
                        return event
                looked_at = len(self.events)
                left = deadline - time.monotonic()
                assert left > 0 and not self._ended.is_set(), (
                    f"no {what} within {timeout:g} s; {looked_at} events came, lastly {self.events[-3:]} {self.failure}"
                )
                self._changed.wait(left)

    def wait_for_type(self, kind: str) -> Event:
        return self.wait_for(lambda event: event["type"] == kind, f"{kind} event")

    def wait_for_end(self, timeout: float = 10.0) -> None:
        """Waits until the server has ended the stream, and insists that it did so properly."""
        assert self._ended.wait(timeout), f"{self._thread.name}: still open after {timeout:g} s"
        assert self.failure is None, f"{self._thread.name}: ended by {self.failure!r}"

    @property
    def messages(self) -> list[Event]:
        return [event for event in self.events if event["type"] == "message"]


class SseStream(Stream):
    def __init__(self, room: Room, headers: dict[str, str] | None = None, **query: Any) -> None:
        super().__init__("SSE stream")
        self._http = http_session()
        self.response = self._http.get(
            room.url("events"), params=query, headers=headers, stream=True, timeout=(10, READ_TIMEOUT)
        )
        assert self.response.status_code == 200, self.response.text
        self._thread.start()

    def _read(self) -> EventStream:
        for event in sseclient.SSEClient(self.response.iter_content(chunk_size=None)).events():
            yield json.loads(event.data)

    def close(self) -> None:
        self.response.raw.shutdown()
        self._ended.wait(10)
        self._http.close()


class WebSocketStream(Stream):
    def __init__(self, room: Room, headers: dict[str, str] | None = None) -> None:
        super().__init__("WebSocket")
        self.close_code: int | None = None
        self._connection = websocket.create_connection(
            room.websocket_url, timeout=READ_TIMEOUT, header=headers or {}
        )
        self._thread.start()

    def _read(self) -> EventStream:
        while True:
            opcode, data = self._connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.close_code = int.from_bytes(data[:2], "big") if len(data) >= 2 else 1005
                return
            yield json.loads(data)

    def send(self, frame: Any) -> None:
        """Sends a text frame: text as it is, anything else as JSON."""
        self._connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    def close(self) -> None:
        self._connection.send_close()
        self._ended.wait(10)
        self._connection.shutdown()
