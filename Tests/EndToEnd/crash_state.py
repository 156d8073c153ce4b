"""What the store says, read as an operator would, and what must hold of it at any instant."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# The shortest there are, so that every few flushes something is pruned.
MINUTES_KEPT = 60
HOURS_KEPT = 24
RETENTION: dict[str, str | None] = {
    "METRICS_HISTORY_RETENTION_MINUTES": str(MINUTES_KEPT),
    "METRICS_HOURLY_HISTORY_MAX": str(HOURS_KEPT),
    "METRICS_GEO_MINUTE_RETENTION_MINUTES": "60",
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
}


@dataclass
class State:
    """One consistent reading of the store."""

    integrity: str
    uuid: str
    totals: dict[str, int]
    minutes: list[dict[str, Any]]
    hours: list[dict[str, Any]]
    days: list[dict[str, Any]]
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
        country_minutes=rows("SELECT * FROM country_minutes ORDER BY t, country"),
        country_hours=rows("SELECT * FROM country_hours ORDER BY t, country"),
        # Made after the metrics' tables: a first start may have been killed in between.
        handles={row["handle"] for row in rows("SELECT handle FROM identities")} if "identities" in tables else set(),
    )


def assert_sound(state: State) -> None:
    """Holds of every reading, whatever was going on: a flush is there whole or not at all."""
    assert state.integrity == "ok", state.integrity
    _assert_points_add_up(state)
    _assert_countries_add_up(state, "country_minutes", state.country_minutes)
    _assert_countries_add_up(state, "country_hours", state.country_hours)


def _assert_points_add_up(state: State) -> None:
    now = state.minutes[-1]["t"] if state.minutes else 0
    for column in SERIES_OF:
        # Days are kept for ever: together they are all that was ever counted.
        days = sum(day[column] for day in state.days)
        assert days == state.total(column), f"{column}: the days hold {days}, the totals {state.total(column)}"
        _assert_parts(column, state.hours, state.days, DAY, since=now - HOURS_KEPT * HOUR)
        _assert_parts(column, state.minutes, state.hours, HOUR, since=now - MINUTES_KEPT * MINUTE)
    for rows in (state.minutes, state.hours, state.days):
        running = [row["messages_total"] for row in rows]
        assert running == sorted(running), running
        assert not rows or running[-1] == state.total("messages")
    if len(state.minutes) > SAMPLES_BEHIND:
        cutoff = state.minutes[-1 - SAMPLES_BEHIND]["t"]
        # The last flush pruned, in the same transaction.
        assert state.minutes[0]["t"] >= cutoff - MINUTES_KEPT * MINUTE, "minutes are not pruned"
        assert state.hours[0]["t"] >= cutoff - HOURS_KEPT * HOUR, "hours are not pruned"


def _assert_parts(
    column: str, parts: list[dict[str, Any]], wholes: list[dict[str, Any]], width: int, since: int
) -> None:
    """The finer points within a coarser one add up to it, from where on nothing can have been pruned."""
    for whole in wholes:
        start = whole["t"] // width * width
        if start >= since:
            summed = sum(part[column] for part in parts if start <= part["t"] < start + width)
            assert summed == whole[column], f"{column} from {start}: parts {summed}, whole {whole[column]}"


def _assert_countries_add_up(state: State, name: str, rows: list[dict[str, Any]]) -> None:
    """A country's running total moves by exactly its visits, from row to row, and ends at the series'."""
    last: dict[str, int] = {}
    for row in rows:
        country, visits, total = row["country"], row["visits"], row["total"]
        assert visits >= 0, row
        if country in last:
            assert total == last[country] + visits, f"{name}: {row} follows a total of {last[country]}"
        last[country] = total
    for country, total in last.items():
        counted = state.totals[f'signalbox_page_visits_total{{country="{country}"}}']
        assert total == counted, f"{name}: {country} ends at {total}, the totals hold {counted}"
