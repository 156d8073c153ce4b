"""`tailscale serve` is believed on a listener of its own, TAILSCALE_SERVE, and nowhere else."""

from __future__ import annotations

import pytest

from gate_client import GATED, DashboardStream, cache_control, is_dashboard, is_login_page, log_in, moves, session_of
from serve_door import SERVED, Headers, Open, daemon, open_door, place, without  # noqa: F401
from server import eventually
from tailnet import LAPTOP, LAPTOP6, PHONE
from tailscaled import ALICE, BOB, BOX_NAME, Tailscaled, address_of, tagged
from wire import assert_refused


# Who comes in


def test_one_of_the_tailnet_needs_no_token(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    for path in GATED:
        with moves(door.server, serve=1):
            response = door.get(SERVED, path)
        assert response.status_code == 200 and not is_login_page(response), path
        assert "no-store" in cache_control(response) and not response.cookies
    # By address alone: the port is that of tailscaled's own connection.
    assert {address_of(asked) for asked in daemon.asked} == {LAPTOP}
    with moves(door.server, serve=1), door.raw() as connection:
        DashboardStream(connection, SERVED).wait_for_word()


def test_one_with_an_ipv6_address_does_as_well(open_door: Open, daemon: Tailscaled) -> None:
    assert open_door().comes_in(SERVED | {"X-Forwarded-For": LAPTOP6})


def test_without_a_socket_to_ask_the_headers_decide(open_door: Open) -> None:
    door = open_door(PUBLIC_HOSTS=BOX_NAME)
    assert door.comes_in(SERVED)
    assert not door.comes_in(without("Tailscale-User-Login"))
    door.server.restart(TAILSCALE_ALLOW=ALICE)
    assert door.comes_in(SERVED)
    door.server.restart(TAILSCALE_ALLOW=f"{BOB},tag:ops")
    assert not door.comes_in(SERVED)
    assert not door.comes_in(without("Tailscale-User-Login"))


def test_a_tagged_machine_comes_in_by_its_tag_alone(open_door: Open, daemon: Tailscaled) -> None:
    # It has no login; serve sends none.
    machines = without("Tailscale-User-Login", "Tailscale-User-Name", "Tailscale-User-Profile-Pic")
    daemon.nodes[LAPTOP] = tagged("tag:ops")
    door = open_door(TAILSCALE_ALLOW=f"{ALICE},tag:ops")
    assert door.comes_in(machines)
    daemon.nodes[LAPTOP] = tagged("tag:web")
    eventually(lambda: not door.comes_in(machines), "shut out", timeout=60)


@pytest.mark.parametrize(
    ("allow", "admitted"), [(ALICE, True), (BOB, False), (f"{BOB},{ALICE}", True), ("tag:ops", False)]
)
def test_a_list_counts_here_too(open_door: Open, daemon: Tailscaled, allow: str, admitted: bool) -> None:
    door = open_door(TAILSCALE_ALLOW=allow)
    with moves(door.server, **({"serve": 1} if admitted else {"tailnet_refused": 1})):
        assert door.comes_in(SERVED) is admitted


def test_it_opens_for_other_ways_in_and_for_the_relay(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    plain = {"Host": "127.0.0.1"}
    assert door.request("GET", "/api/health", plain).status_code == 200
    with moves(door.server, bearer=1):
        assert door.request("GET", "/api/metrics", plain | door.server.bearer).status_code == 200
    session = session_of(log_in(door.server))
    assert is_dashboard(door.get(plain | {"Cookie": session}))


def test_a_session_opened_through_it_is_for_https_alone(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    response = door.request(
        "POST", "/admin/login", SERVED | {"Origin": f"https://{BOX_NAME}"}, data={"token": door.server.token}
    )
    assert response.status_code == 303
    assert "secure" in {part.strip().lower() for part in response.headers["Set-Cookie"].split(";")}


# Who doesn't


UNLIKE_SERVE: list[Headers] = [
    without("Tailscale-User-Login"),
    without("X-Forwarded-For"),
    {"Host": BOX_NAME},
    SERVED | {"X-Forwarded-For": "203.0.113.7"},
    SERVED | {"X-Forwarded-For": "127.0.0.1"},
    SERVED | {"X-Forwarded-For": "::1"},
    SERVED | {"X-Forwarded-For": "100.63.255.255"},
    SERVED | {"X-Forwarded-For": f"{LAPTOP}, {LAPTOP}"},
    SERVED | {"X-Forwarded-For": f"203.0.113.7, {LAPTOP}"},
    SERVED | {"X-Forwarded-For": f"{LAPTOP}, 203.0.113.7"},
    SERVED | {"X-Forwarded-For": f"{LAPTOP},"},
    SERVED | {"X-Forwarded-For": ""},
    SERVED | {"X-Forwarded-For": "unknown"},
    SERVED | {"X-Forwarded-For": f"{LAPTOP}.evil"},
    SERVED | {"Tailscale-User-Login": ""},
    SERVED | {"Tailscale-User-Login": BOB},
    SERVED | {"Tailscale-User-Login": f"{ALICE}.evil"},
    SERVED | {"Tailscale-User-Login": f"{ALICE}, {BOB}"},
    SERVED | {"X-Forwarded-For": PHONE},
    SERVED | {"X-Forwarded-For": "100.99.99.99"},
]


def test_a_request_that_serve_would_not_send_opens_nothing(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    for headers in UNLIKE_SERVE:
        assert not door.comes_in(headers), headers
        assert_refused(door.get(headers, "/api/metrics"), 401, "unauthorised")
    assert door.comes_in(SERVED)


def test_attack_header_smuggling_a_header_twice_opens_nothing(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    for name, values in (
        ("X-Forwarded-For", [LAPTOP, LAPTOP]),
        ("X-Forwarded-For", ["203.0.113.7", LAPTOP]),
        ("X-Forwarded-For", [LAPTOP, ""]),
        ("Tailscale-User-Login", [ALICE, ALICE]),
        ("Tailscale-User-Login", [ALICE, BOB]),
        ("Tailscale-User-Login", [BOB, ALICE]),
        ("Host", [BOX_NAME, "rebound.elsewhere.example"]),
        ("Host", ["rebound.elsewhere.example", BOX_NAME]),
    ):
        fields = [*without(name).items(), *((name, value) for value in values), ("Connection", "close")]
        with door.raw() as connection:
            lines = "".join(f"{field}: {value}\r\n" for field, value in fields)
            connection.send(f"GET /api/metrics HTTP/1.1\r\n{lines}\r\n".encode())
            assert connection.head()[1] in (400, 401, 403), (name, values)


@pytest.mark.parametrize("manner", ["hangs", "fails", "closes at once", "cuts its JSON", "answers with null"])
def test_a_tailscaled_that_goes_wrong_lets_nobody_in(open_door: Open, daemon: Tailscaled, manner: str) -> None:
    door = open_door()
    daemon.manner = manner
    with moves(door.server, tailnet_refused=1):
        assert not door.comes_in(SERVED)


def test_attack_dns_rebinding_through_serves_listener(open_door: Open, daemon: Tailscaled) -> None:
    # A rebound page may send any of these headers: it asks its own origin, as far as the browser knows.
    door = open_door()
    for host in ("rebound.elsewhere.example", "box.evil.ts.net", ""):
        with moves(door.server, foreign_host=1):
            response = door.get(SERVED | {"Host": host})
        assert response.status_code in (401, 403) and not is_dashboard(response)


def test_attack_a_page_of_another_port_cannot_send_serves_headers(open_door: Open, daemon: Tailscaled) -> None:
    # The browser asks first whether it may.
    door = open_door()
    asks = {
        "Host": "127.0.0.1",
        "Origin": "http://127.0.0.1:8080",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "tailscale-user-login, x-forwarded-for",
    }
    response = door.request("OPTIONS", "/api/metrics", asks)
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
