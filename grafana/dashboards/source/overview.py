"""Is it well, and how much is left: rates, errors, durations, and what can run out."""

from __future__ import annotations

from .board import NONE_IS_GOOD, Board, colored, dashed, link, mapping, runbook
from .promql import REQUESTS, SERVER_ERRORS, increase, quantile, quantiles, rate, series, total

CLASSES = colored(_2xx="green", _4xx="yellow", _429="orange", _5xx="red")
QUANTILES = colored(p50="green", p95="yellow", p99="red")
NEAR_LIMIT = [("green", None), ("orange", 0.75), ("red", 0.9)]
HTTP = "http_request_duration_seconds"


def of_class(status: str, *by: str) -> str:
    return total(rate("http_requests_total", f'class="{status}"'), *by)


def board(runbooks: str) -> Board:
    board = Board(
        "signalbox-overview",
        "Signalbox / Overview",
        "Is it well, and how much is left? Rates, errors, durations, and what can run out.",
        runbooks,
    )
    now(board)
    traffic(board)
    errors(board)
    durations(board)
    saturation(board)
    return board


def now(board: Board) -> None:
    board.row("Now")
    board.stat(
        "Server",
        "none",
        "Whether the last scrape came through.",
        ("{{instance}}", series("up")),
        width=3,
        graph=False,
        mappings=mapping(_1=("up", "green"), _0=("down", "red")),
        links=[runbook("SignalboxDown")],
    )
    board.stat(
        "Alerts firing",
        "none",
        "Alerts that Signalbox itself has firing, silenced ones too. The board of alerts has their names.",
        ("firing", total(series("alert_firing"))),
        width=3,
        steps=NONE_IS_GOOD,
        links=[link("Alerts", "/d/signalbox-alerts?${__url_time_range}")],
    )
    board.stat(
        "Requests",
        "reqps",
        "Requests answered, a second.",
        ("requests", total(rate("http_requests_total"))),
        width=3,
    )
    board.stat(
        "Server errors",
        "percentunit",
        "Share of requests that ended in 5xx. Refusals while the dashboard's doors are off don't count.",
        ("5xx", f"{SERVER_ERRORS} / {REQUESTS}"),
        width=3,
        steps=[("green", None), ("orange", 0.001), ("red", 0.01)],
        decimals=2,
        noValue="no requests",
        links=[runbook("SignalboxErrorBudgetBurnFast")],
    )
    board.stat(
        "Slowest hundredth",
        "s",
        "99 of 100 requests took less. Streams and long-polls are left out.",
        ("p99", quantile(0.99, HTTP)),
        width=3,
        steps=[("green", None), ("orange", 0.25), ("red", 1)],
        noValue="no requests",
        links=[runbook("SignalboxRequestsSlow")],
    )
    board.stat(
        "Messages",
        "mps",
        "Messages accepted into rooms, a second.",
        ("messages", total(rate("messages_total"))),
        width=3,
    )
    board.stat(
        "Up since",
        "s",
        "Time since the process started.",
        ("{{instance}}", f"time() - {series('process_start_time_seconds')}"),
        width=3,
        graph=False,
    )
    board.stat(
        "Version",
        "none",
        "What runs; several where servers differ.",
        ("{{version}}", f"count by (version) ({series('build_info')})"),
        width=3,
        text="name",
        graph=False,
    )


def traffic(board: Board) -> None:
    board.row("Rate")
    board.timeseries(
        "Requests by class",
        "reqps",
        "Requests answered, by class of status; 429 apart from the other 4xx. 1xx and 3xx are in 2xx.",
        [("{{class}}", total(rate("http_requests_total"), "class"))],
        stacked=True,
        overrides=CLASSES,
    )
    board.timeseries(
        "Requests by group of routes",
        "reqps",
        "Requests whose duration is taken: streams and long-polls are in the panel of routes only.",
        [("{{group}}", total(rate(f"{HTTP}_count"), "group"))],
        stacked=True,
    )
    board.timeseries(
        "Busiest routes",
        "reqps",
        "The ten routes with the most requests at each point, streams and long-polls among them.",
        [("{{route}}", f"topk(10, {total(rate('http_requests_total'), 'route')} > 0)")],
    )


