"""The server is killed at every point at which it changes the store or the counters' file, and counts on.

Points of a flush, a rollup, a prune, a checkpoint and a start are calls of the system: a shim kills the process
at the one that is named. Between calls a kill comes from outside, at any time.
"""

from __future__ import annotations

import os
import random
import secrets
import sqlite3
from collections import Counter as Tally
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ServerFactory
from crash_campaign import FLUSH_A_SECOND, FLUSHES_IN_A_ROW, SETTINGS, Campaign, Kill, Occasion, Phase
from crash_shim import Point
from server import Server

# Flushes of the recording: enough that minutes and hours are pruned with every further one.
RECORDED = 130
OCCASIONS = tuple(Occasion)

Recording = dict[Phase, Tally[str]]

# What `make test` kills at: of every kind of work one call or more.
CHOSEN = [
    # Start-up: the store's first transaction, the mapping.
    (Phase.START, "shm-lock", "after"), (Phase.START, "wal-write", "torn"), (Phase.START, "mapping-map", "before"),
    # Within the transaction, when minutes, hours, days and what is pruned have changed in memory only.
    (Phase.RUN, "shm-lock", "after"),
    # The flush on its way to the disk, and just committed.
    (Phase.RUN, "wal-write", "before"), (Phase.RUN, "wal-write", "torn"), (Phase.RUN, "wal-write", "torn"),
    (Phase.RUN, "shm-unlock", "before"),
    # A checkpoint in mid-run.
    (Phase.RUN, "wal-sync", "after"), (Phase.RUN, "db-write", "torn"), (Phase.RUN, "db-sync", "before"),
    # The last flush and its checkpoint.
    (Phase.STOP, "wal-write", "torn"), (Phase.STOP, "db-write", "torn"), (Phase.STOP, "wal-truncate", "before"),
    (Phase.STOP, "wal-truncate", "after"),
]  # fmt: skip


