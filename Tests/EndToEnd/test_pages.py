"""The dashboard's pages in a real browser, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser import (
    DESK,
    PHONE,
    Visit,
    assert_accessible,
    assert_no_sideways_scroll,
    both,
    busy_server,  # noqa: F401
    chromium,  # noqa: F401
    visiting,
)
from conftest import ServerFactory
from server import OPEN_LIMITS, Server, eventually
from wire import new_room, post_well

RANGES = ["all", "1month", "1week", "1day", "8h", "1h"]
WINDOW = "from=1781524800000&to=1781528400000"
NOW_PARTS = ["updated", "state", "alerts", "cards", "counters"]
SAMPLE_PARTS = ["usage", "classes", "countries", "minutes", "storage", "build"]


def counter_in_table(page: Page, name: str) -> int:
    row = page.locator("table tr", has=page.get_by_text(name, exact=True)).first
    number = re.search(r"[\d,. \u202f\u00a0']*\d", row.locator("td").last.inner_text())
    assert number, row.inner_text()
    return int(re.sub(r"\D", "", number.group()))


# The first view


@both
def test_logging_in_shows_the_whole_page(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.log_in()
        text = page.locator("body").inner_text().lower()
        for card in ("active rooms", "subscribers", "messages relayed", "rooms created", "5xx", "429", "websocket connects",
                     "sse connects", "long-poll wakes", "uptime"):  # fmt: skip
            assert card in text, f"no card {card!r}"
        assert re.search(r"last 30 minutes", text)
        assert page.locator("svg:visible").count() >= 2, "the chart and a sparkline"
        chart = max(box["width"] for box in (svg.bounding_box() for svg in page.locator("svg:visible").all()) if box)
        assert chart > 600, "the usage chart has the page's width"
        assert counter_in_table(page, "messages_relayed_total") == 5
        assert counter_in_table(page, "sse_connects_total") == 1
        assert busy_server.token not in page.content()


@both
def test_every_part_of_the_page_is_there_at_once(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter()
        for name, parts in (("now", NOW_PARTS), ("sample", SAMPLE_PARTS)):
            for part in parts:
                found = page.locator(f"#{part}[data-live={name}]")
                assert found.count() == 1, part
                assert found.inner_text().strip(), f"{part} is empty"
        tops = [
            page.locator(f"#{part}").bounding_box()["y"]
            for part in ("state", "alerts", "cards", "usage", "classes", "countries", "counters")
        ]
        assert tops == sorted(tops), "what is wrong comes first"
        assert page.locator("#usage-frame svg.chart").is_visible()
        assert page.locator("#classes-frame svg.chart").is_visible()
        assert page.locator("#map-frame svg.map").is_visible()
        for table in ("usage-table", "classes-table"):
            assert page.locator(f"details #{table}").count() == 1, "a table twin behind a disclosure"
            page.locator("details", has=page.locator(f"#{table}")).locator("summary").click()
            assert page.locator(f"#{table}").is_visible()
        assert page.locator("#countries-table").is_visible()


def test_without_scripts_the_page_asks_for_itself_again_unless_told_not_to(
    chromium: Browser, busy_server: Server
) -> None:
    with visiting(chromium, busy_server, scripts=False) as visit:
        page = visit.enter("range=1h&metric=rooms")
        meta = page.locator("noscript meta[http-equiv=refresh]")
        assert meta.get_attribute("content") == "60", "no address, so it stays with what was chosen"
        page.locator('#updated a[href*="refresh=0"]').click()
        page.wait_for_url(re.compile("refresh=0"))
        assert meta.count() == 0
        assert re.search("range=1h.*metric=rooms", page.url), "the choice stays"
        page.locator('nav[aria-label="Range"] a[href*="range=8h"]').click()
        page.wait_for_url(re.compile("range=8h"))
        assert meta.count() == 0, "the next choice doesn't turn it on again"
        page.locator("#updated a").click()
        page.wait_for_url(lambda url: "refresh" not in url)
        assert meta.count() == 1


def test_with_scripts_nothing_reloads_by_itself(chromium: Browser, busy_server: Server) -> None:
    with visiting(chromium, busy_server) as visit:
        page = visit.enter()
        assert page.locator("meta[http-equiv=refresh]").count() == 0, "it stands in a noscript"
        assert page.locator("form.pick button").is_hidden(), "a choice needs no button"
        assert page.locator("#live").is_visible()


@both
def test_a_reload_shows_what_has_happened_since(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter()
        assert counter_in_table(page, "messages_relayed_total") == 5
        post_well(busy_server, new_room())
        page.reload()
        assert counter_in_table(page, "messages_relayed_total") == 6


@both
@pytest.mark.parametrize(
    "query",
    [
        "range=%3Cscript%3Ealert(1)%3C/script%3E&metric=..%2F..&x=%00",
        "from=-1&to=99999999999999999999&scale=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "from=9&to=1&refresh=alert(1)&part=alert(1)",
    ],
)
def test_nonsense_in_the_address_is_the_default_view(
    chromium: Browser, busy_server: Server, scripts: bool, query: str
) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter(query)
        assert page.locator("svg:visible").count() >= 2
        assert page.locator('nav[aria-label="Range"] a[aria-current]').inner_text() == "1 day"
        assert "alert(1)" not in page.content()


# The door


@both
def test_a_wrong_token_leaves_one_at_the_login_page(chromium: Browser, server: Server, scripts: bool) -> None:
    with visiting(chromium, server, scripts=scripts) as visit:
        page = visit.page
        page.goto(server.url + "/admin/stats")
        page.locator('input[type="password"]').fill("wrong")
        page.locator('form[action="/admin/login"] button').click()
        page.wait_for_load_state()
        assert page.locator('input[type="password"]').is_visible()
        assert page.locator('[role="alert"]').inner_text(), "what was wrong is said, to screen readers too"


@both
def test_logging_out_leads_back_to_the_login_page(chromium: Browser, server: Server, scripts: bool) -> None:
    with visiting(chromium, server, scripts=scripts) as visit:
        page = visit.log_in()
        page.locator('form[action="/admin/logout"] button').click()
        page.locator('input[type="password"]').wait_for()
        page.goto(server.url + "/admin/stats")
        assert page.locator('input[type="password"]').is_visible()
        page.go_back()
        page.locator('input[type="password"]').wait_for()
        assert "messages_relayed_total" not in page.content(), "nothing of the dashboard is kept for the way back"


# For everybody


def _open_everything(page: Page) -> None:
    for summary in page.locator("details summary").all():
        summary.click()


@pytest.fixture
def open_server(start_server: ServerFactory) -> Server:
    server = start_server(**OPEN_LIMITS, PUBLIC_STATUS="1", CLOCK="2026-06-15T12:30:02Z")
    post_well(server, new_room())
    eventually(lambda: server.metrics()["history"], "the first sample, some seconds after the start", 15)
    return server


def _every_page(visit: Visit, queries: list[str]) -> Iterator[str]:
    """Goes to each page with all that can be opened open, and yields its address."""
    url = visit.server.url
    for address, status in (("/", 200), ("/status", 200), ("/admin/stats", 401)):
        answer = visit.page.goto(url + address)
        assert answer and answer.status == status, address
        _open_everything(visit.page)
        yield address
    visit.enter()
    for query in queries:
        visit.page.goto(f"{url}/admin/stats?{query}")
        _open_everything(visit.page)
        yield query


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about(
    chromium: Browser, open_server: Server, scheme: str, size: str
) -> None:
    viewport = PHONE if size == "phone" else DESK
    queries = ["range=1h&metric=bytes&scale=log", WINDOW]
    if (scheme, size) == ("light", "desk"):
        queries += [f"range={name}" for name in RANGES]
    with visiting(chromium, open_server, scheme=scheme, viewport=viewport) as visit:
        for address in _every_page(visit, queries):
            assert_accessible(visit.page)
            assert_no_sideways_scroll(visit.page)
            if address == WINDOW:
                assert visit.page.locator("#usage-table tr[data-t]").count() >= 1, "a part of time with something in it"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_pages_that_refuse(
    chromium: Browser, start_server: ServerFactory, scheme: str
) -> None:
    closed = start_server(METRICS_TOKEN=None, HOST="0.0.0.0")
    with visiting(chromium, closed, scheme=scheme, viewport=PHONE) as visit:
        visit.remarks += ("status of 503", "status of 404")
        for address, status in (("/admin/stats", 503), ("/no-such-page", 404)):
            answer = visit.page.goto(closed.url + address)
            assert answer and answer.status == status
            if "html" in answer.headers["content-type"]:
                assert_accessible(visit.page)
                assert_no_sideways_scroll(visit.page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colour_scheme_of_the_visitor_is_followed(chromium: Browser, server: Server, scheme: str) -> None:
    with visiting(chromium, server, scheme=scheme) as visit:
        page = visit.enter()
        for element in ("document.body", "document.querySelector('#usage')"):
            colour = page.evaluate(f"getComputedStyle({element}).backgroundColor")
            red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
            assert (red + green + blue > 3 * 128) == (scheme == "light"), colour


def test_the_page_allows_no_code_from_elsewhere_and_none_inline(server: Server) -> None:
    response = server.get("/admin/stats", params={"token": server.token}, headers={"Accept": "text/html"})
    assert response.status_code == 200
    policy = {
        name: values
        for name, *values in (part.split() for part in response.headers["Content-Security-Policy"].split(";") if part.strip())
    }
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    for directive, values in policy.items():
        assert "'unsafe-inline'" not in values and "'unsafe-eval'" not in values, directive
        assert all(value in ("'self'", "'none'", "data:") for value in values), (directive, values)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style", response.text)
