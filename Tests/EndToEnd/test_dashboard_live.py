"""The dashboard as it moves by itself, says so when it can't, and finds back."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from browser import GONE, Visit, assert_accessible, chromium, visiting  # noqa: F401
from conftest import ServerFactory
from relay_client import Room
from series_client import sixty_times
from server import OPEN_LIMITS, Server, eventually
from wire import new_room, post_well

# Any stream's silence is noticed by then, and any next try is over.
PATIENCE = 40_000


@pytest.fixture
def fast_server(start_server: ServerFactory) -> Server:
    """A server whose minutes pass in a second, and with each a sample comes."""
    return start_server(**OPEN_LIMITS, **sixty_times("2026-06-15T12:34:30Z"))


@pytest.fixture
def early_server(start_server: ServerFactory) -> Server:
    """A server at the beginning of a minute that has taken its first sample, so that no other comes soon."""
    server = start_server(**OPEN_LIMITS, CLOCK="2026-06-15T12:34:02Z")

    def age() -> float:
        metrics = server.metrics()
        return metrics["ts"] - metrics["history"][-1]["t"] if metrics["history"] else 0

    # The stream looks once a second: whoever begins to listen just after a sample is told of that one, too.
    eventually(lambda: age() > 2_000, "a first sample that is no news any more", 20)
    return server


def wait_for_state(page: Page, state: str, timeout: float = PATIENCE) -> str:
    """Waits until the page says how live it is, and returns its words."""
    note = page.locator(f"#live[data-state={state}]")
    note.wait_for(timeout=timeout)
    return note.inner_text()


def wait_for_text(page: Page, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).first.wait_for(timeout=PATIENCE)


def wait_for_samples(page: Page, count: int = 1) -> None:
    """Waits until the newest row of the chart's table has changed so many times."""
    for _ in range(count):
        newest = page.locator("#usage-table tr[data-t]").first.get_attribute("data-t")
        page.wait_for_function(
            "(newest) => document.querySelector('#usage-table tr[data-t]').dataset.t !== newest",
            arg=newest, timeout=PATIENCE,
        )  # fmt: skip


def stay(page: Page) -> Callable[[], None]:
    """Marks the page; what is returned insists that it hasn't been loaded anew."""
    page.evaluate("window.isSame = true")

    def check() -> None:
        assert page.evaluate("window.isSame"), "the page was loaded anew"

    return check


def set_hidden(page: Page, hidden: bool) -> None:
    """Makes the page believe that its tab was left or come back to: headless pages are always visible."""
    page.evaluate(
        """(hidden) => {
             Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
             document.dispatchEvent(new Event('visibilitychange'));
           }""",
        hidden,
    )


# Moving


def test_counters_and_cards_change_without_a_reload(chromium: Browser, early_server: Server) -> None:
    with visiting(chromium, early_server) as visit:
        page = visit.enter_live()
        check = stay(page)
        relayed = "#counters tr:has(code:text-is('messages_relayed_total')) td"
        assert page.locator(relayed).first.inner_text() == "0"
        for _ in range(3):
            post_well(early_server, new_room())
        wait_for_text(page, relayed, "3")
        assert page.locator("#cards .card", has_text="Active rooms").locator(".value").inner_text() == "3"
        check()
        assert not any("part=all" in url for url in visit.requests), "what changes each minute isn't asked for"


def test_a_sample_moves_the_charts(chromium: Browser, fast_server: Server) -> None:
    with visiting(chromium, fast_server) as visit:
        page = visit.enter_live("range=1h")
        check = stay(page)
        wait_for_samples(page)
        picture = page.locator("#usage-frame svg.chart").inner_html()
        room = Room(fast_server.url)
        for _ in range(123):
            room.send("a message")
        wait_for_text(page, "#usage figcaption strong", "123 in all")
        assert page.locator("#usage-frame svg.chart").inner_html() != picture
        wait_for_text(page, "#minutes td", "1")
        check()


def test_an_alert_is_told_by_state_rows_and_title(chromium: Browser, fast_server: Server) -> None:
    with visiting(chromium, fast_server) as visit:
        page = visit.enter_live()
        check = stay(page)
        assert page.title() == "All clear · Signalbox"
        for guess in range(20):
            fast_server.get(
                "/api/metrics", headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"192.0.2.{guess}"}
            )
        page.locator("#state.state-caution").wait_for(timeout=PATIENCE)
        # A look may come between two tries.
        wait_for_text(page, "#state .headline", "20")
        headline = page.locator("#state .headline").inner_text()
        assert page.title() == f"{headline} · Signalbox"
        row = page.locator("#alerts li", has_text=headline)
        row.locator("a").click()
        page.wait_for_url(re.compile("metric=logins_refused"))
        check()


def test_what_a_visitor_does_survives_the_swaps(chromium: Browser, fast_server: Server) -> None:
    with visiting(chromium, fast_server, viewport={"width": 1280, "height": 500}) as visit:
        page = visit.enter_live("range=1h")
        summary = page.locator("#usage details summary")
        summary.click()
        box = page.locator("#usage details .scroll")
        page.wait_for_function(
            "() => { const box = document.querySelector('#usage details .scroll');"
            " return box.scrollHeight > box.clientHeight + 100; }",
            timeout=PATIENCE,
        )  # fmt: skip
        box.evaluate("(box) => { box.scrollTop = 70; }")
        top = page.evaluate("scrollY")
        page.evaluate("getSelection().selectAllChildren(document.querySelector('#usage h2'))")
        selected = page.evaluate("getSelection().toString()")
        wait_for_samples(page, 3)
        assert page.locator("#usage details").get_attribute("open") is not None
        assert box.evaluate("(box) => box.scrollTop") == 70
        assert page.evaluate("scrollY") == top
        assert summary.evaluate("(summary) => summary === document.activeElement")
        assert selected and page.evaluate("getSelection().toString()") == selected
        link = page.locator('nav[aria-label="Metric"] a[href*="metric=bytes"]')
        link.focus()
        wait_for_samples(page)
        assert link.evaluate("(link) => link === document.activeElement")


