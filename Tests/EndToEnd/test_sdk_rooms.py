"""The Python client's rooms: their links, and messages that clients of the original's format read and write."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from nacl.secret import SecretBox

import relay_client
from sdk import key_of, member_of, signalbox, take
from server import Server


@pytest.fixture
def room(shared_server: Server) -> Iterator[signalbox.Room]:
    with signalbox.Room.create(shared_server.url, name="worker") as room:
        yield room


# Links


def test_a_new_rooms_link_is_all_a_member_needs(room: signalbox.Room) -> None:
    parts = urlsplit(room.link)
    assert parts.path == f"/room/{room.id}" and len(base64.urlsafe_b64decode(room.id + "==")) == 16
    assert len(key_of(room)) == 32 and "=" not in parts.fragment.removeprefix("k=")
    with signalbox.Room(room.link) as other:
        assert (other.id, other.link, other.origin) == (room.id, room.link, room.origin)
        sent = other.send("hello")
    assert [message.text for message in room.history()] == [sent.text] == ["hello"]


@pytest.mark.parametrize("form", ["{url}", "{url}=", "{plain}", "{plain}=", "{escaped}", "{url}&signed=1"])
def test_a_key_may_be_written_in_either_base64(form: str) -> None:
    key = bytes(range(224, 256))  # has characters in which the two differ
    url, plain = base64.urlsafe_b64encode(key).decode()[:-1], base64.b64encode(key).decode()[:-1]
    assert url != plain
    text = form.format(url=url, plain=plain, escaped=plain.replace("/", "%2F").replace("+", "%2B") + "%3D")
    assert key_of(signalbox.Room(f"https://relay.example/room/abcd#k={text}")) == key


@pytest.mark.parametrize(
    "link",
    [
        "https://relay.example/room/abcd",
        "https://relay.example/room/abcd#k=",
        "https://relay.example/room/abcd#k=c2hvcnQ",
        "https://relay.example/room/abcd#k=SECRET!" + "A" * 40,
        "https://relay.example/room/abc#k=" + "A" * 43,
        "https://relay.example/room/a%2Fbcd#k=" + "A" * 43,
        "https://relay.example/else/abcd#k=" + "A" * 43,
        "https://name@relay.example/room/abcd#k=" + "A" * 43,
        "ftp://relay.example/room/abcd#k=" + "A" * 43,
        "relay.example/room/abcd#k=" + "A" * 43,
    ],
)
def test_a_link_that_is_none_is_refused_without_quoting_a_key(link: str) -> None:
    with pytest.raises(ValueError) as refused:
        signalbox.Room(link)
    key = link.partition("k=")[2]
    assert not key or key not in str(refused.value)


def test_a_key_is_in_no_repr(room: signalbox.Room) -> None:
    assert room.link.partition("k=")[2] not in repr(room) + str(room)


# Both ways between this client and the original's format

TEXTS = ["hello", "", "žluťoučký 🐎", "line\nline", "x" * 98_288, '{"a":1}']


@pytest.mark.parametrize("text", TEXTS, ids=["plain", "empty", "unicode", "lines", "longest", "json"])
def test_clients_of_the_original_read_what_is_sent_and_are_read(room: signalbox.Room, text: str) -> None:
    member = member_of(room)
    sent = room.send(text)
    (raw,) = member.transcript()["messages"]
    assert member.open(raw) == text
    assert (raw["seq"], raw["id"], raw["sender"], raw["sender_verified"]) == (sent.seq, sent.id, "worker", False)
    assert (sent.sender, sent.text, sent.own, sent.readable, sent.verified) == ("worker", text, True, True, None)
    answer = member.send(text, sender="bob", reply_to=sent.id)
    (message,) = room.history(after=sent.seq)
    assert (message.seq, message.id, message.sender, message.text) == (answer["seq"], answer["id"], "bob", text)
    assert (message.reply_to, message.readable, message.own) == (sent.id, True, False)
    assert abs(message.ts - time.time()) < 60


def test_what_is_too_long_is_not_sent(room: signalbox.Room) -> None:
    with pytest.raises(ValueError, match="too long"):
        room.send("x" * 98_289)
    with pytest.raises(ValueError):
        room.send(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        room.send({"a": float("nan")})
    with pytest.raises(ValueError):
        signalbox.Room(room.link, name="x" * 65)
    assert room.history() == []


def test_objects_travel_as_json(room: signalbox.Room) -> None:
    room.send({"task": "sum", "of": [1, 2], "who": "ž"})
    room.send([1, {"a": None}])
    texts = [member_of(room).open(raw) for raw in member_of(room).transcript()["messages"]]
    assert [json.loads(text) for text in texts] == [{"task": "sum", "of": [1, 2], "who": "ž"}, [1, {"a": None}]]
    for text in ("7", "null", '"a"', "hello", "{broken", "[" * 90_000):
        room.send(text)
    found = [message.data for message in room.history()]
    assert found == [{"task": "sum", "of": [1, 2], "who": "ž"}, [1, {"a": None}], *[None] * 6]


def test_a_reply_and_a_lifetime_reach_the_relay(room: signalbox.Room) -> None:
    first = room.send("question", ttl=30)
    second = room.send("answer", reply_to=first, ttl=3600.5)
    raws = member_of(room).transcript()["messages"]
    assert [raw["ttl_ms"] for raw in raws] == [30_000, 3_600_500]
    assert raws[1]["reply_to"] == first.id == second.reply_to
    for wrong in ({"ttl": 29}, {"ttl": 31_622_401}, {"reply_to": "short"}, {"reply_to": "with a space"}):
        with pytest.raises(ValueError):
            room.send("x", **wrong)  # type: ignore[arg-type]


def test_what_is_sealed_with_another_key_is_not_readable_and_stops_nobody(room: signalbox.Room) -> None:
    stranger = relay_client.Room(room.origin, room.id)
    seqs = [stranger.send("secret", sender="eve")["seq"], member_of(room).send("clear")["seq"]]
    # The same twice is two messages as far as one who can't read them knows.
    junk = {"ciphertext": base64.b64encode(b"hello").decode(), "nonce": base64.b64encode(bytes(24)).decode()}
    for _ in range(2):
        seqs.append(stranger.post("", **junk).json()["seq"])
    not_utf8 = SecretBox(key_of(room)).encrypt(b"\xff\xfe")
    bytes_only = {name: base64.b64encode(getattr(not_utf8, name)).decode() for name in ("ciphertext", "nonce")}
    seqs.append(stranger.post("", **bytes_only).json()["seq"])
    for messages in (room.history(), take(room.stream(), 5), room.poll()):
        assert [message.seq for message in messages] == seqs
        assert [message.readable for message in messages] == [False, True, False, False, False]
        assert [message.text for message in messages] == ["", "clear", "", "", ""]
        assert messages[0].sender == "eve" and messages[0].data is None
