"""Asks for series and country counts, and reads what comes back."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import requests

from server import Server

SERIES = "/api/metrics/series"
GEO = "/api/metrics/geo"
SELF_TEST = "/api/metrics/geo/self-test"

POINT = [
    "t",
    "messages",
    "rooms",
    "bugs",
    "messages_total",
    "rooms_total",
    "bugs_total",
    "peak_rooms",
    "peak_subs",
    "samples",
]

Answer = dict[str, Any]


def sixty_times(start: str) -> dict[str, str]:
    """A clock on which a minute takes a second, and with it a flush."""
    return {"CLOCK": f"{start}*60"}


def ms(time: str) -> int:
    """Unix ms of an ISO 8601 time."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def ask(server: Server, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
    """Asks as the operator. A query's name may end in `_`, for words that Python keeps for itself."""
    params = {name.removesuffix("_"): value for name, value in query.items()}
    return server.get(path, params=params, headers=server.bearer | (headers or {}))


def answer(response: requests.Response) -> Answer:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()


def series(server: Server, **query: Any) -> Answer:
    return answer(ask(server, SERIES, **query))


def geo(server: Server, **query: Any) -> Answer:
    return answer(ask(server, GEO, **query))


def self_test(server: Server) -> Answer:
    return answer(ask(server, SELF_TEST))


def total(points: list[Answer], name: str = "messages") -> int:
    return sum(point[name] for point in points)


def assert_bad(response: requests.Response) -> Answer:
    """A question that can't be answered gets a sentence about it."""
    assert response.status_code == 400, (response.status_code, response.text[:500])
    assert response.headers["Content-Type"].startswith("application/json")
    body = response.json()
    assert isinstance(body["error"], str) and " " in body["error"], body
    return body


def table(response: requests.Response) -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    assert response.status_code == 200, response.text
    kind = [part.strip() for part in response.headers["Content-Type"].split(";")]
    assert kind == ["text/csv", "charset=utf-8", "header=present"]
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8"), newline=""), strict=True))
    header, *rest = rows
    assert all(len(row) == len(header) for row in rest)
    return [dict(zip(header, row, strict=True)) for row in rest]
