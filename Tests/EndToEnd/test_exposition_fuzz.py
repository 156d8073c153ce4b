"""Whatever comes in, the exposition's series stay the ones that were promised, and its answers what was asked for."""

from __future__ import annotations

import random
import socket
import string
import time

import pytest

from conftest import ServerFactory
from exposition import samples
from raw_http import request_bytes
from server import OPEN_LIMITS, Server

SEED = 20_260_615
TYPES = (b"text/plain; version=0.0.4", b"application/openmetrics-text; version=1.0.0", b"application/json")
ODD = '"\\\n\r\t{},=#é\x00\x7f '


def word(dice: random.Random) -> str:
    letters = string.ascii_letters + string.digits + "-_./:;*=%" + ODD.replace("\n", "").replace("\r", "").replace("\x00", "")
    return "".join(dice.choice(letters) for _ in range(dice.randint(1, 24))).strip() or "x"


def accept(dice: random.Random) -> str:
    """A header that can be sent, whatever it says."""
    known = ["text/plain", "application/json", "*/*", "application/openmetrics-text;version=1.0.0", "text/*"]
    return ",".join(
        f"{dice.choice([*known, word(dice)])};q={dice.choice(['1', '0', '0.5', '-1', 'nan', word(dice)])}"
        for _ in range(dice.randint(1, 5))
    ).replace("\x7f", "~")


def hostile(dice: random.Random, server: Server) -> bytes:
    """A request whose every part would like to be a label's value."""
    method = dice.choice(["GET", "POST", "PUT", "HEAD", "BREW", 'A"B', "OPTIONS"])
    path = dice.choice(["/", "/api/rooms/" + word(dice).replace(" ", "") + "/messages", "/" + word(dice).replace(" ", "")])
    lines = [
        f"{method} {path} HTTP/1.1", "Host: localhost", f"CF-IPCountry: {dice.choice(['DE', 'XX', 'T1', word(dice)])}",
        f"User-Agent: {word(dice)}", f"X-Forwarded-For: {word(dice)}", f"Content-Type: {word(dice)}", "Content-Length: 0",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def exchange(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(1 << 18):
            parts.append(part)
    return b"".join(parts)


def campaign(server: Server, seconds: float) -> int:
    dice = random.Random(SEED)
    before = {sample.series for sample in samples(server.exposition())}
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        rounds += 1
        exchange(server.port, hostile(dice, server))
        if rounds % 8 == 0:
            header = accept(dice)
            request = request_bytes("GET", dice.choice(["/metrics", "/api/metrics"]), server.bearer | {"Accept": header})
            head = exchange(server.port, request).partition(b"\r\n\r\n")[0]
            assert head.startswith(b"HTTP/1.1 200 "), (rounds, header, head[:200])
            assert any(b"content-type: " + kind in head.lower() for kind in TYPES), (rounds, header)
    after = {sample.series for sample in samples(server.exposition())}
    assert after == before, f"seed {SEED}, {rounds} rounds: {sorted(after ^ before)[:5]}"
    return rounds


def fuzzed(start_server: ServerFactory) -> Server:
    return start_server(**OPEN_LIMITS, TRUST_CLOUDFLARE="1", TRUST_PROXY="loopback")


def test_the_series_are_the_same_after_a_minute_of_hostile_requests(start_server: ServerFactory) -> None:
    assert campaign(fuzzed(start_server), 60) > 1_000


@pytest.mark.soak
def test_the_series_are_the_same_after_an_hour_of_hostile_requests(start_server: ServerFactory) -> None:
    assert campaign(fuzzed(start_server), 3_600) > 100_000
