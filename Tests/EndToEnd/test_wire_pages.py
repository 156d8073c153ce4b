"""GET …/wait, …/transcript and …/status: pages of messages for clients without a stream."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import quote

import pytest

from relay_client import Room
from server import Server, eventually, http_session
from wire import new_room, post_well


class Filled:
    """A room with 600 messages: more than any page holds."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.id = new_room()
        self.seqs = [post_well(server, self.id, sender=f"n{number}") for number in range(600)]

    def page(self, part: str, query: str) -> dict[str, Any]:
        response = self.server.get(f"/api/rooms/{self.id}/{part}?{query}")
        assert response.status_code == 200, (query, response.text)
        return response.json()

    def seqs_of(self, part: str, query: str) -> list[int]:
        return [message["seq"] for message in self.page(part, query)["messages"]]


@pytest.fixture(scope="module")
def filled(shared_server: Server) -> Filled:
    return Filled(shared_server)


LENIENT_AFTER = {
    "a word": ("abc", 0),
    "nothing": ("", 0),
    "negative": ("-5", 0),
    "a number and letters": ("{seq}xyz", 11),
    "a fraction": ("{seq}.9", 11),
    "a leading space": ("%20{seq}", 11),
    "a plus sign": ("%2B{seq}", 11),
    "leading zeros": ("000{seq}", 11),
    "an exponent is letters": ("1e99", 0),
    "hexadecimal is letters": ("0xFFFFFFFFFFFFFF", 0),
    "too large for 64 bits": ("99999999999999999999999999", 600),
    "the largest of 64 bits": ("9223372036854775807", 600),
    "bytes that are no text": ("%FF%FE", 0),
    "a broken percent sign": ("%zz", 0),
}


@pytest.mark.parametrize("part", ["transcript", "wait"])
@pytest.mark.parametrize(("written", "skipped"), LENIENT_AFTER.values(), ids=LENIENT_AFTER)
def test_after_is_read_leniently(filled: Filled, part: str, written: str, skipped: int) -> None:
    # The eleventh message's seq stands for {seq}; what follows it is the rest of the page.
    query = "after=" + written.format(seq=filled.seqs[10])
    limit = 500 if part == "wait" else 100
    found = filled.seqs_of(part, query + "&timeout=0")
    assert found == filled.seqs[skipped : skipped + limit]


LENIENT_LIMIT = {
    "absent": ("", 100),
    "one": ("limit=1", 1),
    "the highest": ("limit=500", 500),
    "above the highest": ("limit=501", 500),
    "far above": ("limit=99999999999999999999", 500),
    "negative": ("limit=-5", 1),
    "zero is no number of messages": ("limit=0", 100),
    "a word": ("limit=abc", 100),
    "a number and letters": ("limit=3xyz", 3),
    "a fraction": ("limit=2.9", 2),
}


@pytest.mark.parametrize(("query", "count"), LENIENT_LIMIT.values(), ids=LENIENT_LIMIT)
def test_limit_is_read_leniently_and_clamped(filled: Filled, query: str, count: int) -> None:
    assert filled.seqs_of("transcript", query) == filled.seqs[:count]


def test_a_cut_transcript_says_so_and_its_last_seq_is_that_of_its_last_message(filled: Filled) -> None:
    page = filled.page("transcript", "limit=10")
    assert set(page) == {"messages", "last_seq", "count", "exists", "has_more"}
    assert (page["count"], page["exists"], page["has_more"]) == (10, True, True)
    assert page["last_seq"] == page["messages"][-1]["seq"] == filled.seqs[9]


def test_a_cut_wait_says_so_and_its_last_seq_is_that_of_its_last_message(filled: Filled) -> None:
    page = filled.page("wait", "after=0")
    assert len(page["messages"]) == 500 and page["has_more"] is True
    assert page["last_seq"] == page["messages"][-1]["seq"] == filled.seqs[499]


@pytest.mark.parametrize(("part", "query"), [("transcript", "limit=7"), ("wait", "timeout=0")])
def test_following_last_seq_through_cut_pages_skips_nothing(filled: Filled, part: str, query: str) -> None:
    found: list[int] = []
    after = 0
    while True:
        page = filled.page(part, f"after={after}&{query}")
        found += [message["seq"] for message in page["messages"]]
        after = page["last_seq"]
        if not page.get("has_more"):
            break
    assert found == filled.seqs


def test_a_page_that_is_not_cut_has_the_rooms_last_seq(filled: Filled) -> None:
    after = filled.seqs[-4]
    for part in ("transcript", "wait"):
        page = filled.page(part, f"after={after}")
        assert [message["seq"] for message in page["messages"]] == filled.seqs[-3:]
        assert page["last_seq"] == filled.seqs[-1]
        assert not page.get("has_more")


