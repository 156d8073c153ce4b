"""What fires, how much of the error budget is left, and whether those who would tell are well themselves."""

from __future__ import annotations

from . import upkeep
from .board import NONE_IS_GOOD, Board, above, dashed, link, mapping, override, runbook
from .promql import increase, known, series, total

# An alert that Prometheus works out over all servers has no instance: it belongs to every choice.
PROMETHEUS_ALERTS = 'ALERTS{alertname=~"Signalbox.+", job=~"$job|", instance=~"$instance|"}'
FIRING = PROMETHEUS_ALERTS.replace("}", ', alertstate="firing"}')
RATIO = "signalbox:server_errors:ratio_rate"
# What may fail: 0.001 at an objective of 99.9 %.
BUDGET = "scalar(1 - signalbox:server_errors:objective)"
LEFT = f"1 - ({known(series(f'{RATIO}3d'))}) / {BUDGET}"
UNDELIVERED = 'outcome=~"failed|dropped"'


def board(runbooks: str) -> Board:
    board = Board(
        "signalbox-alerts",
        "Signalbox / Alerts",
        "What fires, how much of the error budget is left, and whether those who would tell are well themselves.",
        runbooks,
        since="now-24h",
    )
    states(board)
    budget(board)
    limits(board)
    upkeep.slow(board)
    upkeep.store(board)
    upkeep.notifications(board)
    upkeep.scrapes(board)
    return board


