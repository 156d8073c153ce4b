"""One server that is killed again and again under load, and what must hold after each time."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter as Tally
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import requests

from crash_load import CountingSession, Ledger, Load, totals_in
from crash_shim import Point, Shim
from crash_state import DAY, HOUR, MINUTE, RETENTION, State, alive, assert_sound, at_rest
from server import OPEN_LIMITS, Server, eventually

SETTINGS: dict[str, str | None] = OPEN_LIMITS | RETENTION | {
    # Countries by name, without a database.
    "TRUST_CLOUDFLARE": "1",
    # A clock that runs fast would end rooms between two posts.
    "ROOM_GRACE_SECONDS": "86400",
}

# Of the JSON's totals, those that the load keeps the ledger of, and the column of the store that holds them.
BRACKETED = {
    "messages_relayed_total": "messages", "bytes_relayed_total": "bytes", "http_posts_total": "http_posts",
    "rooms_created_total": "rooms", "ws_connects_total": "ws_connects", "sse_connects_total": "sse_connects",
    "longpoll_waits_total": "longpoll_waits", "longpoll_timeouts_total": "longpoll_timeouts",
    "transport_agent_total": None, "transport_browser_total": None, "http_2xx": None, "process_starts_total": None,
}  # fmt: skip

# A debug binary on a busy machine may take this long to come to the point.
DEATH_TIMEOUT = 30.0
# How fast the clock runs: a flush a second, and a flush every few ms.
FLUSH_A_SECOND = 60
FLUSHES_IN_A_ROW = 6_000


class Phase(Enum):
    START = "start"
    RUN = "run"
    STOP = "stop"


# After this many seconds at the latest a phase is cut short when no point is given.
LONGEST = {Phase.START: 0.4, Phase.RUN: 1.0, Phase.STOP: 0.1}


class Occasion(Enum):
    """What the next flush has to do besides its minute."""

    MINUTE = "minute"
    HOUR = "end of an hour"
    DAY = "end of a day"
    LATER = "days later"


@dataclass(frozen=True)
class Kill:
    """When the process is killed: at a point by the shim, or without one at any time from outside."""

    phase: Phase
    point: Point | None = None
    occasion: Occasion = Occasion.MINUTE
    rate: int = FLUSH_A_SECOND
    loses_memory: bool = False

    @property
    def label(self) -> str:
        """What it counts as."""
        return f"{self.phase.value} {f'{self.point.kind} {self.point.how}' if self.point else 'at any time'}"

    def __str__(self) -> str:
        lost = ", memory lost" if self.loses_memory else ""
        return f"{self.phase.value} {self.point or 'at any time'} ({self.occasion.value}, *{self.rate}{lost})"


class Clock:
    """The wall clock that the server is given: each start goes on from where the last run can have ended."""

    def __init__(self) -> None:
        self._at = 1_781_526_870_000  # 2026-06-15T12:34:30Z
        self._due = self._at
        self._started = time.monotonic()
        self._rate = 1

    def now(self) -> int:
        return self._at + int((time.monotonic() - self._started) * 1000 * self._rate)

    def start(self, occasion: Occasion, rate: int) -> str:
        """The setting for a start now, about a second before the occasion."""
        now = self.now()
        ahead = rate * 1000
        if occasion is Occasion.LATER:
            now += 3 * DAY
        width = {Occasion.HOUR: HOUR, Occasion.DAY: DAY}.get(occasion, MINUTE)
        self._due = (now + ahead) // width * width + width
        self._at = self._due - ahead
        self._started, self._rate = time.monotonic(), rate
        return f"{self._at}*{rate}"

    def is_due(self) -> bool:
        """Whether the occasion is some 40 ms away, or over."""
        return self.now() >= self._due - 40 * self._rate


class Campaign:
    """Kills, starts, and compares."""

    def __init__(self, server: Server, scratch: Path) -> None:
        self.kills: Tally[str] = Tally()
        self.server = server
        self._scratch = scratch
        self._shim = Shim(scratch)
        self._clock = Clock()
        self._ledger = Ledger()
        server.http = CountingSession(self._ledger)
        self._store = server.data_dir / "signalbox.sqlite"
        self._uuid: str | None = None
        # The JSON's totals after the last start, and what was acknowledged and attempted by then.
        self._base: dict[str, int] = {}
        self._acknowledged: Tally[str] = Tally()
        self._attempted: Tally[str] = Tally()
        # The highest totals anybody was shown, and those the store was seen to hold.
        self._shown: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self._memory_lost = False

    def start(self, kill: Kill | None = None) -> None:
        """Starts the server and compares it with all that was known before."""
        self._prepare(kill or Kill(Phase.RUN))
        self.server.start()
        self._ledger.acknowledge(process_starts_total=1)
        self._compare()

    def record(self, flushes: int) -> dict[Phase, Tally[str]]:
        """Runs under load for so many flushes, and tells how many calls of each kind each phase makes.

        The run before was killed, as those were that will be measured by it.
        """
        self.start()
        self.server.kill()
        self.start(Kill(Phase.RUN, rate=FLUSHES_IN_A_ROW))
        started = self._shim.calls()
        load = self._load()

        def is_enough() -> bool:
            has_checkpoint = self._shim.calls()["db-write"] > started["db-write"]
            return has_checkpoint and sum(day["samples"] for day in alive(self._store).days) >= flushes

        eventually(is_enough, f"{flushes} flushes and a checkpoint", DEATH_TIMEOUT)
        load.finish()
        ran = self._shim.calls()
        self._shown |= load.shown
        self.server.stop()
        self._look_at_rest()
        return {Phase.START: started, Phase.RUN: ran - started, Phase.STOP: self._shim.calls() - ran}

    def kill(self, kill: Kill, rng: random.Random) -> bool:
        """One life of the server, from its start to its kill, and a look at what it left behind.

        False when this life had fewer calls of the kind and ended otherwise.
        """
        try:
            if kill.phase is Phase.START:
                self._prepare(kill)
                label = self._end(kill, self.server.launch(), rng)
            else:
                label = self._run_and_end(kill, rng)
            if kill.loses_memory:
                self.server.counters_path.unlink(missing_ok=True)
                self._memory_lost = True
            self._look_at_rest()
        except AssertionError as problem:
            raise AssertionError(f"{kill}, after {self.kills.total()} other kills: {problem}") from problem
        if label:
            self.kills[label] += 1
        return label == kill.label

    def _run_and_end(self, kill: Kill, rng: random.Random) -> str | None:
        self.start(kill)
        load = self._load()
        try:
            if kill.phase is Phase.RUN and kill.rate == FLUSH_A_SECOND:
                # Counted from the flush on, not from what else is written before it.
                eventually(self._clock.is_due, "the end of the minute")
            self._shim.arm()
            return self._end(kill, self.server.process, rng)
        finally:
            load.finish()
            self._shown |= load.shown

    def finish(self) -> None:
        """A last start, which compares what the last kill left, and a good end."""
        self.start()
        self.server.stop()
        self._look_at_rest()

    def start_calls(self) -> Tally[str]:
        """Starts and stops a server and tells how many calls of each kind the start took."""
        self.start()
        calls = self._shim.calls()
        self.server.stop()
        return calls

    def _prepare(self, kill: Kill) -> None:
        self.server.settings |= self._shim.settings(kill.point, armed=kill.phase is Phase.START)
        self.server.settings["CLOCK"] = self._clock.start(kill.occasion, kill.rate)
        self._ledger.attempt(process_starts_total=1)

    def _load(self) -> Load:
        load = Load(self.server.url, self.server.bearer, self._ledger)
        before = self._ledger.acknowledged["messages_relayed_total"]
        eventually(lambda: self._ledger.acknowledged["messages_relayed_total"] >= before + 20, "the load running")
        return load

    def _end(self, kill: Kill, process: subprocess.Popen[bytes], rng: random.Random) -> str | None:
        """Waits for the kill, or kills, and tells what came of it; None when the server ended by itself."""
        if kill.phase is Phase.STOP:
            process.send_signal(signal.SIGTERM)
        if kill.point is None:
            # The point of this one is that it comes at any time.
            time.sleep(rng.uniform(0, LONGEST[kill.phase]))
        else:
            self._wait_for_shim(kill, process)
        self.server.kill()
        if self._shim.killed():
            assert self._shim.killed() == str(kill.point)
            return kill.label
        # A stop may be over before the time is.
        assert process.returncode == -signal.SIGKILL or (kill.phase is Phase.STOP and process.returncode == 0), (
            f"ended with {process.returncode}\n{self.server.log_tail()}"
        )
        return replace(kill, point=None).label if process.returncode else None

    def _wait_for_shim(self, kill: Kill, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + DEATH_TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            # Once it answers, the start is over.
            if kill.phase is Phase.START and self._answers():
                return
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return self.server.get("/api/health").ok
        except requests.RequestException:
            return False

    def _look_at_rest(self) -> None:
        """The store as the dead process left it."""
        state = at_rest(self._store, self._scratch)
        assert state or self._uuid is None, "the store is empty"
        if state:
            self._look(state)

    def _look(self, state: State) -> None:
        assert_sound(state)
        assert self._uuid in (None, state.uuid), "another store than before"
        self._uuid = state.uuid
        for name, value in self._stored.items():
            assert state.totals.get(name, -1) >= value, f"stored {name} fell from {value} to {state.totals.get(name)}"
        self._stored = state.totals
        missing = set(self._ledger.handles) - state.handles
        assert not missing, f"registered, and gone: {missing}"
        aside = [path.name for path in self.server.directory.rglob("*set-aside*")]
        assert not aside, aside

    def _compare(self) -> None:
        """The server that has just answered, against the ledger and against itself before."""
        acknowledged, attempted_before = self._ledger.acknowledged, self._ledger.attempted
        metrics = self.server.metrics()
        geo = self.server.get("/api/metrics/geo?range=all", headers=self.server.bearer).json()
        attempted = self._ledger.attempted
        now = totals_in(metrics) | {"visits": geo["total_visits"]}
        now |= {f"visits {code}": count for code, count in (geo["countries"] | geo["extras"]).items()}
        state = alive(self._store)
        self._look(state)
        if self._memory_lost:
            # What the last flush had brought to the disk is what there is.
            for name, column in BRACKETED.items():
                assert column is None or now[name] == state.total(column), f"{name}: {now[name]}"
        else:
            for name, value in self._shown.items():
                assert now[name] >= value, f"{name} fell from {value} to {now[name]}"
        for name in [*BRACKETED, *(name for name in attempted if name.startswith("visits"))]:
            moved = now.get(name, 0) - self._base.get(name, 0)
            least = acknowledged[name] - self._acknowledged[name]
            most = attempted[name] - self._attempted[name]
            assert moved <= most, f"{name}: counted {moved}, attempted {most}"
            assert self._memory_lost or moved >= least, f"{name}: counted {moved}, acknowledged {least}"
        self._memory_lost = False
        self._base, self._acknowledged, self._attempted = now, acknowledged, attempted_before
        self._shown = totals_in(metrics)
        lines = [line for line in self.server.log().splitlines() if " critical " in line or " error " in line]
        assert not lines, "\n".join(lines)
