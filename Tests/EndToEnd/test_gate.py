"""The gate in front of everything an operator sees."""

from __future__ import annotations

import os
import pty
import re
import select
import stat
from pathlib import Path

import pytest
import requests

from conftest import ServerFactory
from exposition import total
from server import OPEN_LIMITS, Server, eventually, http_session
from wire import assert_refused

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
API = ["/api/metrics", "/api/metrics/series?range=1h", "/api/metrics/hourly", "/metrics"]
JSON_API = API[:3]
PAGE = "/admin/stats"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def is_login_page(response: requests.Response) -> bool:
    return (
        response.headers["Content-Type"].startswith("text/html")
        and 'action="/admin/login"' in response.text
        and 'type="password"' in response.text
    )


def is_dashboard(response: requests.Response) -> bool:
    return response.status_code == 200 and "<svg" in response.text and not is_login_page(response)


def log_in(server: Server, token: str | None = None, **headers: str) -> requests.Response:
    """Posts the login form as a browser without memory would; cookies are left to the caller."""
    return http_session().post(
        server.url + "/admin/login",
        data={"token": server.token if token is None else token},
        headers=BROWSER | headers,
        allow_redirects=False,
        timeout=10,
    )


def session_of(response: requests.Response) -> str:
    """The `name=value` of the one cookie that was set."""
    (cookie,) = response.cookies.items()
    return "=".join(cookie)


def visit(server: Server, session: str | None, path: str = PAGE, **headers: str) -> requests.Response:
    cookie = {"Cookie": session} if session else {}
    return http_session().get(server.url + path, headers=BROWSER | cookie | headers, allow_redirects=False, timeout=10)


# Bearer


@pytest.mark.parametrize("path", API)
def test_without_a_token_there_is_nothing_to_see(start_server: ServerFactory, path: str) -> None:
    server = start_server(**OPEN_LIMITS)
    token = server.token
    refused = server.get(path)
    assert_refused(refused, 401, "unauthorised")
    wrong_tokens = ("wrong", token[:-1], token + "x", token.swapcase(), token + " " + token, "Bearer " + token)
    headers = [f"Bearer {wrong}" for wrong in wrong_tokens]
    headers += [token, f"Basic {token}", "Bearer", "Bearer ", f"Token {token}"]
    for number, header in enumerate(headers):
        # Each from an address of its own, or the limit on guessing would answer.
        client = {"X-Forwarded-For": f"203.0.113.{number}"}
        assert_refused(server.get(path, headers=client | {"Authorization": header}), 401, "unauthorised")
    assert "no-store" in refused.headers["Cache-Control"]


@pytest.mark.parametrize("path", API)
def test_the_token_opens_every_api_route(shared_server: Server, path: str) -> None:
    assert shared_server.get(path, headers=shared_server.bearer).status_code == 200
    separator = "&" if "?" in path else "?"
    assert shared_server.get(f"{path}{separator}token={shared_server.token}").status_code == 200


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
    separator = "&" if "?" in path else "?"
    by_query = scraped_server.get(f"{path}{separator}token=a-scrape-token-of-its-own", headers={"Accept": accept})
    assert_refused(by_query, 403)


def test_the_scrape_token_opens_no_page_and_no_session(scraped_server: Server) -> None:
    assert scraped_server.get(PAGE, headers=SCRAPE | BROWSER).status_code == 403
    for response in (
        visit(scraped_server, None, PAGE + "?token=a-scrape-token-of-its-own"),
        log_in(scraped_server, "a-scrape-token-of-its-own"),
    ):
        assert response.status_code in (200, 401, 403)
        assert not response.cookies and not is_dashboard(response)


# Sessions


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
    assert {"httponly", "samesite=lax", "path=/"} <= attributes or {"httponly", "samesite=lax", "path=/admin"} <= attributes
    assert any(part.startswith(("max-age=", "expires=")) for part in attributes), "a session must end some day"
    assert "secure" not in attributes, "a browser would not send it back over plain http"
    assert server.token not in cookie and server.token not in response.text
    assert is_dashboard(visit(server, session_of(response)))


