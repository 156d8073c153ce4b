"""Longer stories that several tests tell: directly and through a proxy, bounded and long."""

from __future__ import annotations

import threading
from collections.abc import Callable

from relay_client import TRANSPORTS, Event, Reader, Room, WebSocketStream
from server import eventually, http_session


def http_sender(room: Room, name: str) -> Callable[[list[str]], None]:
    def send(texts: list[str]) -> None:
        with http_session() as http:
            for text in texts:
                room.send(text, http, sender=name)

    return send


# Frames a sender has under way: it reads what the room sends meanwhile, and shall not be too slow at that.
WINDOW = 200


def websocket_sender(room: Room, name: str) -> Callable[[list[str]], None]:
    """Sends over a WebSocket and waits until its messages have come back: a socket gives no other receipt."""

    def send(texts: list[str]) -> None:
        socket = WebSocketStream(room)
        for number, text in enumerate(texts, start=1):
            body = room.seal(text, sender=name)
            socket.send(body)
            if number % WINDOW == 0 or number == len(texts):
                came_back = lambda event, body=body: event.get("ciphertext") == body["ciphertext"]  # noqa: E731
                socket.wait_for(came_back, f"echo of {name}'s message {number}", timeout=60)
        socket.close()

    return send


SENDERS = {"http": http_sender, "websocket": websocket_sender}


def identities(messages: list[Event]) -> list[tuple[int, str]]:
    return [(message["seq"], message["id"]) for message in messages]


def relay_to_every_transport(base_url: str, sender: str, count: int, reconnect_every: int) -> None:
    """One sender, a reader of each transport; everything arrives once, in order, and can be opened."""
    room = Room(base_url)
    texts = [f"message {number} over {sender} ✉" for number in range(count)]

    def is_last(message: Event) -> bool:
        return room.open(message) == texts[-1]

    readers = [Reader(kind, room, is_last, reconnect_every=reconnect_every) for kind in TRANSPORTS]
    for reader in readers:
        if reader.name.startswith(("sse", "websocket")):
            assert reader.joined.wait(10), f"{reader.name} did not get in"
    SENDERS[sender](room, "sender")(texts)

    reference = None
    for reader in readers:
        messages = reader.result(timeout=30 + count / 20)
        assert [room.open(message) for message in messages] == texts, reader.name
        assert {message["sender"] for message in messages} == {"sender"}
        reference = reference or identities(messages)
        assert identities(messages) == reference, f"{reader.name} saw other numbers than {readers[0].name}"
    assert reference == sorted(reference)
    assert len({id for _, id in reference}) == count


def relay_in_one_order(base_url: str, messages_each: int) -> None:
    """Two senders over HTTP and two over WebSockets at once; readers join at the start and in mid-stream."""
    room = Room(base_url)
    names = {"http-1": "http", "http-2": "http", "ws-1": "websocket", "ws-2": "websocket"}
    texts = {name: [f"{name} says {number}" for number in range(messages_each)] for name in names}
    total = messages_each * len(names)

    def is_last(message: Event) -> bool:
        return room.open(message) == "that was all"

    first_watch = Reader("sse", room, is_last)
    assert first_watch.joined.wait(10)
    readers = [Reader(kind, room, is_last) for kind in TRANSPORTS]

    failures: list[BaseException] = []

    def run(name: str) -> None:
        try:
            SENDERS[names[name]](room, name)(texts[name])
        except BaseException as failure:
            failures.append(failure)

    senders = [threading.Thread(target=run, args=(name,), daemon=True) for name in names]
    for thread in senders:
        thread.start()

    # In mid-stream, one reader of each transport asks for everything and one for what is newer than now.
    late: list[tuple[Reader, int]] = []
    for mark in (total // 4, total // 2):
        eventually(lambda mark=mark: len(first_watch.messages) >= mark, f"{mark} messages", 60 + total / 20)
        now = first_watch.messages[-1]["seq"]
        for kind in TRANSPORTS:
            late += [(Reader(kind, room, is_last, after=after), after) for after in (0, now)]

    for thread in senders:
        thread.join(120 + total / 20)
    assert not failures, failures
    room.send("that was all", sender="the end")

    everything = first_watch.result(timeout=60 + total / 20)
    order = identities(everything)
    assert order == sorted(order) and len(set(order)) == total + 1, "the first reader's own order"
    for name in names:
        said = [room.open(message) for message in everything if message["sender"] == name]
        assert said == texts[name], f"{name}'s messages are not all there in the order they were sent"
    for reader, after in [(reader, 0) for reader in readers] + late:
        expected = [identity for identity in order if identity[0] > after]
        seen = identities(reader.result(timeout=60 + total / 20))
        assert seen == expected, f"{reader.name} after {after} saw something else than the first reader"
