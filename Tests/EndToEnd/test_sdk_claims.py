"""Work that the Python client claims and acknowledges: each message to one worker, and again when it wasn't done."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import ServerFactory
from exposition import total
from sdk import WITHIN, member_of, new_agent, signalbox
from server import OPEN_LIMITS, Server, eventually


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
    def empty_answers() -> float:
        return total(server.exposition(), "signalbox_claims_total", event="empty")

    with signalbox.Room.create(server.url, agent=new_agent(server)) as room, ThreadPoolExecutor() as pool:
        started = time.monotonic()
        assert room.claim(timeout=1) is None
        assert 0.9 < time.monotonic() - started < 4
        answered = empty_answers()
        waiting = pool.submit(room.claim, 60)
        # Of a room that nobody has opened the server keeps no claim: the client asks again.
        eventually(lambda: empty_answers() > answered, "a claim before its room")
        member_of(room).send("one", sender="boss")
        room.ack(waiting.result(WITHIN))
        waiting = pool.submit(room.claim, 60)
        eventually(lambda: total(server.exposition(), "signalbox_parked_claims") == 1, "the claim parked")
        server.restart()
        member_of(room).send("two", sender="boss")
        message = waiting.result(WITHIN)
        assert message.text == "two"
        room.ack(message)


def test_claiming_needs_an_agent_and_acknowledging_a_claim(shared_server: Server) -> None:
    ann = new_agent(shared_server)
    with signalbox.Room.create(ann.origin) as room:
        with pytest.raises(ValueError, match="agent"):
            room.claim()
        sent = room.send("x")
        with pytest.raises(ValueError, match="claimed"):
            signalbox.Room(room.link, agent=ann).ack(sent)
        with pytest.raises(ValueError, match="lease"):
            signalbox.Room(room.link, agent=ann).claim(lease=59)
