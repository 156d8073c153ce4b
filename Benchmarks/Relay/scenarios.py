"""What is measured, and on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contender import Contender
from signalbox import Signalbox

SERVER_CORES, CLIENT_CORES, ALL_CORES = "0", "1", "0,1"

TRANSPORTS = {"sse": "SSE", "ws": "WebSocket", "poll": "long-poll"}
SHAPES = {"1x500": (1, 500), "100x50": (100, 5_000), "5000x1": (5_000, 5_000)}


@dataclass(frozen=True)
class Setup:
    """A server in one way of running and asking it."""

    name: str
    contender: Contender
    words: tuple[str, ...]
    server_cores: str = SERVER_CORES
    client_cores: str = CLIENT_CORES
    is_watched: bool = False
    """The dashboard and a scrape are asked for meanwhile."""


@dataclass(frozen=True)
class Scenario:
    name: str
    setups: tuple[Setup, ...]
    is_long: bool = False
    """It runs once, not in each round."""


@dataclass(frozen=True)
class Plan:
    """What the scenarios are made from."""

    signalbox: Signalbox
    peers: Sequence[Contender]
    plain: Path | None
    seconds: float
    warm_up: float
    mixed_minutes: float
    stalled_megabytes: float

    def scenarios(self) -> list[Scenario]:
        return [
            self._requests("health"), self._requests("post"),
            *self._fan_outs(), self._idle("sse"), self._idle("ws"),
            self._stalled(), self._agents(), self._dashboard(), self._loops(),
            *([self._mixed()] if self.mixed_minutes else []),
        ]  # fmt: skip

    @property
    def _timing(self) -> list[str]:
        return ["--seconds", f"{self.seconds:g}", "--warm-up", f"{self.warm_up:g}"]

    @property
    def _contenders(self) -> list[Contender]:
        return [self.signalbox, *self.peers]

    def _requests(self, name: str) -> Scenario:
        def words(contender: Contender) -> tuple[str, ...]:
            wire = contender.wire
            if name == "health":
                return "requests", "--get", wire.health, *self._timing
            return "requests", "--post", wire.publish, "--rooms", "16", *self._timing

        contenders = self._contenders
        if name == "post" and self.plain is not None:
            contenders.append(Signalbox(self.plain, "without counting"))
        return Scenario(name, tuple(Setup(one.name, one, words(one)) for one in contenders))

    def _fan_outs(self) -> Iterator[Scenario]:
        for transport in TRANSPORTS:
            yield self._fan_out(transport, "1x500", "w1", ["--window", "1"])
            yield self._fan_out(transport, "1x500", "w8", ["--window", "8"])
            if transport == "sse":
                # 500 readers of 50 messages a second.
                yield self._fan_out(transport, "1x500", "25k", ["--rate", "50"])
            yield self._fan_out(transport, "100x50", "w8", ["--window", "8"])
            yield self._fan_out(transport, "5000x1", "w8", ["--window", "8"])

    def _fan_out(self, transport: str, shape: str, load: str, how: list[str]) -> Scenario:
        rooms, subscribers = SHAPES[shape]
        size = ["--rooms", str(rooms), "--subscribers", str(subscribers)]
        setups = []
        for one in self._contenders:
            words = ("fanout", *one.wire.fan_out(transport), *size, *how, *self._timing)
            setups.append(Setup(one.name, one, words))
            # As it is, an event of nchan's waits for the acknowledgement of the one before it (Nagle); on a
            # connection that was kept alive before, it doesn't. Clients of EventSource never do that.
            if transport == "sse" and one.name == "nchan":
                setups.append(Setup("nchan, no delay", one, (*words, "--pre-get", one.wire.health)))
        return Scenario(f"{transport}-{shape}-{load}", tuple(setups))

    def _idle(self, transport: str) -> Scenario:
        def words(contender: Contender) -> tuple[str, ...]:
            return "idle", *contender.wire.streams(transport), "--connections", "10000", "--rooms", "1000"

        setups = tuple(Setup(one.name, one, words(one)) for one in self._contenders)
        return Scenario(f"idle-{transport}", setups)

    def _stalled(self) -> Scenario:
        # One MB/s, to 20 readers: what the server can hand to a thousand, too, until it has dropped them.
        volume = ("--megabytes", f"{self.stalled_megabytes:g}", "--size", "16384", "--rate", "64")
        words = ("stalled", *volume, "--readers", "20")
        return Scenario("stalled", (
            Setup("signalbox", self.signalbox, (*words, "--stalled", "1000")),
            Setup("none stalled", self.signalbox, (*words, "--stalled", "0")),
        ), is_long=True)  # fmt: skip

    def _agents(self) -> Scenario:
        words = ("agents", "--agents", "500", "--rate", "50", *self._timing)
        return Scenario("agents", (Setup("signalbox", self.signalbox, words),))

    def _dashboard(self) -> Scenario:
        # Long enough for some questions, of which there is one a second.
        words = ("fanout", "--rate", "50", "--seconds", f"{self.seconds + 2:g}", "--warm-up", f"{self.warm_up:g}")
        return Scenario("dashboard", (
            Setup("signalbox", self.signalbox, words, is_watched=True),
            Setup("nobody looking", self.signalbox, words),
        ))  # fmt: skip

    def _loops(self) -> Scenario:
        words = ("fanout", "--window", "8", *self._timing)
        two = Signalbox(self.signalbox.binary, "two loops", threads=2)
        return Scenario("loops", (
            Setup("one loop", self.signalbox, words, ALL_CORES, ALL_CORES),
            Setup("two loops", two, words, ALL_CORES, ALL_CORES),
        ))  # fmt: skip

    def _mixed(self) -> Scenario:
        # At that rate the rooms have all the messages they keep before the second minute.
        size = ("--rooms", "10", "--subscribers", "200", "--rate", "400")
        words = ("mixed", "--seconds", f"{self.mixed_minutes * 60:g}", *size)
        return Scenario("mixed", (Setup("signalbox", self.signalbox, words),), is_long=True)
