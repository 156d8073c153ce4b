"""The public status page: off unless asked for, of days that are over, rounded, and still while anybody watches."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from conftest import ServerFactory
from series_client import ms, series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually, http_session
from visits import counted, visit_times
from wire import assert_refused, new_room, post_well

PAGE, FILE = "/status", "/api/public-status"
PUBLIC = OPEN_LIMITS | {"PUBLIC_STATUS": "1", "TRUST_CLOUDFLARE": "1"}
HOUR_MS = 3_600_000


def status(server: Server) -> dict[str, Any]:
    response = http_session().get(server.url + FILE, timeout=10)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()


def page(server: Server) -> str:
    response = http_session().get(server.url + PAGE, timeout=10)
    assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")
    return response.text


def everything(response: requests.Response) -> tuple[int, dict[str, str], bytes]:
    """What a watcher could see move: all but the date that each answer carries."""
    return response.status_code, {k: v for k, v in response.headers.items() if k != "Date"}, response.content


def seen(server: Server) -> list[tuple[int, dict[str, str], bytes]]:
    return [everything(http_session().get(server.url + path, timeout=10)) for path in (PAGE, FILE)]


def live(server: Server, at: str, messages: int = 0, visits: dict[str, int] | None = None) -> None:
    """Runs the server at that time of the past, until all that happened is written."""
    server.restart(**sixty_times(at))
    before = total(series(server, from_="2026-01-01", step="1d")["points"])
    room = new_room()
    for _ in range(messages):
        post_well(server, room)
    visit_times(server, visits or {})
    eventually(
        lambda: (
            total(series(server, from_="2026-01-01", step="1d")["points"]) == before + messages
            and (not visits or sum(counted(server).values()) >= sum(visits.values()))
        ),
        "all written",
    )
    # The minute after it too, so that there is a sample even if nothing happened.
    point = series(server, from_="2026-01-01", step="1d")["points"][-1:]
    eventually(lambda: series(server, from_="2026-01-01", step="1d")["points"][-1:] != point, "one more sample")


@pytest.fixture
def past(start_server: ServerFactory) -> Server:
    """A server whose yesterday, 2026-06-14, is over; not running."""
    server = start_server(started=False, **PUBLIC)
    live(server, "2026-06-14T12:00:30Z", messages=123, visits={"DE": 120, "FR": 5, "SE": 4, "JP": 1})
    server.stop()
    return server


def on_the_next_day(server: Server, at: str = "10:00:00", **settings: str | None) -> Server:
    server.restart(CLOCK=f"2026-06-15T{at}Z*60", **settings)
    return server


# Off and on


@pytest.mark.parametrize("switch", [None, "0"])
def test_it_is_off_unless_asked_for(start_server: ServerFactory, switch: str | None) -> None:
    server = start_server(**OPEN_LIMITS | {"PUBLIC_STATUS": switch})
    for path in (PAGE, FILE):
        for headers in ({}, server.bearer, {"Accept": "text/html"}):
            assert_refused(server.get(path, headers=headers), 404)
    assert server.get("/api/status").status_code == 200, "another's address"


def test_it_needs_no_login_and_is_the_same_for_everybody(past: Server) -> None:
    server = on_the_next_day(past)
    plain = seen(server)
    for headers in (
        server.bearer,
        {"Cookie": "signalbox_session=x"},
        {"X-Forwarded-For": "100.101.102.103"},
        {"Host": "x.example"},
    ):
        for path, expected in zip((PAGE, FILE), plain, strict=True):
            response = http_session().get(server.url + path, headers=headers, timeout=10)
            assert everything(response) == expected and not response.cookies, headers
    for path in (PAGE, FILE):
        assert everything(server.get(path + "?token=guess&range=1h&part=now&from=0")) == plain[(PAGE, FILE).index(path)]
        assert server.http.head(server.url + path, timeout=10).status_code == 200
        assert server.post(path).status_code == 405


# What it says


def test_the_page_and_its_json_have_the_same_numbers(past: Server) -> None:
    server = on_the_next_day(past)
    told, html = status(server), page(server)
    assert told["updated"] == "2026-06-15" and told["updated"] in html
    (day,) = told["days"]
    assert day["day"] == "2026-06-14" and day["day"] in html
    assert told["messages"] == "about 120" and told["messages_rounded"] == 120 and told["messages"] in html
    # Most visits first; what is too small to tell is together, and small counts have no number at all.
    assert told["countries"] == [
        {"code": "DE", "name": "Germany", "visits": "about 120", "visits_rounded": 120},
        {"code": "FR", "name": "France", "visits": "fewer than 100", "visits_rounded": None},
        {"code": "OTHER", "name": "Other countries", "visits": "fewer than 100", "visits_rounded": None},
    ]
    for country in told["countries"]:
        assert country["name"] in html and country["visits"] in html
    for hidden in ("Sweden", "Japan", "123", "LOCAL"):
        assert hidden not in html, hidden
    assert f"{day['uptime'] * 100:g}".split(".")[0] in re.sub(r"<[^>]+>", " ", html)


@pytest.mark.parametrize(("least", "named"), [("1", {"DE", "FR"}), ("5", {"DE", "FR"}), ("6", {"DE"}), ("121", set())])
def test_a_country_with_few_visits_is_one_of_the_others(past: Server, least: str, named: set[str]) -> None:
    server = on_the_next_day(past, GEO_MIN_COUNT=least)
    assert {country["code"] for country in status(server)["countries"]} == named | {"OTHER"}


def test_one_message_more_or_less_is_not_seen(start_server: ServerFactory) -> None:
    found = []
    for messages in (123, 124, 129):
        server = start_server(started=False, **PUBLIC)
        live(server, "2026-06-14T12:00:30Z", messages=messages)
        told = status(on_the_next_day(server))
        found.append((told["messages"], told["messages_rounded"]))
        server.stop()
    assert set(found) == {("about 120", 120)}


def test_few_are_not_counted_at_all(start_server: ServerFactory) -> None:
    found = []
    for messages in (1, 99):
        server = start_server(started=False, **PUBLIC)
        live(server, "2026-06-14T12:00:30Z", messages=messages, visits={"DE": 5})
        told = status(on_the_next_day(server))
        found.append({name: told[name] for name in ("messages", "messages_rounded", "countries")})
        server.stop()
    assert found[0] == found[1] and found[0]["messages_rounded"] is None


def test_uptime_is_by_day_and_days_without_the_server_are_down(start_server: ServerFactory) -> None:
    server = start_server(started=False, **PUBLIC)
    live(server, "2026-06-12T23:30:30Z")
    live(server, "2026-06-14T12:00:30Z")
    told = status(on_the_next_day(server))
    assert [day["day"] for day in told["days"]] == ["2026-06-12", "2026-06-13", "2026-06-14"]
    sampled = {
        point["t"]: point["samples"]
        for point in series(server, from_="2026-06-12", to="2026-06-15", step="day")["points"]
    }
    # What came before the first sample's minute was no downtime.
    first = series(server, from_="2026-06-12", to="2026-06-13", step="1m")["points"][0]["t"]
    assert first >= ms("2026-06-12T23:30Z")
    minutes = [-((first - ms("2026-06-13T00:00Z")) // 60_000), 1_440, 1_440]
    counts = [sampled.get(ms(day["day"] + "T00:00Z"), 0) for day in told["days"]]
    assert counts[0] > 0 and counts[1] == 0 and counts[2] > 0
    expected = [int(count / length * 1_000) / 1_000 for count, length in zip(counts, minutes, strict=True)]
    assert [day["uptime"] for day in told["days"]] == expected


def test_it_goes_back_ninety_days(start_server: ServerFactory) -> None:
    server = start_server(started=False, **PUBLIC)
    live(server, "2026-03-01T12:00:30Z", messages=110, visits={"SE": 50})
    live(server, "2026-06-14T12:00:30Z", visits={"DE": 50})
    told = status(on_the_next_day(server))
    assert len(told["days"]) == 90
    assert (told["days"][0]["day"], told["days"][-1]["day"]) == ("2026-03-17", "2026-06-14")
    assert [country["code"] for country in told["countries"]] == ["DE"]
    assert told["messages_rounded"] == 110, "messages are since the first start"


# Who watches


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """Messages and visits all the while."""
    over = threading.Event()

    def work() -> None:
        room = new_room()
        while not over.is_set():
            post_well(server, room)
            visit_times(server, {"IT": 1, "DE": 1})

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


def test_nothing_of_today_is_in_it(past: Server) -> None:
    server = on_the_next_day(past)
    before = seen(server)
    with busy(server):
        eventually(
            lambda: total(series(server, from_="2026-06-15", step="1d")["points"]) > 100, "messages of today written"
        )
        assert seen(server) == before
    assert seen(server) == before
    # Nor does a restart let them in, or one that wasn't clean.
    server.kill()
    assert seen(on_the_next_day(server, "14:00:00")) == before
    assert seen(on_the_next_day(server, "23:00:00")) == before


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", "2026-06-15", "2026-06-15T22:00:00Z"),
        ("Asia/Kolkata", "2026-06-15", "2026-06-15T16:30:00Z"),
        # A day of 25 hours, from winter time's side.
        ("Europe/Berlin", "2026-10-25", "2026-10-25T21:00:00Z"),
    ],
)
def test_it_moves_once_a_day_an_hour_after_midnight(
    start_server: ServerFactory, zone: str, day: str, start: str
) -> None:
    server = start_server(started=False, **PUBLIC | {"STATS_TZ": zone})
    # Ten minutes a second; midnight is two hours away, and a busy machine takes seconds to start a server.
    server.settings["CLOCK"] = f"{start}*600"
    server.start()
    closes = ms(start) + 2 * HOUR_MS + HOUR_MS
    first, polls = seen(server), 0

    def clock() -> int:
        return server.metrics()["ts"]

    with busy(server):
        deadline = time.monotonic() + 60
        while True:
            before, found, after = clock(), seen(server), clock()
            polls += 1
            if after < closes:
                assert found == first, f"moved {(closes - after) // 60_000} min before a day was over"
            elif before > closes + 5 * 60_000:
                assert found != first, "did not move"
                break
            assert time.monotonic() < deadline
        assert polls >= 5, "hardly watched"
        told = status(server)
        assert [one["day"] for one in told["days"]][-1] == day
        assert told["messages_rounded"] is None or told["messages_rounded"] > 0
        # And stands still again, though midnight's hour had messages too.
        again = seen(server)
        eventually(lambda: clock() > closes + HOUR_MS, "an hour later", timeout=30)
        assert seen(server) == again
