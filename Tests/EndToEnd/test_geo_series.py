"""Visits by country: which requests count, how they are summed up, and that they stay."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import ServerFactory
from golden import HOUR, MINUTE, RANGES, answered, countries, take_over
from series_client import GEO, ask, assert_bad, geo, ms
from server import OPEN_LIMITS, Server
from visits import counted, visit, visit_times

# One that believes a country's name from the peer.
TOLD = OPEN_LIMITS | {"TRUST_CLOUDFLARE": "1"}
PAGES = [
    "/",
    "/docs",
    "/docs/",
    "/DOCS",
    "/Docs/Agents",
    "/docs/agents",
    "/connect",
    "/board",
    "/board/",
    "/room/abcd",
    "/ROOM/ab-cd/",
    "/source",
]


@pytest.fixture
def told(start_server: ServerFactory) -> Server:
    return start_server(**TOLD)


# Which requests count


@pytest.mark.parametrize("path", [*PAGES, "/?utm_source=x", "/?", "/?token=wrong"])
def test_a_page_that_was_shown_to_a_browser_counts(server: Server, path: str) -> None:
    shown = visit(server, path).status_code in range(200, 400)
    assert shown or path in PAGES[1:], "the home page is there"
    # A page that isn't there yet is a 404, and that is no visit.
    assert counted(server) == ({"LOCAL": 1} if shown else {})


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/docs/nope",
        "/index.html",
        "/room",
        "/room/",
        "/api/health",
        "/api/status",
        "/api/openapi.json",
        "/admin/stats",
        "/stats",
        "/favicon.svg",
        "/assets/signalbox.css",
        "/api/rooms/abcd/transcript",
        "/api/agents",
    ],
)
def test_what_is_no_page_does_not_count(server: Server, path: str) -> None:
    visit(server, path)
    assert counted(server) == {}


@pytest.mark.parametrize(
    "agent",
    [
        "curl/8.5",
        "python-requests/2.34",
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "Mozilla/5.0 Wget",
        "my-agent/1.0",
        "",
    ],
)
def test_who_is_no_browser_does_not_count(server: Server, agent: str) -> None:
    assert visit(server, agent=agent).status_code == 200
    assert counted(server) == {}


@pytest.mark.parametrize("agent", ["Mozilla/5.0", "SAFARI", "x firefox y", "Edge/1"])
def test_a_browser_is_who_says_so(server: Server, agent: str) -> None:
    visit(server, agent=agent)
    assert counted(server) == {"LOCAL": 1}


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE", "PUT"])
def test_only_get_counts(server: Server, method: str) -> None:
    visit(server, method=method)
    assert counted(server) == {}


# The answer


def test_nothing_counted_is_an_answer_too(server: Server) -> None:
    for name in RANGES:
        found, theirs = geo(server, range=name), answered(f"geo_{name}")
        empty = {
            "available_since": None,
            "partial": False,
            "approximate": False,
            "total_visits": 0,
            "country_count": 0,
            "countries": {},
            "extras": {},
            "top": [],
            "extra_top": [],
        }
        # Where one history has nothing the original looks into the other one, and says so.
        other = {"hourly": ("minute", MINUTE), "minute": ("hourly", HOUR)}[theirs["source"]]
        since = found["requested_since"]
        assert (since is None) == (name == "all")
        assert found == theirs | empty | {"source": other[0], "bucket_ms": other[1], "requested_since": since}


def test_the_top_is_eight_countries_by_visits_and_then_by_name(told: Server) -> None:
    counts = {"SE": 3, "DE": 5, "AT": 3, "ZA": 1, "AU": 1, "FR": 2, "GB": 2, "IT": 1, "PL": 1, "T1": 2, "XX": 4}
    visit_times(told, counts)
    visit(told)
    answer = geo(told, range="1h")
    assert answer["total_visits"] == sum(counts.values()) + 1
    assert answer["extras"] == {"T1": 2, "XX": 4, "LOCAL": 1}
    assert answer["countries"] == {code: count for code, count in counts.items() if code not in ("T1", "XX")}
    assert answer["country_count"] == 9
    assert [(one["code"], one["count"]) for one in answer["top"]] == [
        ("DE", 5),
        ("AT", 3),
        ("SE", 3),
        ("FR", 2),
        ("GB", 2),
        ("AU", 1),
        ("IT", 1),
        ("PL", 1),
    ]
    assert [(one["code"], one["count"]) for one in answer["extra_top"]] == [("XX", 4), ("T1", 2), ("LOCAL", 1)]
    for name in RANGES:
        assert geo(told, range=name)["countries"] == answer["countries"], "a visit is in every range at once"
    assert geo(told, range="nonsense") | {"requested_since": 0} == geo(told) | {"requested_since": 0}
    assert geo(told)["range"] == "1day"


def test_few_visits_are_folded_into_other(told: Server) -> None:
    visit_times(told, {"DE": 4, "FR": 3, "SE": 2, "PL": 1, "T1": 3})
    told.restart(GEO_MIN_COUNT="3")
    answer = geo(told, range="1h")
    assert answer["countries"] == {"DE": 4, "FR": 3}
    assert answer["extras"] == {"T1": 3, "OTHER": 3}
    assert (answer["total_visits"], answer["country_count"]) == (13, 2)
    assert [one["code"] for one in answer["top"]] == ["DE", "FR"]
    assert {one["code"]: one["count"] for one in answer["extra_top"]} == {"T1": 3, "OTHER": 3}
    table = ask(told, GEO, format="csv", range="1h").text
    assert "PL" not in table and "SE" not in table and "OTHER,3" in table
    visit_times(told, {"SE": 1})
    assert geo(told, range="1h")["countries"] == {"DE": 4, "FR": 3, "SE": 3}
    told.restart(GEO_MIN_COUNT="1")
    assert geo(told, range="1h")["countries"] == {"DE": 4, "FR": 3, "SE": 3, "PL": 1}


# Windows


@pytest.fixture(scope="module")
def golden(shared_server: Server) -> Server:
    """A server with the golden history that is only asked."""
    return take_over(shared_server)


def test_any_window_of_hours(golden: Server) -> None:
    for start, end in (
        ("2026-05-01T00:00Z", "2026-05-02T00:00Z"),
        ("2026-04-20", "2026-06-01"),
        ("2026-06-07T05:00Z", "2026-06-07T06:00Z"),
    ):
        found = geo(golden, from_=start, to=end)
        assert found["source"] == "hourly"
        assert found["countries"] | found["extras"] == countries("metrics_geo_hourly", ms(start), ms(end)), (start, end)
        assert (found["requested_since"], found["range"]) == (ms(start), "custom")


def test_any_window_of_minutes_of_the_last_day(golden: Server) -> None:
    for start, end in (
        ("2026-06-15T10:07Z", "2026-06-15T10:31Z"),
        ("2026-06-14T20:59Z", "2026-06-15T03:01Z"),
        ("2026-06-15T11:34Z", "2026-06-15T12:34Z"),
    ):
        found = geo(golden, from_=start, to=end)
        assert found["source"] == "minute"
        assert found["countries"] | found["extras"] == countries("metrics_geo_minute", ms(start), ms(end)), (start, end)


def test_windows_that_meet_share_nothing_and_leave_nothing_out(golden: Server) -> None:
    def visits(start: str, end: str) -> int:
        return geo(golden, from_=start, to=end)["total_visits"]

    assert visits("2026-05-01T00:00Z", "2026-05-01T13:00Z") + visits(
        "2026-05-01T13:00Z", "2026-05-03T00:00Z"
    ) == visits("2026-05-01", "2026-05-03")
    assert visits("2026-06-15T08:00Z", "2026-06-15T08:17Z") + visits(
        "2026-06-15T08:17Z", "2026-06-15T09:01Z"
    ) == visits("2026-06-15T08:00Z", "2026-06-15T09:01Z")
    everything = answered("geo_all")["total_visits"]
    assert visits("2020-01-01", "2026-06-15T12:00Z") == everything
    assert visits("2020-01-01", "2026-01-01") == 0


@pytest.mark.parametrize(
    "query",
    [
        {"from_": "2026-06-02", "to": "2026-06-01"},
        {"from_": "soon"},
        {"range": "1h", "from_": "2026-06-02"},
        {"to": "x"},
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(golden: Server, query: dict[str, Any]) -> None:
    assert_bad(ask(golden, GEO, **query))
