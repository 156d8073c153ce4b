"""Series and country counts as tables, for spreadsheets: the same numbers as the JSON has."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conftest import ServerFactory
from golden import RANGES, take_over
from series_client import GEO, POINT, SELF_TEST, SERIES, ask, assert_bad, geo, ms, series, table
from server import OPEN_LIMITS, Server

START, END = ms("2026-06-15T08:00:00Z"), ms("2026-06-15T10:00:00Z")
CUSTOM = {"from_": START, "to": END, "step": "15m"}


@pytest.fixture(scope="module")
def golden(shared_server: Server) -> Server:
    """A server with the golden history that is only asked."""
    return take_over(shared_server)


def is_table(server: Server, path: str, accept: str | None, **query: Any) -> bool:
    response = ask(server, path, {"Accept": accept} if accept is not None else None, **query)
    assert response.status_code == 200, response.text
    assert "accept" in response.headers["Vary"].lower()
    return response.headers["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize(
    "query",
    [
        *({"range": name} for name in RANGES),
        CUSTOM,
        {"metric": "bytes,active_rooms", **CUSTOM},
        {"metric": "http_5xx", "range": "1week"},
    ],
    ids=str,
)
@pytest.mark.parametrize("how", ["by format", "by Accept"])
def test_a_table_has_the_objects_values(golden: Server, query: dict[str, Any], how: str) -> None:
    objects = series(golden, **query)["points"]
    if how == "by format":
        rows = table(ask(golden, SERIES, format="csv", **query))
    else:
        rows = table(ask(golden, SERIES, {"Accept": "text/csv"}, **query))
    # Points of the server's own may have come in between.
    assert len(rows) in (len(objects), len(objects) + 1)
    for row, point in zip(rows[: len(objects) - 1], objects, strict=False):
        assert list(row) == ["t", "time", *list(point)[1:]]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", row["time"])
        assert abs(ms(row.pop("time")) - point["t"]) < 1000
        assert row == {name: "" if value is None else str(value) for name, value in point.items()}


def test_a_table_may_be_saved_as_a_file(golden: Server) -> None:
    names = set()
    for path, query in ((SERIES, {"range": "1week"}), (SERIES, CUSTOM), (GEO, {"range": "1week"})):
        response = ask(golden, path, format="csv", **query)
        found = re.fullmatch(r'attachment; filename="?([\w.+-]+\.csv)"?', response.headers["Content-Disposition"])
        assert found, response.headers["Content-Disposition"]
        names.add(found[1])
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.content.endswith(b"\n") and not response.content.startswith(b"\xef\xbb\xbf")
    assert len(names) >= 2, "series and countries aren't called the same"
    assert "Content-Disposition" not in ask(golden, SERIES).headers


def test_a_table_without_rows_has_its_header(golden: Server) -> None:
    response = ask(golden, SERIES, format="csv", from_="2020-01-01", to="2020-02-01")
    assert table(response) == []
    assert response.text.splitlines() == [",".join(["t", "time", *POINT[1:]])]


@pytest.mark.parametrize("path", [SERIES, GEO])
@pytest.mark.parametrize(
    ("accept", "csv"),
    [
        (None, False),
        ("*/*", False),
        ("text/csv", True),
        ("TEXT/CSV", True),
        ("text/csv; charset=utf-8", True),
        ("text/csv;q=0", False),
        ("application/json", False),
        ("application/json, text/csv;q=0.5", False),
        ("text/csv, application/json;q=0.5", True),
        ("text/csv;q=0.2, */*;q=0.1", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/csv", False),
        ("text/csvx", False),
        ("garbage", False),
    ],
)
def test_accept_chooses(golden: Server, path: str, accept: str | None, csv: bool) -> None:
    assert is_table(golden, path, accept) is csv
    # A word in the address is stronger, so that a link can say what it leads to.
    assert is_table(golden, path, accept, format="json") is False
    assert is_table(golden, path, accept, format="csv") is True


@pytest.mark.parametrize("path", [SERIES, GEO])
@pytest.mark.parametrize("name", ["xml", "CSVX", "csv,json", "../csv", "\0"])
def test_another_format_is_refused(golden: Server, path: str, name: str) -> None:
    assert_bad(ask(golden, path, format=name))
    assert_bad(ask(golden, path, {"Accept": "text/csv"}, format=name))


@pytest.mark.parametrize("name", RANGES)
def test_countries_as_a_table_add_up_to_all_visits(golden: Server, name: str) -> None:
    answer = geo(golden, range=name)
    rows = table(ask(golden, GEO, format="csv", range=name))
    assert all(list(row) == ["code", "visits"] for row in rows)
    counts = {row["code"]: int(row["visits"]) for row in rows}
    assert len(counts) == len(rows), "each code once"
    assert counts == answer["countries"] | answer["extras"]
    assert sum(counts.values()) == answer["total_visits"]


def test_no_visits_are_a_table_of_no_rows(start_server: ServerFactory) -> None:
    response = ask(start_server(**OPEN_LIMITS), GEO, format="csv")
    assert table(response) == []
    assert response.text.splitlines() == ["code,visits"]


def test_the_self_test_is_an_object_whatever_is_accepted(golden: Server) -> None:
    response = ask(golden, SELF_TEST, {"Accept": "text/csv"})
    assert response.headers["Content-Type"].startswith("application/json")