@pytest.mark.parametrize("part", ["transcript", "wait"])
def test_pages_of_large_messages_are_cut_at_four_megabytes(shared_server: Server, part: str) -> None:
    room = new_room()
    large = "A" * 131_072
    seqs = [post_well(shared_server, room, ciphertext=large) for _ in range(40)]
    found: list[int] = []
    pages = 0
    after = 0
    while len(found) < len(seqs):
        response = shared_server.get(f"/api/rooms/{room}/{part}?after={after}&limit=500&timeout=0")
        assert len(response.content) <= 4 * 1024 * 1024 + len(large) + 1024
        page = response.json()
        assert page["messages"], "a page must move on"
        found += [message["seq"] for message in page["messages"]]
        after = page["last_seq"]
        assert bool(page.get("has_more")) == (len(found) < len(seqs))
        pages += 1
    assert found == seqs
    assert pages == 2


@pytest.mark.parametrize("timeout", ["0", "1"])
def test_a_wait_that_brings_nothing_answers_empty_in_its_time(shared_server: Server, timeout: str) -> None:
    room = new_room()
    last = post_well(shared_server, room)
    started = time.monotonic()
    page = shared_server.get(f"/api/rooms/{room}/wait?after={last}&timeout={timeout}").json()
    took = time.monotonic() - started
    assert page.pop("has_more", False) is False
    assert page == {"messages": [], "last_seq": last}
    assert int(timeout) - 0.1 <= took < int(timeout) + 0.9


@pytest.mark.parametrize("query", ["", "timeout=abc", "timeout=500", "timeout=20xyz"])
def test_a_message_wakes_those_who_wait_for_it(shared_server: Server, query: str) -> None:
    room = Room(shared_server.url)
    first = room.send("first")["seq"]
    waiting = shared_server.metrics()["longpoll_waits_total"]
    pages: list[dict[str, Any]] = []

    def wait() -> None:
        response = http_session().get(room.url("wait") + f"?after={first}&{query}", timeout=30)
        pages.append(response.json())

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    eventually(lambda: shared_server.metrics()["longpoll_waits_total"] == waiting + 3, "all three parked")
    assert not pages, "answered before there was anything to say"
    second = room.send("second")["seq"]
    for thread in threads:
        thread.join(5)
    assert len(pages) == 3
    for page in pages:
        assert [room.open(message) for message in page["messages"]] == ["second"]
        assert page["last_seq"] == second


def test_waiting_for_a_room_that_does_not_exist_answers_at_once_and_opens_none(shared_server: Server) -> None:
    room = new_room()
    started = time.monotonic()
    for part in ("wait", "transcript"):
        page = shared_server.get(f"/api/rooms/{room}/{part}?after=5&timeout=30").json()
        assert page == {"messages": [], "last_seq": 0, "exists": False}
    assert time.monotonic() - started < 2
    assert shared_server.get(f"/api/rooms/{room}/status").json() == {"exists": False, "roomId": room}


def test_a_rooms_status_has_exactly_the_fields_of_the_protocol(shared_server: Server) -> None:
    room = new_room()
    post_well(shared_server, room)
    last = post_well(shared_server, room)
    status = shared_server.get(f"/api/rooms/{room}/status").json()
    assert 0 <= status.pop("age_seconds") < 10
    assert 0 <= status.pop("idle_seconds") < 10
    assert status == {
        "exists": True,
        "roomId": room,
        "participants": 0,
        "recent_count": 2,
        "last_seq": last,
        "signed_only": False,
    }


def test_health_has_exactly_the_fields_of_the_protocol(shared_server: Server) -> None:
    post_well(shared_server, new_room())
    health = shared_server.get("/api/health").json()
    assert set(health) == {"ok", "rooms", "ts"}
    assert health["ok"] is True and health["rooms"] >= 1
    assert abs(health["ts"] - time.time() * 1000) < 10_000


def test_numbers_are_whole_numbers_on_the_wire(filled: Filled) -> None:
    text = filled.server.get(f"/api/rooms/{filled.id}/transcript?limit=1").text
    assert f'"seq":{filled.seqs[0]},' in text.replace(" ", ""), "no 1.7e12, no 1700000000000.0"


def test_a_name_in_the_query_may_be_percent_encoded(filled: Filled) -> None:
    assert filled.seqs_of("transcript", quote("limit") + "=%33") == filled.seqs[:3]
    assert filled.seqs_of("transcript", "%6Cimit=3") == filled.seqs[:3]


