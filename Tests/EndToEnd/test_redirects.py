"""Readers of pages are sent from the server's other names to its own; everybody else is answered where they are."""

from __future__ import annotations

import pytest

from conftest import ServerFactory
from raw_http import RawConnection, RawResponse
from server import OPEN_LIMITS, Server
from wire import GOOD, assert_refused, new_room

OWN = "https://relay.example:8443"
ALIAS = "www.relay.example"
SETTINGS = OPEN_LIMITS | {"PUBLIC_BASE_URL": OWN + "/", "CANONICAL_ALIAS_HOSTS": f"{ALIAS}, Old.Example"}

PAGES = ["/", "/docs", "/connect", "/board", "/docs/agents", "/source", "/api/docs", "/llms.txt"]


@pytest.fixture(scope="module")
def relay(shared_server: Server) -> Server:
    shared_server.restart(**SETTINGS)
    return shared_server


def ask(server: Server, target: str, host: str | None = ALIAS, method: str = "GET", **headers: str) -> RawResponse:
    with RawConnection(server.port) as connection:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, ({} if host is None else {"Host": host}) | fields)
        return connection.response(to_head=method == "HEAD")


def assert_sent_to(response: RawResponse, location: str) -> None:
    assert (response.status, response.header("Location")) == (308, location)
    # On hot and cold routes alike.
    assert response.header("X-Content-Type-Options") == "nosniff"


def assert_answered_here(response: RawResponse) -> None:
    assert response.status != 308
    location = response.header("Location")
    assert location is None or location.startswith("/") and location[1:2] not in ("/", "\\"), location


