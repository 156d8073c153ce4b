"""Whose request it is: forwarded addresses count from trusted peers, Cloudflare's only when it is said so.

Seen through a cap of one: two requests of one client don't fit, two of different clients do.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent import registered
from conftest import ServerFactory
from raw_http import RawConnection
from server import OPEN_LIMITS, Server, eventually
from wire import GOOD, new_room, post_well

CAPPED = OPEN_LIMITS | {"STREAM_CAP_PER_IP": "1", "WAITER_CAP_PER_IP": "1"}

ANN, BOB, PROXY = "203.0.113.1", "203.0.113.2", "198.51.100.9"

Headers = dict[str, str]


def forwarded(*addresses: str) -> Headers:
    return {"X-Forwarded-For": ", ".join(addresses)}


def cloudflare(address: str, *chain: str) -> Headers:
    return {"CF-Connecting-IP": address} | (forwarded(*chain) if chain else {})


def are_one_client(server: Server, first: Headers, second: Headers) -> bool:
    """Whether the server takes two streams for those of one client."""
    room = new_room()
    with RawConnection(server.port) as one, RawConnection(server.port) as two:
        one.request("GET", f"/api/rooms/{room}/events", first)
        assert one.head()[1] == 200, "the first of a client must fit"
        two.request("GET", f"/api/rooms/{room}/events", second)
        status = two.head()[1]
        assert status in (200, 429)
    eventually(lambda: server.metrics()["active_subs"] == 0, "both gone")
    return status == 429


@pytest.fixture
def behind(start_server: ServerFactory) -> Callable[..., Server]:
    def start(trust: str | None, cloudflare: str | None = None) -> Server:
        return start_server(**CAPPED | {"TRUST_PROXY": trust, "TRUST_CLOUDFLARE": cloudflare})

    return start


@pytest.mark.parametrize("trust", [None, "loopback", "127.0.0.1", "127.0.0.0/8,::1", "linklocal, loopback", "1", "true"])
def test_a_trusted_peer_says_who_the_client_is(behind: Callable[..., Server], trust: str | None) -> None:
    server = behind(trust)
    assert not are_one_client(server, forwarded(ANN), forwarded(BOB))
    assert are_one_client(server, forwarded(ANN), forwarded(ANN))
    assert not are_one_client(server, forwarded(ANN), {})


@pytest.mark.parametrize("trust", ["false", "0", "uniquelocal", "10.0.0.0/8", "127.0.0.2"])
def test_what_another_peer_says_does_not_count(behind: Callable[..., Server], trust: str) -> None:
    server = behind(trust)
    assert are_one_client(server, forwarded(ANN), forwarded(BOB))
    assert are_one_client(server, forwarded(ANN), {})


def test_the_client_is_the_last_hop_that_is_no_proxy(behind: Callable[..., Server]) -> None:
    server = behind(f"loopback,{PROXY}")
    assert not are_one_client(server, forwarded(ANN, PROXY), forwarded(BOB, PROXY))
    # What a client writes in front of its own address is not looked at.
    assert are_one_client(server, forwarded(ANN, BOB, PROXY), forwarded(BOB))
    assert are_one_client(server, forwarded("garbage", BOB, PROXY), forwarded(BOB, PROXY, PROXY))
    # Nor are two headers more than one list.
    with_port = forwarded(f"{ANN}:5432")
    assert are_one_client(server, with_port, forwarded(ANN))


@pytest.mark.parametrize(("hops", "same"), [("1", True), ("2", False)])
def test_a_number_counts_hops(behind: Callable[..., Server], hops: str, same: bool) -> None:
    server = behind(hops)
    assert are_one_client(server, forwarded(ANN, PROXY), forwarded(BOB, PROXY)) is same


def test_defect_12_trust_proxy_1_means_one_hop(behind: Callable[..., Server]) -> None:
    server = behind("1")
    assert not are_one_client(server, forwarded(ANN), forwarded(BOB))
    assert are_one_client(server, forwarded(BOB, ANN), forwarded(ANN))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("[2001:db8::1]:443", "2001:db8::1", True),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
    ],
)
def test_an_ipv6_household_is_one_client(behind: Callable[..., Server], one: str, other: str, same: bool) -> None:
    assert are_one_client(behind("loopback"), forwarded(one), forwarded(other)) is same


# Cloudflare


@pytest.mark.parametrize("trust", [None, "loopback", "127.0.0.1", "127.0.0.0/8"])
def test_cloudflares_word_counts_from_a_peer_trusted_by_name_or_range(behind: Callable[..., Server], trust: str | None) -> None:
    server = behind(trust, "1")
    assert not are_one_client(server, cloudflare(ANN), cloudflare(BOB))
    assert are_one_client(server, cloudflare(ANN), cloudflare(ANN))
    # It goes before the list, whose last hop is one of Cloudflare's own.
    assert not are_one_client(server, cloudflare(ANN, PROXY), cloudflare(BOB, PROXY))
    assert are_one_client(server, cloudflare(ANN, PROXY), cloudflare(ANN, BOB))
    # Without it, or with a word that is no address, the list counts.
    assert not are_one_client(server, forwarded(ANN), forwarded(BOB))
    for junk in ("garbage", "", "203.0.113.1, 203.0.113.2"):
        assert not are_one_client(server, cloudflare(junk, ANN), cloudflare(junk, BOB)), junk


@pytest.mark.parametrize("trust", ["1", "2", "true", "false", "0", "10.0.0.0/8", "uniquelocal"])
def test_cloudflares_word_does_not_count_from_a_peer_that_is_only_so_many_hops_away(
    behind: Callable[..., Server], trust: str
) -> None:
    assert are_one_client(behind(trust, "1"), cloudflare(ANN), cloudflare(BOB))


@pytest.mark.parametrize("switch", [None, "0"])
def test_cloudflares_word_does_not_count_unless_it_is_said_so(behind: Callable[..., Server], switch: str | None) -> None:
    server = behind("loopback", switch)
    assert are_one_client(server, cloudflare(ANN), cloudflare(BOB))
    assert not are_one_client(server, cloudflare(ANN, ANN), cloudflare(ANN, BOB))


# The same address on every kind of route


@pytest.mark.parametrize("headers", [forwarded, cloudflare])
def test_waits_claims_sockets_and_buckets_go_by_the_same_address(
    start_server: ServerFactory, headers: Callable[[str], Headers]
) -> None:
    server = start_server(**CAPPED | {"TRUST_CLOUDFLARE": "1"})
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room, sender=agent.handle)
    wait = f"/api/rooms/{room}/wait?after={seq}&timeout=1"
    inbox = f"/api/dm/{agent.handle}/inbox/wait?timeout=1"
    claim = f"/api/rooms/{room}/claim?timeout=1"

    def codes(address: str) -> list[int]:
        return [
            agent.request("GET", wait, headers=headers(address)).status_code,
            agent.signed("GET", inbox, headers=headers(address)).status_code,
            agent.signed("POST", claim, json={"handle": agent.handle}, headers=headers(address)).status_code,
        ]

    with RawConnection(server.port) as parked:
        parked.request("GET", f"/api/rooms/{room}/wait?after={seq}&timeout=60", headers(ANN))
        eventually(lambda: server.metrics()["longpoll_waits_total"] == 1, "one parked")
        assert codes(ANN) == [429, 429, 429]
        assert codes(BOB) == [200, 200, 200]
    server.restart(ROOM_RL_CAP="1", ROOM_RL_REFILL_PER_SEC="0.01")
    # A hot route, and cold ones behind Hummingbird.
    for path, body, code in (
        (f"/api/rooms/{room}/messages", GOOD, 200),
        ("/api/identity/register", {}, 400),
        ("/api/report", {}, 400),
        ("/api/contact", {}, 400),
    ):
        found = [server.post(path, json=body, headers=headers(address)).status_code for address in (ANN, ANN, BOB, BOB)]
        assert found == [code, 429, code, 429], path