def test_a_readout_stays_while_the_chart_moves_on(chromium: Browser, fast_server: Server) -> None:
    with visiting(chromium, fast_server) as visit:
        page = visit.enter_live("range=1h")
        wait_for_samples(page, 3)
        page.locator("#usage-frame").focus()
        page.keyboard.press("End")
        words = page.locator("#usage-frame .readout").inner_text()
        line = page.locator("#usage-frame .cursor").bounding_box()["x"]
        wait_for_samples(page, 3)
        assert page.locator("#usage-frame .readout").inner_text() == words, "the same minute"
        assert page.locator("#usage-frame .cursor").bounding_box()["x"] < line - 10, "further left by now"


def test_a_choice_that_is_refused_becomes_a_real_navigation(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += ("status of 500",)
        page = visit.enter_live()
        check = stay(page)
        page.locator('nav[aria-label="Range"] a[href*="range=8h"]').click()
        page.wait_for_url(re.compile("range=8h"))
        check()
        page.route("**/admin/stats?*part=*", lambda route: route.fulfill(status=500))
        page.locator('nav[aria-label="Range"] a[href*="range=1h"]').click()
        page.wait_for_url(re.compile("range=1h"))
        page.locator('nav[aria-label="Range"] a[href*="range=1h"][aria-current]').wait_for()
        assert not page.evaluate("window.isSame")


# Gone and back


def _shown_time(page: Page) -> str:
    found = re.search(r"\d\d:\d\d:\d\d", page.locator("#updated").inner_text())
    assert found
    return found.group()


@pytest.mark.parametrize("how", ["killed", "stopped", "hanging"])
def test_a_server_that_is_gone_shows_and_its_return_too(chromium: Browser, server: Server, how: str) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        page = visit.enter_live("range=8h")
        check = stay(page)
        if how == "hanging":
            server.process.send_signal(signal.SIGSTOP)
        else:
            getattr(server, "kill" if how == "killed" else "stop")()
        # A connection that ends shows at once, one that is only silent in its time.
        words = wait_for_state(page, "stale", PATIENCE if how == "hanging" else 8_000)
        assert words == f"Stale since {_shown_time(page)}", "when it was right for the last time"
        assert page.locator("body[data-stale]").count() == 1
        assert_accessible(page)
        if how == "hanging":
            server.process.send_signal(signal.SIGCONT)
        else:
            server.start()
        post_well(server, new_room())
        assert wait_for_state(page, "live") == "Live"
        assert page.locator("body[data-stale]").count() == 0
        wait_for_text(page, "#counters tr:has(code:text-is('messages_relayed_total')) td", "1")
        check()
        assert "range=8h" in page.url


def test_parts_that_fail_are_as_bad_as_no_stream(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += ("status of 500",)
        page = visit.enter_live()
        page.route("**/admin/stats?*part=*", lambda route: route.fulfill(status=500, body="no"))
        assert "Stale since" in wait_for_state(page, "stale")
        page.unroute("**/admin/stats?*part=*")
        wait_for_state(page, "live")


def test_a_hidden_tab_listens_to_nothing(chromium: Browser, fast_server: Server) -> None:
    with visiting(chromium, fast_server) as visit:
        page = visit.enter_live("range=1h")
        wait_for_samples(page)
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/metrics/stream")):
            set_hidden(page, True)
        assert wait_for_state(page, "paused") == "Paused"
        before, shown = len(visit.requests), page.locator("#updated").inner_text()
        flushed = fast_server.metrics()["ts"] + 8 * 60_000
        # The page's own events are handled while it is asked something.
        eventually(lambda: page.evaluate("1") and fast_server.metrics()["ts"] > flushed, "some samples", 30)
        assert len(visit.requests) == before
        assert page.locator("#updated").inner_text() == shown
        set_hidden(page, False)
        assert wait_for_state(page, "live") == "Live"
        assert page.locator("#updated").inner_text() != shown
        wait_for_samples(page)


# The door


def _second_page(visit: Visit) -> Page:
    page = visit.new_page()
    page.goto(visit.server.url + "/admin/stats?range=1h")
    page.locator("#live[data-state=live]").wait_for()
    return page


def test_logging_out_in_one_tab_ends_the_other(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        first = visit.enter_live()
        second = _second_page(visit)
        first.locator('form[action="/admin/logout"] button').click()
        second.locator('input[type="password"]').wait_for(timeout=PATIENCE)
        assert "messages_relayed_total" not in second.content()


def test_a_changed_token_ends_an_open_page(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        page = visit.enter_live()
        server.restart(METRICS_TOKEN="another-token-than-before")
        page.locator('input[type="password"]').wait_for(timeout=PATIENCE)


def test_parts_that_are_refused_reload_the_page_once(chromium: Browser, server: Server) -> None:
    with visiting(chromium, server) as visit:
        visit.remarks += ("status of 403",)
        page = visit.enter_live()
        loads = []
        page.on("load", lambda _: loads.append(page.url))
        page.route("**/admin/stats?*part=*", lambda route: route.fulfill(status=403, body="no"))
        # The page itself is still given, so to reload again and again would help nobody.
        page.wait_for_event("load", timeout=PATIENCE)
        assert "Stale since" in wait_for_state(page, "stale")
        with page.expect_request(lambda request: "part=" in request.url, timeout=PATIENCE):
            pass
        assert len(loads) == 1
