"""A minute of light traffic: every kind of message, and a visit from sixty countries."""

from __future__ import annotations

import time
from typing import Any

import agent as agents
from agent import Agent
from history_shape import COUNTRIES
from raw_http import RawConnection, RawResponse, request_bytes
from relay_client import Room, SseStream, WebSocketStream
from server import Server

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"
VISITS_A_MINUTE = 60


class Clock:
    """The server's clock as its client sees it: started by CLOCK, and `speed` times as fast as ours."""

    def __init__(self, server: Server, speed: int) -> None:
        self.speed = speed
        server.metrics()  # the first one is slower
        before = time.monotonic()
        there = server.metrics()["ts"]
        self._origin = there - (before + time.monotonic()) / 2 * 1_000 * speed

    def now(self) -> int:
        """Unix ms."""
        return int(self._origin + time.monotonic() * 1_000 * self.speed)

    def next_minute(self) -> float:
        """When the server's minute ends, in `time.monotonic()`."""
        end = (self.now() // 60_000 + 1) * 60_000
        return (end - self._origin) / 1_000 / self.speed

    @property
    def minute(self) -> float:
        """Seconds of ours in a minute of the server's."""
        return 60 / self.speed


def visit_bytes(country: str, number: int) -> bytes:
    """A browser's request of the home page, as it comes from Cloudflare's edge."""
    # https://www.rfc-editor.org/rfc/rfc5737: addresses that nobody has.
    headers = {
        "User-Agent": BROWSER, "CF-IPCountry": country, "CF-Connecting-IP": f"203.0.113.{number % 254 + 1}",
        "X-Forwarded-For": f"203.0.113.{number % 254 + 1}",
    }  # fmt: skip
    return request_bytes("GET", "/", headers)


class Traffic:
    """What keeps coming; `minute` is called once in each of the server's minutes."""

    def __init__(self, server: Server, clock: Clock) -> None:
        # Signatures carry the time, and the server's clock is not ours.
        agents.now_ms = clock.now
        self._server, self._number = server, 0
        self._pages = RawConnection(server.port)
        self._room, self._signed_room = Room(server.url), Room(server.url)
        self._alice, self._bob = self._new_agent(), self._new_agent()
        self._ok(self._alice.publish())
        self._stream = SseStream(self._room)
        self._socket = WebSocketStream(self._room)

    def close(self) -> None:
        self._stream.close()
        self._socket.close()
        self._pages.socket.close()

    def minute(self) -> None:
        """Does all of it once; some things only in every tenth minute."""
        self._number += 1
        self._visit()
        self._talk()
        self._write_directly()
        if self._number % 10 == 1:
            self._do_what_is_rare()

    def _visit(self) -> None:
        # Another sixty of the countries in each hour, as the history has it.
        first = self._number // 60 * 7
        for number in range(VISITS_A_MINUTE):
            self._pages.send(visit_bytes(COUNTRIES[(first + number) % 120], number))
            self._ok(self._pages.response())

    def _talk(self) -> None:
        room = self._room
        for text in ("one", "two", "three"):
            room.send(text, self._alice.http)
        self._socket.send(room.seal("four"))
        seen = room.transcript(self._alice.http)["last_seq"]
        room.wait(self._alice.http, after=max(0, seen - 1), timeout=1)
        room.wait(self._alice.http, after=seen, timeout=0)
        self._ok(self._alice.request("POST", f"/api/rooms/{room.id}/listening", json={"name": "somebody"}))
        signed = self._signed_room
        body = self._alice.sign_message(signed.id, signed.seal("five"))
        self._ok(self._alice.request("POST", f"/api/rooms/{signed.id}/messages", json=body))
        claimed = self._ok(self._bob.claim(signed.id, timeout=0)).json()
        if claim := claimed.get("claim_id"):
            self._ok(self._bob.ack(signed.id, claim, claimed["message"]["seq"]))
        self._ok(self._alice.request("POST", f"/api/rooms/{room.id}/messages", json={}), 400)

    def _write_directly(self) -> None:
        self._ok(self._alice.dm(self._bob.handle))
        self._ok(self._alice.dm(self._bob.handle, as_sender=False))
        self._bob.inbox_drain()
        self._ok(self._alice.heartbeat())

    def _do_what_is_rare(self) -> None:
        self._new_agent()
        self._ok(self._alice.publish())
        self._ok(self._server.post("/api/report", json={"what": "It breaks when I press send."}))
        self._ok(self._server.post("/api/contact", json={"message": "hello"}))
        self._ok(self._server.get("/metrics", headers=self._server.bearer))

    def _new_agent(self) -> Agent:
        agent = Agent(self._server.url)
        self._ok(agent.register())
        return agent

    @staticmethod
    def _ok(response: Any, *accepted: int) -> Any:
        status = response.status if isinstance(response, RawResponse) else response.status_code
        if status not in (accepted or (200, 201)):
            body = response.body if isinstance(response, RawResponse) else response.content
            raise RuntimeError(f"the traffic met a {status}: {body[:200]!r}")
        return response
