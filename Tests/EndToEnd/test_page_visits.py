"""Which of the pages' visits are counted by country: each page that a person was shown, once, by its template."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

import geo_database
from browser import chromium, visiting  # noqa: F401
from conftest import ServerFactory
from exposition import samples
from page_source import AS_A_BROWSER
from relay_client import Room
from series_client import geo
from server import OPEN_LIMITS, Server
from test_room_page import enter
from visits import ANN, BOB, BROWSER, IPV6, counted, visit

ROUTES = {
    "/": "/",
    "/docs": "/docs",
    "/docs/agents": "/docs/agents",
    "/connect": "/connect",
    "/source": "/source",
    "/room/some-room": "/room/:id",
}
BOTS = {
    "curl": "curl/8.5.0",
    "a Python client": "python-requests/2.34",
    "a crawler": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "a preview of a chat": "Mozilla/5.0 (compatible; Discordbot/2.0)",
    "wget": "Wget/1.24",
    "an agent of its own": "my-agent/1.0",
    "nobody": "",
}
# What a browser fetches besides pages.
NO_PAGES = [
    "/no-such-page",
    "/docs/nope",
    "/favicon.ico",
    "/llms.txt",
    "/robots.txt",
    "/.well-known/security.txt",
    "/sdk/signalbox.py",
    "/assets/site.css",
    "/assets/start.js",
    "/api/status",
    "/api/docs",
    "/api/openapi.json",
    "/admin/stats",
]


def requests_by_route(server: Server) -> dict[str, float]:
    """Well answered requests of each route that had any."""
    return {
        sample.labels["route"]: sample.value
        for sample in samples(server.exposition())
        if sample.name == "signalbox_http_requests_total" and sample.labels["class"] == "2xx" and sample.value
    }


def test_a_page_shown_to_a_browser_counts_once_by_its_template(server: Server) -> None:
    for number, (path, route) in enumerate(ROUTES.items(), 1):
        assert visit(server, path).status_code == 200
        assert counted(server) == {"LOCAL": number}, path
        assert requests_by_route(server)[route] == 1, path
    assert "some-room" not in server.exposition()


def test_every_page_counts_for_the_country_of_its_visitor(start_server: ServerFactory, tmp_path: Path) -> None:
    database = geo_database.write(tmp_path / "country.mmdb")
    server = start_server(**OPEN_LIMITS, GEOIP_DB=str(database))
    for path in ROUTES:
        for client in (ANN, ANN, BOB, IPV6):
            assert visit(server, path, client=client).status_code == 200
    pages = len(ROUTES)
    assert counted(server) == {"DE": 2 * pages, "FR": pages, "SE": pages}
    assert geo(server, range="1h")["total_visits"] == 4 * pages
    server.restart()
    assert counted(server) == {"DE": 2 * pages, "FR": pages, "SE": pages}


def test_bots_are_shown_pages_and_not_counted(server: Server) -> None:
    for who, agent in BOTS.items():
        for path in ROUTES:
            assert visit(server, path, agent=agent).status_code == 200
        assert counted(server) == {}, who
    # The same request counts as soon as a browser makes it.
    visit(server, "/docs", agent=BROWSER)
    assert counted(server) == {"LOCAL": 1}


def test_what_a_browser_fetches_besides_pages_does_not_count(server: Server) -> None:
    for path in NO_PAGES:
        visit(server, path)
    assert counted(server) == {}


def test_who_only_asks_about_a_page_does_not_count(server: Server) -> None:
    for method in ("HEAD", "OPTIONS", "POST"):
        for path in ROUTES:
            assert visit(server, path, method=method).status_code in (200, 405)
        assert counted(server) == {}, method


def test_what_a_browser_wants_does_not_matter_but_what_it_is(server: Server) -> None:
    assert visit(server, "/docs", Accept="*/*").status_code == 200
    assert counted(server) == {"LOCAL": 1}
    assert server.get("/docs", headers=AS_A_BROWSER).status_code == 200
    assert counted(server) == {"LOCAL": 1}


def test_a_real_browsers_visit_with_all_that_it_loads_counts_once(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as guest:
        for number, path in enumerate(["/", "/docs", "/docs/agents", "/connect", "/source"], 1):
            guest.page.goto(server.url + path)
            guest.page.wait_for_load_state("networkidle")
            assert counted(server) == {"LOCAL": number}, path
        guest.page.reload()
        assert counted(server) == {"LOCAL": 6}, "a page shown again is a visit again"


@pytest.mark.parametrize("transport", ["ws", "sse", "poll"])
def test_a_room_that_is_open_in_a_browser_counts_once(chromium: Browser, server: Server, transport: str) -> None:
    room = Room(server.url)
    with visiting(chromium, server) as guest:
        page = enter(guest, room, transport)
        room.send("something to read")
        page.get_by_text("something to read").first.wait_for(timeout=60_000)
        assert counted(server) == {"LOCAL": 1}
        assert requests_by_route(server)["/room/:id"] == 1
    assert room.id not in server.exposition()
