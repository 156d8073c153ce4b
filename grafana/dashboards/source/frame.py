"""What all boards have around their panels: the choice of servers, marks for restarts, and links to each other."""

from __future__ import annotations

from typing import Any

from .promql import series

JSON = dict[str, Any]

# Chosen at the top of the board: nobody's Prometheus has the same id.
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def board_links() -> JSON:
    """The other boards, for the same servers and the same time."""
    return {
        "type": "dashboards",
        "title": "Signalbox",
        "tags": ["signalbox"],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def mark(name: str, color: str, expression: str, title: str, **more: Any) -> JSON:
    # Grafana 10 reads `expr` and `step`, later ones `target`; each leaves the other alone.
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expression,
        "step": "60s",
        "target": {"refId": "Anno", "expr": expression, "interval": "60s"},
        "titleFormat": title,
        "textFormat": "{{instance}}",
        "tagKeys": "instance",
    } | more


def marks() -> list[JSON]:
    builtin = {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }
    # The start itself is the time, in milliseconds: a mark to the second, however far apart the points are.
    starts = f"{series('process_start_time_seconds')} * 1000"
    unclean = f"increase({series('unclean_shutdowns_total')}[5m]) > 0"
    return [
        builtin,
        mark("Restarts", "blue", starts, "Signalbox started", useValueForTime=True),
        mark("Unclean ends", "red", unclean, "The run before had not ended well"),
    ]


def variables(runbooks: str) -> list[JSON]:
    def constant(text: str) -> JSON:
        return {"selected": True, "text": text, "value": text}

    def labels(name: str, label: str, query: str) -> JSON:
        return {
            "type": "query",
            "name": name,
            "label": label,
            "datasource": DATASOURCE,
            "definition": query,
            "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1},
            # With the range: a server that is down is still listed as long as the range has seen it.
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "options": [],
            "regex": "",
            "hide": 0,
            "skipUrlSync": False,
        }

    return [
        {
            "type": "datasource",
            "name": "datasource",
            "label": "Prometheus",
            "query": "prometheus",
            "refresh": 1,
            "regex": "",
            "multi": False,
            "includeAll": False,
            "current": {},
            "options": [],
            "hide": 0,
            "skipUrlSync": False,
        },
        labels("job", "Job", "label_values(signalbox_build_info, job)"),
        labels("instance", "Server", 'label_values(signalbox_build_info{job=~"$job"}, instance)'),
        {
            "type": "constant",
            "name": "runbooks",
            "label": "Runbooks",
            "query": runbooks,
            "current": constant(runbooks),
            "options": [constant(runbooks)],
            "hide": 2,
            "skipUrlSync": True,
        },
    ]
