"""Room messages with a proof of who sent them: the label that readers see, and what the proof binds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agent import Agent, b64, fresh_nonce, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from relay_client import Event, Room, SseStream, WebSocketStream
from room_doors import DOORS, Answer, Door, over_http
from server import OPEN_LIMITS, Server, eventually
from wire import post

BAD = (401, "bad sender_sig")
FULL = "replay-cache full for this handle"

MESSAGE_FIELDS = {"seq", "id", "sender", "sender_verified", "ciphertext", "nonce", "ts"}

both_doors = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def ann(shared_server: Server) -> Agent:
    return registered(shared_server.url)


@pytest.fixture
def room(shared_server: Server) -> Room:
    return Room(shared_server.url)


def labels(room: Room) -> list[tuple[str, bool]]:
    """Who wrote what is in the room, and whether that was proven."""
    return [(message["sender"], message["sender_verified"]) for message in room.transcript()["messages"]]


@both_doors
def test_every_reader_sees_the_verified_sender(server: Server, door: Door) -> None:
    ann, room = registered(server.url), Room(server.url)
    sse, socket = SseStream(room), WebSocketStream(room)
    for stream in (sse, socket):
        stream.wait_for_type("ready")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(room.wait, None, after=0, timeout=30)
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "one parked")
        assert door(server, room, ann.sign_message(room.id, room.seal("hello"))) == (200, "")
        seen = {
            "SSE": sse.wait_for_type("message"),
            "WebSocket": socket.wait_for_type("message"),
            "wait": waiting.result(5)["messages"][0],
            "a second wait": room.wait(after=0)["messages"][0],
            "transcript": room.transcript()["messages"][0],
        }
    late_sse, late_socket = SseStream(room), WebSocketStream(room)
    seen["replay over SSE"] = late_sse.wait_for_type("message")
    seen["replay over WebSocket"] = late_socket.wait_for_type("message")
    for reader, message in seen.items():
        assert (message["sender"], message["sender_verified"]) == (f"@{ann.handle}", True), reader
        assert set(message) - {"type"} == MESSAGE_FIELDS, reader
        assert room.open(message) == "hello", reader
    for stream in (sse, socket, late_sse, late_socket):
        stream.close()


@both_doors
def test_a_forged_label_is_overridden(shared_server: Server, ann: Agent, room: Room, door: Door) -> None:
    victim = registered(shared_server.url)
    for label in (f"@{victim.handle}", "somebody", ""):
        body = ann.sign_message(room.id, room.seal("x", sender=label, sender_verified=False))
        assert door(shared_server, room, body) == (200, "")
    assert labels(room) == [(f"@{ann.handle}", True)] * 3


@both_doors
@pytest.mark.parametrize(
    "claim",
    [
        {"sender_verified": True},
        {"sender_handle": "HANDLE"},
        {"sender_sig": b64(bytes(64))},
        {"sender_handle": "HANDLE", "sender_sig": ""},
        {"sender_handle": "", "sender_sig": b64(bytes(64))},
        {"sender_handle": "HANDLE", "sender_sig": None},
    ],
)
def test_an_unsigned_label_is_a_label_and_not_verified(
    shared_server: Server, ann: Agent, room: Room, door: Door, claim: dict[str, Any]
) -> None:
    claim = {name: ann.handle if value == "HANDLE" else value for name, value in claim.items()}
    body = room.seal("x", sender=f"@{ann.handle}", **claim)
    assert door(shared_server, room, body) == (200, "")
    assert labels(room) == [(f"@{ann.handle}", False)]


@both_doors
def test_a_handle_in_upper_case_is_forgiven(shared_server: Server, ann: Agent, room: Room, door: Door) -> None:
    body = ann.sign_message(room.id, room.seal("x"), sender_handle=ann.handle.upper())
    assert door(shared_server, room, body) == (200, "")
    assert labels(room) == [(f"@{ann.handle}", True)]


@both_doors
def test_a_time_may_be_written_as_text(shared_server: Server, ann: Agent, room: Room, door: Door) -> None:
    body = ann.sign_message(room.id, room.seal("x"), sender_ts=str(now_ms()))
    assert door(shared_server, room, body) == (200, "")
    assert labels(room) == [(f"@{ann.handle}", True)]


# What is wrong with a message -> the sender's way to it.
Spoiled = Callable[[Agent, Agent, Room, Event], Event]
SPOILED: dict[str, Spoiled] = {
    "by another key": lambda ann, bob, room, body: bob.sign_message(room.id, body, sender_handle=ann.handle),
    "for another room": lambda ann, bob, room, body: ann.sign_message(room.id + "x", body),
    "for the room in upper case": lambda ann, bob, room, body: ann.sign_message(room.id.upper(), body),
    "another ciphertext": lambda ann, bob, room, body: ann.sign_message(room.id, room.seal("y")) | body,
    "another time": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_ts=now_ms() - 1000) | {"sender_ts": now_ms()}
    ),
    "another sender nonce": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body) | {"sender_nonce": fresh_nonce()}
    ),
    "another handle": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_handle=bob.handle),
    "a handle nobody has": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_handle="nobody"),
    "a handle with an at sign": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_handle=f"@{ann.handle}")
    ),
    "an array as the handle": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_handle=[ann.handle])
    ),
    "a number as the handle": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_handle=7),
    "no time": lambda ann, bob, room, body: ann.sign_message(room.id, body) | {"sender_ts": None},
    "no nonce": lambda ann, bob, room, body: ann.sign_message(room.id, body) | {"sender_nonce": None},
    "a short nonce": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_nonce="n" * 15),
    "a long nonce": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_nonce="n" * 65),
    "a nonce with a dot": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_nonce="n." * 10),
    "a signature of zeros": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_sig=b64(bytes(64)))
    ),
    "a signature of 63 bytes": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_sig=b64(bytes(63)))
    ),
    "a signature that is no text": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_sig=7),
    "a signature that is no base64": lambda ann, bob, room, body: (
        ann.sign_message(room.id, body, sender_sig="!" * 88)
    ),
    "a clock behind": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_ts=now_ms() - 61_000),
    "a clock ahead": lambda ann, bob, room, body: ann.sign_message(room.id, body, sender_ts=now_ms() + 61_000),
}


@both_doors
@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_a_bad_proof_is_refused(shared_server: Server, ann: Agent, room: Room, door: Door, spoiled: Spoiled) -> None:
    bob, body = registered(shared_server.url), room.seal("x")
    assert door(shared_server, room, spoiled(ann, bob, room, body)) == BAD
    # Nothing of it got through, and nothing was used up.
    assert room.transcript()["messages"] == []
    assert door(shared_server, room, ann.sign_message(room.id, body)) == (200, "")


def test_a_refusal_over_http_has_its_reason(shared_server: Server, ann: Agent, room: Room) -> None:
    body = ann.sign_message(room.id, room.seal("x"), sender_sig=b64(bytes(64)))
    assert_refusal(post(shared_server, body, room.id), *BAD, "bad_signature")


@both_doors
@pytest.mark.parametrize("milliseconds", [-59_000, 59_000])
def test_a_clock_may_be_off_by_a_minute(
    shared_server: Server, ann: Agent, room: Room, door: Door, milliseconds: int
) -> None:
    body = ann.sign_message(room.id, room.seal("x"), sender_ts=now_ms() + milliseconds)
    assert door(shared_server, room, body) == (200, "")


@both_doors
@pytest.mark.parametrize("nonce", ["n" * 16, "n" * 64, "ABCXYZabcxyz0189+/=_-"])
def test_the_edges_of_a_nonce(shared_server: Server, ann: Agent, room: Room, door: Door, nonce: str) -> None:
    assert door(shared_server, room, ann.sign_message(room.id, room.seal("x"), sender_nonce=nonce)) == (200, "")


@pytest.mark.parametrize("first", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("second", DOORS.values(), ids=DOORS)
def test_a_message_counts_once(shared_server: Server, ann: Agent, room: Room, first: Door, second: Door) -> None:
    nonce = fresh_nonce()
    body = ann.sign_message(room.id, room.seal("x"), sender_nonce=nonce)
    assert first(shared_server, room, body) == (200, "")
    again = ann.sign_message(room.id, room.seal("y"), sender_nonce=nonce)
    for replayed in (body, again):
        assert second(shared_server, room, replayed) == BAD
    # Elsewhere the handle's nonce is used as well, and another handle's is not.
    other, bob = Room(shared_server.url), registered(shared_server.url)
    assert second(shared_server, other, ann.sign_message(other.id, other.seal("z"), sender_nonce=nonce)) == BAD
    assert second(shared_server, room, bob.sign_message(room.id, room.seal("w"), sender_nonce=nonce)) == (200, "")
    assert len(room.transcript()["messages"]) == 2


def send(server: Server, room: Room, agent: Agent, ts: int | None = None) -> Answer:
    body = agent.sign_message(room.id, room.seal("x"), sender_ts=now_ms() if ts is None else ts)
    return over_http(server, room, body)


@both_doors
def test_defect_18_a_full_replay_cache_says_so(start_server: ServerFactory, door: Door) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_SIG_SEEN_MAX": "2048"})
    ann, bob, room = registered(server.url), registered(server.url), Room(server.url)
    soon = now_ms() - 57_500
    first = ann.sign_message(room.id, room.seal("first"), sender_ts=soon)
    assert over_http(server, room, first) == (200, "")
    for _ in range(63):
        assert send(server, room, ann, soon) == (200, "")
    body = ann.sign_message(room.id, room.seal("one too many"))
    assert door(server, room, body) == (429, FULL)
    assert_refusal(post(server, body, room.id), 429, FULL, "replay_cache", retry_after=range(1, 4))
    assert over_http(server, room, first) == BAD
    # Neither others nor the handle's other signatures are touched by it.
    assert send(server, room, bob) == (200, "")
    assert ann.inbox_wait().status_code == 200
    # What found the cache full is as good as new when there is room.
    eventually(lambda: door(server, room, body) == (200, ""), "room for a nonce", timeout=6)


def test_defect_6_other_handles_do_not_push_out_a_victims_message(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_SIG_SEEN_MAX": "64"})
    victim, room = registered(server.url), Room(server.url)
    body = victim.sign_message(room.id, room.seal("once"))
    assert over_http(server, room, body) == (200, "")
    for flooder in (registered(server.url), registered(server.url)):
        for _ in range(64):
            assert send(server, room, flooder) == (200, "")
    assert over_http(server, room, body) == BAD
