"""Two runs that differ only in words leave the same numbers, byte for byte.

Same events, lengths and clock; other texts, keys, handles, room names and client addresses. What is a time, or
hangs on one, is left out: ms within a minute, durations, memory.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

import agent
from conftest import ServerFactory
from series_client import GEO, SERIES, ask
from server import BINARY, OPEN_LIMITS, Server
from shape import Performance, Step, change, plan
from store_copy import reading, rows, store_file

EVENTS_AT, READING_AT = "2026-06-15T12:34:10Z", "2026-06-15T12:40:05Z"
SETTINGS = OPEN_LIMITS | {
    "CLOCK": EVENTS_AT, "TRUST_CLOUDFLARE": "1", "STREAM_CAP_PER_IP": "6", "STATS_TZ": "Asia/Kolkata",
}  # fmt: skip
# The server takes a first sample 5 s after its start. A run that isn't through by then has a sample more than one
# that is.
QUICK = 4.5
RANGES = ("all", "1month", "1week", "1day", "8h", "1h")
# Memory, room on the disk and durations are no counts of events.
LEFT_OUT = (
    "resident_bytes", "store_size_bytes", "request_p50_us", "request_p95_us", "request_p99_us", "delivery_p99_us"
)  # fmt: skip
# Durations; the number of the last message, which begins with the time; how soon a closed connection is noticed.
TIMINGS = re.compile(
    r"process_|highest_sequence_number|signalbox_(store_size|open_connections|delivery_lag"
    r"|http_request_duration_seconds_(bucket|sum)|scrape_duration_seconds_(bucket|sum))"
)
HISTORY = ("minutes", "hours", "days", "country_minutes", "country_hours")

Footprint = dict[str, bytes]
Run = Callable[[list[Step]], tuple[Footprint, Server]]


@pytest.fixture
def run(start_server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Has a plan performed by a server of its own, and returns what is left of it."""

    def performed(steps: list[Step]) -> tuple[Footprint, Server]:
        for _ in range(5):
            server = start_server(**SETTINGS)
            began = time.monotonic()
            start = round(datetime.fromisoformat(EVENTS_AT).timestamp() * 1000)
            # What is signed has the server's time in it.
            monkeypatch.setattr(agent, "now_ms", lambda: start + int((time.monotonic() - began) * 1000))
            performance = Performance(server)
            performance.play(steps)
            footprint = live(server)
            performance.end()
            server.stop()
            if time.monotonic() - began < QUICK:
                return footprint | afterwards(server), server
        raise AssertionError(f"a run never took less than {QUICK:g} s")

    return performed


# Footprints


def live(server: Server) -> Footprint:
    """What is shown of counts that no flush has written yet."""
    lines = (line for line in server.exposition().splitlines() if not TIMINGS.match(line))
    return {
        "exposition": "\n".join(lines).encode(),
        "countries, live": whole_minutes(ask(server, GEO, range="all").content),
    }


def afterwards(server: Server) -> Footprint:
    """What the next start of the server shows, and what is in the file at the end."""
    server.restart(CLOCK=READING_AT)
    found = {f"{path} {query}": whole_minutes(read(server, path, query)) for path, query in questions(server)}
    server.stop()
    return found | {f"table {table}": content for table, content in tables(server).items()}


def questions(server: Server) -> list[tuple[str, dict[str, str]]]:
    window = {"from": "2026-06-15T12:30:00Z", "to": "2026-06-15T12:40:00Z"}
    names = [name for name in metric_names() if name not in LEFT_OUT]
    asked = [(path, {"range": name}) for path in (SERIES, GEO) for name in RANGES]
    asked += [(SERIES, window | {"step": "1m", "metric": ",".join(names[at : at + 64])}) for at in range(0, len(names), 64)]
    asked += [(GEO, window), (SERIES, window | {"step": "day"})]
    return asked + [(path, query | {"format": "csv"}) for path, query in asked]


def metric_names() -> list[str]:
    """Every name that `metric` takes, as the program lists them."""
    page = subprocess.run([BINARY, "metrics"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^\| `(\w+)` \|", page.partition("## Columns of minutes")[2], re.MULTILINE)
    # The last cell of a counter's or gauge's line, where it has a name of its own.
    names += re.findall(r"^\| `signalbox_.*\| `(?!signalbox_)(\w+)` \|$", page, re.MULTILINE)
    assert len(set(names)) > 120
    return list(dict.fromkeys(names))


def read(server: Server, path: str, query: dict[str, str]) -> bytes:
    answer = ask(server, path, **query)
    assert answer.status_code == 200, (query, answer.text)
    return answer.content


def whole_minutes(content: bytes) -> bytes:
    """An answer with its Unix ms cut to minutes: when within one a sample was taken is no count."""
    cut = re.sub(rb"\b1[78]\d{11}\b", lambda time: b"%d" % (int(time[0]) // 60_000 * 60_000), content)
    return re.sub(rb"(T\d\d:\d\d):\d\d\.\d{3}Z", rb"\1Z", cut)


def tables(server: Server) -> Footprint:
    """Every row of history, and every total that is no duration."""
    found: Footprint = {}
    with reading(store_file(server)) as store:
        store.row_factory = sqlite3.Row
        for table in HISTORY:
            kept = [
                {name: row[name] for name in row.keys() if name not in LEFT_OUT}
                for row in store.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            ]
            assert kept, f"{table} is empty"
            found[table] = whole_minutes(repr(kept).encode())
    totals = rows(store_file(server), "SELECT series, value FROM totals ORDER BY series")
    return found | {"totals": repr([row for row in totals if not TIMINGS.match(row[0])]).encode()}


def differences(one: Footprint, other: Footprint) -> list[str]:
    """The places that differ, with where each begins to."""
    assert one.keys() == other.keys()
    found = []
    for place in one:
        if one[place] != other[place]:
            at = len(os.path.commonprefix([one[place], other[place]]))
            found.append(f"{place}: {one[place][max(0, at - 60) : at + 60]!r} and {other[place][max(0, at - 60) : at + 60]!r}")
    return found


# Tests


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_leave_nothing(run: Run, seed: int) -> None:
    (one, server), (other, another) = run(plan(seed)), run(plan(seed))
    assert not differences(one, other)
    # They did differ, in all that is public and kept.
    names = [set(rows(store_file(each), "SELECT handle, box_pub, sign_pub FROM identities")) for each in (server, another)]
    assert len(names[0]) == len(names[1]) > 0 and names[0].isdisjoint(names[1])


def test_one_event_or_byte_or_country_more_is_noticed(run: Run) -> None:
    steps = change(plan(4, steps=20), "visit", lambda step: [replace(step, who=0)])
    kept, _ = run(steps)
    for what, others, places in (
        ("an event more", change(steps, "read", lambda step: [step, step]), {"table minutes", "table totals"}),
        ("three bytes more", change(steps, "post", lambda step: [replace(step, length=step.length + 3)]), {"table days"}),
        ("another country", change(steps, "visit", lambda step: [replace(step, who=1)]), {"table country_hours"}),
    ):  # fmt: skip
        found, _ = run(others)
        noticed = differences(kept, found)
        assert places <= {line.partition(":")[0] for line in noticed}, what
        assert any(line.startswith(GEO if what == "another country" else SERIES) for line in noticed), what
