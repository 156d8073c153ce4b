"""Who is in a room: names and keys that streams declare, and how the others see them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
import websocket

from relay_client import Event, Room, SseStream, Stream, WebSocketStream
from server import Server, eventually

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(100, 132))).decode()
URL_SAFE_KEY = base64.urlsafe_b64encode(bytes([251] * 32)).decode()


def bare(participants: list[Event]) -> list[Event]:
    """Participants without what the clock says."""
    for each in participants:
        assert isinstance(each["last_seen_ms_ago"], int)
        assert 0 <= each["last_seen_ms_ago"] < 60_000
    return [{name: value for name, value in each.items() if name != "last_seen_ms_ago"} for each in participants]


def await_presence(stream: Stream, participants: list[Event], names: list[str] | None = None) -> Event:
    """The next presence that shows exactly these; names are those of the participants unless told otherwise."""
    expected = [each["name"] for each in participants] if names is None else names

    def shows(event: Event) -> bool:
        return (
            event["type"] == "presence"
            and event["names"] == expected
            and bare(event["participants"]) == participants
        )

    return stream.wait_for(shows, f"presence of {participants}")


def latest(stream: Stream) -> Event:
    return [event for event in stream.events if event["type"] == "presence"][-1]


def named(name: str, key: str | None = None) -> Event:
    return {"name": name} if key is None else {"name": name, "box_pub": key}


@pytest.fixture
def room(shared_server: Server) -> Room:
    return Room(shared_server.url)


class Guest:
    """A socket that says hello, and the watcher that sees it."""

    def __init__(self, room: Room) -> None:
        self.watcher = SseStream(room)
        self.socket = WebSocketStream(room)
        self.socket.wait_for_type("ready")

    def hello(self, **fields: Any) -> None:
        self.socket.send({"type": "hello", **fields})

    def is_seen_as(self, *participants: Event) -> None:
        """Presence ends up like this: what came before doesn't count."""
        eventually(
            lambda: bare(latest(self.watcher)["participants"]) == list(participants), f"presence of {participants}"
        )

    def renames(self) -> list[tuple[str, str]]:
        return [(event["from"], event["to"]) for event in self.watcher.events if event["type"] == "rename"]

    def close(self) -> None:
        self.watcher.close()
        self.socket.close()


def test_a_hello_without_a_key_has_no_opinion_on_the_key(room: Room) -> None:
    guest = Guest(room)
    guest.hello(name="ann", box_pub=KEY)
    guest.is_seen_as(named("ann", KEY))
    guest.hello(name="beth")
    guest.is_seen_as(named("beth", KEY))
    guest.close()


def test_a_hello_with_a_key_replaces_the_key(room: Room) -> None:
    guest = Guest(room)
    guest.hello(name="ann")
    guest.is_seen_as(named("ann"))
    for key in (KEY, OTHER_KEY):
        guest.hello(name="ann", box_pub=key)
        guest.is_seen_as(named("ann", key))
    guest.close()


def test_a_hello_with_null_clears_the_key(room: Room) -> None:
    guest = Guest(room)
    for key, seen in ((KEY, KEY), (None, None), (None, None), (OTHER_KEY, OTHER_KEY)):
        guest.hello(name="ann", box_pub=key)
        guest.is_seen_as(named("ann", seen))
    guest.close()


# What is no key: too short, too long, or not 32 bytes.
JUNK_KEYS = ["", "junk", "A" * 39, "A" * 40, base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode(),
             "A" * 65, 5, True, [KEY], {"key": KEY}]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK_KEYS, ids=repr)
def test_junk_for_a_key_is_ignored_but_the_name_is_taken(room: Room, junk: Any) -> None:
    guest = Guest(room)
    guest.hello(name="ann", box_pub=KEY)
    guest.is_seen_as(named("ann", KEY))
    guest.hello(name="beth", box_pub=junk)
    guest.is_seen_as(named("beth", KEY))
    guest.close()


@pytest.mark.parametrize("key", [KEY.rstrip("="), URL_SAFE_KEY, URL_SAFE_KEY.rstrip("=")])
def test_a_key_is_shown_the_way_it_was_sent(room: Room, key: str) -> None:
    guest = Guest(room)
    guest.hello(name="ann", box_pub=key)
    guest.is_seen_as(named("ann", key))
    guest.close()


def test_a_hello_with_a_name_that_is_none_changes_nothing_at_all(room: Room) -> None:
    guest = Guest(room)
    guest.hello(name="ann", box_pub=KEY)
    guest.is_seen_as(named("ann", KEY))
    for junk in ("", "<b>", "a b", "a/b", "a\n", "\x7f", "\x80", "\x9f", "ann!", 5, None, ["beth"], {}, True):
        guest.hello(name=junk, box_pub=OTHER_KEY)
    guest.hello(box_pub=OTHER_KEY)
    guest.hello(name="zoe")
    guest.is_seen_as(named("zoe", KEY))
    assert guest.renames() == [("ann", "zoe")]
    guest.close()