@pytest.mark.parametrize("path", PAGES)
def test_a_reader_of_a_page_is_sent_to_the_servers_own_name(relay: Server, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert_sent_to(ask(relay, path, method=method), OWN + path)


def test_the_query_goes_along(relay: Server) -> None:
    for query in ("?a=1", "?a=b&a=c&next=https://elsewhere.example/", "?", "?a=%2F%00%ff", "?//elsewhere.example"):
        location = ask(relay, "/docs" + query).header("Location")
        assert location is not None
        assert location in (OWN + "/docs" + query, OWN + "/docs")
        assert query == "?" or location.endswith(query)


@pytest.mark.parametrize("host", [ALIAS, ALIAS.upper(), ALIAS + ":80", ALIAS + ".", "old.example", "OLD.example:8443"])
def test_every_spelling_of_another_name_counts(relay: Server, host: str) -> None:
    assert_sent_to(ask(relay, "/docs", host), OWN + "/docs")


@pytest.mark.parametrize(
    "host", ["relay.example", "relay.example:99", "127.0.0.1", "elsewhere.example", f"x.{ALIAS}", f"{ALIAS}.x", "", ALIAS + "x"]
)
def test_under_any_other_name_one_is_answered(relay: Server, host: str) -> None:
    assert_answered_here(ask(relay, "/docs", host))


def test_the_api_and_rooms_answer_under_every_name(relay: Server) -> None:
    room = new_room()
    for path in ("/api/health", f"/api/rooms/{room}/status", "/api/agents", "/agents.json", "/api/openapi.json",
                 f"/room/{room}", "/stats", "/admin/stats", "/metrics", "/assets/x.css", "/docs/other", "/docs/x/y"):  # fmt: skip
        assert_answered_here(ask(relay, path))
    assert ask(relay, "/api/health").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_redirected(relay: Server, method: str) -> None:
    for path in PAGES:
        assert_answered_here(ask(relay, path, method=method))
    posted = relay.post(f"/api/rooms/{new_room()}/messages", json=GOOD, headers={"Host": ALIAS})
    assert posted.status_code == 200


def test_the_switch_turns_it_off(start_server: ServerFactory) -> None:
    server = start_server(**SETTINGS | {"CANONICAL_REDIRECT": "0"})
    for path in PAGES:
        assert_answered_here(ask(server, path))


@pytest.mark.parametrize("missing", ["PUBLIC_BASE_URL", "CANONICAL_ALIAS_HOSTS"])
def test_without_names_nobody_is_sent_anywhere(start_server: ServerFactory, missing: str) -> None:
    server = start_server(**SETTINGS | {missing: None})
    for host in (ALIAS, "www.bot2bot.chat"):
        assert_answered_here(ask(server, "/docs", host))


def test_the_own_name_among_the_others_makes_no_circle(start_server: ServerFactory) -> None:
    server = start_server(**SETTINGS | {"CANONICAL_ALIAS_HOSTS": f"relay.example,{ALIAS}"})
    assert_answered_here(ask(server, "/docs", "relay.example:8443"))
    assert_sent_to(ask(server, "/docs"), OWN + "/docs")


# Names that a proxy forwards


@pytest.mark.parametrize(
    ("trust", "counts"),
    [("loopback", True), ("127.0.0.0/8", True), ("true", True), ("1", True), ("false", False), ("203.0.113.0/24", False)],
)
def test_a_forwarded_name_counts_from_a_trusted_peer_alone(start_server: ServerFactory, trust: str, counts: bool) -> None:
    server = start_server(**SETTINGS | {"TRUST_PROXY": trust})
    forwarded = ask(server, "/docs", "inner.example", X_Forwarded_Host=ALIAS)
    own = ask(server, "/docs", ALIAS, X_Forwarded_Host="relay.example")
    if counts:
        assert_sent_to(forwarded, OWN + "/docs")
        assert_answered_here(own)
        assert_sent_to(ask(server, "/docs", "inner.example", X_Forwarded_Host=f"{ALIAS}:443, inner.example"), OWN + "/docs")
    else:
        assert_answered_here(forwarded)
        assert_sent_to(own, OWN + "/docs")


# Defect 13 of the original: the target's host became the location's

ELSEWHERE = [
    "http://elsewhere.example/docs",
    "http://elsewhere.example/docs?a=1",
    "http://elsewhere.example",
    "http://elsewhere.example/",
    "http://elsewhere.example:80/docs",
    "http://user@elsewhere.example/docs",
    "https://elsewhere.example/docs",
    "HTTP://ELSEWHERE.EXAMPLE/docs",
    "http://relay.example@elsewhere.example/docs",
    "ftp://elsewhere.example/docs",
    "//elsewhere.example",
    "//elsewhere.example/",
    "//elsewhere.example/docs",
    "///elsewhere.example/docs",
    "/\\elsewhere.example",
    "/\\/elsewhere.example/docs",
    "\\\\elsewhere.example/docs",
    "/.//elsewhere.example",
    "/docs/..//elsewhere.example",
    "/%2F/elsewhere.example",
    "/%2e/docs",
    "/@elsewhere.example",
    "/docs@elsewhere.example",
    "/docs\\@elsewhere.example",
    "/docs;//elsewhere.example",
    "/docs#//elsewhere.example",
    "http:elsewhere.example/docs",
    "http:///elsewhere.example/docs",
    "*",
]


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("host", [ALIAS, "elsewhere.example", "relay.example"])
def test_defect_13_no_target_sends_anybody_to_another_host(relay: Server, target: str, host: str) -> None:
    response = ask(relay, target, host)
    location = response.header("Location")
    if location is not None:
        own = location == OWN or location.startswith((OWN + "/", OWN + "?"))
        here = location.startswith("/") and location[1:2] not in ("/", "\\")
        assert own or here, location
        path = location.removeprefix(OWN).partition("?")[0]
        assert "elsewhere" not in path and "\\" not in path, location


@pytest.mark.parametrize("target", ["http://elsewhere.example/docs?a=1", f"http://{ALIAS}/docs?a=1"])
def test_defect_13_an_absolute_target_is_redirected_by_its_path(relay: Server, target: str) -> None:
    assert_sent_to(ask(relay, target), OWN + "/docs?a=1")


def test_defect_13_the_body_of_a_redirect_is_no_page(relay: Server) -> None:
    response = ask(relay, '/docs?"><script>alert(1)</script>')
    assert response.status in (308, 400)
    if response.status == 308:
        assert (response.header("Content-Type") or "").startswith("text/plain")


def test_two_names_at_once_are_refused(relay: Server) -> None:
    with RawConnection(relay.port) as connection:
        connection.send(f"GET /docs HTTP/1.1\r\nHost: {ALIAS}\r\nHost: relay.example\r\n\r\n".encode())
        assert_refused(connection.response(), 400)
