"""The tokens before everything an operator sees: what each opens, and what there is without any."""

from __future__ import annotations

import os
import pty
import re
import select
import stat
from pathlib import Path

import pytest

from conftest import ServerFactory
from gate_client import (
    API,
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
    log_in,
    log_out,
    moves,
    session_of,
    somebody_new,
    visit,
    with_token,
)
from raw_http import RawConnection
from server import OPEN_LIMITS, Server, eventually, http_session
from wire import assert_refused


# Bearer


@pytest.mark.parametrize("path", [*API, STREAM])
def test_without_a_token_there_is_nothing_to_see(shared_server: Server, path: str) -> None:
    token = shared_server.token
    refused = shared_server.get(path)
    assert_refused(refused, 401, "unauthorised")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    wrong_tokens = ("wrong", token[:-1], token + "x", token.swapcase(), token + " " + token, "Bearer " + token)
    headers = [f"Bearer {wrong}" for wrong in wrong_tokens]
    headers += [token, f"Basic {token}", "Bearer", "Bearer ", f"Token {token}"]
    for header in headers:
        wrong = shared_server.get(path, headers=somebody_new() | {"Authorization": header})
        assert_refused(wrong, 401, "unauthorised")


@pytest.mark.parametrize("path", API)
def test_the_token_opens_every_api_route(shared_server: Server, path: str) -> None:
    assert shared_server.get(path, headers=shared_server.bearer).status_code == 200
    assert shared_server.get(with_token(path, shared_server.token)).status_code == 200


def test_the_token_opens_the_stream(server: Server) -> None:
    for headers, target in ((server.bearer, STREAM), ({}, with_token(STREAM, server.token))):
        with RawConnection(server.port) as connection:
            DashboardStream(connection, headers, target).wait_for_word()


def test_the_token_opens_the_page_without_a_detour(server: Server) -> None:
    # A client that sends its token each time needs no session; redirected to set one, it would go in circles.
    response = server.get(PAGE, headers=server.bearer | BROWSER, allow_redirects=False)
    assert is_dashboard(response) and not response.cookies


def test_a_token_with_letters_that_queries_escape_works_in_every_place(start_server: ServerFactory) -> None:
    token = "a+b&c=d%e/f?g~h"
    server = start_server(**OPEN_LIMITS, METRICS_TOKEN=token)
    assert server.get("/api/metrics", params={"token": token}).status_code == 200
    assert server.get("/api/metrics", headers=bearer(token)).status_code == 200
    assert is_dashboard(visit(server, session_of(log_in(server, token))))


@pytest.mark.parametrize("path", ["/api/health", "/api/rooms/abcd/status", "/api/rooms/abcd/transcript"])
def test_the_relay_itself_needs_no_token(shared_server: Server, path: str) -> None:
    assert shared_server.get(path).status_code == 200


def test_the_token_may_come_from_a_file(start_server: ServerFactory, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-of-the-file\n")
    server = start_server(**OPEN_LIMITS, METRICS_TOKEN=None, METRICS_TOKEN_FILE=str(tmp_path / "token"))
    assert server.get("/api/metrics", headers=bearer("token-of-the-file")).status_code == 200
    assert_refused(server.get("/api/metrics", headers=bearer("another")), 401)


# The scrape token


@pytest.fixture(scope="module")
def scraped_server(shared_server: Server) -> Server:
    shared_server.restart(METRICS_SCRAPE_TOKEN="a-scrape-token-of-its-own")
    return shared_server


SCRAPE = bearer("a-scrape-token-of-its-own")


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_the_scrape_token_opens_the_exposition(scraped_server: Server, accept: str) -> None:
    for path in ("/metrics", "/api/metrics"):
        response = scraped_server.get(path, headers=SCRAPE | {"Accept": accept})
        assert response.status_code == 200 and response.text.startswith("# ")


@pytest.mark.parametrize("path", JSON_API)
@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_the_scrape_token_opens_no_json_not_even_on_the_same_path(
    scraped_server: Server, path: str, accept: str | None
) -> None:
    assert_refused(scraped_server.get(path, headers=SCRAPE | {"Accept": accept}), 403)
    by_query = scraped_server.get(with_token(path, "a-scrape-token-of-its-own"), headers={"Accept": accept})
    assert_refused(by_query, 403)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}?part=now", f"{PAGE}?part=all", "/stats", STREAM])
