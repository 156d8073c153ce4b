"""Claims that wait: who wakes them, what doesn't, and the bounds of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from agent import Agent, registered
from conftest import ServerFactory
from exposition import total
from raw_http import RawConnection
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, eventually
from test_claims import ack, claim
from wire import GOOD, new_room, post, post_well

NOBODY = {"X-Forwarded-For": "203.0.113.5"}


def parked_now(server: Server) -> int:
    return int(total(server.exposition(), "signalbox_parked_claims"))


@contextmanager
def parked(server: Server, *claims: tuple[Agent, str], **options: Any) -> Iterator[list[Future[requests.Response]]]:
    """One parked claim for each agent and room."""
    before = parked_now(server)
    with ThreadPoolExecutor(max_workers=len(claims)) as pool:
        # A session each: requests' aren't made for threads.
        futures = [pool.submit(in_thread, agent, room, {"timeout": 60, **options}) for agent, room in claims]
        eventually(lambda: parked_now(server) == before + len(claims), "all parked")
        yield futures


def in_thread(agent: Agent, room: str, options: dict[str, Any]) -> requests.Response:
    twin = Agent(agent.base_url, agent.handle)
    twin.sign_key = agent.sign_key
    return twin.claim(room, **options)


def an_open_room(server: Server) -> str:
    """A room in which nobody has said anything yet."""
    room = new_room()
    with RawConnection(server.port) as connection:
        connection.request("GET", f"/api/rooms/{room}/events")
        connection.until(b'"type":"ready"')
    return room


def test_a_message_of_somebody_else_wakes_a_claim(server: Server) -> None:
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room)) as (waiting,):
        seq = post_well(server, room, sender="bob")
        claimed = waiting.result(5).json()
    assert set(claimed) == {"ok", "claim_id", "message", "cursor", "last_seq"}
    assert (claimed["message"]["seq"], claimed["last_seq"]) == (seq, seq)
    assert claim(agent, room)["claim_id"] == claimed["claim_id"]
    assert ack(agent, room, claimed) == {"ok": True, "advanced": True, "cursor": seq}


def test_defect_21_the_claimers_own_message_wakes_nobody(server: Server) -> None:
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room), exclude_senders=["alias"]) as (waiting,):
        for sender in (agent.handle, f"@{agent.handle}", "alias"):
            post_well(server, room, sender=sender)
        # Had one of them woken it, the next would find nobody.
        time.sleep(0.3)
        assert not waiting.done()
        assert parked_now(server) == 1
        seq = post_well(server, room, sender="bob")
        assert waiting.result(5).json()["message"]["seq"] == seq


def test_defect_21_after_own_messages_alone_a_claim_ends_empty_in_its_time(server: Server) -> None:
    agent, room = registered(server.url), an_open_room(server)
    started = time.monotonic()
    with parked(server, (agent, room), timeout=2) as (waiting,):
        own = post_well(server, room, sender=agent.handle)
        answer = waiting.result(8).json()
    assert 1.8 < time.monotonic() - started < 5
    assert (answer["empty"], answer["last_seq"]) == (True, own)
    assert set(answer) == {"ok", "empty", "last_seq", "cursor"}


def test_defect_21_a_message_of_ones_own_leaves_ones_place_and_ones_time(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"WAITER_CAP_PER_IP": "1"})
    agent, room, other = registered(server.url), an_open_room(server), an_open_room(server)
    with parked(server, (agent, room)) as (waiting,):
        for _ in range(20):
            post_well(server, room, sender=agent.handle)
        assert refused(registered(server.url), other) == "waiters_per_client"
        post_well(server, room, sender="bob")
        claimed = waiting.result(5).json()
    ack(agent, room, claimed)
    # The place was given back once, neither kept nor given back twenty times.
    with parked(server, (agent, room)) as (waiting,):
        assert refused(registered(server.url), other) == "waiters_per_client"
        post_well(server, room, sender="bob")
        waiting.result(5)


def refused(agent: Agent, room: str) -> str | None:
    """Why a claim that would have to wait is refused; None when it isn't."""
    return agent.claim(room, timeout=1).json().get("reason")


@pytest.mark.parametrize("timeout", ["0", "00", "-0", "0.9", "0x10"])
def test_defect_20_a_claim_with_a_timeout_of_0_does_not_wait(server: Server, timeout: str) -> None:
    agent, room = registered(server.url), an_open_room(server)
    started = time.monotonic()
    assert claim(agent, room, timeout=timeout)["empty"] is True
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("timeout", ["0", "0.5"])
def test_defect_20_a_wait_with_a_timeout_of_0_does_not_wait(server: Server, timeout: str) -> None:
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room)
    for path, last in (
        (f"/api/rooms/{room}/wait?after={seq}&timeout={timeout}", seq),
        (f"/api/dm/{agent.handle}/inbox/wait?after=7&timeout={timeout}", 7),
    ):
        started = time.monotonic()
        page = agent.signed("GET", path).json()
        assert (page["messages"], page["last_seq"]) == ([], last)
        assert time.monotonic() - started < 0.9
    metrics = server.metrics()
    assert metrics["longpoll_waits_total"] == metrics["dm_waits_total"] == 0


