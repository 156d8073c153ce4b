"""The room's page over lines that are slow, short or full: nothing lost unsaid, nothing doubled, nobody hurried."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from browser import GONE, chromium, visiting  # noqa: F401
from relay_client import Room
from server import Server, eventually
from test_room_page import enter, heard, link_of, message, say, texts, wait_for_texts


def test_a_message_that_the_server_took_and_lost_is_said_to_be_lost(chromium: Browser, server: Server) -> None:
    """As when it ends between taking a message and handing it out."""
    room = Room(server.url)
    answer = {"ok": True, "id": "0" * 8, "seq": int(time.time() * 1000)}
    with visiting(chromium, server) as visit:
        visit.remarks += GONE
        page = enter(visit, room)
        page.route("**/messages", lambda route: route.fulfill(json=answer))
        say(page, "never there")
        pending = page.locator("#pending li")
        expect(pending).to_contain_text("sent")
        page.unroute("**/messages")
        say(page, "there")
        message(page, "there").wait_for()
        server.restart()
        expect(pending).to_contain_text("has lost it", timeout=60_000)
        pending.get_by_role("button", name="Try again").click()
        wait_for_texts(page, ["there", "never there"], 60)
        expect(pending).to_have_count(0)
        assert heard(room) == ["never there"]


def test_a_long_replay_on_a_slow_line_is_not_given_up(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    sent = [room.send(str(number))["seq"] for number in range(6)]
    envelopes = room.transcript()["messages"]
    sockets: list[WebSocketRoute] = []

    def drip(socket: WebSocketRoute) -> None:
        sockets.append(socket)

    with visiting(chromium, shared_server) as visit:
        page = visit.page
        page.route_web_socket("**/ws?*", drip)
        stop_clock(page)
        page.goto(f"{shared_server.url}/room/{room.id}?transport=ws#k={key_text(room)}")
        eventually(lambda: page.evaluate("1") and sockets, "a socket", 60)
        for number, envelope in enumerate(envelopes):
            sockets[0].send(json.dumps({"type": "message", **envelope}))
            expect(page.locator("#chunks .message")).to_have_count(number + 1, timeout=60_000)
            # Each within the page's patience, all together far beyond it.
            page.clock.run_for(5_000)
        sockets[0].send(json.dumps({"type": "ready", "last_seq": sent[-1], "size": 1, "participants": []}))
        page.locator("#live[data-state=live]").wait_for(timeout=60_000)
        assert len(sockets) == 1
        assert texts(page) == list("012345")


def test_a_socket_that_never_says_anything_is_given_up(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("by another way", sender="bot")
    with visiting(chromium, shared_server) as visit:
        visit.page.route_web_socket("**/ws?*", lambda socket: None)
        page = enter(visit, room)
        assert page.locator("#live").get_attribute("data-transport") == "sse"
        message(page, "by another way").wait_for()


def test_a_replay_in_pages_is_not_taken_for_news(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    for number in range(4):
        room.send(f"{number}", sender="bot")
    envelopes = room.transcript()["messages"]
    asked: list[str] = []

    def page_by_page(route: Route) -> None:
        asked.append(route.request.url)
        at = len(asked) - 1
        if at >= len(envelopes):
            return route.continue_()
        body: dict[str, Any] = {"messages": [envelopes[at]], "last_seq": envelopes[at]["seq"]}
        if at < len(envelopes) - 1:
            body["has_more"] = True
        route.fulfill(json=body)

    with visiting(chromium, shared_server) as visit:
        visit.page.route("**/wait?*", page_by_page)
        page = enter(visit, room, "poll")
        wait_for_texts(page, list("0123"), 60)
        room.send("news", sender="bot")
        # What was read out is this one; the replay would have come first.
        expect(page.locator("#said")).to_have_text("bot: news", timeout=60_000)
        assert all("timeout=0" in url for url in asked[:4]) and "timeout=0" not in asked[4]


def test_a_poll_that_hangs_is_left_although_the_rest_works(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("before", sender="bot")
    hanging: list[Route] = []

    def hang_once(route: Route) -> None:
        if hanging or "timeout=0" in route.request.url:
            return route.continue_()
        hanging.append(route)

    with visiting(chromium, shared_server) as visit:
        page = visit.page
        stop_clock(page)
        page.route("**/wait?*", hang_once)
        enter(visit, room, "poll")
        message(page, "before").wait_for()
        eventually(lambda: page.evaluate("1") and hanging, "a poll that hangs", 60)
        room.send("meanwhile", sender="bot")
        # Signs of life go out and are answered all the while.
        for _ in range(8):
            page.clock.run_for(5_000)
        page.clock.resume()
        wait_for_texts(page, ["before", "meanwhile"], 60)


def test_who_is_told_to_wait_waits_and_no_longer_than_makes_sense(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    refused: list[str] = []
    seconds = ["20"]

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=429, json={"error": "no"}, headers={"Retry-After": seconds[0]})

    with visiting(chromium, shared_server) as visit:
        visit.remarks += ("status of 429",)
        page = visit.page
        stop_clock(page)
        page.route("**/events?*", refuse)
        page.goto(f"{shared_server.url}/room/{room.id}?transport=sse#k={key_text(room)}")
        eventually(lambda: page.evaluate("1") and len(refused) == 1, "the first", 60)
        page.locator("#live", has_text="Reconnecting").wait_for()
        # Not even when somebody looks in.
        page.evaluate("dispatchEvent(new Event('focus'))")
        page.clock.run_for(15_000)
        assert len(refused) == 1
        # A wait that no timer can hold must not become none.
        seconds[0] = "99999999999"
        page.clock.run_for(10_000)
        eventually(lambda: page.evaluate("1") and len(refused) == 2, "the second", 60)
        page.evaluate("fetch('/api/health').then(() => 1)")  # behind the refusal
        page.clock.run_for(60_000)
        assert len(refused) == 2


def stop_clock(page: Page) -> None:
    """From now on the page's time moves only when it is told to, however busy the machine is."""
    now = time.time()
    page.clock.install(time=now)
    page.clock.pause_at(now + 1)


def key_text(room: Room) -> str:
    return link_of(room).partition("#k=")[2]