def test_behind_https_the_session_is_secure(server: Server) -> None:
    response = log_in(server, **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"})
    assert "secure" in {part.strip().lower() for part in response.headers["Set-Cookie"].split(";")}


def test_two_logins_are_two_sessions(server: Server) -> None:
    assert session_of(log_in(server)) != session_of(log_in(server))


@pytest.mark.parametrize("token", ["", "wrong", "x" * 10_000, "<script>alert(1)</script>"])
def test_a_wrong_token_logs_nobody_in_and_is_not_repeated(server: Server, token: str) -> None:
    response = log_in(server, token)
    assert response.status_code in (200, 401, 403)
    assert is_login_page(response) and not response.cookies
    assert "<script>alert" not in response.text
    if token:
        assert token not in response.text


def test_a_session_opens_the_json_for_the_pages_script(server: Server) -> None:
    session = session_of(log_in(server))
    response = http_session().get(server.url + "/api/metrics", headers={"Cookie": session}, timeout=10)
    assert response.status_code == 200 and "messages_relayed_total" in response.json()


def test_logging_out_revokes_the_session_on_the_server(server: Server) -> None:
    session, other = session_of(log_in(server)), session_of(log_in(server))
    response = http_session().post(
        server.url + "/admin/logout", headers={"Cookie": session}, allow_redirects=False, timeout=10
    )
    assert response.status_code == 303
    assert not is_dashboard(visit(server, session)), "a copy of the cookie must be worth nothing"
    assert is_dashboard(visit(server, other))


def test_a_session_survives_a_restart_but_not_a_new_token(server: Server) -> None:
    session = session_of(log_in(server))
    server.restart()
    assert is_dashboard(visit(server, session))
    server.restart(METRICS_TOKEN="another token")
    assert not is_dashboard(visit(server, session))
    server.restart(METRICS_TOKEN=server.token)
    assert not is_dashboard(visit(server, session)), "once revoked, revoked"


def test_a_session_is_kept_hashed(server: Server) -> None:
    secret = session_of(log_in(server)).split("=", 1)[1].encode()
    server.stop()
    for path in server.directory.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path


@pytest.mark.parametrize("path", [f"{PAGE}?token={{}}", f"{PAGE}?token={{}}&range=1h", f"{PAGE}?range=1h&token={{}}", "/stats?token={}"])
def test_a_token_in_the_address_becomes_a_session_and_is_never_repeated(server: Server, path: str) -> None:
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


def test_a_wrong_token_in_the_address_sets_no_session(server: Server) -> None:
    response = visit(server, None, PAGE + "?token=wrong-token-in-the-address")
    assert not response.cookies
    if response.is_redirect:
        assert "wrong-token" not in response.headers["Location"]
    else:
        assert is_login_page(response) and "wrong-token" not in response.text


FOREIGN = {
    "another site": {"Origin": "https://elsewhere.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a site that has ours in its name": {"Origin": "http://127.0.0.1:{port}.elsewhere.example"},
    "a hidden site": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_post_from_another_site_is_refused(server: Server, headers: dict[str, str]) -> None:
    headers = {name: value.format(port=server.port) for name, value in headers.items()}
    response = log_in(server, **headers)
    assert response.status_code == 403 and not response.cookies
    session = session_of(log_in(server))
    response = http_session().post(
        server.url + "/admin/logout", headers=headers | {"Cookie": session}, allow_redirects=False, timeout=10
    )
    assert response.status_code == 403
    assert is_dashboard(visit(server, session))


def test_a_post_from_our_own_page_is_welcome(server: Server) -> None:
    assert log_in(server, Origin=server.url).status_code == 303


def test_a_session_for_a_rebound_host_name_opens_nothing(server: Server) -> None:
    session = session_of(log_in(server))
    assert not is_dashboard(visit(server, session, Host="rebound.elsewhere.example"))
    assert is_dashboard(visit(server, session, Host=f"localhost:{server.port}"))
    # A bearer token can't be sent by a rebound page, so it needs no such check.
    assert server.get("/api/metrics", headers=server.bearer | {"Host": "scraped.by.any.name"}).status_code == 200


# No token


def test_bound_to_everybody_without_a_token_the_door_stays_shut(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, HOST="0.0.0.0", METRICS_TOKEN=None)
    for path in API:
        for headers in ({}, bearer(""), bearer("guess")):
            refused = server.get(path, headers=headers)
            assert_refused(refused, 503, "metrics disabled (no METRICS_TOKEN configured)")
    assert server.get(PAGE, headers=BROWSER).status_code == 503
    assert not log_in(server, "").cookies
    assert "METRICS_TOKEN" in server.log(), "a warning that says what to set"
    assert not (server.data_dir / "metrics-token").exists()
    assert server.get("/api/health").status_code == 200


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
    with http_session() as browser:
        browser.headers.update(BROWSER)
        assert is_dashboard(browser.get(address, timeout=10))
        assert is_dashboard(browser.get(server.url + PAGE, timeout=10))
    with http_session() as thief:
        thief.headers.update(BROWSER)
        assert not is_dashboard(thief.get(address, timeout=10))
        assert not thief.cookies
    server.stop()
    os.close(terminal)


# Guessing


def failures_until_limited(server: Server, client: str, attempt: str = "bearer") -> requests.Response:
    headers = {"X-Forwarded-For": client}
    for _ in range(500):
        if attempt == "bearer":
            response = server.get("/api/metrics", headers=bearer("guess") | headers)
        else:
            response = log_in(server, "guess", **headers)
        if response.status_code == 429:
            return response
    raise AssertionError("500 guesses and no limit")


@pytest.mark.parametrize("attempt", ["bearer", "form"])
def test_guessing_is_limited_for_one_who_guesses_and_for_nobody_else(server: Server, attempt: str) -> None:
    limited = failures_until_limited(server, "203.0.113.1", attempt)
    assert int(limited.headers["Retry-After"]) >= 1
    if attempt == "bearer":
        assert_refused(limited, 429)
    assert_refused(server.get("/api/metrics", headers=bearer("guess") | {"X-Forwarded-For": "203.0.113.1"}), 429)
    other = {"X-Forwarded-For": "203.0.113.2"}
    assert server.get("/api/metrics", headers=server.bearer | other).status_code == 200
    assert_refused(server.get("/api/metrics", headers=bearer("guess") | other), 401)


def test_an_ipv6_network_is_one_guesser(server: Server) -> None:
    failures_until_limited(server, "2001:db8:1:1::1")
    guess = bearer("guess")
    same = server.get("/api/metrics", headers=guess | {"X-Forwarded-For": "2001:db8:1:1:ffff::2"})
    other = server.get("/api/metrics", headers=guess | {"X-Forwarded-For": "2001:db8:1:2::1"})
    assert (same.status_code, other.status_code) == (429, 401)


def test_asking_without_any_token_is_no_guess(server: Server) -> None:
    for _ in range(100):
        assert server.get("/api/metrics").status_code == 401
    assert server.get("/api/metrics", headers=server.bearer).status_code == 200


def test_attempts_are_counted(server: Server) -> None:
    def refused() -> float:
        return total(server.exposition(), "signalbox_admissions_total", result="refused")

    before = refused()
    for _ in range(3):
        server.get("/api/metrics", headers=bearer("guess"))
    assert refused() - before == 3
