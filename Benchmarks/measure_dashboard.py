#!/usr/bin/env python3
"""Measures the dashboard's page with years of history: on the server, on the way, and in a browser.

Fills a store (see fill_history.py), starts the binary on copies of it, and prints what was measured beside the
targets. Takes about a minute. Wants a machine with nothing else to do, and Chromium. Exits with 0 when everything
could be measured, whatever came out.

Needs the tests' Python environment: .venv/bin/python Benchmarks/measure_dashboard.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

from playwright.sync_api import CDPSession, Page, sync_playwright

from figures import Figure, as_json, table, this_machine
from fill_history import fill, moment
from history_rows import Extent
from measuring import Bench, TimedConnection, gated, own_seconds
from server import REPOSITORY, Server

UNTIL = "2026-06-15T23:34:00Z"
PAGES = {
    "the page, last day": "/admin/stats",
    "the page, all five years": "/admin/stats?range=all",
    "the page, last month": "/admin/stats?range=1month&metric=http_5xx",
    "its parts of the moment": "/admin/stats?part=now",
}
PAGE_TARGET = 10
ASKED = 50
VISITS = 9
SLOWER = 4

# What the browser itself says of its first view.
LARGEST_PAINT = """() => new Promise((resolve) => {
  let last = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) last = entry.startTime; })
    .observe({ type: 'largest-contentful-paint', buffered: true });
  setTimeout(() => resolve(last), 600);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--binary", type=Path, default=REPOSITORY / ".build/release/signalbox", help="what is measured (%(default)s)"
    )
    parser.add_argument(
        "--work-dir", type=Path, default=REPOSITORY / ".build", help="where the stores lie meanwhile (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    if not os.access(options.binary, os.X_OK):
        parser.error(f"there is no {options.binary}: swift build -c release --product signalbox")
    if shutil.which("chromium") is None:
        parser.error("there is no chromium: scripts/setup test gets it")
    options.work_dir = options.work_dir.resolve()
    options.work_dir.mkdir(parents=True, exist_ok=True)
    # Told to stop, it still stops its servers and takes its files away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = this_machine(options.binary.resolve(), options.work_dir)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="dashboard-", dir=options.work_dir) as directory:
        bench = Bench(options.binary.resolve(), Path(directory))
        say("filling a store")
        with bench.server(UNTIL, on=bench.filled) as server:
            server.start()
        fill(bench.filled / "signalbox.sqlite", Extent(moment(UNTIL)))
        for figure in measured(bench):
            found.append(figure)
            say(f"  {figure.name}: {figure.measured:.4g} {figure.unit} {figure.verdict}")
    print(as_json(found, machine) if options.json else table(found, machine))


def measured(bench: Bench) -> Iterator[Figure]:
    for name, path in PAGES.items():
        with bench.server(UNTIL) as server:
            server.start()
            with TimedConnection(server.port) as connection:
                yield first(server, connection, name, path)
                yield asked(server, connection, name, path)
    with bench.server(UNTIL) as server:
        server.start()
        yield from viewed(server)


def first(server: Server, connection: TimedConnection, name: str, path: str) -> Figure:
    taken = connection.request(gated(server, path))[0] * 1_000
    return Figure(f"{name}, first of a process", taken, "ms", PAGE_TARGET)


def asked(server: Server, connection: TimedConnection, name: str, path: str) -> Figure:
    request = gated(server, path)
    taken: list[float] = []
    size = 0

    def ask() -> None:
        nonlocal size
        for _ in range(ASKED):
            seconds, body = connection.request(request)
            taken.append(seconds * 1_000)
            size = len(body)

    own = own_seconds(server, connection, ask, "admin") * 1_000
    note = f"worst {max(taken):.2f} ms; by the server's own count {own:.2f} ms on average; {size:,} bytes"
    return Figure(f"{name}, median of {ASKED}", statistics.median(taken), "ms", PAGE_TARGET, note)


def viewed(server: Server) -> Iterator[Figure]:
    """First views in a browser with nothing in its cache."""
    paints, sizes, counts = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"],
        )
        for _ in range(VISITS):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(f"{server.url}/admin/login")
            page.locator('input[type="password"]').fill(server.token)
            # The page's own first view: nothing of the login page may be in the cache.
            context.request.post(
                f"{server.url}/admin/login", form={"token": server.token}, headers={"Origin": server.url}
            )
            paint, size, count = view(page)
            paints.append(paint)
            sizes.append(size)
            counts.append(count)
            context.close()
        browser.close()
    spread = f"median of {VISITS}, {min(paints):.0f} to {max(paints):.0f} ms, processor slowed {SLOWER} times"
    yield Figure("largest contentful paint", statistics.median(paints), "ms", 200, spread)
    yield Figure("first view, bytes over the wire", max(sizes) / 1024, "KB", 60, "heads and bodies, compressed")
    yield Figure("first view, requests", max(counts), "requests", 6, "with the stream")


def view(page: Page) -> tuple[float, int, int]:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    sizes: dict[str, int] = {}

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in sizes:
            sizes[event["requestId"]] = int(event["encodedDataLength"])

    def sent(event: dict[str, Any]) -> None:
        # A minute that ends meanwhile has the page ask for new parts; they aren't its first view.
        if "part=" not in event["request"]["url"]:
            sizes[event["requestId"]] = 0

    session.on("Network.loadingFinished", finished)
    session.on("Network.requestWillBeSent", sent)
    page.goto("/".join(page.url.split("/")[:3]) + "/admin/stats")
    paint = page.evaluate(LARGEST_PAINT)
    return paint, sum(sizes.values()), len(sizes)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, AssertionError, OSError) as problem:
        sys.exit(f"could not measure: {problem}")
