"""Days begin at midnight where the operator lives, however long they are."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import ServerFactory
from golden import DAY, HOUR
from series_client import SERIES, ask, assert_bad, ms, series, sixty_times, table, total
from server import OPEN_LIMITS, Server, eventually, free_port
from store_copy import rows, store_file
from test_commands import run
from wire import new_room, post_well

# A zone, instants at which something is counted, and the days they must fall on: the start of each in UTC.
# Berlin goes to winter time on 2026-10-25 at 01:00Z and to summer time on 2026-03-29 at 01:00Z; in Santiago the
# day of 2026-09-06 has no midnight: at 04:00Z it is one o'clock.
CASES: dict[str, tuple[str, list[str], dict[str, tuple[str, int]]]] = {
    "a day of 25 hours": (
        "Europe/Berlin",
        [
            "2026-10-24T21:50:30Z",
            "2026-10-24T22:00:30Z",
            "2026-10-25T00:30:30Z",
            "2026-10-25T01:30:30Z",
            "2026-10-25T22:50:30Z",
            "2026-10-25T23:00:30Z",
            "2026-10-26T22:50:30Z",
            "2026-10-26T23:00:30Z",
        ],
        {
            "2026-10-24": ("2026-10-23T22:00Z", 1),
            "2026-10-25": ("2026-10-24T22:00Z", 4),
            "2026-10-26": ("2026-10-25T23:00Z", 2),
            "2026-10-27": ("2026-10-26T23:00Z", 1),
        },
    ),
    "a day of 23 hours": (
        "Europe/Berlin",
        [
            "2026-03-28T22:50:30Z",
            "2026-03-28T23:00:30Z",
            "2026-03-29T00:30:30Z",
            "2026-03-29T01:30:30Z",
            "2026-03-29T21:50:30Z",
            "2026-03-29T22:00:30Z",
            "2026-03-30T21:50:30Z",
            "2026-03-30T22:00:30Z",
        ],
        {
            "2026-03-28": ("2026-03-27T23:00Z", 1),
            "2026-03-29": ("2026-03-28T23:00Z", 4),
            "2026-03-30": ("2026-03-29T22:00Z", 2),
            "2026-03-31": ("2026-03-30T22:00Z", 1),
        },
    ),
    "half-hour offset": (
        "Asia/Kolkata",
        [
            "2026-06-14T18:28:30Z",
            "2026-06-14T18:30:30Z",
            "2026-06-15T00:10:30Z",
            "2026-06-15T18:28:30Z",
            "2026-06-15T18:30:30Z",
        ],
        {
            "2026-06-14": ("2026-06-13T18:30Z", 1),
            "2026-06-15": ("2026-06-14T18:30Z", 3),
            "2026-06-16": ("2026-06-15T18:30Z", 1),
        },
    ),
    "a day without a midnight": (
        "America/Santiago",
        ["2026-09-06T03:50:30Z", "2026-09-06T04:00:30Z", "2026-09-07T02:50:30Z", "2026-09-07T03:00:30Z"],
        {
            "2026-09-05": ("2026-09-05T04:00Z", 1),
            "2026-09-06": ("2026-09-06T04:00Z", 2),
            "2026-09-07": ("2026-09-07T03:00Z", 1),
        },
    ),
    "UTC": (
        "UTC",
        ["2026-06-14T23:50:30Z", "2026-06-15T00:00:30Z", "2026-06-15T23:50:30Z", "2026-06-16T00:00:30Z"],
        {
            "2026-06-14": ("2026-06-14T00:00Z", 1),
            "2026-06-15": ("2026-06-15T00:00Z", 2),
            "2026-06-16": ("2026-06-16T00:00Z", 1),
        },
    ),
}


def count_at(server: Server, instants: list[str]) -> None:
    """Posts one message at each instant; the clock leaps to it while the server is down."""
    room = new_room()
    for number, instant in enumerate(instants):
        server.restart(**sixty_times(instant))
        before = total(series(server, from_="2026-01-01", step="1d")["points"])
        post_well(server, room)
        # The instant is far enough from the next midnight for a minute to be over before it.
        eventually(
            lambda before=before: total(series(server, from_="2026-01-01", step="1d")["points"]) == before + 1,
            f"message {number} written",
        )


def day_rows(server: Server, zone: str) -> list[tuple[Any, ...]]:
    return rows(store_file(server), "SELECT day, t, messages FROM days WHERE zone = ? ORDER BY t", zone)


@pytest.mark.parametrize("case", CASES)
def test_days_are_those_of_the_zone(start_server: ServerFactory, case: str) -> None:
    zone, instants, expected = CASES[case]
    server = start_server(started=False, **OPEN_LIMITS | {"STATS_TZ": zone})
    count_at(server, instants)
    days = {day: (ms(start), count) for day, (start, count) in expected.items()}

    found = series(server, from_=min(days.values())[0], to="now", step="day")
    assert {(point["t"], point["messages"]) for point in found["points"]} == set(days.values())
    assert found["source"] == "daily"
    csv = table(ask(server, SERIES, from_=min(days.values())[0], to="now", step="day", format="csv"))
    assert [(int(row["t"]), int(row["messages"])) for row in csv] == [(p["t"], p["messages"]) for p in found["points"]]

    # People who open the store find their days there, and those of UTC.
    assert [(day, t, count) for day, t, count in day_rows(server, zone)] == [
        (day, *of_day) for day, of_day in days.items()
    ]
    utc = {ms(instant) // DAY * DAY for instant in instants}
    assert {t for _, t, _ in day_rows(server, "UTC")} == utc
    assert sum(count for _, _, count in day_rows(server, "UTC")) == len(instants)


def test_the_days_lengths_are_as_the_clocks_go() -> None:
    """A test of the table above."""
    lengths = {}
    for case, (_, _, days) in CASES.items():
        starts = [ms(start) for start, _ in days.values()]
        lengths[case] = [(after - start) // HOUR for start, after in zip(starts, starts[1:], strict=False)]
    assert lengths == {
        "a day of 25 hours": [24, 25, 24],
        "a day of 23 hours": [24, 23, 24],
        "half-hour offset": [24, 24],
        "a day without a midnight": [24, 23],
        "UTC": [24, 24],
    }


def test_days_of_the_zone_do_not_move_the_buckets_of_utc(start_server: ServerFactory) -> None:
    server = start_server(started=False, **OPEN_LIMITS | {"STATS_TZ": "Asia/Kolkata"})
    count_at(server, ["2026-06-14T18:20:30Z", "2026-06-14T18:50:30Z"])
    points = series(server, from_="2026-06-14", to="2026-06-16", step="1d")["points"]
    assert [(point["t"], point["messages"]) for point in points] == [(ms("2026-06-14T00:00Z"), 2)]
    points = series(server, from_="2026-06-13T18:30Z", to="2026-06-15T18:30Z", step="day")["points"]
    assert [(point["t"], point["messages"]) for point in points] == [
        (ms("2026-06-13T18:30Z"), 1),
        (ms("2026-06-14T18:30Z"), 1),
    ]


def test_a_window_of_days_holds_its_start_and_not_its_end(start_server: ServerFactory) -> None:
    server = start_server(started=False, **OPEN_LIMITS | {"STATS_TZ": "Europe/Berlin"})
    count_at(server, ["2026-10-24T12:00:30Z", "2026-10-25T12:00:30Z", "2026-10-26T12:00:30Z"])
    starts = [ms("2026-10-23T22:00Z"), ms("2026-10-24T22:00Z"), ms("2026-10-25T23:00Z")]

    def found(start: int, end: int) -> list[int]:
        return [point["t"] for point in series(server, from_=start, to=end, step="day")["points"]]

    assert found(starts[1], starts[2]) == [starts[1]]
    assert found(starts[0], starts[2]) == starts[:2]
    assert found(starts[0], starts[2] + 1) == starts
    # One that starts within a day has the whole of it.
    assert found(starts[1] + 5 * HOUR, starts[2]) == [starts[1]]


@pytest.mark.parametrize("zone", ["Europe/Bärlin", "Nowhere", "+25:00", "../../etc/passwd", "europe berlin"])
def test_a_zone_that_does_not_exist_stops_the_start(tmp_path: Any, zone: str) -> None:
    result = run("serve", directory=tmp_path, PORT=str(free_port()), STATS_TZ=zone)
    assert result.returncode not in (0, -6, -4, -5, -11), "a crash is no sentence"
    assert "STATS_TZ" in result.stderr + result.stdout


def test_a_calendar_step_goes_with_nothing_else(shared_server: Server) -> None:
    assert_bad(ask(shared_server, SERIES, from_="2026-01-01", to="2026-02-01", step="days"))
    assert_bad(ask(shared_server, SERIES, from_="2026-01-01", to="2026-02-01", step="2day"))
