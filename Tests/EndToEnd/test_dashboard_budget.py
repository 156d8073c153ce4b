"""What the dashboard costs its visitors, bytes, requests and memory, and what their browser must not let pass."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from browser import PHONE, chromium, visiting  # noqa: F401
from server import OPEN_LIMITS, REPOSITORY, Server
from store_copy import store_file

BYTES = 60_000
REQUESTS = 6


@pytest.fixture(scope="module")
def full_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server, None, None]:
    """A server with a month of history from a hundred countries."""
    server = Server(tmp_path_factory.mktemp("server"), OPEN_LIMITS).start()
    server.stop()
    fill = [REPOSITORY / "Benchmarks/fill_history.py", store_file(server)]
    subprocess.run([sys.executable, *fill, "--minutes=4400", "--hours=800", "--quiet"], check=True)
    server.start()
    yield server
    server.stop()


@dataclass
class Traffic:
    """Bytes of a page's requests as they come over the wire, headers too."""

    urls: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def listen(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", lambda event: self._sent(event))
        # A stream never finishes: what has come of it counts as it comes.
        session.on(
            "Network.responseReceived", lambda event: self._add(event, event["response"]["encodedDataLength"])
        )
        session.on("Network.dataReceived", lambda event: self._add(event, event["encodedDataLength"]))
        session.on("Network.loadingFinished", lambda event: self._finished(event))
        session.send("Network.enable")

    def _sent(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.urls[event["requestId"]] = event["request"]["url"]

    def _add(self, event: dict[str, Any], count: int) -> None:
        self.bytes[event["requestId"]] = self.bytes.get(event["requestId"], 0) + max(0, count)

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.urls:
            self.bytes[event["requestId"]] = int(event["encodedDataLength"])

    def total(self) -> int:
        return sum(count for request, count in self.bytes.items() if request in self.urls)

    def told(self) -> str:
        return "\n".join(f"{self.bytes.get(request, 0):7d} {url}" for request, url in self.urls.items())


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
def test_the_first_view_is_small(chromium: Browser, full_server: Server, viewport: dict[str, int]) -> None:
    with visiting(chromium, full_server, viewport=viewport) as visit:
        # The session alone: the browser has nothing in its cache yet.
        visit.context.request.get(f"{full_server.url}/admin/stats?token={full_server.token}")
        page, traffic = visit.page, Traffic()
        traffic.listen(visit.context.new_cdp_session(page))
        page.goto(full_server.url + "/admin/stats")
        page.locator("#live[data-state=live]").wait_for()
        page.wait_for_function("() => document.readyState === 'complete'")
        told = traffic.told()
        assert any("/api/metrics/stream" in url for url in traffic.urls.values()), told
        assert len(traffic.urls) <= REQUESTS, told
        assert 20_000 < traffic.total() <= BYTES, told
        # A look at how things are, every few seconds, costs a tenth of the page.
        with page.expect_response(lambda response: "part=now" in response.url) as answer:
            pass
        answer.value.finished()
        sizes = [traffic.bytes[request] for request, url in traffic.urls.items() if "part=now" in url]
        assert sizes and 0 < max(sizes) <= BYTES / 10, traffic.told()


# Memory


def memory(session: CDPSession) -> dict[str, float]:
    session.send("HeapProfiler.collectGarbage")
    return {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}


def swap(page: Page, times: int) -> None:
    """Shows all parts anew so many times, an hour and eight in turn, with a readout on."""
    for number in range(times):
        name = ("1h", "8h")[number % 2]
        page.evaluate(
            "(name) => document.querySelector(`nav[aria-label=Range] a[href*='range=${name}']`).click()", name
        )
        page.locator(f'nav[aria-label="Range"] a[href*="range={name}"][aria-current]').wait_for()
        page.keyboard.press("ArrowLeft")


def test_memory_stays_while_the_page_is_swapped_for_weeks(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        page = visit.enter_live()
        session = visit.context.new_cdp_session(page)
        session.send("Performance.enable")
        # The parts as the server draws them, kept: it is the page that is looked at.
        kept: dict[str, str] = {}
        for name in ("1h", "8h"):
            answer = visit.context.request.get(f"{server.url}/admin/stats?range={name}&metric=messages&part=all")
            kept[name] = answer.text()
        page.route(
            re.compile("part=all"),
            lambda route: route.fulfill(
                body=kept["8h" if "range=8h" in route.request.url else "1h"], content_type="text/html; charset=utf-8"
            ),
        )
        page.locator("#usage-frame").focus()
        swap(page, 30)
        before = memory(session)
        swap(page, 200)
        after = memory(session)
        grown = {name: after[name] - before[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners", "Documents")}
        assert grown["JSHeapUsedSize"] < 1_500_000, grown
        # A page's worth of parts has about this many; a leak of parts would have two hundred times that.
        assert grown["Nodes"] < before["Nodes"] / 2, (grown, before)
        assert grown["JSEventListeners"] <= 10, grown
        assert grown["Documents"] <= 3, grown


# What the policy forbids


def test_what_the_policy_forbids_is_noted(chromium: Browser, full_server: Server) -> None:
    """That no test of the dashboard noted a violation means something only if one would be noted."""
    forbidden = {
        "script-src-elem inline": "(script) => { script.textContent = 'window.isIn = true'; document.body.append(script); }",
        "script-src-elem": "(script) => { script.src = 'http://127.0.0.1:9/x.js'; document.body.append(script); }",
        "style-src-attr inline": "() => document.body.setAttribute('style', 'color: red')",
        "connect-src": "() => fetch('http://127.0.0.1:9/').catch(() => {})",
        "img-src": "() => { new Image().src = 'http://127.0.0.1:9/x.png'; }",
    }
    with visiting(chromium, full_server) as visit:
        page = visit.enter_live()
        assert visit.violations == []
        for directive, attempt in forbidden.items():
            script = page.evaluate_handle("document.createElement('script')")
            page.evaluate(attempt, script)
            page.wait_for_function("() => true")
            assert any(noted.startswith(directive) for noted in visit.violations), (directive, visit.violations)
            visit.violations.clear()
        assert not page.evaluate("window.isIn")
        assert visit.complaints, "the console says so too"
        visit.complaints.clear()
        visit.requests = [url for url in visit.requests if "127.0.0.1:9/" not in url]
