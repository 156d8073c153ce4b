"""The country database: replaced while in use, refused when it is none, and asked from the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import geo_database
from conftest import ServerFactory
from exposition import total
from geo_database import COUNTRY_OF, NOWHERE
from series_client import ms, self_test
from server import OPEN_LIMITS, Server, eventually
from test_commands import run
from visits import ANN, BOB, IPV6, counted, visit

# The server looks after its file every ten seconds; so each of these tests has all its servers wait at once.
IN_TIME = 40.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return geo_database.write(tmp_path / "geo" / "country.mmdb")


@pytest.fixture
def located(start_server: ServerFactory, path: Path) -> Server:
    return start_server(**OPEN_LIMITS, GEOIP_DB=str(path))


def country_of(server: Server, client: str) -> str:
    """Which country one more visit of that address counts for."""
    before = counted(server)
    visit(server, client=client)
    after = counted(server)
    (code,) = [code for code in after if after[code] != before.get(code, 0)]
    return code


def refusal(server: Server) -> str | None:
    """Why the file that lies there now isn't used."""
    error = self_test(server)["database"].get("error")
    assert error is None or " " in error, "a sentence"
    return error


# Replacing the file


def test_a_new_file_in_its_place_is_taken_up_and_the_old_one_let_go(
    located: Server, path: Path, tmp_path: Path
) -> None:
    assert country_of(located, ANN) == "DE"
    open_files = located.open_files()

    def mapped() -> int:
        maps = Path(f"/proc/{located.process.pid}/maps").read_text().splitlines()
        return sum("country.mmdb" in line for line in maps)

    most = mapped()
    for code in ("AT", "CH", "LU"):
        geo_database.replace(path, geo_database.bytes_of(tmp_path, {"203.0.113.0/24": code}))
        eventually(lambda code=code: country_of(located, ANN) == code, f"the database that says {code}", IN_TIME)
    assert country_of(located, BOB) == "XX", "what the new one doesn't know isn't taken from the old one"
    eventually(lambda: mapped() <= most, "old ones unmapped")
    assert located.open_files() <= open_files + 1


def unusable(tmp_path: Path) -> dict[str, bytes | None]:
    """What must not take a good database's place; None for nothing there."""
    good = geo_database.bytes_of(tmp_path, {"203.0.113.0/24": "AT"})
    systems = {"203.0.113.0/24": {"autonomous_system_number": 64496}}
    kinds = {
        "vanished": None,
        "another kind": geo_database.bytes_of(tmp_path, {}, kind="GeoLite2-ASN", records=systems),
    }
    return geo_database.damaged(good) | kinds


def test_an_unusable_file_is_refused_and_the_last_good_one_stays(start_server: ServerFactory, tmp_path: Path) -> None:
    good = geo_database.bytes_of(tmp_path, {"203.0.113.0/24": "AT"})
    cases: list[tuple[str, Path, Server, int]] = []
    for number, (what, content) in enumerate(unusable(tmp_path).items()):
        path = geo_database.write(tmp_path / str(number) / "country.mmdb")
        server = start_server(**OPEN_LIMITS, GEOIP_DB=str(path))
        assert country_of(server, ANN) == "DE"
        cases.append((what, path, server, len(server.log().splitlines())))
        path.unlink() if content is None else geo_database.replace(path, content)
    for what, path, server, lines in cases:
        eventually(lambda server=server: refusal(server), f"{what}: the self-test says so", IN_TIME)
        assert self_test(server)["database"]["loaded"] is True, what
        assert total(server.exposition(), "signalbox_geoip_database_loaded") == 1, what
        assert country_of(server, ANN) == "DE", what
        said = server.log().splitlines()[lines:]
        assert any(" warning " in line and "database" in line for line in map(str.lower, said)), (what, said)
        # A sound one heals it, but for the first, on which one is kept an eye.
        if server is not cases[0][2]:
            geo_database.replace(path, good)
    for what, _, server, _ in cases[1:]:
        eventually(lambda server=server: country_of(server, ANN) == "AT", f"{what}: the sound one", IN_TIME)
        assert refusal(server) is None, what
    time.sleep(12)  # There is no sign of the server having looked once more and said nothing.
    _, _, server, lines = cases[0]
    assert refusal(server)
    assert len(server.log().splitlines()) == lines + 1, "said once, not each time it is looked at"


def test_a_half_written_file_does_not_bring_the_server_down(located: Server, path: Path, tmp_path: Path) -> None:
    # Somebody copies over the file instead of renaming: it changes under the server's feet.
    assert country_of(located, ANN) == "DE"
    good = geo_database.bytes_of(tmp_path, {"203.0.113.0/24": "AT"})
    with path.open("r+b") as file:
        file.truncate(0)
        for client in (ANN, BOB, IPV6, NOWHERE):
            assert visit(located, client=client).status_code == 200
        file.write(good)
    eventually(lambda: country_of(located, ANN) == "AT", "the whole of it", IN_TIME)


def test_without_a_usable_file_the_server_starts_and_takes_it_up_later(
    start_server: ServerFactory, tmp_path: Path
) -> None:
    cases = []
    for number, (what, content) in enumerate(unusable(tmp_path).items()):
        path = tmp_path / f"{number}.mmdb"
        if content is not None:
            path.write_bytes(content)
        server = start_server(**OPEN_LIMITS, GEOIP_DB=str(path))
        assert self_test(server)["database"]["loaded"] is False and refusal(server), what
        assert country_of(server, ANN) == "XX", what
        for name in ("loaded", "build_timestamp_seconds"):
            assert total(server.exposition(), f"signalbox_geoip_database_{name}") == 0, what
        assert " warning " in server.log() and "database" in server.log().lower(), what
        geo_database.replace(path, geo_database.bytes_of(tmp_path / "beside", geo_database.NETWORKS))
        cases.append((what, server))
    for what, server in cases:
        eventually(lambda server=server: country_of(server, ANN) == "DE", f"{what}: the database", IN_TIME)


