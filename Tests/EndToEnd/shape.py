"""The same events with the same lengths, told in words that differ each time.

A plan says what happens and how long it is; it comes of a seed. A performance makes up everything else: names,
keys, addresses, texts. Each step waits until the server has counted it, so that nothing hangs on who is faster.
"""

from __future__ import annotations

import random
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import crash_slots
from agent import Agent, Fields
from relay_client import Room, SseStream, Stream, WebSocketStream
from server import Server, eventually
from visits import BROWSER, visit

ROOMS, AGENTS, CLIENTS = 4, 3, 5
COUNTRIES = ("DE", "FR", "JP", "T1", "XX", "not a country", None)
PAGES = ("/", "/docs", "/no-such-page")
TRANSPORTS = {"sse": SseStream, "ws": WebSocketStream}


@dataclass(frozen=True)
class Step:
    """Something that happens: to whom, by numbers, and with how many bytes."""

    what: str
    who: int
    other: int
    length: int
    chance: float


def plan(seed: int, steps: int = 45) -> list[Step]:
    """Every kind of step once, then more of them, in an order of the seed's."""
    dice = random.Random(seed)
    kinds = list(Performance.KINDS)
    # To reach a limit takes long; once will do.
    kinds += dice.choices([kind for kind in kinds if kind != "limit"], k=steps - len(kinds))
    dice.shuffle(kinds)
    return [
        Step(kind, dice.randrange(1000), dice.randrange(1000), dice.randrange(1, 300), dice.random())
        for kind in kinds
    ]


def change(steps: list[Step], what: str, make: Callable[[Step], list[Step]]) -> list[Step]:
    """The plan with others in place of the first step of a kind."""
    at = next(number for number, step in enumerate(steps) if step.what == what)
    return [*steps[:at], *make(steps[at]), *steps[at + 1 :]]


def word(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(length))


def address() -> str:
    """A client's, of either kind; no two are near each other."""
    if secrets.randbelow(2):
        return f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::{secrets.token_hex(2)}"
    return f"{secrets.choice(('192.0.2', '198.51.100', '203.0.113'))}.{1 + secrets.randbelow(254)}"


def addresses() -> list[str]:
    distinct = {address() for _ in range(3 * CLIENTS)}
    return list(distinct)[:CLIENTS]


