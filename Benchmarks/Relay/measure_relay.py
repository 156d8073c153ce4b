#!/usr/bin/env python3
"""Measures the relay against its targets and, in the same rounds, against the other relays that are installed.

The server runs on core 0, the load client on core 1. Each round has every scenario on every server, one after the
other, and each round begins with another server. Nine rounds take about 23 minutes; stalled readers and mixed
traffic, which come once, 15 more. Wants a machine with nothing else to do. Exits with 0 when everything could be
measured, whatever came out, and with 1 when runs failed.

Needs the tests' Python environment: .venv/bin/python Benchmarks/Relay/measure_relay.py
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for place in ("Tests/EndToEnd", "Benchmarks"):
    sys.path.insert(1, str(Path(__file__).resolve().parents[2] / place))

import load_client
import peers
from figures import as_json, table
from load_client import RunFailed
from machine import facts
from performance_page import PAGE, write_page
from relay_figures import all_figures
from samples import Samples
from scenarios import Plan, Scenario, Setup
from server import REPOSITORY
from signalbox import Signalbox
from watching import Watching


def main() -> None:
    options = parsed()
    # Told to stop, it still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # This program's own work belongs to the clients' side.
    os.sched_setaffinity(0, {1})

    signalbox = Signalbox(options.binary.resolve())
    others = peers.installed()
    plan = Plan(signalbox, others, options.plain_binary and options.plain_binary.resolve(),
                options.seconds, options.warm_up, options.mixed_minutes, 5 if options.quick else 100)  # fmt: skip
    wanted = tuple(options.only or [""])
    scenarios = [one for one in plan.scenarios() if one.name.startswith(wanted)]
    if options.rounds and not scenarios:
        raise SystemExit("no scenario has such a name: " + ", ".join(one.name for one in plan.scenarios()))
    samples = Samples.read(options.json) if options.json else Samples()
    if options.json is None and not options.rounds:
        raise SystemExit("--rounds 0 shows what a file has: give it with --json")
    if options.history:
        samples.history = json.loads(options.history.read_text())
    if options.rounds:
        # Where files lie on this machine is nobody's business.
        words = [Path(word).name if "/" in word else word for word in sys.argv]
        circumstances = facts([signalbox, *others]) | {"command": shlex.join(words)}
        options.work_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="relay-", dir=options.work_dir) as directory:
            runner = Runner(load_client.build(options.work_dir), Path(directory), samples)
            runner.rounds(scenarios, options.rounds, circumstances, options.json)
    figures = all_figures(samples)
    if options.json:
        samples.write(options.json)
    machine = facts([signalbox, *others])
    print(as_json(figures, machine) if options.print_json else table(figures, machine))
    if options.write_docs:
        write_page(samples, figures)
        say(f"written: {PAGE.relative_to(REPOSITORY)} and its charts")
    sys.exit(1 if any(samples.failures[one.name] for one in scenarios if one.name in samples.failures) else 0)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--binary", type=Path, default=REPOSITORY / ".build/release/signalbox", help="what is measured (%(default)s)")
    add("--plain-binary", type=Path, help="a build that counts nothing, to tell what counting costs")
    add("--rounds", type=int, default=9, help="how many; 0 measures nothing and shows what --json has (%(default)s)")
    add("--quick", action="store_true", help="one round of one second each, without mixed traffic: does it all work?")
    add("--only", action="append", metavar="NAME", help="only scenarios whose name begins so; may be given again")
    add("--seconds", type=float, default=1.5, help="how long each run measures (%(default)s)")
    add("--warm-up", type=float, default=0.5, help="and how long it doesn't, before (%(default)s)")
    add("--mixed-minutes", type=float, default=10, help="mixed traffic, once; 0 leaves it out (%(default)s)")
    add("--json", type=Path, metavar="FILE",
        help="keeps what the runs reported; scenarios in it that aren't measured now stay")  # fmt: skip
    add("--history", type=Path, metavar="FILE", help="what measure_history.py --json printed, for the page")
    add("--print-json", action="store_true", help="print the figures as JSON instead of the table")
    add("--write-docs", action="store_true", help=f"write them into {PAGE.relative_to(REPOSITORY)}, with charts")
    add("--work-dir", type=Path, default=REPOSITORY / ".build", help="where the servers' files lie (%(default)s)")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.warm_up, options.mixed_minutes = 1, 1, 0.5, 0
    for binary in (options.binary, options.plain_binary):
        if options.rounds and binary and not os.access(binary, os.X_OK):
            parser.error(f"there is no {binary}: swift build -c release --static-swift-stdlib --product signalbox")
    if options.rounds and (os.cpu_count() or 1) < 2:
        parser.error("this takes two processor cores, one for the server and one for the clients")
    options.work_dir = options.work_dir.resolve()
    return options


class Runner:
    def __init__(self, client: Path, directory: Path, samples: Samples) -> None:
        self._client, self._directory, self._samples = client, directory, samples
        self._runs = 0

    def rounds(
        self, scenarios: list[Scenario], rounds: int, circumstances: dict[str, str], file: Path | None
    ) -> None:
        for scenario in scenarios:
            self._samples.begin(scenario.name, circumstances)
        for number in range(rounds):
            for scenario in scenarios:
                if scenario.is_long and number > 0:
                    continue
                # None is always the first, on a machine that has just been quiet.
                turned = number % len(scenario.setups)
                for setup in scenario.setups[turned:] + scenario.setups[:turned]:
                    self._measure(scenario, setup, f"round {number + 1} of {rounds}")
            if file is not None:
                self._samples.write(file)

    def _measure(self, scenario: Scenario, setup: Setup, where: str) -> None:
        for is_second in (False, True):
            try:
                report = self._run(setup)
            except (RunFailed, RuntimeError, AssertionError, OSError) as problem:
                say(f"{where}: {scenario.name} on {setup.name} failed{', again' if is_second else ''}: {problem}")
                why = str(problem) or type(problem).__name__
                continue
            self._samples.add(scenario.name, setup.name, report)
            say(f"{where}: {scenario.name} on {setup.name}: {gist(report)}")
            return
        self._samples.failed(scenario.name, setup.name, why)

    def _run(self, setup: Setup) -> dict[str, Any]:
        self._runs += 1
        directory = self._directory / f"run-{self._runs}"
        directory.mkdir()
        with setup.contender.start(directory, setup.server_cores) as running:
            words = [*setup.words, "--port", str(running.port), "--server-pid", ",".join(map(str, running.pids))]
            patience = 300.0
            if "--seconds" in setup.words:
                patience += float(setup.words[setup.words.index("--seconds") + 1])
            if not setup.is_watched:
                return load_client.run(self._client, words, setup.client_cores, patience)
            with Watching(running) as watching:
                report = load_client.run(self._client, words, setup.client_cores, patience)
            return report | {"watched": watching.report()}


def gist(report: dict[str, Any]) -> str:
    """What a run came to, for those who watch."""
    rates = {"deliveries_per_second": "/s", "requests_per_second": "/s", "resident_bytes_each": " bytes each"}
    for name, unit in rates.items():
        if name in report:
            more = f", p99 {report['latency_us']['p99'] / 1e3:.2f} ms" if "latency_us" in report else ""
            others = f"; others took {report['other_cpu_share']:.0%} of a core" if "other_cpu_share" in report else ""
            return f"{report[name]:,.0f}{unit}{more}{others}"
    return "done"


began = time.monotonic()


def say(what: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