# The self-test


def test_without_a_database_the_self_test_says_so(server: Server) -> None:
    state = self_test(server)
    assert set(state) == {"source", "database", "cloudflare", "visits", "hints"}
    assert (state["source"], state["database"]) == ("auto", None)
    assert state["cloudflare"] == {"trusted": False, "headers_ignored": 0}
    assert state["visits"] == {"total": 0, "unknown": 0, "unknown_share": state["visits"]["unknown_share"]}
    assert state["visits"]["unknown_share"] in (0, None)


def test_the_self_test_describes_the_database(start_server: ServerFactory, path: Path) -> None:
    geo_database.replace(path, geo_database.built_on(path.read_bytes(), 3))
    server = start_server(**OPEN_LIMITS, GEOIP_DB=str(path))
    database = self_test(server)["database"]
    assert (database["loaded"], database["type"], database["ip_version"]) == (True, "GeoLite2-Country", 6)
    assert database["nodes"] > 100 and "error" not in database
    assert database["built_at"].endswith("Z") and database["built_days_ago"] == 3
    built = ms(database["built_at"]) // 1000
    assert abs(built - (time.time() - 3 * 86_400)) < 60
    assert total(server.exposition(), "signalbox_geoip_database_build_timestamp_seconds") == built


def test_an_old_database_is_warned_of(start_server: ServerFactory, path: Path) -> None:
    fresh = path.read_bytes()
    for days, warned in ((29, False), (31, True)):
        geo_database.replace(path, geo_database.built_on(fresh, days))
        server = start_server(**OPEN_LIMITS, GEOIP_DB=str(path))
        state = self_test(server)
        assert state["database"]["built_days_ago"] == days
        assert any("30 days" in hint or "31 days" in hint for hint in state["hints"]) is warned, state["hints"]
        said = [
            line
            for line in server.log().splitlines()
            if "days" in line and ("country.mmdb" in line or "database" in line.lower())
        ]
        assert bool(said) is warned


def test_many_unknown_visits_are_worth_a_hint(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"TRUST_CLOUDFLARE": "1"})
    for number in range(20):
        visit(server, client=f"203.0.113.{number}")
        # Where these come from is no question of a database.
        visit(server)
    visits = self_test(server)["visits"]
    assert (visits["total"], visits["unknown"], visits["unknown_share"]) == (20, 20, 1)
    assert any("unknown" in hint for hint in self_test(server)["hints"])
    for _ in range(20):
        visit(server, client=ANN, country="DE")
    state = self_test(server)
    assert (state["visits"]["total"], state["visits"]["unknown"], state["visits"]["unknown_share"]) == (40, 20, 0.5)
    assert not any("unknown" in hint for hint in state["hints"])


# The command


@pytest.fixture
def geoip(tmp_path: Path, path: Path) -> Callable[..., tuple[int, list[str], str]]:
    def call(*arguments: str, database: Path | None = path, **settings: str) -> tuple[int, list[str], str]:
        option = [] if database is None else ["--database", str(database)]
        result = run("geoip", *arguments, *option, directory=tmp_path, **settings)
        return result.returncode, result.stdout.splitlines(), result.stderr

    return call


def test_the_command_says_the_country_of_each_address(
    geoip: Callable[..., tuple[int, list[str], str]], path: Path
) -> None:
    expected = [(address, code) for address, code in COUNTRY_OF.items()] + [(NOWHERE, "XX")]
    addresses = [address for address, _ in expected]
    for code, lines, _ in (geoip(*addresses), geoip(*addresses, database=None, GEOIP_DB=str(path))):
        assert code == 0
        assert [tuple(line.split()[:2]) for line in lines] == expected
    assert geoip("127.0.0.1", "100.64.0.1")[1][0].split()[:2] == ["127.0.0.1", "LOCAL"]


@pytest.mark.parametrize("address", ["example.org", "203.0.113.256", "203.0.113.9/24", "", "::g", "1"])
def test_the_command_refuses_what_is_no_address(geoip: Callable[..., tuple[int, list[str], str]], address: str) -> None:
    for arguments in ([address], [ANN, address, BOB]):
        code, _, error = geoip(*arguments)
        assert code == 1
        assert error.strip() and address in error and "Fatal" not in error


def test_the_command_without_an_address_is_the_self_test(
    geoip: Callable[..., tuple[int, list[str], str]], path: Path
) -> None:
    code, lines, _ = geoip()
    assert code == 0
    text = "\n".join(lines)
    assert "GeoLite2-Country" in text and "auto" in text


@pytest.mark.parametrize("content", [None, b"", b"this is no database\n" * 100])
def test_the_command_refuses_what_is_no_database(
    geoip: Callable[..., tuple[int, list[str], str]], tmp_path: Path, content: bytes | None
) -> None:
    broken = tmp_path / "broken.mmdb"
    if content is not None:
        broken.write_bytes(content)
    code, _, error = geoip(ANN, database=broken)
    assert code not in (0, -6, -4, -5, -11)
    assert "broken.mmdb" in error


@pytest.mark.parametrize("command", ["geoip", "backup", "check", "import", "metrics"])
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    result = run(command, "--help", directory=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "USAGE" in result.stdout and command in result.stdout
    if command != "metrics":
        for option in ("--data-dir", "--set", "--config"):
            assert option in result.stdout, option
    assert not (tmp_path / "data").exists(), "asking for help makes nothing"
    assert command in run("--help", directory=tmp_path).stdout
    assert run(command, "--no-such-option", directory=tmp_path).returncode == 64
