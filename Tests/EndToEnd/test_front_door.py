"""The front door as a whole: two pages and a process talk in one room, each over a transport of its own, through
restarts of the server; somebody with another key looks on; and the server never holds a word of it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from browser import GONE, Visit, chromium, visiting  # noqa: F401
from conftest import ServerFactory
from relay_client import Room
from server import OPEN_LIMITS, REPOSITORY, Server, eventually
from test_canary import LOUD, everything_shown
from test_privacy import Canaries, written
from test_room_page import enter, key_of, link_of, say, texts

# A page waits longer and longer between two tries, and the machine may be busy.
WITHIN = 60.0

NOTHING, NOTHING_LEFT = re.compile(rb"\0{64,}"), bytes(64)

# What somebody writes who follows /docs/agents: prints what comes, says what is typed.
MEMBER = """
import json, os, sys, threading, signalbox

room = signalbox.Room(os.environ["ROOM_LINK"], name="process")

def until_it_works(ask):
    while True:
        try:
            return ask()
        except signalbox.Error as error:
            if error.reason != "unreachable":
                raise

def listen():
    last = 0
    while True:
        for message in until_it_works(lambda: room.poll(last, timeout=20, own=True)):
            print(json.dumps({"heard": message.text, "seq": message.seq}), flush=True)
            last = message.seq

threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    print(json.dumps({"saying": line.strip()}), flush=True)
    until_it_works(lambda: room.send(line.strip()))
