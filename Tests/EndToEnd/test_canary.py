"""Canaries on every field of every route: what may be written is what is public or addressed to the operator."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import geo_database

from canary_fields import (
    ROUTES,
    Voices,
    marked_headers,
    speak_identities,
    speak_in_rooms,
    speak_in_the_directory,
    speak_to_the_operator,
    sweep,
)
from canary_front import front_pages, speak_at_the_front_door
from conftest import ServerFactory
from server import OPEN_LIMITS, Server, eventually
from test_commands import run
from test_privacy import Canaries, encodings, shown, speak, written

LOUD = {"LOG_LEVEL": "trace", "ACCESS_LOG": "1", "BUGS_LOG_MAX_BYTES": "1024", "TRUST_CLOUDFLARE": "1"}
BACKUP = "backup.sqlite"
STORE = {"data/signalbox.sqlite", "data/signalbox.sqlite-wal", "data/signalbox.sqlite-shm", BACKUP}
REPORTS = {"data/reports.jsonl", "data/reports.jsonl.1"}


def everything_shown(server: Server) -> dict[str, bytes]:
    """What an operator can look at, in both formats of the exposition, and what anybody can."""
    openmetrics = {"Accept": "application/openmetrics-text; version=1.0.0"} | server.bearer
    pages = {"OpenMetrics": server.get("/metrics", headers=openmetrics).content}
    for path in (
        "/api/metrics/geo?range=all", "/api/metrics/geo?from=now-1h", "/api/metrics/geo?range=1h&format=csv",
        "/api/metrics/geo/self-test", "/api/metrics/series?range=1day", "/api/metrics/series?range=1h&format=csv",
        "/api/metrics/series?from=now-1h&step=1m&metric=messages,page_visits", "/admin/stats?metric=bugs", "/api/status", "/api/health",
    ):  # fmt: skip
        pages[path] = server.get(path, headers=server.bearer).content
    return shown(server) | pages | front_pages(server)


def found(canaries: Canaries, data: bytes) -> list[str]:
    """As `found_in`, quickly: most marks begin alike, and where no form of their beginning is, none of them is."""
    if any(form in data for _, form in encodings(b"cNry")):
        return canaries.found_in(data)
    rest = Canaries()
    rest.marks = {field: value for field, value in canaries.marks.items() if not value.lower().startswith(b"cnry")}
    return rest.found_in(data)


def search(voices: Voices, when: str, places: dict[str, bytes]) -> None:
    """Insists that no mark is where it may not be."""
    for name, data in places.items():
        marks = found(voices.secret, data)
        marks += [] if name in STORE else found(voices.public, data)
        marks += [] if name in REPORTS else found(voices.reported, data)
        assert not marks, f"{when}, in {name}: {marks}"


def test_the_quick_search_finds_what_the_slow_one_finds() -> None:
    canaries = Canaries()
    value = canaries.mark("a mark").encode()
    canaries.note("another value", b"\xff\0 something else")
    for noted in (value, b"\xff\0 something else"):
        for encoding, form in encodings(noted):
            for noise in (b"", b"x" * 1_000):
                assert found(canaries, noise + form + noise), encoding
    assert not found(canaries, b"cNr y nothing of the kind cnr")


def found_fields(canaries: Canaries, places: dict[str, bytes], names: set[str]) -> set[str]:
    data = b"".join(content for name, content in places.items() if name in names)
    return {field for field, value in canaries.marks.items() if value in data}


def rows(server: Server) -> dict[str, bytes]:
    """Everything in each of the store's tables, as one text a table."""
    with closing(sqlite3.connect(server.data_dir / "signalbox.sqlite")) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: b"\n".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in store.execute(f'SELECT * FROM "{table}"')
                for value in row
            )
            for table in tables
        }


@pytest.fixture
def loud(start_server: ServerFactory, tmp_path: Path) -> Server:
    # With a database, so that clients' addresses are looked up; it isn't in the server's directory, where all is searched.
    database = geo_database.write(tmp_path / "country.mmdb")
    return start_server(**OPEN_LIMITS | LOUD | {"GEOIP_DB": str(database)})


def written_by_commands(server: Server) -> dict[str, bytes]:
    """What the commands say of a store in use, after one of them has left a copy of it beside the log."""
    backup = run("backup", str(server.directory / BACKUP), "--force", directory=server.directory)
    assert backup.returncode == 0, backup.stderr
    said = [backup, run("check", directory=server.directory), run("geoip", directory=server.directory)]
    return {f"command {number}": (each.stdout + each.stderr).encode() for number, each in enumerate(said)}


