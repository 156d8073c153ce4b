"""`signalbox check`: finds what doesn't add up, and changes nothing."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from conftest import ServerFactory
from series_client import series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually
from store_copy import change, rows, store_file, value
from test_commands import run
from visits import visit
from wire import new_room, post_well

CRASHES = (-6, -4, -5, -11)


def check(server: Server) -> subprocess.CompletedProcess[str]:
    return run("check", directory=server.directory)


def findings(server: Server) -> str:
    """What an unsound store is said to suffer from."""
    result = check(server)
    assert result.returncode == 1, (result.returncode, result.stdout, result.stderr)
    assert "Fatal" not in result.stderr
    text = (result.stdout + result.stderr).strip()
    assert text
    return text


@pytest.fixture
def live(start_server: ServerFactory) -> Server:
    """A server that writes each second, and has written some minutes over the end of an hour."""
    server = start_server(**OPEN_LIMITS | sixty_times("2026-06-15T12:55:30Z"))
    room = new_room()
    for number in range(6):
        post_well(server, room)
        visit(server)
        eventually(lambda number=number: total(series(server, range="1h")["points"]) == number + 1, "a flush", 30)
    # A server that was slow to start missed the end of the first hour; the next one ends a minute later.
    eventually(lambda: value(store_file(server), "SELECT count(*) FROM hours") >= 2, "a second hour", timeout=100)
    return server


@pytest.fixture
def stopped(live: Server) -> Server:
    live.stop()
    return live


def test_a_sound_store_is_found_sound_in_use_and_at_rest(live: Server) -> None:
    for _ in range(5):
        post_well(live, new_room())
        result = check(live)
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.strip()
    live.stop()
    assert check(live).returncode == 0
    live.restart(**sixty_times("2026-06-15T15:10:30Z"))
    eventually(lambda: value(store_file(live), "SELECT count(*) FROM hours") >= 3, "a flush", timeout=20)
    result = check(live)
    assert result.returncode == 0, "time without a server is no damage: " + result.stdout + result.stderr
    assert "gaps: " in result.stdout, "but it is told"


def test_a_store_is_sound_after_a_crash(live: Server) -> None:
    post_well(live, new_room())
    live.kill()
    assert check(live).returncode == 0, "before it was started again"
    live.restart(**sixty_times("2026-06-15T13:30:30Z"))
    eventually(lambda: total(series(live, range="8h")["points"]) == 7, "the one that was only in memory")
    result = check(live)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE minutes SET messages = messages + 1 WHERE t = (SELECT min(t) FROM minutes WHERE messages > 0)",
        "UPDATE hours SET messages = messages + 1 WHERE t = (SELECT min(t) FROM hours)",
        "UPDATE hours SET http_2xx = http_2xx - 1 WHERE t = (SELECT min(t) FROM hours)",
        "UPDATE days SET messages = messages + 1",
        "UPDATE hours SET samples = samples + 1 WHERE t = (SELECT min(t) FROM hours)",
        "UPDATE series_totals SET value = value + 1 WHERE id = (SELECT id FROM series WHERE name LIKE 'signalbox_messages_total%' AND id IN (SELECT id FROM series_totals WHERE value > 0))",
        "UPDATE country_minutes SET total = total + 1 WHERE t = (SELECT max(t) FROM country_minutes)",
        "UPDATE country_hours SET visits = visits + 1",
        "DELETE FROM hours WHERE t = (SELECT min(t) FROM hours)",
    ],
)
def test_a_sum_that_was_tampered_with_is_found(stopped: Server, tampering: str) -> None:
    assert check(stopped).returncode == 0
    change(store_file(stopped), tampering)
    text = findings(stopped)
    table = tampering.removeprefix("DELETE FROM ").removeprefix("UPDATE ").split()[0].removeprefix("series_")
    # The other side of the comparison may be the one that is named.
    assert any(word in text for word in (table, "minutes", "hours", "days", "totals", "countr")), text


def test_a_minute_that_is_missing_is_found(stopped: Server) -> None:
    ((t,),) = rows(store_file(stopped), "SELECT t FROM minutes WHERE messages > 0 ORDER BY t LIMIT 1 OFFSET 2")
    change(store_file(stopped), "DELETE FROM minutes WHERE t = ?", t)
    text = findings(stopped)
    assert "gap" in text.lower() or "minute" in text.lower(), text


@pytest.mark.parametrize("table", ["minutes", "identities", "series"])
def test_a_page_that_was_overwritten_is_found(stopped: Server, table: str) -> None:
    size = value(store_file(stopped), "PRAGMA page_size")
    root = value(store_file(stopped), "SELECT rootpage FROM sqlite_master WHERE name = ?", table)
    with store_file(stopped).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    findings(stopped)


@pytest.mark.parametrize("what", ["cut short", "another file", "empty"])
def test_what_is_no_store_is_found(stopped: Server, what: str) -> None:
    data = store_file(stopped).read_bytes()
    store_file(stopped).write_bytes(
        {"cut short": data[: len(data) // 2], "another file": b"this is no database\n" * 500, "empty": b""}[what]
    )
    findings(stopped)


def test_looking_changes_nothing(stopped: Server) -> None:
    def digests() -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in stopped.data_dir.iterdir()
            # A reader of a store in WAL mode may leave these, empty.
            if path.stat().st_size and not path.name.endswith("-shm")
        }

    change(store_file(stopped), "UPDATE hours SET messages = messages + 1")
    before = digests()
    findings(stopped)
    assert digests() == before
    findings(stopped)


def test_where_there_is_no_store_there_is_nothing_to_check(tmp_path: Path) -> None:
    result = run("check", directory=tmp_path)
    assert result.returncode not in (0, *CRASHES)
    assert "signalbox.sqlite" in result.stdout + result.stderr
    assert not (tmp_path / "data").exists(), "and none is made"
