"""The Python client before a relay that is broken or means it ill: any answer ends in time, by the one error."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from false_relay import CALLS, Handler, Relay, calls, quick, relay  # noqa: F401
from sdk import signalbox


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_no_json_object_is_an_error_of_ours(relay: Relay, call: str) -> None:
    for body in (b"", b"<html>", b"[1]", b"7", b"null", b'{"a":', b"\xff", b"[" * 100_000, b'{"a":' * 100_000):
        relay.answer = lambda handler, body=body: handler.respond(200, body)
        with pytest.raises(signalbox.Error) as failed:
            calls(relay)[call]()
        assert failed.value.reason == "bad_answer", (body[:9], failed.value)


JUNK = [None, True, 7, -1, 2**70, 1.5, "x", "", [], [None], {}, {"a": 1}, "A" * 44, [{"seq": 1}], [{"seq": "1"}]]


@pytest.mark.parametrize("call", [call for call in CALLS if call not in ("stream", "inbox")])
def test_an_answer_with_anything_in_any_field_is_taken_or_an_error_of_ours(relay: Relay, call: str) -> None:
    fields = (
        "messages seq id message claim_id empty box_pub sign_pub handle agents next_cursor profile last_seq exists"
    ).split()
    good = {
        "messages": [{"seq": 5}], "seq": 5, "id": "x", "claim_id": "c", "message": {"seq": 5}, "handle": "bob",
        "agents": [{"handle": "x"}], "profile": {}, "box_pub": "A" * 43 + "=", "sign_pub": "A" * 43 + "=",
    }  # fmt: skip
    answers: list[Any] = [good | {name: value} for name in fields for value in JUNK]
    envelope_fields = (
        "sender ciphertext nonce ts id reply_to sender_verified sender_eph_pub from_handle from_verified"
    ).split()
    for name in envelope_fields:
        for value in JUNK:
            raw = {"seq": 5, "sender": "@bob", "sender_verified": True, name: value}
            answers.append(good | {"messages": [raw], "message": raw, "agents": [raw], "profile": raw})
    doing = calls(relay)[call]
    for answer in answers:
        relay.answer = lambda handler, answer=answer: handler.respond(200, answer)
        try:
            doing()
        except signalbox.Error:
            pass
        signalbox._pins.clear()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_followed_nowhere(relay: Relay, call: str, status: int) -> None:
    with Relay() as elsewhere:
        relay.answer = lambda handler: handler.respond(status, Location=f"{elsewhere.url}{handler.path}")
        with pytest.raises(signalbox.Error) as failed:
            calls(relay)[call]()
        assert (failed.value.status, failed.value.reason) == (status, "redirected")
        assert elsewhere.url.removeprefix("http://") in failed.value.what
        assert elsewhere.paths == []
        elsewhere.shutdown()


# Answers without end


def test_an_answer_that_drips_is_left_in_time(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "REQUEST_TIMEOUT", 0.4)
    monkeypatch.setattr(signalbox, "PATIENCE", 0.1)

    def drip_head(handler: Handler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def drip_body(handler: Handler) -> None:
        handler.respond(200, Content_Length="100000")
        for _ in range(1_000):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    for relay.answer in (drip_head, drip_body):
        started = time.monotonic()
        with pytest.raises(signalbox.Error) as failed:
            signalbox.Room.create(relay.url).history()
        assert failed.value.reason == "unreachable" and time.monotonic() - started < 2


def test_an_answer_that_is_too_large_is_not_read_to_its_end(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "ANSWER_MAX", 100_000)
    relay.answer = lambda handler: handler.respond(200, b'{"a":"' + b"x" * 3_000_000 + b'"}')
    with pytest.raises(signalbox.Error, match="answer of more than"):
        signalbox.Room.create(relay.url).history()


def test_half_an_answer_is_none(relay: Relay) -> None:
    def half(handler: Handler) -> None:
        handler.respond(200, b'{"messages":[]}', Content_Length="50")
        handler.close_connection = True

    relay.answer = half
    with pytest.raises(signalbox.Error) as failed:
        signalbox.Room.create(relay.url).history()
    assert failed.value.reason == "unreachable" and len(relay.paths) == signalbox.ATTEMPTS


def test_a_courtesy_that_hangs_holds_nobody_up(relay: Relay) -> None:
    """Who polls says so first; a relay that never answers that is still asked for messages."""
    asked = threading.Event()

    def hang(handler: Handler) -> None:
        if handler.path.endswith("/listening"):
            asked.wait(60)
        else:
            asked.set()
            handler.respond(200, {"messages": []})

    relay.answer = hang
    assert signalbox.Room.create(relay.url).poll(timeout=0) == []
    assert relay.paths[1].startswith(relay.paths[0].removesuffix("listening") + "wait?")


def test_a_transcript_that_never_moves_on_ends(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(200, {"messages": [{"seq": 3}, {"seq": 2}, {"seq": 2.5}]})
    room = signalbox.Room.create(relay.url)
    assert [message.seq for message in room.history()] == [2, 3]
    assert room.poll(after=3, timeout=0.3) == []
