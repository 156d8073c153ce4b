"""Sessions: what a login sets, who can use it, and what ends it for good."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from conftest import ServerFactory
from gate_client import (
    BROWSER,
    GATED,
    PAGE,
    DashboardStream,
    is_dashboard,
    is_login_page,
    log_in,
    log_out,
    moves,
    session_of,
    visit,
)
from raw_http import RawConnection
from server import OPEN_LIMITS, Server, http_session
from store_copy import everything, store_file


@pytest.mark.parametrize("session", [None, "session=made-up", "x=y; signalbox_session="])
def test_a_browser_without_a_session_is_shown_the_login_page(shared_server: Server, session: str | None) -> None:
    response = visit(shared_server, session)
    if response.is_redirect:
        response = visit(shared_server, session, response.headers["Location"])
    assert is_login_page(response)
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


def test_logging_in_sets_a_session_that_scripts_and_other_sites_cannot_use(server: Server) -> None:
    response = log_in(server)
    assert response.status_code == 303
    assert response.headers["Location"] == PAGE
    cookie = response.headers["Set-Cookie"]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    # The script's JSON and stream need it too, so it isn't for /admin alone.
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert any(part.startswith(("max-age=", "expires=")) for part in attributes), "a session must end some day"
    assert "secure" not in attributes, "a browser would not send it back over plain http"
    assert server.token not in cookie and server.token not in response.text


@pytest.mark.parametrize("path", GATED)
def test_a_session_opens_the_page_and_what_its_script_asks_for(shared_server: Server, path: str) -> None:
    session = session_of(log_in(shared_server))
    response = http_session().get(shared_server.url + path, headers={"Cookie": session}, timeout=10)
    assert response.status_code == 200 and not is_login_page(response)


def test_behind_https_the_session_is_secure(server: Server) -> None:
    response = log_in(server, **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"})
    assert "secure" in {part.strip().lower() for part in response.headers["Set-Cookie"].split(";")}


def test_two_logins_are_two_sessions(server: Server) -> None:
    assert session_of(log_in(server)) != session_of(log_in(server))


@pytest.mark.parametrize("token", ["", "wrong", "x" * 10_000, "<script>alert(1)</script>"])
def test_a_wrong_token_logs_nobody_in_and_is_not_repeated(server: Server, token: str) -> None:
    with moves(server, refused=1):
        response = log_in(server, token)
    assert response.status_code in (200, 401, 403)
    assert is_login_page(response) and not response.cookies
    assert "<script>alert" not in response.text
    if token:
        assert token not in response.text


def test_each_step_of_a_session_is_counted(server: Server) -> None:
    with moves(server, login=1):
        session = session_of(log_in(server))
    with moves(server, session=3):
        for path in (PAGE, "/api/metrics", "/metrics"):
            assert visit(server, session, path).status_code == 200
    with moves(server, logout=1):
        assert log_out(server, session).status_code == 303
    # One that comes with nothing has tried nothing.
    with moves(server):
        assert visit(server, session).status_code == 401


# Another origin's forms and pages

FOREIGN = {
    "another site": {"Origin": "https://elsewhere.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a site that has ours in its name": {"Origin": "http://127.0.0.1:{port}.elsewhere.example"},
    "a hidden site": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a site that sends no origin": {"Sec-Fetch-Site": "cross-site"},
    "a neighbour under the same domain": {"Sec-Fetch-Site": "same-site"},
    "a sandboxed frame": {"Origin": "null"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_attack_the_form_of_another_origin_is_refused_with_a_cookie_and_without(
    shared_server: Server, headers: dict[str, str]
) -> None:
    headers = {name: value.format(port=shared_server.port) for name, value in headers.items()}
    session = session_of(log_in(shared_server))
    with moves(shared_server, foreign_origin=2):
        logged_in = log_in(shared_server, **headers)
        logged_out = log_out(shared_server, session, **headers)
    assert logged_in.status_code == 403 and not logged_in.cookies
    assert logged_out.status_code == 403
    assert is_dashboard(visit(shared_server, session))


def test_a_post_from_our_own_page_is_welcome(shared_server: Server) -> None:
    assert log_in(shared_server, Origin=shared_server.url).status_code == 303
    assert log_in(shared_server, **{"Origin": shared_server.url, "Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize("path", GATED)
def test_no_other_origin_may_read_an_answer(shared_server: Server, path: str) -> None:
    session = session_of(log_in(shared_server))
    foreign = {"Origin": "https://elsewhere.example", "Cookie": session}
    answers = [
        shared_server.get(path, headers=foreign),
        shared_server.get(path, headers=foreign | shared_server.bearer),
    ]
    for method in ("OPTIONS", "HEAD"):
        answers.append(shared_server.http.request(method, shared_server.url + path, headers=foreign, timeout=10))
    for answer in answers:
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("path", ["/admin/login", "/admin/logout"])
def test_what_changes_something_is_never_a_get(shared_server: Server, path: str) -> None:
    session = session_of(log_in(shared_server))
    for method in ("GET", "HEAD"):
        response = http_session().request(
            method,
            f"{shared_server.url}{path}?token={shared_server.token}",
            headers=BROWSER | {"Cookie": session},
            timeout=10,
        )
        assert not response.cookies and "Set-Cookie" not in response.headers
    assert is_dashboard(visit(shared_server, session))


# The end of a session


def test_logging_out_revokes_the_session_on_the_server(server: Server) -> None:
    session, other = session_of(log_in(server)), session_of(log_in(server))
    assert log_out(server, session).status_code == 303
    assert not is_dashboard(visit(server, session)), "a copy of the cookie must be worth nothing"
    assert is_dashboard(visit(server, other))


def test_logging_out_ends_the_sessions_streams_and_no_others(server: Server) -> None:
    session, other = session_of(log_in(server)), session_of(log_in(server))
    with RawConnection(server.port) as one, RawConnection(server.port) as two, RawConnection(server.port) as three:
        streams = [DashboardStream(connection, {"Cookie": session}) for connection in (one, two)]
        others = DashboardStream(three, {"Cookie": other})
        for stream in (*streams, others):
            stream.wait_for_word()
        log_out(server, session)
        for stream in streams:
            stream.wait_for_end(within=2)
        # A `now` comes each five seconds.
        assert others.connection.some(), "another's stream goes on"


def test_a_session_ends_after_its_time_and_stays_ended(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, CLOCK="2026-06-01T12:00:00Z")
    response = log_in(server)
    session = session_of(response)
    (age,) = [part.split("=")[1] for part in response.headers["Set-Cookie"].split("; ") if part.startswith("Max-Age=")]
    assert 0 < int(age) <= 31 * 86_400
    server.restart(CLOCK="2026-06-02T12:00:00Z")
    assert is_dashboard(visit(server, session))
    server.restart(CLOCK="2026-07-03T12:00:00Z")
    assert not is_dashboard(visit(server, session))
    # Once something is written again, the store doesn't know it any more.
    log_in(server)
    server.restart(CLOCK="2026-06-02T12:00:00Z")
    assert not is_dashboard(visit(server, session)), "a clock that is put back brings nobody back"


def test_a_session_survives_a_restart_but_not_a_new_token(server: Server) -> None:
    session = session_of(log_in(server))
    server.restart()
    assert is_dashboard(visit(server, session))
    server.restart(METRICS_TOKEN="another token")
    assert not is_dashboard(visit(server, session))
    server.restart(METRICS_TOKEN=server.token)
    assert not is_dashboard(visit(server, session)), "once revoked, revoked"


# Theft


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_attack_cookie_theft_across_restarts_a_copy_made_before_the_logout_is_worthless(
    server: Server, end: str
) -> None:
    stolen = session_of(log_in(server))
    kept = session_of(log_in(server))
    assert is_dashboard(visit(server, stolen))
    log_out(server, stolen)
    for _ in range(2):
        server.stop() if end == "stop" else server.kill()
        server.restart()
        assert not is_dashboard(visit(server, stolen))
    assert is_dashboard(visit(server, kept)), "the restart alone ended it"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_attack_cookie_theft_across_restarts_a_copy_made_under_an_old_token_is_worthless(
    server: Server, end: str
) -> None:
    stolen = session_of(log_in(server))
    for token in ("another token", server.token, "another token", server.token):
        server.stop() if end == "stop" else server.kill()
        server.restart(METRICS_TOKEN=token)
        assert not is_dashboard(visit(server, stolen))


def test_attack_cookie_theft_a_cookie_of_another_server_with_the_same_token_is_worthless(
    server: Server, start_server: ServerFactory
) -> None:
    other = start_server(METRICS_TOKEN=server.token)
    stolen = session_of(log_in(other, server.token))
    assert is_dashboard(visit(other, stolen)) and not is_dashboard(visit(server, stolen))


def spellings(value: bytes) -> Iterator[str]:
    """How bytes of a store can be written into a cookie."""
    yield value.hex()
    yield value.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(value).decode()
        yield encode(value).decode().rstrip("=")


def test_attack_cookie_theft_from_the_disk_a_hash_is_no_cookie(server: Server) -> None:
    session = session_of(log_in(server))
    name, _, secret = session.partition("=")
    server.stop()
    tables = {table: rows for table, rows in everything(store_file(server)).items() if "session" in table}
    values = [value for rows in tables.values() for row in rows for value in row]
    hashes = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    assert any(len(value) >= 16 for value in hashes), "no session in the store"
    for path in server.directory.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    server.start()
    for value in hashes:
        for spelling in {*spellings(value), value.decode("latin-1")}:
            headers = {
                "Cookie": f"{name}={spelling}".encode("latin-1", "replace").replace(b"\n", b"").replace(b"\r", b"")
            }
            response = http_session().get(server.url + PAGE, headers=BROWSER | headers, timeout=10)
            assert not is_dashboard(response), spelling
    assert is_dashboard(visit(server, session))
