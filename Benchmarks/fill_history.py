#!/usr/bin/env python3
"""Fills a store with years of history, as a busy server would have left it.

The store must have been made by a server of this version (start it once and stop it), so that the tables are
the server's own. What it has of points and visits is replaced. The sums are right: minutes add up to hours and
hours to UTC days, visits by country add up to page visits, and totals are what the points add up to.

An interrupted fill leaves a useless file. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import fcntl
import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from history_rows import MINUTE, Columns, Extent, Filler, Tally
from history_shape import SERIES

FIXED = ["t", "last_t", "samples", "messages_total", "rooms_total", "bugs_total"]
FIXED_OF = {"minutes": FIXED, "hours": FIXED, "days": ["zone", "t", "day", *FIXED[1:]]}
COUNTRY_COLUMNS = ["t", "country", "visits", "total"]


def fill(path: Path, extent: Extent, *, quiet: bool = True) -> Tally:
    """Fills the store at `path`, which no server may be using; returns what was written."""
    with open(path.parent / "signalbox.lock", "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"{path} is in use by a server; stop it first.") from None
        connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)
        try:
            return _fill(connection, extent, quiet)
        finally:
            connection.close()


def _fill(connection: sqlite3.Connection, extent: Extent, quiet: bool) -> Tally:
    tables = {
        table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for table in (*FIXED_OF, "country_minutes", "country_hours", "series", "series_totals")
    }
    if missing := [table for table, columns in tables.items() if not columns]:
        raise SystemExit(f"not a store of this version: it has no {', '.join(missing)}")
    columns = Columns([name for name in tables["minutes"] if name not in FIXED])

    # A writing of its own for every page would take minutes; if this is interrupted, the file is lost anyway.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -65536")
    inserts = {table: _insert(table, [*fixed, *columns.names]) for table, fixed in FIXED_OF.items()}
    inserts |= {table: _insert(table, COUNTRY_COLUMNS) for table in ("country_minutes", "country_hours")}

    connection.execute("BEGIN")
    for table in inserts:
        connection.execute(f"DELETE FROM {table}")
    filler = Filler(extent, columns)
    progress = Progress(quiet)
    for share, rows in filler.days():
        for table, made in rows.items():
            connection.executemany(inserts[table], made)
        progress.show(share)
    _raise_totals(connection, filler.tally, extent)
    connection.execute(
        "UPDATE meta SET value = ? WHERE name = 'first_boot_at'",
        [datetime.fromtimestamp(filler.first_hour / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")],
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    progress.end(filler.tally)
    return filler.tally


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _raise_totals(connection: sqlite3.Connection, tally: Tally, extent: Extent) -> None:
    totals: dict[str, int] = {}
    for column, names in SERIES.items():
        for name in names:
            totals[f"signalbox_{name}"] = tally.counted.get(column, 0)
    for country, visits in tally.visits.items():
        totals[f'signalbox_page_visits_total{{country="{country}"}}'] = visits
    local, unknown = (tally.visits.get(code, 0) for code in ("LOCAL", "XX"))
    others = sum(tally.visits.values()) - local - unknown
    for source, visits in (("local", local), ("unknown", unknown), ("cloudflare", others)):
        totals[f'signalbox_country_lookups_total{{source="{source}"}}'] = visits
    totals["peak_concurrent_rooms"] = tally.highest.get("peak_rooms", 0)
    totals["peak_concurrent_subscribers"] = tally.highest.get("peak_subs", 0)
    totals["highest_sequence_number"] = extent.until

    connection.executemany("INSERT OR IGNORE INTO series (name) VALUES (?)", [(name,) for name in totals])
    connection.executemany(
        "INSERT INTO series_totals (id, value) SELECT id, :value FROM series WHERE name = :name"
        " ON CONFLICT (id) DO UPDATE SET value = max(value, excluded.value)",
        [{"name": name, "value": value} for name, value in totals.items()],
    )


class Progress:
    """One line that is written anew, on a terminal; nothing elsewhere but the last one."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._start = quiet, time.monotonic()
        self._is_terminal = sys.stderr.isatty()

    def show(self, share: float) -> None:
        if not self._quiet and self._is_terminal:
            print(f"\rfilling: {share:4.0%}", end="", file=sys.stderr, flush=True)

    def end(self, tally: Tally) -> None:
        if self._quiet:
            return
        rows = ", ".join(f"{count:,} {table}" for table, count in tally.rows.items())
        clear = "\r" if self._is_terminal else ""
        print(f"{clear}filled in {time.monotonic() - self._start:.1f} s: {rows}", file=sys.stderr)


def moment(text: str) -> int:
    """ISO 8601 as Unix ms."""
    time_there = datetime.fromisoformat(text)
    return int((time_there if time_there.tzinfo else time_there.replace(tzinfo=UTC)).timestamp() * 1_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="signalbox.sqlite in the DATA_DIR of a server that has stopped")
    parser.add_argument("--until", type=moment, metavar="TIME", help="end of the last minute, ISO 8601 (now)")
    parser.add_argument("--minutes", type=int, default=Extent.minutes, help="minute points (%(default)s)")
    parser.add_argument("--hours", type=int, default=Extent.hours, help="hour points (%(default)s)")
    parser.add_argument("--countries", type=int, default=Extent.countries, help="countries (%(default)s)")
    parser.add_argument(
        "--countries-an-hour", type=int, default=Extent.countries_an_hour, help="of them an hour (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=Extent.seed, help="another one, another history (%(default)s)")
    parser.add_argument("--quiet", action="store_true", help="say nothing")
    options = parser.parse_args()
    if not options.store.is_file():
        parser.error(f"there is no {options.store}: start a server with that DATA_DIR and stop it")
    until = (options.until or int(time.time() * 1_000)) // MINUTE * MINUTE
    extent = Extent(
        until, options.minutes, options.hours, countries=options.countries,
        countries_an_hour=options.countries_an_hour, seed=options.seed,
    )  # fmt: skip
    fill(options.store, extent, quiet=options.quiet)


if __name__ == "__main__":
    main()
