"""When a server is killed, and the wall clock it lives by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum

from crash_shim import Point
from crash_state import DAY, HOUR, MINUTE

# How fast the clock runs: a flush a second, and a flush every few ms.
FLUSH_A_SECOND = 60
FLUSHES_IN_A_ROW = 6_000


class Phase(Enum):
    START = "start"
    RUN = "run"
    STOP = "stop"


# After this many seconds at the latest a phase is cut short when no point is given.
LONGEST = {Phase.START: 0.4, Phase.RUN: 1.0, Phase.STOP: 0.05}


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
    # Without a counters' file for the next start, as after a power cut.
    loses_memory: bool = False
    # With a counters' file of another version at this start.
    upgrades: bool = False

    @property
    def label(self) -> str:
        """What it counts as."""
        upgrade = " of a new version" if self.upgrades else ""
        return f"{self.phase.value}{upgrade} {f'{self.point.kind} {self.point.how}' if self.point else 'at any time'}"

    def __str__(self) -> str:
        lost = ", memory lost" if self.loses_memory else ""
        upgrade = ", new version" if self.upgrades else ""
        point = self.point or "at any time"
        return f"{self.phase.value} {point} ({self.occasion.value}, *{self.rate}{lost}{upgrade})"


class Clock:
    """The wall clock that the server is given: each start goes on from where the last run can have ended."""

    # Seconds of our own from the start to the occasion: a debug binary starts and is looked at within.
    LEAD = 1.2

    def __init__(self) -> None:
        self._at = 1_781_526_870_000  # 2026-06-15T12:34:30Z
        self._due = self._at
        self._started = self._occasion = time.monotonic()
        self._rate = 1

    def now(self) -> int:
        """No earlier than what the server's clock says: that one begins a moment after the launch."""
        return self._at + int((time.monotonic() - self._started) * 1000 * self._rate)

    def start(self, occasion: Occasion, rate: int) -> str:
        """The setting for a start now, a moment before the occasion."""
        now = self.now()
        ahead = int(rate * 1000 * self.LEAD)
        if occasion is Occasion.LATER:
            now += 3 * DAY
        width = {Occasion.HOUR: HOUR, Occasion.DAY: DAY}.get(occasion, MINUTE)
        self._due = (now + ahead) // width * width + width
        self._at = self._due - ahead
        self._started, self._rate = time.monotonic(), rate
        self._occasion = self._started + self.LEAD
        return f"{self._at}*{rate}"

    def align(self, server: int) -> None:
        """Takes the time that the server has just told, which is what its flushes go by."""
        self._occasion = time.monotonic() + (self._due - server) / 1000 / self._rate

    def is_due(self) -> bool:
        """Whether the occasion is some 40 ms away, or over."""
        return time.monotonic() >= self._occasion - 0.04
