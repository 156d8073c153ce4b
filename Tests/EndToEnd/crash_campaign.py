"""One server that is killed again and again under load, and what must hold after each time."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter as Tally
from dataclasses import replace
from pathlib import Path

import requests

import crash_slots
from crash_kills import FLUSH_A_SECOND, FLUSHES_IN_A_ROW, LONGEST, Clock, Kill, Phase
from crash_load import CountingSession, Ledger, Load, raise_to, totals_in
from crash_shim import Shim
from crash_state import RETENTION, State, alive, assert_sound, at_rest
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

# Of the slots, those that no total of the JSON is made of.
BRACKETED_SLOTS = {
    "identities_registered": "signalbox_identities_registered_total",
    "deliveries_ws": 'signalbox_deliveries_total{transport="ws"}',
}

# A debug binary on a busy machine may take this long to come to the point.
DEATH_TIMEOUT = 30.0


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
        # Every slot as the last run left it.
        self._slots: dict[str, int] = {}
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
        for _ in range(2):
            self.start()
            # No flush yet, so that these are the start's alone.
            started = self._shim.calls()
            self.server.kill()
        self.start(Kill(Phase.RUN, rate=FLUSHES_IN_A_ROW))
        before = self._shim.calls()
        load = self._load()

        def is_enough() -> bool:
            has_checkpoint = self._shim.calls()["db-write"] > before["db-write"]
            return has_checkpoint and sum(day["samples"] for day in alive(self._store).days) >= flushes

        eventually(is_enough, f"{flushes} flushes and a checkpoint", DEATH_TIMEOUT)
        load.finish()
        ran = self._shim.calls()
        raise_to(self._shown, load.shown)
        self.server.stop()
        self._look_at_rest()
        return {Phase.START: started, Phase.RUN: ran - before, Phase.STOP: self._shim.calls() - ran}

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
            raise_to(self._shown, load.shown)

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
        if kill.upgrades and self.server.counters_path.exists():
            crash_slots.make_another_version(self.server.counters_path)
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
        if not state:
            return
        self._look(state)
        slots = crash_slots.read(self.server.counters_path)
        if not slots:
            # As after a power cut, or not made yet: the store is all there is.
            self._slots = state.totals
            return
        assert slots.uuid == state.uuid, "the counters' file belongs to another store"
        for name, value in (state.totals | ({} if self._memory_lost else self._slots)).items():
            counted = slots.values.get(name, -1)
            # A start that is killed before it has joined the two leaves the store ahead after a power cut.
            assert counted >= value or self._memory_lost, f"the slot {name} fell from {value} to {counted}"
        self._slots = {name: max(value, state.totals.get(name, 0)) for name, value in slots.lasting.items()}

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
        slots = crash_slots.read(self.server.counters_path)
        assert slots, "the server counts without a file"
        crash_slots.assert_kept(self._slots, slots.lasting)
        acknowledged, attempted_before = self._ledger.acknowledged, self._ledger.attempted
        metrics = self.server.metrics()
        self._clock.align(metrics["ts"])
        geo = self.server.get("/api/metrics/geo?range=all", headers=self.server.bearer).json()
        attempted = self._ledger.attempted
        now = totals_in(metrics) | {"visits": geo["total_visits"]}
        now |= {f"visits {code}": count for code, count in (geo["countries"] | geo["extras"]).items()}
        now |= {name: slots.values[slot] for name, slot in BRACKETED_SLOTS.items()}
        state = alive(self._store)
        self._look(state)
        if self._memory_lost:
            # What the last flush had brought to the disk is what there is.
            for name, column in BRACKETED.items():
                assert column is None or now[name] == state.total(column), f"{name}: {now[name]}"
        else:
            for name, value in self._shown.items():
                assert now[name] >= value, f"{name} fell from {value} to {now[name]}"
        for name in [*BRACKETED, *BRACKETED_SLOTS, *(name for name in attempted if name.startswith("visits"))]:
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
