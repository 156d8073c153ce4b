"""Direct messages of the Python client: sealed for one, acknowledged once they are done, and never done twice."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from agent import Agent, fresh_handle, registered
from sdk import Listener, ann, bob, new_agent, signalbox, take, twin  # noqa: F401
from server import Server, eventually


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
