"""Counted visits stay, at once and whatever happens, and of the visitors nothing else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import ServerFactory
from exposition import samples
from golden import HOUR, MINUTE, SPANS
from series_client import GEO, geo, ms, series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually, http_session
from store_copy import rows, store_file
from visits import ANN, BOB, IPV6, counted, visit, visit_times

# One that believes a country's name from the peer.
TOLD = OPEN_LIMITS | {"TRUST_CLOUDFLARE": "1"}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_visits_stay_whatever_ends_the_process(start_server: ServerFactory, end: str) -> None:
    server = start_server(**TOLD | sixty_times("2026-06-15T12:34:30Z"))
    expected: dict[str, int] = {}
    for hour, country in enumerate(("DE", "FR", "T1", "XX", "DE"), start=13):
        visit_times(server, {country: 2})
        expected[country] = expected.get(country, 0) + 2
        assert counted(server, range="8h") == expected, "at once"
        getattr(server, end)()
        server.restart(**sixty_times(f"2026-06-15T{hour}:34:30Z"))
        assert counted(server, range="8h") == expected, "after a restart"
    before = total(series(server, range="all")["points"], "samples")
    eventually(lambda: total(series(server, range="all")["points"], "samples") > before + 1, "two flushes")
    for name in ("8h", "1day", "all"):
        assert counted(server, range=name) == expected


def test_a_visit_is_never_counted_twice_while_it_is_being_written(start_server: ServerFactory) -> None:
    server = start_server(**TOLD | sixty_times("2026-06-15T12:34:30Z"))

    def totals_within_a_minute(path: str) -> set[int]:
        """What somebody saw who asked without a pause while a flush came."""
        seen = set()
        deadline = server.metrics()["ts"] + 1.2 * MINUTE
        with http_session() as http:
            while True:
                answer = http.get(server.url + path, headers=server.bearer, timeout=10).json()
                seen.add(answer["total_visits"])
                if answer["requested_since"] + SPANS[answer["range"]] > deadline:
                    return seen

    with ThreadPoolExecutor(3) as pool:
        for number in range(1, 16):
            visit(server)
            watched = pool.map(totals_within_a_minute, [f"{GEO}?range={name}" for name in ("1h", "8h", "1week")])
            assert list(watched) == [{number}] * 3


def test_windows_tell_the_minutes_apart(start_server: ServerFactory) -> None:
    server = start_server(**TOLD | sixty_times("2026-06-15T12:34:30Z"))
    for country in ("DE", "FR", "SE"):
        visit_times(server, {country: 1})
        minute = server.metrics()["ts"] // MINUTE
        eventually(lambda minute=minute: server.metrics()["ts"] // MINUTE > minute + 1, "another minute")
    kept = rows(store_file(server), "SELECT country, t FROM country_minutes WHERE visits > 0 ORDER BY t")
    assert [country for country, _ in kept] == ["DE", "FR", "SE"]
    for country, t in kept:
        found = geo(server, from_=t // MINUTE * MINUTE, to=(t // MINUTE + 1) * MINUTE)
        assert (found["countries"], found["source"]) == ({country: 1}, "minute")


@pytest.mark.parametrize(
    ("table", "before", "after"),
    [
        ("country_minutes", "2026-06-15T12:52:30Z", "2026-06-15T13:00:30Z"),
        ("country_minutes", "2026-06-15T12:52:30Z", "2026-06-15T16:20:30Z"),
        ("country_hours", "2026-06-15T12:52:30Z", "2026-06-16T00:00:30Z"),
        ("country_hours", "2026-06-15T12:52:30Z", "2026-06-18T17:00:30Z"),
    ],
)
def test_the_first_rows_of_an_hour_or_day_name_every_country(
    start_server: ServerFactory, table: str, before: str, after: str
) -> None:
    """So that a window, however long, is the difference of two rows a country found close to its ends."""
    server = start_server(**TOLD | sixty_times(before))
    visit_times(server, {"DE": 2, "FR": 1})
    server.restart(**sixty_times(after))
    visit_times(server, {"DE": 1})
    query = f"SELECT country, visits, total FROM {table} WHERE t >= ? ORDER BY country"
    since = ms(after) // HOUR * HOUR
    found = eventually(lambda: rows(store_file(server), query, since), "rows of the new time")
    assert found == [("DE", 1, 3), ("FR", 0, 1)]
    # Further rows name only those who came.
    server.restart(**sixty_times(after.replace("0:30Z", "5:30Z") if table == "country_minutes" else after))
    visit_times(server, {"SE": 1})
    latest = f"SELECT country, visits, total FROM {table} WHERE t >= ? AND country = 'SE'"
    assert eventually(lambda: rows(store_file(server), latest, since), "a new country's row") == [("SE", 1, 1)]


# What Prometheus and the disk get to know


def by_country(server: Server) -> dict[str, float]:
    return {
        sample.labels["country"]: sample.value
        for sample in samples(server.exposition())
        if sample.name == "signalbox_page_visits_total"
    }


def test_the_exposition_learns_of_an_hour_when_it_is_over(start_server: ServerFactory) -> None:
    server = start_server(**TOLD | sixty_times("2026-06-15T12:50:30Z"), GEO_MIN_COUNT="2")
    visit_times(server, {"DE": 3, "FR": 1, "T1": 2})
    before = by_country(server)
    assert len(before) == 249 + 4 and {"DE", "FR", "XX", "T1", "LOCAL", "other"} <= set(before)
    assert set(before.values()) == {0}
    eventually(lambda: any(by_country(server).values()), "the closed hour", timeout=30)
    assert server.metrics()["ts"] >= ms("2026-06-15T13:00:00Z")
    assert {code: count for code, count in by_country(server).items() if count} == {"DE": 3, "T1": 2, "other": 1}


def test_no_address_is_kept_anywhere(start_server: ServerFactory) -> None:
    server = start_server(**TOLD | sixty_times("2026-06-15T12:34:30Z"), LOG_LEVEL="trace", ACCESS_LOG="1")
    for client in (ANN, BOB, IPV6):
        visit(server, client=client)
        visit(server, client=client, country="DE", **{"CF-Connecting-IP": client})
    assert sum(counted(server).values()) == 6
    before = total(series(server, range="1h")["points"], "samples")
    eventually(lambda: total(series(server, range="1h")["points"], "samples") > before + 1, "two flushes")
    server.stop()
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    assert server.data_dir / "signalbox.sqlite" in files
    for path in files:
        for client in (ANN, BOB, IPV6, "203.0.113", "2001:db8"):
            assert client.encode() not in path.read_bytes(), (client, path)
