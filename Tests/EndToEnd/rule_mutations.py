"""The rules for Prometheus, with one number, window or label changed each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import yaml

from server import REPOSITORY

RULES = REPOSITORY / "grafana/alerts/signalbox.rules.yml"

JSON = dict[str, Any]

TOKEN = re.compile(r'"[^"]*"|[a-zA-Z_:][\w:]*|\d+(?:\.\d+)?[smhd]\b|\d+(?:\.\d+)?|=~|!=|>=|<=|\s+|.')
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')
GROUPING = re.compile(r"by \(([^)]*)\)")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RATIO = "signalbox:server_errors:ratio_rate"

# Mutants that mean the same, with the reason.
_NOTHING = "times nothing: it only says which limits there are"
_KNOWN_BY_THEN = "a target that is no longer new has a value before"
_EPOCH = "no time is the first second of 1970"
EQUIVALENT = {
    **{
        f"{alert}: {what} #{number}": _NOTHING
        for alert in ("SignalboxLimitTooTight", "SignalboxClientMisbehaving")
        for what, numbers in (
            ("0 to -1", (1, 2)),
            ("increase to delta", (4, 7)),
            ("15m to 720s", (4, 7)),
            ("15m to 1080s", (4, 7)),
        )
        for number in numbers
    },
    "SignalboxHistoryGap: 1h to 4320s #2": _KNOWN_BY_THEN,
    "SignalboxUncleanRestart: 15m to 1080s #2": _KNOWN_BY_THEN,
    "SignalboxRestartLoop: 15m to 1080s #2": _KNOWN_BY_THEN,
    "SignalboxStoreNotWriting: 0 to 1 #1": _EPOCH,
    "SignalboxCountryDatabaseStale: 0 to 1 #1": _EPOCH,
}


def name(rule: JSON) -> str:
    return rule.get("alert") or rule["record"]


def rules_of(text: str) -> dict[str, JSON]:
    return {name(rule): rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


class Mutant(NamedTuple):
    """A rule that differs from the committed one."""

    id: str
    name: str
    rule: JSON


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
            news = (RATIO + window for window in WINDOWS if RATIO + window != old)
        for new in news:
            yield f"{old} to {new}", with_instead(start, end, new)
    for matcher in MATCHER.finditer(text):
        label, value = matcher.groups()
        parts = value.split("|")
        rest = ["|".join(part for part in parts if part != gone) for gone in parts] if len(parts) > 1 else []
        for pattern in (".*", *rest):
            yield f"{label} to {pattern}", with_instead(*matcher.span(), f'{label}=~"{pattern}"')
    # Of all groupings at once: with one alone the sides of an operator no longer fit each other.
    for gone in sorted({label for grouping in GROUPING.findall(text) for label in grouping.split(", ")}):
        kept = GROUPING.sub(lambda by: f"by ({', '.join(each for each in by[1].split(', ') if each != gone)})", text)
        yield f"without {gone}", kept


def fields(rule: JSON) -> Iterator[tuple[str, JSON]]:
    """What is changed, and the whole rule then."""
    for what, expression in expressions(rule["expr"]):
        yield what, rule | {"expr": expression}
    if "alert" not in rule:
        return
    for field in ("for", "keep_firing_for"):
        duration = rule.get(field)
        for new in around(duration, least=60) if duration else ("1m",):
            yield f"{field} {duration or 'nothing'} to {new}", rule | {field: new}
    other = {"critical": "warning", "warning": "info", "info": "critical"}[rule["labels"]["severity"]]
    yield f"severity to {other}", rule | {"labels": rule["labels"] | {"severity": other}}


def mutants(rules: dict[str, JSON]) -> Iterator[Mutant]:
    seen: Counter[str] = Counter()
    for rule in rules.values():
        for what, changed in fields(rule):
            text = f"{name(rule)}: {what}"
            seen[text] += 1
            yield Mutant(f"{text} #{seen[text]}", name(rule), changed)


def of_settings(rules: dict[str, JSON], setting: str, text: str) -> list[Mutant]:
    """What the program writes with another setting. Words stay, so that numbers have to be noticed by themselves."""
    written = rules_of(text)
    assert list(written) == list(rules)
    for each, rule in written.items():
        if "annotations" in rule:
            rule["annotations"] = rules[each]["annotations"]
    return [Mutant(f"{setting} in {each}", each, rule) for each, rule in written.items() if rule != rules[each]]