@pytest.fixture
def rng() -> random.Random:
    """CRASH_SEED repeats the choices of a run; a failure shows its seed."""
    seed = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
    print(f"CRASH_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def new_campaign(start_server: ServerFactory, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Campaign]:
    return lambda: Campaign(start_server(started=False, **SETTINGS), tmp_path_factory.mktemp("crash"))


def spread(count: int, over: int) -> list[int]:
    """Numbers from 1 to count, the first and the last among them."""
    return sorted({1 + round(step * (count - 1) / max(1, over - 1)) for step in range(over)})


def points(kind: str, count: int, over: int) -> list[Point]:
    """Before, after and, of writes, in the midst of calls of this kind."""
    ways = ("before", "torn", "after") if kind.endswith("-write") else ("before", "after")
    return [Point(kind, number, how) for how in ways for number in spread(count, over)]


def enumerated(recording: Recording, over: int) -> list[Kill]:
    """Every kind of call in every phase, each time with another kind of flush under way."""
    kills: list[Kill] = []
    for phase, calls in recording.items():
        for kind, count in sorted(calls.items()):
            if kind.endswith("-share"):
                continue  # a reader's lock changes nothing
            rate = FLUSH_A_SECOND
            if phase is Phase.RUN and count < RECORDED:
                # Not in every flush: a checkpoint's. It is waited for with the clock running fast.
                rate = FLUSHES_IN_A_ROW
            elif phase is Phase.RUN:
                # Within the next two flushes, which is where the occasion is.
                count = max(2, 2 * count // RECORDED)
            for point in points(kind, count, over):
                kills.append(Kill(phase, point, OCCASIONS[len(kills) % len(OCCASIONS)], rate))
    return kills


def chosen(kills: list[Kill], rng: random.Random) -> list[Kill]:
    found = []
    for phase, kind, how in CHOSEN:
        fitting = [kill for kill in kills if (kill.phase, kill.point.kind, kill.point.how) == (phase, kind, how)]
        assert fitting, f"the recording has no {kind} during {phase.value}"
        found.append(rng.choice(fitting))
    return found


def at_any_time(count: int, rng: random.Random) -> list[Kill]:
    return [
        Kill(
            # Mostly while it runs, at a clock where most of the time is a flush.
            rng.choice((Phase.START, Phase.RUN, Phase.RUN, Phase.STOP)), None, rng.choice(OCCASIONS),
            rng.choice((FLUSH_A_SECOND, FLUSHES_IN_A_ROW)), loses_memory=number % 4 == 3,
        )
        for number in range(count)
    ]  # fmt: skip


def run(campaign: Campaign, kills: list[Kill], rng: random.Random) -> None:
    missed = 0
    for kill in kills:
        # One life has a few calls more than another; the first of a kind is always there.
        if not campaign.kill(kill, rng) and kill.point:
            missed += not campaign.kill(replace(kill, point=replace(kill.point, number=1)), rng)
    assert missed <= len(kills) // 20, f"{missed} of {len(kills)} never came; {campaign.kills}"
    campaign.finish()


def kill_first_starts(new_campaign: Callable[[], Campaign], over: int, most: int, rng: random.Random) -> Tally[str]:
    """Kills at a start that has to make everything, each time in a directory of its own."""
    calls = new_campaign().start_calls()
    every = [point for kind, count in sorted(calls.items()) for point in points(kind, count, over)]
    kills: Tally[str] = Tally()
    for point in rng.sample(every, min(most, len(every))):
        campaign = new_campaign()
        run(campaign, [Kill(Phase.START, point)], rng)
        kills += Tally({f"first {label}": count for label, count in campaign.kills.items()})
    return kills


def report(kills: Tally[str]) -> None:
    print(f"{kills.total()} kills", *(f"{count:4} {label}" for label, count in sorted(kills.items())), sep="\n")


def test_a_first_start_that_is_killed_is_made_good_by_the_next(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    report(kill_first_starts(new_campaign, over=5, most=4, rng=rng))


def test_nothing_is_lost_or_doubled_at_chosen_points(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    campaign = new_campaign()
    run(campaign, chosen(enumerated(campaign.record(RECORDED), over=3), rng), rng)
    report(campaign.kills)


def test_nothing_is_lost_or_doubled_at_any_time(new_campaign: Callable[[], Campaign], rng: random.Random) -> None:
    campaign = new_campaign()
    run(campaign, at_any_time(6, rng), rng)
    report(campaign.kills)


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_in_five_hundred_kills(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    first = kill_first_starts(new_campaign, over=4, most=60, rng=rng)
    campaign = new_campaign()
    every = enumerated(campaign.record(RECORDED), over=4)
    kills = rng.sample(every, min(300, len(every)))
    kills += at_any_time(450 - len(kills), rng)
    rng.shuffle(kills)
    run(campaign, kills, rng)
    kills_in_all = first + campaign.kills
    report(kills_in_all)
    assert kills_in_all.total() >= 500


# The comparisons themselves: damage done on purpose must not pass.


def lower_the_mapping(server: Server) -> None:
    content = server.counters_path.read_bytes()
    # The values follow the header; what was counted is in the first ones.
    server.counters_path.write_bytes(content[:131_072] + bytes(len(content) - 131_072))


def lower_a_total(server: Server) -> None:
    change(server, "UPDATE series_totals SET value = value - 1 WHERE value > 1")


def count_a_minute_twice(server: Server) -> None:
    change(server, "UPDATE hours SET messages = messages + 1")


def change(server: Server, statement: str) -> None:
    with closing(sqlite3.connect(server.data_dir / "signalbox.sqlite")) as database, database:
        assert database.execute(statement).rowcount > 0


@pytest.mark.parametrize("damage", [lower_the_mapping, lower_a_total, count_a_minute_twice])
def test_what_these_tests_look_for_they_see(
    new_campaign: Callable[[], Campaign], rng: random.Random, damage: Callable[[Server], None]
) -> None:
    campaign = new_campaign()
    # Two lives: one to bring something into the store, one to have something counted since.
    campaign.kill(Kill(Phase.RUN, Point("wal-write", 1, "after"), rate=FLUSHES_IN_A_ROW), rng)
    campaign.kill(Kill(Phase.RUN, Point("shm-lock", 1, "after")), rng)
    damage(campaign.server)
    with pytest.raises(AssertionError, match="acknowledged|fell|hold|parts"):
        campaign.start()
