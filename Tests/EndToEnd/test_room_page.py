"""The room in a real browser: pages and other clients talk, over each transport and through a restart."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute

from browser import (
    GONE,
    PHONE,
    Visit,
    assert_accessible,
    assert_no_sideways_scroll,
    chromium,  # noqa: F401
    visiting,
)
from relay_client import Room
from server import Server, eventually

TRANSPORTS = ["ws", "sse", "poll"]


def key_of(room: Room) -> bytes:
    return bytes(room._box)


def link_of(room: Room, transport: str = "") -> str:
    key = base64.urlsafe_b64encode(key_of(room)).rstrip(b"=").decode()
    query = f"?transport={transport}" if transport else ""
    return f"{room.base_url}/room/{room.id}{query}#k={key}"


def enter(visit: Visit, room: Room, transport: str = "", page: Page | None = None) -> Page:
    """Goes into a room and waits until the page hears it."""
    page = page or visit.page
    page.goto(link_of(room, transport))
    page.locator("#live[data-state=live]").wait_for()
    return page


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def message(page: Page, text: str) -> Locator:
    """The row of a message in the room, not of one that is still being sent."""
    # By its own text, not by one that it quotes.
    return page.locator("#chunks .message", has=page.get_by_text(text, exact=True).and_(page.locator(".text")))


def texts(page: Page) -> list[str]:
    return page.locator("#chunks .message .text").all_inner_texts()


def wait_for_texts(page: Page, expected: list[str], timeout: float = 10) -> None:
    eventually(lambda: texts(page) == expected, f"{expected}, not {texts(page)}", timeout)


def heard(room: Room) -> list[str]:
    return [room.open(envelope) for envelope in room.transcript()["messages"]]


def test_two_pages_talk(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as ann, visiting(chromium, shared_server) as ben:
        # The first one makes the key.
        ann.page.goto(f"{shared_server.url}/room/{Room(shared_server.url).id}")
        ann.page.locator("#live[data-state=live]").wait_for()
        ben.page.goto(ann.page.url)
        ben.page.locator("#live[data-state=live]").wait_for()
        assert re.search(r"/room/[\w-]+#k=[\w-]{43}$", ann.page.url)
        say(ann.page, "hello")
        message(ben.page, "hello").wait_for()
        say(ben.page, "good morning")
        for page in (ann.page, ben.page):
            wait_for_texts(page, ["hello", "good morning"])
            assert page.locator("#pending li").count() == 0
        # The key is the same, and so is what people compare.
        ours, theirs = (page.locator("#fingerprint").inner_text() for page in (ann.page, ben.page))
        assert ours == theirs
        assert re.fullmatch(r"([0-9A-F]{4} ){3}[0-9A-F]{4}", ours)
        for page in (ann.page, ben.page):
            assert page.locator("#people-heading").inner_text() == "Here now: 2"
            assert page.locator("#people li").count() == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_page_and_another_client_talk(chromium: Browser, shared_server: Server, transport: str) -> None:
    room = Room(shared_server.url)
    room.send("before", sender="a bot")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room, transport)
        assert page.locator("#live").get_attribute("data-transport") == transport
        message(page, "before").wait_for()
        say(page, "from the page: é 🚦\nand a second line")
        eventually(lambda: len(heard(room)) == 2, "the page's message")
        assert heard(room)[1] == "from the page: é 🚦\nand a second line"
        room.send("after", sender="a bot")
        message(page, "after").wait_for()
        wait_for_texts(page, ["before", "from the page: é 🚦\nand a second line", "after"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_restart_loses_and_doubles_nothing(chromium: Browser, server: Server, transport: str) -> None:
    room = Room(server.url)
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        page = enter(visit, room, transport)
        say(page, "one")
        message(page, "one").wait_for()
        server.stop()
        page.locator("#live", has_text="Reconnecting").wait_for()
        # Written while nobody is there to take it.
        say(page, "two")
        page.locator("#pending li", has_text="waiting for the server").wait_for()
        server.start()
        message(page, "two").wait_for(timeout=40_000)
        page.locator("#live[data-state=live]").wait_for(timeout=40_000)
        room.send("three")
        wait_for_texts(page, ["one", "two", "three"])
        assert page.locator("#pending li").count() == 0
        # The new server has what came after its start, once.
        assert heard(room) == ["two", "three"]
        server.kill()
        server.start()
        room.send("four")
        message(page, "four").wait_for(timeout=40_000)
        wait_for_texts(page, ["one", "two", "three", "four"])


def test_a_blocked_socket_falls_back(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        visit.page.route_web_socket("**/ws?*", lambda socket: socket.close())
        page = enter(visit, room)
        assert page.locator("#live").get_attribute("data-transport") == "sse"
        room.send("by another way")
        message(page, "by another way").wait_for()
    with visiting(chromium, shared_server) as visit:
        visit.remarks += ("ERR_FAILED",)
        visit.page.route_web_socket("**/ws?*", lambda socket: socket.close())
        visit.page.route("**/events?*", lambda route: route.abort())
        page = enter(visit, room)
        assert page.locator("#live").get_attribute("data-transport") == "poll"
        message(page, "by another way").wait_for()


def test_what_passed_while_away_comes_once(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        visit.remarks += ("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK")
        page = enter(visit, room, "sse")
        room.send("one")
        message(page, "one").wait_for()
        visit.context.set_offline(True)
        page.locator("#live", has_text="Reconnecting").wait_for()
        for text in ("two", "three"):
            room.send(text)
        visit.context.set_offline(False)
        wait_for_texts(page, ["one", "two", "three"], 20)


def test_a_dead_connection_is_noticed(chromium: Browser, shared_server: Server) -> None:
    """After sleep a socket may look open while nothing comes through it any more."""
    room = Room(shared_server.url)
    sockets: list[WebSocketRoute] = []

    def go_deaf_once(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)
        if len(sockets) == 1:
            server.on_message(lambda data: None if "ciphertext" in str(data) else socket.send(data))

    with visiting(chromium, shared_server) as visit:
        visit.page.route_web_socket("**/ws?*", go_deaf_once)
        visit.page.clock.install()
        page = enter(visit, room)
        room.send("unheard")
        page.wait_for_timeout(500)
        assert texts(page) == []
        page.clock.fast_forward(60_000)
        wait_for_texts(page, ["unheard"], 20)
        assert len(sockets) == 2


def test_an_envelope_that_is_sent_twice_shows_once(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    envelope = room.seal("only once", sender="a bot")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        for _ in range(3):
            assert shared_server.post(f"/api/rooms/{room.id}/messages", json=envelope).status_code == 200
        room.send("the end")
        wait_for_texts(page, ["only once", "the end"])


def test_a_lost_answer_doubles_nothing(chromium: Browser, shared_server: Server) -> None:
    """The page can't know whether its message arrived, and sends the same envelope again."""
    room = Room(shared_server.url)
    lost: list[Any] = []

    def lose_the_first_answer(route: Any) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch())
        route.abort()

    with visiting(chromium, shared_server) as visit, visiting(chromium, shared_server) as other:
        visit.remarks += ("ERR_FAILED",)
        page, reader = enter(visit, room), enter(other, room)
        page.route("**/messages", lose_the_first_answer)
        say(page, "one")
        say(page, "two")
        for each in (page, reader):
            wait_for_texts(each, ["one", "two"])
        assert lost
        assert page.locator("#pending li").count() == 0


