"""Funnel brings strangers to serve's listener, and others try without it: what is believed of whom."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from conftest import ServerFactory
from gate_client import (
    GATED,
    PAGE,
    STREAM,
    bearer,
    cache_control,
    is_dashboard,
    is_login_page,
    log_in,
    moves,
    session_of,
)
from serve_door import FUNNELLED, SERVED, Door, Headers, Open, daemon, open_door, place, without  # noqa: F401
from server import OPEN_LIMITS, eventually, free_port
from tailnet import BOX, LAPTOP6, machine
from tailscaled import BOX_NAME, Tailscaled
from test_commands import run
from wire import assert_refused


# Funnel


@pytest.mark.parametrize(
    "headers", [FUNNELLED, SERVED | {"Tailscale-Funnel-Request": "?1"}], ids=["Funnel's", "and a login"]
)
def test_attack_funnel_request(open_door: Open, daemon: Tailscaled, headers: Headers) -> None:
    door = open_door()
    for path in (*GATED, STREAM):
        with moves(door.server, funnel=1):
            response = door.get(headers, path)
        assert response.status_code == 403 and not is_dashboard(response) and not is_login_page(response)
        assert "no-store" in cache_control(response)
        if not path.startswith(PAGE):
            assert assert_refused(response, 403)["reason"] == "funnel"
    # That it is there says enough, whatever it holds.
    for value in ("", "?0"):
        assert door.get(headers | {"Tailscale-Funnel-Request": value}).status_code == 403


def test_one_who_comes_by_funnel_with_a_token_or_a_session_is_let_in(open_door: Open, daemon: Tailscaled) -> None:
    door = open_door()
    with moves(door.server, bearer=1):
        assert door.get(FUNNELLED | door.server.bearer, "/api/metrics").status_code == 200
    session = session_of(log_in(door.server))
    with moves(door.server, session=1):
        # The machine's name in the tailnet is the one that Funnel has, too.
        assert is_dashboard(door.get(FUNNELLED | {"Cookie": session}))
    assert door.get(FUNNELLED | {"Cookie": "signalbox_session=made-up"}).status_code == 403


def test_attack_token_guessing_by_funnel_is_limited_and_locks_out_nobody_else(
    open_door: Open, daemon: Tailscaled
) -> None:
    door = open_door()
    guess = FUNNELLED | bearer("guess")
    answers = [door.get(guess, "/api/metrics").status_code for _ in range(30)]
    assert answers[0] in (401, 403) and answers[-1] == 429 and 200 not in answers
    assert door.get(guess | {"X-Forwarded-For": "203.0.113.8"}, "/api/metrics").status_code != 429
    assert door.get(SERVED | door.server.bearer, "/api/metrics").status_code == 200
    assert door.comes_in(SERVED)


# The listener


@pytest.mark.parametrize("headers", [SERVED, without("X-Forwarded-For")], ids=["serve's", "a login alone"])
def test_attack_loopback_peer_with_a_tailnet_header(open_door: Open, daemon: Tailscaled, headers: Headers) -> None:
    door = open_door(PUBLIC_HOSTS=BOX_NAME)
    for path in (*GATED, STREAM):
        with moves(door.server, tailnet_header_ignored=1):
            response = door.server.get(path, headers=headers)
        assert response.status_code == 401 and not is_dashboard(response)
    assert door.server.get("/api/metrics", headers=headers | door.server.bearer).status_code == 200


def test_attack_funnel_request_that_somebody_else_passed_on(open_door: Open, daemon: Tailscaled) -> None:
    # A plain reverse proxy that Funnel stands before: no door for it, but no stranger either.
    door = open_door(PUBLIC_HOSTS=BOX_NAME)
    for path in (*GATED, STREAM):
        with moves(door.server, funnel=1):
            assert door.server.get(path, headers=FUNNELLED).status_code == 403


def test_a_port_is_this_machines_alone(start_server: ServerFactory, tmp_path: Path) -> None:
    port = free_port()
    settings = OPEN_LIMITS | {
        "HOST": "::",
        "TAILSCALE_SERVE": str(port),
        "TAILSCALE_SOCKET": str(tmp_path / "none.sock"),
    }
    with machine() as around:
        server = around.box.start(start_server(started=False, **settings))
        assert around.itself().get(server, "/api/health").status_code == 200
        for peer in (around.node(), around.node(LAPTOP6), around.stranger(), around.itself(BOX, BOX)):
            with pytest.raises(ConnectionRefusedError):
                peer.connect(port)
        with around.itself().connect(port) as connection:
            connection.request("GET", "/api/metrics/state", SERVED | {"Host": "localhost"})
            assert connection.response().status == 200
        server.stop()


def test_a_socket_is_for_no_other_user(start_server: ServerFactory, tmp_path: Path) -> None:
    # Who can connect can say to be anybody.
    path = tmp_path / "serve.sock"
    server = start_server(TAILSCALE_SERVE=str(path))
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
    server.stop()
    assert not path.exists(), "left behind"


def test_a_socket_of_a_killed_server_is_taken_over(start_server: ServerFactory, tmp_path: Path) -> None:
    path = tmp_path / "serve.sock"
    server = start_server(TAILSCALE_SERVE=str(path))
    server.kill()
    assert path.exists()
    server.start()
    assert Door(server, str(path)).request("GET", "/api/health", {"Host": "localhost"}).status_code == 200


def test_what_is_no_socket_is_not_taken_over(start_server: ServerFactory, tmp_path: Path) -> None:
    path = tmp_path / "a-file"
    path.write_text("somebody's")
    server = start_server(TAILSCALE_SERVE=str(path))
    eventually(lambda: "TAILSCALE_SERVE" in server.log(), "a word about it")
    assert path.read_text() == "somebody's"


@pytest.mark.parametrize("value", ["0.0.0.0:8000", "relative/path", "70000", "-1", "0", "/" + "x" * 200])
def test_a_setting_that_makes_no_sense_stops_the_start(tmp_path: Path, value: str) -> None:
    result = run("serve", directory=tmp_path, PORT=str(free_port()), TAILSCALE_SERVE=value)
    assert result.returncode not in (0, -6, -4, -5, -11), "a crash is no sentence"
    assert "TAILSCALE_SERVE" in result.stderr + result.stdout


def test_the_main_listeners_port_is_never_serves_as_well(start_server: ServerFactory, daemon: Tailscaled) -> None:
    port = str(free_port())
    settings = {"PORT": port, "TAILSCALE_SERVE": port, "TAILSCALE_SOCKET": str(daemon.path), "PUBLIC_HOSTS": BOX_NAME}
    server = start_server(started=False, **OPEN_LIMITS | settings)
    server.port = int(port)
    process = server.launch()
    eventually(lambda: process.poll() is not None, "an end at once", 30)
    server.kill()
    assert process.returncode > 0 and f"TAILSCALE_SERVE={port}" in server.log()
