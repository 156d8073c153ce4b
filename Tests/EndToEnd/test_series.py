"""Series over HTTP: what may be asked for by name, who may ask, and what a client needn't fetch twice."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import ServerFactory
from golden import MINUTE, RANGES, SPANS, answered, minutes, take_over
from raw_http import RawConnection
from series_client import GEO, POINT, SELF_TEST, SERIES, answer, ask, assert_bad, ms, series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually
from store_copy import rows, store_file
from wire import assert_refused, new_room, post_well

START, END = ms("2026-06-15T08:00:00Z"), ms("2026-06-15T10:00:00Z")
WINDOW = {"from_": START, "to": END, "step": "10m"}

# The original's totals, and the column of what was counted in a minute.
TOTALS = {
    "rooms_created_total": "rooms",
    "rooms_evicted_total": "rooms_evicted",
    "messages_relayed_total": "messages",
    "bytes_relayed_total": "bytes",
    "http_posts_total": "http_posts",
    "http_2xx": "http_2xx",
    "http_4xx": "http_4xx",
    "http_5xx": "http_5xx",
    "http_429": "http_429",
    "ws_connects_total": "ws_connects",
    "ws_disconnects_total": "ws_disconnects",
    "sse_connects_total": "sse_connects",
    "sse_disconnects_total": "sse_disconnects",
    "longpoll_waits_total": "longpoll_waits",
    "longpoll_wakes_total": "longpoll_wakes",
    "longpoll_timeouts_total": "longpoll_timeouts",
    "bug_reports_total": "bugs",
    "transport_browser_total": "transport_browser",
    "transport_agent_total": "transport_agent",
}


@pytest.fixture(scope="module")
def golden(shared_server: Server) -> Server:
    """A server with the golden history that is only asked."""
    return take_over(shared_server)


def columns(server: Server) -> list[str]:
    """What the store keeps of each minute."""
    names = [row[1] for row in rows(store_file(server), "PRAGMA table_info(minutes)")]
    return [name for name in names if name not in ("t", "last_t", "samples")]


# Ranges


def test_a_new_server_has_no_points_and_says_so(server: Server) -> None:
    widths = {"1day": 15, "8h": 5, "1h": 1, "1week": 60, "1month": 360, "all": 360}
    for name in RANGES:
        found = series(server, range=name)
        golden_answer = answered(f"series_{name}")
        assert found | {"requested_since": None} == {
            "range": name,
            "label": golden_answer["label"],
            "source": golden_answer["source"],
            "bucket_ms": widths[name] * MINUTE,
            "requested_since": None,
            "available_since": None,
            "partial": False,
            "points": [],
        }
        if SPANS[name] is None:
            assert found["requested_since"] is None
        else:
            assert abs(server.metrics()["ts"] - SPANS[name] - found["requested_since"]) < 10_000


@pytest.mark.parametrize("name", ["", "2days", "1H", "toString", "__proto__", "1day,1h", "../all", "\0"])
def test_an_unknown_range_is_a_day(golden: Server, name: str) -> None:
    found = series(golden, range=name)
    assert (found["range"], found["bucket_ms"]) == ("1day", 15 * MINUTE)
    assert found["points"] == series(golden)["points"] == series(golden, range="1day")["points"]


# Metrics by name


def test_every_name_that_is_stored_can_be_asked_for(golden: Server) -> None:
    names = columns(golden)
    assert len(names) > 40
    for name in names:
        for query in ({"range": "1h"}, {"range": "1month"}, WINDOW):
            points = series(golden, metric=name, **query)["points"]
            assert points, name
            assert all(list(point) == ["t", name, "samples"] for point in points), name
            assert all(type(point[name]) in (int, type(None)) for point in points), name


@pytest.mark.parametrize(("name", "column"), TOTALS.items())
def test_the_originals_totals_mean_what_was_counted_in_the_bucket(golden: Server, name: str, column: str) -> None:
    by_total = series(golden, metric=name, **WINDOW)["points"]
    by_column = series(golden, metric=column, **WINDOW)["points"]
    assert [list(point) for point in by_total] == [["t", name, "samples"]] * len(by_total)
    assert [list(point.values()) for point in by_total] == [list(point.values()) for point in by_column]


def test_names_come_in_the_order_they_were_asked_in(golden: Server) -> None:
    names = ["sse_connects", "messages", "peak_subs", "bugs"]
    together = series(golden, metric=",".join(names), **WINDOW)["points"]
    assert [list(point) for point in together] == [["t", *names, "samples"]] * 12
    repeated = golden.get(
        f"{SERIES}?metric=sse_connects&metric=messages,peak_subs&from={START}&to={END}&step=10m&metric=bugs",
        headers=golden.bearer,
    )
    assert answer(repeated)["points"] == together


def test_values_are_those_that_were_kept(golden: Server) -> None:
    names = {
        "http_4xx": "h4xx",
        "http_5xx": "h5xx",
        "http_429": "h429",
        "ws_connects": "ws",
        "sse_connects": "sse",
        "http_posts": "http_posts",
    }
    wanted = ",".join([*names, "bytes", "active_rooms", "peak_rooms"])
    points = series(golden, metric=wanted, **WINDOW)["points"]
    for point in points:
        parts = minutes(point["t"], point["t"] + 10 * MINUTE)
        for name, field in names.items():
            assert point[name] == sum(part["counted"][field] for part in parts), name
        assert point["bytes"] == total(parts, "d_bytes")
        assert point["active_rooms"] == parts[-1]["active_rooms"], "a value at the sample: the last one"
        assert point["peak_rooms"] == max(part["active_rooms"] for part in parts)
        assert point["samples"] == len(parts)


@pytest.mark.parametrize(
    "name", ["nope", "t", "last_t", "Messages", "messages;", "*", "messages--", "signalbox_messages_total", "uuid", "é"]
)
def test_an_unknown_name_is_refused_by_name(golden: Server, name: str) -> None:
    assert assert_bad(ask(golden, SERIES, metric=name, range="1h"))["metric"] == name
    assert assert_bad(ask(golden, SERIES, metric=f"messages,{name},bugs", **WINDOW))["metric"] == name


def test_at_most_64_names_at_once(golden: Server) -> None:
    names = list(dict.fromkeys([*columns(golden), *TOTALS]))
    assert len(names) >= 65
    assert len(series(golden, metric=",".join(names[:64]), **WINDOW)["points"][0]) == 66
    assert_bad(ask(golden, SERIES, metric=",".join(names[:65]), **WINDOW))


# What is counted


def test_minutes_hours_and_days_add_up_to_what_was_counted(start_server: ServerFactory) -> None:
    # From the last minutes of a day into the next.
    server = start_server(**OPEN_LIMITS | sixty_times("2026-06-14T23:57:30Z"))
    room = new_room()
    expected = {"messages": 0, "http_posts": 0, "rooms": 1}
    deadline = ms("2026-06-15T00:02:00Z")
    while server.metrics()["ts"] < deadline:
        post_well(server, room)
        expected["messages"] += 1
        expected["http_posts"] += 1
    names = ",".join(expected)

    def sums(step: str) -> dict[str, int]:
        points = series(server, metric=names, from_="2026-06-14", to="2026-06-17", step=step)["points"]
        return {name: total(points, name) for name in expected}

    eventually(lambda: sums("1m") == expected, "every minute written")
    for step in ("5m", "1h", "6h", "1d", "7d", "day"):
        assert sums(step) == expected, step
    points = series(server, from_="2026-06-14", to="2026-06-17", step="1d")["points"]
    assert [point["t"] for point in points] == [ms("2026-06-14T00:00Z"), ms("2026-06-15T00:00Z")]
    assert all(list(point) == POINT for point in points)
    assert min(point["messages"] for point in points) > 0, "some on either day"


# The gate, and methods


@pytest.mark.parametrize("path", [SERIES, GEO, SELF_TEST])
@pytest.mark.parametrize("query", ["", "?range=1h", "?from=nonsense", "?format=csv", "?metric=nope"])
def test_there_is_nothing_without_the_token(golden: Server, path: str, query: str) -> None:
    refused = golden.get(path + query, headers={"If-None-Match": "*"})
    assert_refused(refused, 401, "unauthorised")
    assert "ETag" not in refused.headers
    assert golden.get(path + query, headers={"Accept": "text/csv"}).status_code == 401


@pytest.mark.parametrize("path", [SERIES, GEO, SELF_TEST])
def test_another_method_is_told_which_are_right(golden: Server, path: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        response = golden.http.request(method, golden.url + path, headers=golden.bearer, timeout=10)
        assert_refused(response, 405)
        assert {"GET", "HEAD"} <= {name.strip() for name in response.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", [SERIES + "?range=1week", SERIES + "?format=csv", GEO, GEO + "?format=csv", SELF_TEST])
def test_head_has_the_head_of_get_and_no_body(golden: Server, path: str) -> None:
    got = golden.get(path, headers=golden.bearer)
    with RawConnection(golden.port) as connection:
        connection.request("HEAD", path, golden.bearer | {"Connection": "close"})
        head = connection.response(to_head=True)
        connection.assert_closed()
    assert (head.status, got.status_code) == (200, 200)
    for name in ("Content-Type", "Cache-Control", "ETag", "Vary", "Content-Disposition"):
        assert head.header(name) == got.headers.get(name), name


# Not fetching twice what has not changed


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    (SERIES, {"range": "1h"}),
    (SERIES, {"range": "all"}),
    (SERIES, {"metric": "bugs", "from_": "now-2h"}),
    (SERIES, {"format": "csv"}),
    (GEO, {"range": "1h"}),
    (GEO, {"range": "all"}),
    (GEO, {"format": "csv"}),
]


def etag(server: Server, path: str, headers: dict[str, str] | None = None, **query: Any) -> str:
    response = ask(server, path, headers, **query)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "accept" in response.headers["Vary"].lower()
    tag = response.headers["ETag"]
    assert tag.startswith('W/"') and tag.endswith('"') and len(tag) > 4
    return tag


@pytest.fixture
def between_flushes(start_server: ServerFactory) -> Server:
    """A server that has written its first point and has most of a minute until the next."""
    server = start_server(**OPEN_LIMITS, CLOCK="2026-06-15T12:34:02Z")
    eventually(lambda: series(server, range="1h")["points"], "the first point")
    return server


@pytest.mark.parametrize(("path", "query"), QUESTIONS, ids=str)
def test_who_has_the_answer_already_is_told_so(between_flushes: Server, path: str, query: dict[str, Any]) -> None:
    server = between_flushes
    tag = etag(server, path, **query)
    post_well(server, new_room())
    assert etag(server, path, **query) == tag, "nothing was written in between"
    opaque = tag.removeprefix("W/")
    for known in (tag, opaque, f'"other", {tag}', f'W/"x,y",{opaque} , "z"', "*"):
        response = ask(server, path, {"If-None-Match": known}, **query)
        assert (response.status_code, response.content) == (304, b""), known
        assert response.headers["ETag"] == tag
        assert response.headers["Cache-Control"] == "no-store"
    for other in ('"other"', 'W/"other"', opaque.strip('"'), "", '"*"'):
        assert ask(server, path, {"If-None-Match": other}, **query).status_code == 200, other


def test_a_table_is_not_the_object_one_has_already(between_flushes: Server) -> None:
    for path in (SERIES, GEO):
        tag = etag(between_flushes, path, range="1day")
        csv = {"Accept": "text/csv"}
        assert etag(between_flushes, path, csv, range="1day") != tag
        response = ask(between_flushes, path, csv | {"If-None-Match": tag}, range="1day")
        assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize(("path", "query"), QUESTIONS, ids=str)
def test_each_flush_is_news(start_server: ServerFactory, path: str, query: dict[str, Any]) -> None:
    server = start_server(**OPEN_LIMITS | sixty_times("2026-06-15T12:34:30Z"))
    tags = [etag(server, path, **query)]
    for _ in range(2):
        eventually(lambda: etag(server, path, **query) != tags[-1], "another tag")
        tags.append(etag(server, path, **query))
        assert ask(server, path, {"If-None-Match": tags[0]}, **query).status_code == 200
    assert len(set(tags)) == 3


def test_each_visit_is_news_of_countries(between_flushes: Server) -> None:
    server = between_flushes
    before = {path: etag(server, path, range="1h") for path in (SERIES, GEO)}
    assert server.get("/", headers={"User-Agent": "Mozilla/5.0 Firefox/150.0"}).status_code == 200
    response = ask(server, GEO, {"If-None-Match": before[GEO]}, range="1h")
    assert answer(response)["extras"] == {"LOCAL": 1}
    assert etag(server, SERIES, range="1h") == before[SERIES]
