"""Whose word counts on where a visit came from: the address itself, Cloudflare's header, a database, nobody's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import geo_database
from conftest import ServerFactory
from exposition import total
from geo_database import COUNTRY_OF, NOWHERE
from raw_http import RawConnection
from series_client import geo, self_test
from server import OPEN_LIMITS, Server, free_port
from test_commands import run
from visits import ANN, BOB, BROWSER, IPV6, counted, visit

Start = Callable[..., Server]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return geo_database.write(tmp_path_factory.mktemp("geo") / "country.mmdb")


@pytest.fixture
def start(start_server: ServerFactory) -> Start:
    return lambda **settings: start_server(**OPEN_LIMITS | {"TRUST_CLOUDFLARE": "1"} | settings)


# The address


@pytest.mark.parametrize(
    "client", [None, "127.0.0.1", "::1", "100.64.0.1", "100.127.255.254", "fd7a:115c:a1e0::1", "::ffff:100.100.1.1"]
)
def test_ones_own_machine_and_tailnet_are_local(start: Start, database: Path, client: str | None) -> None:
    server = start(GEOIP_DB=str(database))
    visit(server, client=client)
    # Cloudflare can't know better.
    visit(server, client=client, country="DE")
    assert counted(server) == {"LOCAL": 2}


@pytest.mark.parametrize("client", ["100.63.255.255", "100.128.0.1", "fd7a:115c:a1e1::1", "10.0.0.1", NOWHERE])
def test_addresses_beside_those_are_unknown(start: Start, database: Path, client: str) -> None:
    server = start(GEOIP_DB=str(database))
    visit(server, client=client)
    assert counted(server) == {"XX": 1}


# Cloudflare's header


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("dE", "DE"),
        ("FR ", "FR"),
        ("XX", "XX"),
        ("T1", "T1"),
        ("t1", "T1"),
        ("ZZ", "ZZ"),
        # Anything else is nobody's word.
        ("", "XX"),
        ("D", "XX"),
        ("USA", "XX"),
        ("D1", "XX"),
        ("T2", "XX"),
        ("1T", "XX"),
        ("D E", "XX"),
        ("DE,FR", "XX"),
        ("--", "XX"),
        ("LOCAL", "XX"),
        ("OTHER", "XX"),
        ("D\u00c4", "XX"),
        ("DE" * 2000, "XX"),
        ("D'; DROP TABLE hours; --", "XX"),
        ("%44%45", "XX"),
    ],
)
def test_a_header_is_two_letters_or_t1(start: Start, header: str, code: str) -> None:
    server = start()
    assert visit(server, client=ANN, country=header.encode("latin-1")).status_code == 200
    answer = geo(server, range="1h")
    assert answer["countries"] | answer["extras"] == {code: 1}
    assert (answer["country_count"] == 1) == (code not in ("XX", "T1"))


@pytest.mark.parametrize("value", ["ÄB".encode(), b"\xc4B", b"\xff\xfe", b"D\xc9"])
def test_letters_of_other_alphabets_are_none(start: Start, value: bytes) -> None:
    server = start()
    with RawConnection(server.port) as connection:
        connection.send(
            b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\nX-Forwarded-For: %s\r\nCF-IPCountry: %s\r\n\r\n"
            % (BROWSER.encode(), ANN.encode(), value)
        )
        status = connection.response().status
    assert counted(server) == ({"XX": 1} if status == 200 else {})
    assert status in (200, 400)


@pytest.mark.parametrize("header", ["", "USA", "D1", "12"])
def test_where_the_header_says_nothing_the_database_is_asked(start: Start, database: Path, header: str) -> None:
    server = start(GEOIP_DB=str(database))
    visit(server, client=ANN, country=header)
    assert counted(server) == {"DE": 1}


@pytest.mark.parametrize(
    "settings", [{"TRUST_CLOUDFLARE": None}, {"TRUST_CLOUDFLARE": "0"}, {"TRUST_PROXY": "1"}, {"TRUST_PROXY": "true"}]
)
def test_the_header_does_not_count_from_just_anybody(start: Start, settings: dict[str, str | None]) -> None:
    # A client can send it, and an ordinary proxy passes it on.
    server = start(**settings)
    assert total(server.exposition(), "signalbox_cloudflare_headers_ignored_total") == 0
    visit(server, client=ANN, country="DE")
    assert counted(server) == {"XX": 1}
    assert self_test(server)["cloudflare"]["headers_ignored"] == 1
    assert total(server.exposition(), "signalbox_cloudflare_headers_ignored_total") == 1
    visit(server, client=ANN)
    assert self_test(server)["cloudflare"]["headers_ignored"] == 1
    assert any("TRUST_" in hint for hint in self_test(server)["hints"]), "what to set is said"


def test_the_header_does_not_count_from_a_peer_that_is_not_trusted(start: Start) -> None:
    server = start(TRUST_PROXY="10.0.0.0/8")
    visit(server, client=ANN, country="DE")
    # Nor does the address: it is the peer's own.
    assert counted(server) == {"LOCAL": 1}


@pytest.mark.parametrize("trust", ["loopback", "127.0.0.1", "127.0.0.0/8,::1", "uniquelocal,loopback"])
def test_the_header_counts_from_a_peer_trusted_by_name_or_range(start: Start, trust: str) -> None:
    server = start(TRUST_PROXY=trust)
    visit(server, client=ANN, country="DE")
    assert counted(server) == {"DE": 1}
    assert self_test(server)["cloudflare"] == {"trusted": True, "headers_ignored": 0}


def test_cloudflares_address_is_looked_up(start: Start, database: Path) -> None:
    server = start(GEOIP_DB=str(database))
    visit(server, client=BOB, **{"CF-Connecting-IP": ANN})
    assert counted(server) == {COUNTRY_OF[ANN]: 1}


# The database


@pytest.mark.parametrize(
    ("client", "code"),
    [
        *COUNTRY_OF.items(),
        (f"::ffff:{ANN}", "DE"),
        (f"{ANN}:4711", "DE"),
        (f"[{IPV6}]:4711", "SE"),
        ("198.51.100.127", "FR"),
        ("198.51.100.128", "XX"),
        ("2001:db8:2:ffff::1", "JP"),
        ("2001:db8:3::1", "XX"),
        (NOWHERE, "XX"),
    ],
)
def test_an_address_is_looked_up_in_the_database(start: Start, database: Path, client: str, code: str) -> None:
    server = start(GEOIP_DB=str(database))
    visit(server, client=client)
    assert counted(server) == {code: 1}


def test_a_database_of_ipv4_alone_knows_no_ipv6(start: Start, tmp_path: Path) -> None:
    path = geo_database.write(tmp_path / "four.mmdb", {"203.0.113.0/24": "DE"}, ip_version=4)
    server = start(GEOIP_DB=str(path))
    for client in (ANN, f"::ffff:{ANN}", IPV6):
        assert visit(server, client=client).status_code == 200
    assert counted(server) == {"DE": 2, "XX": 1}
    assert self_test(server)["database"]["ip_version"] == 4


def test_records_without_a_country_are_unknown(start: Start, tmp_path: Path) -> None:
    records = {
        "192.0.2.0/28": {"continent": {"code": "EU"}},
        "192.0.2.16/28": {"country": {"iso_code": ""}},
        "192.0.2.32/28": {"country": {"iso_code": "DEU"}},
        "192.0.2.48/28": {"country": {"iso_code": 49}},
        "192.0.2.64/28": {"country": "text"},
        "192.0.2.80/28": {"country": {"iso_code": "d'"}},
    }
    server = start(GEOIP_DB=str(geo_database.write(tmp_path / "odd.mmdb", records=records)))
    for network in records:
        assert visit(server, client=network.split("/")[0]).status_code == 200
    visit(server, client=ANN)
    found = counted(server)
    assert found.pop("DE") == 1
    # One that has no ISO code may still name its country in plain text; no code is made of it.
    assert found == {"XX": len(records)}


# The choice of the source


@pytest.mark.parametrize(
    ("source", "with_header", "without"),
    [
        (None, "FR", "DE"),
        ("auto", "FR", "DE"),
        ("cloudflare", "FR", "XX"),
        ("database", "DE", "DE"),
        ("off", None, None),
    ],
)
def test_the_source_may_be_chosen(
    start: Start, database: Path, source: str | None, with_header: str | None, without: str | None
) -> None:
    server = start(GEO_SOURCE=source, GEOIP_DB=str(database))
    seen: dict[str, int] = {}
    for header, code in (("FR", with_header), (None, without)):
        visit(server, client=ANN, country=header)
        if code:
            seen[code] = seen.get(code, 0) + 1
        assert counted(server) == seen
    visit(server)
    assert counted(server) == (seen | {"LOCAL": 1} if with_header else {})
    assert self_test(server)["source"] == (source or "auto")


def test_lookups_are_counted_by_who_answered(start: Start, database: Path) -> None:
    server = start(GEOIP_DB=str(database))
    for client, header, times in ((None, None, 1), (ANN, "FR", 2), (ANN, None, 3), (NOWHERE, None, 4)):
        for _ in range(times):
            visit(server, client=client, country=header)
    text = server.exposition()
    found = {
        source: total(text, "signalbox_country_lookups_total", source=source)
        for source in ("local", "cloudflare", "database", "unknown")
    }
    assert found == {"local": 1, "cloudflare": 2, "database": 3, "unknown": 4}
    assert total(text, "signalbox_geoip_database_loaded") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("GEO_SOURCE", "maxmind"), ("GEO_MIN_COUNT", "0"), ("GEO_MIN_COUNT", "few"), ("GEO_MIN_COUNT", "-1")],
)
def test_a_wrong_value_stops_the_start_with_a_sentence_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    result = run("serve", directory=tmp_path, PORT=str(free_port()), **{name: value})
    assert result.returncode not in (0, -6, -4, -5, -11), "a crash is no sentence"
    assert name in result.stderr + result.stdout
