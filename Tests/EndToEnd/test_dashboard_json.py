"""The dashboard's panels as JSON: the same numbers, revalidated, compressed, and never kept."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from raw_http import RawConnection
from relay_client import Room, SseStream
from server import Server, eventually, http_session
from wire import assert_refused, new_room, post_well

TWINS = [
    "/api/metrics/state", "/api/metrics/cards", "/api/metrics/counters", "/api/metrics/storage", "/api/metrics/build",
    "/api/metrics/geo/self-test", "/api/metrics/hourly", "/api/metrics",
]  # fmt: skip


@pytest.fixture(scope="module")
def busy(shared_server: Server) -> Server:
    room = new_room()
    for _ in range(3):
        post_well(shared_server, room)
    # The first sample is taken five seconds after the start.
    eventually(lambda: shared_server.metrics()["history"], "a first sample")
    return shared_server


def ask(server: Server, path: str) -> Any:
    response = server.get(path, headers=server.bearer)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("path", TWINS)
def test_every_twin_is_behind_the_gate_and_kept_by_nobody(busy: Server, path: str) -> None:
    refused = busy.get(path)
    assert_refused(refused, 401, "unauthorised")
    for response in (refused, busy.get(path, headers=busy.bearer)):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("path", TWINS)
def test_what_a_client_has_in_hand_is_not_sent_again(busy: Server, path: str) -> None:
    def revalidated() -> bool:
        first = busy.get(path, headers=busy.bearer)
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        again = busy.get(path, headers=busy.bearer | {"If-None-Match": f'"other", {tag}'})
        other = busy.get(path, headers=busy.bearer | {"If-None-Match": '"other"'})
        assert (other.status_code, other.headers["ETag"].startswith('W/"')) == (200, True)
        if again.status_code == 304:
            assert again.content == b"" and again.headers["ETag"] == tag
        return again.status_code == 304

    if path in ("/api/metrics", "/api/metrics/build", "/api/metrics/cards", "/api/metrics/state", "/api/metrics/counters"):
        # They say how things are now: a question is itself an event.
        assert busy.get(path, headers=busy.bearer).headers["ETag"]
    else:
        eventually(revalidated, "an answer that stays the same between two questions")


def test_the_cards_are_those_of_the_page(busy: Server) -> None:
    page = busy.get("/admin/stats", headers=busy.bearer | {"Accept": "text/html"}).text
    cards = [card for group in ask(busy, "/api/metrics/cards")["groups"] for card in group["cards"]]
    names = [card["name"] for card in cards]
    assert len(set(names)) == len(names) == 16
    for card in cards:
        assert f"<h3>{card['label']}</h3>" in page
        assert card["tone"] in ("calm", "caution", "danger")
        assert card["unit"] in ("count", "bytes", "seconds", "microseconds", "share")
        if card["name"] != "browser_share":
            assert len(card["last_hour"]) == 60
    by_name = {card["name"]: card for card in cards}
    assert by_name["messages_relayed_total"]["value"] == 3
    assert by_name["rooms_created_total"]["value"] == 1


def test_the_counters_agree_with_each_other_and_with_the_original_names(busy: Server) -> None:
    counters = ask(busy, "/api/metrics/counters")
    by_name = {row["name"]: row for row in counters["counters"]}
    metrics = ask(busy, "/api/metrics")
    for name in ("messages_relayed_total", "bytes_relayed_total", "rooms_created_total", "http_posts_total"):
        assert by_name[name]["total"] == metrics[name] == by_name[name]["since_start"]
    assert by_name["peak_concurrent_rooms"]["since_start"] is None
    limited = {row["name"]: row["total"] for row in counters["limited"]}
    assert {"room_rate", "client_rate", "streams_per_client", "login_attempts"} <= set(limited)
    assert sum(limited.values()) == by_name["http_429"]["total"]
    admissions = {row["name"]: row["total"] for row in counters["admissions"]}
    assert admissions["bearer"] > 0 and {"tailnet", "serve", "funnel", "tailnet_refused"} <= set(admissions)


def test_a_quiet_server_says_that_all_is_clear_and_a_door_that_is_tried_too_often_that_it_was(server: Server) -> None:
    state = ask(server, "/api/metrics/state")
    assert (state["level"], state["headline"], state["alerts"], state["since"]) == ("clear", "All clear", [], None)


def test_storage_and_build_are_told(busy: Server) -> None:
    storage = ask(busy, "/api/metrics/storage")
    assert storage["size_bytes"] > 0 and storage["writable"] is True
    assert storage["kept"] == {
        "minutes": 44640, "hours": 43920, "days": None, "country_minutes": 1440, "country_hours": 43920
    }  # fmt: skip
    assert storage["oldest_point"] <= storage["last_flush"]
    build = ask(busy, "/api/metrics/build")
    assert build["version"] and build["process_starts_total"] == 1 and build["last_run_ended_cleanly"] is True
    assert build["commit"] is None or len(build["commit"]) >= 7


@pytest.mark.parametrize("path", ["/admin/stats", "/api/metrics/hourly", "/metrics", "/assets/signalbox.css"])
def test_answers_are_compressed_for_those_who_take_it(busy: Server, path: str) -> None:
    def body(encoding: str | None) -> tuple[bytes, str | None, str | None]:
        with RawConnection(busy.port) as connection:
            headers = busy.bearer | {"Connection": "close"} | ({"Accept-Encoding": encoding} if encoding else {})
            connection.request("GET", path, headers)
            answer = connection.response()
            return answer.body, answer.header("Content-Encoding"), answer.header("Vary")

    plain, none, vary = body(None)
    small, coding, vary_too = body("br;q=1, gzip;q=0.8")
    assert (none, coding) == (None, "gzip")
    assert "Accept-Encoding" in (vary or "") and "Accept-Encoding" in (vary_too or "")
    assert len(small) < len(plain) / 2
    assert gzip.decompress(small)[:40] == plain[:40]
    assert body("gzip;q=0")[1] is None


def test_the_stream_begins_with_how_things_are_and_brings_each_sample(server: Server) -> None:
    with http_session() as client:
        answer = client.get(f"{server.url}/api/metrics/stream", headers=server.bearer, stream=True, timeout=90)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert "no-store" in answer.headers["Cache-Control"] or "no-cache" in answer.headers["Cache-Control"]
        lines = answer.iter_lines(decode_unicode=True, chunk_size=1)

        def event() -> tuple[str, Any]:
            name = next(line for line in lines if line.startswith("event: ")).removeprefix("event: ")
            return name, json.loads(next(lines).removeprefix("data: "))

        name, now = event()
        assert (name, now["active_rooms"], now["messages_relayed_total"]) == ("now", 0, 0)
        assert "history" not in now
        post_well(server, new_room())
        seen: dict[str, Any] = {}
        while set(seen) != {"now", "sample"}:
            name, data = event()
            seen[name] = data
            if name == "now" and data["messages_relayed_total"] != 1:
                del seen["now"]
        assert seen["sample"]["t"] <= seen["now"]["ts"] + 60_000
        assert {"messages", "request_p99_us", "active_rooms", "http_5xx"} <= set(seen["sample"])


def test_open_streams_are_bounded_and_a_place_comes_free_again(server: Server) -> None:
    def opened() -> RawConnection:
        connection = RawConnection(server.port)
        connection.request("GET", "/api/metrics/stream", server.bearer)
        return connection

    streams = [opened() for _ in range(64)]
    try:
        for stream in streams:
            assert stream.head()[1] == 200
        refused = server.get("/api/metrics/stream", headers=server.bearer)
        assert_refused(refused, 503, "too many open dashboards")
        assert refused.headers["Retry-After"]
    finally:
        for stream in streams:
            stream.__exit__()

    def one_more() -> bool:
        with opened() as stream:
            return stream.head()[1] == 200

    eventually(one_more, "a free place")


def test_head_of_the_stream_opens_none(server: Server) -> None:
    with RawConnection(server.port) as connection:
        connection.request("HEAD", "/api/metrics/stream", server.bearer)
        head = connection.response(to_head=True)
        assert (head.status, head.header("Content-Type")) == (200, "text/event-stream")
        connection.request("GET", "/api/health", {})
        assert connection.response().status == 200


def test_a_room_and_its_messages_are_nowhere_in_any_twin(server: Server) -> None:
    room = Room(server.url)
    stream = SseStream(room)
    room.send("the secret of the day")
    found = "".join(server.get(path, headers=server.bearer).text for path in TWINS)
    found += server.get("/admin/stats", headers=server.bearer).text
    stream.close()
    assert room.id not in found
