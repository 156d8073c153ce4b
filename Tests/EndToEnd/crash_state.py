"""What the store says, read as an operator would, and what must hold of it at any instant."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# The shortest there are, so that every few flushes something is pruned. Countries by hour stay: they are the
# answer of all visits ever.
MINUTES_KEPT = 60
HOURS_KEPT = 24
# Its days begin at 18:30 UTC: no sums of hours.
ZONE = "Asia/Kolkata"
RETENTION: dict[str, str | None] = {
    "METRICS_HISTORY_RETENTION_MINUTES": str(MINUTES_KEPT),
    "METRICS_HOURLY_HISTORY_MAX": str(HOURS_KEPT),
    "METRICS_GEO_MINUTE_RETENTION_MINUTES": str(MINUTES_KEPT),
    "STATS_TZ": ZONE,
}
# A clock that ran ahead must not cost history: pruning goes by the time of the newest sample but so many.
SAMPLES_BEHIND = 59

# A column of the points, and the series whose counts it holds.
SERIES_OF = {
    "messages": ("signalbox_messages_total{%",),
    "http_posts": ('signalbox_messages_total{via="http"}',),
    "bytes": ("signalbox_message_bytes_total", "signalbox_direct_message_bytes_total"),
    "rooms": ("signalbox_rooms_created_total",),
    "http_2xx": ('signalbox_http_requests_total{%class="2xx"%}',),
    "http_4xx": ('signalbox_http_requests_total{%class="4xx"%}',),
    "ws_connects": ('signalbox_connects_total{transport="ws"}',),
    "sse_connects": ('signalbox_connects_total{transport="sse"}',),
    "longpoll_waits": ('signalbox_connects_total{transport="poll"}',),
    "longpoll_timeouts": ('signalbox_waits_ended_total{end="timeout"}',),
    "deliveries_ws": ('signalbox_deliveries_total{transport="ws"}',),
    "identities_registered": ("signalbox_identities_registered_total",),
    "page_visits": ("signalbox_country_lookups_total{%",),
    "process_starts": ("signalbox_process_starts_total",),
}

# Quantiles of a minute; of a longer time that of its worst minute.
QUANTILES = ("request_p50_us", "request_p95_us", "request_p99_us", "delivery_p99_us")


@dataclass
class State:
    """One consistent reading of the store."""

    integrity: str
    uuid: str
    totals: dict[str, int]
    minutes: list[dict[str, Any]]
    hours: list[dict[str, Any]]
    days: list[dict[str, Any]]
    # Days of STATS_TZ.
    local_days: list[dict[str, Any]]
    country_minutes: list[dict[str, Any]]
    country_hours: list[dict[str, Any]]
    handles: set[str] = field(default_factory=set)

    def total(self, column: str) -> int:
        """What the series of a column add up to."""
        return sum(
            value for name, value in self.totals.items() if any(_like(name, what) for what in SERIES_OF[column])
        )


def _like(name: str, pattern: str) -> bool:
    parts = pattern.split("%")
    if not (name.startswith(parts[0]) and name.endswith(parts[-1])):
        return False
    return all(part in name for part in parts)


def at_rest(store: Path, scratch: Path) -> State | None:
    """Reads the store of a process that is dead; None when it had not got as far as naming it."""
    with _copy_at_rest(store, scratch) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            return None
        return _read(database)


@contextmanager
def _copy_at_rest(store: Path, scratch: Path) -> Iterator[sqlite3.Connection]:
    """A copy: a look must not do what the next start has to."""
    copy = scratch / "at-rest.sqlite"
    for suffix in ("", "-wal", "-journal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    # Not the -shm: it is an index of the WAL that a crash may leave stale, and any opener makes it anew.
    for suffix in ("", "-wal", "-journal"):
        if Path(f"{store}{suffix}").exists():
            shutil.copyfile(f"{store}{suffix}", f"{copy}{suffix}")
    with closing(sqlite3.connect(copy)) as database:
        yield database


def alive(store: Path) -> State:
    """Reads the store of a running server, without being able to change it."""
    with (
        closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as live,
        closing(sqlite3.connect(":memory:")) as copy,
    ):
        live.backup(copy)
        return _read(copy)


def _read(database: sqlite3.Connection) -> State:
    database.row_factory = sqlite3.Row

    def rows(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in database.execute(query)]

    integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    tables = {row["name"] for row in rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return State(
        integrity=integrity,
        uuid=database.execute("SELECT value FROM meta WHERE name = 'uuid'").fetchone()[0],
        totals=dict(database.execute("SELECT series, value FROM totals").fetchall()),
        minutes=rows("SELECT * FROM minutes ORDER BY t"),
        hours=rows("SELECT * FROM hours ORDER BY t"),
        days=rows("SELECT * FROM days WHERE zone = 'UTC' ORDER BY t"),
        local_days=rows(f"SELECT * FROM days WHERE zone = '{ZONE}' ORDER BY t"),
        country_minutes=rows("SELECT * FROM country_minutes ORDER BY t, country"),
        country_hours=rows("SELECT * FROM country_hours ORDER BY t, country"),
        # Made after the metrics' tables: a first start may have been killed in between.
        handles={row["handle"] for row in rows("SELECT handle FROM identities")} if "identities" in tables else set(),
    )


def assert_sound(state: State) -> None:
    """Holds of every reading, whatever was going on: a flush is there whole or not at all."""
    assert state.integrity == "ok", state.integrity
    _assert_points_add_up(state)
    _assert_countries_add_up(state)
    _assert_pruned(state)


def _agreed(state: State) -> int | None:
    """The time that pruning goes by; None when there were too few flushes for any."""
    return state.minutes[-1 - SAMPLES_BEHIND]["t"] if len(state.minutes) > SAMPLES_BEHIND else None


def _assert_points_add_up(state: State) -> None:
    agreed = _agreed(state)
    for column in SERIES_OF:
        # Days are kept for ever: together they are all that was ever counted.
        for what, rows in (("days", state.days), ("local days", state.local_days)):
            summed = sum(day[column] for day in rows)
            total = state.total(column)
            assert summed == total, f"{column}: the {what} hold {summed}, the totals hold {total}"
    for column in summed_columns(state.days):
        summed, local = (sum(day[column] for day in rows) for rows in (state.days, state.local_days))
        assert summed == local, f"{column}: the days hold {summed}, the local days hold {local}"
    # From where on nothing can have been pruned.
    _assert_parts(state.hours, state.days, DAY, -1 if agreed is None else agreed - HOURS_KEPT * HOUR)
    _assert_parts(state.minutes, state.hours, HOUR, -1 if agreed is None else agreed - MINUTES_KEPT * MINUTE)
    for rows in (state.minutes, state.hours, state.days, state.local_days):
        running = [row["messages_total"] for row in rows]
        assert running == sorted(running), running
        assert not rows or running[-1] == state.total("messages"), f"the last of {running} isn't what totals hold"
    for day in state.local_days:
        name = datetime.fromtimestamp(day["t"] / 1000, ZoneInfo(ZONE)).isoformat()
        assert name.startswith(f"{day['day']}T00:00:00"), f"{day['day']} begins at {name}"


def summed_columns(rows: list[dict[str, Any]]) -> list[str]:
    """Every column of counts: they stand before those of gauges, with the peaks among them."""
    names = list(rows[0]) if rows else []
    counts = names[names.index("messages") : names.index("active_rooms")] if names else []
    folded = [name for name in counts if not name.startswith("peak_") and name not in QUANTILES]
    return ["samples", *folded] if counts else []


def _assert_parts(
    parts: list[dict[str, Any]], wholes: list[dict[str, Any]], width: int, since: int
) -> None:
    """The finer points within a coarser one make it up: counts summed, peaks the highest, totals the last."""
    inside: dict[int, list[dict[str, Any]]] = {}
    for part in parts:
        inside.setdefault(part["t"] // width * width, []).append(part)
    kept = {whole["t"] // width * width: whole for whole in wholes if whole["t"] // width * width >= since}
    strays = [start for start in inside if start >= since and start not in kept]
    assert not strays, f"parts from {strays} on are in no whole"
    for start, whole in kept.items():
        found = inside.get(start, [])
        assert found, f"nothing but the whole holds {start}"
        for column in summed_columns(wholes):
            summed = sum(part[column] for part in found)
            assert summed == whole[column], f"{column} from {start}: parts {summed}, whole {whole[column]}"
        for column in ("peak_rooms", "peak_subs", *QUANTILES):
            highest = max(part[column] for part in found)
            assert highest == whole[column], f"{column} from {start}: parts {highest}, whole {whole[column]}"
        for column in ("messages_total", "rooms_total", "last_t"):
            last = found[-1][column]
            assert last == whole[column], f"{column} from {start}: parts end at {last}, whole {whole[column]}"


def _assert_pruned(state: State) -> None:
    """The last flush pruned, in the same transaction."""
    agreed = _agreed(state)
    if agreed is None:
        return
    # A hundredth too many may wait, so that several go at once.
    slack = MINUTES_KEPT * MINUTE // 100
    assert state.minutes[0]["t"] >= agreed - MINUTES_KEPT * MINUTE - slack, "minutes are not pruned"
    assert state.hours[0]["t"] >= agreed - HOURS_KEPT * HOUR, "hours are not pruned"


def _assert_countries_add_up(state: State) -> None:
    first: dict[str, int] = {}
    for row in state.country_hours:
        first.setdefault(row["country"], row["t"])
    _assert_running(state, "country_minutes", state.country_minutes)
    _assert_running(state, "country_hours", state.country_hours)
    # Countries by minute are pruned by the clock alone.
    since = state.minutes[-1]["t"] - MINUTES_KEPT * MINUTE if state.minutes else 0
    _assert_whole_rows("country_minutes", state.country_minutes, HOUR, first, since)
    _assert_whole_rows("country_hours", state.country_hours, DAY, first, since=0)
    # All hours are kept, so that they hold every visit there ever was.
    for country in _visited(state):
        summed = sum(row["visits"] for row in state.country_hours if row["country"] == country)
        counted = state.totals[_visits_of(country)]
        assert summed == counted, f"country_hours: visits of {country} are {summed}, the totals hold {counted}"
    hours, minutes = (
        _sums(row for row in rows if row["t"] // HOUR * HOUR >= since)
        for rows in (state.country_hours, state.country_minutes)
    )
    assert minutes == hours, f"country_minutes hold {minutes}, country_hours hold {hours}"


def _sums(rows: Iterable[dict[str, Any]]) -> Tally[tuple[str, int]]:
    """Visits by country and hour, without those of none."""
    sums: Tally[tuple[str, int]] = Tally()
    for row in rows:
        sums[row["country"], row["t"] // HOUR * HOUR] += row["visits"]
    return +sums


def _visits_of(country: str) -> str:
    return f'signalbox_page_visits_total{{country="{country}"}}'


def _visited(state: State) -> list[str]:
    prefix, suffix = _visits_of("|").split("|")
    names = [name for name, value in state.totals.items() if value and name.startswith(prefix)]
    return [name.removeprefix(prefix).removesuffix(suffix) for name in names]


def _assert_running(state: State, name: str, rows: list[dict[str, Any]]) -> None:
    """A country's running total moves by exactly its visits, from row to row, and ends at the series'."""
    last: dict[str, int] = {}
    for row in rows:
        country, visits, total = row["country"], row["visits"], row["total"]
        assert visits >= 0, row
        if country in last:
            assert total == last[country] + visits, f"{name}: {row} follows a total of {last[country]}"
        last[country] = total
    for country, total in last.items():
        counted = state.totals.get(_visits_of(country))
        assert total == counted, f"{name}: {country} ends at {total}, the totals hold {counted}"


def _assert_whole_rows(
    name: str, rows: list[dict[str, Any]], period: int, first: dict[str, int], since: int
) -> None:
    """The first time with visits in a period has a row for every country that had any before the period."""
    starts: dict[int, int] = {}
    for row in rows:
        starts.setdefault(row["t"] // period * period, row["t"])
    for start, t in starts.items():
        if start < since:
            continue  # its beginning may be pruned
        there = {row["country"] for row in rows if row["t"] == t}
        known = {country for country, since in first.items() if since < start}
        assert known <= there, f"{name}: {t} begins {start} and does not hold {known - there}"
