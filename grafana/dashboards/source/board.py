"""A dashboard as Grafana stores it, put together panel by panel."""

from __future__ import annotations

from typing import Any

from .frame import DATASOURCE, JSON, board_links, marks, variables

# A line's name in the legend, and its expression.
Query = tuple[str, str]
# Colour from a value on; the first has no value, which is from below.
Steps = list[tuple[str, float | None]]

# Options of the panels as this version has them. Without a version Grafana takes them for very old and converts them.
GRAFANA = "10.0.0"
SCHEMA = 39
COLUMNS = 24

NEUTRAL: Steps = [("text", None)]
NONE_IS_GOOD: Steps = [("green", None), ("red", 1)]


def thresholds(steps: Steps) -> JSON:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


def above(value: float, color: str = "red") -> JSON:
    """A line across a panel of lines, where an alert begins with the default settings."""
    return {"lines": True, "steps": [("transparent", None), (color, value)]}


def override(field: str, **properties: Any) -> JSON:
    """How one field or line differs; `__` stands for the dot of a property's name."""
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": field}, "properties": listed}


def colored(**colors: str) -> list[JSON]:
    """Lines that always have the same colour, by their name; `_` before a name that begins with a digit."""
    return [
        override(name.removeprefix("_"), color={"mode": "fixed", "fixedColor": color}) for name, color in colors.items()
    ]


def dashed(*names: str) -> list[JSON]:
    """Lines that are there to compare with: a limit, or the time before."""
    return [override(name, custom__lineStyle={"fill": "dash", "dash": [8, 8]}, custom__fillOpacity=0) for name in names]


def mapping(**texts: tuple[str, str]) -> list[JSON]:
    """Text and colour in place of a value; `_` before a value that is a number."""
    options = {
        value.removeprefix("_"): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


def link(title: str, url: str) -> JSON:
    # A tab of its own also keeps Grafana from taking a file's address for one of its pages.
    return {"title": title, "url": url, "targetBlank": True}


def runbook(alert: str) -> JSON:
    return link(f"What to do: {alert}", f"${{runbooks:raw}}/{alert}.md")


class Board:
    def __init__(self, uid: str, title: str, description: str, runbooks: str, since: str = "now-6h") -> None:
        self.runbooks = runbooks
        self.panels: list[JSON] = []
        self.x = self.y = self.bottom = 0
        self.head: JSON = {"uid": uid, "title": title, "description": description, "time": {"from": since, "to": "now"}}

    def row(self, title: str) -> None:
        """A heading; what follows begins on the left below it."""
        self.x, self.y = 0, self.bottom
        self._place({"type": "row", "title": title, "collapsed": False, "panels": []}, COLUMNS, 1)

    def panel(
        self,
        kind: str,
        title: str,
        unit: str,
        description: str,
        queries: list[Query],
        options: JSON,
        width: int,
        height: int,
        *,
        instant: bool = False,
        interval: str = "",
        steps: Steps = NEUTRAL,
        overrides: list[JSON] | None = None,
        links: list[JSON] | None = None,
        transformations: list[JSON] | None = None,
        **defaults: Any,
    ) -> None:
        targets = []
        for place, (legend, expression) in enumerate(queries):
            target: JSON = {
                "refId": chr(ord("A") + place),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": expression,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
            }
            if kind in ("table", "geomap"):
                target["format"] = "table"
            if interval:
                target["interval"] = interval
            targets.append(target)
        panel: JSON = {
            "type": kind,
            "title": title,
            "description": description,
            "datasource": DATASOURCE,
            "pluginVersion": GRAFANA,
            "fieldConfig": {
                "defaults": {"unit": unit, "thresholds": thresholds(steps)} | defaults,
                "overrides": overrides or [],
            },
            "options": options,
            "targets": targets,
        }
        if interval:
            panel["interval"] = interval
        if links:
            panel["links"] = links
        if transformations:
            panel["transformations"] = transformations
        self._place(panel, width, height)

    def timeseries(
        self,
        title: str,
        unit: str,
        description: str,
        queries: list[Query],
        *,
        width: int = 8,
        height: int = 8,
        stacked: bool = False,
        bars: bool = False,
        lines: bool = False,
        legend: str = "list",
        custom: JSON | None = None,
        **more: Any,
    ) -> None:
        """Lines over time. `lines` draws the steps across the panel."""
        style: JSON = {
            "drawStyle": "bars" if bars else "line",
            "lineWidth": 1,
            "fillOpacity": 80 if bars else 30 if stacked else 8,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
            "thresholdsStyle": {"mode": "line" if lines else "off"},
        }
        options = {
            "legend": {"calcs": [], "displayMode": legend, "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
        look: JSON = {"min": 0, "color": {"mode": "palette-classic"}, "custom": style | (custom or {})}
        self.panel("timeseries", title, unit, description, queries, options, width, height, **look | more)

    def stat(
        self,
        title: str,
        unit: str,
        description: str,
        query: Query,
        *,
        width: int = 4,
        height: int = 4,
        text: str = "auto",
        color: str = "value",
        graph: bool = True,
        **more: Any,
    ) -> None:
        """One number a server or for all of them."""
        options = {
            "colorMode": color,
            "graphMode": "area" if graph and not more.get("instant") else "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": text,
        }
        look: JSON = {"color": {"mode": "thresholds"}}
        self.panel("stat", title, unit, description, [query], options, width, height, **look | more)

    def table(
        self,
        title: str,
        unit: str,
        description: str,
        queries: list[Query],
        *,
        sort: str,
        width: int = 12,
        height: int = 10,
        **more: Any,
    ) -> None:
        """What is true now, a row each."""
        options = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": sort, "desc": True}]}
        look: JSON = {"color": {"mode": "thresholds"}, "custom": {"align": "auto", "filterable": True}}
        self.panel("table", title, unit, description, queries, options, width, height, instant=True, **look | more)

    def _place(self, panel: JSON, width: int, height: int) -> None:
        if self.x + width > COLUMNS:
            self.x, self.y = 0, self.bottom
        place = {"x": self.x, "y": self.y, "w": width, "h": height}
        self.panels.append({"id": len(self.panels) + 1, "gridPos": place} | panel)
        self.x += width
        self.bottom = max(self.bottom, self.y + height)

    def json(self) -> JSON:
        return self.head | {
            "id": None,
            "schemaVersion": SCHEMA,
            "version": 1,
            "tags": ["signalbox"],
            "editable": True,
            "graphTooltip": 1,
            "refresh": "1m",
            "timezone": "browser",
            "timepicker": {},
            "links": [board_links()],
            "annotations": {"list": marks()},
            "templating": {"list": variables(self.runbooks)},
            "panels": self.panels,
        }
