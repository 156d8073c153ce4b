"""What is wrong in the original's files: a broken file stops the import as a whole, a broken record is dropped and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent import now_ms
from conftest import ServerFactory
from golden import HOUR, MINUTE, answered, kept, unpack
from originals import CRASHES, hour, put, snapshot, take, taken
from series_client import series, total
from server import OPEN_LIMITS, Server
from store_copy import everything, rows, store_file
from visits import counted


@pytest.fixture
def stopped(start_server: ServerFactory) -> Server:
    """A server that has never run."""
    return start_server(started=False, **OPEN_LIMITS)


# A few hours ago, at the start of one.
START = now_ms() // HOUR * HOUR - 5 * HOUR

FILES = [
    "metrics",
    "metrics_history",
    "metrics_hourly",
    "metrics_geo_minute",
    "metrics_geo_hourly",
    "identities",
    "agent_profiles",
]

BROKEN = {
    "nothing at all": b"",
    "cut short": b'[{"t": 1781354040720, "messages": 5',
    "no JSON": b"hello",
    "NaN, which is no JSON": b'[{"t": NaN}]',
    "two values": b"[] []",
    "bytes that are no text": b"\xff\xfe[\x00]\x00",
    "another kind of value": b'"a text"',
    "null": b"null",
    "a number": b"7",
    "brackets without end": b"[" * 200_000,
}


def assert_refused_by_name(server: Server, directory: Path, name: str, **settings: str) -> None:
    result = take(server, directory, **settings)
    assert result.returncode not in (0, 64, *CRASHES), (result.returncode, result.stdout)
    assert f"{name}.json" in result.stderr, result.stderr
    assert "Fatal" not in result.stderr and len(result.stderr) < 4_000, "a sentence"


def assert_nothing_taken(server: Server) -> None:
    """A store that was made on the way there may be left, but not a row of history."""
    if not store_file(server).exists():
        return
    tables = {name for (name,) in rows(store_file(server), "SELECT name FROM sqlite_master")}
    for table in tables & {"minutes", "hours", "days", "country_minutes", "country_hours", "identities"}:
        assert rows(store_file(server), f"SELECT count(*) FROM {table}") == [(0,)], table


@pytest.mark.parametrize("damage", BROKEN)
@pytest.mark.parametrize("name", ["metrics", "metrics_history", "metrics_geo_hourly", "identities"])
def test_a_broken_file_stops_everything_with_a_sentence(
    stopped: Server, tmp_path: Path, name: str, damage: str
) -> None:
    unpack(tmp_path / "original")
    put(tmp_path / "original", **{name: BROKEN[damage]})
    assert_refused_by_name(stopped, tmp_path / "original", name)
    assert_nothing_taken(stopped)
    # Mended, all of it is taken.
    unpack(tmp_path / "original")
    (tmp_path / "original" / "identities.json").unlink(missing_ok=True)
    said = taken(stopped, tmp_path / "original", CLOCK="2026-06-15T12:34:30Z")
    assert said["metrics_history.json"].imported == len(kept("metrics_history"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics_history", {"0": snapshot(START)}),
        ("metrics_hourly", {}),
        ("metrics_geo_minute", {"t": 1}),
        ("metrics", []),
        ("identities", []),
        ("agent_profiles", []),
    ],
)
def test_a_list_is_no_object_and_an_object_no_list(stopped: Server, tmp_path: Path, name: str, content: Any) -> None:
    directory = put(tmp_path / "original", metrics_geo_hourly=[{"t": START, "countries": {"DE": 1}}])
    put(directory, **{name: content})
    assert_refused_by_name(stopped, directory, name)
    assert_nothing_taken(stopped)


def test_a_broken_last_file_leaves_a_store_in_use_as_it_was(stopped: Server, tmp_path: Path) -> None:
    first = put(tmp_path / "first", metrics_history=[snapshot(START, 3, d_messages=3)])
    taken(stopped, first)
    before = everything(store_file(stopped))
    for name in FILES[1:]:
        second = put(tmp_path / name, metrics_history=[snapshot(START + MINUTE, 9, d_messages=6)])
        put(second, **{name: BROKEN["cut short"]})
        assert_refused_by_name(stopped, second, name)
        assert everything(store_file(stopped)) == before, name


def test_a_file_of_too_many_bytes_is_refused(stopped: Server, tmp_path: Path) -> None:
    directory = put(tmp_path / "original", metrics_history="[]")
    with (directory / "metrics_history.json").open("r+b") as file:
        # A hole: it takes no room on the disk.
        file.truncate(2**30 + 1)
    assert_refused_by_name(stopped, directory, "metrics_history")
    assert "too large" in take(stopped, directory).stderr


def test_bytes_that_are_no_text_cost_one_record(stopped: Server, tmp_path: Path) -> None:
    """Within a string they are read as JavaScript reads them: the file is sound, the record isn't."""
    good = json.dumps(snapshot(START, 1, d_messages=1)).encode()
    said = taken(
        stopped, put(tmp_path / "original", metrics_history=b'[{"t": "\xff\xfe", "\xff": "\xc3"}, ' + good + b"]")
    )["metrics_history.json"]
    assert (said.read, said.imported, sum(said.dropped.values())) == (2, 1, 1), said.text


