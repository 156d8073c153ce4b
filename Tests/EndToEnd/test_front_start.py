"""The front page's one click: rooms are started and joined, and their keys stay in the browser."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from browser import PHONE, assert_accessible, chromium, visiting  # noqa: F401
from relay_client import Room
from server import Server
from test_room_page import link_of, message, say

KEY = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
WITHIN = 60_000


class Wire:
    """All that a page sends: addresses, headers and bodies of requests, and frames of sockets."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        self.asked: list[str] = []
        page.on("request", self._note)
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.sent.append(str(frame))))
        page.on("websocket", lambda socket: self.sent.append(socket.url))

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)
        self.sent += [request.url.split("#")[0], str(request.headers), str(request.post_data)]

    def assert_without(self, key: str) -> None:
        raw = base64.urlsafe_b64decode(key + "=")
        shapes = {key, key.replace("-", "+").replace("_", "/"), raw.hex(), base64.b64encode(raw).decode()}
        for sent in self.sent:
            assert not any(shape in sent for shape in shapes), sent


def arrive(page: Page) -> tuple[str, str]:
    """Waits until the page is in a room and hears it; returns the room's id and key."""
    page.wait_for_url("**/room/*", timeout=WITHIN)
    page.locator("#live[data-state=live]").wait_for(timeout=WITHIN)
    found = re.search(r"/room/([\w-]{4,64})#k=([\w-]{43})$", page.url)
    assert found, page.url
    return found[1], found[2]


