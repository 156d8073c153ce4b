"""Event streams of a relay that is broken or means it ill: what is good is heard once, the rest is given up."""

from __future__ import annotations

import http.client

import pytest

from false_relay import Handler, Relay, event, quick, relay  # noqa: F401
from sdk import signalbox, take


def test_good_messages_are_found_among_anything_else(relay: Relay) -> None:
    room = signalbox.Room.create(relay.url)
    junk = [
        b"data: <html>\n\n", b"data: 7\n\n", b"data: []\n\n", b'data: {"type":7}\n\n', b"data:\n\n",
        b"\n\n", b": hm\n\n",
        b"\xff\xfe: x\n\n", b"data: " + b"[" * 50_000 + b"\n\n", b"retry: 99999999999999999999\n\n", b"retry: -1\n",
        event(room, None), event(room, "7"), event(room, True), event(room, 2**70), event(room, -5),
        b'data: {"type":"message","seq":1}\n\n', b"event: message\nid: 5\nnonsense\n\n",
    ]  # fmt: skip
    parts = [part for n in range(len(junk)) for part in (junk[n], event(room, n + 2, str(n)))]
    parts.append(b'data: {"type":"message",\ndata:  "seq":99}\n\n')
    parts.append(event(room, 100, "crlf").replace(b"\n", b"\r\n"))
    relay.answer = lambda handler: handler.stream(*parts)
    messages = take(room.stream(), len(junk) + 2)
    # One message is of two lines; it was sealed by nobody.
    assert [message.seq for message in messages] == [*range(2, len(junk) + 2), 99, 100]
    assert [message.text for message in messages] == [*map(str, range(len(junk))), "", "crlf"]


def test_numbers_that_go_back_are_not_heard_twice(relay: Relay) -> None:
    room = signalbox.Room.create(relay.url)
    relay.answer = lambda handler: handler.stream(*(event(room, seq, str(seq)) for seq in (5, 5, 4, 6, 1, 7)))
    assert [message.seq for message in take(room.stream(), 3)] == [5, 6, 7]


def test_a_line_without_end_is_cut_off_and_given_up(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LINE_MAX", 100_000)
    written: list[int] = []

    def endless(handler: Handler) -> None:
        handler.stream(b'data: {"type":"ready"}\n\ndata: ')
        for n in range(1_000):
            handler.wfile.write(b"x" * 10_000)
            written.append(n)

    relay.answer = endless
    with pytest.raises(signalbox.Error, match="line of more than") as failed:
        next(signalbox.Room.create(relay.url).stream())
    assert failed.value.reason == "bad_answer" and len(relay.paths) == signalbox.ATTEMPTS
    assert len(written) < 3_000, "all of it was read"


def test_an_event_without_end_is_cut_off_too(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LINE_MAX", 100_000)
    relay.answer = lambda handler: handler.stream(*[b"data: " + b"x" * 10_000 + b"\n"] * 500)
    with pytest.raises(signalbox.Error, match="event without end"):
        next(signalbox.Room.create(relay.url).stream())


def test_a_page_instead_of_a_stream_is_given_up(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(200, b"data: x\n\n", Content_Type="text/html")
    with pytest.raises(signalbox.Error) as failed:
        next(signalbox.Room.create(relay.url).stream())
    assert failed.value.reason == "bad_answer" and len(relay.paths) == signalbox.ATTEMPTS


def test_a_room_that_is_closed_while_its_stream_connects_ends_it(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = signalbox.Room.create(relay.url)

    def endless(handler: Handler) -> None:
        handler.stream(b'data: {"type":"ready"}\n\n')
        while not relay.over.wait(0.05):
            handler.wfile.write(b": still here\n\n")

    relay.answer = endless
    connect = http.client.HTTPConnection.connect

    def connect_and_close(connection: http.client.HTTPConnection) -> None:
        connect(connection)
        room.close()

    monkeypatch.setattr(http.client.HTTPConnection, "connect", connect_and_close)
    assert take(room.stream(), 1, within=30) == []


def test_a_silent_stream_is_left_for_a_new_one(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "STREAM_TIMEOUT", 0.3)
    room = signalbox.Room.create(relay.url)

    def silent(handler: Handler) -> None:
        handler.stream(event(room, 10 * len(relay.paths)))
        relay.over.wait()

    relay.answer = silent
    assert [message.seq for message in take(room.stream(), 3)] == [10, 20, 30]
    assert [path.partition("after=")[2] for path in relay.paths] == ["", "10", "20"]
