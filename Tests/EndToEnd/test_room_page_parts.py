"""What the room's page offers beside talking: replies, a second try, the link; and how much it bears."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import PHONE, chromium, visiting  # noqa: F401
from conftest import ServerFactory
from relay_client import Room
from server import OPEN_LIMITS, Server, http_session
from test_room_page import enter, heard, link_of, message, say


def test_a_reply_quotes_and_leads_back(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    first = room.send("the question", sender="bot")
    for number in range(120):
        room.send(f"{number} between", sender="bot")
    room.send("to nothing", sender="bot", reply_to="00000000-0000-4000-8000-000000000000")
    with visiting(chromium, shared_server) as visit, visiting(chromium, shared_server) as other:
        page, reader = enter(visit, room), enter(other, room)
        assert message(page, "to nothing").locator(".quote-gone").is_visible()
        page.locator("#log").evaluate("(log) => log.scrollTo(0, 0)")
        message(page, "the question").hover()
        page.get_by_role("button", name="Reply to bot").first.click()
        expect(page.locator("#replying-to")).to_have_text("Reply to bot claimed the question")
        say(page, "the answer")
        assert page.locator("#replying").is_hidden()
        quote = message(reader, "the answer").locator("button.quote")
        quote.wait_for()
        assert quote.inner_text().split() == ["bot", "the", "question"] or "the question" in quote.inner_text()
        assert room.transcript(limit=500)["messages"][-1]["reply_to"] == first["id"]
        quote.click()
        expect(message(reader, "the question")).to_be_in_viewport()
        expect(message(reader, "the question")).to_be_focused()
        reader.locator("#newer").click()
        expect(message(reader, "the answer")).to_be_in_viewport()


def test_a_refused_message_comes_back(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        visit.remarks += ("status of 413", "status of 503")
        page = enter(visit, room)
        page.route("**/messages", lambda route: route.fulfill(status=413, json={}))
        say(page, "too much")
        failed = page.locator("#pending li")
        expect(failed).to_contain_text("It is too long.")
        # The next one isn't held up by it, and what the server can't take now waits.
        page.unroute("**/messages")
        say(page, "short")
        message(page, "short").wait_for()
        failed.get_by_role("button", name="Back to the text").click()
        expect(page.locator("#text")).to_have_value("too much")
        expect(failed).to_have_count(0)
        page.route("**/messages", lambda route: route.fulfill(status=503, json={}))
        page.locator("#text").press("Enter")
        expect(failed).to_contain_text("waiting for the server")
        page.unroute("**/messages")
        message(page, "too much").wait_for()
        assert heard(room) == ["short", "too much"]
        page.locator("#text").fill("x" * 98_289)
        page.locator("#send").click()
        expect(page.locator("#fault")).to_contain_text("too long")


def test_the_link_is_copied_with_a_warning(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server, permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = enter(visit, room)
        page.get_by_role("button", name="Copy link").click()
        page.locator("#notices", has_text="The link is the key").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == link_of(room)
        assert page.locator("#link").input_value() == link_of(room)


def test_new_messages_are_read_out_but_no_replay(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    for number in range(50):
        room.send(f"old {number}", sender="bot")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        message(page, "old 49").wait_for()
        page.wait_for_timeout(1_500)
        assert page.locator("#said").inner_text() == ""
        room.send("something new", sender="bot")
        expect(page.locator("#said")).to_have_text("bot: something new")
        for number in range(10):
            room.send(f"{number}", sender="bot")
        expect(page.locator("#said")).to_contain_text("new messages")
        assert page.locator("#log").get_attribute("aria-live") == "off"


def test_away_from_the_end_the_view_stays(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    for number in range(200):
        room.send(f"{number}", sender="bot")
    with visiting(chromium, shared_server, viewport=PHONE) as visit:
        page = enter(visit, room)
        expect(message(page, "199")).to_be_in_viewport()
        page.locator("#log").evaluate("(log) => log.scrollBy(0, -2000)")
        page.locator("#newer").wait_for()
        page.wait_for_timeout(300)
        top = "document.querySelector('#log').scrollTop"
        before = page.evaluate(top)
        for number in range(3):
            room.send(f"new {number}", sender="bot")
        expect(page.locator("#newer")).to_have_text("3 new")
        assert page.title().startswith("(3)")
        assert abs(page.evaluate(top) - before) < 2
        page.locator("#newer").click()
        expect(message(page, "new 2")).to_be_in_viewport()
        assert page.locator("#newer").is_hidden()


# Ten thousand messages

WATCH = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
}).observe({ type: 'longtask', buffered: true });
"""

SCROLL = """
(log) => new Promise((resolve) => {
  const frames = [];
  let last = performance.now();
  let left = 240;
  log.scrollTo(0, log.scrollHeight);
  requestAnimationFrame(function step(now) {
    frames.push(now - last);
    last = now;
    log.scrollBy(0, -400);
    if (left--) requestAnimationFrame(step);
    else resolve(frames.slice(1).sort((a, b) => a - b));
  });
})
"""


@pytest.fixture
def crowded(start_server: ServerFactory) -> tuple[Server, Room]:
    server = start_server(**OPEN_LIMITS, RECENT_MAX="20000")
    room = Room(server.url)
    with http_session() as http:
        for number in range(10_000):
            room.send(f"message {number} " + "and so on " * (number % 9), http, sender=f"bot-{number // 7 % 5}")
    return server, room


def rows(page: Page) -> int:
    return page.locator("#chunks .message").count()


def test_ten_thousand_messages_stay_smooth(chromium: Browser, crowded: tuple[Server, Room]) -> None:
    server, room = crowded
    with visiting(chromium, server) as visit:
        visit.page.add_init_script(WATCH)
        page = enter(visit, room)
        page.locator("#chunks .message", has_text="message 9999 ").wait_for(timeout=60_000)
        expect(page.locator("#chunks .message", has_text="message 9999 ")).to_be_in_viewport()
        took = page.evaluate("performance.now()")
        longest = page.evaluate("longest")
        frames = page.locator("#log").evaluate(SCROLL)
        print(f"{took:.0f} ms to the last, longest task {longest:.0f} ms, {rows(page)} rows,")
        median, late = frames[len(frames) // 2], frames[int(len(frames) * 0.99)]
        print(f"frames of {median:.1f} ms, p99 {late:.1f}, max {frames[-1]:.1f}")
        assert rows(page) < 500
        assert longest < 500, "the page froze while it took the replay"
        assert median < 100
        page.locator("#log").evaluate("(log) => log.scrollTo(0, 0)")
        expect(page.locator("#chunks .message", has_text="message 0 ").first).to_be_in_viewport()
        # A live message comes without delay, and own ones go out.
        page.locator("#newer").click()
        say(page, "one more")
        message(page, "one more").wait_for()
