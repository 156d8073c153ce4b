"""A real browser, and visits with it that note everything a visitor's console and network would show."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from relay_client import Room, SseStream
from series_client import series
from server import OPEN_LIMITS, Server

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}

# Chromium itself remarks on the status of the login page, a 401, and on what a click interrupts.
REMARKS = ("status of 401", "ERR_ABORTED")
# And on a server that has gone away.
GONE = ("ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")

both = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


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


@pytest.fixture
def busy_server(server: Server) -> Server:
    """A server on which five messages were sent and one stream was opened."""
    room = Room(server.url)
    stream = SseStream(room)
    for number in range(5):
        room.send(f"message {number}")
    stream.close()
    return server


class Visit:
    """One visitor: pages that share cookies, and notes of what their console and network would show."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context = context
        self.server = server
        self.remarks = REMARKS
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.violations: list[str] = []
        context.expose_binding("noteViolation", lambda _, text: self.violations.append(text))
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " noteViolation(`${event.effectiveDirective} ${event.blockedURI}`))"
        )
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complain("error", str(error)))
        page.on("requestfailed", lambda request: self._complain("error", f"{request.failure}: {request.url}"))
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def _complain(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(remark in text for remark in self.remarks):
            self.complaints.append(f"{kind}: {text}")

    def enter(self, query: str = "") -> Page:
        """Goes in by the token in the address, as an operator's bookmark does, and on to a query's view."""
        self.page.goto(f"{self.server.url}/admin/stats?token={self.server.token}")
        self.page.wait_for_url(self.server.url + "/admin/stats")
        if query:
            self.page.goto(f"{self.server.url}/admin/stats?{query}")
        return self.page

    def enter_live(self, query: str = "") -> Page:
        """Goes in and waits until the page moves by itself."""
        page = self.enter(query)
        page.locator("#live[data-state=live]").wait_for()
        return page

    def log_in(self) -> Page:
        """Goes in by the form."""
        self.page.goto(self.server.url + "/admin/stats")
        self.page.locator('input[type="password"]').fill(self.server.token)
        self.page.locator('form[action="/admin/login"] button').click()
        self.page.wait_for_url(self.server.url + "/admin/stats")
        return self.page

    def assert_quiet(self) -> None:
        assert self.complaints == []
        assert self.violations == []
        for url in self.requests:
            parts = urlsplit(url)
            assert parts.scheme == "data" or f"{parts.scheme}://{parts.netloc}" == self.server.url, url


@contextmanager
def visiting(
    chromium: Browser,
    server: Server,
    *,
    scripts: bool = True,
    scheme: str = "light",
    viewport: dict[str, int] = DESK,
    **options: Any,
) -> Generator[Visit, None, None]:
    context = chromium.new_context(
        java_script_enabled=scripts, color_scheme=scheme, viewport=viewport, **options
    )
    context.set_default_timeout(15_000)
    try:
        visit = Visit(context, server)
        yield visit
        visit.assert_quiet()
    finally:
        context.close()


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def assert_no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def parameters(page: Page) -> dict[str, str]:
    """What the page's address asks for."""
    return dict(page.evaluate("[...new URLSearchParams(location.search)]"))


def data_of(page: Page, frame: str) -> tuple[int, int, int]:
    """From, to and bucket of a chart, in ms."""
    data = page.locator(f"#{frame} svg.chart").evaluate("(svg) => ({ ...svg.dataset })")
    return int(data["from"]), int(data["to"]), int(data["bucket"])


def start_with_minutes(server: Server, count: int) -> Server:
    """Starts a new server and gives it at least so many minutes of history with messages in them; then its clock
    goes on at the pace of everybody's, so that a chart stands still while a test looks at it."""
    server.settings["CLOCK"] = "2026-06-15T12:00:30Z*120"
    room = Room(server.start().url)
    while len(series(server, range="1h")["points"]) < count:
        room.send("one more")
    # Early in a minute: the next sample is far away.
    server.restart(CLOCK=str((server.metrics()["ts"] // 60_000 + 1) * 60_000 + 1_000))
    return server


@pytest.fixture(scope="module")
def charted(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server, None, None]:
    """A server with half an hour of history."""
    server = start_with_minutes(Server(tmp_path_factory.mktemp("server"), OPEN_LIMITS), 30)
    yield server
    server.stop()
