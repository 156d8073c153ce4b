"""The Python client over servers that go and connections that break: nothing lost, twice, or given away."""

from __future__ import annotations

import base64
import random
import socket
import threading
import time
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from agent import registered
from conftest import ServerFactory
from false_relay import Relay
from sdk import WITHIN, Listener, key_of, member_of, signalbox, take
from server import Server, eventually, free_port

QUICK = 0.02


class Wire:
    """A wire to a server that keeps what clients say and can be cut behind so many bytes of an answer."""

    def __init__(self, server: Server) -> None:
        self.said = bytearray()
        self.connections = 0
        # For each connection to come: after how many bytes of the answer it breaks; then none does.
        self.cuts: Iterator[int | None] = repeat(None)
        self._upstream = server.port
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._join, args=(client, next(self.cuts, None)), daemon=True).start()

    def _join(self, client: socket.socket, left: int | None) -> None:
        with client, socket.socket() as server:
            try:
                server.connect(("127.0.0.1", self._upstream))
                threading.Thread(target=self._upwards, args=(client, server), daemon=True).start()
                while data := server.recv(65_536):
                    client.sendall(data[:left])
                    if left is not None:
                        left -= len(data)
                        if left <= 0:
                            break
            except OSError:
                pass
            for side in (client, server):
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65_536):
                self.said += data
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def wire(shared_server: Server) -> Iterator[Wire]:
    wire = Wire(shared_server)
    yield wire
    wire.close()


def test_a_stream_hears_everything_once_over_polite_and_rude_restarts(server: Server) -> None:
    with signalbox.Room.create(server.url) as reader, signalbox.Room(reader.link, name="bob") as writer:
        listener = Listener(reader.stream())
        sent: list[str] = []
        for end in (server.stop, server.kill, server.stop, None):
            for _ in range(20):
                sent.append(writer.send(str(len(sent))).text)
            listener.await_text(sent[-1])  # what a server that is killed had not handed out is gone
            if end is not None:
                end()
                server.restart()
        assert listener.texts == sent
        seqs = [message.seq for message in listener.messages]
        assert seqs == sorted(set(seqs))


def test_a_stream_misses_nothing_that_the_server_has_while_others_write_through_restarts(server: Server) -> None:
    with signalbox.Room.create(server.url) as reader, signalbox.Room(reader.link, name="bob") as writer:
        listener = Listener(reader.stream())
        ended = threading.Event()
        sent: list[str] = []

        def write() -> None:
            while not ended.is_set():
                sent.append(writer.send(str(len(sent))).text)
                time.sleep(0.005)

        def await_more() -> None:
            # As many as an idle machine writes in a second; a busy one takes longer.
            before = len(sent)
            eventually(lambda: len(sent) >= before + 100, "more written", WITHIN)

        writing = threading.Thread(target=write)
        writing.start()
        kept: list[str] = []
        for end in (server.stop, server.kill):
            await_more()
            kept += [message.text for message in writer.history(limit=10_000)]
            listener.await_text(kept[-1])
            end()
            server.restart()
        await_more()
        ended.set()
        writing.join(60)
        writer.send("end")
        kept += [message.text for message in writer.history(limit=10_000)]
        listener.await_text("end")
        assert len(listener.texts) == len(set(listener.texts)), "something came twice"
        assert set(kept) <= set(listener.texts), "something was there and wasn't heard"
        assert [text for text in listener.texts if text in set(kept)] == kept
        assert len(kept) > 50


def test_a_poll_and_a_kept_connection_survive_a_restart(server: Server) -> None:
    with signalbox.Room.create(server.url) as room:
        member_of(room).send("before", sender="bob")
        last = room.poll()[-1].seq
        found: list[Any] = []
        polling = threading.Thread(target=lambda: found.extend(room.poll(last, 90)), daemon=True)
        polling.start()
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "the poll parked")
        server.restart()
        assert room.send("mine").seq > last
        member_of(room).send("after", sender="bob")
        polling.join(90)
        assert [message.text for message in found] == ["after"]


def test_a_send_waits_for_a_server_that_starts(start_server: ServerFactory) -> None:
    server = start_server()
    with signalbox.Room.create(server.url) as room:
        room.send("before")
        server.stop()
        # Longer than all tries would take if they were counted.
        starting = threading.Timer(6, server.start)
        starting.start()
        room.send("after")
        starting.join()
        assert [message.text for message in room.history()] == ["after"]


def test_a_proxy_without_a_server_behind_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "RETRY_DELAY", QUICK)
    monkeypatch.setattr(signalbox, "LONGEST_RETRY_DELAY", QUICK)
    with Relay() as proxy:
        room = signalbox.Room.create(proxy.url)
        proxy.answer = lambda handler: handler.respond(200, {"messages": []})
        assert room.history() == []
        tries = iter([502, 503, 504] * signalbox.ATTEMPTS)
        proxy.answer = lambda handler: handler.respond(next(tries, 200), {"messages": [{"seq": 7}]})
        assert [message.seq for message in room.history()] == [7]
        # A refusal in the relay's own words is no absence.
        proxy.paths.clear()
        proxy.answer = lambda handler: handler.respond(503, {"error": "full", "reason": "rooms_max"})
        with pytest.raises(signalbox.Error):
            room.history()
        assert len(proxy.paths) == signalbox.ATTEMPTS
        proxy.shutdown()


