"""A history that the original kept gives the answers that the original gave, field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ServerFactory
from golden import CLOCK, RANGES, answered, kept, stamps_between, unpack
from series_client import GEO, SERIES, answer, ask, geo, series
from server import Server
from test_commands import run
from wire import new_room, post_well

# How much later ours may be asked than the original was.
LATEST = 50_000

# What a run counts about itself.
OF_THE_PROCESS = {"started_at", "started_ms", "last_restart_at", "uptime_seconds", "ts", "http_2xx"}

Start = Callable[..., Server]


@pytest.fixture(params=["drop-in", "import"])
def start(request: pytest.FixtureRequest, start_server: ServerFactory, tmp_path: Path) -> Start:
    """Starts a server that has taken the original's history over, in either way."""
    variables = unpack(tmp_path / "original")

    def started() -> Server:
        settings: dict[str, str | None] = {"CLOCK": CLOCK}
        if request.param == "drop-in":
            return start_server(**settings | variables)
        server = start_server(started=False, **settings)
        # The directory alone says where the files are.
        result = run("import", str(tmp_path / "original"), directory=server.directory, CLOCK=CLOCK)
        assert result.returncode == 0, result.stdout + result.stderr
        return server.start()

    return started


def fetch(server: Server) -> dict[str, Any]:
    """Every answer there is a golden one for, asked at once: in a few seconds the server takes a sample of its own."""
    answers = {
        f"{kind}_{name}": ask(server, path, range=name)
        for name in RANGES
        for kind, path in (("series", SERIES), ("geo", GEO))
    }
    answers |= {"metrics": ask(server, "/api/metrics"), "hourly": ask(server, "/api/metrics/hourly")}
    return {name: answer(response) for name, response in answers.items()}


def assert_same_window(name: str, ours: dict[str, Any]) -> dict[str, Any]:
    """Insists that the two windows start at about the same time and hold the same points; returns the golden answer."""
    theirs = answered(name)
    kind, _, range_name = name.partition("_")
    since, golden_since = ours["requested_since"], theirs["requested_since"]
    if range_name == "all":
        assert since == golden_since
    else:
        assert abs(since - golden_since) < LATEST, "the clock isn't where it was set"
        assert stamps_between(kind, range_name, since, golden_since) == [], "the golden history should leave room here"
    return theirs


def assert_golden(name: str, ours: dict[str, Any]) -> None:
    theirs = assert_same_window(name, ours)
    assert ours | {"requested_since": None} == theirs | {"requested_since": None}
    if "points" in theirs:
        assert [list(point) for point in ours["points"]] == [list(point) for point in theirs["points"]], (
            "their order too"
        )
    else:
        # An object has no order to lose, but these are lists.
        assert (ours["top"], ours["extra_top"]) == (theirs["top"], theirs["extra_top"])


def test_every_answer_is_the_originals(start: Start) -> None:
    ours = fetch(start())
    for name in RANGES:
        assert_golden(f"series_{name}", ours[f"series_{name}"])
        assert_golden(f"geo_{name}", ours[f"geo_{name}"])
    assert ours["hourly"] == answered("hourly")


def test_the_totals_and_minutes_are_the_originals(start: Start) -> None:
    ours, theirs = fetch(start())["metrics"], answered("metrics")
    assert set(theirs) <= set(ours)
    for name in set(theirs) - OF_THE_PROCESS - {"history"}:
        assert ours[name] == theirs[name], name
    assert len(ours["history"]) == len(theirs["history"]) == 180
    for point, golden_point in zip(ours["history"], theirs["history"], strict=True):
        assert point == golden_point
    # What was answered so far comes on top.
    assert ours["http_2xx"] - kept("metrics")["http_2xx"] in range(1, 100)
    assert ours["started_at"] > theirs["first_boot_at"] == ours["first_boot_at"]


def settled(points: list[dict[str, Any]], end: int) -> list[dict[str, Any]]:
    """Points without the samples of our own, which count nothing: newer points, and a part of the last bucket's number."""
    past = [point for point in points if point["t"] <= end]
    return [*past[:-1], past[-1] | {"samples": None}]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_after_a_restart_the_answers_are_the_same(start: Start, end: str) -> None:
    server = start()
    fetch(server)
    getattr(server, end)()
    server.restart(CLOCK="2026-06-15T12:34:15Z")
    ours = fetch(server)
    for name in RANGES:
        theirs = assert_same_window(f"series_{name}", ours[f"series_{name}"])
        mine = ours[f"series_{name}"]
        end_of_golden = theirs["points"][-1]["t"]
        assert settled(mine["points"], end_of_golden) == settled(theirs["points"], end_of_golden), name
        for field in set(theirs) - {"points", "requested_since"}:
            assert mine[field] == theirs[field], (name, field)
        assert_golden(f"geo_{name}", ours[f"geo_{name}"])
    metrics, golden_metrics = ours["metrics"], answered("metrics")
    for name in set(golden_metrics) - OF_THE_PROCESS - {"history", "process_starts_total"}:
        assert metrics[name] == golden_metrics[name], name
    assert metrics["process_starts_total"] == golden_metrics["process_starts_total"] + 1


def test_the_originals_files_stay_as_they_are(start: Start, tmp_path: Path) -> None:
    def digests() -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "original").iterdir()}

    before = digests()
    server = start()
    fetch(server)
    server.stop()
    assert digests() == before


def test_counting_goes_on_from_where_the_original_was(start: Start) -> None:
    server = start()
    post_well(server, new_room())
    assert server.metrics()["messages_relayed_total"] == answered("metrics")["messages_relayed_total"] + 1
    assert server.metrics()["rooms_created_total"] == answered("metrics")["rooms_created_total"] + 1
    server.restart(CLOCK="2026-06-15T12:34:20Z")
    last = series(server, range="1h")["points"][-1]
    assert (last["messages"], last["messages_total"]) == (1, answered("metrics")["messages_relayed_total"] + 1)
    visit = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0"}
    before = geo(server, range="all")["extras"]["LOCAL"]
    assert server.get("/", headers=visit).status_code == 200
    assert geo(server, range="all")["extras"]["LOCAL"] == before + 1
    assert geo(server, range="1h")["extras"]["LOCAL"] == answered("geo_1h")["extras"]["LOCAL"] + 1
