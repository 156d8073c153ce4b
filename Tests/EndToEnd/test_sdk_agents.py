"""The Python client's agents: keys in a file, signed messages, claims, direct messages, the directory."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import profiles
from agent import Agent, fresh_handle, registered
from conftest import ServerFactory
from server import OPEN_LIMITS, Server, eventually
from test_sdk import member_of, signalbox, take
from test_sdk_restarts import Listener


def new_agent(server: Server, handle: str | None = None) -> Any:
    return signalbox.Agent.create(server.url, fresh_handle() if handle is None else handle)


def twin(agent: Any) -> Agent:
    """The same agent for a client that shares no code with this one."""
    twin = Agent(agent.origin, agent.handle)
    twin.box_key, twin.sign_key = agent._box_key, agent._sign_key
    return twin


@pytest.fixture
def ann(shared_server: Server) -> Iterator[Any]:
    with new_agent(shared_server) as agent:
        yield agent


@pytest.fixture
def bob(shared_server: Server) -> Agent:
    return registered(shared_server.url)


# Identities


def test_an_agent_is_registered_with_its_own_keys(ann: Any) -> None:
    record = twin(ann).lookup().json()
    assert (record["handle"], record["box_pub"], record["sign_pub"]) == (
        ann.handle,
        twin(ann).box_pub,
        twin(ann).sign_pub,
    )
    ann.register()  # again, as its owner may


def test_a_taken_handle_is_an_error_and_an_impossible_one_a_mistake(shared_server: Server, bob: Agent) -> None:
    with pytest.raises(signalbox.Error) as refused:
        new_agent(shared_server, bob.handle)
    assert (refused.value.status, refused.value.what) == (409, "409: handle taken")
    assert new_agent(shared_server, "@UP" + bob.handle[5:]).handle == "up" + bob.handle[5:]
    for handle in ("", "a", "-ab", "a b", "ž" * 4, "a" * 33, "a/b"):
        with pytest.raises(ValueError):
            new_agent(shared_server, handle)


def test_an_agents_file_is_its_owners_alone_and_brings_it_back(ann: Any, tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    path.write_text("in the way")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        ann.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["agent.json"]
    again = signalbox.Agent.load(path)
    assert (again.handle, again.origin, again.fingerprint()) == (ann.handle, ann.origin, ann.fingerprint())
    ann.send(ann.handle, "to myself")
    assert next(again.inbox()).text == "to myself"


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    ann: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agent.json"
    ann.save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        ann.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["agent.json"]


def test_a_file_that_holds_no_agent_is_refused_without_quoting_it(ann: Any, tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    ann.save(path)
    good = json.loads(path.read_text())
    broken = ["", "[", "[]", "7", "null", "[" * 50_000, json.dumps(good)[:-20], json.dumps(good | {"handle": "x"})]
    broken += [json.dumps(good | {name: value}) for name in ("box_key", "sign_key") for value in ("AA==", 7, "!" * 44)]
    broken += [json.dumps({name: good[name] for name in good if name != left_out}) for left_out in good]
    for text in broken:
        path.write_text(text)
        with pytest.raises(ValueError) as refused:
            signalbox.Agent.load(path)
        assert str(refused.value) == f"no agent in {path}"
        assert refused.value.__suppress_context__


def test_a_repr_has_no_key_in_it(ann: Any) -> None:
    assert repr(ann) == f"<signalbox.Agent @{ann.handle} at {ann.origin}>"


# Signed messages


def test_a_signed_message_is_verified_for_everybody_and_a_label_is_not(ann: Any, bob: Agent) -> None:
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


def test_an_agent_of_another_relay_is_not_let_into_a_room(ann: Any) -> None:
    with pytest.raises(ValueError, match="at home"):
        signalbox.Room.create("https://relay.example", agent=ann)


# Claims


def test_two_workers_of_an_agent_get_each_message_once(server: Server) -> None:
    agent = new_agent(server)
    with signalbox.Room.create(server.url, agent=agent) as first, signalbox.Room(first.link, agent=agent) as second:
        done: dict[str, list[str]] = {"first": [], "second": []}

        def work(name: str, room: Any) -> None:
            while message := room.claim(timeout=3):
                time.sleep(0.01)
                done[name].append(message.text)
                room.ack(message)

        workers = [threading.Thread(target=work, args=pair) for pair in (("first", first), ("second", second))]
        for worker in workers:
            worker.start()
        member = member_of(first)
        for n in range(30):
            member.send(str(n), sender="boss")
        first.send("own")
        for worker in workers:
            worker.join(40)
        assert sorted(done["first"] + done["second"], key=int) == [str(n) for n in range(30)]
        assert done["first"] and done["second"], "one of them had nothing to do"


def test_agents_of_their_own_get_every_message_each(server: Server) -> None:
    with signalbox.Room.create(server.url) as boss:
        boss.send("task")
        for _ in range(2):
            with signalbox.Room(boss.link, agent=new_agent(server)) as worker:
                message = worker.claim(timeout=5)
                assert (message.text, message.readable) == ("task", True)
                worker.ack(message)
                assert worker.claim(timeout=0) is None


def test_what_is_not_acknowledged_comes_again(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"CLAIM_TTL_MS": "1000"})
    agent = new_agent(server)
    with signalbox.Room.create(server.url, agent=agent) as room, signalbox.Room(room.link, agent=agent) as other:
        member_of(room).send("task", sender="boss")
        first = room.claim(timeout=5)
        assert room.claim(timeout=5) == first  # by the same worker at once
        assert other.claim(timeout=0) is None  # by another one not yet
        again = eventually(lambda: other.claim(timeout=0), "the lease over", 5)
        assert (again.id, again.text) == (first.id, "task") and again.claim_id != first.claim_id
        with pytest.raises(signalbox.Error) as stale:
            room.ack(first)
        assert (stale.value.status, stale.value.reason) == (409, "stale_claim")
        other.ack(again)
        assert room.claim(timeout=0) is None


def test_a_claim_waits_for_its_room_and_its_message(server: Server) -> None:
    with signalbox.Room.create(server.url, agent=new_agent(server)) as room, ThreadPoolExecutor() as pool:
        started = time.monotonic()
        assert room.claim(timeout=1) is None
        assert 0.9 < time.monotonic() - started < 4
        waiting = pool.submit(room.claim, 20)
        time.sleep(0.5)
        member_of(room).send("one", sender="boss")
        room.ack(waiting.result(10))
        waiting = pool.submit(room.claim, 20)
        time.sleep(0.5)
        server.restart()
        member_of(room).send("two", sender="boss")
        message = waiting.result(20)
        assert message.text == "two"
        room.ack(message)


def test_claiming_needs_an_agent_and_acknowledging_a_claim(ann: Any) -> None:
    with signalbox.Room.create(ann.origin) as room:
        with pytest.raises(ValueError, match="agent"):
            room.claim()
        sent = room.send("x")
        with pytest.raises(ValueError, match="claimed"):
            signalbox.Room(room.link, agent=ann).ack(sent)
        with pytest.raises(ValueError, match="lease"):
            signalbox.Room(room.link, agent=ann).claim(lease=59)


# Direct messages


def test_direct_messages_go_both_ways_with_the_originals_format(ann: Any, bob: Agent) -> None:
    id = ann.send("@" + bob.handle.upper(), "hello bob ž")
    ann.send(bob.handle, {"task": 1})
    first, second = bob.inbox_drain()
    assert (first["id"], first["from_handle"], first["from_verified"]) == (id, ann.handle, True)
    assert bob.open(first) == "hello bob ž" and json.loads(bob.open(second)) == {"task": 1}
    bob.dm(ann.handle, '{"result": 2}')
    bob.dm(ann.handle, "guess who", as_sender=False)
    known, unknown = take(ann.inbox(), 2)
    assert (known.sender, known.verified, known.text) == (bob.handle, bob.handle, '{"result": 2}')
    assert known.data == {"result": 2} and known.readable and abs(known.ts - time.time()) < 60
    assert (unknown.sender, unknown.verified, unknown.text) == (None, None, "guess who")


def test_a_message_for_another_key_is_not_readable_and_stops_nobody(ann: Any, bob: Agent) -> None:
    bob.send_envelope(ann.handle, bob.seal(bob, "not for ann"))
    bob.send_envelope(ann.handle, bob.seal(twin(ann), "x") | {"sender_eph_pub": "A" * 43 + "="})
    bob.dm(ann.handle, "for ann")
    assert [(message.text, message.readable) for message in take(ann.inbox(), 3)] == [
        ("", False),
        ("", False),
        ("for ann", True),
    ]


def test_a_message_is_acknowledged_once_its_body_has_run_and_not_before(ann: Any, bob: Agent) -> None:
    for n in range(4):
        bob.dm(ann.handle, str(n))

    def left() -> list[str]:
        return [twin(ann).open(message) for message in twin(ann).inbox_drain(ack=False)]

    with pytest.raises(ZeroDivisionError):
        for message in ann.inbox():
            assert left() == [str(n) for n in range(int(message.text), 4)]
            if message.text == "1":
                raise ZeroDivisionError
    assert left() == ["1", "2", "3"]
    for message in ann.inbox():
        assert message.text == "1"
        ann.ack(message)
        break
    assert [message.text for message in take(ann.inbox(), 2)] == ["2", "3"]
    assert left() == ["3"]  # yielded, and its body has not run


def test_what_was_done_is_not_yielded_again_when_its_acknowledgement_failed(
    ann: Any, bob: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = signalbox.Agent.ack, iter([True, False, True])

    def ack(self: Any, message: Any) -> None:
        if next(failures, False):
            raise signalbox.Error("lost", reason="unreachable")
        real(self, message)

    monkeypatch.setattr(signalbox.Agent, "ack", ack)
    for n in range(3):
        bob.dm(ann.handle, str(n))
    listener = Listener(ann.inbox())
    eventually(lambda: len(listener.messages) == 3, "three messages")
    eventually(lambda: twin(ann).inbox_drain(ack=False) == [], "all acknowledged at last")
    bob.dm(ann.handle, "3")
    listener.await_text("3")
    assert listener.texts == ["0", "1", "2", "3"]


def test_an_inbox_is_read_on_over_restarts(server: Server, tmp_path: Path) -> None:
    ann, bob = new_agent(server), registered(server.url)
    ann.save(tmp_path / "ann")
    listener = Listener(ann.inbox())
    for n, end in enumerate((server.stop, server.kill, None)):
        assert bob.dm(ann.handle, str(n)).status_code == 200
        listener.await_text(str(n))
        ann.send(bob.handle, str(n))
        assert [bob.open(message) for message in bob.inbox_drain()] == [str(n)]
        if end is not None:
            end()
            server.restart()
    eventually(lambda: twin(ann).inbox_drain(ack=False) == [], "all acknowledged")
    assert listener.texts == ["0", "1", "2"]
    ann.close()
    listener.thread.join(5)
    assert not listener.thread.is_alive() and listener.failure is None
    bob.dm(ann.handle, "later")
    assert next(signalbox.Agent.load(tmp_path / "ann").inbox()).text == "later"


def test_a_full_inbox_comes_by_pages_in_order_and_once(ann: Any, bob: Agent) -> None:
    for n in range(120):
        assert bob.dm(ann.handle, str(n)).status_code == 200
    listener = Listener(ann.inbox())
    listener.await_text("119")
    assert listener.texts == [str(n) for n in range(120)]
    ann.close()


def test_a_message_to_nobody_and_one_that_is_too_long_are_errors(ann: Any, bob: Agent) -> None:
    with pytest.raises(signalbox.Error) as refused:
        ann.send(fresh_handle(), "hello")
    assert (refused.value.status, refused.value.reason) == (404, "unknown_handle")
    with pytest.raises(ValueError, match="too long"):
        ann.send(bob.handle, "x" * 131_057)
    ann.send(bob.handle, "x" * 131_056)
    assert [len(bob.open(message)) for message in bob.inbox_drain()] == [131_056]


def test_agents_can_compare_fingerprints(shared_server: Server, ann: Any) -> None:
    with new_agent(shared_server) as other:
        assert other.fingerprint(ann.handle) == ann.fingerprint() != other.fingerprint()


# Directory


def test_an_agent_is_published_found_and_taken_out(shared_server: Server, ann: Any) -> None:
    word = fresh_handle("word")
    profile = ann.publish(
        headline=" Sums numbers ž ", skills=["Adding Up", word, word], topics=["math"], languages=["en", "cs"],
        name="Ann", framework="My Bot", framework_version="2.1", homepage="https://ann.example/about", ttl=3600,
    )  # fmt: skip
    profiles.assert_verifies(profiles.published(shared_server, ann.handle), twin(ann))
    assert (profile.handle, profile.name, profile.headline) == (ann.handle, "Ann", "Sums numbers ž")
    assert (profile.skills, profile.topics, profile.languages) == (("adding-up", word), ("math",), ("en", "cs"))
    assert (profile.framework, profile.framework_version) == ("my-bot", "2.1")
    assert (profile.homepage, profile.verified) == ("https://ann.example/about", True)
    assert abs(profile.expires - profile.updated - 3600) < 1 and abs(profile.seen - time.time()) < 60
    for query in ({"q": word}, {"skill": word}, {"skill": word, "topic": "math", "language": "cs"}):
        assert [found.handle for found in signalbox.agents(shared_server.url, **query)] == [ann.handle]
    assert signalbox.agents(shared_server.url, q=word, framework="other") == []
    ann.heartbeat()
    assert signalbox.agents(shared_server.url)[0].handle == ann.handle
    ann.unpublish()
    assert signalbox.agents(shared_server.url, q=word) == []


def test_agents_of_the_originals_format_are_found_and_verified(server: Server) -> None:
    handles = [profiles.listed(server, summary="crowd").handle for _ in range(105)]
    found = signalbox.agents(server.url, q="crowd", limit=1_000)
    assert sorted(profile.handle for profile in found) == sorted(handles)
    assert all(profile.verified for profile in found)
    assert len(signalbox.agents(server.url, q="crowd", limit=101)) == 101


def test_what_is_private_or_too_long_is_not_published(ann: Any) -> None:
    with pytest.raises(signalbox.Error) as refused:
        ann.publish(headline="join https://relay.example/room/abcd#k=oops")
    assert refused.value.status == 400 and "forbidden" in refused.value.what
    wrong: list[dict[str, Any]] = [
        {"headline": "x" * 601}, {"skills": "adding"}, {"skills": ["x" * 41]}, {"skills": map(str, range(33))},
        {"ttl": 59}, {"ttl": 604_801}, {"name": "😀" * 41},
    ]  # fmt: skip
    for fields in wrong:
        with pytest.raises(ValueError):
            ann.publish(**fields)
    ann.publish(headline="x" * 600, name="😀" * 40, skills=["x" * 40, *map(str, range(31))])