# Records

ABSURD: dict[str, Any] = {
    "no object": [None, 7, "text", [], True],
    "without a time": [{"messages": 5}, {"t": None}],
    "a time that is no number": [snapshot(str(START)), snapshot([START]), snapshot({"t": START}), snapshot(True)],
    "a time that can't be": [snapshot(-START), snapshot(0), snapshot(10**18), snapshot(1e300)],
}


@pytest.mark.parametrize("kind", ABSURD)
def test_minutes_without_a_proper_time_are_dropped_and_counted(stopped: Server, tmp_path: Path, kind: str) -> None:
    good = [snapshot(START + n * MINUTE, 10 + n, d_messages=1) for n in range(3)]
    said = taken(stopped, put(tmp_path / "original", metrics_history=[*ABSURD[kind], *good]))["metrics_history.json"]
    assert (said.read, said.imported, sum(said.dropped.values())) == (len(ABSURD[kind]) + 3, 3, len(ABSURD[kind])), (
        said.text
    )
    stopped.start()
    points = series(stopped, from_=START, to=START + HOUR, step="1m")["points"]
    assert [point["messages"] for point in points] == [1, 1, 1]
    assert series(stopped, range="all")["available_since"] == START // HOUR * HOUR


@pytest.mark.parametrize("odd", ["NaN", "text", None, -5, [], {}, True, 1.5, 1e300, 2**63, 2**64, -(2**70), "1e400"])
def test_odd_numbers_never_break_the_store(stopped: Server, tmp_path: Path, odd: Any) -> None:
    fields = (
        "d_messages",
        "d_rooms",
        "messages",
        "rooms_created",
        "active_rooms",
        "active_subs",
        "h4xx",
        "bytes",
        "d_bytes",
    )
    minutes = [
        snapshot(START, 10, d_messages=1),
        snapshot(START + MINUTE) | dict.fromkeys(fields, odd),
        snapshot(START + 2 * MINUTE, 12, d_messages=1),
    ]
    hours = [hour(START - HOUR, 9, 9), hour(START, odd, odd, peak_rooms=odd, samples=odd, last_t=odd)]
    metrics = {"messages_relayed_total": odd, "http_2xx": odd, "first_boot_at": odd, "peak_concurrent_rooms": odd}
    geo = [{"t": START, "countries": {"DE": odd, "FR": 2}}]
    directory = put(
        tmp_path / "original",
        metrics=metrics,
        metrics_history=minutes,
        metrics_hourly=hours,
        metrics_geo_hourly=geo,
        metrics_geo_minute=geo,
    )
    result = take(stopped, directory)
    assert result.returncode == 0, result.stdout + result.stderr
    stopped.start()
    points = series(stopped, from_=START, to=START + 3 * MINUTE, step="1m")["points"]
    assert (points[0]["messages"], points[-1]["messages"]) == (1, 1)
    for query in ({"range": "all"}, {"range": "8h"}, {"from_": START, "metric": "http_4xx,bytes,active_rooms"}):
        for point in series(stopped, **query)["points"]:
            # Exact in JSON and in SQLite, and never below nothing.
            assert all(n is None or (isinstance(n, int) and 0 <= n <= 2**53) for n in point.values()), point
    found = counted(stopped, range="all")
    assert found["FR"] == 2 and all(isinstance(count, int) and 0 < count <= 2**53 for count in found.values())
    metrics_answer = stopped.metrics()
    assert 0 <= metrics_answer["messages_relayed_total"] <= 2**53
    stopped.restart()
    assert stopped.metrics()["http_2xx"] >= 0


