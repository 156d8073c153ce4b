"""The hot paths, driven so that the server does the same at each step: one thing after the other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from counted_server import PATIENCE, Counted, CountedServer
from raw_http import RawConnection, RawResponse, request_bytes
from raw_websocket import RawWebSocket

BODY_BYTES = 500
STREAMS = 100
POLLS = 20
ROUNDS = 5
# More than a room keeps, so that it is full.
WARM_UP = 30

HEALTH, POST, SSE, WEBSOCKET, LONG_POLL = "health", "post", "sse", "websocket", "long-poll"

# What is counted, by its name in budgets.json.
PATHS = {
    HEALTH: "GET /api/health",
    POST: f"POST /api/rooms/:id/messages, {BODY_BYTES} bytes, no subscribers",
    SSE: f"one delivery by SSE, of {STREAMS}",
    WEBSOCKET: f"one delivery by WebSocket, of {STREAMS}",
    LONG_POLL: f"one long-poll answered and asked again, of {POLLS}",
}

Step = Callable[[], object]


@dataclass(frozen=True)
class Measured:
    path: str
    # Instructions of each round.
    rounds: list[float]
    # What each function took in the last round, for callgrind_annotate.
    profile: str = field(default="", repr=False)

    @property
    def instructions(self) -> float:
        # A round that something else falls into stands out.
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """How far the middle half of the rounds is apart, as a share."""
        first, _, third = statistics.quantiles(self.rounds, n=4)
        return (third - first) / self.instructions

    def each(self, count: int, without: Measured) -> Measured:
        """A part of a step that has so many of them beside what another one is."""
        rounds = [(whole - without.instructions) / count for whole in self.rounds]
        return Measured(self.path, rounds, self.profile)


def measured_paths(server: CountedServer) -> Iterator[Measured]:
    with RawConnection(server.port, PATIENCE) as connection:
        client = Client(connection)
        meter = Meter(server, client.health)
        yield meter.measure(HEALTH, client.health, 300)
        yield (post := meter.measure(POST, lambda: client.post("room-alone"), 150))
        for path, subscribe in ((SSE, event_stream), (WEBSOCKET, websocket)):
            with ExitStack() as opened:
                room = f"room-{path}"
                streams = [opened.enter_context(subscribe(server.port, room)) for _ in range(STREAMS)]
                # The last one is told of all; after that nobody is told anything but messages.
                streams[-1].until(b'"presence"')
                yield meter.measure(path, lambda: client.fan_out(room, streams), 40).each(STREAMS, post)
        with ExitStack() as opened:
            polls = [opened.enter_context(RawConnection(server.port, PATIENCE)) for _ in range(POLLS)]
            room = Polled("room-polled", client, polls, server.wait_until_quiet)
            yield meter.measure(LONG_POLL, room.post, 5).each(POLLS, post)


class Meter:
    """Counts what steps take, without what comes by the clock however few steps there are."""

    def __init__(self, server: CountedServer, step: Step) -> None:
        self._server = server
        self._take(step, WARM_UP)
        self._date = statistics.median(self._a_date(step) for _ in range(3))

    def measure(self, path: str, step: Step, steps: int) -> Measured:
        self._take(step, WARM_UP)
        tick = self._a_tick()
        rounds = []
        for _ in range(ROUNDS):
            self._take(step, steps)
            counted = self._server.counted()
            rounds.append((counted.instructions - counted.ticks * tick - counted.dates * self._date) / steps)
        return Measured(path, rounds, self._server.profile)

    def _take(self, step: Step, steps: int) -> None:
        for _ in range(steps):
            step()
            # The next one shall not meet the rest of this one.
            self._server.wait_until_quiet()

    def _a_tick(self) -> float:
        """What a tick takes, with as many connections as there are."""
        self._server.counted()
        time.sleep(0.5)
        counted = self._server.counted()
        if counted.ticks == 0:
            raise RuntimeError("the event loop does not tick at rest: does FrontLoop.sweep have another name now?")
        return counted.instructions / counted.ticks

    def _a_date(self, step: Step) -> float:
        """What the first step of a second takes more than the next one."""
        tick = self._a_tick()
        for _ in range(20):
            # A little after the second's begin: the server's clock is a coarse one.
            time.sleep(1.03 - time.time() % 1)
            self._server.counted()
            first, second = (self._once(step) for _ in range(2))
            if (first.dates, second.dates) == (1, 0):
                return first.instructions - second.instructions - (first.ticks - second.ticks) * tick
        raise RuntimeError("twenty seconds didn't begin with one Date header: is it made otherwise now?")

    def _once(self, step: Step) -> Counted:
        self._take(step, 1)
        return self._server.counted()


def event_stream(port: int, room: str) -> RawConnection:
    connection = RawConnection(port, PATIENCE)
    connection.request("GET", f"/api/rooms/{room}/events")
    connection.until(b'"ready"')
    return connection


def websocket(port: int, room: str) -> RawConnection:
    connection = RawWebSocket(port, room, connection=RawConnection(port, PATIENCE)).connection
    connection.until(b'"ready"')
    return connection


class Client:
    """One that asks over a kept connection, and takes nothing but a 200."""

    def __init__(self, connection: RawConnection) -> None:
        self._connection = connection
        start, end = '{"sender":"somebody","nonce":"' + "A" * 32 + '","ciphertext":"', '"}'
        self._message = (start + "A" * (BODY_BYTES - len(start) - len(end)) + end).encode()

    def health(self) -> None:
        self._ask(request_bytes("GET", "/api/health"))

    def post(self, room: str) -> int:
        """Posts a message and returns its number."""
        fields = {"Content-Type": "application/json"}
        request = request_bytes("POST", f"/api/rooms/{room}/messages", fields, self._message)
        return int(self._ask(request).json()["seq"])

    def fan_out(self, room: str, streams: list[RawConnection]) -> None:
        """Posts a message and waits until all have it."""
        seq = b'"seq":%d' % self.post(room)
        for stream in streams:
            stream.until(seq)

    def _ask(self, request: bytes) -> RawResponse:
        self._connection.send(request)
        answer = self._connection.response()
        if answer.status != 200:
            raise RuntimeError(f"{answer} to {request!r}")
        return answer


class Polled:
    """A room whose readers wait for each message by long-poll."""

    def __init__(self, room: str, client: Client, polls: list[RawConnection], wait_until_quiet: Step) -> None:
        self._room, self._client, self._polls = room, client, polls
        self._wait_until_quiet = wait_until_quiet
        self._ask(client.post(room))

    def post(self) -> None:
        """Posts a message, waits until all have it, and lets them ask again, one after the other."""
        seq = self._client.post(self._room)
        for poll in self._polls:
            answer = poll.response()
            if answer.status != 200 or [message["seq"] for message in answer.json()["messages"]] != [seq]:
                raise RuntimeError(f"{answer} instead of message {seq}")
        self._ask(seq)

    def _ask(self, seq: int) -> None:
        for poll in self._polls:
            poll.request("GET", f"/api/rooms/{self._room}/wait?after={seq}&timeout=60")
            self._wait_until_quiet()
