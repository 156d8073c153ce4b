"""Writes the measured part of docs/performance.md, and its charts."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from bar_chart import Group, bar_chart
from relay_figures import RelayFigure, number, text
from samples import Samples, Spread
from server import REPOSITORY

PAGE = REPOSITORY / "docs/performance.md"
IMAGES = REPOSITORY / "docs/images"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"

TRANSPORTS = ("SSE", "WebSocket", "long-poll")
WINDOWS = {1: "one at a time", 8: "eight at once"}

# Charts: file, title, unit, which way is better, and the figures with what to call them.
CHARTS = [
    ("fanout", "Messages delivered to 500 subscribers of one room", "a second", "more is better", {
        f"{how} to 1 × 500, window {window}: deliveries": f"{how}, {words}"
        for how in TRANSPORTS for window, words in WINDOWS.items()
    }),
    ("processor", "Processor time for a delivery", "µs", "less is better", {
        f"{how} to 1 × 500, window {window}: processor": f"{how}, {words}"
        for how in TRANSPORTS for window, words in WINDOWS.items()
    }),
    ("latency", "From post to delivery at 25,000 deliveries a second", "ms", "less is better", {
        "SSE to 1 × 500 at 25,000/s: p50": "median", "SSE to 1 × 500 at 25,000/s: p99": "99 of 100",
    }),
    ("requests", "Requests on 64 connections", "a second", "more is better", {
        "health checks": "health checks", "posts without subscribers": "posts",
    }),
    ("memory", "Memory of an idle connection", "bytes", "less is better", {
        "an idle event stream of 10,000": "event stream", "an idle WebSocket of 10,000": "WebSocket",
    }),
]  # fmt: skip


def write_page(samples: Samples, figures: Sequence[RelayFigure]) -> None:
    page = PAGE.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.relative_to(REPOSITORY)} has no {BEGIN} and {END}: put them where the figures go")
    IMAGES.mkdir(exist_ok=True)
    measured = "\n".join(_measured(samples, figures))
    PAGE.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}")


def _measured(samples: Samples, figures: Sequence[RelayFigure]) -> Iterator[str]:
    yield from _circumstances(samples)
    for name, title, unit, better, wanted in CHARTS:
        groups = [Group(wanted[one.name], _bars(one)) for one in figures if one.name in wanted and one.spread]
        if groups:
            yield from _chart(name, title, bar_chart(title, unit, groups, better))
    yield from _mixed(samples)
    yield "### All figures\n"
    yield from _table(figures)
    yield from _missed(figures)
    yield from _failures(samples)
    yield from _history(samples)


def _bars(figure: RelayFigure) -> dict[str, Spread]:
    assert figure.spread is not None
    return {"Signalbox": figure.spread, **figure.others}


def _chart(name: str, title: str, svg: str) -> Iterator[str]:
    (IMAGES / f"performance-{name}.svg").write_text(svg)
    yield f"![{title}](images/performance-{name}.svg)\n"


def _circumstances(samples: Samples) -> Iterator[str]:
    """One table for all that was measured under the same circumstances."""
    same: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for scenario, facts in samples.circumstances.items():
        same.setdefault(tuple(facts.items()), []).append(scenario)
    for facts, scenarios in same.items():
        yield "| measured | " + (", ".join(scenarios) if len(same) > 1 else "everything") + " |"
        yield "|---|---|"
        yield from (f"| {name} | {f'`{value}`' if name == 'command' else value} |" for name, value in facts)
        yield ""


def _table(figures: Sequence[RelayFigure]) -> Iterator[str]:
    yield "Medians of the rounds, the lowest and highest in brackets. Ratios are to the better of the others.\n"
    yield "| what | Signalbox | to compare with | ratio | target | verdict |"
    yield "|---|---|---|---|---|---|"
    for figure in figures:
        others = "<br>".join(f"{name}: {text(spread, figure.unit)}" for name, spread in figure.others.items())
        ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
        failed = f"<br>{figure.failures} runs failed" if figure.failures and figure.spread else ""
        own = text(figure.spread, figure.unit) + failed
        cells = [figure.name, own, others, ratio, figure.wanted, figure.verdict]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _missed(figures: Sequence[RelayFigure]) -> Iterator[str]:
    missed = [one for one in figures if one.target is not None and not one.met]
    reached = sum(one.met is True for one in figures)
    if not missed:
        yield f"All {reached} targets were met.\n"
        return
    yield f"{reached} targets were met; these were missed:\n"
    for one in missed:
        found = one.verdict  # failed, or nothing to compare with
        if one.compared is not None:
            found = f"{number(one.compared)} {'×' if one.is_ratio else one.unit}"
        yield f"- {one.name}: {found} where {one.wanted} is wanted"
    yield ""


def _failures(samples: Samples) -> Iterator[str]:
    for scenario, setups in samples.failures.items():
        for setup, reasons in setups.items():
            rounds = f"in {len(reasons)} rounds" if len(reasons) > 1 else "in one round"
            yield f"- {scenario} on {setup} failed twice {rounds}: {reasons[-1].splitlines()[0]}"
    if any(samples.failures.values()):
        yield ""


def _mixed(samples: Samples) -> Iterator[str]:
    reports = samples.reports.get("mixed", {}).get("signalbox", [])
    if not reports:
        return
    mib = [value / 1024**2 for value in reports[-1]["resident_bytes"]]
    minutes = [mib[start : start + 60] for start in range(0, len(mib) - 59, 60)]
    groups = [
        Group(f"minute {count}", {"Signalbox": Spread(statistics.mean(minute), min(minute), max(minute))})
        for count, minute in enumerate(minutes, 1)
    ]
    if groups:
        title = "Memory under mixed traffic, minute by minute"
        yield from _chart("mixed", title, bar_chart(title, "MiB", groups))


def _history(samples: Samples) -> Iterator[str]:
    """What measure_history.py found, in the same shape."""
    if not samples.history:
        return
    yield "### A server with years of history\n"
    yield "| what | measured | target | verdict |"
    yield "|---|---|---|---|"
    for one in samples.history["figures"]:
        target = "" if one["target"] is None else f"≤ {one['target']:g} {one['unit']}"
        verdict = {True: "met", False: "missed", None: ""}[one["met"]]
        yield f"| {one['name']} | {one['measured']:.4g} {one['unit']} | {target} | {verdict} |"
    yield ""