@pytest.mark.parametrize("name", ["a", "A.b_c-d@e", "\xa0", "Ünïcödé", "名前", "😀", "\uffff", "n" * 64])
def test_a_name_may_have_letters_of_any_language(room: Room, name: str) -> None:
    guest = Guest(room)
    guest.hello(name=name)
    guest.is_seen_as(named(name))
    guest.close()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("n" * 65, "n" * 64),
        ("ä" * 65, "ä" * 64),
        ("😀" * 33, "😀" * 32),
        # What is cut off is not looked at.
        ("n" * 64 + "<b>", "n" * 64),
        # Half a letter is none.
        ("n" * 63 + "😀", "n" * 63),
    ],
)
def test_a_name_is_cut_at_64_utf16_units(room: Room, sent: str, shown: str) -> None:
    guest = Guest(room)
    guest.hello(name=sent)
    guest.is_seen_as(named(shown))
    guest.close()


def test_a_first_name_is_no_rename_and_neither_is_the_same_again(room: Room) -> None:
    guest = Guest(room)
    for name in ("ann", "ann", "beth", "beth", "ann"):
        guest.hello(name=name)
    guest.hello(name="zoe")
    guest.is_seen_as(named("zoe"))
    assert guest.renames() == [("ann", "beth"), ("beth", "ann"), ("ann", "zoe")]
    # The one who renames hears of it as well.
    assert [event["to"] for event in guest.socket.events if event["type"] == "rename"] == ["beth", "ann", "zoe"]
    guest.close()


def test_a_stream_declares_itself_by_its_query(room: Room) -> None:
    watcher = SseStream(room)
    ann = SseStream(room, name="ann@home", box_pub=URL_SAFE_KEY)
    await_presence(watcher, [named("ann@home", URL_SAFE_KEY)])
    assert await_presence(ann, [named("ann@home", URL_SAFE_KEY)])["size"] == 2
    # Who comes later is told in the first event, where one isn't oneself.
    assert bare(SseStream(room, name="late").wait_for_type("ready")["participants"]) == [named("ann@home", URL_SAFE_KEY)]


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ({"name": "<b>", "box_pub": KEY}, []),
        ({"name": "", "box_pub": KEY}, []),
        ({"box_pub": KEY}, []),
        ({"name": "ann", "box_pub": "junk"}, [named("ann")]),
        ({"name": "ann", "box_pub": ""}, [named("ann")]),
        ({"name": "ann"}, [named("ann")]),
        ({"name": "n" * 80}, [named("n" * 64)]),
        ({"name": "Änne 😀".replace(" ", "")}, [named("Änne😀")]),
    ],
    ids=str,
)
def test_junk_in_a_streams_query_is_ignored(room: Room, query: dict[str, str], seen: list[Event]) -> None:
    stream = SseStream(room, **query)
    assert await_presence(stream, seen)["size"] == 1
    stream.close()


def test_a_socket_has_no_name_from_its_query(room: Room) -> None:
    connection = websocket.create_connection(f"{room.websocket_url}?name=ann&box_pub={KEY}", timeout=10)
    assert json.loads(connection.recv())["type"] == "ready"
    watcher = SseStream(room)
    assert watcher.wait_for_type("ready")["participants"] == []
    connection.send(json.dumps({"type": "hello", "name": "real"}))
    await_presence(watcher, [named("real")])
    connection.shutdown()
    watcher.close()


def test_a_name_that_several_have_is_shown_once_with_the_first_ones_key(room: Room) -> None:
    first, second = SseStream(room, name="twin", box_pub=KEY), WebSocketStream(room)
    second.wait_for_type("ready")
    second.send({"type": "hello", "name": "twin", "box_pub": OTHER_KEY})
    third = SseStream(room, name="solo")
    presence = await_presence(first, [named("twin", KEY), named("solo")])
    assert presence["size"] == 3
    first.close()
    await_presence(third, [named("twin", OTHER_KEY), named("solo")])
    for stream in (second, third):
        stream.close()


def test_those_without_a_name_are_counted_and_not_listed(room: Room) -> None:
    streams = [SseStream(room), WebSocketStream(room), SseStream(room, name="ann")]
    await_presence(streams[0], [named("ann")])
    eventually(lambda: latest(streams[0])["size"] == 3, "three of them")
    assert room.status()["participants"] == 3
    for stream in streams:
        stream.close()


def test_a_frame_of_any_kind_is_a_sign_of_life(room: Room) -> None:
    guest = WebSocketStream(room)
    guest.wait_for_type("ready")
    guest.send({"type": "hello", "name": "ann"})
    await_presence(guest, [named("ann")])

    def silence() -> int:
        """How long ago ann was last heard from, as somebody who comes now is told."""
        newcomer = SseStream(room)
        (ann,) = newcomer.wait_for_type("ready")["participants"]
        newcomer.close()
        return ann["last_seen_ms_ago"]

    for frame in ({"type": "listening"}, {"type": "no such type"}, "not even JSON"):
        before = eventually(lambda: (ago := silence()) >= 500 and ago, "half a second of silence")
        guest.send(frame)
        eventually(lambda before=before: silence() < before, "a sign of life")
    guest.close()


def test_reading_is_a_sign_of_life_of_an_event_stream(room: Room) -> None:
    reader = SseStream(room, name="ann")
    reader.wait_for_type("presence")
    # Without a look in between: the reader would read of that as well.
    time.sleep(0.6)
    room.send("something to read")
    newcomer = SseStream(room)
    (ann,) = newcomer.wait_for_type("ready")["participants"]
    assert ann["last_seen_ms_ago"] < 500
    for stream in (reader, newcomer):
        stream.close()
