"""Published attacks on dashboards of this kind, each under its name.

Others are where their subject is: cookie theft and foreign forms in test_gate_sessions.py, the scrape token in
test_gate.py, CGNAT and rebinding of nodes in test_gate_tailnet.py, Funnel and serve's headers in test_gate_funnel.py,
token guessing in test_gate_guessing.py, timing in test_gate_timing.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ServerFactory
from gate_client import (
    BROWSER,
    GATED,
    PAGE,
    STREAM,
    bearer,
    is_dashboard,
    is_login_page,
    log_in,
    moves,
    session_of,
    somebody_new,
    visit,
)
from raw_http import RawConnection
from server import OPEN_LIMITS, Server, free_port, http_session
from tailnet import (
    BOX,
    BOX6,
    BOX_WAN,
    LAPTOP,
    LAPTOP6,
    STRANGER,
    Machine,
    around,  # noqa: F401
)
from tailscaled import ALICE, BOX_NAME, node, tailscaled
from verbatim_proxy import verbatim_proxy


# A token in an address


@pytest.mark.parametrize(
    "path", [f"{PAGE}?token={{}}", f"{PAGE}?token={{}}&range=1h", f"{PAGE}?range=1h&token={{}}", "/stats?token={}"]
)
def test_attack_query_token_echo(server: Server, path: str) -> None:
    with http_session() as browser:
        browser.headers.update(BROWSER)
        response = browser.get(server.url + path.format(server.token), timeout=10)
        assert is_dashboard(response)
        hops = [*response.history, response]
        assert len(hops) >= 2
        for hop in hops:
            assert server.token not in hop.text
            assert server.token not in str(hop.headers)
        assert response.url.split("?")[0] == server.url + PAGE
        assert ("range=1h" in response.url) == ("range=1h" in path)
        assert is_dashboard(browser.get(server.url + PAGE, timeout=10))


@pytest.mark.parametrize("path", [*GATED, "/stats", "/admin/login"])
def test_attack_query_token_echo_of_what_is_no_token_but_a_script(shared_server: Server, path: str) -> None:
    shot = "'\"><script>alert('{}')</script>"
    session = {"Cookie": session_of(log_in(shared_server))}
    url = shared_server.url + path.partition("?")[0]
    for names in (["token"], ["range"], ["metric"], ["scale"], ["part"], ["from", "to"], ["token", "range", "metric"]):
        for headers in ({}, BROWSER, session, session | BROWSER, shared_server.bearer | BROWSER):
            response = http_session().get(
                url,
                params={name: shot.format(name) for name in names},
                headers=headers | somebody_new(),
                timeout=10,
                allow_redirects=False,
            )
            assert "alert(" not in str(response.headers)
            assert "alert('token')" not in response.text
            # JSON may say which other value it can't take; a page repeats nothing as it came.
            if not response.headers.get("Content-Type", "").startswith("application/json"):
                assert "<script>alert" not in response.text


def test_a_wrong_token_in_the_address_sets_no_session(server: Server) -> None:
    response = visit(server, None, PAGE + "?token=wrong-token-in-the-address")
    assert not response.cookies
    if response.is_redirect:
        assert "wrong-token" not in response.headers["Location"]
    else:
        assert is_login_page(response) and "wrong-token" not in response.text


# Names


@pytest.mark.parametrize("path", [*GATED, STREAM])
def test_attack_dns_rebinding_of_a_session(shared_server: Server, path: str) -> None:
    session = session_of(log_in(shared_server))
    for host in ("rebound.elsewhere.example", f"rebound.elsewhere.example:{shared_server.port}", "127.0.0.1.nip.io"):
        with moves(shared_server, foreign_host=1):
            response = visit(shared_server, session, path, Host=host)
        assert response.status_code == 403 and not is_dashboard(response)
    if path != STREAM:
        assert visit(shared_server, session, path, Host=f"localhost:{shared_server.port}").status_code == 200
        # A bearer token can't be sent by a rebound page, so it needs no such check.
        scraped = shared_server.bearer | {"Host": "scraped.by.any.name"}
        assert shared_server.get(path, headers=scraped).status_code == 200


def test_attack_dns_rebinding_of_a_session_with_two_names_or_none(server: Server) -> None:
    session = session_of(log_in(server))
    rebound, own = "Host: rebound.elsewhere.example\r\n", "Host: 127.0.0.1\r\n"
    for version, hosts in (
        ("1.1", rebound + own),
        ("1.1", own + rebound),
        ("1.1", ""),
        ("1.0", ""),
        ("1.1", "Host:\r\n"),
    ):
        with RawConnection(server.port) as connection:
            connection.send(
                f"GET {PAGE} HTTP/{version}\r\n{hosts}Cookie: {session}\r\nConnection: close\r\n\r\n".encode()
            )
            assert connection.head()[1] in (400, 403), (version, hosts)


# Ways around


def spellings(path: str) -> list[str]:
    """What a router may take for the path, and a proxy before it perhaps not."""
    head, last = path.rsplit("/", 1)
    return [
        path.upper(),
        path + "/",
        path + "//",
        "/" + path,
        f"{head}//{last}",
        f"{head}/./{last}",
        f"{head}/x/../{last}",
        f"/assets/..{path}",
        f"{head}/%{ord(last[0]):x}{last[1:]}",
        f"{head}%2f{last}",
        path + ";x",
        path + ".json",
        path + "%00",
        path + "#x",
        path + "?token",
        path + "?token=",
        f"http://127.0.0.1{path}",
        f"https://elsewhere.example{path}",
    ]


@pytest.mark.parametrize(
    "path", [PAGE, STREAM, "/metrics", "/api/metrics", "/api/metrics/series", "/api/metrics/state"]
)
def test_attack_another_spelling_of_a_path_is_no_way_around(shared_server: Server, path: str) -> None:
    for spelling in [path, *spellings(path)]:
        for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "get", "PROPFIND"):
            with RawConnection(shared_server.port) as connection:
                connection.request(method, spelling, {"Connection": "close"})
                assert connection.head()[1] >= 400 or method == "OPTIONS", (method, spelling)


@pytest.mark.parametrize("path", [PAGE, STREAM, "/metrics", "/api/metrics/state"])
def test_attack_an_upgrade_is_no_way_around(shared_server: Server, path: str) -> None:
    keys = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    for protocol in ("websocket", "h2c"):
        with RawConnection(shared_server.port) as connection:
            connection.request("GET", path, keys | {"Connection": "Upgrade", "Upgrade": protocol})
            assert connection.head()[1] >= 400


def test_attack_one_good_request_does_not_open_a_connection_for_others(server: Server) -> None:
    # A proxy sends many clients' requests through one connection.
    session = {"Cookie": session_of(log_in(server))}
    with RawConnection(server.port) as connection:
        for headers, status in (
            (server.bearer, 200),
            ({}, 401),
            (session, 200),
            ({}, 401),
            (bearer("x"), 401),
            (session, 200),
        ):
            connection.request("GET", "/api/metrics/state", headers)
            assert connection.response().status == status, headers


# Forwarded headers

FORGED = {
    "Tailscale-User-Login": ALICE,
    "Tailscale-User-Name": "Alice",
    "X-Forwarded-For": LAPTOP,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": BOX_NAME,
    "X-Real-IP": LAPTOP,
}


@pytest.mark.parametrize("trust", ["loopback", f"loopback,{BOX},{BOX_WAN},{BOX6},100.64.0.0/10", "true", "1"])
def test_attack_forged_tailscale_user_login_through_a_verbatim_proxy(
    around: Machine, start_server: ServerFactory, tmp_path: Path, trust: str
) -> None:
    # Everything is there that would make it believable: the interface, a daemon that knows the login, a list with it.
    with tailscaled(tmp_path / "tailscaled.sock") as daemon:
        daemon.nodes = {LAPTOP: node(ALICE), BOX: node(ALICE), BOX6: node(ALICE), "127.0.0.1": node(ALICE)}
        settings = {
            "HOST": "::",
            "TAILSCALE_SOCKET": str(daemon.path),
            "TRUST_PROXY": trust,
            "PUBLIC_HOSTS": "ops.example",
        }
        server = around.box.start(start_server(started=False, **OPEN_LIMITS | settings | {"TAILSCALE_ALLOW": ALICE}))
        assert is_dashboard(around.node().get(server, PAGE)), "she herself comes in"
        for upstream in ("127.0.0.1", "[::1]", BOX, f"[{BOX6}]", BOX_WAN):
            port = free_port()
            with verbatim_proxy(around.box, tmp_path, port, f"{upstream}:{server.port}"):
                for name in ("ops.example", BOX_NAME, BOX, "localhost"):
                    for headers in (FORGED, {"Tailscale-User-Login": ALICE}, {"X-Forwarded-For": LAPTOP}, {}):
                        with around.stranger().connect(port) as connection:
                            connection.request("GET", PAGE, BROWSER | headers | {"Host": name, "Connection": "close"})
                            assert connection.response().status == 401, (upstream, name, headers)
        server.stop()


@pytest.mark.parametrize("trust", [STRANGER, "203.0.113.0/24", "true", "1"])
def test_attack_forged_tailscale_user_login_from_a_trusted_proxy_elsewhere(
    around: Machine, start_server: ServerFactory, tmp_path: Path, trust: str
) -> None:
    with tailscaled(tmp_path / "tailscaled.sock") as daemon:
        daemon.nodes = {LAPTOP: node(ALICE), STRANGER: node(ALICE)}
        settings = {"HOST": "::", "TAILSCALE_SOCKET": str(daemon.path), "TRUST_PROXY": trust}
        server = around.box.start(start_server(started=False, **OPEN_LIMITS | settings))
        proxy = around.stranger()
        assert is_dashboard(around.node().get(server, PAGE)), "she herself comes in"
        for headers in (FORGED, {"Tailscale-User-Login": ALICE}, {"X-Forwarded-For": LAPTOP}, {"X-Forwarded-For": BOX}):
            for path in GATED:
                response = proxy.get(server, path, headers=headers)
                assert response.status_code == 401 and not is_dashboard(response), (path, headers)
        server.stop()


@pytest.mark.parametrize("trust", [None, "false", "10.0.0.0/8"])
def test_attack_x_forwarded_for_from_an_untrusted_peer(
    around: Machine, start_server: ServerFactory, tmp_path: Path, trust: str | None
) -> None:
    settings = {"HOST": "::", "TRUST_PROXY": trust, "TAILSCALE_SOCKET": str(tmp_path / "none.sock")}
    server = around.box.start(start_server(started=False, **OPEN_LIMITS | settings))
    assert is_dashboard(around.node().get(server, PAGE)), "who has the address comes in"
    for claim in (LAPTOP, "127.0.0.1", "::1", f"::ffff:{LAPTOP}", f"127.0.0.1, {LAPTOP}", BOX, LAPTOP6, "unknown", ""):
        for headers in (
            {"X-Forwarded-For": claim},
            {"X-Forwarded-For": claim, "Forwarded": f"for={claim}", "X-Real-IP": claim},
        ):
            for path in (PAGE, "/api/metrics", "/metrics"):
                response = around.stranger().get(server, path, headers=headers)
                assert response.status_code == 401 and not is_dashboard(response), (claim, path)
    server.stop()
