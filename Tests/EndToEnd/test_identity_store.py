"""The identity book on disk: what survives, what makes way, and what becomes of damaged records."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent import Agent, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

DAY_MS = 86_400_000


def database_file(server: Server) -> Path:
    return server.data_dir / "signalbox.sqlite"


@contextmanager
def store_of(server: Server) -> Iterator[sqlite3.Connection]:
    """The database of a server that doesn't run."""
    assert not server.is_running
    with closing(sqlite3.connect(database_file(server))) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        yield database


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_identity_survives_from_its_201_on(server: Server, how: str) -> None:
    agent = Agent(server.url)
    response = agent.register(meta={"bio": "still here 😀"})
    assert response.status_code == 201
    getattr(server, how)()
    server.restart()
    found = agent.lookup()
    assert found.json() == {
        "handle": agent.handle,
        "box_pub": agent.box_pub,
        "sign_pub": agent.sign_pub,
        "registered_at": response.json()["registered_at"],
        "meta": {"bio": "still here 😀"},
    }
    assert agent.inbox_wait().status_code == 200
    assert agent.register().json() == response.json()
    assert_refusal(Agent(server.url, agent.handle).register(), 409, "handle taken", "handle_taken")


def test_each_of_many_is_there_after_each_kill(server: Server) -> None:
    agents: list[Agent] = []
    for _ in range(4):
        agents += [registered(server.url) for _ in range(10)]
        server.kill()
        server.restart()
        for agent in agents:
            assert agent.lookup().json()["sign_pub"] == agent.sign_pub


def test_no_meta_stays_no_meta(server: Server) -> None:
    agent = Agent(server.url)
    assert agent.register(meta=None).status_code == 201
    known = agent.lookup().json()
    server.restart()
    assert agent.lookup().json() == known


# Damage -> the column and what it becomes.
DAMAGE = {
    "a box key that is no base64": ("box_pub", "not base64"),
    "a box key that is too short": ("box_pub", "AAAA"),
    "a sign key that is no text": ("sign_pub", b"\x00\x01"),
    "a sign key that is empty": ("sign_pub", ""),
    "a handle that is none": ("handle", "Upper Case"),
    "a handle of a prototype": ("handle", "__proto__"),
}


def test_malformed_records_are_kept_aside_and_the_others_live(server: Server) -> None:
    healthy = [registered(server.url) for _ in range(3)]
    damaged = [registered(server.url) for _ in DAMAGE]
    server.stop()
    with store_of(server) as database:
        for agent, (column, value) in zip(damaged, DAMAGE.values(), strict=True):
            changed = database.execute(f"UPDATE identities SET {column} = ? WHERE handle = ?", (value, agent.handle))
            assert changed.rowcount == 1
    lines_before = len(server.log().splitlines())
    for _ in range(2):
        server.restart()
        for agent in healthy:
            assert agent.lookup().json()["sign_pub"] == agent.sign_pub
            assert agent.inbox_wait().status_code == 200
        for agent in damaged:
            assert_refusal(agent.lookup(), 404, "no such handle", "unknown_handle")
    log = server.log().splitlines()[lines_before:]
    said = [line for line in log if re.search(rf"\b{len(DAMAGE)}\b", line) and "identit" in line.lower()]
    assert len(said) == 1, "one line at the first start that says how many were refused"
    for agent in damaged:
        assert agent.handle not in server.log()
    server.stop()
    with store_of(server) as database:
        records = [row[0] for row in database.execute("SELECT record FROM refused_records")]
        kept = {row[0] for row in database.execute("SELECT handle FROM identities")}
    assert kept == {agent.handle for agent in healthy}
    assert len(records) == len(DAMAGE)
    # Kept means that an operator could put it right.
    for agent, (column, _) in zip(damaged, DAMAGE.values(), strict=True):
        sign_pub = agent.sign_pub if column != "sign_pub" else agent.box_pub
        assert sum(sign_pub in record for record in records) == 1, f"{column} of {agent.handle}"


def test_times_that_are_wrong_do_not_cost_the_handle(server: Server) -> None:
    agent = registered(server.url)
    server.stop()
    with store_of(server) as database:
        database.execute(
            "UPDATE identities SET registered_at = -5, updated_at = 0, last_seen_at = 9e17, inbox_seq = -1"
        )
    server.restart()
    assert agent.lookup().json()["sign_pub"] == agent.sign_pub
    sent = agent.dm(agent.handle)
    assert sent.status_code == 200 and sent.json()["seq"] > 0


