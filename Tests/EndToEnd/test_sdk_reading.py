"""Three ways to read a room with the Python client: a stream, polls, pages of history."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import relay_client
from exposition import total
from sdk import WITHIN, member_of, signalbox, take
from server import Server, eventually


@pytest.fixture
def room(shared_server: Server) -> Iterator[signalbox.Room]:
    with signalbox.Room.create(shared_server.url, name="worker") as room:
        yield room


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


def test_a_poll_waits_for_a_message_and_for_no_longer_than_it_was_told(
    shared_server: Server, room: signalbox.Room
) -> None:
    def parked_so_far() -> int:
        return int(shared_server.metrics()["longpoll_waits_total"])

    started = time.monotonic()
    assert room.poll(timeout=1) == []  # of a room that nobody has opened
    assert 0.9 < time.monotonic() - started < 4
    last = room.send("mine").seq
    started = time.monotonic()
    assert room.poll(after=last, timeout=1) == []
    assert 0.9 < time.monotonic() - started < 4
    assert room.poll(after=0, timeout=0) == []
    with ThreadPoolExecutor() as pool:
        before = parked_so_far()
        waiting = pool.submit(room.poll, 0, 30)
        eventually(lambda: parked_so_far() == before + 1, "the poll parked")
        room.send("mine too")
        eventually(lambda: parked_so_far() == before + 2, "the poll parked again")
        assert not waiting.done()
        sent = member_of(room).send("at last")["seq"]
        assert [(message.seq, message.text) for message in waiting.result(WITHIN)] == [(sent, "at last")]


def test_a_poll_starts_before_its_room_does(shared_server: Server, room: signalbox.Room) -> None:
    def answers() -> float:
        return total(shared_server.exposition(), "signalbox_http_requests_total", route="/api/rooms/:id/wait")

    before = answers()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(room.poll, 0, 30)
        eventually(lambda: answers() > before, "a poll before its room")
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
