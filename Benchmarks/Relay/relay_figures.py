"""The figures that come from the samples, and what they should be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from figures import Figure

from samples import Report, Samples, Spread, found
from scenarios import TRANSPORTS

MIB = 1024**2


@dataclass(frozen=True)
class RelayFigure(Figure):
    """A median with its spread, and the same of others. The target is for the ratio where there are others to
    compare with in the same rounds, else for the figure itself."""

    spread: Spread | None = None
    others: dict[str, Spread] = field(default_factory=dict)
    is_ratio: bool = False
    at_least: bool = False
    """The higher the better."""
    failures: int = 0

    @property
    def better(self) -> float | None:
        """The best of the others."""
        medians = [spread.median for spread in self.others.values()]
        return (max if self.at_least else min)(medians) if medians else None

    @property
    def ratio(self) -> float | None:
        return self.measured / self.better if self.better and self.spread else None

    @property
    def compared(self) -> float | None:
        return self.ratio if self.is_ratio else self.measured if self.spread else None

    @property
    def met(self) -> bool | None:
        if self.target is None or self.compared is None:
            return None
        return self.compared >= self.target if self.at_least else self.compared <= self.target

    @property
    def verdict(self) -> str:
        if self.spread is None:
            return "failed"
        if self.target is None:
            return ""
        if self.compared is None:
            return "nothing to compare with"
        return "met" if self.met else f"missed: {self.compared / self.target:.2f} of the target"

    @property
    def wanted(self) -> str:
        if self.target is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {self.target:,g} {'×' if self.is_ratio else self.unit}"

    @property
    def row(self) -> list[str]:
        beside = "; ".join(f"{name} {text(spread, self.unit)}" for name, spread in self.others.items())
        ratio = f"; {self.ratio:.2f} × the better" if self.ratio is not None else ""
        failed = f"; {self.failures} runs failed" if self.failures else ""
        note = (beside + ratio + failed).strip("; ")
        return [self.name, self.wanted, text(self.spread, self.unit), self.verdict, note]


def number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def text(spread: Spread | None, unit: str) -> str:
    if spread is None:
        return "failed"
    return f"{number(spread.median)} {unit} ({number(spread.low)}–{number(spread.high)})"


@dataclass(frozen=True)
class Wanted:
    """One figure of a scenario: where it is found, and its target."""

    scenario: str
    name: str
    unit: str
    value: str | Callable[[Report], list[float]]
    """A path into the report, or what computes it."""
    factor: float = 1
    target: float | None = None
    at_least: bool = False
    is_ratio: bool = False
    beside: str | None = None
    """A setup of Signalbox itself to compare with; else it's the peers'."""
    of: str = "signalbox"

    def figure(self, samples: Samples) -> RelayFigure | None:
        """None when it wasn't measured."""
        setups = samples.setups(self.scenario)
        if self.of not in setups or (self.beside is not None and self.beside not in setups):
            return None
        own = samples.spread(self.scenario, self.of, self._values)
        others = [self.beside] if self.beside else [name for name in setups if name in PEERS]
        spreads = {name: samples.spread(self.scenario, name, self._values) for name in others}
        failures = sum(len(samples.failures[self.scenario].get(name, [])) for name in {self.of, *others})
        if own is None and not failures:
            return None  # a run too short for it
        return RelayFigure(
            self.name, own.median if own else 0.0, self.unit, self.target, spread=own,
            others={name: spread for name, spread in spreads.items() if spread}, is_ratio=self.is_ratio,
            at_least=self.at_least, failures=failures,
        )  # fmt: skip

    def _values(self, report: Report) -> list[float]:
        values = [found(report, self.value)] if isinstance(self.value, str) else self.value(report)
        return [value * self.factor for value in values]


PEERS = ("nchan", "nchan, no delay")
"""Setups that are other relays."""


def growth(report: Report) -> list[float]:
    """Mean memory of the last minute above that of the second, in per cent."""
    seconds = report["resident_bytes"]
    if len(seconds) < 180:
        return []
    return [(statistics.mean(seconds[-60:]) / statistics.mean(seconds[60:120]) - 1) * 100]


