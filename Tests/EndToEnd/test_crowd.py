"""Five hundred agents in one room, each with a name, a stream and a sign of life every 15 s: what SDK clients do."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import secrets
import time
from dataclasses import dataclass, field

import pytest

from conftest import ServerFactory
from server import OPEN_LIMITS, Server

AGENTS = 500
BEAT = 15.0
SECONDS = 60.0
BYTES_MAX = 5_000_000


@dataclass
class Crowd:
    """The agents' side: what they received, and which answers their signs of life got."""

    port: int
    room: str
    received: int = 0
    answers: dict[int, int] = field(default_factory=dict)

    def name(self, number: int) -> str:
        return f"agent-{number:03}-{'x' * 12}"

    def key(self, number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")

    async def stream(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        path = f"/api/rooms/{self.room}/events?name={self.name(number)}&box_pub={self.key(number)}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while data := await reader.read(1 << 20):
            self.received += len(data)

    async def beat(self, number: int, named_like_stream: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        name = self.name(number if named_like_stream else number + AGENTS)
        body = f'{{"name":"{name}","box_pub":"{self.key(number)}"}}'.encode()
        head = (
            f"POST /api/rooms/{self.room}/listening HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        await asyncio.sleep(random.random() * BEAT)
        while True:
            writer.write(head + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(answer.split()[1])
            self.answers[status] = self.answers.get(status, 0) + 1
            await asyncio.sleep(BEAT - 1 + random.random() * 2)


async def spend_time(server: Server, streams: int, named_like_stream: bool) -> tuple[float, float, Crowd]:
    """Server's share of a core, and bytes a second to all agents together, once everyone is there."""
    crowd = Crowd(server.port, "crowd-" + secrets.token_hex(4))
    tasks = [asyncio.create_task(crowd.stream(number)) for number in range(streams)]
    tasks += [asyncio.create_task(crowd.beat(number, named_like_stream)) for number in range(AGENTS)]
    await asyncio.sleep(BEAT + 5)
    bytes_before, cpu_before, start = crowd.received, cpu_seconds(server), time.monotonic()
    await asyncio.sleep(SECONDS)
    elapsed = time.monotonic() - start
    share = (cpu_seconds(server) - cpu_before) / elapsed
    rate = (crowd.received - bytes_before) / elapsed
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [error for error in results if isinstance(error, OSError)], results
    return share, rate, crowd


def cpu_seconds(server: Server) -> float:
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("streams", "named_like_stream"),
    [(AGENTS, True), (AGENTS, False), (5, False)],
    ids=["streams and signs of life under one name", "under two names", "signs of life alone, five readers"],
)
def test_a_crowd_of_agents_costs_little(
    start_server: ServerFactory, streams: int, named_like_stream: bool
) -> None:
    server = start_server(**OPEN_LIMITS)
    share, rate, crowd = asyncio.run(spend_time(server, streams, named_like_stream))
    print(f"\n{share * 100:.1f} % of a core, {rate / 1e6:.2f} MB/s, answers {crowd.answers}")
    assert set(crowd.answers) == {200}
    assert rate < BYTES_MAX
    # A debug build is ten times slower; its share says nothing.
    if "release" in os.environ.get("SIGNALBOX_BIN", ""):
        assert share < 0.05