def states(board: Board) -> None:
    board.row("What fires")
    board.stat(
        "Firing, says Signalbox",
        "none",
        "Alerts that Signalbox has firing by its own reckoning, silenced ones too.",
        ("firing", total(series("alert_firing"))),
        steps=NONE_IS_GOOD,
    )
    board.stat(
        "Firing, says Prometheus",
        "none",
        "Alerts of signalbox.rules.yml that Prometheus has firing. Only here: SignalboxDown.",
        ("firing", f"count({FIRING}) or vector(0)"),
        steps=NONE_IS_GOOD,
    )
    board.stat(
        "Silences",
        "none",
        "Silences in force in Signalbox. Those of Alertmanager are in Alertmanager.",
        ("silences", total(series("alert_silences"))),
        steps=[("text", None), ("orange", 1)],
    )
    board.stat(
        "Error budget left",
        "percentunit",
        "What is left of the 5xx that the objective allows in three days, at the server that has least. "
        "Below 0 the objective is missed.",
        ("left", f"min({LEFT})"),
        steps=[("red", None), ("orange", 0.1), ("green", 0.5)],
        decimals=1,
        noValue="no requests",
        links=[runbook("SignalboxErrorBudgetBurnSlow")],
    )
    board.stat(
        "Objective",
        "percentunit",
        "Share of requests that must not end in 5xx: ALERT_OBJECTIVE, as the rules were written with it.",
        ("objective", "signalbox:server_errors:objective"),
        decimals=3,
        graph=False,
    )
    board.stat(
        "Not delivered",
        "none",
        "Messages to the operator that failed or were dropped within a day.",
        ("not delivered", f"round({total(increase('operator_messages_total', '1d', UNDELIVERED))})"),
        steps=NONE_IS_GOOD,
        links=[runbook("SignalboxAlertsUndelivered")],
    )
    what_to_do = [link("What to do: ${__value.text}", "${runbooks:raw}/${__value.raw}.md")]
    board.table(
        "Alerts of Signalbox",
        "none",
        "Every alert that Signalbox works out by itself, and whether it fires now. The name links to the runbook.",
        [("{{alert}}", f"max by (instance, alert) ({series('alert_firing')})")],
        sort="State",
        noValue="Signalbox says nothing of alerts",
        transformations=[
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": {"Value": 0, "alert": 1, "instance": 2},
                    "renameByName": {"alert": "Alert", "instance": "Server", "Value": "State"},
                },
            }
        ],
        overrides=[
            override("Alert", links=what_to_do),
            override(
                "State",
                mappings=mapping(_1=("firing", "red"), _0=("well", "green")),
                custom__cellOptions={"type": "color-text"},
                custom__width=100,
            ),
        ],
    )
    board.table(
        "Alerts of Prometheus",
        "none",
        "Alerts of signalbox.rules.yml that are pending or firing in Prometheus. The name links to the runbook.",
        [("{{alertname}}", f"max by (alertstate, severity, alertname, reason, instance) ({PROMETHEUS_ALERTS})")],
        sort="Severity",
        noValue="nothing is pending or firing",
        transformations=[
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True, "Value": True},
                    "indexByName": {"alertstate": 0, "severity": 1, "alertname": 2, "reason": 3, "instance": 4},
                    "renameByName": {
                        "alertstate": "State",
                        "severity": "Severity",
                        "alertname": "Alert",
                        "reason": "Reason",
                        "instance": "Server",
                    },
                },
            }
        ],
        overrides=[
            override("Alert", links=what_to_do),
            override(
                "State",
                mappings=mapping(firing=("firing", "red"), pending=("pending", "orange")),
                custom__cellOptions={"type": "color-text"},
                custom__width=100,
            ),
        ],
    )
    board.panel(
        "state-timeline",
        "When they fired",
        "none",
        "Red while the alert fired on any of the servers, as Signalbox says; SignalboxDown as Prometheus says.",
        [
            ("{{alert}}", f"max by (alert) ({series('alert_firing')})"),
            ("SignalboxDown", f"max({FIRING.replace('Signalbox.+', 'SignalboxDown')})"),
        ],
        {
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.8,
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        24,
        14,
        color={"mode": "thresholds"},
        custom={"fillOpacity": 80, "lineWidth": 0},
        mappings=mapping(_1=("firing", "red"), _0=("well", "green")),
    )


def budget(board: Board) -> None:
    board.row("Error budget")
    board.timeseries(
        "Error budget left",
        "percentunit",
        "What is left of the 5xx that the objective allows in the three days before. At 0 the objective is missed.",
        [("{{instance}}", LEFT)],
        min=None,
        max=1,
        links=[runbook("SignalboxErrorBudgetBurnSlow")],
        **above(0),
    )
    burn = "How many times faster than allowed the budget is used up, by how far back one looks. "
    for title, windows, low, high, words in [
        ("Burn rate, fast", ("5m", "1h", "30m", "6h"), 6, 14.4, "5m and 1h above 14.4, or 30m and 6h above 6"),
        ("Burn rate, slow", ("2h", "1d", "6h", "3d"), 1, 3, "2h and 1d above 3, or 6h and 3d above 1"),
    ]:
        board.timeseries(
            title,
            "short",
            f"{burn}The alert fires with {words}.",
            [(f"{{{{instance}}}} {window}", f"({known(series(RATIO + window))}) / {BUDGET}") for window in windows],
            lines=True,
            steps=[("transparent", None), ("orange", low), ("red", high)],
            custom={"axisSoftMax": high + 1},
            decimals=1,
            links=[runbook("SignalboxErrorBudgetBurn" + title.split()[-1].capitalize())],
        )
    board.timeseries(
        "Server errors within the hour before",
        "short",
        "5xx, with refusals while the dashboard's doors are off. With few requests three of them are an alert.",
        [("{{instance}}", total(increase("http_requests_total", "1h", 'class="5xx"'), "instance"))],
        width=12,
        decimals=0,
        links=[runbook("SignalboxServerErrorsAtLowTraffic")],
        **above(3),
    )
    board.timeseries(
        "Requests within the hour before",
        "short",
        "Below the line the alert for low traffic counts: a ratio says little there.",
        [("{{instance}}", total(increase("http_requests_total", "1h"), "instance"))],
        width=12,
        decimals=0,
        links=[runbook("SignalboxServerErrorsAtLowTraffic")],
        **above(1000, "blue"),
    )


def limits(board: Board) -> None:
    board.row("Limits met (429)")
    now = increase("limited_total", "15m")
    ago = [f"increase({series('limited_total')}[15m] offset {time})" for time in ("1d", "1w")]
    both = [runbook("SignalboxLimitTooTight"), runbook("SignalboxClientMisbehaving")]
    board.timeseries(
        "429 within a quarter of an hour",
        "short",
        "Now, and the same quarter a day and a week ago. Four times both is a spike.",
        [("now", total(now)), ("a day ago", total(ago[0])), ("a week ago", total(ago[1]))],
        decimals=0,
        overrides=dashed("a day ago", "a week ago"),
        links=both,
    )
    board.timeseries(
        "429 by limit",
        "short",
        "Within a quarter of an hour, the limits that were met. A spike counts above the line.",
        [("{{reason}}", f"{total(now, 'reason')} > 0")],
        decimals=0,
        links=both,
        **above(50),
    )
    board.timeseries(
        "Clients by limit",
        "short",
        "Clients that met the limit within a quarter of an hour. A spike of this many: the limit is too tight; of "
        "fewer: a client misbehaves.",
        [("{{reason}}", f"{total(increase('limited_clients_total', '15m'), 'reason')} > 0")],
        decimals=0,
        links=both,
        **above(5, "blue"),
    )