def test_attack_scrape_token_on_admin_pages(scraped_server: Server, path: str) -> None:
    with moves(scraped_server, scrape_token_elsewhere=1 if path == "/stats" else 2):
        by_header = scraped_server.get(path, headers=SCRAPE | BROWSER, allow_redirects=False)
        by_query = visit(scraped_server, None, with_token(path, "a-scrape-token-of-its-own"))
    # The short address only leads to the page, which refuses.
    assert by_header.status_code == (302 if path == "/stats" else 403)
    assert by_query.status_code == 403
    for response in (by_header, by_query):
        assert not response.cookies and not is_dashboard(response)


def test_the_scrape_token_logs_nobody_in(scraped_server: Server) -> None:
    response = log_in(scraped_server, "a-scrape-token-of-its-own")
    assert response.status_code in (401, 403)
    assert not response.cookies and not is_dashboard(response)


# Whatever the answer, nobody keeps it and it is counted


@pytest.mark.parametrize("path", [*GATED, "/stats", "/admin/login"])
def test_no_answer_of_the_dashboard_may_be_kept(scraped_server: Server, path: str) -> None:
    session = {"Cookie": session_of(log_in(scraped_server))}
    comers = {
        "nobody": {},
        "the operator": scraped_server.bearer,
        "a scraper": SCRAPE,
        "a guesser": bearer("wrong") | {"X-Forwarded-For": "203.0.113.99"},
        "a browser": session | BROWSER,
        "a rebound browser": session | {"Host": "rebound.elsewhere.example"},
    }
    for comer, headers in comers.items():
        for method in ("GET", "HEAD"):
            response = http_session().request(
                method, scraped_server.url + path, headers=headers, timeout=10, allow_redirects=False
            )
            assert "no-store" in cache_control(response), (comer, method, response.status_code)
            if tag := response.headers.get("ETag"):
                again = scraped_server.get(path, headers=headers | {"If-None-Match": tag})
                assert "no-store" in cache_control(again), (comer, again.status_code)


def test_no_step_of_a_session_may_be_kept(server: Server) -> None:
    logged_in = log_in(server)
    session = session_of(logged_in)
    answers = [
        logged_in,
        log_in(server, "wrong"),
        log_in(server, Origin="https://elsewhere.example"),
        visit(server, None, with_token(PAGE, server.token)),
        visit(server, None, with_token(PAGE, "wrong")),
        visit(server, None, "/admin/login?code=wrong"),
        log_out(server, session, Origin="https://elsewhere.example"),
        log_out(server, session),
    ]
    answers += [server.get(PAGE, headers=bearer("wrong") | BROWSER) for _ in range(20)]
    assert answers[-1].status_code == 429
    for response in answers:
        assert "no-store" in cache_control(response), response.request.url
    with RawConnection(server.port) as connection:
        # What is behind a proxy must pass it on as it comes, too.
        kept = DashboardStream(connection, server.bearer | {"X-Forwarded-For": "203.0.113.5"}).headers["cache-control"]
        assert "no-store" in kept and "no-transform" in kept


def test_each_use_of_a_token_is_counted(scraped_server: Server) -> None:
    server = scraped_server
    guesser = {"X-Forwarded-For": "203.0.113.77"}
    with moves(server, bearer=3):
        for path in ("/metrics", "/api/metrics", PAGE):
            server.get(path, headers=server.bearer)
    with moves(server, bearer=1):
        server.get(with_token("/api/metrics", server.token))
    with moves(server, scrape_token=2):
        server.get("/metrics", headers=SCRAPE)
        server.get("/api/metrics", headers=SCRAPE | {"Accept": "text/plain"})
    with moves(server, scrape_token_elsewhere=2):
        server.get("/api/metrics", headers=SCRAPE)
        server.get(STREAM, headers=SCRAPE)
    with moves(server, login=1):
        visit(server, None, with_token(PAGE, server.token))
    with moves(server, refused=10, limited=4):
        for _ in range(14):
            server.get("/api/metrics", headers=bearer("wrong") | guesser)
    # One that comes with nothing has tried nothing.
    with moves(server):
        for path in (*GATED, "/stats", "/admin/login"):
            server.get(path, allow_redirects=False)


