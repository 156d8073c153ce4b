"""The rules with one thing changed each, and promtool to tell whether a test of theirs notices."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from server import REPOSITORY

ALERTS = REPOSITORY / "grafana/alerts"
RULES = ALERTS / "signalbox.rules.yml"
TESTS = sorted(ALERTS.glob("*.test.yml"))

JSON = dict[str, Any]

TOKEN = re.compile(r'"[^"]*"|[a-zA-Z_:][\w:]*|\d+(?:\.\d+)?[smhd]\b|\d+(?:\.\d+)?|=~|!=|>=|<=|\s+|.')
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')
GROUPING = re.compile(r"by \(([^)]*)\)")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RATIO = "signalbox:server_errors:ratio_rate"

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


def name(rule: JSON) -> str:
    return rule.get("alert") or rule["record"]


def rules_of(text: str) -> dict[str, JSON]:
    return {name(rule): rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


class Mutant(NamedTuple):
    """Rules that differ from the committed ones by name; what isn't here is as it was."""

    id: str
    changed: dict[str, JSON]


# What changes


def beside(number: str, is_factor: bool) -> tuple[str, str]:
    """A little less and a little more: a tenth, of whole numbers at least one, of a share the part that is left."""
    value = float(number)
    if value == 0:
        return "-1", "1"
    if 0.5 < value < 1:
        steps = 1 - (1 - value) * 1.1, 1 - (1 - value) * 0.9
    elif "." in number or is_factor:
        steps = value * 0.9, value * 1.1
    else:
        step = max(1, int(value) // 10)
        steps = value - step, value + step
    return f"{steps[0]:.12g}", f"{steps[1]:.12g}"


def around(duration: str, least: int = 1) -> tuple[str, str]:
    """A fifth less and a fifth more, in seconds."""
    seconds = int(duration[:-1]) * SECONDS[duration[-1]]
    step = max(seconds // 5, least)
    return f"{seconds - step}s", f"{seconds + step}s"


def expressions(text: str) -> Iterator[tuple[str, str]]:
    """What is changed, and the whole expression then."""

    def with_instead(start: int, end: int, new: str) -> str:
        return text[:start] + new + text[end:]

    for token in TOKEN.finditer(text):
        old, (start, end) = token[0], token.span()
        news: Iterable[str] = ()
        if re.fullmatch(r"\d+[smhd]", old):
            news = around(old)
        elif re.fullmatch(r"\d+(\.\d+)?", old):
            news = beside(old, text[end:].startswith(" *"))
        elif old in (">", ">=", "<", "<="):
            # The one with or without the threshold itself, and one that always holds.
            news = (old + "=" if len(old) == 1 else old[0], old + " bool")
        elif old == "or":
            news = ("and",)
        elif old == "increase":
            news = ("delta",)
        elif old.startswith(RATIO):
            place = WINDOWS.index(old.removeprefix(RATIO))
            news = (RATIO + window for window in WINDOWS[max(0, place - 1) : place + 2] if not old.endswith(window))
        for new in news:
            yield f"{old} to {new}", with_instead(start, end, new)
    for matcher in MATCHER.finditer(text):
        label, value = matcher.groups()
        parts = value.split("|")
        rest = ["|".join(part for part in parts if part != gone) for gone in parts] if len(parts) > 1 else []
        for pattern in (".*", *rest):
            yield f"{label} to {pattern}", with_instead(*matcher.span(), f'{label}=~"{pattern}"')
    for grouping in GROUPING.finditer(text):
        labels = grouping[1].split(", ")
        # Without the job nothing fits anything: not worth a run.
        for gone in labels[1:]:
            kept = ", ".join(label for label in labels if label != gone)
            yield f"without {gone}", with_instead(*grouping.span(), f"by ({kept})")


def fields(rule: JSON) -> Iterator[tuple[str, JSON]]:
    """What is changed, and the whole rule then."""
    for what, expression in expressions(rule["expr"]):
        yield what, rule | {"expr": expression}
    if "alert" not in rule:
        return
    for field in ("for", "keep_firing_for"):
        duration = rule.get(field)
        for new in (*around(duration, least=60), "0s") if duration else ("1m",):
            yield f"{field} {duration or 'nothing'} to {new}", rule | {field: new}
    other = {"critical": "warning", "warning": "info", "info": "critical"}[rule["labels"]["severity"]]
    yield f"severity to {other}", rule | {"labels": rule["labels"] | {"severity": other}}


def mutants(rules: dict[str, JSON]) -> Iterator[Mutant]:
    seen: dict[str, int] = {}
    for rule in rules.values():
        for what, changed in fields(rule):
            text = f"{name(rule)}: {what}"
            seen[text] = seen.get(text, 0) + 1
            yield Mutant(f"{text} #{seen[text]}", {name(rule): changed})


def of_settings(rules: dict[str, JSON], id_: str, text: str) -> Mutant:
    """What the program writes with another setting. Words stay, so that numbers have to be noticed by themselves."""
    written = rules_of(text)
    assert list(written) == list(rules)
    for rule_name, rule in written.items():
        if "annotations" in rule:
            rule["annotations"] = rules[rule_name]["annotations"]
    return Mutant(id_, {rule_name: rule for rule_name, rule in written.items() if rule != rules[rule_name]})


# What is played


def asks_for(expression: str, record: str) -> bool:
    return record in TOKEN.findall(expression)


def minutes(duration: str) -> float:
    return sum(int(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+)([smhd])", duration)) / 60


class Play(NamedTuple):
    """What one group of tests asks about some rules, with the rules that it needs."""

    cost: float
    tests: JSON
    rules: set[str]


def plays(rules: dict[str, JSON], changed: set[str], files: list[JSON]) -> list[Play]:
    """Everything that could notice a change of these rules, the quickest first."""

    def read_by(texts: list[str]) -> set[str]:
        return {each for each, rule in rules.items() if "record" in rule and any(asks_for(t, each) for t in texts)}

    alerts = {
        each
        for each, rule in rules.items()
        if "alert" in rule and (each in changed or changed & read_by([rule["expr"]]))
    }
    found = []

    def add(file: JSON, group: JSON, kind: str, asked: list[JSON], needed: set[str]) -> None:
        if asked:
            part = {key: value for key, value in group.items() if not key.endswith("_test")} | {kind: asked}
            steps = max(minutes(each["eval_time"]) for each in asked) / minutes(file["evaluation_interval"])
            found.append(Play(steps * len(needed), file | {"tests": [part]}, needed))

    for file in files:
        for group in file["tests"]:
            kind = "alert_rule_test"
            asked = [each for each in group.get(kind, []) if each["alertname"] in alerts]
            about = {each["alertname"] for each in asked}
            add(file, group, kind, asked, about | read_by([rules[each]["expr"] for each in about]))
            kind = "promql_expr_test"
            asked = [each for each in group.get(kind, []) if any(asks_for(each["expr"], one) for one in changed)]
            add(file, group, kind, asked, read_by([each["expr"] for each in asked]))
    return sorted(found, key=lambda play: play.cost)


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
    size = min(20, -(-len(files) // workers))
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(some, [files[n : n + size] for n in range(0, len(files), size)])
    return {path: text for part in parts for path, text in part.items()}


class Judge:
    """Plays what is committed against mutants, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = RULES.read_text()
        self.groups = yaml.safe_load(self.text)["groups"]
        self.rules = rules_of(self.text)
        self.files: list[JSON] = [*(yaml.safe_load(path.read_text()) for path in TESTS), HOUR]

    def write(self, place: Path, play: Play, changed: dict[str, JSON]) -> Path:
        groups = copy.deepcopy(self.groups)
        for group in groups:
            group["rules"] = [changed.get(name(each), each) for each in group["rules"] if name(each) in play.rules]
        place.mkdir(parents=True)
        (place / RULES.name).write_text(json.dumps({"groups": groups}))
        (place / "one.test.yml").write_text(json.dumps(play.tests))
        return place / "one.test.yml"

    def survivors(self, given: list[Mutant]) -> set[str]:
        """Names of those that no test notices. What promtool can't read is no mutant."""
        assert len({mutant.id for mutant in given}) == len(given)
        surviving = set()
        # A change that nothing at all could notice survives as well.
        left = [(mutant, plays(self.rules, set(mutant.changed), self.files)) for mutant in given]
        stage = 0
        while left:
            surviving |= {mutant.id for mutant, rest in left if not rest}
            left = [(mutant, rest) for mutant, rest in left if rest]
            written = {
                self.write(self.folder / f"{stage}/{number}", rest[0], mutant.changed): (mutant, rest[1:])
                for number, (mutant, rest) in enumerate(left)
            }
            if stage == 0 and written:
                checked = promtool("check", "rules", *(path.parent / RULES.name for path in written))
                assert checked.returncode == 0, checked.stdout
            told = outcomes(list(written))
            left = [pair for path, pair in written.items() if not told[path]]
            stage += 1
        return surviving

    def controls(self) -> dict[str, str]:
        """Each play with the rules as they are: what promtool has against them, by rule and place."""
        paths = {}
        for each in self.rules:
            for number, play in enumerate(plays(self.rules, {each}, self.files)):
                place = self.folder / "control" / each.replace(":", ".") / str(number)
                paths[self.write(place, play, {})] = f"{each}: {play.tests['tests'][0]['name']}"
        return {paths[path]: text for path, text in outcomes(list(paths)).items() if text}
