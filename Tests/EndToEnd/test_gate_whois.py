"""tailscaled is asked who a node is, and TAILSCALE_ALLOW may list who comes in. What goes wrong lets nobody in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import ServerFactory
from gate_client import PAGE, is_dashboard, moves
from server import OPEN_LIMITS, Server, eventually
from tailnet import LAPTOP, LAPTOP6, PHONE, Machine, around  # noqa: F401
from tailscaled import ALICE, BOB, BOX_NAME, GOOD_MANNERS, MANNERS, Tailscaled, address_of, node, tagged, tailscaled
from wire import assert_refused

Start = Callable[..., Server]

# How long whois may take.
WHOIS_TIMEOUT = 2.0
# And what a busy machine may add.
SLACK = 2.0


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Tailscaled]:
    with tailscaled(tmp_path / "tailscaled.sock") as stub:
        stub.nodes = {LAPTOP: node(ALICE), LAPTOP6: node(ALICE), PHONE: node(BOB)}
        yield stub


@pytest.fixture
def start(around: Machine, start_server: ServerFactory, tmp_path: Path) -> Start:
    def start(*, started: bool = True, **settings: str | None) -> Server:
        fixed = OPEN_LIMITS | {"HOST": "::", "TAILSCALE_SOCKET": str(tmp_path / "tailscaled.sock")}
        server = start_server(started=False, **fixed | settings)
        return around.box.start(server) if started else around.box.take(server)

    return start


def comes_in(server: Server, around: Machine, address: str = LAPTOP) -> bool:
    response = around.node(address).get(server, PAGE)
    assert response.status_code in (200, 401)
    return is_dashboard(response)


# Whois


def test_a_node_that_tailscaled_knows_comes_in(start: Start, around: Machine, daemon: Tailscaled) -> None:
    server = start()
    with moves(server, tailnet=2):
        assert comes_in(server, around) and comes_in(server, around, LAPTOP6)
    v4, v6 = daemon.asked
    # As the real one wants it: never ::ffff:a.b.c.d, brackets around IPv6, the port of this connection.
    assert v4.rpartition(":")[0] == LAPTOP and 0 < int(v4.rpartition(":")[2]) < 65_536
    assert v6.startswith("[") and address_of(v6) == LAPTOP6


@pytest.mark.parametrize("manner", GOOD_MANNERS)
def test_an_answer_may_come_in_parts_and_be_long(
    start: Start, around: Machine, daemon: Tailscaled, manner: str
) -> None:
    daemon.nodes[LAPTOP] |= {"CapMap": {f"https://example.com/cap/{number}": None for number in range(500)}}
    daemon.status["Peer"] = {f"nodekey:{number}": {"DNSName": f"n{number}.x.ts.net."} for number in range(5_000)}
    daemon.manner = manner
    server = start(TAILSCALE_ALLOW=ALICE)
    assert comes_in(server, around)
    assert around.node().get(server, PAGE, headers={"Host": BOX_NAME}).status_code == 200


def test_one_that_tailscaled_does_not_know_stays_out(start: Start, around: Machine, daemon: Tailscaled) -> None:
    del daemon.nodes[PHONE]
    server = start()
    with moves(server, tailnet_refused=1):
        assert not comes_in(server, around, PHONE)
    assert comes_in(server, around)
    daemon.nodes.clear()
    # What was true once isn't true for long.
    eventually(lambda: not comes_in(server, around), "a node that was removed shut out", timeout=60)


@pytest.mark.parametrize("allow", [None, ALICE], ids=["any node", "a list"])
def test_a_tailscaled_that_goes_wrong_lets_nobody_in(
    start: Start, around: Machine, daemon: Tailscaled, allow: str | None
) -> None:
    server = start(TAILSCALE_ALLOW=allow)
    assert comes_in(server, around)
    for manner in MANNERS:
        resident = server.resident_bytes()
        daemon.manner = manner
        daemon.asked.clear()
        began = time.monotonic()
        with moves(server, tailnet_refused=1):
            assert not comes_in(server, around), manner
        assert time.monotonic() - began < WHOIS_TIMEOUT + SLACK, manner
        assert daemon.asked, f"not even asked: {manner}"
        assert server.resident_bytes() - resident < 64 * 1024 * 1024, f"kept what had no end: {manner}"
        # It is asked anew when it is well again.
        daemon.manner = None
        eventually(lambda: comes_in(server, around), f"let in again: {manner}", timeout=60)


def test_a_tailscaled_that_hangs_holds_up_nobody_else(start: Start, around: Machine, daemon: Tailscaled) -> None:
    server = start()
    daemon.manner = "hangs"
    descriptors = server.open_files()
    with ThreadPoolExecutor(40) as nodes:
        began = time.monotonic()
        waiting = [nodes.submit(comes_in, server, around, LAPTOP) for _ in range(40)]
        eventually(lambda: daemon.asked, "asked")
        while not all(one.done() for one in waiting):
            asked = time.monotonic()
            assert server.get("/api/health").status_code == 200
            assert around.node().get(server, "/api/metrics", headers=server.bearer).status_code == 200, (
                "a token is enough"
            )
            assert time.monotonic() - asked < 1
        assert not any(one.result() for one in waiting)
        # Side by side, not one after the other.
        assert time.monotonic() - began < WHOIS_TIMEOUT + 2 * SLACK
    daemon.manner = None
    daemon.closing.set()
    eventually(lambda: server.open_files() <= descriptors + 4, "connections to tailscaled closed")


def test_a_tailscaled_that_hangs_does_not_hold_up_the_start(start: Start, around: Machine, daemon: Tailscaled) -> None:
    daemon.manner = "hangs"
    server = start()
    daemon.manner = None
    eventually(lambda: comes_in(server, around), "let in once it is well", timeout=60)


@pytest.mark.parametrize("what", ["nobody behind it", "a file", "a directory"])
def test_a_socket_that_cannot_be_asked_lets_nobody_in(start: Start, around: Machine, tmp_path: Path, what: str) -> None:
    path = tmp_path / "tailscaled.sock"
    if what == "nobody behind it":
        with tailscaled(path) as stub:
            path.rename(tmp_path / "kept")
        assert stub.closing.is_set()
        (tmp_path / "kept").rename(path)
    elif what == "a file":
        path.write_text("HTTP/1.1 200 OK\r\n\r\n{}")
    else:
        path.mkdir()
    server = start()
    assert not comes_in(server, around)
    assert server.get("/api/metrics", headers=server.bearer).status_code == 200


def test_without_a_socket_the_interface_alone_decides(start: Start, around: Machine, tmp_path: Path) -> None:
    server = start()
    assert comes_in(server, around)
    # tailscaled may come up later; from then on it is asked.
    with tailscaled(tmp_path / "tailscaled.sock") as daemon:
        eventually(lambda: not comes_in(server, around), "asked", timeout=60)
        daemon.nodes[LAPTOP] = node()
        eventually(lambda: comes_in(server, around), "let in", timeout=60)


# TAILSCALE_ALLOW


Who = dict[str, object]

# Nodes by TAILSCALE_ALLOW: those that it lets in, and those that it doesn't.
LISTS: dict[str, tuple[list[Who], list[Who]]] = {
    ALICE: (
        [node(ALICE)],
        [
            node(BOB),
            node(""),
            node(f"{ALICE}.evil"),
            node("malice@example.com"),
            # A tagged machine belongs to its tags, whoever made it.
            node(ALICE, ["tag:web"]),
            {"CapMap": None},
            {"Node": None, "UserProfile": None},
            {"Node": {"Tags": None}, "UserProfile": {"LoginName": None}},
            {"Node": {"Tags": ALICE}, "UserProfile": {"LoginName": [ALICE]}},
        ],
    ),
    f"{BOB}, {ALICE}": ([node(ALICE), node(BOB)], [node("carol@example.com")]),
    "alice,example.com,Laptop": ([], [node(ALICE), node(BOB, name="Laptop")]),
    f"{ALICE}.evil,,": ([], [node(ALICE), node("")]),
    "tag:ops": (
        [tagged("tag:ops"), tagged("tag:web", "tag:ops"), node(ALICE, ["tag:ops"])],
        [node(ALICE), tagged("tag:web"), tagged("tag:opsx"), tagged("tag:op"), node("tag:ops")],
    ),
    f"{ALICE},tag:web": ([node(ALICE), tagged("tag:web"), node(BOB, ["tag:web"])], [node(BOB), tagged("tag:ops")]),
    "tagged-devices": ([], [tagged("tag:web")]),
}


@pytest.mark.parametrize("allow", LISTS)
def test_only_those_come_in_who_are_listed(start: Start, around: Machine, daemon: Tailscaled, allow: str) -> None:
    server = start(TAILSCALE_ALLOW=allow)
    listed, others = LISTS[allow]
    for admitted, nodes in ((True, listed), (False, others)):
        for who in nodes:
            daemon.nodes[LAPTOP] = who
            assert comes_in(server, around) is admitted, who


@pytest.mark.parametrize("allow", [",", " , ,"])
def test_a_list_of_nobody_is_no_list_of_everybody(
    start: Start, around: Machine, daemon: Tailscaled, tmp_path: Path, allow: str
) -> None:
    server = start(started=False, TAILSCALE_ALLOW=allow)
    process = server.launch()
    eventually(lambda: process.poll() is not None or "Listening" in server.log(), "started or refused")
    if process.poll() is None:
        assert not comes_in(server, around)
    else:
        server.kill()
        assert process.returncode > 0 and "TAILSCALE_ALLOW" in server.log()


def test_a_list_without_a_tailscaled_to_ask_lets_nobody_in(start: Start, around: Machine) -> None:
    server = start(TAILSCALE_ALLOW=ALICE)
    with moves(server, tailnet_refused=1):
        assert not comes_in(server, around)
    # Nor does a name in a header help.
    response = around.node().get(server, PAGE, headers={"Tailscale-User-Login": ALICE})
    assert response.status_code == 401


def test_who_is_not_listed_can_still_bring_a_token(start: Start, around: Machine, daemon: Tailscaled) -> None:
    server = start(TAILSCALE_ALLOW=ALICE)
    assert not comes_in(server, around, PHONE)
    assert around.node(PHONE).get(server, "/api/metrics", headers=server.bearer).status_code == 200
    assert_refused(around.node(PHONE).get(server, "/api/metrics"), 401, "unauthorised")


# The names of the machine


@pytest.mark.parametrize("host", [BOX_NAME, BOX_NAME + ":3000", BOX_NAME + ".", BOX_NAME.upper()])
def test_the_name_that_the_tailnet_gives_the_machine_is_its_own(
    start: Start, around: Machine, daemon: Tailscaled, host: str
) -> None:
    server = start()
    assert around.node().get(server, "/api/metrics", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "laptop.tail1234.ts.net",
        "tail1234.ts.net",
        "box.tail1234.ts.net.evil.example",
        "xbox.tail1234.ts.net",
        "box.evil.example",
    ],
)
def test_attack_dns_rebinding_with_another_name_of_the_tailnet(
    start: Start, around: Machine, daemon: Tailscaled, host: str
) -> None:
    server = start()
    with moves(server, foreign_host=1):
        response = around.node().get(server, "/api/metrics", headers={"Host": host})
    assert response.status_code in (401, 403)
