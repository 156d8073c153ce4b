#!/usr/bin/env python3
"""Measures a server with years of history against the figures it should keep to.

Fills a store (see fill_history.py), starts the binary on copies of it, and prints what was measured beside the
targets. Takes about three minutes; --slow adds eleven, in which ten flushes come at their true pace. Wants a
machine with nothing else to do. Exits with 0 when everything could be measured, whatever came out.

Needs the tests' Python environment: .venv/bin/python Benchmarks/measure_history.py
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

from figures import Figure, as_json, file_system, table, this_machine
from exposition import total
from fill_history import fill, moment
from history_rows import Extent
from measuring import (
    Bench, Poller, TimedConnection, bytes_written, files_of, gated, own_seconds, resident_parts,
    seconds_to_first_answer, settle_files, through_flushes,
)  # fmt: skip
from raw_http import request_bytes
from server import REPOSITORY, Server
from traffic import Clock, Traffic, visit_bytes

# Late in the evening, so that an hour's run in short comes past the end of an hour and of a day.
UNTIL = "2026-06-15T23:34:00Z"
STARTS = 5
ASKED = 50
FLUSHES = 10
FLUSHES_WRITTEN = 62

SERIES, GEO = "/api/metrics/series?range=all", "/api/metrics/geo?range=all"
SERIES_TARGET, GEO_TARGET, RESIDENT_TARGET, STALL_TARGET, WRITTEN_TARGET = 3, 5, 40, 5, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--binary", type=Path, default=REPOSITORY / ".build/release/signalbox", help="what is measured (%(default)s)"
    )
    parser.add_argument(
        "--work-dir", type=Path, default=REPOSITORY / ".build",
        help="where the stores lie meanwhile, on a disk; 300 MB (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--slow", action="store_true", help="ten flushes in real time as well, eleven minutes more")
    parser.add_argument(
        "--speed", type=int, default=60, help="how fast the server's clock runs meanwhile, 60 at most (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    if not 1 <= options.speed <= 60:
        parser.error("--speed is 1 to 60")
    if not os.access(options.binary, os.X_OK):
        parser.error(f"there is no {options.binary}: swift build -c release --product signalbox")
    # A server has a working directory of its own.
    options.work_dir = options.work_dir.resolve()
    options.work_dir.mkdir(parents=True, exist_ok=True)
    if file_system(options.work_dir) in ("tmpfs", "ramfs"):
        parser.error(f"{options.work_dir} is memory, where nothing is written to a disk; choose another --work-dir")

    # Told to stop, it still stops its servers and takes its files away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = this_machine(options.binary.resolve(), options.work_dir)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="history-", dir=options.work_dir) as directory:
        bench = Bench(options.binary.resolve(), Path(directory))
        for figure in measured(bench, options.speed, options.slow):
            found.append(figure)
            say(f"  {figure.name}: {figure.measured:.4g} {figure.unit} {figure.verdict}")
    print(as_json(found, machine) if options.json else table(found, machine))


def measured(bench: Bench, speed: int, slow: bool) -> Iterator[Figure]:
    yield from filled(bench)
    say(f"{STARTS} starts")
    yield from starts(bench)
    say("answers")
    yield from answers(bench)
    say(f"{2 * FLUSHES} flushes at {speed} times their pace")
    yield from stalls(bench, speed)
    say(f"{FLUSHES_WRITTEN} flushes at that pace, and what they write")
    yield from written(bench, speed)
    if slow:
        say(f"{FLUSHES} flushes in real time")
        yield from real_time(bench)


def filled(bench: Bench) -> Iterator[Figure]:
    say("filling a store")
    with bench.server(UNTIL, on=bench.filled) as server:
        server.start()
    began = time.monotonic()
    extent = Extent(moment(UNTIL))
    tally = fill(bench.filled / "signalbox.sqlite", extent)
    seconds = time.monotonic() - began
    rows = f"{sum(tally.rows.values()):,} rows, {tally.rows['days']:,} of them days"
    yield Figure("fill the store", seconds, "s", 60, rows)
    with bench.server(UNTIL, on=bench.filled) as server:
        server.start()
        visits = server.get(GEO, headers=server.bearer).json()["total_visits"]
        messages = server.metrics()["messages_relayed_total"]
    if visits < sum(tally.visits.values()) or messages < tally.counted["messages"]:
        raise RuntimeError(f"the server doesn't know the filled history: {visits} visits, {messages} messages")
    size = sum(files_of(bench.filled).values()) / 1024**2
    yield Figure("database", size, "MB", 150, "all files of DATA_DIR")


def starts(bench: Bench) -> Iterator[Figure]:
    seconds, resident, first = [], [], {SERIES: [], GEO: []}
    for number in range(STARTS):
        with bench.server(UNTIL) as server:
            seconds.append(seconds_to_first_answer(server))
            time.sleep(2)
            resident.append(resident_parts(server))
            # Whichever comes first finds colder caches.
            for path in (SERIES, GEO) if number % 2 == 0 else (GEO, SERIES):
                with TimedConnection(server.port) as connection:
                    first[path].append(connection.request(gated(server, path))[0] * 1_000)
    yield Figure("start to first 200", statistics.median(seconds), "s", 0.15, spread_of(seconds, "s"))
    yield resident_figure("resident, idle after the start", resident)
    yield Figure("series?range=all, first of a process", statistics.median(first[SERIES]), "ms", SERIES_TARGET,
                 spread_of(first[SERIES], "ms"))  # fmt: skip
    yield Figure("geo?range=all, first of a process", statistics.median(first[GEO]), "ms", GEO_TARGET,
                 spread_of(first[GEO], "ms"))  # fmt: skip


def answers(bench: Bench) -> Iterator[Figure]:
    with bench.server(UNTIL) as server:
        server.start()
        with TimedConnection(server.port) as connection:
            for name, path, target in (("series", SERIES, SERIES_TARGET), ("geo", GEO, GEO_TARGET)):
                yield asked(server, connection, f"{name}?range=all, median of {ASKED}", path, target)
            # A visit makes every earlier answer of geo out of date.
            name = f"geo?range=all, median of {ASKED}, a visit before each"
            yield asked(server, connection, name, GEO, GEO_TARGET, before=visit_bytes("DE", 1))
        yield resident_figure("resident, after these answers", [resident_parts(server)], target=None)


def asked(
    server: Server, connection: TimedConnection, name: str, path: str, target: float, before: bytes | None = None
) -> Figure:
    """Asks many times over one connection."""
    taken: list[float] = []
    request = gated(server, path)
    size = 0

    def ask() -> None:
        nonlocal size
        for _ in range(ASKED):
            if before is not None:
                connection.request(before)
            seconds, body = connection.request(request)
            taken.append(seconds * 1_000)
            size = len(body)

    own = own_seconds(server, connection, ask) * 1_000
    note = f"worst {max(taken):.2f} ms; by the server's own count {own:.2f} ms on average; {size:,} bytes"
    return Figure(name, statistics.median(taken), "ms", target, note)


def stalls(bench: Bench, speed: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        server = stack.enter_context(bench.server(f"{UNTIL}*{speed}"))
        server.start()
        clock = Clock(server, speed)
        traffic = stack.enter_context(closing(Traffic(server, clock)))
        poller = stack.enter_context(closing(Poller(server)))
        through_flushes(clock, traffic, 2)  # warm up
        without_collector(lambda: through_flushes(clock, traffic, FLUSHES, poller=poller))
        yield stall_figure("longest stall of /api/health", poller)
        time.sleep(0.5)
        yield resident_figure("resident, after the flushes", [resident_parts(server)])

        # The first question after a flush can't be answered from an earlier answer.
        series, geo = [], []
        connection = stack.enter_context(TimedConnection(server.port))

        def ask() -> None:
            series.append(connection.request(gated(server, SERIES))[0] * 1_000)
            geo.append(connection.request(gated(server, GEO))[0] * 1_000)

        without_collector(lambda: through_flushes(clock, traffic, FLUSHES, after_flush=ask))
        yield Figure("series?range=all, first after a flush", statistics.median(series), "ms", SERIES_TARGET,
                     spread_of(series, "ms"))  # fmt: skip
        yield Figure("geo?range=all, first after a flush", statistics.median(geo), "ms", GEO_TARGET,
                     spread_of(geo, "ms"))  # fmt: skip


def written(bench: Bench, speed: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        server = stack.enter_context(bench.server(f"{UNTIL}*{speed}"))
        server.start()
        clock = Clock(server, speed)
        traffic = stack.enter_context(closing(Traffic(server, clock)))

        def sync() -> None:
            settle_files(server.data_dir)

        through_flushes(clock, traffic, 2, after_flush=sync)  # warm up
        before, files, done = bytes_written(server), files_of(server.data_dir), flushes_done(server)
        through_flushes(clock, traffic, FLUSHES_WRITTEN, after_flush=sync)
        yield written_figure(server, before, files, done, FLUSHES_WRITTEN)
        yield resident_figure("resident, after these flushes", [resident_parts(server)])


def real_time(bench: Bench) -> Iterator[Figure]:
    clock_setting = UNTIL.replace("T23:34:00", "T23:54:40")
    with ExitStack() as stack:
        server = stack.enter_context(bench.server(clock_setting))
        server.start()
        clock = Clock(server, 1)
        traffic = stack.enter_context(closing(Traffic(server, clock)))
        poller = stack.enter_context(closing(Poller(server)))
        # From just after a flush to just after a flush.
        time.sleep(max(0.0, clock.next_minute() + 2 - time.monotonic()))
        before, files, done = bytes_written(server), files_of(server.data_dir), flushes_done(server)
        without_collector(lambda: through_flushes(clock, traffic, FLUSHES, poller=poller))
        yield stall_figure("longest stall of /api/health, real time", poller)
        yield written_figure(server, before, files, done, FLUSHES, ", real time")
        yield resident_figure("resident, after these flushes, real time", [resident_parts(server)])


def flushes_done(server: Server) -> int:
    return int(total(server.exposition(), "signalbox_store_flushes_total", outcome="ok"))


def written_figure(
    server: Server, before: int, files: dict[str, int], done: int, flushes: int, more: str = ""
) -> Figure:
    counted = flushes_done(server) - done
    if counted != flushes:
        raise RuntimeError(f"{counted} flushes were counted where {flushes} should have been")
    bytes_each = (bytes_written(server) - before) / flushes
    grown = {name: size - files.get(name, 0) for name, size in files_of(server.data_dir).items()}
    growth = ", ".join(f"{name} {size / flushes / 1024:+.1f} KB" for name, size in grown.items() if size)
    if bytes_each == 0:
        raise RuntimeError("the kernel counts no writing on this file system; choose another --work-dir")
    return Figure(f"written a minute, mean of {flushes}{more}", bytes_each / 1024, "KB", WRITTEN_TARGET,
                  f"files grow by {growth or 'nothing'} a minute")  # fmt: skip


def stall_figure(name: str, poller: Poller) -> Figure:
    near, between = sorted(poller.near), sorted(poller.between)
    note = (
        f"{len(near) + len(between):,} polls; median {statistics.median(near + between) * 1_000:.2f} ms; "
        f"worst near a flush {near[-1] * 1_000:.2f} ms, elsewhere {between[-1] * 1_000:.2f} ms; "
        f"a sleep here ended {poller.overslept * 1_000:.2f} ms late at worst"
    )
    return Figure(name, max(near[-1], between[-1]) * 1_000, "ms", STALL_TARGET, note)


def resident_figure(name: str, parts: list[dict[str, float]], target: float | None = RESIDENT_TARGET) -> Figure:
    middle = sorted(parts, key=lambda one: one["VmRSS"])[len(parts) // 2]
    note = f"its own {middle['RssAnon']:.1f} MB, of files {middle['RssFile'] + middle['RssShmem']:.1f} MB"
    return Figure(name, middle["VmRSS"], "MB", target, note)


def spread_of(values: list[float], unit: str) -> str:
    return f"median of {len(values)}, {min(values):.3g} to {max(values):.3g} {unit}"


def without_collector(work: Callable[[], None]) -> None:
    """Python's own pauses would look like the server's."""
    gc.collect()
    gc.disable()
    try:
        work()
    finally:
        gc.enable()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, AssertionError, OSError, sqlite3.Error) as problem:
        sys.exit(f"could not measure: {problem}")
