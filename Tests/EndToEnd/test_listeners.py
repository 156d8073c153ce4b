"""The second listener for a tailnet, and the access log."""

from __future__ import annotations

import requests

from conftest import ServerFactory
from server import eventually, free_port


def test_a_second_listener_answers_like_the_first(start_server: ServerFactory) -> None:
    port = free_port()
    server = start_server(TAILSCALE_HOST="127.0.0.2", TAILSCALE_PORT=str(port))
    url = f"http://127.0.0.2:{port}/api/health"
    eventually(lambda: server.http.get(url, timeout=5).status_code == 200, "an answer of the second listener")
    # It answers a moment before the line is written.
    eventually(lambda: f"http://127.0.0.2:{port} for the tailnet" in server.log_path.read_text(), "a line that says so")


def test_without_a_port_of_its_own_it_takes_the_servers(start_server: ServerFactory) -> None:
    server = start_server(TAILSCALE_HOST="127.0.0.2")
    assert server.http.get(f"http://127.0.0.2:{server.port}/api/health", timeout=5).status_code == 200


def test_a_tailnet_that_is_not_there_keeps_nobody_from_serving(start_server: ServerFactory) -> None:
    # A documentation address: no interface has it.
    server = start_server(TAILSCALE_HOST="192.0.2.1")
    eventually(lambda: "TAILSCALE_HOST=off" in server.log_path.read_text(), "a warning that says what to do")
    assert server.get("/api/health").status_code == 200


def test_off_is_off(start_server: ServerFactory) -> None:
    server = start_server(TAILSCALE_HOST="off")
    try:
        server.http.get(f"http://127.0.0.2:{server.port}/api/health", timeout=2)
    except requests.ConnectionError:
        return
    raise AssertionError("somebody listens on 127.0.0.2")


def test_the_access_log_names_routes_by_template(start_server: ServerFactory) -> None:
    server = start_server(ACCESS_LOG="1")
    server.get("/api/rooms/secret-room-7/status?after=secret-query")
    server.get("/secret-path")
    log = eventually(
        lambda: text if " unmatched 404 " in (text := server.log_path.read_text()) else None, "a line a request"
    )
    assert "GET /api/rooms/:id/status 200 " in log
    assert "secret" not in log


def test_without_it_requests_leave_no_line(start_server: ServerFactory) -> None:
    server = start_server()
    server.get("/api/health")
    server.stop()
    assert "/api/health" not in server.log_path.read_text()