def test_every_field_of_every_route_leaves_only_what_is_public_or_reported(loud: Server) -> None:
    voices = Voices()
    voices.secret.note("token", loud.token)
    ends = speak(loud, voices.secret)
    ann, bob = speak_identities(loud, voices)
    streams = speak_in_rooms(loud, voices, ann, bob)
    speak_in_the_directory(loud, voices, ann, bob)
    speak_to_the_operator(loud, voices)
    assert voices.count() > 300

    search(voices, "with clients", everything_shown(loud) | written_by_commands(loud) | written(loud))
    assert (loud.directory / BACKUP).stat().st_size > 0
    for end in ends:
        end()
    for stream in streams:
        stream.close()
    eventually(lambda: loud.metrics()["active_subs"] == 0, "nobody left")
    search(voices, "without clients", everything_shown(loud) | written(loud))
    loud.stop()
    after_the_end = written(loud)
    search(voices, "after the end", after_the_end)

    # The search had something to find: what may be there is there.
    assert found_fields(voices.reported, after_the_end, REPORTS) > {"what 2", "message 2", "email 2"}
    assert REPORTS <= set(after_the_end)
    assert found_fields(voices.public, after_the_end, {BACKUP}) > {"handle of ann", "bio of bob"}
    kept = rows(loud)
    assert b"DE" in kept["country_minutes"].split(b"\n"), "an address was looked up"
    public = {field for field, value in voices.public.marks.items() if any(value in data for data in kept.values())}
    assert public >= {"handle of ann", "bio of bob", "summary of ann", "page of ann", "sign key of bob"}
    assert "summary of bob" not in public, "an unpublished profile is gone"
    for table, data in kept.items():
        if table not in ("identities", "agent_profiles"):
            assert not voices.public.found_in(data), table

    loud.start()
    assert ann.inbox_wait().status_code == 200
    search(voices, "after a restart", everything_shown(loud) | written(loud))
    loud.kill()
    search(voices, "after a crash", written(loud))


def test_what_visitors_of_the_front_door_send_is_kept_nowhere_and_shown_to_nobody(loud: Server) -> None:
    voices = Voices()
    assert speak_at_the_front_door(loud, voices) == {200, 404}
    assert voices.count() > 500
    search(voices, "after the visits", everything_shown(loud) | written(loud))
    loud.stop()
    search(voices, "after the end", after_the_end := written(loud))
    # There were lines and counts to find something in.
    for template in ("/room/:id", "/sdk/:file", "/assets/:file", "/.well-known/security.txt", "unmatched"):
        assert f" {template} " in loud.log(), template
    assert b"DE" in rows(loud)["country_minutes"].split(b"\n"), "an address was looked up"
    assert "data/signalbox.sqlite" in after_the_end


def test_the_sweep_knows_every_route(server: Server) -> None:
    templates = set(re.findall(r'route="([^"]+)"', server.exposition())) - {"unmatched"}
    assert len(templates) > 50
    assert {re.sub(r":\w+", "{}", template) for template in templates} <= set(ROUTES)


@pytest.mark.parametrize("limits", ["open", "tight"])
def test_every_method_of_every_route_leaves_nothing(start_server: ServerFactory, limits: str) -> None:
    tight = {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "0.001", "GLOBAL_RL_CAP": "5", "GLOBAL_RL_REFILL_PER_SEC": "0.001",
             "STREAM_CAP_PER_IP": "1", "WAITER_CAP_PER_IP": "1", "ROOMS_MAX": "1", "LISTENING_RL_CAP": "1"}  # fmt: skip
    server = start_server(**OPEN_LIMITS | LOUD | (tight if limits == "tight" else {}))
    voices = Voices()
    codes = sweep(server, voices)
    assert codes > {200, 400, 401, 404, 405} | ({429} if limits == "tight" else set())
    assert voices.count() > 2_000
    search(voices, "after the sweep", everything_shown(server) | written(server))
    server.stop()
    search(voices, "after the end", written(server))
    # The log had lines to leak into: one a request, by the route's template.
    log = server.log()
    for template in ("/api/rooms/:id/claim", "/api/agents/:handle/profile", "/api/dm/:handle", "/api/report", "/room/:id", "/sdk/:file"):
        assert f" {template} " in log, template


def test_limits_that_are_reached_leave_nothing(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | LOUD | {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "0.001"})
    voices = Voices()
    mark = voices.secret.mark
    room = mark("room")
    agent = voices.agent(server, "ann", is_registered=False)
    codes = []
    for number in range(3):
        for path, body in (
            (f"/api/rooms/{room}/messages", {"ciphertext": "AAAA", "nonce": "A" * 32, "sender": mark(f"sender {number}")}),
            ("/api/identity/register", agent.registration(meta={"bio": mark(f"bio {number}")}) | {"handle": "x"}),
            ("/api/report", {"what": "abc", "where": mark(f"where {number}")}),
            ("/api/contact", {"message": "ab", "name": mark(f"name {number}")}),
            (f"/api/dm/{agent.handle}", {"ciphertext": mark(f"ciphertext {number}")}),
            (f"/api/rooms/{room}/claim", {"handle": agent.handle}),
        ):
            headers = marked_headers(voices, f"{number} {path}") | {"X-Forwarded-For": "203.0.113.250"}
            codes.append(server.post(path, json=body, headers=headers).status_code)
    assert codes.count(429) >= 8
    search(voices, "limited", everything_shown(server) | written(server))
    server.stop()
    search(voices, "after the end", written(server))
