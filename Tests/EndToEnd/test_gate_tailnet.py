"""The tailnet's door: nodes come in by the tailnet's own interface, and nobody else does.

The networks are real: namespaces with veth pairs, the machine's end of one of them named tailscale0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from conftest import ServerFactory
from gate_client import (
    BROWSER,
    GATED,
    JSON_API,
    PAGE,
    STREAM,
    DashboardStream,
    bearer,
    cache_control,
    is_dashboard,
    is_login_page,
    is_shut_out,
    moves,
)
from server import OPEN_LIMITS, Server, eventually
from tailnet import (
    BESIDE,
    BOX,
    BOX6,
    BOX_CGNAT,
    BOX_CGNAT6,
    LAPTOP,
    LAPTOP6,
    NEIGHBOUR6,
    PHONE,
    SCRAPE_TOKEN,
    STRANGER,
    STRANGER6,
    Machine,
    Peer,
    around,  # noqa: F401
    machine,
    network,
    tailnet_server,  # noqa: F401
)
from wire import assert_refused

Start = Callable[..., Server]


@pytest.fixture
def start(around: Machine, start_server: ServerFactory, tmp_path: Path) -> Start:
    def start(**settings: str | None) -> Server:
        # `::` takes IPv4 as well, as ::ffff:a.b.c.d. No tailscaled unless a test brings one.
        fixed = OPEN_LIMITS | {"HOST": "::", "TAILSCALE_SOCKET": str(tmp_path / "no-tailscaled.sock")}
        return around.box.start(start_server(started=False, **fixed | settings))

    return start


# Who comes in


@pytest.mark.parametrize("path", GATED)
@pytest.mark.parametrize("address", [LAPTOP, LAPTOP6])
def test_a_node_needs_no_token(tailnet_server: Server, around: Machine, address: str, path: str) -> None:
    with moves(tailnet_server, tailnet=1):
        response = around.node(address).get(tailnet_server, path)
    assert response.status_code == 200 and not is_login_page(response)
    assert not response.cookies and "no-store" in cache_control(response)


def test_a_node_may_follow_the_stream(tailnet_server: Server, around: Machine) -> None:
    with moves(tailnet_server, tailnet=1), around.node().connect(tailnet_server.port) as connection:
        DashboardStream(connection, {"Host": BOX}).wait_for_word()


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", LAPTOP), ("::", LAPTOP), ("::", LAPTOP6), ("127.0.0.1", LAPTOP)],
    ids=["IPv4", "IPv4 on an IPv6 socket", "IPv6", "the second listener"],
)
def test_a_node_comes_in_by_every_listener(start: Start, around: Machine, host: str, address: str) -> None:
    server = start(HOST=host)
    eventually(lambda: "Listening" in server.log(), "listening")

    def answer() -> requests.Response | None:
        try:
            return around.node(address).get(server, PAGE)
        except requests.ConnectionError:
            return None

    # The second listener may come up a little after the first.
    assert is_dashboard(eventually(answer, "an answer in the tailnet"))


def test_the_interface_may_have_another_name(start_server: ServerFactory, tmp_path: Path) -> None:
    settings = OPEN_LIMITS | {"HOST": "0.0.0.0", "TAILSCALE_SOCKET": str(tmp_path / "none.sock")}
    with machine("ts-ops") as around:
        server = around.box.start(start_server(started=False, **settings))
        assert is_shut_out(around.node().get(server, PAGE))
        server.restart(TAILSCALE_INTERFACE="ts-ops")
        assert is_dashboard(around.node().get(server, PAGE))
        server.restart(TAILSCALE_INTERFACE="ts-op")
        assert is_shut_out(around.node().get(server, PAGE))
        server.restart(TAILSCALE_INTERFACE="wan0")
        assert is_shut_out(around.stranger().get(server, PAGE)), "an interface without an address of a tailnet"
        server.stop()


def test_a_tailnet_may_come_up_after_the_server_and_go_again(start_server: ServerFactory, tmp_path: Path) -> None:
    settings = OPEN_LIMITS | {"HOST": "0.0.0.0", "TAILSCALE_SOCKET": str(tmp_path / "none.sock")}
    with network() as made:
        box, nodes = made.machine(), made.machine()
        server = box.start(start_server(started=False, **settings))
        made.cable(box, "tailscale0", nodes, [f"{BOX}/10"], [f"{LAPTOP}/10"])
        laptop = Peer(nodes, LAPTOP, BOX)
        eventually(lambda: is_dashboard(laptop.get(server, PAGE)), "let in")
        box.ip("link", "set", "tailscale0", "down")
        box.ip("link", "set", "tailscale0", "name", "wan0")
        box.ip("link", "set", "wan0", "up")
        eventually(lambda: is_shut_out(laptop.get(server, PAGE)), "the same cable under another name is no tailnet")
        server.stop()


def test_without_a_metrics_token_nodes_come_in_and_others_are_told_it_is_off(start: Start, around: Machine) -> None:
    server = start(METRICS_TOKEN=None)
    for path in (PAGE, "/api/metrics", "/metrics"):
        assert around.node().get(server, path).status_code == 200
        for other in (around.stranger(), around.neighbour(), around.itself()):
            assert other.get(server, path, headers=BROWSER).status_code == 503


# Who doesn't


@pytest.mark.parametrize("address", BESIDE)
def test_one_behind_a_subnet_router_is_no_node(tailnet_server: Server, around: Machine, address: str) -> None:
    assert is_shut_out(around.node(address).get(tailnet_server, PAGE))


@pytest.mark.parametrize("address", [STRANGER, STRANGER6])
def test_one_of_the_world_is_no_node(tailnet_server: Server, around: Machine, address: str) -> None:
    assert is_shut_out(around.stranger(address).get(tailnet_server, PAGE))


def test_attack_cgnat_peer_without_a_tailnet_interface(start_server: ServerFactory, tmp_path: Path) -> None:
    settings = OPEN_LIMITS | {"HOST": "::", "TAILSCALE_SOCKET": str(tmp_path / "none.sock")}
    with network() as made:
        box, provider = made.machine(), made.machine()
        made.cable(box, "wan0", provider, [f"{BOX}/10", f"{BOX6}/48"], [f"{LAPTOP}/10", f"{LAPTOP6}/48"])
        server = box.start(start_server(started=False, **settings))
        for peer in (Peer(provider, LAPTOP, BOX), Peer(provider, LAPTOP6, BOX6)):
            for path in GATED:
                assert is_shut_out(peer.get(server, path)), path
        server.stop()


@pytest.mark.parametrize(
    ("address", "box"),
    [("100.72.0.2", "100.72.0.1"), (NEIGHBOUR6, BOX_CGNAT6), ("100.72.0.2", BOX), (NEIGHBOUR6, BOX6)],
    ids=["to that network's address", "the same in IPv6", "to the tailnet's address", "to that in IPv6"],
)
def test_attack_cgnat_peer_beside_a_tailnet_interface(
    tailnet_server: Server, around: Machine, address: str, box: str
) -> None:
    # Linux takes a packet for any of its addresses on any interface: that the machine's end of a connection has
    # the tailnet's address doesn't say that the tailnet brought it.
    assert is_shut_out(around.neighbour(address, box).get(tailnet_server, PAGE))


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("127.0.0.1", BOX),
        (BOX, BOX),
        (BOX6, BOX6),
        # Another of its own addresses that is in the range.
        (BOX_CGNAT, BOX),
        (BOX_CGNAT6, BOX6),
    ],
)
def test_attack_loopback_peer_is_no_node_not_even_at_the_tailnets_address(
    tailnet_server: Server, around: Machine, address: str, box: str
) -> None:
    # Whatever runs on the machine could be a proxy that passes strangers on.
    assert is_shut_out(around.itself(address, box).get(tailnet_server, PAGE))


# Tokens over the tailnet


def test_who_brings_a_token_is_judged_by_the_token(tailnet_server: Server, around: Machine) -> None:
    phone = around.node(PHONE)
    with moves(tailnet_server, bearer=1):
        assert phone.get(tailnet_server, "/api/metrics", headers=tailnet_server.bearer).status_code == 200
    with moves(tailnet_server, refused=1):
        assert_refused(phone.get(tailnet_server, "/api/metrics", headers=bearer("wrong")), 401)


@pytest.mark.parametrize("path", [*JSON_API, PAGE, STREAM])
def test_attack_scrape_token_over_the_tailnet(tailnet_server: Server, around: Machine, path: str) -> None:
    with moves(tailnet_server, scrape_token_elsewhere=1):
        response = around.node().get(tailnet_server, path, headers=bearer(SCRAPE_TOKEN))
    assert response.status_code == 403 and not is_dashboard(response)


def test_a_session_that_is_over_is_no_obstacle_to_a_node(tailnet_server: Server, around: Machine) -> None:
    cookie = {"Cookie": "signalbox_session=one-that-was-closed"}
    assert is_dashboard(around.node().get(tailnet_server, PAGE, headers=cookie))
