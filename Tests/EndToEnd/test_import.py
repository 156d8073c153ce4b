"""`signalbox import`, and the first start on the original's files: everything is taken once, or nothing is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import requests

from agent import now_ms
from conftest import ServerFactory
from golden import CLOCK, DAY, HOUR, MINUTE, answered, kept, unpack
from originals import CRASHES, NAMES, put, report, snapshot, take, taken
from series_client import geo, ms, series, total
from server import OPEN_LIMITS, Server, eventually
from store_copy import everything, store_file
from visits import counted
from wire import new_room, post_well

MESSAGES = answered("metrics")["messages_relayed_total"]


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    unpack(tmp_path / "original")
    return tmp_path / "original"


@pytest.fixture
def stopped(start_server: ServerFactory) -> Server:
    """A server that has never run."""
    return start_server(started=False, **OPEN_LIMITS | {"CLOCK": CLOCK})


def files_of(server: Server) -> dict[str, bytes]:
    # Looking alone changes the -shm, SQLite's table of locks.
    files = [path for path in server.data_dir.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return (
        {path.name: path.read_bytes() for path in files}
        if server.data_dir.exists()
        else {}
    )


# The report


def test_every_record_is_accounted_for(stopped: Server, golden: Path) -> None:
    said = taken(stopped, golden, CLOCK=CLOCK)
    assert set(NAMES.values()) - {"identities.json", "agent_profiles.json"} <= set(said)
    for name in ("metrics_history", "metrics_hourly", "metrics_geo_minute", "metrics_geo_hourly"):
        one = said[f"{name}.json"]
        assert (one.read, one.imported, one.already_there) == (len(kept(name)), len(kept(name)), 0), one.text
    # One bucket holds four counts that can't be meant: a negative one, one of nobody, a name that is none, a word.
    assert sum(said["metrics_geo_hourly.json"].dropped.values()) == 4, said["metrics_geo_hourly.json"].text
    assert len(said["metrics_geo_hourly.json"].dropped) >= 2, "each with its reason"
    for name in ("metrics_history.json", "metrics_hourly.json", "metrics_geo_minute.json"):
        assert not said[name].dropped, said[name].text
    # What was put right is said too: a count that is no number, a negative one.
    for name in ("metrics_history.json", "metrics_hourly.json"):
        assert "repaired" in said[name].text or "taken as 0" in said[name].text, said[name].text


def test_a_second_time_everything_is_there_already(stopped: Server, golden: Path) -> None:
    taken(stopped, golden, CLOCK=CLOCK)
    before = everything(store_file(stopped))
    again = taken(stopped, golden, CLOCK=CLOCK)
    for name in ("metrics_history", "metrics_hourly", "metrics_geo_minute", "metrics_geo_hourly"):
        one = again[f"{name}.json"]
        assert (one.imported, one.already_there) == (0, len(kept(name))), one.text
    assert everything(store_file(stopped)) == before


def test_a_dry_run_says_the_same_and_changes_nothing(stopped: Server, golden: Path) -> None:
    rehearsed = taken(stopped, golden, "--dry-run", CLOCK=CLOCK)
    assert not store_file(stopped).exists()
    done = taken(stopped, golden, CLOCK=CLOCK)
    for name, said in rehearsed.items():
        assert (said.read, said.imported, said.dropped) == (done[name].read, done[name].imported, done[name].dropped)
    before = files_of(stopped)
    put(
        golden,
        metrics_history=[*kept("metrics_history"), snapshot(ms("2026-06-15T12:33:00Z"), MESSAGES + 5, d_messages=5)],
    )
    assert taken(stopped, golden, "--dry-run", CLOCK=CLOCK)["metrics_history.json"].imported == 1
    assert files_of(stopped) == before
    assert taken(stopped, golden, CLOCK=CLOCK)["metrics_history.json"].imported == 1


def test_what_was_counted_here_already_stays(stopped: Server, golden: Path) -> None:
    """A server that ran for a while before the old history was brought."""
    stopped.start()
    for _ in range(3):
        post_well(stopped, new_room())
    stopped.stop()
    taken(stopped, golden, CLOCK="2026-06-15T12:40:00Z")
    stopped.restart(CLOCK="2026-06-15T12:40:00Z")
    metrics = stopped.metrics()
    assert metrics["messages_relayed_total"] == MESSAGES + 3
    assert metrics["rooms_created_total"] == answered("metrics")["rooms_created_total"] + 3
    points = series(stopped, range="1h")["points"]
    assert total(points) == total([p for p in answered("series_1h")["points"] if p["t"] >= points[0]["t"]]) + 3
    stopped.stop()
    taken(stopped, golden, CLOCK="2026-06-15T12:40:00Z")
    stopped.restart(CLOCK="2026-06-15T12:41:00Z")
    assert stopped.metrics()["messages_relayed_total"] == MESSAGES + 3, "an import once more adds nothing"


# Where the files are


@pytest.mark.parametrize("variable", ["METRICS_HISTORY_PATH", "METRICS_GEO_HOURLY_HISTORY_PATH"])
def test_a_variable_names_another_place_for_one_file(
    stopped: Server, golden: Path, tmp_path: Path, variable: str
) -> None:
    elsewhere = tmp_path / "elsewhere.dat"
    shutil.move(golden / NAMES[variable], elsewhere)
    taken(stopped, golden, CLOCK=CLOCK, **{variable: str(elsewhere)})
    stopped.start()
    assert series(stopped, range="8h")["points"] == answered("series_8h")["points"]
    assert geo(stopped, range="all")["countries"] == answered("geo_all")["countries"]


def test_files_that_were_never_written_are_not_missed(stopped: Server, golden: Path) -> None:
    for name in ("metrics_geo_minute.json", "metrics_geo_hourly.json", "metrics.json", "metrics_hourly.json"):
        (golden / name).unlink()
    result = take(stopped, golden, CLOCK=CLOCK)
    assert result.returncode == 0, result.stderr
    stopped.start()
    assert series(stopped, range="8h")["points"] == answered("series_8h")["points"]
    # Without hours the original makes them of the minutes.
    of_minutes = answered("hourly")["hours"]
    hours = {
        point["t"]: point["messages"]
        for point in series(stopped, from_="2026-06-14", to="2026-06-15T12:00Z", step="1h")["points"]
    }
    assert hours == {
        hour["t"]: hour["messages"]
        for hour in of_minutes
        if ms("2026-06-14T00:00Z") <= hour["t"] < ms("2026-06-15T12:00Z")
    }


@pytest.mark.parametrize("what", ["nowhere", "empty", "a file"])
def test_a_directory_with_nothing_in_it_is_refused(stopped: Server, tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    if what == "empty":
        place.mkdir()
    elif what == "a file":
        place.write_text("[]")
    result = take(stopped, place)
    assert result.returncode not in (0, 64, *CRASHES)
    assert str(place) in result.stderr
    assert not store_file(stopped).exists()


def test_a_directory_must_be_named(stopped: Server) -> None:
    assert take(stopped, Path("--dry-run")).returncode == 64


def test_a_running_server_keeps_its_store_to_itself(stopped: Server, golden: Path) -> None:
    server = stopped.start()
    before = server.metrics()["messages_relayed_total"]
    for options in ([], ["--dry-run"]):
        result = take(server, golden, *options, CLOCK=CLOCK)
        if not options or result.returncode:
            assert result.returncode not in (0, 64, *CRASHES)
            assert str(server.data_dir) in result.stderr and "stop it" in result.stderr, result.stderr
    assert server.metrics()["messages_relayed_total"] == before
    assert geo(server, range="all")["total_visits"] == 0
    server.stop()
    assert take(server, golden, CLOCK=CLOCK).returncode == 0


# The first start on the original's files


def test_the_first_start_imports_once_and_says_so(start_server: ServerFactory, tmp_path: Path) -> None:
    variables = unpack(tmp_path / "original")
    server = start_server(**OPEN_LIMITS | {"CLOCK": CLOCK} | variables)
    said = report("\n".join(line for line in server.log().splitlines() if "_PATH" not in line))
    for name in ("metrics_history", "metrics_hourly", "metrics_geo_minute", "metrics_geo_hourly"):
        assert (said[f"{name}.json"].read, said[f"{name}.json"].imported) == (len(kept(name)), len(kept(name)))
    assert sum(said["metrics_geo_hourly.json"].dropped.values()) == 4
    lines = len(server.log().splitlines())
    # Whatever becomes of the files, they are not looked at again.
    metrics = json.loads(Path(variables["METRICS_STATE_PATH"]).read_text())
    Path(variables["METRICS_STATE_PATH"]).write_text(json.dumps(metrics | {"messages_relayed_total": 10 * MESSAGES}))
    Path(variables["METRICS_HISTORY_PATH"]).write_text("[")
    server.restart(CLOCK="2026-06-15T12:34:15Z")
    assert server.metrics()["messages_relayed_total"] == MESSAGES
    later = "\n".join(server.log().splitlines()[lines:])
    assert not any(f"{name}.json" in later and "read" in later for name in ("metrics_history", "metrics_geo_hourly"))


def test_a_start_with_a_store_imports_nothing(stopped: Server, tmp_path: Path) -> None:
    stopped.start()
    stopped.stop()
    stopped.settings |= unpack(tmp_path / "original")
    stopped.start()
    assert stopped.metrics()["messages_relayed_total"] == 0
    assert geo(stopped, range="all")["total_visits"] == 0
    # The hour of the store's own first point: the golden history begins months before.
    assert series(stopped, range="all")["available_since"] == ms("2026-06-15T12:00Z")


def test_a_first_start_without_the_files_is_an_ordinary_one(start_server: ServerFactory, tmp_path: Path) -> None:
    # The original starts afresh as well: on its very first start its paths lead nowhere yet.
    variables = {variable: str(tmp_path / name) for variable, name in NAMES.items()}
    server = start_server(**OPEN_LIMITS | variables)
    assert server.metrics()["messages_relayed_total"] == 0


@pytest.mark.parametrize("file", ["METRICS_HISTORY_PATH", "METRICS_GEO_HOURLY_HISTORY_PATH", "IDENTITIES_STATE_PATH"])
def test_a_first_start_on_a_broken_file_does_not_lose_the_others(
    start_server: ServerFactory, tmp_path: Path, file: str
) -> None:
    """Either the start is refused, and a mended file brings everything, or it goes on without that file alone."""
    variables = unpack(tmp_path / "original") | {file: str(tmp_path / "broken.json")}
    whole = (
        (tmp_path / "original" / NAMES[file]).read_bytes()
        if file in unpack(tmp_path / "original")
        else b'{"identities":{}}'
    )
    (tmp_path / "broken.json").write_bytes(whole[: len(whole) // 2])
    server = start_server(started=False, **OPEN_LIMITS | {"CLOCK": CLOCK} | variables)
    process = server.launch()
    eventually(lambda: process.poll() is not None or "broken.json" in server.log(), "a word about it", timeout=20)
    eventually(lambda: process.poll() is not None or answers(server), "an end or a start", timeout=20)
    assert "broken.json" in server.log()
    code = process.poll()
    if code is None:
        assert server.metrics()["messages_relayed_total"] == MESSAGES
        return
    server.kill()
    assert code not in (0, *CRASHES)
    (tmp_path / "broken.json").write_bytes(whole)
    server.start()
    assert series(server, range="8h")["points"] == answered("series_8h")["points"]
    assert geo(server, range="all")["countries"] == answered("geo_all")["countries"]


def answers(server: Server) -> bool:
    try:
        return server.get("/api/health").status_code == 200
    except requests.RequestException:
        return False


def test_minutes_become_hours_and_days_where_those_are_missing(stopped: Server, tmp_path: Path) -> None:
    stopped.settings["CLOCK"] = None
    start = now_ms() // DAY * DAY - 3 * DAY
    minutes = [snapshot(start + n * MINUTE + 20, n, d_messages=1 if n else 0) for n in range(0, 3000, 10)]
    directory = put(
        tmp_path / "original",
        metrics_history=minutes,
        metrics_geo_hourly=[{"t": start + HOUR, "countries": {"DE": 3, "T1": 1, "A_1": 2}}],
    )
    said = taken(stopped, directory)
    # Names of countries are a closed list here, so one that the original made up is dropped, and said to be.
    assert said["metrics_geo_hourly.json"].dropped == {"with a country that is none": 1}
    stopped.start()
    for step in ("1m", "1h", "1d"):
        points = series(stopped, from_=start, to=start + 3 * DAY, step=step)["points"]
        assert (total(points), total(points, "samples")) == (299, 300), step
    assert counted(stopped, range="all") == {"DE": 3, "T1": 1}
    assert geo(stopped, range="all")["country_count"] == 1
