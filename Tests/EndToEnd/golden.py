"""A history in the original's files, and what the original answered when it was started on them."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from server import Server

GOLDEN = Path(__file__).parent / "golden"

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# How far back each range goes; `all` has no such limit.
SPANS = {"all": None, "1month": 30 * DAY, "1week": 7 * DAY, "1day": DAY, "8h": 8 * HOUR, "1h": HOUR}
RANGES = tuple(SPANS)
# Those whose points are hours; the others are made of minutes.
OF_HOURS = ("all", "1month", "1week")

# The original asked its questions from 12:34:30 on. A little earlier, a slow machine too has answered before
# its own next sample; that no stored point lies between the two is checked.
CLOCK = "2026-06-15T12:34:05Z"

# The original's variables, each with the name of its file.
FILES = {
    "METRICS_STATE_PATH": "metrics.json",
    "METRICS_HISTORY_PATH": "metrics_history.json",
    "METRICS_HOURLY_HISTORY_PATH": "metrics_hourly.json",
    "METRICS_GEO_MINUTE_HISTORY_PATH": "metrics_geo_minute.json",
    "METRICS_GEO_HOURLY_HISTORY_PATH": "metrics_geo_hourly.json",
}

Record = dict[str, Any]


def unpack(directory: Path) -> dict[str, str]:
    """Puts the original's files there, and returns its variables pointing at them."""
    directory.mkdir(parents=True, exist_ok=True)
    for packed in (GOLDEN / "input").glob("*.json.gz"):
        with gzip.open(packed) as source, (directory / packed.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
    return {variable: str(directory / name) for variable, name in FILES.items()}


def take_over(server: Server) -> Server:
    """Starts a server anew, with the golden history in place of what it had."""
    server.stop()
    shutil.rmtree(server.data_dir)
    server.counters_path.unlink(missing_ok=True)
    server.settings |= unpack(server.directory / "original") | {"CLOCK": CLOCK}
    return server.start()


@cache
def kept(name: str) -> Any:
    """What one of the original's files holds."""
    return json.loads(gzip.decompress((GOLDEN / "input" / f"{name}.json.gz").read_bytes()))


@cache
def answered(name: str) -> Record:
    """What the original answered."""
    return json.loads((GOLDEN / "output" / f"{name}.json").read_text())


def minutes(start: int, end: int) -> list[Record]:
    """The kept minutes of start ≤ t < end, each with what was counted in it, as the original reads them."""
    found = []
    before: Record = {}
    for now in kept("metrics_history"):
        if start <= now["t"] < end:
            counted = {
                name: now[name] - before.get(name, now[name])
                for name in ("h4xx", "h5xx", "h429", "ws", "sse", "http_posts")
            }
            messages = now["d_messages"] if isinstance(now["d_messages"], int) else 0
            found.append(now | {"counted": counted, "d_messages": messages})
        before = now
    return found


def hours(start: int, end: int) -> list[Record]:
    return [
        hour | {"messages": max(0, hour["messages"])} for hour in kept("metrics_hourly") if start <= hour["t"] < end
    ]


def countries(file: str, start: int, end: int) -> dict[str, int]:
    """Visits by country in the geo file's buckets of start ≤ t < end, the careless ones as the original reads them."""
    sums: dict[str, int] = {}
    for bucket in kept(file):
        if start <= bucket["t"] < end:
            for code, count in bucket["countries"].items():
                if code.isalnum() and isinstance(count, int) and count > 0:
                    sums[code.upper()] = sums.get(code.upper(), 0) + count
    return sums


def stamps_between(kind: str, name: str, since: int, other: int) -> list[int]:
    """Stored points that one of two windows has and the other hasn't, since they start at different times."""
    if kind == "series":
        field, file = ("last_t", "metrics_hourly") if name in OF_HOURS else ("t", "metrics_history")
        stamps = [point[field] for point in kept(file)]
    else:
        file, length = ("metrics_geo_hourly", HOUR) if name in OF_HOURS else ("metrics_geo_minute", 0)
        # An hour belongs to a window until it is over.
        stamps = [bucket["t"] + length for bucket in kept(file)]
    first, last = sorted((since, other))
    return [stamp for stamp in stamps if first <= stamp <= last]
