"""Whose word the Python client takes: the relay's for senders, its own memory for keys, TLS for who the relay is."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

import profiles
from agent import Agent, registered
from certificates import self_signed
from false_relay import Handler, Relay, agent_at, event, quick, relay  # noqa: F401
from sdk import member_of, new_agent, signalbox, take, twin
from server import Server


def test_a_signed_message_is_verified_for_everybody_and_a_label_is_not(shared_server: Server) -> None:
    ann, bob = new_agent(shared_server), registered(shared_server.url)
    with signalbox.Room.create(ann.origin, name="label", agent=ann) as room:
        reader = signalbox.Room(room.link)
        sent = room.send("mine")
        assert (sent.sender, sent.verified) == (f"@{ann.handle}", ann.handle)
        member = member_of(room)
        member.post("", **bob.sign_message(room.id, member.seal("bob's", sender="somebody")))
        member.send("forged", sender=f"@{ann.handle}")
        member.send("forged", sender=f"@{ann.handle}", sender_verified=True)
        expected = [(f"@{ann.handle}", ann.handle), (f"@{bob.handle}", bob.handle), *[(f"@{ann.handle}", None)] * 2]
        for messages in (reader.history(), take(reader.stream(), 4), reader.poll()):
            assert [(message.sender, message.verified) for message in messages] == expected
        assert member.transcript()["messages"][0]["sender_verified"] is True


def test_an_agent_of_another_relay_is_not_let_into_a_room() -> None:
    with pytest.raises(ValueError, match="at home"):
        signalbox.Room.create("https://relay.example", agent=agent_at("https://other.example"))


@pytest.mark.parametrize("changed", ["sign_pub", "box_pub"])
def test_a_key_that_changes_within_a_process_is_an_error(relay: Relay, changed: str) -> None:
    record = {"handle": "bob", **{name: getattr(Agent(relay.url, "bob"), name) for name in ("sign_pub", "box_pub")}}

    def identity(handler: Handler) -> None:
        handler.respond(200, record if "/api/identity/" in handler.path else {"ok": True, "id": "x", "seq": 7})

    relay.answer = identity
    ann = agent_at(relay.url)
    ann.send("bob", "x")
    compared = ann.fingerprint("bob")
    record[changed] = getattr(Agent(relay.url, "bob"), changed)
    with pytest.raises(signalbox.Error) as refused:
        agent_at(relay.url).send("bob", "x")
    assert refused.value.reason == "key_changed"
    # In another process, which remembers nothing, people still see that it isn't what they compared.
    signalbox._pins.clear()
    assert ann.fingerprint("bob") != compared
    with pytest.raises(signalbox.Error, match="no keys of @carl"):
        agent_at(relay.url).send("carl", "x")


def test_only_what_the_relay_calls_verified_is_and_only_under_a_handle(relay: Relay) -> None:
    bob = Agent(relay.url, "bob")
    room, ann = signalbox.Room.create(relay.url), agent_at(relay.url)
    body = member_of(room).seal("hello")
    claims: list[tuple[Any, Any, str | None]] = [
        ("@bob", True, "bob"), ("@bob", False, None), ("@bob", 1, None), ("@bob", "true", None), ("@bob", None, None),
        ("bob", True, None), ("@../bob", True, None), ("@BOB", True, None), ("@bob ", True, None), (7, True, None),
    ]  # fmt: skip
    raws = [
        {"seq": n + 1, "id": str(n), **body, "sender": sender, "sender_verified": verified}
        for n, (sender, verified, _) in enumerate(claims)
    ]
    envelope = bob.seal(twin(ann), "hello")
    letters = [
        {"seq": n + 1, "id": str(n), **envelope, "from_handle": handle, "from_verified": verified}
        for n, (handle, verified) in enumerate([("bob", True), ("bob", False), ("bob", 1), ("../bob", True)])
    ]

    def answer(handler: Handler) -> None:
        if handler.path.startswith("/api/dm/"):
            handler.respond(200, {"messages": letters if handler.command == "GET" else []})
        else:
            handler.respond(200, {"messages": raws})

    relay.answer = answer
    assert [message.verified for message in room.history()] == [verified for *_, verified in claims]
    told = [(letter.sender, letter.verified) for letter in take(ann.inbox(), 4)]
    assert told == [("bob", "bob"), ("bob", None), ("bob", None), (None, None)]
    # Nobody's keys are asked for: there is no signature to check with them.
    assert not any("/api/identity/" in path for path in relay.paths)


def test_a_profile_that_was_changed_is_not_verified(relay: Relay, shared_server: Server) -> None:
    good = profiles.publish(registered(shared_server.url), summary="honest")
    other = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
    rows = [good, good | {"summary": "evil"}, good | {"sign_pub": other}, good | {"profile_sig": "?"}, {"handle": 7}, 7]
    relay.answer = lambda handler: handler.respond(200, {"agents": rows, "next_cursor": None})
    found = signalbox.agents(relay.url)
    assert [profile.verified for profile in found] == [True, False, False, False, False]
    signalbox._pins[relay.url, good["handle"]] = bytes(64)
    assert not signalbox.agents(relay.url)[0].verified


# https


def test_https_works_and_a_certificate_of_anybody_does_not(
    relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
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
