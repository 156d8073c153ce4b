"""What stays in the browser and for how long: history by choice alone, and messages whose time is over nowhere."""

from __future__ import annotations

import base64
import json

from playwright.sync_api import Browser, expect

from browser import GONE, chromium, visiting  # noqa: F401
from relay_client import Room
from server import Server, eventually
from test_room_page import enter, key_of, message, say, texts, wait_for_texts

DATABASES = "indexedDB.databases().then((all) => all.map(({ name }) => name))"
KEPT = """
new Promise((resolve, reject) => {
  const opening = indexedDB.open('signalbox-rooms');
  opening.onerror = reject;
  opening.onsuccess = () => {
    const all = opening.result.transaction('messages').objectStore('messages').getAll();
    all.onsuccess = () => { opening.result.close(); resolve(JSON.stringify(all.result)); };
  };
})
"""


def test_history_is_kept_only_when_asked_for(chromium: Browser, server: Server) -> None:
    room = Room(server.url)
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        page = enter(visit, room)
        say(page, "spoken before")
        message(page, "spoken before").wait_for()
        assert not page.locator("#history").is_checked()
        assert page.evaluate(DATABASES) == []
        page.locator("#history").check()
        expect(page.locator("#history-said")).to_contain_text("kept in this browser")
        room.send("spoken after", sender="bot")
        message(page, "spoken after").wait_for()
        # Sealed as it came; neither a word nor the key.
        eventually(lambda: len(json.loads(page.evaluate(KEPT))) == 2, "both kept")
        kept = page.evaluate(KEPT)
        assert all(envelope["ciphertext"] in kept for envelope in room.transcript()["messages"])
        assert "spoken" not in kept
        for storage in (kept, page.evaluate("JSON.stringify([localStorage, sessionStorage])")):
            assert base64.urlsafe_b64encode(key_of(room)).decode().rstrip("=") not in storage
            assert base64.b64encode(key_of(room)).decode() not in storage
        server.restart()
        page.goto("about:blank")
        page = enter(visit, room)
        wait_for_texts(page, ["spoken before", "spoken after"])
        assert page.locator("#history").is_checked()
        room.send("from the new server", sender="bot")
        wait_for_texts(page, ["spoken before", "spoken after", "from the new server"])
        page.get_by_role("button", name="Delete this room’s history").click()
        expect(page.locator("#history-said")).to_contain_text("Deleted")
        assert not page.locator("#history").is_checked()
        assert page.evaluate(DATABASES) == []
        page.goto("about:blank")
        page = enter(visit, room)
        wait_for_texts(page, ["from the new server"])


def test_one_rooms_history_stays_when_anothers_goes(chromium: Browser, shared_server: Server) -> None:
    rooms = [Room(shared_server.url), Room(shared_server.url)]
    with visiting(chromium, shared_server) as visit:
        for room in rooms:
            room.send("hello", sender="bot")
            page = enter(visit, room)
            message(page, "hello").wait_for()
            page.locator("#history").check()
            eventually(lambda room=room: room.id in page.evaluate(KEPT), "kept")
        page.locator("#history").uncheck()
        eventually(lambda: rooms[1].id not in page.evaluate(KEPT), "gone")
        assert rooms[0].id in page.evaluate(KEPT)
        page.get_by_role("button", name="Delete it for all rooms").click()
        eventually(lambda: page.evaluate(DATABASES) == [], "all gone")


def test_what_was_deleted_in_one_page_is_not_kept_on_by_another(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        page.locator("#history").check()
        expect(page.locator("#history-said")).not_to_be_empty()
        other = enter(visit, room, page=visit.new_page())
        expect(other.locator("#history")).to_be_checked()
        page.get_by_role("button", name="Delete this room’s history").click()
        expect(page.locator("#history-said")).to_contain_text("Deleted")
        room.send("after that", sender="bot")
        message(other, "after that").wait_for()
        # It finds out once it wants to write, and says so.
        expect(other.locator("#history")).not_to_be_checked()
        assert other.evaluate(DATABASES) == []
        # The same when another room's history is left.
        third = enter(visit, Room(shared_server.url), page=visit.new_page())
        third.locator("#history").check()
        other.locator("#history").check()
        eventually(lambda: room.id in other.evaluate(KEPT), "kept again")
        page.reload()
        expect(page.locator("#history")).to_be_checked()
        page.locator("#history").uncheck()
        expect(page.locator("#history-said")).to_contain_text("Deleted")
        room.send("and after this", sender="bot")
        expect(other.locator("#history")).not_to_be_checked()
        assert room.id not in other.evaluate(KEPT)


def test_messages_go_when_their_time_is_over(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        visit.page.clock.install()
        page = enter(visit, room)
        page.locator("#history").check()
        expect(page.locator("#history-said")).not_to_be_empty()
        page.locator("#ttl").select_option("Keep 30 seconds")
        say(page, "for a moment")
        message(page, "for a moment").wait_for()
        [envelope] = room.transcript()["messages"]
        assert envelope["ttl_ms"] == 30_000
        assert message(page, "for a moment").locator(".gone").inner_text().startswith("gone at")
        page.locator("#ttl").select_option("Keep it")
        room.send("a reply to it", sender="bot", reply_to=envelope["id"])
        message(page, "a reply to it").locator("button.quote").wait_for()
        page.clock.fast_forward(15_000)
        assert texts(page) == ["for a moment", "a reply to it"]
        page.clock.fast_forward(20_000)
        wait_for_texts(page, ["a reply to it"])
        # Nor is it quoted or kept any longer.
        assert "for a moment" not in page.content()
        assert message(page, "a reply to it").locator(".quote-gone").is_visible()
        eventually(lambda: envelope["nonce"] not in page.evaluate(KEPT), "gone from the history")


def test_a_kept_message_whose_time_is_over_is_neither_shown_nor_kept_on(
    chromium: Browser, shared_server: Server
) -> None:
    room = Room(shared_server.url)
    room.send("for a moment", sender="bot", ttl_ms=30_000)
    room.send("to stay", sender="bot")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        page.locator("#history").check()
        eventually(lambda: len(json.loads(page.evaluate(KEPT))) == 2, "both kept")
        page.goto("about:blank")
        later = visit.new_page()
        later.clock.install()
        later.clock.fast_forward(40_000)
        enter(visit, room, page=later)
        message(later, "to stay").wait_for()
        assert texts(later) == ["to stay"]
        eventually(lambda: len(json.loads(later.evaluate(KEPT))) == 1, "the other one gone")


def test_a_wrong_clock_hides_no_message_that_is_still_there(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("for five minutes", sender="bot", ttl_ms=300_000)
    with visiting(chromium, shared_server) as visit:
        visit.page.clock.install()
        visit.page.clock.fast_forward(3_600_000)  # an hour ahead of the server
        page = enter(visit, room)
        message(page, "for five minutes").wait_for()
        room.send("and one more", sender="bot", ttl_ms=300_000)
        message(page, "and one more").wait_for()
        page.clock.fast_forward(60_000)
        assert texts(page) == ["for five minutes", "and one more"]
        page.clock.fast_forward(300_000)
        wait_for_texts(page, [])