def test_a_relay_that_was_never_there_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LONGEST_DELAY", QUICK)
    monkeypatch.setattr(signalbox, "RETRY_DELAY", QUICK)
    room = signalbox.Room.create(f"http://127.0.0.1:{free_port()}")
    for attempt in (lambda: room.send("x"), lambda: next(room.stream()), lambda: room.history(), lambda: room.poll()):
        started = time.monotonic()
        with pytest.raises(signalbox.Error) as failed:
            attempt()
        assert (failed.value.reason, failed.value.status) == ("unreachable", None)
        assert time.monotonic() - started < 5
        assert key_text(room) not in str(failed.value)


def test_a_stream_that_breaks_anywhere_goes_on_where_it_broke(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LONGEST_DELAY", QUICK)
    room = signalbox.Room.create(wire.url)
    member = member_of(room)
    texts = [f"{n} " + "x" * random.randrange(400) for n in range(60)]
    for text in texts:
        member.send(text, sender="bob")
    # Within the head, within a chunk's length, within an event; each time a little further.
    wire.cuts = chain((random.randrange(1, 3_000) for _ in range(40)), repeat(None))
    assert [message.text for message in take(room.stream(), 60, within=60)] == texts
    assert wire.connections > 45


def test_a_stream_that_never_begins_is_given_up(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalbox, "LONGEST_DELAY", QUICK)
    wire.cuts = repeat(20)
    with pytest.raises(signalbox.Error) as failed:
        next(signalbox.Room.create(wire.url).stream())
    assert failed.value.reason == "unreachable" and wire.connections == signalbox.ATTEMPTS


@pytest.mark.parametrize("as_agent", [False, True], ids=["unsigned", "signed"])
def test_a_message_whose_acknowledgement_got_lost_is_there_once(wire: Wire, as_agent: bool) -> None:
    agent = signalbox.Agent.create(wire.url, registered(wire.url).handle[:20] + "-s") if as_agent else None
    room = signalbox.Room.create(wire.url, agent=agent)
    for cut in (0, 10, 200):
        wire.cuts = chain([cut], repeat(None))
        room._http.close()
        room = signalbox.Room(room.link, agent=agent)
        sent = room.send(f"cut at {cut}")
        assert room.history()[-1].id == sent.id
    assert [message.text for message in room.history()] == ["cut at 0", "cut at 10", "cut at 200"]


def test_a_registration_and_a_direct_message_whose_answers_got_lost_are_done_once(wire: Wire) -> None:
    bob = registered(wire.url)
    wire.cuts = chain([0], repeat(None))
    agent = signalbox.Agent.create(wire.url, bob.handle + "-s")
    assert bob.lookup(agent.handle).status_code == 200
    agent._http.identity(bob.handle)
    agent._http._idle.clear()
    # The look-up of the key gets through, its successor's answer doesn't.
    wire.cuts = chain([None], repeat(None))
    real = agent._http.identity

    def identity(handle: str) -> Any:
        answer = real(handle)
        for connection in agent._http._idle:
            connection.close()
        agent._http._idle.clear()
        wire.cuts = chain([0], repeat(None))
        return answer

    agent._http.identity = identity  # type: ignore[method-assign]
    assert agent.send(bob.handle, "once") == ""
    (message,) = bob.inbox_drain()
    assert bob.open(message) == "once" and message["from_handle"] == agent.handle


def key_text(room: Any) -> str:
    return room.link.partition("k=")[2]


def test_a_key_and_a_text_never_reach_the_wire(wire: Wire) -> None:
    agent = signalbox.Agent.create(wire.url, registered(wire.url).handle[:20] + "-k")
    with signalbox.Room.create(wire.url, name="worker", agent=agent) as room:
        bob = member_of(room)
        room.send("needle in a text", reply_to="12345678", ttl=60)
        bob.send("foreign", sender="bob")
        room.history(), room.poll(), take(room.stream(), 1)
        room.ack(room.claim())
        agent.send(agent.handle, "needle in a message")
        agent.publish(headline="hello", skills=["a"])
        next(agent.inbox())
        agent.unpublish()
        secrets = [key_of(room), bytes(agent._box_key), bytes(agent._sign_key)]
    said = bytes(wire.said) + unquote_to_bytes(bytes(wire.said))
    assert room.id.encode() in said and said.count(b"HTTP/1.1\r\n") >= 12
    forms = list(secrets)
    for secret in secrets:
        forms += [base64.b64encode(secret), base64.b64encode(secret).rstrip(b"="), secret.hex().encode()]
        forms += [base64.urlsafe_b64encode(secret).rstrip(b"=")]
    for form in [*forms, b"needle", b"#k"]:
        assert form not in said, form
