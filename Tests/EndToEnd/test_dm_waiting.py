"""Waiting for direct messages: woken, timed out, hung up, and the bounds of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from agent import Agent, registered
from conftest import ServerFactory
from raw_http import RawConnection
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, eventually


def waits(server: Server) -> int:
    """Waits that were ever parked."""
    return server.metrics()["dm_waits_total"]


@contextmanager
def parked(
    server: Server, *agents: Agent, after: int = 0, timeout: int = 60
) -> Iterator[list[Future[requests.Response]]]:
    """One parked wait for each of the agents."""
    before = waits(server)
    with ThreadPoolExecutor(max_workers=len(agents)) as pool:
        futures = [pool.submit(agent.inbox_wait, after, timeout) for agent in agents]
        eventually(lambda: waits(server) == before + len(agents), "all parked")
        yield futures


def test_a_message_wakes_every_waiter_of_its_inbox_and_no_other(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    with parked(server, bob, bob, ann) as (first, second, other):
        sent = ann.dm(bob.handle, "wake up").json()
        for future in (first, second):
            response = future.result(5)
            assert response.status_code == 200
            page = response.json()
            assert set(page) == {"messages", "last_seq"}
            assert page["last_seq"] == sent["seq"]
            assert [bob.open(message) for message in page["messages"]] == ["wake up"]
        assert not other.done()
        ann.dm(ann.handle, "you too")
        assert other.result(5).json()["messages"]
    # What woke somebody is still there until it is acknowledged.
    assert [message["id"] for message in bob.inbox_drain()] == [sent["id"]]


def test_an_anonymous_message_wakes_too(server: Server) -> None:
    bob = registered(server.url)
    with parked(server, bob) as (waiting,):
        bob.dm(bob.handle, "boo", as_sender=False)
        assert waiting.result(5).json()["messages"][0]["from_handle"] is None


def test_a_wait_in_vain_ends_after_its_timeout_with_the_callers_after(server: Server) -> None:
    bob = registered(server.url)
    for after in (0, 1234):
        started = time.monotonic()
        response = bob.inbox_wait(after, timeout=1)
        assert 0.9 < time.monotonic() - started < 3
        assert response.json() == {"messages": [], "last_seq": after}


def test_defect_20_a_timeout_of_0_does_not_wait(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    started = time.monotonic()
    assert bob.inbox_wait(7, timeout=0).json() == {"messages": [], "last_seq": 7, "has_more": False}
    assert time.monotonic() - started < 0.9
    assert waits(server) == 0
    ann.dm(bob.handle)
    assert len(bob.inbox_wait(0, timeout=0).json()["messages"]) == 1


@pytest.mark.parametrize("timeout", ["x", "", "1000", "30s"])
def test_other_timeouts_are_clamped_and_wait(server: Server, timeout: str) -> None:
    bob = registered(server.url)
    with RawConnection(server.port) as connection:
        path = f"/api/dm/{bob.handle}/inbox/wait?timeout={timeout}"
        connection.request("GET", path, bob.authorization("GET", path))
        eventually(lambda: waits(server) == 1, "one parked")
        sent = bob.dm(bob.handle).json()["seq"]
        answer = connection.response()
    assert (answer.status, answer.json()["last_seq"]) == (200, sent)


def test_a_waiter_is_not_woken_by_what_it_has_read(server: Server) -> None:
    bob = registered(server.url)
    far = 9_000_000_000_000_000
    with parked(server, bob, after=far, timeout=1) as (waiting,):
        assert bob.dm(bob.handle).status_code == 200
        assert waiting.result(5).json() == {"messages": [], "last_seq": far}


def test_head_answers_without_a_body_and_leaves_the_connection_good(server: Server) -> None:
    bob = registered(server.url)
    bob.dm(bob.handle)
    path = f"/api/dm/{bob.handle}/inbox/wait?timeout=0"
    with RawConnection(server.port) as connection:
        for headers, status in (
            (bob.authorization("HEAD", path), 200),
            (bob.authorization("GET", path), 401),
            ({}, 401),
        ):
            connection.request("HEAD", path, headers)
            head = connection.response(to_head=True)
            assert head.status == status
            assert (head.header("Content-Type") or "").startswith("application/json")
        connection.request("GET", path, bob.authorization("GET", path))
        assert len(connection.response().json()["messages"]) == 1


def test_head_on_an_empty_inbox_parks_nothing_for_long(server: Server) -> None:
    bob = registered(server.url)
    path = f"/api/dm/{bob.handle}/inbox/wait?timeout=1"
    with RawConnection(server.port) as connection:
        connection.request("HEAD", path, bob.authorization("HEAD", path))
        assert connection.response(to_head=True).status == 200
        connection.request("GET", "/api/health")
        assert connection.response().status == 200


@pytest.mark.parametrize(
    ("setting", "error", "reason"),
    [
        ("DM_WAITERS_MAX_PER_HANDLE", "too many concurrent waiters for this handle", "waiters_per_handle"),
        ("WAITER_CAP_PER_IP", "too many concurrent waiters from this IP", "waiters_per_client"),
    ],
)
def test_waiters_are_capped_and_a_finished_one_makes_room(
    start_server: ServerFactory, setting: str, error: str, reason: str
) -> None:
    server = start_server(**OPEN_LIMITS | {setting: "2"})
    ann, bob = registered(server.url), registered(server.url)
    last = bob.dm(bob.handle).json()["seq"]
    elsewhere = {"X-Forwarded-For": "203.0.113.5"}
    with parked(server, bob, bob, after=last) as futures:
        assert_refusal(bob.inbox_wait(last, timeout=30), 429, error, reason, retry_after=5)
        # What need not be parked is not refused.
        assert bob.inbox_wait(0, timeout=30).status_code == 200
        assert bob.inbox_wait(last, timeout=0).status_code == 200
        # The one counts by inbox, the other by client.
        other_inbox = ann.inbox_wait(0, timeout=1)
        path = f"/api/dm/{bob.handle}/inbox/wait?after={last}&timeout=1"
        other_client = bob.signed("GET", path, headers=elsewhere)
        expected = (200, 429) if reason == "waiters_per_handle" else (429, 200)
        assert (other_inbox.status_code, other_client.status_code) == expected
        bob.dm(bob.handle)
        for future in futures:
            assert future.result(5).status_code == 200
    assert bob.inbox_wait(last + 1, timeout=1).status_code == 200


def test_a_waiter_that_hangs_up_makes_room(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"DM_WAITERS_MAX_PER_HANDLE": "1", "WAITER_CAP_PER_IP": "1"})
    bob = registered(server.url)
    path = f"/api/dm/{bob.handle}/inbox/wait?timeout=60"
    for _ in range(2):
        before = waits(server)
        with RawConnection(server.port) as connection:
            connection.request("GET", path, bob.authorization("GET", path))
            eventually(lambda before=before: waits(server) == before + 1, "one parked")
            assert bob.inbox_wait(0, timeout=1).status_code == 429
        eventually(lambda: bob.inbox_wait(0, timeout=1).status_code == 200, "a place to wait")


def test_a_parked_wait_is_answered_when_the_server_goes(server: Server) -> None:
    bob = registered(server.url)
    with parked(server, bob, after=5) as (waiting,):
        server.stop()
        response = waiting.result(5)
    assert (response.status_code, response.json()) == (200, {"messages": [], "last_seq": 5})


def test_no_message_is_missed_between_two_waits(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    total, read = 120, []

    def send() -> None:
        for number in range(total):
            envelope = ann.sign_envelope(bob.handle, ann.seal(bob, str(number)))
            assert ann.send_envelope(bob.handle, envelope).status_code == 200

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    after, deadline = 0, time.monotonic() + 30
    while len(read) < total and time.monotonic() < deadline:
        page = bob.inbox_wait(after, timeout=5).json()
        read += [bob.open(message) for message in page["messages"]]
        after = page["last_seq"]
    sender.join(5)
    assert read == [str(number) for number in range(total)]
