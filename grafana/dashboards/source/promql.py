"""Expressions, each narrowed to the servers that are chosen at the top of a board."""

from __future__ import annotations

# Names that aren't Signalbox's own and so don't begin with its prefix.
FOREIGN = {
    "up",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}

# The servers that are chosen; one, some or all of them.
CHOSEN = ('job=~"$job"', 'instance=~"$instance"')


def series(name: str, *matchers: str) -> str:
    full = name if name in FOREIGN or name.startswith("signalbox:") else f"signalbox_{name}"
    return full + "{" + ", ".join(CHOSEN + matchers) + "}"


def rate(name: str, *matchers: str) -> str:
    return f"rate({series(name, *matchers)}[$__rate_interval])"


def increase(name: str, window: str, *matchers: str) -> str:
    return f"increase({series(name, *matchers)}[{window}])"


def total(expression: str, *by: str) -> str:
    """The sum over servers, or over all but these labels."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def known(expression: str) -> str:
    """Without what is NaN, such as the ratio of nothing to nothing: a gap says it better."""
    return f"{expression} >= 0"


def quantile(q: float, histogram: str, *by: str) -> str:
    buckets = total(rate(f"{histogram}_bucket"), *by, "le")
    return known(f"histogram_quantile({q}, {buckets})")


def quantiles(histogram: str) -> list[tuple[str, str]]:
    """Three lines: the middle, and where the slow ones begin."""
    return [(f"p{percent}", quantile(percent / 100, histogram)) for percent in (50, 95, 99)]


FAILED = total(rate("http_requests_total", 'class="5xx"'))
# A door that is shut on purpose answers 503 too; it isn't an error of the server.
SHUT = total(rate("over_capacity_total", 'reason="metrics_disabled"'))
SERVER_ERRORS = f"clamp_min({FAILED} - {SHUT}, 0)"
# Without requests there is no ratio.
REQUESTS = f"({total(rate('http_requests_total'))} > 0)"
