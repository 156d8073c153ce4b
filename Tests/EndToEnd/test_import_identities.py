"""Handles and profiles of the original keep working; whoever has a handle here keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent import now_ms, registered
from conftest import ServerFactory
from originals import identity, listing, put, random_key, stranger, taken
from profiles import assert_verifies, published, search
from server import OPEN_LIMITS, Server


@pytest.fixture
def stopped(start_server: ServerFactory) -> Server:
    """A server that has never run."""
    return start_server(started=False, **OPEN_LIMITS)


def test_identities_and_profiles_are_taken_along(stopped: Server, tmp_path: Path) -> None:
    agents = [stranger() for _ in range(4)]
    directory = put(
        tmp_path / "original",
        identities={"identities": {agent.handle: identity(agent) for agent in agents}},
        agent_profiles={"agent_profiles": {agent.handle: listing(agent) for agent in agents[:2]}},
    )
    said = taken(stopped, directory)
    assert (said["identities.json"].read, said["identities.json"].imported) == (4, 4)
    assert (said["agent_profiles.json"].read, said["agent_profiles.json"].imported) == (2, 2)
    stopped.start()
    for agent in agents:
        record = identity(agent)
        agent.base_url = stopped.url
        found = agent.lookup().json()
        assert {name: found[name] for name in ("handle", "box_pub", "sign_pub", "meta")} == {
            name: record[name] for name in ("handle", "box_pub", "sign_pub", "meta")
        }
        assert abs(found["registered_at"] - record["registered_at"]) < 60_000
        # It is theirs: they sign with the key, and messages are numbered on.
        assert agent.inbox_wait().status_code == 200
        assert agent.dm(agent.handle).json()["seq"] > 7
    for agent in agents[:2]:
        assert_verifies(published(stopped, agent.handle), agent)
    assert stopped.get("/api/agents").json()["count"] == 2
    stopped.stop()
    again = taken(stopped, directory)
    assert (again["identities.json"].imported, again["identities.json"].already_there) == (0, 4)
    assert (again["agent_profiles.json"].imported, again["agent_profiles.json"].already_there) == (0, 2)


def test_a_handle_that_is_taken_stays_with_whom_it_belongs_to(stopped: Server, tmp_path: Path) -> None:
    owner = registered(stopped.start().url)
    stopped.stop()
    other = stranger(owner.handle)
    files = put(
        tmp_path / "original",
        identities={"identities": {other.handle: identity(other)}},
        agent_profiles={"agent_profiles": {other.handle: listing(other)}},
    )
    said = taken(stopped, files)
    assert said["identities.json"].imported == said["agent_profiles.json"].imported == 0
    stopped.start()
    assert owner.lookup().json()["sign_pub"] == owner.sign_pub
    assert stopped.get(f"/api/agents/{owner.handle}").status_code == 404


def test_a_first_start_takes_identities_along_too(start_server: ServerFactory, tmp_path: Path) -> None:
    agent = stranger()
    directory = put(
        tmp_path / "original",
        identities={"identities": {agent.handle: identity(agent)}},
        agent_profiles={"agent_profiles": {agent.handle: listing(agent)}},
    )
    server = start_server(
        **OPEN_LIMITS,
        IDENTITIES_STATE_PATH=str(directory / "identities.json"),
        AGENT_DIRECTORY_STATE_PATH=str(directory / "agent_profiles.json"),
    )
    agent.base_url = server.url
    assert agent.lookup().json()["sign_pub"] == agent.sign_pub
    assert_verifies(published(server, agent.handle), agent)
    assert agent.handle not in server.log()


def test_identities_that_are_none_are_dropped_and_counted(stopped: Server, tmp_path: Path) -> None:
    good, other = stranger(), stranger()
    wrong = [stranger() for _ in range(12)]
    key = random_key()
    changes: list[Any] = [
        {"handle": "somebody-else"},
        {"handle": None},
        {"handle": 7},
        {"box_pub": None},
        {"sign_pub": 5},
        {"box_pub": random_key(31)},
        {"sign_pub": random_key(33)},
        {"box_pub": key[:-1]},
        {"sign_pub": "!" + key[1:]},
        {"box_pub": ""},
        {"sign_pub": key.replace("=", "") + "A"},
        {"box_pub": key + "\n"},
    ]
    records = {agent.handle: identity(agent, **change) for agent, change in zip(wrong, changes, strict=True)}
    for handle in ("__proto__", "constructor", "Upper", "a", "x" * 33, "with space", "-dash", ""):
        records[handle] = identity(stranger(handle), handle=handle)
    records |= {"null-record": None, "list-record": [], "text-record": "text"}
    dropped = len(records) - ("constructor" in records)
    records |= {
        good.handle: identity(good),
        other.handle: identity(other, registered_at="x", updated_at=None, last_seen_at={}, meta=None, inbox_seq=-3),
    }
    said = taken(stopped, put(tmp_path / "original", identities={"identities": records}))["identities.json"]
    assert said.read == len(records)
    assert sum(said.dropped.values()) in (dropped, dropped + 1) and said.imported + sum(said.dropped.values()) == len(
        records
    ), said.text
    assert len(said.dropped) >= 2, "with their reasons"
    stopped.start()
    for agent in (good, other):
        agent.base_url = stopped.url
        assert agent.lookup().json()["sign_pub"] == agent.sign_pub
        assert agent.inbox_wait().status_code == 200
    for agent in wrong:
        assert stopped.get(f"/api/identity/{agent.handle}").status_code == 404


def test_profiles_that_are_none_are_dropped_and_counted(stopped: Server, tmp_path: Path) -> None:
    good, *wrong = [stranger() for _ in range(9)]
    unknown = stranger()
    profiles = [agent.profile() for agent in wrong]
    listings = [
        listing(wrong[0], profile_sig="AAAA"),
        listing(wrong[1], profile_sig=None),
        listing(wrong[2], profiles[2] | {"expires_at": now_ms() - 1000, "updated_at": now_ms() - 10_000}),
        listing(wrong[3], profiles[3] | {"summary": "join https://x.example/room/abcd#k=secret"}),
        listing(wrong[4], profiles[4] | {"updated_at": 0}),
        listing(wrong[5], profiles[5] | {"homepage_url": "javascript:alert(1)"}),
        [],
        None,
    ]
    records = {agent.handle: one for agent, one in zip(wrong, listings, strict=True)}
    records |= {unknown.handle: listing(unknown), good.handle: listing(good)}
    directory = put(
        tmp_path / "original",
        identities={"identities": {agent.handle: identity(agent) for agent in (good, *wrong)}},
        agent_profiles={"agent_profiles": records},
    )
    said = taken(stopped, directory)["agent_profiles.json"]
    assert (said.read, said.imported, sum(said.dropped.values())) == (10, 1, 9), said.text
    assert len(said.dropped) >= 2, "with their reasons"
    stopped.start()
    assert [agent["handle"] for agent in search(stopped)["agents"]] == [good.handle]
    assert json.dumps(search(stopped)).count("secret") == 0
