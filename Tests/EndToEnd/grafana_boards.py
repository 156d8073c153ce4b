"""What Grafana would ask Prometheus for, read out of the dashboards' JSON, and what there is to be asked for."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from server import REPOSITORY

GRAFANA = REPOSITORY / "grafana"
NAMES = ("overview", "relay", "countries", "alerts")

JSON = dict[str, Any]
# Label to its values, or to None where any may be there.
Labels = dict[str, set[str] | None]

# What Grafana puts in: its own variables, as they are for a day's view, and every server.
VALUES = {
    "__rate_interval": "1m",
    "__interval": "1h",
    "__range": "1d",
    "job": "(signalbox|other)",
    "instance": "(127.0.0.1:3000|relay.example:3000)",
}
TARGET: Labels = {"job": None, "instance": None}
ALERT_LABELS: Labels = {name: None for name in ("alertname", "alertstate", "severity", "reason")}

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|\S')
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_ROW = re.compile(r"^\| `((?:signalbox|process)_\w+)(?:\{[^|]*\})?` \|(.*)\|$")
_DOCUMENTED_LABEL = re.compile(r"`(\w+)`(?:: ([^;]*))?")
_GIVEN_LABEL = re.compile(r'(\w+)="([^"]*)"')
_RECORD = re.compile(r"^\s*-?\s*record:\s*[\"']?([\w:]+)", re.MULTILINE)

GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan"}


class Matcher(NamedTuple):
    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    metric: str
    matchers: list[Matcher]


class Expression(NamedTuple):
    where: str
    text: str
    # Labels that are shown of the result.
    shown: list[str]

    @property
    def filled_in(self) -> str:
        """As Prometheus gets it."""
        return _VARIABLE.sub(lambda match: VALUES[match[1] or match[2]], self.text)


def load(name: str) -> JSON:
    board: JSON = json.loads((GRAFANA / f"dashboards/{name}.json").read_text(encoding="utf-8"))
    return board


def panels(board: JSON) -> list[JSON]:
    """All that show something: rows are headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables_used(board: JSON) -> set[str]:
    """Variables that are named anywhere, without Grafana's own."""
    found = {match[1] or match[2] for match in _VARIABLE.finditer(json.dumps(board))}
    return {name for name in found if not name.startswith("__")}


def expressions(name: str, board: JSON) -> Iterator[Expression]:
    """Everything that is sent to Prometheus: of panels, annotations and variables."""
    for panel in panels(board):
        for target in panel["targets"]:
            shown = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            yield Expression(f"{name}: {panel['title']}", target["expr"], shown)
    for annotation in board["annotations"]["list"]:
        if "builtIn" not in annotation:
            shown = re.findall(r"\{\{(\w+)\}\}", annotation["titleFormat"] + annotation["textFormat"])
            for text in (annotation["expr"], annotation["target"]["expr"]):
                yield Expression(f"{name}: {annotation['name']}", text, shown + annotation["tagKeys"].split(","))
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            match = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert match, variable["query"]
            yield Expression(f"{name}: ${variable['name']}", match[1], [match[2]])


def read(text: str) -> tuple[list[Selector], set[str]]:
    """The series that an expression selects, and the labels that it groups or joins by.

    For expressions that promtool has found right: it would not notice a mistake in one.
    """
    tokens = [*_TOKEN.findall(text), ""]
    selectors: list[Selector] = []
    grouped: set[str] = set()
    place = 0
    while tokens[place]:
        token, after = tokens[place], tokens[place + 1]
        place += 1
        if token in GROUPING:
            if after == "(":
                end = tokens.index(")", place)
                grouped |= {label for label in tokens[place + 1 : end] if label != ","}
                place = end + 1
        elif re.match(r"[a-zA-Z_:]", token) and token not in WORDS and after != "(" and after not in GROUPING:
            matchers: list[Matcher] = []
            if after == "{":
                end = tokens.index("}", place)
                parts = [part for part in tokens[place + 1 : end] if part != ","]
                matchers = [Matcher(parts[i], parts[i + 1], json.loads(parts[i + 2])) for i in range(0, len(parts), 3)]
                place = end + 1
            selectors.append(Selector(token, matchers))
    return selectors, grouped


@functools.cache
def vocabulary() -> dict[str, Labels]:
    """Every series there is, with its labels: those of docs/metrics.md, recorded ones, and Prometheus' own."""
    found: dict[str, Labels] = {"up": dict(TARGET), "ALERTS": TARGET | ALERT_LABELS}
    heading = ""
    for line in (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8").splitlines():
        heading = line.removeprefix("## ") if line.startswith("## ") else heading
        row = _ROW.match(line)
        # Further down there are tables in which series are named once more.
        if row and heading in ("Counters", "Histograms", "Gauges", "The process"):
            labels = TARGET if heading == "The process" else TARGET | _labels(line, row[2].split(" | ")[1])
            if heading == "Histograms":
                found |= {f"{row[1]}_{part}": labels for part in ("sum", "count")}
                found[f"{row[1]}_bucket"] = labels | {"le": None}
            else:
                found[row[1]] = _joined(found.get(row[1], {}), labels)
    rules = (GRAFANA / "alerts/signalbox.rules.yml").read_text(encoding="utf-8")
    return found | {name: dict(TARGET) for name in _RECORD.findall(rules)}


def _labels(line: str, cell: str) -> Labels:
    """From `reason`: idle, capacity, or from the series itself; a long list is only counted there."""
    given = {label: {value} for label, value in _GIVEN_LABEL.findall(line.split(" | ")[0])}
    written = {label: set(values.split(", ")) if values else None for label, values in _DOCUMENTED_LABEL.findall(cell)}
    return written | given


def _joined(some: Labels, more: Labels) -> Labels:
    """Gauges have a row for each value of a label."""
    return {label: None if (values := more[label]) is None else values | (some.get(label) or set()) for label in more}
