"""The lower half of the board of alerts: what is slow, the store, notifications, and what scraping costs."""

from __future__ import annotations

from .board import NONE_IS_GOOD, Board, above, mapping, runbook
from .promql import increase, known, quantile, rate, series, total

SCRAPES = "scrape_duration_seconds"


def slow(board: Board) -> None:
    board.row("Slow, and who knocks")
    for title, what, alert in [
        ("Requests, slowest hundredth of the minute", "request_duration_seconds", "SignalboxRequestsSlow"),
        ("Deliveries, slowest hundredth of the minute", "delivery_lag_seconds", "SignalboxDeliveriesSlow"),
    ]:
        board.timeseries(
            title,
            "s",
            "99 of 100 took less, minute by minute. Above the line for five minutes it is an alert.",
            [("{{instance}}", known(series(f"signalbox:{what}:p99_1m")))],
            links=[runbook(alert)],
            **above(1),
        )
    board.timeseries(
        "Logins refused within a quarter of an hour",
        "short",
        "Wrong tokens and links, and forms of another site.",
        [("{{result}}", total(increase("admissions_total", "15m", 'result=~"refused|foreign_origin"'), "result"))],
        decimals=0,
        links=[runbook("SignalboxLoginAttempts")],
        **above(20),
    )


def store(board: Board) -> None:
    board.row("Store")
    flushed = series("store_last_flush_timestamp_seconds")
    board.timeseries(
        "Age of the last flush",
        "s",
        "Time since the store last took what was counted.",
        [("{{instance}}", f"time() - ({flushed} > 0)")],
        links=[runbook("SignalboxStoreNotWriting")],
        **above(180),
    )
    board.timeseries(
        "Flushes",
        "cps",
        "Flushes of the store, by outcome.",
        [("{{outcome}}", total(rate("store_flushes_total"), "outcome"))],
        links=[runbook("SignalboxStoreNotWriting")],
    )
    board.timeseries(
        "Minutes that wait for the store",
        "short",
        "Minute points in memory that the store has not taken yet.",
        [("{{instance}}", series("store_unwritten_points"))],
        decimals=0,
        links=[runbook("SignalboxStoreNotWriting")],
    )
    board.stat(
        "Store",
        "none",
        "Whether the store took the last flush.",
        ("{{instance}}", series("store_writable")),
        height=8,
        graph=False,
        mappings=mapping(_1=("writes", "green"), _0=("doesn't write", "red")),
        links=[runbook("SignalboxStoreNotWriting")],
    )
    board.stat(
        "Set aside",
        "none",
        "Stores with a part that was set aside as unreadable within a day.",
        ("set aside", f"count(time() - {series('store_set_aside_timestamp_seconds')} < 86400) or vector(0)"),
        height=8,
        steps=NONE_IS_GOOD,
        links=[runbook("SignalboxStoreSetAside")],
    )
    board.timeseries(
        "Minutes missed within the hour before",
        "short",
        "Minutes without a sample, downtime included: gaps in the history.",
        [("{{instance}}", increase("missed_samples_total", "1h"))],
        decimals=0,
        links=[runbook("SignalboxHistoryGap")],
        **above(5),
    )
    board.timeseries(
        "Size of the store",
        "bytes",
        "The store's file and its WAL on disk.",
        [("{{instance}}", series("store_size_bytes"))],
    )


def notifications(board: Board) -> None:
    board.row("Notifications")
    board.timeseries(
        "Messages to the operator",
        "short",
        "Alerts and reports, by channel and outcome, within the hour before; only channels that had any.",
        [
            (
                "{{channel}} {{outcome}}",
                f"{total(increase('operator_messages_total', '1h'), 'channel', 'outcome')} > 0",
            )
        ],
        decimals=0,
        links=[runbook("SignalboxAlertsUndelivered")],
    )
    board.timeseries(
        "Alerts that changed",
        "short",
        "Alerts that began or ended within the hour before. Many of both: one flaps.",
        [("{{change}}", total(increase("alert_changes_total", "1h"), "change"))],
        decimals=0,
    )
    board.timeseries(
        "Evaluations",
        "cpm",
        "How often Signalbox works its alerts out, by outcome: once a minute and server, or nothing with ALERTS=0.",
        [("{{outcome}}", f"60 * {total(rate('alert_evaluations_total'), 'outcome')}")],
    )


def scrapes(board: Board) -> None:
    board.row("What scraping costs")
    board.timeseries(
        "Time to write the exposition",
        "s",
        "Half and 99 of 100 took less; before compression.",
        [("p50", quantile(0.5, SCRAPES)), ("p99", quantile(0.99, SCRAPES))],
    )
    board.timeseries(
        "Expositions",
        "cpm",
        "How often a server writes it a minute; more than you set up: somebody else scrapes.",
        [("{{instance}}", f"60 * {total(rate(f'{SCRAPES}_count'), 'instance')}")],
    )
    board.timeseries(
        "Share of time",
        "percentunit",
        "Share of all time that goes into writing it.",
        [("{{instance}}", total(rate(f"{SCRAPES}_sum"), "instance"))],
        decimals=3,
    )
