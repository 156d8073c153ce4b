"""Token guessing: limited for one who guesses, whatever they say of themselves, and for nobody else."""

from __future__ import annotations

import pytest
import requests

from conftest import ServerFactory
from gate_client import PAGE, STREAM, bearer, is_dashboard, log_in, moves, session_of, visit, with_token
from server import OPEN_LIMITS, Server
from tailnet import LAPTOP, NEXT_DOOR6, ROOMMATE6, STRANGER6, Machine, Peer, around  # noqa: F401
from wire import assert_refused


# No tailscaled of the machine that runs the tests.
AROUND = {"HOST": "::", "TAILSCALE_SOCKET": "/nonexistent/tailscaled.sock"}


def guesses_until_limited(peer: Peer, server: Server, **headers: str) -> int:
    for number in range(1, 500):
        response = peer.get(server, "/api/metrics", headers=bearer(f"guess {number}") | headers)
        if response.status_code == 429:
            assert int(response.headers["Retry-After"]) >= 1
            assert_refused(response, 429)
            return number
        assert response.status_code == 401
    raise AssertionError("500 guesses and no limit")


def test_attack_token_guessing_is_limited_by_address_and_locks_out_nobody_else(
    around: Machine, start_server: ServerFactory
) -> None:
    server = around.box.start(start_server(started=False, **OPEN_LIMITS | AROUND))
    session = session_of(around.stranger().request("POST", server, "/admin/login", data={"token": server.token}))
    tries = guesses_until_limited(around.stranger(), server)
    assert 3 <= tries <= 30
    # From here on the right token is no better than a guess, or the limit would tell which one it is.
    with moves(server, limited=1):
        assert_refused(around.stranger().get(server, "/api/metrics", headers=server.bearer), 429)
    for other in (around.stranger(STRANGER6), around.neighbour(), around.itself()):
        assert other.get(server, "/api/metrics", headers=server.bearer).status_code == 200
    # Who is in stays in.
    assert is_dashboard(around.stranger().get(server, PAGE, headers={"Cookie": session}))
    server.stop()


def test_attack_token_guessing_from_an_ipv6_network_is_one_guesser(
    around: Machine, start_server: ServerFactory
) -> None:
    server = around.box.start(start_server(started=False, **OPEN_LIMITS | AROUND))
    guesses_until_limited(around.stranger(STRANGER6), server)
    assert guesses_until_limited(around.stranger(ROOMMATE6), server) == 1
    assert guesses_until_limited(around.stranger(NEXT_DOOR6), server) > 3
    server.stop()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "Forwarded", "True-Client-IP"])
def test_attack_token_guessing_under_ever_new_forwarded_addresses(
    around: Machine, start_server: ServerFactory, header: str
) -> None:
    server = around.box.start(start_server(started=False, **OPEN_LIMITS | AROUND | {"TRUST_CLOUDFLARE": "1"}))
    plain = guesses_until_limited(around.stranger(), server)
    for number in range(20):
        address = f"for=198.51.100.{number}" if header == "Forwarded" else f"198.51.100.{number}"
        response = around.stranger().get(server, "/api/metrics", headers=bearer("guess") | {header: address})
        assert response.status_code == 429, plain
    server.stop()


def test_attack_token_guessing_at_every_door_in_turn(server: Server) -> None:
    doors = {
        "header": lambda: server.get("/api/metrics", headers=bearer("guess")),
        "query": lambda: server.get(with_token("/api/metrics", "guess")),
        "page": lambda: visit(server, None, with_token(PAGE, "guess")),
        "form": lambda: log_in(server, "guess"),
        "link": lambda: visit(server, None, "/admin/login?code=guess"),
        "stream": lambda: server.get(STREAM, headers=bearer("guess")),
    }
    answers = [ask().status_code for _ in range(10) for ask in doors.values()]
    assert answers[: len(doors)] == [401] * len(doors)
    assert answers[-len(doors) :] == [429] * len(doors)


def test_asking_without_any_token_is_no_guess(server: Server) -> None:
    def ask(**headers: str) -> requests.Response:
        return server.get("/api/metrics", headers=headers)

    with moves(server):
        assert [ask().status_code for _ in range(100)] == [401] * 100
        assert [ask(Cookie="signalbox_session=x").status_code for _ in range(100)] == [401] * 100
    assert ask(**server.bearer).status_code == 200


def test_attack_token_guessing_from_the_tailnet(around: Machine, start_server: ServerFactory) -> None:
    # A node sees the dashboard; the token it must not be able to try out: that opens it from anywhere.
    server = around.box.start(start_server(started=False, **OPEN_LIMITS | AROUND))
    guesses_until_limited(around.node(), server)
    pages = [around.node(LAPTOP).get(server, with_token(PAGE, guess)) for guess in ("guess", server.token)]
    assert [page.status_code for page in pages] == [429, 429]
    assert not any(page.cookies for page in pages)
    assert is_dashboard(around.node().get(server, PAGE)), "the door it has is still its own"
    server.stop()
