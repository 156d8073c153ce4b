"""Signs of life of agents that work in turns and have no stream open."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from conftest import ServerFactory
from exposition import total
from refusals import assert_refusal
from relay_client import Event, Room, SseStream, WebSocketStream
from server import OPEN_LIMITS, Server, eventually, http_session
from test_presence import JUNK_KEYS, KEY, OTHER_KEY, URL_SAFE_KEY, await_presence, bare, latest, named
from wire import new_room, post_well

TOO_MANY = "too many names in this room"
ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}


@pytest.fixture
def room(shared_server: Server) -> Room:
    return Room(shared_server.url)


def listen(room: Room, name: Any, http: requests.Session | None = None, **fields: Any) -> requests.Response:
    headers = fields.pop("headers", None)
    session = http or http_session()
    return session.post(room.url("listening"), json={"name": name, **fields}, headers=headers, timeout=10)


def listens(room: Room, name: str, **fields: Any) -> None:
    response = listen(room, name, **fields)
    assert (response.status_code, response.json()) == (200, {"ok": True})


def names_kept(server: Server) -> int:
    return int(total(server.exposition(), "signalbox_listening_names"))


def test_a_sign_of_life_shows_up_for_every_subscriber(room: Room) -> None:
    streams = [SseStream(room), WebSocketStream(room)]
    for stream in streams:
        stream.wait_for_type("ready")
    listens(room, "ann", box_pub=KEY)
    for stream in streams:
        # Listed as a participant, though not among the names and not in the size: those have a stream.
        presence = await_presence(stream, [named("ann", KEY)], names=[])
        assert presence["size"] == 2
        stream.close()


def test_who_comes_later_is_told_at_once(room: Room) -> None:
    keeper = SseStream(room)
    keeper.wait_for_type("ready")
    listens(room, "ann", box_pub=KEY)
    listens(room, "beth")
    for kind in (SseStream, WebSocketStream):
        newcomer = kind(room)
        assert bare(newcomer.wait_for_type("ready")["participants"]) == [named("ann", KEY), named("beth")]
        newcomer.close()
    keeper.close()


def test_a_room_without_a_stream_takes_signs_of_life_too(shared_server: Server, room: Room) -> None:
    post_well(shared_server, room.id)
    listens(room, "ann")
    assert room.status()["participants"] == 0
    newcomer = SseStream(room)
    assert bare(newcomer.wait_for_type("ready")["participants"]) == [named("ann")]
    newcomer.close()


def test_each_sign_of_life_moves_the_time_of_last_sight(room: Room) -> None:
    watcher = SseStream(room)
    watcher.wait_for_type("ready")
    listens(room, "ann")

    def silence() -> int:
        newcomer = SseStream(room)
        (ann,) = newcomer.wait_for_type("ready")["participants"]
        newcomer.close()
        return ann["last_seen_ms_ago"]

    before = eventually(lambda: (ago := silence()) >= 500 and ago, "half a second of silence")
    listens(room, "ann")
    assert silence() < before
    watcher.close()


def test_the_latest_key_counts_and_none_clears_it(room: Room) -> None:
    watcher = SseStream(room)
    watcher.wait_for_type("ready")
    for key in (KEY, OTHER_KEY, URL_SAFE_KEY, None):
        listens(room, "ann", box_pub=key)
        eventually(lambda key=key: bare(latest(watcher)["participants"]) == [named("ann", key)], f"key {key}")
    watcher.close()


@pytest.mark.parametrize("junk", JUNK_KEYS, ids=repr)
def test_junk_for_a_key_is_no_key(room: Room, junk: Any) -> None:
    watcher = SseStream(room)
    watcher.wait_for_type("ready")
    listens(room, "ann", box_pub=junk)
    await_presence(watcher, [named("ann")], names=[])
    watcher.close()


def test_a_name_that_has_a_stream_is_shown_once_and_as_the_stream_says(room: Room) -> None:
    watcher = SseStream(room, name="ann", box_pub=KEY)
    watcher.wait_for_type("ready")
    listens(room, "ann", box_pub=OTHER_KEY)
    listens(room, "beth")
    await_presence(watcher, [named("ann", KEY), named("beth")], names=["ann"])
    other = SseStream(room)
    other.wait_for_type("ready")
    watcher.close()
    # The stream is gone, the sign of life still counts.
    await_presence(other, [named("ann", OTHER_KEY), named("beth")], names=[])
    other.close()


def test_a_long_name_is_cut_and_a_number_of_languages_is_spoken(room: Room) -> None:
    watcher = SseStream(room)
    watcher.wait_for_type("ready")
    shown: list[Event] = []
    for sent, seen in (
        ("n" * 65, "n" * 64), ("n" * 64 + "<b>", None), ("名前@x.y-z_", "名前@x.y-z_"), ("😀" * 33, "😀" * 32),
    ):  # fmt: skip
        listens(room, sent)
        shown += [named(seen)] if seen else []
    await_presence(watcher, shown, names=[])
    watcher.close()


# Refusals


@pytest.mark.parametrize("name", ["", "<b>", "two words", 'quo"te', "a/b", "a\n", "\x7f", "\x9f", 5, None, ["a"], {}], ids=repr)
def test_a_name_that_is_none_is_refused(shared_server: Server, room: Room, name: Any) -> None:
    post_well(shared_server, room.id)
    assert_refusal(listen(room, name), 400, "bad name", "bad_name")


def test_a_body_that_is_no_object_has_no_name(shared_server: Server, room: Room) -> None:
    post_well(shared_server, room.id)
    json_type = {"Content-Type": "application/json"}
    for body in (b'["ann"]', b"{}", b""):
        answer = http_session().post(room.url("listening"), data=body, headers=json_type, timeout=10)
        assert_refusal(answer, 400, "bad name", "bad_name")
    plain = http_session().post(room.url("listening"), data=b'{"name":"ann"}', timeout=10)
    assert_refusal(plain, 400, "bad name", "bad_name")
    for body in (b'{"name":', b'"ann"', b"null"):
        broken = http_session().post(room.url("listening"), data=body, headers=json_type, timeout=10)
        assert_refusal(broken, 400, "malformed JSON", "malformed_json")


def test_a_sign_of_life_opens_no_room(room: Room) -> None:
    assert_refusal(listen(room, "ann"), 404, "no such room", "unknown_room")
    assert room.status()["exists"] is False


def test_a_room_id_that_is_none_is_refused(shared_server: Server) -> None:
    for bad in ("abc", "a" * 65, "a.b.c.d"):
        assert_refusal(listen(Room(shared_server.url, bad), "ann"), 400, "bad roomId", "bad_room_id")


def test_get_is_no_sign_of_life(shared_server: Server, room: Room) -> None:
    answer = shared_server.get(f"/api/rooms/{room.id}/listening")
    assert_refusal(answer, 405, "method not allowed", "wrong_method")


# Limits: defect 7 of the original


def test_defect_7_signs_of_life_are_limited_by_client(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"LISTENING_RL_CAP": "3", "LISTENING_RL_REFILL_PER_SEC": "1"})
    one, other = new_room(), new_room()
    for room in (one, other):
        post_well(server, room)
    # The bucket is one client's over all rooms and names.
    answers = [listen(Room(server.url, room), f"n{n}") for n, room in enumerate((one, other, one, other, one, other))]
    codes = [answer.status_code for answer in answers]
    assert codes[:3] == [200] * 3 and codes.count(429) >= 2, codes
    assert_refusal(answers[codes.index(429)], 429, "rate limited", "listening_rate", retry_after=15)
    listens(Room(server.url, one), "n9", headers=ELSEWHERE)
    eventually(lambda: listen(Room(server.url, one), "n0").status_code == 200, "a token again", timeout=5)


def test_defect_7_many_agents_behind_one_address_may_all_give_signs_of_life(start_server: ServerFactory) -> None:
    server = start_server()
    room = Room(server.url)
    post_well(server, room.id)
    with http_session() as http:
        codes = {listen(room, f"agent-{n}", http).status_code for n in range(700)}
    assert codes == {200}


def test_defect_7_a_rooms_names_are_limited(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_HEARTBEATS_MAX": "2"})
    room, other = Room(server.url), Room(server.url)
    for each in (room, other):
        post_well(server, each.id)
    listens(room, "ann")
    listens(room, "beth")
    assert_refusal(listen(room, "carl"), 429, TOO_MANY, "listening_names", retry_after=range(1, 61))
    assert_refusal(listen(room, "carl", headers=ELSEWHERE), 429, TOO_MANY, "listening_names", retry_after=range(1, 61))
    # Those that are there stay welcome, and so is everybody in the next room.
    listens(room, "ann", box_pub=KEY)
    listens(room, "beth")
    listens(other, "carl")
    assert names_kept(server) == 3


def test_defect_7_names_are_limited_over_all_rooms_and_go_with_their_room(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"HEARTBEATS_MAX": "2", "ROOMS_MAX": "2"})
    one, two, three = (Room(server.url) for _ in range(3))
    for room in (one, two):
        post_well(server, room.id)
        listens(room, "ann")
    assert_refusal(listen(two, "beth"), 429, TOO_MANY, "listening_names", retry_after=range(1, 61))
    listens(two, "ann")
    # The third room pushes out the one that was silent for longest, and its name with it.
    post_well(server, three.id)
    assert one.status()["exists"] is False
    assert names_kept(server) == 1
    listens(three, "beth")
    assert_refusal(listen(three, "carl"), 429, TOO_MANY, "listening_names", retry_after=range(1, 61))


def test_defect_7_five_hundred_signs_of_life_are_told_at_most_once_a_second(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = Room(server.url)
    watchers = [SseStream(room), SseStream(room), WebSocketStream(room)]
    for watcher in watchers:
        watcher.wait_for_type("ready")
    eventually(lambda: latest(watchers[0])["size"] == 3, "all of them")

    def beat(first: int) -> None:
        with http_session() as http:
            for round_number in range(2):
                for number in range(first, 500, 4):
                    assert listen(room, f"agent-{number:03}", http).status_code == 200, round_number

    started = time.monotonic()
    threads = [threading.Thread(target=beat, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for watcher in watchers:
        watcher.wait_for(lambda event: len(event.get("participants", [])) == 500, "all five hundred", timeout=20)
    elapsed = time.monotonic() - started
    for watcher in watchers:
        crowded = [event for event in watcher.events if len(event.get("participants", [])) > 100]
        # One a second, and one more for where the second begins.
        assert 1 <= len(crowded) <= elapsed + 1.5, (len(crowded), elapsed)
        watcher.close()


def test_defect_7_a_few_signs_of_life_are_told_without_delay(room: Room) -> None:
    watcher = SseStream(room)
    watcher.wait_for_type("presence")
    for name in ("ann", "beth", "carl"):
        started = time.monotonic()
        listens(room, name)
        eventually(lambda name=name: bare(latest(watcher)["participants"])[-1:] == [named(name)], f"{name} shown")
        assert time.monotonic() - started < 1
    watcher.close()


@pytest.mark.soak
def test_defect_7_a_name_expires_a_minute_after_its_last_sign_of_life_and_presence_says_so(server: Server) -> None:
    room = Room(server.url)
    watcher = SseStream(room)
    watcher.wait_for_type("ready")
    for name in ("ann", "beth"):
        listens(room, name)
    time.sleep(20)
    listens(room, "beth")
    last = time.monotonic()
    await_presence(watcher, [named("ann"), named("beth")], names=[])
    assert names_kept(server) == 2
    # Nobody does anything; the janitor's round may take a quarter of a minute.
    eventually(lambda: bare(latest(watcher)["participants"]) == [named("beth")], "ann gone", timeout=60)
    assert time.monotonic() - last < 60
    eventually(lambda: bare(latest(watcher)["participants"]) == [], "both gone", timeout=50)
    assert 59.5 < time.monotonic() - last < 80
    assert names_kept(server) == 0
    watcher.close()
