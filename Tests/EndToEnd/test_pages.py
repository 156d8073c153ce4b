"""The dashboard in a real browser, with and without scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from relay_client import Room, SseStream
from server import Server
from wire import new_room, post_well

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
RANGES = ["all", "1month", "1week", "1day", "8h", "1h"]


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser, None, None]:
    path = shutil.which("chromium")
    assert path, "no chromium: run scripts/setup test"
    with sync_playwright() as playwright:
        # In a container as root there is no sandbox; the pages are our own.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Visit:
    """A page with notes of everything a visitor's console and network would show."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complain("error", str(error)))
        page.on("requestfailed", lambda request: self._complain("error", f"{request.failure}: {request.url}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def _complain(self, kind: str, text: str) -> None:
        # Chromium itself remarks on the status of the login page, a 401, and on what a click interrupts.
        if kind in ("error", "warning") and "status of 401" not in text and "ERR_ABORTED" not in text:
            self.complaints.append(f"{kind}: {text}")

    def enter(self) -> Page:
        """Goes in by the token in the address, as an operator's bookmark does."""
        self.page.goto(f"{self.server.url}/admin/stats?token={self.server.token}")
        self.page.wait_for_url(self.server.url + "/admin/stats")
        return self.page

    def log_in(self) -> Page:
        """Goes in by the form."""
        self.page.goto(self.server.url + "/admin/stats")
        self.page.locator('input[type="password"]').fill(self.server.token)
        self.page.locator('form[action="/admin/login"] button').click()
        self.page.wait_for_url(self.server.url + "/admin/stats")
        return self.page

    def assert_quiet(self) -> None:
        assert self.complaints == []
        for url in self.requests:
            parts = urlsplit(url)
            assert parts.scheme == "data" or f"{parts.scheme}://{parts.netloc}" == self.server.url, url


@pytest.fixture
def busy_server(server: Server) -> Server:
    room = Room(server.url)
    stream = SseStream(room)
    for number in range(5):
        room.send(f"message {number}")
    stream.close()
    return server


@contextmanager
def visiting(
    chromium: Browser,
    server: Server,
    *,
    scripts: bool = True,
    scheme: str = "light",
    viewport: dict[str, int] = DESK,
) -> Generator[Visit, None, None]:
    context = chromium.new_context(java_script_enabled=scripts, color_scheme=scheme, viewport=viewport)
    context.set_default_timeout(15_000)
    visit = Visit(context.new_page(), server)
    yield visit
    visit.assert_quiet()
    context.close()


both = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


def counter_in_table(page: Page, name: str) -> int:
    row = page.locator("table tr", has=page.get_by_text(name, exact=True)).first
    number = re.search(r"[\d,. \u202f\u00a0']*\d", row.locator("td").last.inner_text())
    assert number, row.inner_text()
    return int(re.sub(r"\D", "", number.group()))


@both
def test_logging_in_shows_the_whole_page(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.log_in()
        text = page.locator("body").inner_text().lower()
        for card in ("active rooms", "active subscribers", "messages relayed", "rooms created", "5xx", "429", "websocket connects",
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
def test_a_wrong_token_leaves_one_at_the_login_page(chromium: Browser, server: Server, scripts: bool) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(server.url + "/admin/stats")
    page.locator('input[type="password"]').fill("wrong")
    page.locator('form[action="/admin/login"] button').click()
    page.wait_for_load_state()
    assert page.locator('input[type="password"]').is_visible()
    assert page.locator('[role="alert"]').inner_text(), "what was wrong is said, to screen readers too"
    context.close()


@both
def test_ranges_and_metrics_are_links(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter()
        for name in RANGES:
            page.locator(f'a[href*="range={name}"]').first.click()
            page.wait_for_url(re.compile(rf"[?&]range={name}(&|#|$)"))
            page.locator(f'a[href*="range={name}"][aria-current]').first.wait_for()
            assert page.locator("svg:visible").count() >= 1
        metrics = {
            match.group(1)
            for link in page.locator('a[href*="metric="]').all()
            if (match := re.search(r"[?&]metric=([^&#]+)", link.get_attribute("href") or ""))
        }
        assert len(metrics) >= 3
        for name in sorted(metrics):
            page.locator(f'a[href*="metric={name}"][href*="range=1h"]').first.click()
            page.wait_for_url(re.compile(rf"[?&]metric={name}(&|#|$)"))
            assert "range=1h" in page.url, "the range stays while the metric changes"
            assert page.locator("a[aria-current]:visible").count() >= 2, "what is shown is marked: range and metric"
            assert page.locator("svg:visible").count() >= 1


@both
def test_nonsense_in_the_address_is_the_default_view(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter()
        page.goto(busy_server.url + "/admin/stats?range=%3Cscript%3Ealert(1)%3C/script%3E&metric=..%2F..&x=%00")
        assert page.locator("svg:visible").count() >= 2
        assert "alert(1)" not in page.content()


@both
def test_a_reload_shows_what_has_happened_since(chromium: Browser, busy_server: Server, scripts: bool) -> None:
    with visiting(chromium, busy_server, scripts=scripts) as visit:
        page = visit.enter()
        assert counter_in_table(page, "messages_relayed_total") == 5
        post_well(busy_server, new_room())
        page.reload()
        assert counter_in_table(page, "messages_relayed_total") == 6


def test_logging_out_leads_back_to_the_login_page(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server, scripts=False) as visit:
        page = visit.log_in()
        page.locator('form[action="/admin/logout"] button').click()
        page.locator('input[type="password"]').wait_for()
        page.goto(server.url + "/admin/stats")
        assert page.locator('input[type="password"]').is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about(chromium: Browser, busy_server: Server, scheme: str) -> None:
    with visiting(chromium, busy_server, scheme=scheme) as visit:
        visit.page.goto(busy_server.url + "/admin/stats")
        login = Axe().run(visit.page)
        assert login.violations_count == 0, login.generate_report()
        page = visit.enter()
        for address in ("/admin/stats", "/admin/stats?range=1h"):
            page.goto(busy_server.url + address)
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colour_scheme_of_the_visitor_is_followed(chromium: Browser, server: Server, scheme: str) -> None:
    with visiting(chromium, server, scheme=scheme) as visit:
        page = visit.enter()
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
        assert (red + green + blue > 3 * 128) == (scheme == "light"), colour


def test_nothing_scrolls_sideways_on_a_phone(chromium: Browser, busy_server: Server) -> None:
    with visiting(chromium, busy_server, viewport=PHONE) as visit:
        visit.page.goto(busy_server.url + "/admin/stats")
        for page in (visit.page, visit.enter()):
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


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
