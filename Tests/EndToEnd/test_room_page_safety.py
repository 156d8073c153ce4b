"""The room's page among strangers: the key stays in the browser, and nothing that others write does anything."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocket, WebSocketRoute

from browser import chromium, visiting  # noqa: F401
from relay_client import Room
from server import Server, eventually
from test_room_page import TRANSPORTS, enter, key_of, link_of, message, say, texts, wait_for_texts

MARKUP = [
    "<img src=x onerror=hacked=1>",
    "<script>hacked=1</script>",
    "<a href='javascript:hacked=1'>here</a>",
    "javascript:hacked=1",
    "{{origin}} ${hacked=1} </p></li><iframe src=/></iframe>",
    "<style>body{display:none}</style>",
]


def forms_of(key: bytes) -> list[str]:
    """Every way in which the key could leave, and a part of it."""
    url_safe = base64.urlsafe_b64encode(key).decode().rstrip("=")
    plain = base64.b64encode(key).decode().rstrip("=")
    return [url_safe, plain, key.hex(), key.hex().upper(), json.dumps(list(key))[1:-1].replace(" ", ""), url_safe[5:25]]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_key_is_in_no_request(chromium: Browser, shared_server: Server, transport: str) -> None:
    room = Room(shared_server.url)
    sent: list[str] = []

    def note(request: Any) -> None:
        sent.append(" ".join([request.url.partition("#")[0], str(request.headers), request.post_data or ""]))

    def note_socket(socket: WebSocket) -> None:
        sent.append(socket.url)
        socket.on("framesent", lambda data: sent.append(str(data)))

    with visiting(chromium, shared_server) as visit:
        page = visit.page
        page.on("request", note)
        page.on("websocket", note_socket)
        enter(visit, room, transport)
        say(page, "not in the clear")
        message(page, "not in the clear").wait_for()
        room.send("answer", sender="bot")
        message(page, "answer").wait_for()
        page.get_by_role("button", name="Reply to bot").click()
        say(page, "reply")
        message(page, "reply").wait_for()
        page.locator("#history").check()
        page.locator("#name").fill("someone-else")
        page.locator("#name").press("Enter")
        page.get_by_role("link", name="Signalbox").click()
        page.wait_for_url(shared_server.url + "/")
    assert sum("/messages" in line for line in sent) == 2
    for line in sent:
        assert not any(form in line for form in forms_of(key_of(room))), line
        assert "not in the clear" not in line


def test_markup_is_text(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    for text in MARKUP:
        sent = room.send(text, sender=text[:64])
    room.send("a reply", reply_to=sent["id"], sender="<b>bold</b>")
    with visiting(chromium, shared_server) as visit:
        visit.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page = enter(visit, room)
        wait_for_texts(page, [*MARKUP, "a reply"])
        assert page.locator("#log :is(img, script, a, iframe, style, b)").count() == 0
        assert page.evaluate("typeof hacked") == "undefined"
        assert page.locator("#chunks button.quote").inner_text().endswith(MARKUP[-1])
        # The same in the list of people, for what the server takes as a name, and as one's own name.
        for name in ("<img src=x onerror=hacked=1>", "‮gnihton‬"):
            page.locator("#name").fill(name)
            page.locator("#name").press("Enter")
        eventually(lambda: page.locator("#people li").all_inner_texts() == ["gnihton"], "the name without controls")
        assert page.locator("#side :is(img, script)").count() == 0


def test_hostile_signs_are_harmless(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("see ‮txt.exe\x00\x07\x1b[31m\x9b", sender="ann‮​⁦x")
    room.send("zalgo " + "z" + "̂" * 300, sender="n" * 64)
    room.send("שלום", sender="שם")
    room.send("", sender="\t \n")
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        eventually(lambda: len(texts(page)) == 4, "all")
        assert texts(page)[0] == "see [U+202E]txt.exe␀␇␛[31m\ufffd"
        names = page.locator("#chunks .from .sender").all_inner_texts()
        assert names == ["ann\ufffd\ufffd\ufffdx", "n" * 31 + "…", "שם", "\ufffd \ufffd"]
        # Every name is an island of its own in the direction of the line, and no row reaches into another.
        assert page.locator("#chunks .from bdi.sender").count() == page.locator("#chunks .from .sender").count() == 4
        assert page.locator("#chunks .text").nth(2).evaluate("(one) => getComputedStyle(one).direction") == "rtl"
        assert page.locator("#chunks .message").evaluate_all(
            "(all) => all.every((one) => getComputedStyle(one).overflowY === 'clip')"
        )


def test_to_skip_to_the_content_leaves_the_key_where_it_is(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        say(page, "before")
        message(page, "before").wait_for()
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        eventually(lambda: page.evaluate("document.activeElement.id") == "main", "the content is reached")
        assert page.url == link_of(room)
        say(page, "after")
        wait_for_texts(page, ["before", "after"])


def test_a_copy_in_other_letters_is_the_same_message(chromium: Browser, shared_server: Server) -> None:
    # The server hands on base64 as it came, and anybody who knows the id may post: a member's message must not come
    # back under another name.
    room = Room(shared_server.url)
    sealed = next(each for each in iter(lambda: room.seal("only once"), None) if set("+/") & set(each["nonce"]))
    copy = sealed | {"nonce": sealed["nonce"].replace("+", "-").replace("/", "_"), "sender": "somebody else"}
    with visiting(chromium, shared_server) as visit:
        page = enter(visit, room)
        for body in (sealed | {"sender": "bot"}, copy):
            assert shared_server.post(f"/api/rooms/{room.id}/messages", json=body).status_code == 200
        room.send("the end")
        message(page, "the end").wait_for()
        assert texts(page) == ["only once", "the end"]


def test_another_key_reads_nothing_and_says_so(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    for number in range(30):
        room.send(f"secret {number}")
    stranger = Room(shared_server.url, room.id)
    with visiting(chromium, shared_server) as visit, visiting(chromium, shared_server) as other:
        page = enter(visit, stranger)
        page.locator("#notices", has_text="can’t read: 30, and no other").wait_for()
        assert texts(page) == []
        assert page.locator(".sealed").count() == 1
        assert page.locator(".sealed summary").inner_text() == "30 messages that this key can’t read"
        assert "secret" not in page.content()
        assert page.locator("#fingerprint").inner_text() != enter(other, room).locator("#fingerprint").inner_text()
        # Once something can be read, it is only a count.
        stranger.send("hello", sender="friend")
        message(page, "hello").wait_for()
        assert page.locator("#notices", has_text="can’t read: 30.").is_visible()
        room.send("one more")
        room.send("and one more")
        page.locator("#notices", has_text="can’t read: 32.").wait_for()
        assert page.locator(".sealed summary").all_inner_texts() == [
            "30 messages that this key can’t read", "2 messages that this key can’t read",
        ]  # fmt: skip


def test_half_a_link_is_told_from_a_new_room(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("somebody is here")
    with visiting(chromium, shared_server) as visit:
        page = visit.page
        page.goto(f"{shared_server.url}/room/{room.id}")
        page.get_by_role("heading", name="This link lacks its key").wait_for()
        assert page.locator("#room").is_hidden()
        page.get_by_label("The whole link").fill("nothing of the kind")
        page.get_by_role("button", name="Go in").click()
        assert page.locator("#instead-fault").is_visible()
        page.get_by_label("The whole link").fill(link_of(room))
        page.get_by_role("button", name="Go in").click()
        message(page, "somebody is here").wait_for()
        for damaged in ("abc", "", "A" * 44, "!" * 43):
            page.goto("about:blank")
            page.goto(f"{shared_server.url}/room/{room.id}#k={damaged}")
            page.get_by_role("heading", name="damaged" if damaged else "lacks its key").wait_for()


@pytest.mark.parametrize("form", ["url-safe", "padded", "ordinary", "escaped"])
def test_the_key_may_come_in_any_base64(chromium: Browser, shared_server: Server, form: str) -> None:
    key = bytes([0xFB, 0xEF, 0xFF]) * 10 + b"\xfb\xef"
    spelled = {
        "url-safe": base64.urlsafe_b64encode(key).decode().rstrip("="),
        "padded": base64.urlsafe_b64encode(key).decode(),
        "ordinary": base64.b64encode(key).decode(),
        "escaped": base64.b64encode(key).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    }[form]
    room = Room(shared_server.url)
    room._box = type(room._box)(key)
    room.send("read")
    with visiting(chromium, shared_server) as visit:
        visit.page.goto(f"{shared_server.url}/room/{room.id}#k={spelled}")
        message(visit.page, "read").wait_for()


def test_a_server_that_talks_nonsense_breaks_nothing(chromium: Browser, shared_server: Server) -> None:
    room = Room(shared_server.url)
    good = {"type": "message", "seq": 10, "id": "x" * 8, "sender": "bot", "sender_verified": False, "ts": 1}
    good |= room.seal("still here")
    frames: list[Any] = [
        None, 5, [], "text", {}, {"type": "message"}, {"type": "presence"}, {"type": "error", "error": {"a": 1}},
        {"type": "presence", "size": "many", "participants": [None, 3, {"name": 7}, {"name": "ok"}]},
        good | {"seq": "9"}, good | {"seq": 1.5}, good | {"seq": 2, "ciphertext": 5},
        good | {"seq": 3, "ciphertext": "%%%"},
        good | {"seq": 4, "nonce": "AAAA"}, good | {"seq": 5, "ts": 1e300} | room.seal("late"),
        good | {"seq": 6, "ttl_ms": "1", "reply_to": 5} | room.seal("odd fields"), good, good | {"seq": 10},
        good | {"seq": 9} | room.seal("too old"), {"type": "ready", "participants": 5},
    ]  # fmt: skip

    def answer(socket: WebSocketRoute) -> None:
        socket.send("no json")
        for frame in frames:
            socket.send(json.dumps(frame))

    with visiting(chromium, shared_server) as visit:
        visit.page.route_web_socket("**/ws?*", answer)
        page = enter(visit, room, "ws")
        message(page, "still here").wait_for()
        assert texts(page) == ["late", "odd fields", "still here"]
        assert page.locator("#people li").all_inner_texts() == ["ok"]
