"""Bounds of claims: leases, cursors, what becomes of a message that is gone, and every refusal's words."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent import Agent, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from relay_client import Room, SseStream
from server import OPEN_LIMITS, Server, eventually
from test_claims import ack, assert_stale, claim
from wire import good, new_room, post, post_well

JSON_TYPE = {"Content-Type": "application/json"}

routes = pytest.mark.parametrize("route", ["claim", "ack"])


@pytest.mark.parametrize("ttl", ["60000", "1", "59999", "300000", "9999999999999999999", "60000.9", " 5 "])
def test_a_lease_that_was_asked_for_is_a_minute_at_least(start_server: ServerFactory, ttl: str) -> None:
    # The default is a thousandth of that, and all of these are more.
    server = start_server(**OPEN_LIMITS | {"CLAIM_TTL_MS": "60"})
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    asked = claim(agent, room, ttl_ms=ttl)
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        assert claim(agent, room) == asked
    assert ack(agent, room, asked)["advanced"] is True


@pytest.mark.parametrize("ttl", ["", "0", "-5", "abc", "NaN", "Infinity"])
def test_a_lease_that_is_no_number_is_the_default(start_server: ServerFactory, ttl: str) -> None:
    server = start_server(**OPEN_LIMITS | {"CLAIM_TTL_MS": "60"})
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    first = claim(agent, room, ttl_ms=ttl)
    eventually(lambda: claim(agent, room, ttl_ms=ttl)["claim_id"] != first["claim_id"], "a new claim", timeout=3)


def test_a_lease_lasts_from_the_claim_and_is_not_renewed_by_asking(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"CLAIM_TTL_MS": "500"})
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    started = time.monotonic()
    first = claim(agent, room)
    # Asked for longer while it is out: the first word counts.
    eventually(
        lambda: claim(agent, room, ttl_ms=300_000)["claim_id"] != first["claim_id"], "a new claim", timeout=3
    )
    assert time.monotonic() - started >= 0.45


@pytest.mark.soak
def test_the_longest_and_the_usual_lease_by_the_clock(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = new_room()
    # A room that only answers claims is idle, and would be gone too soon.
    keeper = SseStream(Room(server.url, room))
    post_well(server, room, sender="bob")
    leases = {"1": 60, "": 60, "150000": 150, "99999999": 300}
    agents = {ttl: registered(server.url) for ttl in leases}
    first = {ttl: claim(agent, room, ttl_ms=ttl) for ttl, agent in agents.items()}
    started, ended = time.monotonic(), dict[str, float]()
    while len(ended) < len(leases):
        for ttl, agent in agents.items():
            if ttl not in ended and claim(agent, room, ttl_ms=ttl)["claim_id"] != first[ttl]["claim_id"]:
                ended[ttl] = time.monotonic() - started
        assert time.monotonic() - started < 310, ended
        time.sleep(0.5)
    for ttl, seconds in leases.items():
        assert seconds - 1 < ended[ttl] < seconds + 3, (ttl, ended)
    keeper.close()


@pytest.mark.parametrize("setting", [None, "2"])
def test_beyond_so_many_rooms_the_least_recently_used_cursor_is_forgotten(
    start_server: ServerFactory, setting: str | None
) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_CURSORS_PER_HANDLE_MAX": setting})
    most = int(setting or 64)
    agent, other, rooms = registered(server.url), registered(server.url), [new_room() for _ in range(most + 1)]
    first = {room: post_well(server, room, sender="bob") for room in rooms}
    second = {room: post_well(server, room, sender="bob") for room in rooms}
    oldest, newer = rooms[0], rooms[1]
    ack(other, oldest, claim(other, oldest))
    for room in rooms[:most]:
        ack(agent, room, claim(agent, room))
    # Using the first again leaves the second as the least recently used; acknowledging is no use.
    claimed = claim(agent, oldest)
    assert claimed["message"]["seq"] == second[oldest]
    assert agent.ack(newer, "x", first[newer]).json()["advanced"] is False
    ack(agent, rooms[most], claim(agent, rooms[most]))
    assert claim(agent, oldest) == claimed
    assert agent.ack(newer, "x", first[newer]).json() == {"ok": True, "advanced": False, "cursor": 0}
    # Forgotten means from the start, so a message comes twice rather than never.
    assert claim(agent, newer)["message"]["seq"] == first[newer]
    # Nobody else lost anything.
    assert claim(other, oldest)["message"]["seq"] == second[oldest]


def test_a_claimer_that_fell_behind_the_buffer_goes_on_with_the_oldest_there_is(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"RECENT_MAX": "3"})
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    gone = claim(agent, room)
    seqs = [post_well(server, room, sender="bob") for _ in range(5)]
    claimed = claim(agent, room)
    assert claimed["claim_id"] != gone["claim_id"]
    assert (claimed["message"]["seq"], claimed["cursor"], claimed["last_seq"]) == (seqs[2], seqs[2] - 1, seqs[4])
    # The lost one is below the cursor now, and acknowledging it is no error.
    late = agent.ack(room, gone["claim_id"], gone["message"]["seq"])
    assert (late.status_code, late.json()) == (200, {"ok": True, "advanced": False, "cursor": seqs[2] - 1})
    assert ack(agent, room, claimed)["cursor"] == seqs[2]


def test_a_message_that_expires_while_it_is_claimed_can_still_be_acknowledged(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"RECENT_TTL_SECONDS": "1"})
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room, sender="bob")
    claimed = claim(agent, room)
    eventually(lambda: recent(server, room) == 0, "the message gone", timeout=5)
    assert ack(agent, room, claimed) == {"ok": True, "advanced": True, "cursor": seq}
    assert claim(agent, room) == {"ok": True, "empty": True, "last_seq": 0, "cursor": seq}


def test_a_claim_on_a_message_that_expired_makes_way_for_the_next(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"RECENT_TTL_SECONDS": "1"})
    agent, room = registered(server.url), new_room()
    first = post_well(server, room, sender="bob")
    claimed = claim(agent, room)
    eventually(lambda: recent(server, room) == 0, "the message gone", timeout=5)
    assert claim(agent, room) == {"ok": True, "empty": True, "last_seq": 0, "cursor": first - 1}
    second = post_well(server, room, sender="bob")
    assert claim(agent, room)["message"]["seq"] == second
    answer = agent.ack(room, claimed["claim_id"], first)
    assert (answer.status_code, answer.json()["advanced"]) == (200, False)


def recent(server: Server, room: str) -> int:
    return server.get(f"/api/rooms/{room}/status").json()["recent_count"]


# Refusals


@routes
def test_what_is_wrong_with_the_request_is_said_first(shared_server: Server, route: str) -> None:
    agent, room = registered(shared_server.url), new_room()
    for bad in ("abc", "a" * 65, "a.b.c.d", "%C3%A4%C3%B6%C3%BC%C3%9F"):
        answer = agent.signed("POST", f"/api/rooms/{bad}/{route}", json={"handle": "-"})
        assert_refusal(answer, 400, "bad roomId", "bad_room_id")
    path = f"/api/rooms/{room}/{route}"
    for bad in ("", "a b", "ä", "a" * 33, "@" + agent.handle, None, 5, [agent.handle], {"a": agent.handle}, True):
        assert_refusal(agent.signed("POST", path, json={"handle": bad}), 400, "bad handle", "bad_handle")
    assert_refusal(agent.signed("POST", path, json=[agent.handle]), 400, "bad handle", "bad_handle")
    assert_refusal(agent.signed("POST", path), 400, "bad handle", "bad_handle")
    plain = agent.signed("POST", path, data=b'{"handle":"%s"}' % agent.handle.encode())
    assert_refusal(plain, 400, "bad handle", "bad_handle")
    broken = agent.signed("POST", path, data=b'{"handle":', headers=JSON_TYPE)
    assert_refusal(broken, 400, "malformed JSON", "malformed_json")


@routes
@pytest.mark.parametrize("handle", ["nobody-here", "-odd", "_odd", "x"])
def test_a_handle_nobody_has_is_unknown(shared_server: Server, route: str, handle: str) -> None:
    answer = Agent(shared_server.url).signed("POST", f"/api/rooms/{new_room()}/{route}", json={"handle": handle})
    assert_refusal(answer, 404, "no such handle", "unknown_handle")


@routes
def test_only_the_handles_own_fresh_signature_of_this_url_counts(shared_server: Server, route: str) -> None:
    agent, other, room = registered(shared_server.url), registered(shared_server.url), new_room()
    post_well(shared_server, room, sender="bob")
    path, body = f"/api/rooms/{room}/{route}?timeout=0", {"handle": agent.handle}
    wrong: dict[str, dict[str, Any]] = {
        "nothing": {},
        "another's signature": other.authorization("POST", path),
        "another URL": agent.authorization("POST", path + "&ttl_ms=300000"),
        "the path alone": agent.authorization("POST", path.partition("?")[0]),
        "another method": agent.authorization("GET", path),
        "another room": agent.authorization("POST", path.replace(room, new_room())),
        "too old": agent.authorization("POST", path, ts=now_ms() - 61_000),
        "of the future": agent.authorization("POST", path, ts=now_ms() + 62_000),
        "a bearer": {"Authorization": f"Bearer {shared_server.token}"},
    }
    for why, headers in wrong.items():
        answer = agent.request("POST", path, json=body, headers=headers)
        assert_refusal(answer, 401, "bad or missing signature", "bad_signature"), why
    good_header = agent.authorization("POST", path)
    assert agent.request("POST", path, json=body, headers=good_header).status_code == 200
    replayed = agent.request("POST", path, json=body, headers=good_header)
    assert_refusal(replayed, 401, "bad or missing signature", "bad_signature")


@routes
def test_who_is_too_fast_is_told_so_before_the_signature_is_looked_at(start_server: ServerFactory, route: str) -> None:
    server = start_server(**OPEN_LIMITS)
    agent = registered(server.url)
    server.restart(ROOM_RL_CAP="2", ROOM_RL_REFILL_PER_SEC="0.1")
    path, body = f"/api/rooms/{new_room()}/{route}?timeout=0", {"handle": agent.handle}
    for _ in range(2):
        assert agent.request("POST", path, json=body).status_code == 401
    assert_refusal(agent.signed("POST", path, json=body), 429, "rate limited", "auth_rate", retry_after=5)
    server.restart(ROOM_RL_CAP="1000000", GLOBAL_RL_CAP="2", GLOBAL_RL_REFILL_PER_SEC="0.1")
    for _ in range(2):
        assert agent.request("POST", path, json=body).status_code == 401
    assert_refusal(agent.signed("POST", path, json=body), 429, "rate limited", "client_rate", retry_after=5)


@routes
def test_get_is_no_way_to_claim(shared_server: Server, route: str) -> None:
    answer = shared_server.get(f"/api/rooms/{new_room()}/{route}")
    assert_refusal(answer, 405, "method not allowed", "wrong_method")
    assert answer.headers["Allow"] == "POST"


def test_a_full_replay_cache_is_said_to_be_full(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"INBOX_SIG_SEEN_MAX": "64"})
    agent, room = registered(server.url), new_room()
    post(server, good(sender="bob"), room)
    claimed = claim(agent, room)
    for _ in range(63):
        claim(agent, room)
    full = agent.claim(room, timeout=0)
    assert_refusal(full, 429, "replay-cache full for this handle", "replay_cache", retry_after=range(1, 122))
    assert agent.ack(room, claimed["claim_id"], claimed["message"]["seq"]).status_code == 429


def test_a_claim_of_the_last_run_is_stale(server: Server) -> None:
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    before = claim(agent, room)
    server.restart()
    seq = post_well(server, room, sender="bob")
    after = claim(agent, room)
    assert after["message"]["seq"] == seq
    assert_stale(agent.ack(room, before["claim_id"], seq), seq - 1)
