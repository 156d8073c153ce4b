"""Rooms that were locked to signed senders: how a lock comes about, what it refuses, how long it lasts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent import Agent, b64, registered
from conftest import ServerFactory
from refusals import assert_refusal
from relay_client import Event, Room, SseStream, WebSocketStream
from room_doors import DOORS, Answer, Door, over_http, over_websocket
from server import OPEN_LIMITS, Server, eventually
from wire import post

NEEDS_SIGNATURE = "signed_only requires sender_sig"
LOCKED = "signed_only: this room requires sender_sig from a registered @handle"

# A socket is told less.
LOCKED_BY_DOOR = {over_http: (403, LOCKED), over_websocket: (403, "signed_only")}

both_doors = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def ann(shared_server: Server) -> Agent:
    return registered(shared_server.url)


@pytest.fixture
def room(shared_server: Server) -> Room:
    return Room(shared_server.url)


def locking(agent: Agent, room: Room, text: str = "lock", **fields: Any) -> Event:
    return agent.sign_message(room.id, room.seal(text, signed_only=True, **fields))


def lock(server: Server, room: Room, agent: Agent) -> None:
    assert over_http(server, room, locking(agent, room)) == (200, "")


def unsigned(server: Server, room: Room) -> Answer:
    return over_http(server, room, room.seal("unsigned", sender="somebody"))


def texts(room: Room) -> list[str]:
    return [room.open(message) for message in room.transcript()["messages"]]


@both_doors
def test_a_signed_message_locks_its_room_and_everybody_hears_of_it(
    shared_server: Server, ann: Agent, room: Room, door: Door
) -> None:
    assert unsigned(shared_server, room) == (200, "")
    assert room.status()["signed_only"] is False
    streams = [SseStream(room), WebSocketStream(room)]
    for stream in streams:
        stream.wait_for_type("ready")
    assert door(shared_server, room, locking(ann, room)) == (200, "")
    assert room.status()["signed_only"] is True
    # Asking again is fine and locks nothing anew.
    assert door(shared_server, room, locking(ann, room, "again")) == (200, "")
    for stream in streams:
        stream.wait_for(lambda event: event["type"] == "message" and room.open(event) == "again", "last message")
        told = [event for event in stream.events if event["type"] in ("locked", "message")]
        # The first is the unsigned one from before.
        assert [event["type"] for event in told] == ["message", "locked", "message", "message"]
        assert told[1] == {"type": "locked"}
        stream.close()
    assert texts(room) == ["unsigned", "lock", "again"]


@both_doors
def test_a_locked_room_refuses_unsigned_messages(shared_server: Server, ann: Agent, room: Room, door: Door) -> None:
    lock(shared_server, room, ann)
    for body in (
        room.seal("x"),
        room.seal("x", sender=f"@{ann.handle}"),
        room.seal("x", signed_only=True),
        room.seal("x", signed_only=False),
        room.seal("x", sender_handle=ann.handle),
        room.seal("x", sender_sig=b64(bytes(64))),
    ):
        assert door(shared_server, room, body) == LOCKED_BY_DOOR[door]
    forged = ann.sign_message(room.id, room.seal("x"), sender_sig=b64(bytes(64)))
    assert door(shared_server, room, forged) == (401, "bad sender_sig")
    # Signed ones of anybody pass, and none of them opens the room again.
    bob = registered(shared_server.url)
    for sender in (ann, bob):
        body = sender.sign_message(room.id, room.seal(sender.handle, signed_only=False))
        assert door(shared_server, room, body) == (200, "")
    assert door(shared_server, room, room.seal("x")) == LOCKED_BY_DOOR[door]
    assert texts(room) == ["lock", ann.handle, bob.handle]


def test_the_refusals_over_http_have_their_reasons(shared_server: Server, ann: Agent, room: Room) -> None:
    refused = post(shared_server, room.seal("x", signed_only=True), room.id)
    assert_refusal(refused, 400, NEEDS_SIGNATURE, "signature_missing")
    lock(shared_server, room, ann)
    refused = post(shared_server, room.seal("x"), room.id)
    assert_refusal(refused, 403, LOCKED, "signed_only")


@both_doors
def test_only_a_good_signature_locks(shared_server: Server, ann: Agent, room: Room, door: Door) -> None:
    stream = SseStream(room)
    stream.wait_for_type("ready")
    assert door(shared_server, room, room.seal("x", signed_only=True)) == (400, NEEDS_SIGNATURE)
    for body in (
        locking(ann, room) | {"sender_sig": b64(bytes(64))},
        registered(shared_server.url).sign_message(room.id, room.seal("x", signed_only=True), sender_handle=ann.handle),
        ann.sign_message(room.id + "x", room.seal("x", signed_only=True)),
    ):
        assert door(shared_server, room, body) == (401, "bad sender_sig")
    assert room.status()["signed_only"] is False
    assert unsigned(shared_server, room) == (200, "")
    stream.wait_for_type("message")
    assert [event["type"] for event in stream.events if event["type"] in ("locked", "message")] == ["message"]
    assert texts(room) == ["unsigned"]
    stream.close()


@both_doors
@pytest.mark.parametrize("wish", [False, None, 1, "true", [True], {}])
def test_only_true_locks(shared_server: Server, ann: Agent, room: Room, door: Door, wish: Any) -> None:
    for body in (room.seal("a", signed_only=wish), ann.sign_message(room.id, room.seal("b", signed_only=wish))):
        assert door(shared_server, room, body) == (200, "")
    assert room.status()["signed_only"] is False
    assert unsigned(shared_server, room) == (200, "")


def test_a_lock_is_for_one_room(shared_server: Server, ann: Agent, room: Room) -> None:
    lock(shared_server, room, ann)
    for other_id in (None, room.id.upper(), room.id[:-1], room.id + "0"):
        other = Room(shared_server.url, other_id)
        assert unsigned(shared_server, other) == (200, "")
        assert other.status()["signed_only"] is False


def test_readers_without_a_handle_stay_readers(shared_server: Server, ann: Agent, room: Room) -> None:
    socket = WebSocketStream(room)
    socket.wait_for_type("ready")
    lock(shared_server, room, ann)
    socket.wait_for_type("locked")
    socket.send(room.seal("may I?"))
    error = socket.wait_for_type("error")
    assert (error["code"], error["error"]) == (403, "signed_only")
    assert over_http(shared_server, room, ann.sign_message(room.id, room.seal("no"))) == (200, "")
    socket.wait_for(lambda event: event["type"] == "message" and room.open(event) == "no", "message")
    assert room.wait(after=0)["messages"][-1]["sender"] == f"@{ann.handle}"
    socket.close()


@both_doors
def test_defect_5_the_lock_outlives_an_idle_room(start_server: ServerFactory, door: Door) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_GRACE_SECONDS": "1"})
    ann, room, open_room = registered(server.url), Room(server.url), Room(server.url)
    lock(server, room, ann)
    assert unsigned(server, open_room) == (200, "")
    for each in (room, open_room):
        eventually(lambda each=each: not each.status()["exists"], "the room's end", timeout=30)
    assert door(server, room, room.seal("x")) == LOCKED_BY_DOOR[door]
    assert door(server, room, ann.sign_message(room.id, room.seal("back"))) == (200, "")
    assert room.status()["signed_only"] is True
    assert texts(room) == ["back"]
    # The room that was not locked still isn't.
    assert unsigned(server, open_room) == (200, "")
    assert open_room.status()["signed_only"] is False


@pytest.mark.parametrize("connect", [SseStream, WebSocketStream])
def test_defect_5_whoever_opens_the_room_again_finds_it_locked(
    start_server: ServerFactory, connect: type[SseStream] | type[WebSocketStream]
) -> None:
    # One room at a time: the next one makes the first end at once.
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1"})
    ann, room, other = registered(server.url), Room(server.url), Room(server.url)
    lock(server, room, ann)
    assert unsigned(server, other) == (200, "")
    assert room.status() == {"exists": False, "roomId": room.id}
    stream = connect(room)
    stream.wait_for_type("ready")
    assert room.status()["signed_only"] is True
    assert unsigned(server, room) == (403, LOCKED)
    assert over_http(server, room, room.seal("x", signed_only=True)) == (403, LOCKED)
    stream.close()


def test_defect_5_the_lock_outlives_the_room_many_times_over(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1"})
    ann, room = registered(server.url), Room(server.url)
    lock(server, room, ann)
    for _ in range(20):
        assert unsigned(server, Room(server.url)) == (200, "")
        assert unsigned(server, room) == (403, LOCKED)


def test_a_lock_expires_after_its_time(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1", "SIGNED_LOCK_TTL": "1"})
    ann, room, other = registered(server.url), Room(server.url), Room(server.url)
    lock(server, room, ann)
    assert unsigned(server, other) == (200, "")
    assert unsigned(server, room) == (403, LOCKED)
    assert unsigned(server, other) == (200, "")
    # Asking would count as use: there is nothing to poll.
    time.sleep(1.5)
    assert unsigned(server, room) == (200, "")
    assert room.status()["signed_only"] is False


def test_a_room_in_use_keeps_its_lock(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"SIGNED_LOCK_TTL": "1"})
    ann, room = registered(server.url), Room(server.url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    lock(server, room, ann)
    time.sleep(1.5)
    assert unsigned(server, room) == (403, LOCKED)
    assert room.status()["signed_only"] is True
    stream.close()


def test_defect_5_the_locks_time_begins_when_the_room_ends(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1", "SIGNED_LOCK_TTL": "2"})
    ann, room, other = registered(server.url), Room(server.url), Room(server.url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    lock(server, room, ann)
    # In use for longer than a lock lasts.
    time.sleep(2.5)
    assert over_http(server, room, ann.sign_message(room.id, room.seal("still here"))) == (200, "")
    stream.close()
    eventually(lambda: unsigned(server, other) == (200, ""), "the room's end")
    assert unsigned(server, room) == (403, LOCKED)


def test_a_lock_is_never_on_the_disk(server: Server) -> None:
    ann, room = registered(server.url), Room(server.url)
    lock(server, room, ann)
    server.stop()
    for path in [*server.data_dir.iterdir(), server.counters_path, server.log_path]:
        assert room.id.encode() not in path.read_bytes(), path
    server.start()
    # Which is why a restart forgets it; docs/security.md says so.
    assert unsigned(server, room) == (200, "")
