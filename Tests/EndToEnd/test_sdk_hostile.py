"""The Python client before relays that are broken or mean it ill, and before limits: bounded, by its one error."""

from __future__ import annotations

import base64
import email.utils
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

import profiles
from agent import Agent, registered
from conftest import ServerFactory
from server import OPEN_LIMITS, Server
from test_sdk import member_of, signalbox, take
from test_sdk_agents import twin

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Relay

    def respond(self, status: int, body: Any = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def stream(self, *parts: bytes) -> None:
        """Starts an event stream that ends with the connection."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in parts:
            self.wfile.write(part)

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.paths.append(self.path)
        self.server.times.append(time.monotonic())
        try:
            self.server.answer(self)
        except OSError:
            self.close_connection = True  # the client had enough

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_: Any) -> None:
        pass


class Relay(ThreadingHTTPServer):
    """A relay that answers what it likes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths: list[str] = []
        self.times: list[float] = []
        self.answer: Answer = lambda handler: handler.respond(404, {"error": "no"})
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay
        relay.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LONGEST_DELAY", 0.02)
    monkeypatch.setattr(signalbox, "RETRY_DELAY", 0.02)


def agent_at(url: str, handle: str = "ann") -> Any:
    keys = Agent(url, handle)
    return signalbox.Agent(url, handle, keys.box_key, keys.sign_key)


def calls(relay: Relay) -> dict[str, Callable[[], Any]]:
    """Everything the client can ask."""
    agent = agent_at(relay.url)
    room = signalbox.Room.create(relay.url, agent=agent)
    message = signalbox.Message(1, "id", "x", "x", None, 0, None, None, True, claim_id="c")
    dm = signalbox.DirectMessage(1, "id/../id", None, "", None, 0, None, True)
    return {
        "send": lambda: room.send("x"),
        "stream": lambda: next(room.stream()),
        "poll": lambda: room.poll(timeout=0.1),
        "history": lambda: room.history(),
        "claim": lambda: room.claim(timeout=0.1),
        "ack": lambda: room.ack(message),
        "register": lambda: agent.register(),
        "dm": lambda: agent.send("bob", "x"),
        "inbox": lambda: next(agent.inbox()),
        "inbox ack": lambda: agent.ack(dm),
        "publish": lambda: agent.publish(),
        "unpublish": lambda: agent.unpublish(),
        "agents": lambda: signalbox.agents(relay.url),
    }


CALLS = [
    "send", "stream", "poll", "history", "claim", "ack", "register", "dm", "inbox", "inbox ack", "publish",
    "unpublish", "agents",
]  # fmt: skip


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
        "sender ciphertext nonce ts id reply_to sender_verified sender_sig sender_eph_pub from_handle from_verified"
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


# Streams


def event(room: Any, seq: Any, text: str = "x", **fields: Any) -> bytes:
    body = {"type": "message", "seq": seq, **member_of(room).seal(text), **fields}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def test_good_messages_are_found_among_anything_else(relay: Relay) -> None:
    room = signalbox.Room.create(relay.url)
    junk = [
        b"data: <html>\n\n", b"data: 7\n\n", b"data: []\n\n", b'data: {"type":7}\n\n', b"data:\n\n",
        b"\n\n", b": hm\n\n",
        b"\xff\xfe: x\n\n", b"data: " + b"[" * 50_000 + b"\n\n", b"retry: 99999999999999999999\n\n", b"retry: -1\n",
        event(room, None), event(room, "7"), event(room, True), event(room, 2**70), event(room, -5),
        b'data: {"type":"message","seq":1}\n\n', b"event: message\nid: 5\nnonsense\n\n",
    ]  # fmt: skip
    parts = [part for n in range(len(junk)) for part in (junk[n], event(room, n + 2, str(n)))]
    parts.append(b'data: {"type":"message",\ndata:  "seq":99}\n\n')
    parts.append(event(room, 100, "crlf").replace(b"\n", b"\r\n"))
    relay.answer = lambda handler: handler.stream(*parts)
    messages = take(room.stream(), len(junk) + 2)
    # One message is of two lines; it was sealed by nobody.
    assert [message.seq for message in messages] == [*range(2, len(junk) + 2), 99, 100]
    assert [message.text for message in messages] == [*map(str, range(len(junk))), "", "crlf"]


def test_numbers_that_go_back_are_not_heard_twice(relay: Relay) -> None:
    room = signalbox.Room.create(relay.url)
    relay.answer = lambda handler: handler.stream(*(event(room, seq, str(seq)) for seq in (5, 5, 4, 6, 1, 7)))
    assert [message.seq for message in take(room.stream(), 3)] == [5, 6, 7]


def test_a_line_without_end_is_cut_off_and_given_up(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LINE_MAX", 100_000)
    written: list[int] = []

    def endless(handler: Handler) -> None:
        handler.stream(b'data: {"type":"ready"}\n\ndata: ')
        for n in range(1_000):
            handler.wfile.write(b"x" * 10_000)
            written.append(n)

    relay.answer = endless
    with pytest.raises(signalbox.Error, match="line of more than") as failed:
        next(signalbox.Room.create(relay.url).stream())
    assert failed.value.reason == "bad_answer" and len(relay.paths) == signalbox.ATTEMPTS
    assert len(written) < 3_000, "all of it was read"


def test_an_event_without_end_is_cut_off_too(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LINE_MAX", 100_000)
    relay.answer = lambda handler: handler.stream(*[b"data: " + b"x" * 10_000 + b"\n"] * 500)
    with pytest.raises(signalbox.Error, match="event without end"):
        next(signalbox.Room.create(relay.url).stream())


def test_a_page_instead_of_a_stream_is_given_up(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(200, b"data: x\n\n", Content_Type="text/html")
    with pytest.raises(signalbox.Error) as failed:
        next(signalbox.Room.create(relay.url).stream())
    assert failed.value.reason == "bad_answer" and len(relay.paths) == signalbox.ATTEMPTS


def test_a_silent_stream_is_left_for_a_new_one(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "STREAM_TIMEOUT", 0.3)
    room = signalbox.Room.create(relay.url)

    def silent(handler: Handler) -> None:
        handler.stream(event(room, 10 * len(relay.paths)))
        time.sleep(30)

    relay.answer = silent
    assert [message.seq for message in take(room.stream(), 3)] == [10, 20, 30]
    assert [path.partition("after=")[2] for path in relay.paths] == ["", "10", "20"]


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


def test_a_transcript_that_never_moves_on_ends(relay: Relay) -> None:
    relay.answer = lambda handler: handler.respond(200, {"messages": [{"seq": 3}, {"seq": 2}, {"seq": 2.5}]})
    room = signalbox.Room.create(relay.url)
    assert [message.seq for message in room.history()] == [2, 3]
    assert room.poll(after=3, timeout=0.3) == []


# Limits


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


# Whose word


def test_a_key_that_changes_within_a_process_is_an_error(relay: Relay) -> None:
    def identity(handler: Handler) -> None:
        if handler.path.startswith("/api/identity/"):
            keys = Agent(relay.url, "bob")
            handler.respond(200, {"handle": "bob", "box_pub": keys.box_pub, "sign_pub": keys.sign_pub})
        else:
            handler.respond(200, {"ok": True, "id": "x", "seq": 7})

    relay.answer = identity
    agent_at(relay.url).send("bob", "x")
    with pytest.raises(signalbox.Error) as refused:
        agent_at(relay.url).send("bob", "x")
    assert refused.value.reason == "key_changed"
    with pytest.raises(signalbox.Error, match="no keys of @carl"):
        agent_at(relay.url).send("carl", "x")


def test_a_proof_that_comes_along_must_be_good(relay: Relay) -> None:
    """A relay keeps proofs to itself; what one says without them is its word, what it says with them is checked."""
    bob, eve = Agent(relay.url, "bob"), Agent(relay.url, "eve")
    room, ann = signalbox.Room.create(relay.url), agent_at(relay.url)
    body = member_of(room).seal("hello")
    good = bob.sign_message(room.id, body)
    stamp = {"sender": "@bob", "sender_verified": True, "id": "x"}
    raws = [
        {"seq": 1, **stamp, **body},
        {"seq": 2, **stamp, **good},
        {"seq": 3, **stamp, **eve.sign_message(room.id, body, sender_handle="bob")},
        {"seq": 4, **stamp, **bob.sign_message("another", body)},
        {"seq": 5, **stamp, **good, "sender_verified": False},
        {"seq": 6, **stamp, **good, "sender_verified": 1},
        {"seq": 7, **stamp, **good, "sender_sig": "?"},
        {"seq": 8, **stamp, **good, "sender": "bob"},
        {"seq": 9, **stamp, **body, "sender": "@../bob"},
    ]
    envelope = bob.seal(twin(ann), "hello")
    letters = [
        {"seq": 1, "id": "1", **envelope, "from_handle": "bob", "from_verified": True},
        {"seq": 2, "id": "2", **bob.sign_envelope("ann", envelope), "from_verified": True},
        {"seq": 3, "id": "3", **eve.sign_envelope("ann", envelope, from_handle="bob"), "from_verified": True},
        {"seq": 4, "id": "4", **bob.sign_envelope("ann", envelope), "from_verified": False},
    ]

    def answer(handler: Handler) -> None:
        if handler.path.startswith("/api/identity/bob"):
            handler.respond(200, {"handle": "bob", "box_pub": bob.box_pub, "sign_pub": bob.sign_pub})
        elif handler.path.startswith("/api/dm/"):
            handler.respond(200, {"messages": letters if handler.command == "GET" else []})
        else:
            handler.respond(200, {"messages": raws})

    relay.answer = answer
    told = [(message.verified, message.proven, message.text) for message in room.history()]
    assert told == [("bob", False, "hello"), ("bob", True, "hello"), *[(None, False, "hello")] * 7]
    told = [(letter.verified, letter.proven, letter.text) for letter in take(ann.inbox(), 4)]
    assert told == [("bob", False, "hello"), ("bob", True, "hello"), *[(None, False, "hello")] * 2]


def test_a_profile_that_was_changed_is_not_verified(relay: Relay, shared_server: Server) -> None:
    good = profiles.publish(registered(shared_server.url), summary="honest")
    other = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
    rows = [good, good | {"summary": "evil"}, good | {"sign_pub": other}, good | {"profile_sig": "?"}, {"handle": 7}, 7]
    relay.answer = lambda handler: handler.respond(200, {"agents": rows, "next_cursor": None})
    found = signalbox.agents(relay.url)
    assert [profile.verified for profile in found] == [True, False, False, False, False]
    signalbox._pins[relay.url, good["handle"]] = bytes(32)
    assert not signalbox.agents(relay.url)[0].verified


# https


def test_https_works_and_a_certificate_of_anybody_does_not(
    relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    relay.socket = context.wrap_socket(relay.socket, server_side=True)
    link = signalbox.Room.create(relay.url).link.replace("http:", "https:")
    room = signalbox.Room(link)

    def answer(handler: Handler) -> None:
        if "/events" in handler.path:
            handler.stream(event(room, 5, "over TLS"))
        else:
            handler.respond(200, {"ok": True, "id": "x", "seq": 7})

    relay.answer = answer
    with pytest.raises(signalbox.Error, match="certificate") as refused:
        room.send("x")
    assert refused.value.reason == "bad_answer" and relay.paths == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with signalbox.Room(link) as trusting:
        assert [trusting.send("x").seq for _ in range(2)] == [7, 7]
        assert take(trusting.stream(), 1)[0].text == "over TLS"