def errors(board: Board) -> None:
    board.row("Errors")
    board.timeseries(
        "Share of requests that failed",
        "percentunit",
        "5xx: the server's fault, without refusals while the dashboard's doors are off. 4xx and 429: the client's.",
        [
            ("5xx", f"{SERVER_ERRORS} / {REQUESTS}"),
            ("4xx", f"{of_class('4xx')} / {REQUESTS}"),
            ("429", f"{of_class('429')} / {REQUESTS}"),
        ],
        overrides=CLASSES,
        links=[runbook("SignalboxErrorBudgetBurnFast"), runbook("SignalboxServerErrorsAtLowTraffic")],
    )
    board.timeseries(
        "5xx by route",
        "reqps",
        "Where the server failed: the ten routes with the most 5xx.",
        [("{{route}}", f"topk(10, {of_class('5xx', 'route')} > 0)")],
    )
    board.timeseries(
        "Refused for want of room",
        "reqps",
        "503 by what was full or off; part of the 5xx.",
        [("{{reason}}", total(rate("over_capacity_total"), "reason"))],
    )


def durations(board: Board) -> None:
    board.row("Durations")
    board.timeseries(
        "Time to answer",
        "s",
        "Half, 95 and 99 of 100 requests took less. Worked out from buckets: no finer than those. "
        "Streams and long-polls are left out.",
        quantiles(HTTP),
        width=12,
        overrides=QUANTILES,
        links=[runbook("SignalboxRequestsSlow")],
    )
    board.timeseries(
        "Slowest hundredth by group of routes",
        "s",
        "Where the slow requests are: 99 of 100 of the group took less.",
        [("{{group}}", quantile(0.99, HTTP, "group"))],
        width=12,
    )


def saturation(board: Board) -> None:
    board.row("What can run out")
    shares = {
        "rooms' memory": ("room_buffer_bytes", "room_buffer_limit_bytes"),
        "rooms": ("active_rooms", "rooms_limit"),
        "inboxes' memory": ("inbox_bytes", "inbox_limit_bytes"),
        "handles": ("identities", "identities_limit"),
        "file descriptors": ("process_open_fds", "process_max_fds"),
    }
    board.timeseries(
        "Share of each limit",
        "percentunit",
        "How full the fullest server is; at 1 it refuses. The line is where alerts begin.",
        [(name, f"max({series(used)} / {series(limit)})") for name, (used, limit) in shares.items()],
        lines=True,
        steps=[("transparent", None), ("red", 0.9)],
        custom={"axisSoftMax": 1},
        links=[runbook(f"Signalbox{name}NearLimit") for name in ("RoomMemory", "Rooms", "InboxMemory")],
    )
    board.timeseries(
        "Memory",
        "bytes",
        "Resident memory of the process, and what rooms and inboxes are charged with, which is part of it.",
        [
            ("{{instance}} process", series("process_resident_memory_bytes")),
            ("{{instance}} rooms", series("room_buffer_bytes")),
            ("{{instance}} inboxes", series("inbox_bytes")),
        ],
    )
    board.timeseries(
        "Processor",
        "percentunit",
        "Time on a core; 100% is one core all the time.",
        [("{{instance}}", rate("process_cpu_seconds_total"))],
    )
    board.timeseries(
        "Connections",
        "short",
        "Client connections open, and the subscribers among them.",
        [
            ("{{instance}} connections", series("open_connections")),
            ("{{instance}} subscribers", total(series("subscribers"), "instance")),
        ],
    )
    board.timeseries(
        "File descriptors",
        "short",
        "Open ones, and the most that the process may have.",
        [("{{instance}} open", series("process_open_fds")), ("most", f"min({series('process_max_fds')})")],
        overrides=dashed("most"),
    )
    board.timeseries(
        "Starts within the hour before",
        "short",
        "Starts of the server, and those that found that the run before had not ended well. "
        "The blue and red marks on every panel are the same.",
        [
            ("{{instance}} starts", increase("process_starts_total", "1h")),
            ("{{instance}} after an unclean end", increase("unclean_shutdowns_total", "1h")),
        ],
        decimals=0,
        links=[runbook("SignalboxRestartLoop"), runbook("SignalboxUncleanRestart")],
    )