@pytest.mark.parametrize("timeout", ["-7", "1", "1.9", "1abc", " 1"])
def test_a_short_timeout_is_a_second(server: Server, timeout: str) -> None:
    agent, room = registered(server.url), an_open_room(server)
    started = time.monotonic()
    assert claim(agent, room, timeout=timeout)["empty"] is True
    assert 0.9 < time.monotonic() - started < 3


@pytest.mark.parametrize("timeout", ["abc", "", "30s", "1000", "99999999999999999999"])
def test_any_other_timeout_waits_for_long(server: Server, timeout: str) -> None:
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room), timeout=timeout) as (waiting,):
        time.sleep(1.2)
        assert not waiting.done()
        post_well(server, room, sender="bob")
        assert waiting.result(5).json()["ok"] is True


def test_an_empty_answer_names_the_cursor_and_the_last_message(server: Server) -> None:
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room, sender="bob")
    ack(agent, room, claim(agent, room))
    own = post_well(server, room, sender=agent.handle)
    for timeout in (0, 1):
        assert claim(agent, room, timeout=timeout) == {"ok": True, "empty": True, "last_seq": own, "cursor": seq}


def test_a_message_wakes_every_claimer_and_each_may_have_it(server: Server) -> None:
    room = an_open_room(server)
    agents = [registered(server.url) for _ in range(5)]
    with parked(server, *((agent, room) for agent in agents)) as waiting:
        seq = post_well(server, room, sender="bob")
        claims = [each.result(5).json() for each in waiting]
    assert {each["message"]["seq"] for each in claims} == {seq}
    assert len({each["claim_id"] for each in claims}) == 5


def test_two_waits_of_one_handle_wake_with_one_claim(server: Server) -> None:
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room), (agent, room)) as waiting:
        post_well(server, room, sender="bob")
        one, two = (each.result(5).json() for each in waiting)
    assert one["claim_id"] == two["claim_id"]


def test_a_message_wakes_nobody_in_another_room(server: Server) -> None:
    agent = registered(server.url)
    rooms = [an_open_room(server) for _ in range(2)]
    with parked(server, *((agent, room) for room in rooms)) as (first, second):
        post_well(server, rooms[1], sender="bob")
        second.result(5)
        assert not first.done()
        assert parked_now(server) == 1
        post_well(server, rooms[0], sender="bob")
        first.result(5)


def test_a_room_with_a_parked_claim_is_kept(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1"})
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room)) as (waiting,):
        assert post(server, GOOD).status_code == 503
        seq = post_well(server, room, sender="bob")
        assert waiting.result(5).json()["message"]["seq"] == seq


@pytest.mark.parametrize(
    ("setting", "error", "reason"),
    [
        ("ROOM_WAITERS_MAX", "too many concurrent waiters for this room", "waiters_per_room"),
        ("WAITER_CAP_PER_IP", "too many concurrent waiters from this IP", "waiters_per_client"),
    ],
)
def test_waiters_are_capped_and_a_finished_one_makes_room(
    start_server: ServerFactory, setting: str, error: str, reason: str
) -> None:
    server = start_server(**OPEN_LIMITS | {setting: "2"})
    ann, bob = registered(server.url), registered(server.url)
    room, other_room = an_open_room(server), an_open_room(server)
    with parked(server, (ann, room)) as (waiting,), RawConnection(server.port) as wait:
        # Claims and waits share the bound.
        wait.request("GET", f"/api/rooms/{room}/wait?after={2**52}&timeout=60")
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "a wait parked")
        assert_refusal(bob.claim(room, timeout=30), 429, error, reason, retry_after=5)
        assert_refusal(server.get(f"/api/rooms/{room}/wait?after={2**52}"), 429, error, reason, retry_after=5)
        # What need not be parked is not refused.
        assert bob.claim(room, timeout=0).status_code == 200
        # The one counts by room, the other by client.
        path = f"/api/rooms/{room}/claim?timeout=1"
        codes = (
            bob.claim(other_room, timeout=1).status_code,
            bob.signed("POST", path, json={"handle": bob.handle}, headers=NOBODY).status_code,
        )
        assert codes == ((200, 429) if reason == "waiters_per_room" else (429, 200))
        post_well(server, room, sender="carol")
        claimed = waiting.result(5).json()
    ack(ann, room, claimed)
    eventually(lambda: ann.claim(room, timeout=1).status_code == 200, "a place again")


def test_a_claimer_that_hangs_up_makes_room_and_claims_nothing(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_WAITERS_MAX": "1", "WAITER_CAP_PER_IP": "1"})
    agent, room = registered(server.url), an_open_room(server)
    path, body = f"/api/rooms/{room}/claim?timeout=60", json.dumps({"handle": agent.handle}).encode()
    for _ in range(3):
        with RawConnection(server.port) as connection:
            headers = agent.authorization("POST", path) | {"Content-Type": "application/json"}
            connection.request("POST", path, headers, body)
            eventually(lambda: parked_now(server) == 1, "one parked")
            assert refused(agent, room) == "waiters_per_room"
        eventually(lambda: parked_now(server) == 0, "nobody parked")
    seq = post_well(server, room, sender="bob")
    assert claim(agent, room)["message"]["seq"] == seq


def test_a_parked_claim_is_answered_when_the_server_goes(server: Server) -> None:
    agent, room = registered(server.url), an_open_room(server)
    with parked(server, (agent, room)) as (waiting,):
        server.stop()
        response = waiting.result(5)
    assert (response.status_code, response.json()["empty"]) == (200, True)
