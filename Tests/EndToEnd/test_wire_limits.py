"""Every bound: what is refused at it, in which words, and that it lets go again."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack

import pytest
import websocket

from conftest import ServerFactory
from raw_http import RawConnection
from raw_websocket import RawWebSocket
from relay_client import Room, SseStream, WebSocketStream
from server import OPEN_LIMITS, Server, eventually, http_session
from wire import GOOD, assert_refused, good, new_room, post, post_well, transcript

# A client behind the trusted loopback proxy.
ANN, BOB = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}


def post_as(server: Server, room: str, client: dict[str, str]) -> int:
    return server.post(f"/api/rooms/{room}/messages", json=GOOD, headers=client).status_code


def test_a_client_that_is_too_fast_in_a_room_is_told_to_wait(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "3", "ROOM_RL_REFILL_PER_SEC": "1"})
    room, other = new_room(), new_room()
    answers = [post(server, GOOD, room) for _ in range(6)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 2
    for answer in refused:
        assert_refused(answer, 429, "rate limited")
        assert answer.headers["Retry-After"] == "1"
    # Another room and another client have buckets of their own.
    assert post(server, GOOD, other).status_code == 200
    assert post_as(server, room, ANN) == 200
    eventually(lambda: post(server, GOOD, room).status_code == 200, "a token again")


def test_a_client_that_is_too_fast_over_all_rooms_is_told_another_reason(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"GLOBAL_RL_CAP": "3", "GLOBAL_RL_REFILL_PER_SEC": "1"})
    answers = [post(server, GOOD) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 2
    reason = assert_refused(refused[0], 429, "rate limited")["reason"]
    assert refused[0].headers["Retry-After"] == "1"
    assert post_as(server, new_room(), BOB) == 200

    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "1"})
    room = new_room()
    answers = [post(server, GOOD, room) for _ in range(3)]
    assert assert_refused(answers[1], 429, "rate limited")["reason"] != reason


def test_a_socket_that_is_too_fast_is_told_and_stays_open(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "2", "ROOM_RL_REFILL_PER_SEC": "2"})
    with RawWebSocket(server.port, new_room()) as socket:
        for _ in range(5):
            socket.send_json(GOOD)
        error = socket.receive_event("error")
        assert (error["code"], error["error"]) == (429, "rate limited")

        def heard() -> bool:
            socket.send_json(good(sender="patient"))
            while (event := json.loads(socket.receive()[1]))["type"] not in ("message", "error"):
                pass
            return event["type"] == "message" and event["sender"] == "patient"

        eventually(heard, "a message after the refusal")
    assert server.metrics()["http_429"] >= 1


def test_streams_per_client_are_capped_on_both_kinds_and_a_closed_one_makes_room(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"STREAM_CAP_PER_IP": "2"})
    room = Room(server.url)
    sse, socket = SseStream(room), WebSocketStream(room)
    socket.wait_for_type("ready")

    refused = server.get(f"/api/rooms/{room.id}/events")
    assert_refused(refused, 429, "too many concurrent streams from this IP")
    assert refused.headers["Retry-After"] == "5"
    with RawWebSocket(server.port, room.id) as third:
        error = third.receive_event("error")
        assert (error["code"], error["error"]) == (429, "too many concurrent streams from this IP")
        third.receive_close()
        third.connection.assert_closed()
    assert room.status()["participants"] == 2
    SseStream(room, headers=ANN).close()

    def lets_in() -> bool:
        response = http_session().get(room.url("events"), stream=True, timeout=10)
        response.close()
        return response.status_code == 200

    assert not lets_in()
    sse.close()
    eventually(lets_in, "a place for a stream")
    socket.close()
    eventually(lambda: room.status()["participants"] == 0, "everybody gone")
    # A refused attempt must not have taken a place for ever.
    for _ in range(5):
        eventually(lets_in, "a place for a stream")


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("WAITER_CAP_PER_IP", "too many concurrent waiters from this IP"),
        ("ROOM_WAITERS_MAX", "too many concurrent waiters for this room"),
    ],
)
def test_waiters_are_capped_and_a_finished_one_makes_room(
    start_server: ServerFactory, setting: str, error: str
) -> None:
    server = start_server(**OPEN_LIMITS | {setting: "2"})
    room = Room(server.url)
    last = room.send("first")["seq"]
    threads = [
        threading.Thread(target=lambda: room.wait(http_session(), after=last, timeout=30), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: server.metrics()["longpoll_waits_total"] == 2, "two parked")

    refused = server.get(f"/api/rooms/{room.id}/wait?after={last}&timeout=30")
    assert_refused(refused, 429, error)
    assert refused.headers["Retry-After"] == "5"
    # What need not be parked is not refused.
    assert server.get(f"/api/rooms/{room.id}/wait?after=0&timeout=30").status_code == 200

    room.send("second")
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert room.wait(after=last + 1, timeout=1)["messages"] == []


def test_a_waiter_that_hangs_up_makes_room(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"WAITER_CAP_PER_IP": "1"})
    room = new_room()
    last = post_well(server, room)
    with RawConnection(server.port) as connection:
        connection.request("GET", f"/api/rooms/{room}/wait?after={last}&timeout=60")
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "one parked")
    path = f"/api/rooms/{room}/wait?after={last}&timeout=1"
    eventually(lambda: server.get(path).status_code == 200, "a place to wait")


def test_at_the_room_cap_the_longest_idle_empty_room_makes_way(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "3"})
    rooms = [new_room() for _ in range(3)]
    for room in rooms:
        post_well(server, room)
        # Idle time is told apart by the millisecond at least.
        time.sleep(0.005)
    post_well(server, rooms[0])
    post_well(server, new_room())
    exists = [server.get(f"/api/rooms/{room}/status").json()["exists"] for room in rooms]
    assert exists == [True, False, True]
    assert server.metrics()["rooms_evicted_total"] == 1


def test_at_the_room_cap_with_every_room_in_use_all_doors_say_so(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "2"})
    with ExitStack() as sockets:
        for _ in range(2):
            sockets.enter_context(RawWebSocket(server.port, new_room()))
        refused = post(server, GOOD)
        assert_refused(refused, 503, "room cap reached")
        assert refused.headers["Retry-After"] == "60"
        # Clients of streams look for an error event, not for a status.
        with RawConnection(server.port) as connection:
            connection.request("GET", f"/api/rooms/{new_room()}/events")
            answer = connection.response()
        assert answer.status == 200
        events = [json.loads(line[5:]) for line in answer.body.decode().splitlines() if line.startswith("data:")]
        assert [(event["type"], event["error"]) for event in events] == [("error", "room cap reached")]
        with RawWebSocket(server.port, new_room()) as third:
            assert third.receive_event("error")["error"] == "room cap reached"
            third.receive_close()
    eventually(lambda: post(server, GOOD).status_code == 200, "a room for the newcomer")


def test_an_empty_room_ends_after_its_grace_and_one_with_a_reader_does_not(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_GRACE_SECONDS": "1"})
    empty, read, waited_for = Room(server.url), Room(server.url), Room(server.url)
    empty.send("x")
    stream = SseStream(read)
    last = waited_for.send("x")["seq"]
    with RawConnection(server.port, timeout=40) as waiter:
        waiter.request("GET", f"/api/rooms/{waited_for.id}/wait?after={last}&timeout=60")
        eventually(lambda: not empty.status()["exists"], "the empty room's end", timeout=30)
        assert read.status()["exists"] and waited_for.status()["exists"]
        again = waited_for.send("y")["seq"]
        assert waiter.response().json()["last_seq"] == again
    stream.close()
    eventually(lambda: not read.status()["exists"], "the end of the room nobody reads any more", timeout=30)
    eventually(lambda: server.get("/api/health").json()["rooms"] == 0, "no room left", timeout=30)
    assert server.metrics()["rooms_evicted_total"] == 3


def test_a_room_keeps_its_newest_messages(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"RECENT_MAX": "5"})
    room = new_room()
    seqs = [post_well(server, room) for _ in range(8)]
    assert [message["seq"] for message in transcript(server, room)["messages"]] == seqs[-5:]
    assert server.get(f"/api/rooms/{room}/status").json()["recent_count"] == 5


def test_a_message_is_forgotten_after_its_time(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"RECENT_TTL_SECONDS": "1"})
    room = new_room()
    last = post_well(server, room)
    assert transcript(server, room)["count"] == 1
    eventually(lambda: transcript(server, room)["count"] == 0, "the message forgotten", timeout=20)
    assert post_well(server, room) == last + 1, "the seq goes on when the buffer is empty"


def test_the_memory_fuse_refuses_and_recovers(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_GLOBAL_MAX_BYTES": "300000", "RECENT_TTL_SECONDS": "2"})
    large = "A" * 100_000
    room = Room(server.url)
    socket = WebSocketStream(room)
    socket.wait_for_type("ready")
    assert [post(server, good(ciphertext=large)).status_code for _ in range(2)] == [200, 200]
    refused = post(server, good(ciphertext=large))
    assert_refused(refused, 503, "global room buffer full — try again shortly")
    assert refused.headers["Retry-After"] == "60"
    socket.send(good(ciphertext=large))
    assert socket.wait_for_type("error")["code"] == 503
    eventually(lambda: post(server, good(ciphertext=large)).status_code == 200, "memory given back", timeout=40)
    socket.close()


def test_the_message_ceiling_is_a_setting(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"MAX_MESSAGE_BYTES": "1000"})
    assert post(server, good(ciphertext="A" * 1000)).status_code == 200
    assert_refused(post(server, good(ciphertext="A" * 1004)), 400, "bad message")


def test_refusals_by_the_limits_are_not_counted_as_errors_of_the_client(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "1"})
    before = server.metrics()
    room = new_room()
    codes = [post(server, GOOD, room).status_code for _ in range(10)]
    after = server.metrics()
    assert after["http_429"] - before["http_429"] == codes.count(429) > 0
    assert after["http_4xx"] == before["http_4xx"]


@pytest.mark.parametrize("header", ["203.0.113.9", "198.51.100.7, 203.0.113.9", "garbage, 203.0.113.9", "203.0.113.9,"])
def test_the_forwarded_client_is_the_last_hop_the_proxy_wrote(start_server: ServerFactory, header: str) -> None:
    server = start_server(**OPEN_LIMITS | {"STREAM_CAP_PER_IP": "1"})
    room = Room(server.url)
    stream = SseStream(room, headers={"X-Forwarded-For": "203.0.113.9"})
    refused = http_session().get(room.url("events"), headers={"X-Forwarded-For": header}, timeout=10)
    assert_refused(refused, 429)
    # What a client put in front of the proxy's entry gives it no second allowance on a socket either.
    connection = websocket.create_connection(room.websocket_url, header={"X-Forwarded-For": header}, timeout=10)
    assert json.loads(connection.recv())["code"] == 429
    connection.shutdown()
    SseStream(room, headers=BOB).close()
    stream.close()


@pytest.mark.soak
def test_a_message_with_a_time_to_live_is_gone_after_it(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = new_room()
    post_well(server, room, ttl_ms=30_000)
    stays = post_well(server, room)
    post_well(server, room, ttl_ms=30_000)
    posted = time.monotonic()
    assert transcript(server, room)["count"] == 3
    eventually(lambda: transcript(server, room)["count"] == 1, "both expired", timeout=40)
    assert 29 < time.monotonic() - posted < 35
    assert transcript(server, room)["messages"][0]["seq"] == stays