@pytest.mark.parametrize("damage", ["cut in half", "cut to a page", "garbage", "garbage in the middle"])
def test_defect_14_a_damaged_database_is_moved_aside_and_never_overwritten(server: Server, damage: str) -> None:
    agent = registered(server.url)
    server.stop()
    file = database_file(server)
    whole = file.read_bytes()
    assert len(whole) > 3 * 4096
    broken = {
        "cut in half": whole[: len(whole) // 2 // 4096 * 4096 + 100],
        "cut to a page": whole[:4096],
        "garbage": b"\xa5" * len(whole),
        "garbage in the middle": whole[:4096] + b"\xa5" * (len(whole) - 4096),
    }[damage]
    file.write_bytes(broken)
    server.restart()
    aside = [path for path in server.data_dir.iterdir() if path.is_file() and path.read_bytes() == broken]
    assert aside and file not in aside, sorted(path.name for path in server.data_dir.iterdir())
    assert any("aside" in line for line in server.log().splitlines())
    # The book is empty, says so, and works.
    assert_refusal(agent.lookup(), 404, "no such handle", "unknown_handle")
    assert agent.register().status_code == 201
    server.restart()
    assert agent.lookup().status_code == 200


def make_old(server: Server, *agents: Agent, days: int = 181) -> None:
    """As if nobody had used these handles for so long."""
    then = now_ms() - days * DAY_MS
    server.stop()
    with store_of(server) as database:
        for agent in agents:
            database.execute(
                "UPDATE identities SET registered_at = ?, updated_at = ?, last_seen_at = ? WHERE handle = ?",
                (then, then, then, agent.handle),
            )
    server.restart()


def test_at_the_cap_the_longest_inactive_makes_way(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "3"})
    recent, older, oldest = (registered(server.url) for _ in range(3))
    make_old(server, older)
    make_old(server, oldest, days=200)
    # Only a registration that is good makes anybody leave.
    refused = Agent(server.url).register(register_sig=recent.sign("another text"))
    assert refused.status_code == 401
    assert oldest.lookup().status_code == 200

    first, second = registered(server.url), registered(server.url)
    assert [agent.lookup().status_code for agent in (recent, older, oldest, first, second)] == [200, 404, 404, 200, 200]
    late = Agent(server.url).register()
    assert_refusal(late, 503, "identity cap reached", "identity_cap", retry_after=3600)
    assert server.metrics()["identities_gc_total"] == 2
    server.kill()
    server.restart()
    assert [agent.lookup().status_code for agent in (recent, older, oldest, first, second)] == [200, 404, 404, 200, 200]


def test_nobody_makes_way_before_half_a_year(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "1"})
    agent = registered(server.url)
    make_old(server, agent, days=179)
    refused = Agent(server.url).register()
    assert_refusal(refused, 503, "identity cap reached", "identity_cap", retry_after=3600)
    assert agent.lookup().status_code == 200


def test_a_handle_that_is_used_does_not_make_way(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "1"})
    agent = registered(server.url)
    make_old(server, agent)
    assert agent.inbox_wait().status_code == 200
    for _ in range(2):
        refused = Agent(server.url).register()
        assert_refusal(refused, 503, "identity cap reached", "identity_cap", retry_after=3600)
        # That it was used is on the disk after a good end.
        server.restart()
    assert agent.lookup().status_code == 200


@pytest.mark.parametrize("why", ["reserved", "listed"])
def test_some_never_make_way(start_server: ServerFactory, why: str) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "1", "IDENTITY_ADMIN_TOKEN": "operator"})
    agent = Agent(server.url, "echo" if why == "reserved" else None)
    admin = {"Authorization": "Bearer operator"}
    accepted = agent.request("POST", "/api/identity/register", json=agent.registration(), headers=admin)
    assert accepted.status_code == 201
    if why == "listed":
        assert agent.publish().status_code == 201
    make_old(server, agent)
    refused = Agent(server.url).register()
    assert_refusal(refused, 503, "identity cap reached", "identity_cap", retry_after=3600)
    assert agent.lookup().status_code == 200


def test_whoever_gets_the_handle_next_does_not_get_the_mail(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "2"})
    old, other = registered(server.url), registered(server.url)
    make_old(server, other)
    make_old(server, old, days=200)
    assert other.dm(old.handle, "for the old owner", as_sender=False).status_code == 200
    registered(server.url)
    assert old.lookup().status_code == 404
    heir = registered(server.url, old.handle)
    assert heir.inbox_drain() == []
    assert other.lookup().status_code == 404