def test_a_room_is_one_click_away_and_its_key_stays(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit, visiting(chromium, shared_server) as guest:
        wires = [Wire(visit.page), Wire(guest.page)]
        visit.page.goto(shared_server.url)
        visit.page.get_by_role("button", name="Start a room").click()
        room, key = arrive(visit.page)
        assert len(room) == 22, "sixteen random bytes"
        guest.page.goto(visit.page.url)
        assert arrive(guest.page) == (room, key)
        say(visit.page, "the first words")
        message(guest.page, "the first words").wait_for(timeout=WITHIN)
        for wire in wires:
            assert any(f"/api/rooms/{room}/" in sent for sent in wire.sent), "the room was talked to"
            wire.assert_without(key)


def test_every_room_has_its_own_id_and_key(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        found = set()
        for _ in range(3):
            visit.page.goto(shared_server.url)
            visit.page.locator("#start-room").click()
            found.add(arrive(visit.page))
        assert len({room for room, _ in found}) == len({key for _, key in found}) == 3


def test_by_keyboard_a_room_is_started_and_another_joined(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        page = visit.page
        page.goto(shared_server.url)
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "start-room":
                break
        expect(page.locator("#start-room")).to_be_focused()
        page.keyboard.press("Enter")
        arrive(page)
        page.goto(shared_server.url)
        page.locator("#start-room").focus()
        page.keyboard.press("Tab")
        expect(page.locator("#join-link")).to_be_focused()
        page.keyboard.type(f"/room/by-keyboard#k={KEY}")
        page.keyboard.press("Enter")
        assert arrive(page) == ("by-keyboard", KEY)


@pytest.mark.parametrize(
    "form",
    [
        "{origin}/room/{id}#k={key}",
        "/room/{id}#k={key}",
        "   {origin}/room/{id}#k={key}\t",
        # A query would be sent; nothing of it is needed.
        "{origin}/room/{id}?k={key}&x=1#k={key}",
    ],
    ids=["a link", "path and fragment", "blanks around", "a query"],
)
def test_a_link_leads_into_its_room(chromium: Browser, shared_server: Server, form: str) -> None:
    room = Room(shared_server.url)
    room.send("somebody was here")
    key = link_of(room).split("#k=")[1]
    with visiting(chromium, shared_server) as visit:
        wire = Wire(visit.page)
        visit.page.goto(shared_server.url)
        visit.page.get_by_label("join one by its link").fill(
            form.format(origin=shared_server.url, id=room.id, key=key)
        )
        visit.page.get_by_role("button", name="Join").click()
        assert arrive(visit.page) == (room.id, key)
        message(visit.page, "somebody was here").wait_for(timeout=WITHIN)
        wire.assert_without(key)


HOSTILE = {
    "nothing like a link": "let me in",
    "a script": "javascript:alert(1)",
    "a script that looks like a room": f"javascript://x/room/abcdef%0aalert(1)#k={KEY}",
    "a page of its own": "data:text/html,<script>alert(1)</script>",
    "markup": "<img src=x onerror=alert(1)>",
    "no address at all": "http://[",
    "another server": f"https://evil.example/room/abcdef#k={KEY}",
    "another server without a scheme": f"//evil.example/room/abcdef#k={KEY}",
    "another server behind ours": f"http://127.0.0.1@evil.example/room/abcdef#k={KEY}",
    "another server by backslashes": f"\\\\evil.example/room/abcdef#k={KEY}",
    "a file": "file:///etc/passwd",
    "another page": f"/admin/logout#k={KEY}",
    "a way out of rooms": f"/room/../admin/logout#k={KEY}",
    "an id that is too short": f"/room/abc#k={KEY}",
    "an id with something in it": f"/room/ab%2Fcdef#k={KEY}",
    "no key": "/room/abcdef",
    "no key after its name": "/room/abcdef#k=",
    "the key in the query": f"/room/abcdef?k={KEY}",
    "half a key": f"/room/abcdef#k={KEY[:20]}",
    "a key that isn't base64": "/room/abcdef#k=" + "!" * 43,
    "only a key": f"#k={KEY}",
}


def test_what_is_no_link_is_refused_with_a_sentence(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        page = visit.page
        visit.context.on("page", lambda _: visit.complaints.append("another page was opened"))
        page.on("dialog", lambda dialog: (visit.complaints.append(dialog.message), dialog.dismiss()))
        page.goto(shared_server.url)
        page.wait_for_load_state("networkidle")
        wire, field, error = Wire(page), page.locator("#join-link"), page.locator("#join-error")
        for what, text in HOSTILE.items():
            field.fill(text)
            expect(error).to_be_hidden()
            page.locator("#join button").click()
            expect(error, what).to_be_visible()
            assert re.fullmatch(r"[A-Z].+\.", error.inner_text()), (what, error.inner_text())
            assert error.get_attribute("role") == "alert"
            assert field.get_attribute("aria-invalid") == "true"
            assert field.get_attribute("aria-describedby") == "join-error"
            expect(field).to_be_focused()
            assert page.url == shared_server.url + "/", what
        assert_accessible(page)
        assert wire.asked == [], "nothing was asked for"
        # The other server is named, so that one sees what one was about to open.
        field.fill(HOSTILE["another server behind ours"])
        page.locator("#join button").click()
        expect(error).to_contain_text("evil.example")


def test_an_empty_field_goes_nowhere(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        page = visit.page
        page.goto(shared_server.url)
        page.locator("#join button").click()
        assert page.evaluate("document.querySelector('#join-link').validity.valueMissing")
        assert page.url == shared_server.url + "/"


def test_a_complaint_goes_when_one_writes_on(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server, viewport=PHONE) as visit:
        page = visit.page
        page.goto(shared_server.url)
        page.locator("#join-link").fill("wrong")
        page.locator("#join button").click()
        expect(page.locator("#join-error")).to_be_visible()
        page.locator("#join-link").press("End")
        page.keyboard.type("x")
        expect(page.locator("#join-error")).to_be_hidden()
        assert page.locator("#join-link").get_attribute("aria-invalid") is None


def test_the_form_can_never_send_what_is_in_it(shared_server: Server) -> None:
    html = shared_server.get("/", headers={"Accept": "text/html"}).text
    field = re.search(r'<input id="join-link"[^>]*>', html)
    assert field and "name=" not in field[0], "a field without a name is never submitted"
    assert re.search(r'<form id="join"[^>]* hidden>', html), "nor shown before its script is there"
