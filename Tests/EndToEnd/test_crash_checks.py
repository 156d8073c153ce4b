"""What the crash-point tests look for they see: damage done on purpose must not pass."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import crash_slots
from conftest import ServerFactory
from crash_campaign import SETTINGS, Campaign
from crash_kills import FLUSH_A_SECOND, FLUSHES_IN_A_ROW, Kill, Occasion, Phase
from crash_shim import Point
from crash_state import assert_sound, at_rest
from server import Server

NEWEST_MINUTE = "WHERE t = (SELECT max(t) FROM minutes)"
NEWEST_HOUR = "WHERE t = (SELECT max(t) FROM hours)"


def long_ago(table: str) -> str:
    """One row more, of a time that should be gone."""
    return f"""
        CREATE TEMP TABLE old AS SELECT * FROM {table} ORDER BY t LIMIT 1;
        UPDATE old SET t = t - 864000000;
        INSERT INTO {table} SELECT * FROM old;
    """


# What a flush leaves in the store that isn't one transaction, or is folded twice or by half, and what is said of it.
DAMAGES = [
    ("UPDATE series_totals SET value = value - 1 WHERE value > 1", "the totals hold"),
    (f"DELETE FROM minutes {NEWEST_MINUTE}", "parts|isn't what|nothing but the whole"),
    (f"UPDATE minutes SET messages = messages + 1 {NEWEST_MINUTE}", "messages from .* parts"),
    # A column that the load doesn't move.
    (f"UPDATE minutes SET logins = logins + 1 {NEWEST_MINUTE}", "logins from .* parts"),
    (f"UPDATE minutes SET messages_total = messages_total + 1 {NEWEST_MINUTE}", "messages_total from|isn't what"),
    (f"DELETE FROM hours {NEWEST_HOUR}", "in no whole|samples from|nothing but the whole"),
    (f"UPDATE hours SET bytes = bytes + 1 {NEWEST_HOUR}", "bytes from .* parts"),
    (f"UPDATE hours SET samples = samples + 1 {NEWEST_HOUR}", "samples from .* parts"),
    (f"UPDATE hours SET peak_rooms = peak_rooms + 1 {NEWEST_HOUR}", "peak_rooms from .* parts"),
    ("UPDATE days SET http_2xx = http_2xx + 1 WHERE zone = 'UTC'", "http_2xx: the days hold"),
    ("UPDATE days SET rooms = rooms + 1 WHERE zone <> 'UTC'", "rooms: the local days hold"),
    ("UPDATE days SET logins = logins + 1 WHERE zone <> 'UTC'", "logins: the days hold"),
    ("UPDATE days SET day = '2026-01-01' WHERE zone <> 'UTC'", "2026-01-01 begins at"),
    ("DELETE FROM days WHERE zone = 'UTC'", "the days hold 0"),
    ("DELETE FROM days WHERE zone <> 'UTC'", "the local days hold 0"),
    (long_ago("minutes"), "minutes are not pruned"),
    (long_ago("hours"), "hours are not pruned"),
    # Countries: one visit more in a row, in a running total, a row lost, a whole row cut short.
    ("UPDATE country_hours SET visits = visits + 1 WHERE country = 'DE'", "follows a total of|visits of DE are"),
    ("UPDATE country_minutes SET visits = visits + 1 WHERE country = 'DE'", "follows a total of|country_minutes hold"),
    ("UPDATE country_hours SET total = total + 1 WHERE country = 'DE'", "country_hours: DE ends at"),
    ("UPDATE country_minutes SET total = total + 1 WHERE country = 'DE'", "country_minutes: DE ends at"),
    ("DELETE FROM country_hours WHERE country = 'DE'", "visits of DE are 0"),
    ("DELETE FROM country_minutes WHERE country = 'DE'", "country_minutes: .* does not hold|country_minutes hold"),
    ("DELETE FROM country_minutes", "country_minutes hold"),
    ("DELETE FROM country_hours WHERE visits = 0", "does not hold"),
    ("DELETE FROM country_minutes WHERE visits = 0", "does not hold"),
]


@pytest.fixture
def campaign(start_server: ServerFactory, tmp_path: Path) -> Campaign:
    return Campaign(start_server(started=False, **SETTINGS), tmp_path)


def test_no_damage_to_a_table_passes(campaign: Campaign, tmp_path: Path) -> None:
    campaign.record(130)
    # Another day, and then an hour that has just begun, for rows that begin one.
    for occasion, rate in ((Occasion.LATER, FLUSHES_IN_A_ROW), (Occasion.HOUR, FLUSH_A_SECOND)):
        # Most of a second after its first flush.
        assert campaign.kill(Kill(Phase.RUN, None, occasion, rate), random.Random(0))
    sound = at_rest(campaign.server.data_dir / "signalbox.sqlite", tmp_path)
    assert sound
    assert_sound(sound)
    # With what was in the WAL.
    store = (tmp_path / "at-rest.sqlite").rename(tmp_path / "store.sqlite")
    damaged = tmp_path / "damaged.sqlite"
    unseen = []
    for statement, said in DAMAGES:
        shutil.copyfile(store, damaged)
        with closing(sqlite3.connect(damaged)) as database, database:
            database.executescript(statement)
            assert database.total_changes > 0, statement
        state = at_rest(damaged, tmp_path)
        try:
            assert state
            assert_sound(state)
        except AssertionError as problem:
            assert re.search(said, str(problem)), f"{statement}: {problem}"
        else:
            unseen.append(statement)
    assert not unseen


def of_slots(change: Callable[[dict[str, int]], None]) -> Callable[[Server], None]:
    def damage(server: Server) -> None:
        slots = crash_slots.read(server.counters_path)
        assert slots
        change(slots.values)
        crash_slots.write(server.counters_path, slots)

    return damage


def lose_one(name: str) -> Callable[[Server], None]:
    def change(values: dict[str, int]) -> None:
        assert values[name] > 0, name
        values[name] -= 1

    return of_slots(change)


def count_twice(name: str) -> Callable[[Server], None]:
    return of_slots(lambda values: values.update({name: values[name] + 1}))


def lose_the_file(server: Server) -> None:
    server.counters_path.unlink()


def cut_the_file(server: Server) -> None:
    with server.counters_path.open("r+b") as file:
        file.truncate(100_000)


def lower_the_store(server: Server) -> None:
    with closing(sqlite3.connect(server.data_dir / "signalbox.sqlite")) as database, database:
        database.execute("UPDATE series_totals SET value = value - 1 WHERE value > 1")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_one('signalbox_messages_total{via="http"}'), "slot signalbox_messages_total.* fell"),
        (count_twice('signalbox_messages_total{via="http"}'), "slot signalbox_messages_total.* was"),
        # Nothing here keeps a ledger of these two.
        (lose_one("highest_sequence_number"), "slot highest_sequence_number fell"),
        (count_twice('signalbox_admissions_total{result="login"}'), "slot signalbox_admissions_total.* was"),
        (lose_the_file, "slot .* fell"),
        (cut_the_file, "slot .* fell"),
        (lower_the_store, "stored .* fell|the totals hold"),
    ],
)  # fmt: skip
def test_no_damage_between_a_kill_and_a_start_passes(
    campaign: Campaign, damage: Callable[[Server], None], said: str
) -> None:
    rng = random.Random(1)
    # Two lives: one to bring something into the store, one to have something counted since.
    assert campaign.kill(Kill(Phase.RUN, Point("wal-write", 1, "after"), rate=FLUSHES_IN_A_ROW), rng)
    assert campaign.kill(Kill(Phase.RUN, Point("shm-lock", 1, "after")), rng)
    damage(campaign.server)
    with pytest.raises(AssertionError, match=said):
        campaign.start()
