"""What the owner of a handle may do with it by registering again, and what nobody else may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from nacl.public import PrivateKey

from agent import ABSENT, Agent, b64, now_ms, registered
from refusals import assert_refusal
from server import Server


def test_the_owner_may_register_again_and_stays_what_it_was(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    first = agent.register(meta={"bio": "hello"}).json()
    known = agent.lookup().json()
    again = agent.register(meta={"bio": "hello"})
    assert again.status_code == 201
    assert again.json() == first
    assert agent.lookup().json() == known


def test_defect_17_the_owners_new_box_key_is_applied(shared_server: Server) -> None:
    agent, friend = registered(shared_server.url), registered(shared_server.url)
    before = agent.lookup().json()
    agent.box_key = PrivateKey.generate()
    response = agent.register()
    assert response.status_code == 201
    assert response.json()["registered_at"] == before["registered_at"]
    assert agent.lookup().json() == before | {"box_pub": agent.box_pub}
    # Who writes from now on writes to the new key.
    assert friend.dm(agent.handle, "to the new key").status_code == 200
    assert [agent.open(message) for message in agent.inbox_drain()] == ["to the new key"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_defect_17_the_owners_new_box_key_survives(server: Server, how: str) -> None:
    agent = registered(server.url)
    before = agent.lookup().json()
    agent.box_key = PrivateKey.generate()
    assert agent.register().status_code == 201
    getattr(server, how)()
    server.restart()
    assert agent.lookup().json() == before | {"box_pub": agent.box_pub}


def test_a_registration_that_was_seen_on_the_wire_is_of_no_use(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    captured = agent.registration()
    assert agent.request("POST", "/api/identity/register", json=captured).status_code == 201
    replayed = agent.request("POST", "/api/identity/register", json=captured)
    assert_refusal(replayed, 409, "handle taken", "handle_taken")


def test_an_older_registration_does_not_bring_an_older_key_back(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    captured = []
    for _ in range(2):
        agent.box_key = PrivateKey.generate()
        captured.append(agent.registration())
        assert agent.request("POST", "/api/identity/register", json=captured[-1]).status_code == 201
    newest = agent.lookup().json()
    for body in captured:
        replayed = agent.request("POST", "/api/identity/register", json=body)
        assert_refusal(replayed, 409, "handle taken", "handle_taken")
    assert agent.lookup().json() == newest


def test_an_older_registration_does_not_bring_an_older_key_back_after_a_restart(server: Server) -> None:
    agent = Agent(server.url)
    captured = agent.registration()
    assert agent.request("POST", "/api/identity/register", json=captured).status_code == 201
    agent.box_key = PrivateKey.generate()
    assert agent.register().status_code == 201
    newest = agent.lookup().json()
    server.restart()
    agent.request("POST", "/api/identity/register", json=captured)
    assert agent.lookup().json() == newest


def test_updates_that_race_leave_the_same_key_in_memory_and_on_disk(server: Server) -> None:
    agents = [registered(server.url) for _ in range(12)]
    with ThreadPoolExecutor(max_workers=16) as pool:
        for agent in agents:
            bodies = []
            for _ in range(8):
                agent.box_key = PrivateKey.generate()
                bodies.append(agent.registration())
            send = partial(Agent(server.url).request, "POST", "/api/identity/register")
            codes = [answer.status_code for answer in pool.map(lambda body, send=send: send(json=body), bodies)]
            assert set(codes) <= {201, 409} and 201 in codes
    before = [agent.lookup().json() for agent in agents]
    server.kill()
    server.restart()
    assert [agent.lookup().json() for agent in agents] == before


@pytest.mark.parametrize(("too_far", "near_enough"), [(-61, -59), (61, 59)])
def test_an_owners_clock_may_be_off_by_a_minute(shared_server: Server, too_far: int, near_enough: int) -> None:
    agent = registered(shared_server.url)
    response = agent.register(register_ts=now_ms() + too_far * 1000)
    assert_refusal(response, 409, "handle taken", "handle_taken")
    assert agent.register(register_ts=now_ms() + near_enough * 1000).status_code == 201


@pytest.mark.parametrize(
    "broken",
    [
        {"register_sig": ABSENT},
        {"register_ts": ABSENT},
        {"register_sig": b64(bytes(63))},
        {"register_sig": b64(bytes(64))},
        {"register_sig": 7},
    ],
)
def test_without_a_good_proof_not_even_the_owners_keys_help(shared_server: Server, broken: dict[str, object]) -> None:
    agent = registered(shared_server.url)
    before = agent.lookup().json()
    agent.box_key = PrivateKey.generate()
    assert_refusal(agent.register(**broken), 409, "handle taken", "handle_taken")
    assert agent.lookup().json() == before


def test_a_swapped_box_key_breaks_the_owners_signature(shared_server: Server) -> None:
    agent, attacker = registered(shared_server.url), Agent(shared_server.url)
    before = agent.lookup().json()
    intercepted = agent.registration() | {"box_pub": attacker.box_pub}
    response = agent.request("POST", "/api/identity/register", json=intercepted)
    assert_refusal(response, 409, "handle taken", "handle_taken")
    assert agent.lookup().json() == before
