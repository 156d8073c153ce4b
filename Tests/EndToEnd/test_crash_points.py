"""The server is killed at every point at which it changes the store or the counters' file, and counts on.

Points of a flush, a rollup, a prune, a checkpoint and a start are calls of the system: a shim kills the process
at the one that is named. Between calls a kill comes from outside, at any time.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import replace

import pytest

from conftest import ServerFactory
from crash_campaign import SETTINGS, Campaign
from crash_kills import FLUSH_A_SECOND, FLUSHES_IN_A_ROW, Kill, Occasion, Phase
from crash_shim import Point

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
    (Phase.RUN, "wal-write", "before"), (Phase.RUN, "wal-write", "torn"), (Phase.RUN, "shm-unlock", "before"),
    # A checkpoint in mid-run.
    (Phase.RUN, "wal-sync", "after"), (Phase.RUN, "db-write", "torn"), (Phase.RUN, "db-sync", "before"),
    # The last flush and its checkpoint.
    (Phase.STOP, "wal-write", "torn"), (Phase.STOP, "db-write", "torn"), (Phase.STOP, "wal-truncate", "after"),
]  # fmt: skip

# A start that finds the counters' file of another version makes a new one and renames it into place.
UPGRADES = [
    Kill(Phase.START, Point(kind, 1, how), upgrades=True)
    for kind, ways in (
        ("mapping-write", ("torn", "after")), ("mapping-rename", ("before", "after")), ("mapping-map", ("after",)),
    )
    for how in ways
]  # fmt: skip
UPGRADES_CHOSEN = [UPGRADES[0], UPGRADES[3]]

# A first start: before the store has its kind, within its schema, and when the counters' file is made.
FIRST_CHOSEN = (
    ("journal-write", "torn"), ("wal-write", "torn"), ("mapping-write", "torn"), ("mapping-rename", "after"),
)  # fmt: skip


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


def enumerated(recording: Recording, over: int, rng: random.Random) -> list[Kill]:
    """Every kind of call in every phase, each time with another kind of flush under way."""
    kills: list[Kill] = []
    for phase, calls in recording.items():
        for kind, count in sorted(calls.items()):
            if kind.endswith("-share") or (phase is Phase.RUN and kind == "other-open"):
                continue  # a reader's lock changes nothing, nor does a look at the folder, now and then
            rate = FLUSH_A_SECOND
            if phase is Phase.RUN and (count < RECORDED or kind.startswith("db-")):
                # Not in every flush: a checkpoint's, and only that writes to the database itself, many pages at
                # once. It is waited for with the clock running fast.
                rate = FLUSHES_IN_A_ROW
            elif phase is Phase.RUN:
                # Within the next flush, which is the occasion's and writes more than most, or shortly after.
                count = max(2, 3 * count // (2 * RECORDED))
            for point in points(kind, count, over):
                kills.append(Kill(phase, point, rng.choice(OCCASIONS), rate))
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
        if campaign.kill(kill, rng):
            continue
        if kill.point:
            # One life has a few calls more than another; the first of a kind is always there.
            missed += not campaign.kill(replace(kill, point=replace(kill.point, number=1)), rng)
        else:
            # The stop was over before its time was.
            assert campaign.kill(replace(kill, phase=Phase.RUN), rng)
    assert missed <= len(kills) // 20, f"{missed} of {len(kills)} never came; {campaign.kills}"
    assert campaign.kills.total() >= len(kills), campaign.kills
    campaign.finish()


def first_points(new_campaign: Callable[[], Campaign], over: int) -> list[Point]:
    """All there is in a start that has to make everything."""
    calls = new_campaign().start_calls()
    return [point for kind, count in sorted(calls.items()) for point in points(kind, count, over)]


def kill_first_starts(
    new_campaign: Callable[[], Campaign], chosen_points: list[Point], rng: random.Random
) -> Tally[str]:
    """Kills at starts that have to make everything, each time in a directory of its own."""
    kills: Tally[str] = Tally()
    for point in chosen_points:
        campaign = new_campaign()
        run(campaign, [Kill(Phase.START, point)], rng)
        kills += Tally({f"first {label}": count for label, count in campaign.kills.items()})
    return kills


def report(kills: Tally[str]) -> None:
    print(f"{kills.total()} kills", *(f"{count:4} {label}" for label, count in sorted(kills.items())), sep="\n")


# 4, 15 and 6 of them, 25 in all.


def test_a_first_start_that_is_killed_is_made_good_by_the_next(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    every = first_points(new_campaign, over=5)
    kills = kill_first_starts(
        new_campaign,
        [rng.choice([point for point in every if (point.kind, point.how) == wanted]) for wanted in FIRST_CHOSEN],
        rng,
    )
    report(kills)
    assert kills.total() >= len(FIRST_CHOSEN)


def test_nothing_is_lost_or_doubled_at_chosen_points(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    campaign = new_campaign()
    kills = chosen(enumerated(campaign.record(RECORDED), over=3, rng=rng), rng)
    run(campaign, [*kills, *UPGRADES_CHOSEN], rng)
    report(campaign.kills)


def test_nothing_is_lost_or_doubled_at_any_time(new_campaign: Callable[[], Campaign], rng: random.Random) -> None:
    campaign = new_campaign()
    run(campaign, at_any_time(6, rng), rng)
    report(campaign.kills)


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_in_five_hundred_kills(
    new_campaign: Callable[[], Campaign], rng: random.Random
) -> None:
    every_first = first_points(new_campaign, over=4)
    first = kill_first_starts(new_campaign, rng.sample(every_first, min(60, len(every_first))), rng)
    campaign = new_campaign()
    every = enumerated(campaign.record(RECORDED), over=4, rng=rng)
    kills = rng.sample(every, min(300, len(every))) + UPGRADES
    kills += at_any_time(450 - len(kills), rng)
    rng.shuffle(kills)
    run(campaign, kills, rng)
    kills_in_all = first + campaign.kills
    report(kills_in_all)
    assert kills_in_all.total() >= 500
