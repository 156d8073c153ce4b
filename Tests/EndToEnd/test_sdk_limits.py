"""The Python client at a relay's limits: it waits as long as it is told, within bounds, and gives up for good."""

from __future__ import annotations

import email.utils
import time

import pytest

from conftest import ServerFactory
from false_relay import CALLS, Handler, Relay, calls, quick, relay  # noqa: F401
from sdk import signalbox, take
from server import OPEN_LIMITS


def test_429_is_obeyed_and_the_wait_is_the_relays(relay: Relay) -> None:
    def once(handler: Handler) -> None:
        if len(relay.paths) == 1:
            handler.respond(429, {"error": "rate limited", "reason": "room_rate"}, Retry_After="1")
        else:
            handler.respond(200, {"ok": True, "id": "x", "seq": 7})

    relay.answer = once
    assert signalbox.Room.create(relay.url).send("x").seq == 7
    assert relay.paths[0] == relay.paths[1], "something was asked in between"
    assert 1 <= relay.times[1] - relay.times[0] < 3


@pytest.mark.parametrize("seconds", ["3600", "date"])
def test_a_wait_that_is_too_long_is_left_to_the_caller(relay: Relay, seconds: str) -> None:
    value = email.utils.formatdate(time.time() + 3600, usegmt=True) if seconds == "date" else seconds
    relay.answer = lambda handler: handler.respond(
        429, {"error": "rate limited", "reason": "room_rate"}, Retry_After=value
    )
    with pytest.raises(signalbox.Error) as refused:
        signalbox.Room.create(relay.url).send("x")
    assert (refused.value.status, refused.value.reason, len(relay.paths)) == (429, "room_rate", 1)
    assert refused.value.retry_after == pytest.approx(3600, abs=5)


def test_a_stream_that_would_have_to_wait_too_long_is_left_to_the_caller_too(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(
        429, {"error": "too many", "reason": "streams_per_client"}, Retry_After="3600"
    )
    with pytest.raises(signalbox.Error) as refused:
        take(signalbox.Room.create(relay.url).stream(), 1)
    assert (refused.value.reason, refused.value.retry_after, len(relay.paths)) == ("streams_per_client", 3600, 1)


@pytest.mark.parametrize("call", CALLS)
def test_who_always_says_429_is_asked_a_few_times_only(relay: Relay, call: str) -> None:
    relay.answer = lambda handler: handler.respond(429, {"error": "no", "reason": "room_rate"}, Retry_After="0")
    with pytest.raises(signalbox.Error) as refused:
        calls(relay)[call]()
    assert (refused.value.status, refused.value.retry_after) == (429, 0)
    asked = [path for path in relay.paths if not path.endswith("/listening")]
    assert len(asked) == signalbox.ATTEMPTS


def test_a_refusal_for_good_is_not_asked_again(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(403, {"error": "\x1b[31mno\n" * 99, "reason": 7})
    for call in ("send", "stream", "history", "inbox"):
        relay.paths.clear()
        with pytest.raises(signalbox.Error) as refused:
            calls(relay)[call]()
        assert (refused.value.status, refused.value.reason, len(relay.paths)) == (403, None, 1)
        # What is printed of it can neither colour a terminal nor fill it.
        assert refused.value.what.isprintable() and len(refused.value.what) < 400


def test_a_burst_above_the_relays_real_limits_gets_through(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "3", "ROOM_RL_REFILL_PER_SEC": "2"})
    room = signalbox.Room.create(server.url)
    started = time.monotonic()
    for n in range(6):
        room.send(str(n))
    assert [message.text for message in room.history()] == list("012345")
    assert time.monotonic() - started >= 1
    assert server.metrics()["http_429"] >= 1
