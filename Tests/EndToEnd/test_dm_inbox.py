"""What an inbox holds, what makes way for what, and the numbers of its messages over restarts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from agent import Agent, b64, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

# What a message counts in memory beside its ciphertext's text.
OVERHEAD = 512

FUSE = "global DM buffer full — try again shortly"


def envelope(sender: Agent, to: Agent, text: str, *, signed: bool = True) -> dict[str, Any]:
    body = sender.seal(to, text)
    return sender.sign_envelope(to.handle, body) if signed else body


def send(sender: Agent, to: Agent, text: str, *, signed: bool = True) -> int:
    response = sender.send_envelope(to.handle, envelope(sender, to, text, signed=signed))
    assert response.status_code == 200, response.text
    return response.json()["seq"]


def texts(agent: Agent) -> list[str]:
    return [agent.open(message) for message in agent.inbox_drain(ack=False)]


@pytest.mark.parametrize("setting", [None, "2", "256"])
def test_an_anonymous_message_too_many_pushes_out_the_oldest_anonymous_one(
    start_server: ServerFactory, setting: str | None
) -> None:
    server = start_server(**OPEN_LIMITS | {"INBOX_ANON_MAX": setting})
    ann, bob = registered(server.url), registered(server.url)
    limit = int(setting or 32)
    if limit < 256:
        send(ann, bob, "signed, first of all")
    for number in range(limit + 1):
        send(ann, bob, str(number), signed=False)
    kept = texts(bob)
    if limit < 256:
        assert kept.pop(0) == "signed, first of all"
    assert kept == [str(number) for number in range(1, limit + 1)]


def test_verified_messages_push_out_anonymous_ones_and_then_their_oldest(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    ann, bob = registered(server.url), registered(server.url)
    for text in ("anonymous 1", "anonymous 2"):
        send(ann, bob, text, signed=False)
    for number in range(254):
        send(ann, bob, str(number))
    numbers = [str(number) for number in range(254)]
    assert texts(bob) == ["anonymous 1", "anonymous 2", *numbers]
    send(ann, bob, "254")
    assert texts(bob) == ["anonymous 2", *numbers, "254"]
    # An anonymous one may still take the place of an anonymous one.
    send(ann, bob, "anonymous 3", signed=False)
    assert texts(bob) == [*numbers, "254", "anonymous 3"]
    send(ann, bob, "255")
    assert texts(bob) == [*numbers, "254", "255"]
    send(ann, bob, "256")
    assert texts(bob) == [*numbers[1:], "254", "255", "256"]


def test_defect_16_an_anonymous_message_to_a_full_inbox_is_refused(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    ann, bob = registered(server.url), registered(server.url)
    for number in range(256):
        last = send(ann, bob, str(number))
    refused = ann.send_envelope(bob.handle, envelope(ann, bob, "anonymous", signed=False))
    assert_refusal(refused, 429, "inbox full", "inbox_full", retry_after=60)
    assert texts(bob) == [str(number) for number in range(256)]
    assert server.metrics()["dm_sent_total"] == 256
    # One acknowledgement makes a place, and the refused one has used no number.
    (first, *_) = bob.inbox_wait().json()["messages"]
    assert bob.inbox_ack(first["id"]).json()["removed"] == 1
    assert send(ann, bob, "anonymous", signed=False) == last + 1
    assert texts(bob)[-1] == "anonymous"


def test_defect_16_where_no_anonymous_message_is_kept_none_is_accepted(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"INBOX_ANON_MAX": "0"})
    ann, bob = registered(server.url), registered(server.url)
    refused = ann.send_envelope(bob.handle, envelope(ann, bob, "anonymous", signed=False))
    assert_refusal(refused, 429, "inbox full", "inbox_full", retry_after=60)
    send(ann, bob, "signed")
    assert texts(bob) == ["signed"]


def test_the_memory_fuse_takes_the_last_message_that_fits_and_not_one_byte_more(start_server: ServerFactory) -> None:
    size = len(b64(bytes(16 + 100))) + OVERHEAD
    server = start_server(**OPEN_LIMITS | {"INBOX_GLOBAL_MAX_BYTES": str(3 * size)})
    ann, bob, carl = (registered(server.url) for _ in range(3))
    send(ann, bob, "a" * 100)
    last = send(ann, bob, "b" * 100)
    larger = envelope(ann, bob, "c" * 103)
    smaller = envelope(ann, carl, "d" * 100)
    # It counts all inboxes together.
    assert_refusal(ann.send_envelope(bob.handle, larger), 503, FUSE, "memory_fuse", retry_after=60)
    assert ann.send_envelope(carl.handle, smaller).status_code == 200
    next_one = envelope(ann, bob, "e" * 100)
    for body in (next_one, envelope(ann, bob, "e" * 100, signed=False), next_one):
        assert_refusal(ann.send_envelope(bob.handle, body), 503, FUSE, "memory_fuse", retry_after=60)
    # Acknowledged is given back, and what was refused used up neither its envelope nor a number.
    assert len(carl.inbox_drain()) == 1
    accepted = ann.send_envelope(bob.handle, next_one)
    assert (accepted.status_code, accepted.json()["seq"]) == (200, last + 1)
    assert len(bob.inbox_drain()) == 3
    for number in range(3):
        send(ann, bob, str(number) * 100)


def test_what_is_pushed_out_gives_its_memory_back(start_server: ServerFactory) -> None:
    size = len(b64(bytes(16 + 100))) + OVERHEAD
    server = start_server(**OPEN_LIMITS | {"INBOX_GLOBAL_MAX_BYTES": str(4 * size), "INBOX_ANON_MAX": "2"})
    ann, bob = registered(server.url), registered(server.url)
    for _ in range(20):
        send(ann, bob, "x" * 100, signed=False)
    assert len(texts(bob)) == 2


def test_pages_of_large_messages_are_cut_and_say_so(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    bob = registered(server.url)
    sizes = [128 * 1024 - 16] * 28 + [1]
    for size in sizes:
        send(bob, bob, "x" * size)
    after, read = 0, []
    while True:
        response = bob.inbox_wait(after)
        page = response.json()
        assert len(response.content) <= 4 * 1024 * 1024 + 180 * 1024
        read += [len(bob.open(message)) for message in page["messages"]]
        assert page["has_more"] == (len(read) < len(sizes))
        after = page["last_seq"]
        if not page["has_more"]:
            break
    assert read == sizes


def test_numbers_start_at_the_clock_and_go_up_by_one(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    before = now_ms()
    seqs = [send(ann, bob, "x", signed=bool(number % 2)) for number in range(5)]
    assert before < seqs[0] <= now_ms() + 1
    assert seqs == list(range(seqs[0], seqs[0] + 5))
    # Acknowledging everything doesn't begin anew.
    bob.inbox_drain()
    assert send(ann, bob, "x") == seqs[-1] + 1


def test_numbers_go_on_over_a_good_restart_and_messages_do_not(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    last = max(send(ann, bob, "before") for _ in range(3))
    for _ in range(2):
        server.restart()
        assert texts(bob) == []
        seq = send(ann, bob, "after")
        assert seq == last + 1
        assert texts(bob) == ["after"]
        last = seq


def test_numbers_go_up_over_kill_9_and_messages_are_gone(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    last = 0
    for _ in range(3):
        for _ in range(40):
            seq = send(ann, bob, "x")
            assert seq > last
            last = seq
        server.kill()
        server.restart()
        assert texts(bob) == []
        # A reader that goes on where it was must get what comes now.
        seq = send(ann, bob, "new")
        assert seq > last
        assert [bob.open(message) for message in bob.inbox_wait(last).json()["messages"]] == ["new"]
        last = seq


def test_numbers_go_up_when_the_memory_of_them_is_gone_too(server: Server) -> None:
    # What a power cut takes: the process and the mapping it keeps its marks in.
    ann, bob = registered(server.url), registered(server.url)
    last = max(send(ann, bob, "x") for _ in range(40))
    server.kill()
    server.counters_path.unlink()
    server.restart()
    assert send(ann, bob, "x") > last


def test_numbers_go_up_when_the_clock_is_behind_them(server: Server) -> None:
    ann, bob = registered(server.url), registered(server.url)
    server.stop()
    ahead = now_ms() + 10**9
    with closing(sqlite3.connect(server.data_dir / "signalbox.sqlite")) as database, database:
        database.execute("UPDATE identities SET inbox_seq = ? WHERE handle = ?", (ahead, bob.handle))
    server.restart()
    assert send(ann, bob, "x") == ahead + 1
    server.kill()
    server.restart()
    assert send(ann, bob, "x") > ahead + 1