# No token


def test_bound_to_everybody_without_a_token_the_door_stays_shut(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, HOST="0.0.0.0", METRICS_TOKEN=None)
    for path in (*API, STREAM):
        for headers in ({}, bearer(""), bearer("guess"), {"Cookie": "signalbox_session=x"}):
            refused = server.get(path, headers=headers)
            assert_refused(refused, 503, "metrics disabled (no METRICS_TOKEN configured)")
            assert "no-store" in cache_control(refused)
    for path in (PAGE, f"{PAGE}?part=now", f"{PAGE}?part=all", "/admin/login", "/admin/login?code=x"):
        page = server.get(path, headers=BROWSER)
        assert page.status_code == 503 and not is_dashboard(page) and not is_login_page(page)
        assert "no-store" in cache_control(page)
    for token in ("", "guess"):
        response = log_in(server, token)
        assert response.status_code == 503 and not response.cookies
    assert "METRICS_TOKEN" in server.log(), "a warning that says what to set"
    assert not (server.data_dir / "metrics-token").exists()
    assert server.get("/api/health").status_code == 200


def test_without_a_token_a_scraper_with_its_own_is_served_and_nobody_else(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, HOST="0.0.0.0", METRICS_TOKEN=None, METRICS_SCRAPE_TOKEN="scraper's")
    assert server.get("/metrics", headers=bearer("scraper's")).status_code == 200
    for path in (*JSON_API, PAGE, STREAM):
        assert server.get(path, headers=bearer("scraper's")).status_code in (403, 503), path
    assert server.get("/metrics", headers=bearer("another's")).status_code == 503


def test_on_loopback_without_a_token_one_is_made_and_kept_private(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, METRICS_TOKEN=None)
    file = server.data_dir / "metrics-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().strip()
    assert len(token) >= 32
    assert server.get("/api/metrics", headers=bearer(token)).status_code == 200
    assert_refused(server.get("/api/metrics"), 401)
    assert token not in server.log()
    for path in re.findall(rf":{server.port}(\S*)", server.log()):
        assert path.rstrip(".,;)") in ("", "/", PAGE, "/admin/login"), "a login link must not end in a log"
    server.restart()
    assert file.read_text().strip() == token


def test_a_given_token_is_not_written_down(server: Server) -> None:
    assert not (server.data_dir / "metrics-token").exists()
    server.stop()
    for path in server.directory.rglob("*"):
        if path.is_file():
            assert server.token.encode() not in path.read_bytes(), path


def test_on_a_terminal_a_link_is_printed_that_logs_in_once(start_server: ServerFactory) -> None:
    server = start_server(started=False, **OPEN_LIMITS, METRICS_TOKEN=None)
    terminal, end = pty.openpty()
    server.launch(stdout=end)
    os.close(end)
    seen = b""

    def read() -> str:
        nonlocal seen
        if select.select([terminal], [], [], 0)[0]:
            seen += os.read(terminal, 65536)
        return seen.decode(errors="replace")

    def link() -> str | None:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", read())
        links = re.findall(rf"http://(?:127\.0\.0\.1|localhost):{server.port}/\S{{20,}}", plain)
        return links[0] if links else None

    address = eventually(link, "a login link on the terminal", timeout=30)
    token = (server.data_dir / "metrics-token").read_text().strip()
    assert token not in read(), "the link is for once, the token for ever"
    server.token = token
    with http_session() as browser, moves(server, login_link=1, session=2):
        browser.headers.update(BROWSER)
        assert is_dashboard(browser.get(address, timeout=10))
        assert is_dashboard(browser.get(server.url + PAGE, timeout=10))
    with http_session() as thief, moves(server, refused=1):
        thief.headers.update(BROWSER)
        assert not is_dashboard(thief.get(address, timeout=10))
        assert not thief.cookies
    server.stop()
    os.close(terminal)
