"""The tests of the rules for Prometheus, played by promtool against changed rules: does one notice?"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rule_mutations import JSON, RULES, SECONDS, TOKEN, Mutant, rules_of

TESTS = sorted(RULES.parent.glob("*.test.yml"))

# promtool works on one thing at a time, and a short run needs no garbage collected.
PROMTOOL = {**os.environ, "GOMAXPROCS": "1", "GOGC": "800"}

# The age of the country database by steps of 12 minutes, for its "for": too many for all rules together, so the test
# in ages.test.yml takes steps of 9 hours. It was built at 720 seconds, and is older than 45 days after 64,812 minutes.
HOUR: JSON = {
    "rule_files": [RULES.name],
    "evaluation_interval": "12m",
    "tests": [
        {
            "name": "the country database is old for an hour",
            "interval": "12m",
            "input_series": [
                {
                    "series": 'signalbox_geoip_database_build_timestamp_seconds{job="signalbox", instance="old"}',
                    "values": "_x5380 720x30",
                }
            ],
            "alert_rule_test": [
                {"eval_time": "64872m", "alertname": "SignalboxCountryDatabaseStale"},
                {
                    "eval_time": "64884m",
                    "alertname": "SignalboxCountryDatabaseStale",
                    "exp_alerts": [
                        {
                            "exp_labels": {"severity": "info", "job": "signalbox", "instance": "old"},
                            "exp_annotations": {
                                "summary": "The country database is old",
                                "description": "It was built more than 45 days ago; addresses have moved since.",
                                "runbook_url": "docs/runbooks/SignalboxCountryDatabaseStale.md",
                            },
                        }
                    ],
                },
            ],
        }
    ],
}


def asks_for(expression: str, record: str) -> bool:
    return record in TOKEN.findall(expression)


def minutes(duration: str) -> float:
    return sum(int(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+)([smhd])", duration)) / 60


class Play(NamedTuple):
    """A group of tests with what it asks about one rule."""

    steps: float
    file: JSON
    group: JSON
    kind: str
    asked: list[JSON]


def plays(rule: JSON, files: list[JSON]) -> list[Play]:
    """Everything that could notice a change of this rule, the quickest first."""
    found = []
    for file in files:
        for group in file["tests"]:
            if "alert" in rule:
                kind = "alert_rule_test"
                asked = [each for each in group.get(kind, []) if each["alertname"] == rule["alert"]]
            else:
                kind = "promql_expr_test"
                asked = [each for each in group.get(kind, []) if asks_for(each["expr"], rule["record"])]
            if asked:
                steps = max(minutes(each["eval_time"]) for each in asked) / minutes(file["evaluation_interval"])
                found.append(Play(steps, file, group, kind, asked))
    return sorted(found, key=lambda play: play.steps)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    assert program, "no promtool: run scripts/setup test"
    return subprocess.run(
        [program, *arguments], env=PROMTOOL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )


def outcomes(files: list[Path]) -> dict[Path, str]:
    """What promtool says of each file of tests, "" for those that pass."""
    if not files:
        return {}

    def some(part: list[Path]) -> dict[Path, str]:
        output = promtool("test", "rules", *part).stdout
        told = re.split(r"^Unit Testing:  (.+)$", output, flags=re.MULTILINE)[1:]
        assert told[::2] == [str(path) for path in part], output
        words = [text.strip() for text in told[1::2]]
        assert all(text == "SUCCESS" or text.startswith("FAILED:") for text in words), output
        return {path: "" if text == "SUCCESS" else text for path, text in zip(part, words)}

    workers = os.cpu_count() or 1
    size = max(1, min(5, len(files) // workers))
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(some, [files[n : n + size] for n in range(0, len(files), size)])
    return {path: text for part in parts for path, text in part.items()}


def numbered(value: Any, old: str, number: int) -> Any:
    """The same about a copy of a rule."""
    text = re.sub(rf"(?<![\w:/]){re.escape(old)}(?![\w:])", f"{old}_{number}", json.dumps(value))
    return json.loads(text)


class Judge:
    """Plays what is committed against mutants, in a folder of its own.

    Mutants of a rule are copies of it by other names in one file, and the tests are repeated for each: far quicker
    than a run each. Copy 0 is as committed, and has to pass.
    """

    # Enough for a run to be worth its start, and few enough for the runs to be shared out.
    together = 40

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.groups = yaml.safe_load(RULES.read_text())["groups"]
        self.rules = rules_of(RULES.read_text())
        self.files: list[JSON] = [*(yaml.safe_load(path.read_text()) for path in TESTS), HOUR]
        self.plays = {each: plays(rule, self.files) for each, rule in self.rules.items()}

    def write(self, place: Path, play: Play, of: str, copies: list[JSON]) -> Path:
        own = "alert" if "alert" in copies[0] else "record"
        named = [copy | {own: f"{of}_{number}"} for number, copy in enumerate(copies)]
        # Alerts read ratios that are as committed.
        read = {token for copy in copies for token in TOKEN.findall(copy["expr"])} if own == "alert" else set()
        groups = []
        for group in self.groups:
            rules = [rule for rule in group["rules"] if rule.get("record") in read]
            groups.append(group | {"rules": rules + (named if self.rules[of] in group["rules"] else [])})
        asked = [numbered(each, of, number) for number in range(len(copies)) for each in play.asked]
        test = {key: value for key, value in play.group.items() if not key.endswith("_test")} | {play.kind: asked}
        place.mkdir(parents=True)
        (place / RULES.name).write_text(json.dumps({"groups": groups}))
        (place / "one.test.yml").write_text(json.dumps(play.file | {"tests": [test]}))
        return place / "one.test.yml"

    def survivors(self, given: list[Mutant]) -> set[str]:
        """Names of those that nothing notices, or nothing could."""
        surviving: set[str] = set()
        left: dict[str, list[Mutant]] = {}
        for mutant in given:
            left.setdefault(mutant.name, []).append(mutant)
        for stage in itertools.count():
            written: dict[Path, tuple[str, list[Mutant]]] = {}
            for of, mutants_left in left.items():
                if stage >= len(self.plays[of]):
                    surviving |= {mutant.id for mutant in mutants_left}
                    continue
                for start in range(0, len(mutants_left), self.together):
                    part = mutants_left[start : start + self.together]
                    place = self.folder / f"{stage}-{len(written)}"
                    copies = [self.rules[of], *(mutant.rule for mutant in part)]
                    written[self.write(place, self.plays[of][stage], of, copies)] = (of, part)
            if not written:
                return surviving
            if stage == 0:
                # What promtool can't read is no mutant: it would be noticed by any test.
                checked = promtool("check", "rules", *(path.parent / RULES.name for path in written))
                assert checked.returncode == 0, checked.stdout
            left = {}
            for path, text in outcomes(list(written)).items():
                of, part = written[path]
                noticed = {int(number) for number in re.findall(rf"{re.escape(of)}_(\d+)\b", text)}
                assert 0 not in noticed and "err:" not in text, text
                left.setdefault(of, []).extend(each for n, each in enumerate(part, 1) if n not in noticed)
        raise AssertionError("unreachable: a rule has so many plays")
