"""What the runs reported, kept in a JSON file in which later runs of a scenario take the place of earlier ones."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


def found(report: Report, path: str) -> float:
    """A number by its path, e.g. latency_us.p99."""
    value: Any = report
    for name in path.split("."):
        value = value[name]
    return float(value)


@dataclass
class Samples:
    # By scenario and setup: what each round's run reported, and why runs failed for good.
    reports: dict[str, dict[str, list[Report]]] = field(default_factory=dict)
    failures: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    # By scenario: when, with what, on what it was measured.
    circumstances: dict[str, dict[str, str]] = field(default_factory=dict)
    # What measure_history.py --json printed, for the page.
    history: dict[str, Any] = field(default_factory=dict)

    def begin(self, scenario: str, circumstances: dict[str, str]) -> None:
        self.reports[scenario], self.failures[scenario] = {}, {}
        self.circumstances[scenario] = circumstances

    def add(self, scenario: str, setup: str, report: Report) -> None:
        self.reports[scenario].setdefault(setup, []).append(report)

    def failed(self, scenario: str, setup: str, why: str) -> None:
        self.failures[scenario].setdefault(setup, []).append(why)

    def setups(self, scenario: str) -> list[str]:
        names = [*self.reports.get(scenario, {}), *self.failures.get(scenario, {})]
        return list(dict.fromkeys(names))

    def spread(self, scenario: str, setup: str, value: Callable[[Report], list[float]]) -> Spread | None:
        values = [number for report in self.reports.get(scenario, {}).get(setup, []) for number in value(report)]
        return Spread.of(values) if values else None

    @classmethod
    def read(cls, file: Path) -> Samples:
        if not file.exists():
            return cls()
        try:
            return cls(**json.loads(file.read_text()))
        except (ValueError, TypeError) as problem:
            raise SystemExit(f"{file} isn't a file that --json wrote ({problem}): choose another") from None

    def write(self, file: Path) -> None:
        text = json.dumps(vars(self), indent=1, ensure_ascii=False)
        # In one go: an interrupted run leaves the earlier file.
        new = file.with_name(file.name + ".new")
        new.write_text(text + "\n")
        new.replace(file)
