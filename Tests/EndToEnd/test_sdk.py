"""The Python client in rooms: every way to read, read and written by clients of the original's format."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import pytest
from nacl.secret import SecretBox

import relay_client
from server import REPOSITORY, Server, eventually

SDK = REPOSITORY / "Public/sdk/signalbox.py"
sys.path.append(str(SDK.parent))
import signalbox  # noqa: E402

WITHIN = 15.0


def key_of(room: signalbox.Room) -> bytes:
    text = urlsplit(room.link).fragment.removeprefix("k=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def member_of(room: signalbox.Room) -> relay_client.Room:
    """The same room for a client that shares no code with this one and writes as the original does."""
    member = relay_client.Room(room.origin, room.id)
    member._box = SecretBox(key_of(room))
    return member


def take(messages: Iterator[Any], count: int, within: float = WITHIN) -> list[Any]:
    """So many of them, however long they'd go on, and no longer than a test has time."""
    taken: Future[list[Any]] = Future()

    def run() -> None:
        try:
            taken.set_result(list(islice(messages, count)))
        except BaseException as failure:
            taken.set_exception(failure)

    # A daemon, so that a loop that yields too little fails a test instead of holding it up.
    threading.Thread(target=run, daemon=True).start()
    return taken.result(within)


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


# Three ways to read


def test_a_stream_yields_what_was_there_and_what_comes(room: signalbox.Room) -> None:
    member = member_of(room)
    member.send("before", sender="bob")
    stream = room.stream()
    assert take(stream, 1)[0].text == "before"
    with ThreadPoolExecutor() as pool:
        coming = pool.submit(next, stream)
        eventually(lambda: member.status()["participants"] == 1, "the stream open")
        assert not coming.done()
        member.send("after", sender="bob")
        assert coming.result(WITHIN).text == "after"


def test_a_stream_shows_the_name_of_its_listener(room: signalbox.Room) -> None:
    watcher = relay_client.SseStream(member_of(room))
    watcher.wait_for_type("ready")
    thread = threading.Thread(target=lambda: list(room.stream()), daemon=True)
    thread.start()
    watcher.wait_for(lambda event: "worker" in event.get("names", []), "the listener's name")
    room.close()
    thread.join(5)
    assert not thread.is_alive(), "the stream outlives its room"
    watcher.close()


def test_a_stream_goes_on_where_the_last_one_stopped_unless_told_otherwise(room: signalbox.Room) -> None:
    seqs = [member_of(room).send(str(n))["seq"] for n in range(6)]
    texts: list[str] = []
    for message in room.stream():
        texts.append(message.text)
        if len(texts) == 2:
            break
    texts += [message.text for message in take(room.stream(), 2)]
    assert texts == ["0", "1", "2", "3"]
    assert [message.text for message in take(room.stream(after=0), 6)] == list("012345")
    assert [message.text for message in take(room.stream(after=seqs[3]), 2)] == ["4", "5"]


def test_own_messages_are_left_out_by_object_and_not_by_name(room: signalbox.Room) -> None:
    with signalbox.Room(room.link, name="worker") as namesake:
        room.send("mine")
        namesake.send("namesake's")
        assert [message.text for message in take(room.stream(), 1)] == ["namesake's"]
        assert [message.text for message in room.poll()] == ["namesake's"]
        assert [message.text for message in take(room.stream(after=0, own=True), 2)] == ["mine", "namesake's"]
        assert [message.own for message in room.poll(own=True)] == [True, False]
        assert [message.own for message in room.history()] == [True, False]


def test_a_message_played_again_is_yielded_once(room: signalbox.Room) -> None:
    member = member_of(room)
    body = member.seal("pay 5")
    for _ in range(3):
        assert member.post("", **body).status_code == 200
    member.send("end")
    assert [message.text for message in take(room.stream(), 2)] == ["pay 5", "end"]
    assert len(room.history()) == 4  # what is there is shown as it is


def test_a_poll_waits_for_a_message_and_for_no_longer_than_it_was_told(room: signalbox.Room) -> None:
    started = time.monotonic()
    assert room.poll(timeout=1) == []  # of a room that nobody has opened
    assert 0.9 < time.monotonic() - started < 4
    last = room.send("mine").seq
    started = time.monotonic()
    assert room.poll(after=last, timeout=1) == []
    assert 0.9 < time.monotonic() - started < 4
    assert room.poll(after=0, timeout=0) == []
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(room.poll, 0, 30)
        time.sleep(0.5)
        room.send("mine too")
        time.sleep(0.3)
        assert not waiting.done()
        sent = member_of(room).send("at last")["seq"]
        assert [(message.seq, message.text) for message in waiting.result(WITHIN)] == [(sent, "at last")]


def test_a_poll_starts_before_its_room_does(room: signalbox.Room) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(room.poll, 0, 30)
        time.sleep(0.5)
        member_of(room).send("first")
        assert [message.text for message in waiting.result(WITHIN)] == ["first"]


def test_one_who_polls_is_seen_listening(room: signalbox.Room) -> None:
    watcher = relay_client.SseStream(member_of(room))
    watcher.wait_for_type("ready")
    room.poll(timeout=0)
    watcher.wait_for(lambda event: "worker" in json.dumps(event.get("participants", [])), "the poller's name")
    watcher.close()


def test_history_comes_by_pages_in_order(shared_server: Server, room: signalbox.Room) -> None:
    member = member_of(room)
    with relay_client.http_session() as http:
        seqs = [member.send(str(n), http)["seq"] for n in range(1_120)]
    for limit in (0, 1, 100, 500, 501, 1_119, 1_120, 5_000):
        found = room.history(limit=limit)
        assert [message.seq for message in found] == seqs[:limit], limit
    assert [message.text for message in room.history(after=seqs[600])] == [str(n) for n in range(601, 701)]


def test_pages_that_are_cut_for_their_size_leave_nothing_out(room: signalbox.Room) -> None:
    seqs = [room.send("x" * 98_000).seq for _ in range(40)]  # more than fit into a page
    assert [message.seq for message in room.history()] == seqs
    assert [message.seq for message in take(room.stream(own=True), 40)] == seqs


# Command line


def test_the_command_line_makes_writes_and_reads_a_room(shared_server: Server) -> None:
    def run(*arguments: str, **options: Any) -> str:
        command = [sys.executable, str(SDK), "room", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    link = run("new", shared_server.url).strip()
    seq = run("send", link, "hello", "--name", "shell").strip()
    run("send", "-", "-", "--name", "pipe", input="\x1b[31mred", env={"SIGNALBOX_ROOM": link})
    assert run("read", link).splitlines() == [f"{seq} shell: hello", f"{int(seq) + 1} pipe: ?[31mred"]
    assert run("read", link, "--after", seq).splitlines() == [f"{int(seq) + 1} pipe: ?[31mred"]


@pytest.mark.parametrize("arguments", [["read", "https://relay.example/room/abcd#k=oops"], ["new", "nowhere"]])
def test_the_command_line_says_what_is_wrong_in_a_line(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, str(SDK), "room", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("signalbox.py: ") and done.stderr.count("\n") == 1