def fan_outs() -> Iterator[Wanted]:
    each, cpu = "deliveries_per_second", "server_cpu.us_per_delivery"
    speed: dict[str, float] = {
        "sse-1x500-w1": 1.1, "sse-1x500-w8": 1.4, "ws-1x500-w1": 1, "ws-1x500-w8": 1,
        "poll-1x500-w1": 1, "poll-1x500-w8": 1,
    }  # fmt: skip
    work: dict[str, float] = {"sse-1x500-w1": 1, "sse-1x500-w8": 1, "ws-1x500-w1": 1, "ws-1x500-w8": 1}
    for transport, name in TRANSPORTS.items():
        for load in ("1x500-w1", "1x500-w8", "100x50-w8", "5000x1-w8"):
            scenario = f"{transport}-{load}"
            shape, window = load.split("-w")
            what = f"{name} to {shape.replace('x', ' × ')}, window {window}"
            yield Wanted(scenario, f"{what}: deliveries", "/s", each, target=speed.get(scenario), at_least=True,
                         is_ratio=True)  # fmt: skip
            yield Wanted(scenario, f"{what}: processor", "µs", cpu, target=work.get(scenario), is_ratio=True)
    at = "SSE to 1 × 500 at 25,000/s"
    yield Wanted("sse-1x500-25k", f"{at}: p50", "ms", "latency_us.p50", 1e-3)
    yield Wanted("sse-1x500-25k", f"{at}: p99", "ms", "latency_us.p99", 1e-3, target=0.9, is_ratio=True)
    yield Wanted("sse-1x500-25k", f"{at}: processor", "µs", cpu, target=1, is_ratio=True)


WANTED = [
    Wanted("health", "health checks", "/s", "requests_per_second", target=60_000, at_least=True),
    Wanted("health", "health checks: processor", "µs", "server_cpu.us_per_request"),
    Wanted("post", "posts without subscribers", "/s", "requests_per_second", target=40_000, at_least=True),
    Wanted("post", "posts without subscribers: processor", "µs", "server_cpu.us_per_request"),
    Wanted("post", "posts, counted against not: rate", "/s", "requests_per_second", beside="without counting", at_least=True),
    Wanted("post", "posts, counted against not: processor", "µs", "server_cpu.us_per_request", target=1.01, is_ratio=True, beside="without counting"),
    *fan_outs(),
    Wanted("idle-sse", "an idle event stream of 10,000", "bytes", "resident_bytes_each", target=0.7, is_ratio=True),
    Wanted("idle-ws", "an idle WebSocket of 10,000", "bytes", "resident_bytes_each", target=8_192),
    Wanted("stalled", "1,000 stalled readers: memory more", "MiB", "resident_bytes_more", 1 / MIB, target=300),
    Wanted("stalled", "1,000 stalled readers: p99 of the others", "ms", "latency_us.p99", 1e-3, target=1.5, is_ratio=True, beside="none stalled"),
    Wanted("stalled", "1,000 stalled readers: the kernel's memory for TCP", "MiB", "highest_kernel_bytes", 1 / MIB),
    Wanted("stalled", "1,000 stalled readers: dropped", "readers", "dropped"),
    Wanted("agents", "500 named agents: p50", "ms", "latency_us.p50", 1e-3),
    Wanted("agents", "500 named agents: p99", "ms", "latency_us.p99", 1e-3),
    Wanted("agents", "500 named agents: processor", "% of a core", "server_cpu.share", 100),
    Wanted("dashboard", "dashboard at 25,000/s", "ms", lambda report: report["watched"]["stats_ms"]),
    Wanted("dashboard", "scrape at 25,000/s", "ms", lambda report: report["watched"]["scrape_ms"]),
    Wanted("dashboard", "p99 with both each second", "ms", "latency_us.p99", 1e-3, is_ratio=True, beside="nobody looking"),
    Wanted("loops", "two loops: processor", "µs", "server_cpu.us_per_delivery", is_ratio=True, beside="one loop", of="two loops"),
    Wanted("loops", "two loops: deliveries", "/s", "deliveries_per_second", at_least=True, is_ratio=True, beside="one loop", of="two loops"),
    Wanted("mixed", "mixed traffic: last minute's memory above the second's", "%", growth, target=2),
    Wanted("mixed", "mixed traffic: p99", "ms", "latency_us.p99", 1e-3),
    Wanted("mixed", "mixed traffic: p99 of health checks", "ms", "health_latency_us.p99", 1e-3),
]  # fmt: skip


def all_figures(samples: Samples) -> list[RelayFigure]:
    made = (wanted.figure(samples) for wanted in WANTED)
    return [figure for figure in made if figure is not None]
