"""POST /api/rooms/:id/messages: what is a message, and what becomes of everything else."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest

from raw_websocket import RawWebSocket
from relay_client import Room, SseStream, WebSocketStream
from server import Server
from wire import GOOD, NONCE, assert_refused, good, new_room, post, post_well, transcript

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
YEAR_AND_A_DAY_MS = 366 * 24 * 3600 * 1000


def test_an_acknowledgement_has_exactly_ok_id_and_seq(shared_server: Server) -> None:
    before = time.time() * 1000
    response = post(shared_server, GOOD)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"ok", "id", "seq"}
    assert body["ok"] is True
    assert UUID.fullmatch(body["id"])
    assert before - 1000 <= body["seq"] <= time.time() * 1000 + 1000, "a room's seq starts at the clock, in ms"


def test_a_message_has_exactly_the_fields_of_the_protocol(shared_server: Server) -> None:
    room = new_room()
    acknowledgement = post(shared_server, good(sender="bot"), room).json()
    (message,) = transcript(shared_server, room)["messages"]
    assert set(message) == {"seq", "id", "sender", "sender_verified", "ciphertext", "nonce", "ts"}, "no _bytes"
    assert (message["seq"], message["id"]) == (acknowledgement["seq"], acknowledgement["id"])
    assert (message["sender"], message["sender_verified"]) == ("bot", False)
    assert (message["ciphertext"], message["nonce"]) == (GOOD["ciphertext"], GOOD["nonce"])
    assert abs(message["ts"] - time.time() * 1000) < 10_000


def test_no_internal_field_leaks_on_any_transport(shared_server: Server) -> None:
    room = Room(shared_server.url)
    sse, socket = SseStream(room), WebSocketStream(room)
    for stream in (sse, socket):
        stream.wait_for_type("ready")
    room.send("x", ttl_ms=60_000, reply_to="12345678")
    fields = {"seq", "id", "sender", "sender_verified", "ciphertext", "nonce", "ts", "ttl_ms", "reply_to"}
    for stream in (sse, socket):
        assert set(stream.wait_for_type("message")) == fields | {"type"}
        stream.close()
    assert set(room.wait(timeout=1)["messages"][0]) == fields
    assert set(room.transcript()["messages"][0]) == fields


def test_seqs_of_a_room_follow_each_other(shared_server: Server) -> None:
    room = new_room()
    seqs = [post_well(shared_server, room) for _ in range(5)]
    assert seqs == list(range(seqs[0], seqs[0] + 5))


GOOD_BASE64 = {
    "standard alphabet": base64.b64encode(b"\xfb\xff\xfe\xfb\xff\xfe").decode(),
    "url-safe alphabet": base64.urlsafe_b64encode(b"\xfb\xff\xfe\xfb\xff\xfe").decode(),
    "both alphabets": "+_-/",
    "one byte, two pads": "QQ==",
    "two bytes, one pad": "QUI=",
    "url-safe with pads": "_w==",
}
BAD_BASE64 = {
    "empty": "",
    "padding missing": "QQ",
    "half of the padding missing": "QQ=",
    "too much padding": "QUJD=",
    "padding alone": "==",
    "trailing bits that are not zero": "QR==",
    "trailing bits that are not zero, one pad": "QUJ=",
    "a length that can't be": "QUJDR",
    "a space inside": "QU JD",
    "a space in front": " QUJD",
    "a newline at the end": "QUJD\n",
    "padding inside": "QQ==QUJD",
    "letters outside the alphabet": "!!!!",
    "letters outside ASCII": "QUJÖ",
    "a zero byte": "QUJD\0",
}


@pytest.mark.parametrize("text", GOOD_BASE64.values(), ids=GOOD_BASE64)
def test_canonical_base64_is_relayed_as_it_was_sent(shared_server: Server, text: str) -> None:
    room = new_room()
    post_well(shared_server, room, ciphertext=text)
    assert transcript(shared_server, room)["messages"][0]["ciphertext"] == text


@pytest.mark.parametrize("text", BAD_BASE64.values(), ids=BAD_BASE64)
def test_base64_that_is_not_canonical_is_refused(shared_server: Server, text: str) -> None:
    assert_refused(post(shared_server, good(ciphertext=text)), 400, "bad message")


@pytest.mark.parametrize("size", [0, 1, 23, 25, 32, 48])
def test_a_nonce_that_is_not_24_bytes_is_refused(shared_server: Server, size: int) -> None:
    assert_refused(post(shared_server, good(nonce=base64.b64encode(bytes(size)).decode())), 400, "bad message")


def test_a_url_safe_nonce_is_good(shared_server: Server) -> None:
    post_well(shared_server, new_room(), nonce=base64.urlsafe_b64encode(b"\xff" * 24).decode())


def test_the_ciphertext_ceiling_is_128_kib_of_base64(shared_server: Server) -> None:
    room = new_room()
    post_well(shared_server, room, ciphertext="A" * 131_072)
    assert_refused(post(shared_server, good(ciphertext="A" * 131_076), room), 400, "bad message")
    assert len(transcript(shared_server, room)["messages"]) == 1


WRONG_TYPES: list[Any] = [None, 17, 1.5, True, [], ["QUJD"], {}, {"a": 1}]


@pytest.mark.parametrize("field", ["ciphertext", "nonce"])
@pytest.mark.parametrize("value", WRONG_TYPES, ids=repr)
def test_a_wrong_type_in_a_needed_field_is_refused(shared_server: Server, field: str, value: Any) -> None:
    assert_refused(post(shared_server, good(**{field: value})), 400, "bad message")


@pytest.mark.parametrize("field", ["ciphertext", "nonce"])
def test_a_missing_field_is_refused(shared_server: Server, field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    assert_refused(post(shared_server, body), 400, "bad message")


def test_fields_that_nobody_knows_are_passed_over(shared_server: Server) -> None:
    room = new_room()
    post_well(shared_server, room, color="red", type="presence", seq=1, _bytes=5, id="mine", ts=0)
    (message,) = transcript(shared_server, room)["messages"]
    assert set(message) == {"seq", "id", "sender", "sender_verified", "ciphertext", "nonce", "ts"}
    assert message["seq"] != 1 and message["id"] != "mine"


# 64 UTF-16 units at most, as the clients count: an emoji is two.
GOOD_SENDERS = {
    "64 letters": "a" * 64,
    "32 emoji": "🦊" * 32,
    "64 umlauts": "ä" * 64,
    "quotes and backslashes": 'a"b\\c/d',
    "markup": "</script><b>&amp;",
    "control characters": "a\u0000b\u001fc\nd\te",
    "line separators": "a\u2028b\u2029c",
    "combining marks and direction": "e\u0301\u202eabc",
    "the last code point": "\U0010ffff",
}


@pytest.mark.parametrize("sender", GOOD_SENDERS.values(), ids=GOOD_SENDERS)
def test_a_sender_arrives_on_every_transport_as_it_was_sent(shared_server: Server, sender: str) -> None:
    room = Room(shared_server.url)
    sse, socket = SseStream(room), WebSocketStream(room)
    for stream in (sse, socket):
        stream.wait_for_type("ready")
    room.send("x", sender=sender)
    for stream in (sse, socket):
        assert stream.wait_for_type("message")["sender"] == sender
        stream.close()
    assert room.wait(timeout=1)["messages"][0]["sender"] == sender
    assert room.transcript()["messages"][0]["sender"] == sender


BAD_SENDERS: dict[str, Any] = {
    "65 letters": "a" * 65,
    "33 emoji": "🦊" * 33,
    "a number": 5,
    "zero": 0,
    "false": False,
    "a list": ["a"],
    "an object": {},
}


@pytest.mark.parametrize("sender", BAD_SENDERS.values(), ids=BAD_SENDERS)
def test_a_sender_that_is_too_long_or_no_string_is_refused(shared_server: Server, sender: Any) -> None:
    assert_refused(post(shared_server, good(sender=sender)), 400, "bad message")


@pytest.mark.parametrize("fields", [{}, {"sender": ""}, {"sender": None}], ids=["absent", "empty", "null"])
def test_without_a_sender_http_says_agent_and_a_websocket_user(shared_server: Server, fields: dict[str, Any]) -> None:
    room = Room(shared_server.url)
    socket = WebSocketStream(room)
    room.send("over http", **fields)
    socket.wait_for_type("message")
    socket.send(room.seal("over the socket", **fields))
    socket.wait_for(lambda event: event["type"] == "message" and event["sender"] == "user", "message of user")
    assert [message["sender"] for message in socket.messages] == ["agent", "user"]
    socket.close()


@pytest.mark.parametrize("reply_to", ["12345678", "a" * 64, "AZaz09_-", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_a_reply_names_the_message_it_answers(shared_server: Server, reply_to: str) -> None:
    room = new_room()
    post_well(shared_server, room, reply_to=reply_to)
    assert transcript(shared_server, room)["messages"][0]["reply_to"] == reply_to


@pytest.mark.parametrize("reply_to", ["", "1234567", "a" * 65, "with space", "sla/sh/es", "ümlauts1", 12345678, [], {}])
def test_a_reply_to_something_impossible_is_refused(shared_server: Server, reply_to: Any) -> None:
    assert_refused(post(shared_server, good(reply_to=reply_to)), 400, "bad message")


@pytest.mark.parametrize("ttl", [30_000, 60_000, YEAR_AND_A_DAY_MS])
def test_a_time_to_live_is_told_to_readers(shared_server: Server, ttl: int) -> None:
    room = new_room()
    post_well(shared_server, room, ttl_ms=ttl)
    assert transcript(shared_server, room)["messages"][0]["ttl_ms"] == ttl


def test_a_time_to_live_may_have_a_fraction(shared_server: Server) -> None:
    room = new_room()
    post_well(shared_server, room, ttl_ms=30_000.5)
    assert 30_000 <= transcript(shared_server, room)["messages"][0]["ttl_ms"] <= 30_001


@pytest.mark.parametrize("ttl", [0, 0.0, None])
def test_no_time_to_live_means_no_field(shared_server: Server, ttl: Any) -> None:
    room = new_room()
    post_well(shared_server, room, ttl_ms=ttl, reply_to=None)
    (message,) = transcript(shared_server, room)["messages"]
    assert "ttl_ms" not in message and "reply_to" not in message


@pytest.mark.parametrize("ttl", [1, 29_999, 29_999.5, -1, -30_000, YEAR_AND_A_DAY_MS + 1, 1e300, "60000", "", True, [], {}])
def test_an_impossible_time_to_live_is_refused(shared_server: Server, ttl: Any) -> None:
    assert_refused(post(shared_server, good(ttl_ms=ttl)), 400, "bad message")


def test_a_number_that_overflows_is_refused_not_fatal(shared_server: Server) -> None:
    for number in (b"1e400", b"-1e400", b"9" * 400, b"0." + b"9" * 400 + b"e99999"):
        body = json.dumps(good(ttl_ms=0)).encode().replace(b'"ttl_ms": 0', b'"ttl_ms": ' + number)
        assert post(shared_server, body).status_code == 400


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])
def test_a_body_without_a_json_content_type_counts_as_empty(shared_server: Server, kind: str | None) -> None:
    response = shared_server.post(
        f"/api/rooms/{new_room()}/messages", data=json.dumps(GOOD).encode(), headers={"Content-Type": kind}
    )
    assert_refused(response, 400, "bad message")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_is_known_by_its_content_type_however_it_is_written(shared_server: Server, kind: str) -> None:
    response = shared_server.post(
        f"/api/rooms/{new_room()}/messages", data=json.dumps(GOOD).encode(), headers={"Content-Type": kind}
    )
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[1]", b'[{"ciphertext":"QUJD"}]'])
def test_json_that_is_no_message_is_a_bad_message(shared_server: Server, body: bytes) -> None:
    assert_refused(post(shared_server, body), 400, "bad message")


MALFORMED = {
    "a brace": b"{",
    "a word": b"hello",
    "single quotes": b"{'a':1}",
    "a trailing comma": b'{"a":1,}',
    "two values": b"{}{}",
    "an open string": b'{"a":"b',
    "a lone value": b'"text"',
    "null": b"null",
    "a comment": b"/* */{}",
    "not a number": b'{"a":NaN}',
    "a raw newline in a string": b'{"a":"b\nc"}',
    "a bad escape": b'{"a":"\\x41"}',
    "HTML": b"<html></html>",
    "zero bytes": b"\0\0\0\0",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json_is_answered_with_json(shared_server: Server, body: bytes) -> None:
    response = post(shared_server, body)
    refusal = assert_refused(response, 400)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "/" not in refusal.get("detail", ""), "no path of a source file in what a client reads"


def test_a_deeply_nested_body_is_refused_not_fatal(shared_server: Server) -> None:
    for depth in (1_000, 90_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            levels = min(depth, 180_000 // len(opening + closing))
            nested = opening * levels + b"1" + closing * levels
            body = b'{"ciphertext":' + nested + b',"nonce":"' + NONCE.encode() + b'"}'
            assert post(shared_server, body).status_code == 400
            assert post(shared_server, opening * levels).status_code == 400


def test_strings_that_are_no_unicode_neither_crash_nor_break_the_room(shared_server: Server) -> None:
    room = Room(shared_server.url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    good_start = json.dumps(GOOD)[:-1].encode()
    for sender in (b'"\\ud800"', b'"\\udc00x"', b'"\\ud83d\\u0041"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\xaf"'):
        response = post(shared_server, good_start + b',"sender":' + sender + b"}", room.id)
        assert response.status_code in (200, 400)
    # The stream decodes strictly: a broken byte in it would have ended this reader.
    acknowledgement = room.send("still here")
    stream.wait_for(lambda event: event.get("id") == acknowledgement["id"], "message after the odd ones")
    stream.close()


def padded_to(size: int) -> bytes:
    body = json.dumps(good(pad="")).encode()
    return body.replace(b'"pad": ""', b'"pad": "' + b"x" * (size - len(body)) + b'"')


def test_a_body_of_192_kb_is_read_and_one_byte_more_is_too_large(shared_server: Server) -> None:
    limit = 192 * 1024
    assert post(shared_server, padded_to(limit)).status_code == 200
    assert_refused(post(shared_server, padded_to(limit + 1)), 413)


def test_a_chunked_body_has_the_same_ceiling(shared_server: Server) -> None:
    def chunks(size: int) -> Any:
        body = padded_to(size)
        return (body[start : start + 10_000] for start in range(0, size, 10_000))

    path = f"/api/rooms/{new_room()}/messages"
    headers = {"Content-Type": "application/json"}
    limit = 192 * 1024
    assert shared_server.post(path, data=chunks(limit), headers=headers).status_code == 200
    assert_refused(shared_server.post(path, data=chunks(limit + 1), headers=headers), 413)


def test_what_http_refuses_a_websocket_does_not_relay_either(shared_server: Server) -> None:
    room = new_room()
    bad: list[Any] = [good(ciphertext=text) for text in BAD_BASE64.values()]
    bad += [good(sender=sender) for sender in BAD_SENDERS.values()]
    bad += [good(nonce="QUJD"), good(reply_to="short"), good(ttl_ms=5), good(ciphertext="A" * 131_076)]
    bad += [{}, [], [GOOD], "text", 5, None, {"type": "message"}, {"type": 5}]
    with RawWebSocket(shared_server.port, room) as socket:
        for body in bad:
            socket.send_json(body)
        socket.send_json(good(sender="the good one"))
        assert socket.receive_event("message")["sender"] == "the good one"
    assert len(transcript(shared_server, room)["messages"]) == 1