def test_minutes_out_of_order_are_sorted_and_those_of_one_time_added_up(stopped: Server, tmp_path: Path) -> None:
    """As the original's answers add them up, which never wrote such a file itself."""
    minutes = [snapshot(START + n * MINUTE, n, d_messages=1) for n in range(10)]
    shuffled = [*minutes[5:], *minutes[:7]]
    said = taken(stopped, put(tmp_path / "original", metrics_history=shuffled))["metrics_history.json"]
    assert said.read == 12 and said.imported == 10
    assert sum(said.repaired.values()) == 2 and not said.dropped, "none is passed over in silence"
    stopped.start()
    assert total(series(stopped, from_=START, to=START + HOUR, step="1m")["points"]) == 12


def test_what_is_older_than_is_kept_is_dropped_with_that_reason(stopped: Server, tmp_path: Path) -> None:
    old = [snapshot(START - (40 * 24 + n) * HOUR, 1, d_messages=1) for n in range(4)]
    said = taken(stopped, put(tmp_path / "original", metrics_history=[*old, snapshot(START, 5, d_messages=1)]))[
        "metrics_history.json"
    ]
    assert (said.read, sum(said.dropped.values())) == (5, 4), said.text
    assert any("old" in reason for reason in said.dropped), said.dropped


COUNTRIES: dict[str, Any] = {
    "de": 2,
    "DE": 1,
    " fr ": 3,
    "T1": 1,
    "LOCAL": 1,
    "XX": 1,
    "SE": 2.9,
    "PL": "4",
    # These can't be meant; of the names, the original takes this one, but countries are a closed list here.
    "AB_1": 1,
    "": 1,
    "nope!": 1,
    "D": 1,
    "ABCDEFGHIJKLM": 1,
    "IT": -1,
    "ES": 0,
    "PT": "many",
    "CZ": None,
    "D\u00c4": 1,
    "HU": [],
}
EXPECTED = {"DE": 3, "FR": 3, "T1": 1, "LOCAL": 1, "XX": 1, "SE": 2, "PL": 4}


def test_countries_are_tidied_up(stopped: Server, tmp_path: Path) -> None:
    buckets = [
        {"t": START, "countries": COUNTRIES},
        {"t": START + HOUR, "countries": []},
        {"t": START + 2 * HOUR},
        {"t": "x", "countries": {"DE": 1}},
        {"t": 0, "countries": {"DE": 1}},
    ]
    said = taken(stopped, put(tmp_path / "original", metrics_geo_hourly=buckets))["metrics_geo_hourly.json"]
    assert said.read == len(buckets)
    # Eleven counts, and two buckets without a proper time; two more have no counts to lose.
    assert 13 <= sum(said.dropped.values()) <= 15, said.text
    stopped.start()
    assert counted(stopped, range="all") == EXPECTED


def test_the_golden_history_is_what_it_was_taken_for() -> None:
    """A test of the fixtures: the careless records are where the tests say."""
    assert kept("metrics_history")[7]["d_messages"] == "NaN"
    assert kept("metrics_hourly")[5]["messages"] == -4
    countries = kept("metrics_geo_hourly")[3]["countries"]
    assert (countries["us"], countries["FR"], countries[""], countries["nope!"], countries["DE"]) == (2, -3, 4, 9, "x")
    assert answered("metrics")["messages_relayed_total"] == kept("metrics")["messages_relayed_total"]