"""


class Member:
    """A process in the room, with the Python client and long-polls."""

    def __init__(self, room: Room, directory: Path) -> None:
        self.output, self.errors = directory / "member.out", directory / "member.err"
        environment = os.environ | {"ROOM_LINK": link_of(room), "PYTHONPATH": str(REPOSITORY / "Public/sdk")}
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-c", MEMBER], env=environment, cwd=directory,
                stdin=subprocess.PIPE, stdout=output, stderr=errors, text=True,
            )  # fmt: skip

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        eventually(lambda: text in self._lines("saying"), f"the process says {text}", WITHIN)

    @property
    def texts(self) -> list[str]:
        assert self.process.poll() is None, self.errors.read_text()
        return self._lines("heard")

    def _lines(self, kind: str) -> list[str]:
        # The last line may be half written.
        lines = [json.loads(line) for line in self.output.read_text().split("\n")[:-1]]
        return [line[kind] for line in lines if kind in line]


@contextmanager
def joining(room: Room, directory: Path) -> Generator[Member, None, None]:
    member = Member(room, directory)
    try:
        yield member
    finally:
        member.process.kill()
        member.process.communicate()


def memory(server: Server) -> dict[str, bytes]:
    """All that the running server can have written into its memory, by region."""
    pid = server.process.pid
    found = {}
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as content:
        for line in maps:
            span, permissions, *_ = line.split()
            if not permissions.startswith("rw"):
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            parts = []
            try:
                content.seek(start)
                # One read gives 2 GiB at most, and less where a page is gone.
                while start < end and (part := content.read(min(end - start, 1 << 26))):
                    parts.append(part)
                    start += len(part)
            except OSError:
                pass  # gone meanwhile, or a device's
            # Most of it is a stack's or heap's room to grow.
            found[f"memory {line.strip()}"] = NOTHING.sub(NOTHING_LEFT, b"".join(parts))
    return found


def search(canaries: Canaries, when: str, places: dict[str, bytes]) -> None:
    for name, data in places.items():
        found = canaries.found_in(data)
        assert not found, f"{when}, in {name}: {found}"


def test_the_search_of_memory_finds_what_is_there(server: Server) -> None:
    canaries = Canaries()
    forms = {}
    for form in ("it is", "hex", "upper-case hex", "base64 at 0", "url-safe base64 at 0", "reversed"):
        value = canaries.mark(form).encode()
        forms[form] = {
            "it is": value, "hex": value.hex().encode(), "upper-case hex": value.hex().upper().encode(),
            "base64 at 0": base64.b64encode(value), "url-safe base64 at 0": base64.urlsafe_b64encode(value),
            "reversed": value[::-1],
        }[form]  # fmt: skip
    room = Room(server.url)
    for planted in forms.values():
        room.send("a text", sender=planted.decode())
    found = {each for data in memory(server).values() for each in canaries.found_in(data)}
    assert found >= {f"{form} as {form}" for form in forms}


def test_two_pages_and_a_process_talk_through_restarts_and_the_server_knows_nothing(
    chromium: Browser, start_server: ServerFactory, tmp_path: Path
) -> None:
    server = start_server(**OPEN_LIMITS | LOUD)
    room = Room(server.url)
    stranger = Room(server.url, room.id)
    secret, known = Canaries(), Canaries()
    secret.note("the key", key_of(room))
    secret.note("the key as numbers", json.dumps(list(key_of(room)))[1:-1].replace(" ", ""))
    secret.note("another key", key_of(stranger))
    known.note("the room", room.id)
    known.note("the token", server.token)
    said: list[str] = []

    def word(what: str) -> str:
        said.append(secret.mark(what))
        return said[-1]

    def look(when: str) -> None:
        """What the server has of the conversation: names, numbers and ciphertext."""
        last = room.transcript()["messages"][-1]
        known.note("ciphertext", last["ciphertext"])
        known.note("nonce", last["nonce"])
        in_memory = memory(server)
        search(secret, when, in_memory | everything_shown(server) | written(server))
        data = b"".join(in_memory.values())
        missing = {field for field, value in known.marks.items() if value not in data}
        assert not missing, f"{when}: the search would not even find {missing}"

    with (
        visiting(chromium, server) as ann, visiting(chromium, server) as ben, visiting(chromium, server) as eve,
        joining(room, tmp_path) as member,
    ):  # fmt: skip
        for visit in (ann, ben, eve):
            visit.remarks += GONE
        pages = {"ws": enter(ann, room, "ws"), "sse": enter(ben, room, "sse")}
        onlooker = enter(eve, stranger)
        speakers = {transport: lambda text, page=page: say(page, text) for transport, page in pages.items()}
        speakers["poll"] = member.say

        def everybody_heard_everything() -> None:
            for who, heard in [*((name, lambda page=page: texts(page)) for name, page in pages.items()),
                               ("poll", lambda: member.texts)]:  # fmt: skip
                eventually(lambda heard=heard: len(heard()) >= len(said), f"{who} hears {said}: {heard()}", WITHIN)
                # Each once, whoever said it, before, during or after.
                assert Counter(heard()) == Counter(said), who
            # And all in one order.
            assert texts(pages["ws"]) == texts(pages["sse"]) == member.texts
            for page in pages.values():
                expect(page.locator("#pending li")).to_have_count(0)
            assert_reads_nothing(onlooker, said)

        def talk(when: str) -> None:
            for who, speak in speakers.items():
                speak(word(f"{when} from {who}"))
                everybody_heard_everything()

        talk("before any restart")
        look("before any restart")
        for end, how in ((server.stop, "SIGTERM"), (server.kill, "SIGKILL")):
            end()
            for page in (*pages.values(), onlooker):
                page.locator("#live", has_text="Reconnecting").wait_for(timeout=WITHIN * 1000)
            for who, speak in speakers.items():
                speak(word(f"during {how} from {who}"))
            for page in pages.values():
                page.locator("#pending li", has_text="waiting for the server").wait_for(timeout=WITHIN * 1000)
            search(secret, f"after {how}", written(server))
            server.start()
            for page in (*pages.values(), onlooker):
                page.locator("#live[data-state=live]").wait_for(timeout=WITHIN * 1000)
            everybody_heard_everything()
            talk(f"after {how}")
            assert len(room.transcript()["messages"]) == 6, "the server remembers nothing from before"
            look(f"after {how}")

        for transport, page in pages.items():
            assert page.locator("#live").get_attribute("data-transport") == transport
        counted = server.metrics()
        assert counted["ws_connects_total"] > 0 and counted["sse_connects_total"] > 0
        assert counted["longpoll_waits_total"] > 0
        assert_the_key_stayed([ann, ben, eve], secret)

    search(secret, "when they are gone", memory(server) | written(server))
    server.stop()
    after_the_end = written(server)
    search(secret, "after the end", after_the_end)
    # There was a log to find something in, and messages were in it.
    assert b"/api/rooms/:id/messages" in after_the_end["server.log"]
    assert {"data/signalbox.sqlite", "counters"} <= set(after_the_end)


def assert_reads_nothing(page: Page, said: list[str]) -> None:
    """Another key's page: it got every message once, says of each that it can't be read, and shows no word."""
    expect(page.locator("#notices")).to_contain_text(f"can’t read: {len(said)}, and no other", timeout=WITHIN * 1000)
    assert texts(page) == []
    many = "A message" if len(said) == 1 else f"{len(said)} messages"
    assert page.locator(".sealed summary").all_inner_texts() == [f"{many} that this key can’t read"]
    content = page.content()
    assert not [word for word in said if word in content]


def assert_the_key_stayed(visits: list[Visit], secret: Canaries) -> None:
    for visit in visits:
        # Playwright tells the address with its fragment, which no browser sends.
        asked = "\n".join(url.partition("#")[0] for url in visit.requests).encode()
        assert b"/api/rooms/" in asked or b"/room/" in asked
        assert not secret.found_in(asked)
