"""What a node's request may not carry, and the names that it may be for: a proxy or a rebound page may have sent it."""

from __future__ import annotations

import pytest

from gate_client import GATED, STREAM, is_dashboard, moves
from server import Server
from tailnet import BOX, BOX6, LAPTOP, Machine, around, tailnet_server  # noqa: F401


# Headers that say somebody passed the request on

FORWARDING = {
    "Forwarded": "for=100.101.102.103",
    "Via": "1.1 proxy",
    "X-Real-IP": LAPTOP,
    "X-Forwarded-For": LAPTOP,
    "X-Forwarded-Host": BOX,
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Server": "proxy",
    "X-Forwarded-Something-New": "1",
    "CF-Connecting-IP": LAPTOP,
    "True-Client-IP": LAPTOP,
    "X-Client-IP": LAPTOP,
    "Tailscale-User-Login": "alice@example.com",
    "Tailscale-User-Name": "Alice",
    "Tailscale-Funnel-Request": "?1",
    "Tailscale-Something-New": "1",
}


@pytest.mark.parametrize("name", FORWARDING)
def test_attack_header_smuggling_a_node_that_passes_others_on_is_not_let_in(
    tailnet_server: Server, around: Machine, name: str
) -> None:
    value = FORWARDING[name]
    lines = {
        "as is": f"{name}: {value}",
        "lower case": f"{name.lower()}: {value}",
        "upper case": f"{name.upper()}: {value}",
        "no space": f"{name}:{value}",
        "a tab": f"{name}:\t{value}",
        "empty": f"{name}:",
        "twice": f"{name}: {value}\r\n{name.lower()}: 127.0.0.1",
        "empty, then filled": f"{name}:\r\n{name}: {value}",
        "behind many": "".join(f"X-Filler-{number}: x\r\n" for number in range(60)) + f"{name}: {value}",
    }
    for how, line in lines.items():
        for path in ("/api/metrics", STREAM):
            with around.node().connect(tailnet_server.port) as connection:
                connection.send(f"GET {path} HTTP/1.1\r\nHost: {BOX}\r\n{line}\r\nConnection: close\r\n\r\n".encode())
                assert connection.head()[1] == (403 if name == "Tailscale-Funnel-Request" else 401), (how, path)


@pytest.mark.parametrize(
    "line", ["X-Forwarded-For : {}", " X-Forwarded-For: {}", "X-Forwarded-For\x00: {}", "X-Forwarded-For\r: {}"]
)
def test_attack_header_smuggling_a_broken_header_line_is_a_bad_request(
    tailnet_server: Server, around: Machine, line: str
) -> None:
    with around.node().connect(tailnet_server.port) as connection:
        text = f"GET /api/metrics HTTP/1.1\r\nHost: {BOX}\r\n{line.format(LAPTOP)}\r\nConnection: close\r\n\r\n"
        connection.send(text.encode())
        assert connection.head()[1] in (400, 401)


def test_each_request_of_a_connection_is_judged_by_itself(tailnet_server: Server, around: Machine) -> None:
    with around.node().connect(tailnet_server.port) as connection:
        for headers, status in (({}, 200), ({"X-Forwarded-For": LAPTOP}, 401), ({}, 200), ({"Via": "1.1 a"}, 401)):
            connection.request("GET", "/api/metrics/state", {"Host": BOX} | headers)
            assert connection.response().status == status


# The name it is reached by


@pytest.mark.parametrize("host", [BOX, f"{BOX}:3000", f"[{BOX6}]", f"[{BOX6}]:3000", "localhost", "localhost:3000"])
def test_a_node_may_use_an_address_for_a_name(tailnet_server: Server, around: Machine, host: str) -> None:
    assert around.node().get(tailnet_server, "/api/metrics", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", [*GATED, STREAM])
def test_attack_dns_rebinding_of_a_nodes_browser(tailnet_server: Server, around: Machine, path: str) -> None:
    with moves(tailnet_server, foreign_host=1):
        response = around.node().get(tailnet_server, path, headers={"Host": "rebound.elsewhere.example"})
    assert response.status_code in (401, 403) and not is_dashboard(response)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.ts.net",
        "box.ts.net.elsewhere.example",
        f"{BOX}.elsewhere.example",
        "127.0.0.1.nip.io",
        f"a@{BOX}",
        "0x7f000001",
    ],
)
def test_attack_dns_rebinding_with_a_name_that_looks_like_ours(
    tailnet_server: Server, around: Machine, host: str
) -> None:
    response = around.node().get(tailnet_server, "/api/metrics", headers={"Host": host})
    assert response.status_code in (400, 401, 403)


def test_attack_dns_rebinding_with_two_names_or_none(tailnet_server: Server, around: Machine) -> None:
    for version, hosts in (
        ("1.1", [BOX, "rebound.elsewhere.example"]),
        ("1.1", ["rebound.elsewhere.example", BOX]),
        ("1.1", []),
        ("1.0", []),
    ):
        with around.node().connect(tailnet_server.port) as connection:
            lines = "".join(f"Host: {host}\r\n" for host in hosts)
            connection.send(f"GET /api/metrics HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode())
            assert connection.head()[1] in (400, 401, 403), (version, hosts)
