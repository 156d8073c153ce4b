"""Who wrote it: the room's page tells handles from names that look like them, and shows names as they are meant."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from agent import registered
from browser import assert_accessible, chromium, visiting  # noqa: F401
from relay_client import Room
from server import Server, http_session
from test_room_page import TRANSPORTS, enter, message, say

LOOKS = "(one) => { const { color, fontWeight } = getComputedStyle(one); return `${color} ${fontWeight}`; }"


def badge_of(page: Page, text: str) -> str:
    return message(page, text).locator(".from .badge").inner_text()


def looks_of(name: Locator) -> str:
    return str(name.evaluate(LOOKS))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_name_that_looks_like_a_handle_is_told_from_the_handle(
    chromium: Browser, shared_server: Server, scheme: str
) -> None:
    ann, room = registered(shared_server.url), Room(shared_server.url)
    handle = f"@{ann.handle}"
    body = ann.sign_message(room.id, room.seal("signed"))
    signed = http_session().post(room.url("messages"), json=body)
    assert signed.status_code == 200
    # Right behind it and under the same name, so that nothing but the signature tells them apart.
    claimed = room.send("a mere name", sender=handle)
    room.send("marked by itself", sender=f"{handle} ✓ verified")
    room.send("in answer", sender="bot", reply_to=claimed["id"])
    room.send("in answer to the other", sender="bot", reply_to=signed.json()["id"])
    Room(shared_server.url, room.id).send("sealed with another key", sender=handle)
    with visiting(chromium, shared_server, scheme=scheme) as visit:
        page = enter(visit, room)
        page.locator(".sealed summary").click()
        names = {text: message(page, text).locator(".from .sender") for text in ("signed", "a mere name")}
        assert [name.inner_text() for name in names.values()] == [handle, handle]
        assert looks_of(names["signed"]) != looks_of(names["a mere name"])
        assert [badge_of(page, text) for text in names] == ["verified", "claimed"]
        meanings = [message(page, text).locator(".from .badge").get_attribute("title") for text in names]
        assert meanings == [
            "The server checked the handle’s signature.", "Anybody with the link could use this name.",
        ]  # fmt: skip
        # The page's own mark is for no name, and what is only quoted or listed is told apart as well.
        assert message(page, "marked by itself").locator(".sender").inner_text() == f"{handle} \ufffd verified"[:32]
        assert badge_of(page, "marked by itself") == "claimed"
        assert message(page, "in answer").locator(".quote .badge").inner_text() == "claimed"
        assert message(page, "in answer to the other").locator(".quote .badge").inner_text() == "verified"
        assert page.locator(".sealed li .badge").all_inner_texts() == ["claimed"]
        message(page, "a mere name").hover()
        message(page, "a mere name").locator(".reply").click()
        expect(page.locator("#replying-to .badge")).to_have_text("claimed")
        assert_accessible(page)
        # Nor does a listener of that name look like it.
        page.locator("#name").fill(handle)
        page.locator("#name").press("Enter")
        person = page.locator("#people bdi", has_text=handle)
        person.wait_for()
        assert looks_of(person) != looks_of(names["signed"])
        # Said by itself, a verified handle is read out as one.
        again = ann.sign_message(room.id, room.seal("signed again"))
        assert http_session().post(room.url("messages"), json=again).status_code == 200
        expect(page.locator("#said")).to_have_text(f"{handle}, verified: signed again")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_who_is_verified_is_so_on_every_transport(chromium: Browser, shared_server: Server, transport: str) -> None:
    ann, room = registered(shared_server.url), Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room, transport)
        say(page, "my own")
        assert badge_of(page, "my own") == "claimed"
        body = ann.sign_message(room.id, room.seal("signed"))
        assert http_session().post(room.url("messages"), json=body).status_code == 200
        assert badge_of(page, "signed") == "verified"
        assert not any("/api/identity/" in url for url in visit.requests)


SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
EMOJI = [
    FAMILY, SCOTLAND, "🏳\ufe0f\u200d🌈", "🕵🏽\u200d♀\ufe0f", "❤\ufe0f\u200d🔥", "🧑🏻\u200d🦰", "1\ufe0f\u20e3", "👍🏿",
]  # fmt: skip
# What a name holds, and what is shown of it.
HOSTILE = {
    "a\u200db": "a\ufffdb",
    "\u200d👩": "\ufffd👩",
    "👩\u200d": "👩\ufffd",
    "👩\u200d\u200d👧": "👩\ufffd\ufffd👧",
    "👩\u200bx": "👩\ufffdx",
    "👩\u200d\u202e👧": "👩\ufffd\ufffd👧",
    "👩\u202e\u2066x": "👩\ufffd\ufffdx",
    "a\ufe0f": "a\ufffd",
    "❤\ufe0f\ufe0f": "❤\ufe0f\ufffd",
    "🏴\U000e0061\U000e007f": "🏴\ufffd\ufffd",
    "x\U000e0061": "x\ufffd",
    "✅ ok": "\ufffd ok",
    "✔\ufe0f": "\ufffd",
}


def test_emoji_of_several_parts_stay_whole_in_names_and_hidden_signs_do_not_hide(
    chromium: Browser, shared_server: Server
) -> None:
    room = Room(shared_server.url)
    for name in [*EMOJI, *HOSTILE]:
        room.send("hello", sender=name)
    room.send("long", sender="x" * 28 + FAMILY)
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        message(page, "long").wait_for()
        names = page.locator("#chunks .from .sender").all_inner_texts()
        assert dict(zip([*EMOJI, *HOSTILE], names[:-1], strict=True)) == {name: name for name in EMOJI} | HOSTILE
        # A cut leaves no half of a sign behind.
        assert names[-1] == "x" * 28 + "👨\u200d👩…"
        # One's own is kept as well, as far as a name may be long; what hides is left out.
        cut = "x" * 35
        for given, taken in {"a\u202e\u200db": "ab", FAMILY: FAMILY, cut + FAMILY: cut + "👨\u200d👩"}.items():
            page.locator("#name").fill(given)
            page.locator("#name").press("Enter")
            expect(page.locator("#name")).to_have_value(taken)
        page.locator("#name").fill(FAMILY)
        say(page, "from a family")
        expect(message(page, "from a family").locator(".from .sender")).to_have_text(FAMILY)
        expect(page.locator("#people")).to_contain_text(FAMILY)


def test_a_signed_only_room_says_so(chromium: Browser, shared_server: Server) -> None:
    ann, room = registered(shared_server.url), Room(shared_server.url)
    room.send("everybody may", sender="somebody")
    with visiting(chromium, shared_server) as early, visiting(chromium, shared_server) as late:
        page = enter(early, room)
        assert page.locator("#text").is_enabled()
        body = ann.sign_message(room.id, room.seal("now only signed ones", signed_only=True))
        assert http_session().post(room.url("messages"), json=body).status_code == 200
        for each in (page, enter(late, room)):
            each.locator("#notices", has_text="signed messages only").wait_for()
            message(each, "now only signed ones").wait_for()
            assert each.locator("#text").is_disabled()
            assert badge_of(each, "now only signed ones") == "verified"


def test_long_handles_are_shown_to_the_last_letter(chromium: Browser, shared_server: Server) -> None:
    # Who could register one that differs only where a name is cut would speak for another.
    room, handle = Room(shared_server.url), secrets.token_hex(16)
    others = handle[:-1] + ("0" if handle[-1] != "0" else "1")
    for each in (handle, others):
        agent = registered(shared_server.url, each)
        body = agent.sign_message(room.id, room.seal(f"from {each}"))
        assert http_session().post(room.url("messages"), json=body).status_code == 200
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        for each in (handle, others):
            name = message(page, f"from {each}").locator(".from .sender")
            expect(name).to_have_text(f"@{each}")
            assert name.evaluate("(one) => one.scrollWidth <= one.closest('.message').clientWidth")
