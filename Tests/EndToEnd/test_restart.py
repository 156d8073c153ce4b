"""The server may end at any time: politely or not, what was counted stays, and nobody is left hanging."""

from __future__ import annotations

import random
import signal
import threading
import time
from typing import Any

import pytest
import requests

from raw_http import RawConnection
from relay_client import Room, SseStream, WebSocketStream
from server import Server, eventually, http_session
from wire import new_room, post_well

KEPT = [
    "rooms_created_total", "messages_relayed_total", "bytes_relayed_total", "http_posts_total",
    "transport_agent_total", "transport_browser_total", "sse_connects_total", "sse_disconnects_total",
    "ws_connects_total", "ws_disconnects_total", "longpoll_waits_total", "longpoll_wakes_total",
    "longpoll_timeouts_total", "http_4xx", "http_5xx", "http_429", "peak_concurrent_rooms",
    "peak_concurrent_subs", "first_boot_at",
]  # fmt: skip


def use_a_little(server: Server) -> None:
    room = Room(server.url)
    sse, socket = SseStream(room), WebSocketStream(room)
    for stream in (sse, socket):
        stream.wait_for_type("ready")
    last = room.send("over http")["seq"]
    socket.send(room.seal("over the socket"))
    sse.wait_for(lambda event: event.get("seq") == last + 1, "second message")
    room.wait(after=last + 1, timeout=1)
    server.get("/nothing-here")
    sse.close()
    socket.close()
    eventually(lambda: server.metrics()["active_subs"] == 0, "nobody left")


def kept(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: metrics[name] for name in KEPT}


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_totals_survive_a_restart_and_the_restart_is_counted(server: Server, how: str) -> None:
    use_a_little(server)
    before = server.metrics()
    if how == "SIGKILL":
        server.kill()
    else:
        server.stop(signal.Signals[how])
    server.restart()
    after = server.metrics()
    assert kept(after) == kept(before)
    assert after["messages_relayed_total"] == 2
    assert (before["process_starts_total"], after["process_starts_total"]) == (1, 2)
    assert after["started_ms"] > before["started_ms"]
    assert after["last_restart_at"] == after["started_at"] > before["started_at"]
    assert after["uptime_seconds"] < 60
    assert (after["active_rooms"], after["active_subs"]) == (0, 0)


def test_totals_survive_the_loss_of_the_mapping_after_a_good_end(server: Server) -> None:
    # What a power cut takes is the memory; the store's totals stand.
    use_a_little(server)
    before = server.metrics()
    server.stop()
    server.counters_path.unlink()
    server.restart()
    assert kept(server.metrics()) == kept(before)


class Flood:
    """Senders that count what was attempted and what was acknowledged."""

    def __init__(self, server: Server, senders: int = 3) -> None:
        self.attempted = [0] * senders
        self.acknowledged = [0] * senders
        self._server = server
        self._ended = False
        self._threads = [threading.Thread(target=self._run, args=(index,), daemon=True) for index in range(senders)]
        for thread in self._threads:
            thread.start()

    def _run(self, index: int) -> None:
        room = Room(self._server.url)
        body = room.seal("x")
        with http_session() as http:
            while not self._ended:
                self.attempted[index] += 1
                try:
                    response = http.post(room.url("messages"), json=body, timeout=10)
                except requests.RequestException:
                    return
                if response.status_code != 200:
                    return
                self.acknowledged[index] += 1

    def finish(self) -> None:
        self._ended = True
        for thread in self._threads:
            thread.join(15)
            assert not thread.is_alive()


def kill_under_load(server: Server, times: int) -> None:
    acknowledged = attempted = 0
    for round_number in range(1, times + 1):
        flood = Flood(server)
        eventually(lambda flood=flood: sum(flood.acknowledged) >= 30, "the flood running")
        time.sleep(random.uniform(0, 0.1))  # anywhere between two instructions
        server.kill()
        flood.finish()
        acknowledged += sum(flood.acknowledged)
        attempted += sum(flood.attempted)
        server.restart()
        metrics = server.metrics()
        assert acknowledged <= metrics["messages_relayed_total"] <= attempted
        assert metrics["http_posts_total"] == metrics["messages_relayed_total"]
        assert metrics["process_starts_total"] == round_number + 1


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(server: Server) -> None:
    kill_under_load(server, times=4)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_or_doubled_by_a_hundred_kills(server: Server) -> None:
    kill_under_load(server, times=100)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_open_streams_are_ended_properly_when_the_server_goes(server: Server, how: signal.Signals) -> None:
    room = Room(server.url)
    last = room.send("x")["seq"]
    streams = [SseStream(room) for _ in range(3)]
    sockets = [WebSocketStream(room) for _ in range(3)]
    for stream in [*streams, *sockets]:
        stream.wait_for_type("ready")
    with RawConnection(server.port) as waiter, RawConnection(server.port) as idle:
        waiter.request("GET", f"/api/rooms/{room.id}/wait?after={last}&timeout=60")
        idle.request("GET", "/api/health")
        idle.response()
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "the wait parked")

        started = time.monotonic()
        server.stop(how)
        assert time.monotonic() - started < 3

        for stream in streams:
            stream.wait_for_end()  # by the last chunk, not by a broken connection
        for socket in sockets:
            socket.wait_for_end()
            assert socket.close_code == 1001
        answer = waiter.response()
        assert (answer.status, answer.json()["messages"], answer.json()["last_seq"]) == (200, [], last)
        idle.assert_closed()


def test_a_server_under_load_still_ends_in_time(server: Server) -> None:
    flood = Flood(server)
    eventually(lambda: sum(flood.acknowledged) >= 30, "the flood running")
    server.stop()
    flood.finish()
    acknowledged, attempted = sum(flood.acknowledged), sum(flood.attempted)
    server.restart()
    assert acknowledged <= server.metrics()["messages_relayed_total"] <= attempted


def test_a_rooms_numbers_never_go_back_over_restarts(server: Server) -> None:
    room = new_room()
    seqs: list[int] = []
    for end in (server.stop, server.kill, server.stop):
        seqs += [post_well(server, room) for _ in range(3)]
        end()
        server.restart()
    seqs.append(post_well(server, room))
    assert seqs == sorted(set(seqs))


def test_a_reader_that_resumes_over_a_restart_gets_what_is_new(server: Server) -> None:
    room = Room(server.url)
    last = room.send("before")["seq"]
    server.restart()
    stream = SseStream(room, after=last)
    stream.wait_for_type("ready")
    room.send("after")
    message = stream.wait_for_type("message")
    assert room.open(message) == "after" and message["seq"] > last
    stream.close()


def test_a_port_that_is_taken_is_named(server: Server) -> None:
    other = Server(server.directory / "other", {"PORT": str(server.port)})
    other.directory.mkdir()
    process = other.launch()
    assert process.wait(30) != 0
    assert str(server.port) in other.log()
