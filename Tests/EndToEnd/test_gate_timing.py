"""Timing: how long a wrong token takes must not tell how much of it is right.

Not measured, which a busy machine would spoil, but looked at: by a library that is loaded into the server and notes
each comparison that is given a secret.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable

import pytest

from comparisons import Comparisons
from conftest import ServerFactory
from gate_client import PAGE, STREAM, bearer, log_in, log_out, session_of, somebody_new, visit, with_token
from raw_http import RawConnection
from server import OPEN_LIMITS, Server
from wire import new_room, post_well

TOKEN = "Nf3vYq8Zk1Rw6Tx0Lb5Hs2Jd9Gp7Cm4-Ue_Aa"
SCRAPE_TOKEN = "Qw4rTz7uIo1pAs5dFg8hJk2lYx9cVb3n-M_Kk"

WAYS = ("header", "exposition", "query", "page", "form", "stream")

Watched = tuple[Server, Comparisons]


@pytest.fixture
def watch(start_server: ServerFactory) -> Callable[..., Watched]:
    def start(**settings: str | None) -> Watched:
        server = start_server(started=False, **OPEN_LIMITS, METRICS_TOKEN=TOKEN, **settings)
        server.token = TOKEN
        comparisons = Comparisons(server.directory)
        server.settings |= comparisons.settings()
        server.start()
        for token in (TOKEN, SCRAPE_TOKEN):
            comparisons.watch(token)
        return server, comparisons

    return start


def guesses(token: str) -> dict[str, str]:
    """Wrong in ways that an ordinary comparison takes differently long for."""
    other = "x" if token[0] != "x" else "y"
    return {
        "wrong first byte": other + token[1:],
        "wrong middle byte": token[:18] + other + token[19:],
        "wrong last byte": token[:-1] + other,
        "wrong from the first": other * len(token),
        "a prefix": token[:-1],
        "half of it": token[: len(token) // 2],
        "one byte": token[:1],
        "longer": token + other,
        "twice": token + token,
        "other case": token.swapcase(),
    }


def way_in(way: str, server: Server) -> Callable[[str], int]:
    """Where a token can be tried; each try is somebody else's, or the limit would answer."""
    client = somebody_new()

    def stream(token: str) -> int:
        with RawConnection(server.port) as connection:
            connection.request("GET", STREAM, client | bearer(token))
            return connection.head()[1]

    ways: dict[str, Callable[[str], int]] = {
        "header": lambda token: server.get("/api/metrics", headers=client | bearer(token)).status_code,
        "exposition": lambda token: server.get("/metrics", headers=client | bearer(token)).status_code,
        "query": lambda token: server.get(with_token("/api/metrics", token), headers=client).status_code,
        "page": lambda token: visit(server, None, with_token(PAGE, token), **client).status_code,
        "form": lambda token: log_in(server, token, **client).status_code,
        "stream": stream,
    }
    return ways[way]


@pytest.mark.parametrize("way", WAYS)
def test_attack_timing_the_comparison_does_not_branch_on_content(watch: Callable[..., Watched], way: str) -> None:
    server, comparisons = watch()
    seen: dict[str, Tally[str]] = {}
    for what, token in {"right": TOKEN, **guesses(TOKEN)}.items():
        ask = way_in(way, server)
        statuses: list[int] = []
        seen[what] = comparisons.of(lambda ask=ask, token=token, statuses=statuses: statuses.append(ask(token)))
        assert (statuses[0] in (200, 303)) == (what == "right"), (what, statuses)
    # One comparison in constant time, always of the same length, whatever was sent; and no other that is given it.
    assert seen == dict.fromkeys(seen, Tally({"sodium_memcmp 32": 1}))


@pytest.mark.parametrize("way", WAYS)
def test_attack_timing_nor_does_it_with_a_second_token(watch: Callable[..., Watched], way: str) -> None:
    server, comparisons = watch(METRICS_SCRAPE_TOKEN=SCRAPE_TOKEN)
    seen: dict[str, Tally[str]] = {}
    wrong = {
        f"{whose} {what}": token
        for whose, right in (("operator's", TOKEN), ("scraper's", SCRAPE_TOKEN))
        for what, token in guesses(right).items()
    }
    for what, token in wrong.items():
        ask = way_in(way, server)
        seen[what] = comparisons.of(lambda ask=ask, token=token: ask(token))
    first = next(iter(seen.values()))
    assert set(first) == {"sodium_memcmp 32"}
    assert seen == dict.fromkeys(seen, first)
    for token in (TOKEN, SCRAPE_TOKEN):
        calls = comparisons.of(lambda token=token: way_in(way, server)(token))
        assert set(calls) == {"sodium_memcmp 32"}, "a right token compared with something else too"


def test_attack_timing_no_comparison_is_given_a_sessions_secret(watch: Callable[..., Watched]) -> None:
    server, comparisons = watch()
    session = session_of(log_in(server))
    name, _, secret = session.partition("=")
    comparisons.watch(secret)
    tries = {"right": secret, **guesses(secret)}
    for what, cookie in tries.items():
        calls = comparisons.of(lambda cookie=cookie: visit(server, f"{name}={cookie}"))
        assert not [call for call in calls if not call.startswith("sodium_memcmp")], what
    assert not [call for call in comparisons.of(lambda: log_out(server, session)) if "memcmp 32" not in call]


def test_the_shim_sees_an_ordinary_comparison(watch: Callable[..., Watched]) -> None:
    """A test of the tests above: a room's name is no secret and is compared in the ordinary way."""
    server, comparisons = watch()
    room = new_room() + "-of-some-length"
    comparisons.watch(room)
    post_well(server, room)
    calls = comparisons.of(lambda: post_well(server, room))
    assert [call for call in calls if call.endswith(room)], calls
    assert [call for call in comparisons.of(lambda: server.metrics()) if call.startswith("sodium_memcmp")]