def test_the_keyboard_is_enough(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("first", sender="bot")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        message(page, "first").wait_for()
        page.locator("#text").focus()
        page.keyboard.type("a line")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("and one more")
        assert heard(room) == ["first"]
        page.keyboard.press("Enter")
        eventually(lambda: heard(room) == ["first", "a line\nand one more"], "both lines")
        reply = page.get_by_role("button", name="Reply to bot")
        reply.focus()
        page.keyboard.press("Enter")
        assert page.locator("#replying").is_visible()
        assert page.evaluate("document.activeElement.id") == "text"
        page.keyboard.press("Escape")
        assert page.locator("#replying").is_hidden()
        page.keyboard.type("no reply")
        page.keyboard.press("Enter")
        eventually(lambda: len(heard(room)) == 3, "the third")
        assert "reply_to" not in room.transcript()["messages"][-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_everybody_can_use_it(chromium: Browser, shared_server: Server, scheme: str, width: str) -> None:
    room = Room(shared_server.url)
    sent = room.send("a message " + "of many words " * 40, sender="a bot")
    room.send("w" * 4000, sender="x" * 64, reply_to=sent["id"], ttl_ms=3_600_000)
    shared_server.post(f"/api/rooms/{room.id}/messages", json=Room(shared_server.url).seal("of another key"))
    viewport = {"viewport": PHONE} if width == "phone" else {}
    with visiting(chromium, shared_server, scheme=scheme, **viewport) as visit:
        page = enter(visit, room)
        page.locator(".sealed").wait_for()
        assert_accessible(page)
        assert_no_sideways_scroll(page)
        if width == "phone":
            page.get_by_role("button", name="Details").click()
            page.locator("#fingerprint").wait_for()
            assert_accessible(page)
            assert_no_sideways_scroll(page)
        page.locator("#chunks .message").first.hover()
        page.get_by_role("button", name="Reply to a bot").click()
        assert_accessible(page)
        assert_no_sideways_scroll(page)


def test_without_scripts_it_says_what_is_missing(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server, scripts=False) as visit:
        visit.page.goto(link_of(room))
        assert visit.page.get_by_role("heading", name="This room needs JavaScript").is_visible()
        assert visit.page.locator('noscript a[href="/connect"]').is_visible()
        assert visit.page.locator("#room").is_hidden()
