"""`signalbox backup`: a copy of a store in use that is whole, and never anything half of one."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import Agent
from conftest import ServerFactory
from series_client import series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually, http_session
from store_copy import agreed_messages, everything, rows, store_file, value
from test_commands import run
from visits import counted, visit
from wire import GOOD, new_room, post_well

CRASHES = (-6, -4, -5, -11)


def backup(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run("backup", *map(str, arguments), directory=server.directory)


@pytest.fixture
def live(start_server: ServerFactory) -> Server:
    """A server that writes each second, and has written."""
    server = start_server(**OPEN_LIMITS | sixty_times("2026-06-15T12:34:30Z"))
    for _ in range(5):
        post_well(server, new_room())
    visit(server)
    eventually(lambda: total(series(server, range="1h")["points"]) == 5, "a flush")
    return server


def registered_by_its_clock(server: Server) -> Agent:
    """A registration is signed with its time, and the server's is not that of the day."""
    agent = Agent(server.url)
    response = agent.register(register_ts=server.metrics()["ts"])
    assert response.status_code == 201, response.text
    return agent


class Poster(threading.Thread):
    """Posts messages as fast as they are taken."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.acknowledged = 0
        self.attempted = 0
        self.ended = threading.Event()
        self._url = f"{server.url}/api/rooms/{new_room()}/messages"

    def run(self) -> None:
        with http_session() as http:
            while not self.ended.is_set():
                self.attempted += 1
                assert http.post(self._url, json=GOOD, timeout=10).status_code == 200
                self.acknowledged += 1


@contextmanager
def posting(server: Server) -> Generator[Poster, None, None]:
    poster = Poster(server)
    poster.start()
    yield poster
    poster.ended.set()
    poster.join(10)
    assert not poster.is_alive() and poster.acknowledged == poster.attempted


def test_a_backup_of_a_busy_store_is_whole_and_of_one_moment(live: Server, tmp_path: Path) -> None:
    sums = []
    with posting(live) as poster:
        for number in range(6):
            before = poster.acknowledged
            copy = tmp_path / f"copy-{number}.sqlite"
            result = backup(live, copy)
            assert result.returncode == 0, result.stderr
            sums.append(agreed_messages(copy))
            assert sums[-1] <= 5 + poster.attempted
            eventually(lambda before=before: poster.acknowledged > before, "more messages")
            flushed = rows(store_file(live), "SELECT max(t) FROM minutes")
            eventually(
                lambda flushed=flushed: rows(store_file(live), "SELECT max(t) FROM minutes") > flushed, "another flush"
            )
    assert sums == sorted(sums) and sums[0] < sums[-1], "each is of its own moment"
    # Whoever wrote went on undisturbed.
    expected = 5 + poster.acknowledged
    eventually(lambda: total(series(live, range="all")["points"]) == expected, "every message written")
    live.stop()
    assert agreed_messages(store_file(live)) == expected


def test_a_backup_serves_as_a_store(live: Server, start_server: ServerFactory, tmp_path: Path) -> None:
    agent = registered_by_its_clock(live)
    assert backup(live, tmp_path / "copy.sqlite").returncode == 0
    other = start_server(started=False, **OPEN_LIMITS, CLOCK="2026-06-15T13:30:00Z")
    other.data_dir.mkdir()
    (tmp_path / "copy.sqlite").rename(store_file(other))
    other.start()
    assert other.metrics()["messages_relayed_total"] == 5
    assert total(series(other, range="8h")["points"]) == 5
    assert counted(other, range="8h") == {"LOCAL": 1}
    assert other.get(f"/api/identity/{agent.handle}").json()["sign_pub"] == agent.sign_pub


def test_a_backup_holds_everything_that_was_written(live: Server, tmp_path: Path) -> None:
    registered_by_its_clock(live)
    live.stop()
    result = backup(live, tmp_path / "copy.sqlite")
    assert result.returncode == 0, result.stderr
    assert everything(tmp_path / "copy.sqlite") == everything(store_file(live))
    assert value(tmp_path / "copy.sqlite", "PRAGMA user_version") == value(store_file(live), "PRAGMA user_version") == 2


def test_a_backup_is_one_file_that_only_the_operator_reads(live: Server, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    assert backup(live, place / "copy.sqlite").returncode == 0
    value(place / "copy.sqlite", "SELECT count(*) FROM minutes")
    assert [path.name for path in place.iterdir()] == ["copy.sqlite"], "nothing half-made is left beside it"
    # It holds the marks of sessions.
    assert stat.S_IMODE((place / "copy.sqlite").stat().st_mode) & 0o077 == 0


def test_a_relative_name_is_where_one_stands(live: Server) -> None:
    assert backup(live, "here.sqlite").returncode == 0
    assert agreed_messages(live.directory / "here.sqlite") == 5


# Refusals


def test_an_existing_file_is_left_alone_unless_told_otherwise(live: Server, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    copy.write_text("precious")
    refused = backup(live, copy)
    assert refused.returncode not in (0, *CRASHES)
    assert "copy.sqlite" in refused.stderr and "--force" in refused.stderr
    assert copy.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["copy.sqlite"]
    assert backup(live, copy, "--force").returncode == 0
    assert agreed_messages(copy) == 5


def test_the_store_is_never_its_own_backup(live: Server, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(store_file(live))
    for target in (store_file(live), link, live.data_dir / ".." / "data" / "signalbox.sqlite"):
        assert backup(live, target, "--force").returncode not in (0, *CRASHES) or target == link
        assert agreed_messages(store_file(live)) == 5
    post_well(live, new_room())
    eventually(lambda: total(series(live, range="1h")["points"]) == 6, "still written to")
    assert agreed_messages(store_file(live)) == 6


def test_where_there_is_no_store_nothing_is_made(tmp_path: Path) -> None:
    result = run("backup", str(tmp_path / "copy.sqlite"), directory=tmp_path)
    assert result.returncode not in (0, *CRASHES)
    assert "signalbox.sqlite" in result.stderr
    assert list(tmp_path.rglob("*.sqlite*")) == [] and not (tmp_path / "data").exists()


@pytest.mark.parametrize("target", ["nowhere/copy.sqlite", "data", "."])
def test_a_place_that_takes_no_file_is_refused(live: Server, target: str) -> None:
    for force in ([], ["--force"]):
        result = backup(live, target, *force)
        assert result.returncode not in (0, *CRASHES)
        assert result.stderr.strip()
    assert agreed_messages(store_file(live)) == 5
    assert {path.name for path in live.directory.iterdir()} <= {"data", "counters", "server.log"}


def test_a_store_that_is_damaged_is_not_backed_up_over_a_good_copy(live: Server, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    assert backup(live, copy).returncode == 0
    live.stop()
    store_file(live).write_bytes(b"this is no database\n" * 500)
    result = backup(live, copy, "--force")
    assert result.returncode not in (0, *CRASHES)
    assert agreed_messages(copy) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["copy.sqlite"]


def test_a_file_name_is_needed(live: Server) -> None:
    assert backup(live).returncode == 64
    assert backup(live, "").returncode not in (0, *CRASHES)


def test_only_a_plain_file_makes_way_for_a_copy(live: Server, tmp_path: Path) -> None:
    pipe, part = tmp_path / "pipe", tmp_path / "copy.part"
    os.mkfifo(pipe)
    part.mkdir()
    (part / "mine").write_text("precious")
    assert backup(live, pipe, "--force").returncode not in (0, *CRASHES)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert backup(live, tmp_path / "copy").returncode == 0
    assert (part / "mine").read_text() == "precious"
    # Its lock keeps a second server away, its token the public.
    for name in ("signalbox.lock", "metrics-token", "other.sqlite"):
        refused = backup(live, live.data_dir / name, "--force")
        assert refused.returncode not in (0, *CRASHES) and "DATA_DIR" in refused.stderr
    assert agreed_messages(store_file(live)) == 5


def test_a_name_that_looks_like_an_address_is_a_name(live: Server) -> None:
    assert backup(live, "file:copy.sqlite").returncode == 0
    copy = live.directory / "file:copy.sqlite"
    assert copy.stat().st_size > 0 and copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in live.directory.iterdir() if "copy" in path.name] == [copy.name]