class Performance:
    """A plan on a server, with words of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients = addresses()
        self.rooms = [Room(server.url, word(20)) for _ in range(ROOMS)]
        self.agents = [Agent(server.url, word(12)) for _ in range(AGENTS)]
        self.streams: list[tuple[int, str, Stream]] = []
        for agent in self.agents:
            assert agent.register(meta={"bio": word(30)}).status_code == 201

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self.KINDS[step.what](self, step)

    def end(self) -> None:
        """Closes what is open; those on odd places are left to the server's own end."""
        for place in reversed(range(0, len(self.streams), 2)):
            self._close(place)

    # What happens

    def _post(self, step: Step) -> None:
        headers = self._from(step) | ({"User-Agent": BROWSER} if step.chance < 0.5 else {})
        room, body = self.rooms[step.who % ROOMS], self._message(step)
        if step.chance < 0.3:
            body = self.agents[step.other % AGENTS].sign_message(room.id, body)
        answer = self.server.post(f"/api/rooms/{room.id}/messages", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        self._await_everywhere(step.who % ROOMS, body)

    def _post_over_a_socket(self, step: Step) -> None:
        self._open_socket(step)
        number, _, stream = self.streams[-1]
        assert isinstance(stream, WebSocketStream)
        stream.send(body := self._message(step))
        self._await_everywhere(number, body)

    def _open_stream(self, step: Step) -> None:
        self._open("sse", step, name=word(8))

    def _open_socket(self, step: Step) -> None:
        self._open("ws", step)

    def _open(self, transport: str, step: Step, **query: str) -> None:
        number = step.who % ROOMS
        stream = TRANSPORTS[transport](self.rooms[number], self._from(step), **query)
        # Comes after all that was there before.
        stream.wait_for_type("ready")
        self.streams.append((number, transport, stream))

    def _close_stream(self, step: Step) -> None:
        if self.streams:
            self._close(step.other % len(self.streams))

    def _close(self, place: int) -> None:
        _, transport, stream = self.streams.pop(place)
        self._until_counted(
            f'signalbox_disconnects_total{{transport="{transport}",reason="client"}}',
            stream.close,  # type: ignore[attr-defined]
        )

    def _long_poll(self, step: Step) -> None:
        """Waits until somebody posts. In a room that nobody has opened there would be nothing to wait for."""
        self._post(step)
        room = self.rooms[step.who % ROOMS]
        after = room.transcript(after=0, limit=100)["last_seq"]
        answers: list[Fields] = []
        reader = threading.Thread(target=lambda: answers.append(room.wait(after=after, timeout=30)))
        self._until_counted('signalbox_connects_total{transport="poll"}', reader.start)
        self._post(step)
        reader.join(30)
        assert [len(answer["messages"]) for answer in answers] == [1]

    def _read(self, step: Step) -> None:
        room = self.rooms[step.who % ROOMS]
        room.status()
        room.transcript(after=0, limit=1 + step.length % 20)
        room.wait(after=0, timeout=0)

    def _listen(self, step: Step) -> None:
        room = self.rooms[step.who % ROOMS]
        body = {"name": word(1 + step.length % 30), "box_pub": self.agents[step.other % AGENTS].box_pub}
        # 404 where nobody has opened the room.
        answer = self.server.post(f"/api/rooms/{room.id}/listening", json=body, headers=self._from(step))
        assert answer.status_code in (200, 404)

    def _claim(self, step: Step) -> None:
        room, agent = self.rooms[step.who % ROOMS], self.agents[step.other % AGENTS]
        claimed = agent.claim(room.id, timeout=0).json()
        if "claim_id" in claimed and step.chance < 0.7:
            assert agent.ack(room.id, claimed["claim_id"], claimed["message"]["seq"]).ok

    def _send_dm(self, step: Step) -> None:
        sender, reader = self.agents[step.who % AGENTS], self.agents[step.other % AGENTS]
        assert sender.dm(reader.handle, word(step.length), as_sender=step.chance < 0.6).ok
        if step.chance < 0.4:
            reader.inbox_drain(ack=step.chance < 0.2)

    def _update(self, step: Step) -> None:
        assert self.agents[step.who % AGENTS].register(meta={"bio": word(step.length)}).ok

    def _publish(self, step: Step) -> None:
        agent = self.agents[step.who % AGENTS]
        profile = agent.profile(display_name=word(10), summary=word(step.length), topics=[word(7)])
        assert agent.publish(profile).status_code == 201
        assert agent.heartbeat().ok
        agent.request("GET", f"/api/agents?q={word(6)}")
        if step.chance < 0.3:
            assert agent.unpublish().ok

    def _report(self, step: Step) -> None:
        route, field = ("report", "what") if step.chance < 0.5 else ("contact", "message")
        body = {field: word(10 + step.length), "contact": word(9), "name": word(9)}
        assert self.server.post(f"/api/{route}", json=body, headers=self._from(step)).ok

    def _visit(self, step: Step) -> None:
        """A visit that counts, and one to a page that may not be there, by somebody who may be no person."""
        country = COUNTRIES[step.who % len(COUNTRIES)]
        words = {"client": self.clients[step.other % CLIENTS], "Referer": f"https://{word(9)}.example/{word(5)}"}
        assert visit(self.server, country=country, **words).status_code == 200
        agent = BROWSER if step.chance < 0.8 else f"curl/{word(3)}"
        visit(self.server, PAGES[step.length % len(PAGES)], country=country, agent=agent, **words)

    def _refused(self, step: Step) -> None:
        """Something that must not be done; the words in it are others each time."""
        server, agent, room = self.server, self.agents[step.who % AGENTS], self.rooms[step.other % ROOMS]
        mine = {"Content-Type": "application/json"}
        post: Callable[..., Any] = server.post
        refusals = (
            lambda: post(f"/api/rooms/{room.id}/messages", data='{"' + word(step.length), headers=mine),
            lambda: post(f"/api/rooms/{room.id}/messages", json={"ciphertext": word(step.length)}),
            lambda: server.get(f"/{word(9)}/{word(step.length)}"),
            lambda: server.get("/api/metrics", headers={"Authorization": f"Bearer {word(20)}"} | self._from(step)),
            lambda: agent.register(register_sig=agent.sign(word(9))),
            lambda: agent.request("GET", f"/api/dm/{agent.handle}/inbox/wait?after=0", headers={"Authorization": word(9)}),
            lambda: agent.lookup(word(11)),
            lambda: post("/api/report", json={"what": word(1)}),
            lambda: agent.publish(agent.profile(), sig=agent.sign(word(4))),
        )
        assert refusals[step.length % len(refusals)]().status_code >= 400

    def _over_the_limit(self, step: Step) -> None:
        """One client opens more streams than it may (STREAM_CAP_PER_IP)."""
        headers, room = {"X-Forwarded-For": address()}, self.rooms[step.who % ROOMS]
        streams = [SseStream(room, headers) for _ in range(int(self.server.settings["STREAM_CAP_PER_IP"] or 0))]
        for stream in streams:
            stream.wait_for_type("ready")
        assert self.server.get(f"/api/rooms/{room.id}/events", headers=headers).status_code == 429
        self.streams += [(step.who % ROOMS, "sse", stream) for stream in streams]
        for _ in streams:
            self._close(len(self.streams) - 1)

    # What they need

    def _from(self, step: Step) -> dict[str, str]:
        return {"X-Forwarded-For": self.clients[step.other % CLIENTS]}

    def _message(self, step: Step) -> Fields:
        return self.rooms[step.who % ROOMS].seal(word(step.length), sender=word(6))

    def _await_everywhere(self, number: int, body: Fields) -> None:
        for room, _, stream in self.streams:
            if room == number:
                stream.wait_for(lambda event: event.get("ciphertext") == body["ciphertext"], "message")

    def _until_counted(self, name: str, act: Callable[[], None]) -> None:
        """Acts, and waits for the count in the counters' file: to ask the server would be counted too."""

        def count() -> int:
            slots = crash_slots.read(self.server.counters_path)
            assert slots
            return slots.values[name]

        before = count()
        act()
        eventually(lambda: count() == before + 1, f"{name} counted")

    KINDS: dict[str, Callable[[Performance, Step], None]] = {
        "post": _post, "socket": _post_over_a_socket, "stream": _open_stream, "join": _open_socket, "close": _close_stream,
        "poll": _long_poll, "read": _read, "listen": _listen, "claim": _claim, "dm": _send_dm, "update": _update,
        "publish": _publish, "report": _report, "visit": _visit, "refused": _refused, "limit": _over_the_limit,
    }  # fmt: skip
