"""Any window of the history in any step, from points that are fine enough; against the golden history's own files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from golden import DAY, HOUR, MINUTE, answered, hours, kept, minutes, take_over
from series_client import SERIES, Answer, ask, assert_bad, ms, series, total
from server import Server

MANY = "messages,bytes,rooms,bugs,peak_rooms,peak_subs,http_posts,http_2xx,http_4xx,http_5xx,http_429,claims,logins"

# Two hours of minutes, and the whole history. Later than 12:34 there are points of the server's own.
START, END = ms("2026-06-15T08:00:00Z"), ms("2026-06-15T10:00:00Z")
OLDEST = answered("series_all")["available_since"]
OLDEST_MINUTE = kept("metrics_history")[0]["t"]
A_POINT = minutes(START, END)[30]["t"]


@pytest.fixture(scope="module")
def golden(shared_server: Server) -> Server:
    """A server with the golden history that is only asked."""
    return take_over(shared_server)


# The ways to name an instant


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, END),
        (START // 1000, END // 1000),
        (f"{START}", "2026-06-15T10:00:00Z"),
        ("2026-06-15T08:00Z", "2026-06-15T10:00Z"),
        ("2026-06-15T08:00:00.000Z", "2026-06-15T10:00:00.000Z"),
        ("2026-06-15T10:00:00+02:00", "2026-06-15T15:30:00+05:30"),
        ("2026-06-15T03:00:00-05:00", END),
    ],
)
def test_an_instant_may_be_written_in_many_ways(golden: Server, start: Any, end: Any) -> None:
    found = series(golden, from_=start, to=end, step="5m")
    assert (found["requested_since"], found["requested_until"]) == (START, END)
    assert (found["range"], found["label"], found["source"], found["bucket_ms"]) == (
        "custom",
        "custom",
        "minute",
        5 * MINUTE,
    )
    assert total(found["points"]) == total(minutes(START, END), "d_messages") > 0
    assert sum(point["samples"] for point in found["points"]) == len(minutes(START, END))


def test_a_date_is_its_midnight_in_utc(golden: Server) -> None:
    found = series(golden, from_="2026-06-01", to="2026-06-02")
    assert (found["requested_since"], found["requested_until"]) == (ms("2026-06-01T00:00Z"), ms("2026-06-02T00:00Z"))


@pytest.mark.parametrize(
    ("start", "back"),
    [("now-90s", 90_000), ("now-45m", 45 * MINUTE), ("now-8h", 8 * HOUR), ("now-2d", 2 * DAY), ("now-1w", 7 * DAY)],
)
def test_an_instant_may_be_so_long_ago(golden: Server, start: str, back: int) -> None:
    for found in (series(golden, from_=start), series(golden, from_=start, to="now")):
        assert found["requested_until"] - found["requested_since"] == back
        now = golden.metrics()["ts"]
        assert 0 <= now - found["requested_until"] < 10_000


def test_without_from_a_window_starts_where_the_history_does(golden: Server) -> None:
    found = series(golden, to=END)
    assert found["requested_since"] == found["available_since"] == OLDEST
    assert found["requested_until"] == END
    assert found["partial"] is False


def test_a_window_that_starts_before_the_history_is_partial(golden: Server) -> None:
    for start, partial in ((OLDEST - HOUR, True), (OLDEST, False), (OLDEST + HOUR, False)):
        assert series(golden, from_=start, to=END, step="1h")["partial"] is partial, start


def test_a_window_in_which_nothing_was_kept_is_empty(golden: Server) -> None:
    found = series(golden, from_="2020-01-01", to="2020-02-01")
    assert found["points"] == []
    assert series(golden, from_="2031-01-01", to="2031-02-01", step="1d")["points"] == []


# Edges


def test_a_window_holds_its_start_and_not_its_end(golden: Server) -> None:
    def samples(start: int, end: int) -> int:
        return sum(point["samples"] for point in series(golden, from_=start, to=end, step="1m")["points"])

    minute = A_POINT // MINUTE * MINUTE
    assert samples(A_POINT, A_POINT + 1) == 1
    assert samples(minute, A_POINT + 1) == 1
    assert samples(minute, A_POINT) == 0
    assert samples(minute, minute + 3 * MINUTE) == 3
    # Windows that meet share nothing and leave nothing out.
    parts = [samples(START, minute), samples(minute, minute + 7 * MINUTE), samples(minute + 7 * MINUTE, END)]
    assert sum(parts) == samples(START, END) == len(minutes(START, END))


def test_an_hour_is_in_the_window_that_its_start_is_in(golden: Server) -> None:
    def starts(start: str, end: str) -> list[int]:
        return [point["t"] for point in series(golden, from_=start, to=end, step="1h")["points"]]

    eight, nine, ten = (ms(f"2026-06-10T{hour}:00Z") for hour in ("08", "09", "10"))
    assert starts("2026-06-10T08:00Z", "2026-06-10T10:00Z") == [eight, nine]
    assert starts("2026-06-10T08:00Z", "2026-06-10T10:00:00.001Z") == [eight, nine, ten]
    # One that starts within an hour has the whole of it.
    assert starts("2026-06-10T08:59:59Z", "2026-06-10T10:00Z") == [eight, nine]


# Steps and the points they are made of


def grouped(points: list[Answer], step: int) -> dict[int, list[Answer]]:
    groups: dict[int, list[Answer]] = {}
    for point in points:
        groups.setdefault(point["t"] // step * step, []).append(point)
    return groups


@pytest.mark.parametrize(
    ("step", "width"),
    [("1m", 1), ("7m", 7), ("15m", 15), ("45m", 45), ("90m", 90), (str(10 * MINUTE), 10), (5 * MINUTE, 5)],
)
def test_minutes_are_folded_into_steps(golden: Server, step: Any, width: int) -> None:
    found = series(golden, from_=START, to=END, step=step)
    expected = grouped(minutes(START, END), width * MINUTE)
    assert (found["source"], found["bucket_ms"]) == ("minute", width * MINUTE)
    assert [point["t"] // (width * MINUTE) * width * MINUTE for point in found["points"]] == list(expected)
    for point, parts in zip(found["points"], expected.values(), strict=True):
        if width > 1:
            assert point["t"] % (width * MINUTE) == 0, "aligned to the epoch"
        assert point == {
            "t": point["t"],
            "messages": total(parts, "d_messages"),
            "rooms": total(parts, "d_rooms"),
            "bugs": total(parts, "d_bugs"),
            "messages_total": parts[-1]["messages"],
            "rooms_total": parts[-1]["rooms_created"],
            "bugs_total": parts[-1]["bugs"],
            "peak_rooms": max(part["active_rooms"] for part in parts),
            "peak_subs": max(part["active_subs"] for part in parts),
            "samples": len(parts),
        }


@pytest.mark.parametrize(
    ("step", "width", "source"),
    [
        ("1h", 1, "hourly"),
        ("6h", 6, "hourly"),
        ("36h", 36, "hourly"),
        ("1d", 24, "daily"),
        ("7d", 168, "daily"),
        ("1w", 168, "daily"),
    ],
)
def test_hours_and_days_are_folded_into_steps(golden: Server, step: str, width: int, source: str) -> None:
    start, end = ms("2026-05-01T00:00Z"), ms("2026-06-12T00:00Z")
    found = series(golden, from_=start, to=end, step=step)
    assert (found["source"], found["bucket_ms"]) == (source, width * HOUR)
    expected = grouped(hours(start, end), width * HOUR)
    assert [point["t"] for point in found["points"]] == list(expected)
    for point, parts in zip(found["points"], expected.values(), strict=True):
        for name in ("messages", "rooms", "bugs", "samples"):
            assert point[name] == total(parts, name), name
        for name in ("messages_total", "rooms_total", "bugs_total"):
            assert point[name] == parts[-1][name], name
        for name in ("peak_rooms", "peak_subs"):
            assert point[name] == max(part[name] for part in parts), name


def test_where_fine_points_are_gone_coarser_ones_answer_and_say_so(golden: Server) -> None:
    within = series(golden, from_=OLDEST_MINUTE + MINUTE, to=END, step="15m")
    assert (within["source"], within["bucket_ms"]) == ("minute", 15 * MINUTE)
    start, end = ms("2026-05-01T00:00Z"), ms("2026-05-03T00:00Z")
    older = series(golden, from_=start, to=end, step="15m")
    assert (older["source"], older["bucket_ms"]) == ("hourly", HOUR)
    assert total(older["points"]) == total(hours(start, end))


@pytest.mark.parametrize("back", ["1h", "6h", "1d", "3d", "4w", "8w"])
def test_by_default_a_step_is_taken_that_gives_a_chart_its_points(golden: Server, back: str) -> None:
    found = series(golden, from_=f"now-{back}")
    since, until, width = (found[name] for name in ("requested_since", "requested_until", "bucket_ms"))
    assert width % MINUTE == 0
    assert 20 <= (until - since) / width <= 500
    assert len(found["points"]) <= 500


def test_as_many_buckets_as_may_be(golden: Server) -> None:
    start, limit = (OLDEST_MINUTE // HOUR + 1) * HOUR, 50_000
    for step, width in (("1m", MINUTE), ("1h", HOUR)):
        assert series(golden, from_=start, to=start + limit * width, step=step)["points"]
        assert_bad(ask(golden, SERIES, from_=start, to=start + (limit + 1) * width, step=step))


# Refusals


@pytest.mark.parametrize(
    "query",
    [
        {"from_": END, "to": START},
        {"from_": START, "to": START},
        {"from_": "now", "to": "now-1h"},
        {"from_": "now+1h", "to": "now"},
        {"from_": "yesterday"},
        {"from_": ""},
        {"from_": "2026-13-01"},
        {"from_": "2026-06-31"},
        {"from_": "2026-06-15T25:00Z"},
        {"from_": "now-"},
        {"from_": "now-8"},
        {"from_": "now-8y"},
        {"from_": "now--8h"},
        {"from_": "now-99999999999999999999d"},
        {"from_": "NaN"},
        {"from_": "1e999"},
        {"from_": "99999999999999999999999"},
        {"from_": START, "to": "tomorrow"},
        {"from_": "now-٣h"},
        {"from_": "0x1p40"},
        # Steps that any arithmetic would overflow with, and more numbers than anybody should be sent.
        {"step": "106751991167d"},
        {"step": "2562047788015h"},
        {"step": "36526d"},
        {"from_": START - 40_000 * MINUTE, "to": START, "step": "1m", "metric": MANY},
        {"range": "1h", "from_": START},
        {"range": "1h", "to": END},
        {"range": "all", "from_": START, "to": END},
        *(
            {"from_": START, "to": END, "step": step}
            for step in (
                "",
                "0",
                "0m",
                "-5m",
                "30s",
                "1000",
                "90000",
                "1.5m",
                "1y",
                "m",
                "h1",
                "5 m",
                "5mm",
                "99999999999999999999h",
                "NaN",
                "weekly",
            )
        ),
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(golden: Server, query: dict[str, Any]) -> None:
    assert_bad(ask(golden, SERIES, **query))
    # As CSV too: there is no table of an error.
    assert_bad(ask(golden, SERIES, **query, headers={"Accept": "text/csv"}))


def test_what_is_asked_for_twice_is_answered_in_one_way_only(golden: Server) -> None:
    """Whichever counts, it must be one of both and never a mixture or a crash."""
    one: Callable[..., Answer] = lambda start: series(golden, from_=start, to=END, step="5m")  # noqa: E731
    twice = golden.get(f"{SERIES}?from={START}&from={START + HOUR}&to={END}&step=5m", headers=golden.bearer)
    assert twice.status_code == 400 or twice.json() in (one(START), one(START + HOUR))
