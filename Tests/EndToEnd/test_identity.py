"""Registering a handle: who gets it, who doesn't, and in which words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from nacl.public import PrivateKey

from agent import ABSENT, Agent, b64, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

BAD_HANDLE = "invalid handle (regex: ^[a-z0-9][a-z0-9_-]{1,31}$)"
BAD_SIGNATURE = (
    'bad register_sig — does not verify against sign_pub (sign "register <handle> <ts> <box_pub> <sign_pub>")'
)

RESERVED = ["anon", "admin", "bot2bot", "system", "root", "support", "help", "demo", "echo"]


def test_a_handle_is_registered_with_these_fields(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    before = now_ms()
    response = agent.register(meta={"bio": "likes trains"})
    after = now_ms()
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"ok", "handle", "registered_at"}
    assert answer["ok"] is True and answer["handle"] == agent.handle
    assert isinstance(answer["registered_at"], int) and before <= answer["registered_at"] <= after

    found = agent.lookup()
    assert found.status_code == 200
    assert found.json() == {
        "handle": agent.handle,
        "box_pub": agent.box_pub,
        "sign_pub": agent.sign_pub,
        "registered_at": answer["registered_at"],
        "meta": {"bio": "likes trains"},
    }


def test_a_lookup_forgives_the_at_sign_and_upper_case(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    known = agent.lookup().json()
    for spelling in (f"@{agent.handle}", agent.handle.upper(), f"@{agent.handle.upper()}", f"%40{agent.handle}"):
        assert agent.lookup(spelling).json() == known, spelling
    assert agent.request("GET", f"/API/Identity/{agent.handle}/").json() == known


@pytest.mark.parametrize("handle", ["register", "matches", "inbox"])
def test_a_handle_may_be_called_like_a_part_of_a_path(shared_server: Server, handle: str) -> None:
    agent = Agent(shared_server.url, handle)
    assert agent.register().status_code == 201
    assert agent.lookup().json()["box_pub"] == agent.box_pub


@pytest.mark.parametrize("handle", ["nobody-of-that-name", "@", "a", "__proto__", "constructor", "%00", "x" * 300])
def test_a_lookup_of_nobody_says_so(shared_server: Server, handle: str) -> None:
    assert_refusal(Agent(shared_server.url).lookup(handle), 404, "no such handle", "unknown_handle")


@pytest.mark.parametrize("handle", ["ab", "0-", "a-_9", "x" * 32, "9" * 32])
def test_the_edges_of_what_a_handle_may_look_like(shared_server: Server, handle: str) -> None:
    agent = registered(shared_server.url, handle)
    assert agent.lookup().json()["handle"] == handle


@pytest.mark.parametrize(
    "handle", ["", "a", "x" * 33, "Alice", "-ab", "_ab", "@alice", "al ice", "alice\n", "älice", "al.ice", "a\x00b"]
)
def test_other_strings_are_no_handles(shared_server: Server, handle: str) -> None:
    assert_refusal(Agent(shared_server.url).register(handle=handle), 400, BAD_HANDLE, "bad_handle")


def test_keys_in_the_url_safe_alphabet_are_kept_as_they_were_sent(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    while not set("+/") & set(agent.box_pub):
        agent.box_key = PrivateKey.generate()
    spelled = base64.urlsafe_b64encode(bytes(agent.box_key.public_key)).decode()
    assert agent.register(box_pub=spelled).status_code == 201
    assert agent.lookup().json()["box_pub"] == spelled


# What is sent as the handle, and the name that JavaScript would make of it.
DISGUISES: dict[str, Callable[[str], tuple[Any, str]]] = {
    "an array": lambda victim: ([victim], victim),
    "a nested array": lambda victim: ([[victim]], victim),
    "an empty array": lambda victim: ([], ""),
    "an object": lambda victim: ({"toString": victim}, "[object Object]"),
    "an integer": lambda victim: (1234567, "1234567"),
    "a fraction": lambda victim: (12.5, "12.5"),
    "a truth": lambda victim: (True, "true"),
    "null": lambda victim: (None, "null"),
    "nothing": lambda victim: (ABSENT, "undefined"),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_defect_1_only_a_string_is_a_handle_and_a_victims_record_stays(
    shared_server: Server, disguise: Callable[[str], tuple[Any, str]]
) -> None:
    victim = registered(shared_server.url)
    before = victim.lookup().json()
    sent, name = disguise(victim.handle)
    attacker, ts = Agent(shared_server.url), now_ms()
    proof = attacker.sign(f"register {name} {ts} {attacker.box_pub} {attacker.sign_pub}")
    response = attacker.register(handle=sent, register_ts=ts, register_sig=proof)
    assert_refusal(response, 400, BAD_HANDLE, "bad_handle")
    assert victim.lookup().json() == before
    for other in ("1234567", "true", "null", "undefined"):
        assert attacker.lookup(other).status_code == 404


@pytest.mark.parametrize("changed", ["handle", "box_pub", "sign_pub", "register_ts"])
def test_the_signature_covers_every_field(shared_server: Server, changed: str) -> None:
    agent, other = Agent(shared_server.url), Agent(shared_server.url)
    body = agent.registration()
    body[changed] = {
        "handle": other.handle,
        "box_pub": other.box_pub,
        "sign_pub": other.sign_pub,
        "register_ts": body["register_ts"] + 1,
    }[changed]
    response = agent.request("POST", "/api/identity/register", json=body)
    assert_refusal(response, 401, BAD_SIGNATURE, "bad_signature")
    assert agent.lookup(body["handle"]).status_code == 404


def test_a_signature_by_another_key_is_refused_and_may_be_sent_again_put_right(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    body = agent.registration()
    forged = body | {"register_sig": Agent(shared_server.url).registration()["register_sig"]}
    refused = agent.request("POST", "/api/identity/register", json=forged)
    assert_refusal(refused, 401, BAD_SIGNATURE, "bad_signature")
    assert agent.request("POST", "/api/identity/register", json=body).status_code == 201


def test_a_key_of_small_order_proves_nothing(shared_server: Server) -> None:
    # Under the neutral element anything verifies in a lax implementation.
    neutral = b64(b"\x01" + bytes(31))
    proof = b64(b"\x01" + bytes(63))
    response = Agent(shared_server.url).register(sign_pub=neutral, register_sig=proof)
    assert_refusal(response, 401, BAD_SIGNATURE, "bad_signature")


def test_a_foreign_handle_is_taken(shared_server: Server) -> None:
    owner = registered(shared_server.url)
    before = owner.lookup().json()
    thief = Agent(shared_server.url, owner.handle)
    assert_refusal(thief.register(), 409, "handle taken", "handle_taken")
    # Not with the owner's public key and the thief's signature either.
    ts = now_ms()
    proof = thief.sign(f"register {owner.handle} {ts} {thief.box_pub} {owner.sign_pub}")
    response = thief.register(sign_pub=owner.sign_pub, register_ts=ts, register_sig=proof)
    assert_refusal(response, 409, "handle taken", "handle_taken")
    assert owner.lookup().json() == before


@pytest.mark.parametrize(
    ("text", "kept"), [("x" * 280, "x" * 280), ("x" * 281, "x" * 280), ("😀" * 150, "😀" * 140)]
)
def test_a_bio_is_cut_at_280_utf16_units(shared_server: Server, text: str, kept: str) -> None:
    agent = Agent(shared_server.url)
    assert agent.register(meta={"bio": text}).status_code == 201
    assert agent.lookup().json()["meta"] == {"bio": kept}


def test_a_bio_cut_within_a_character_is_still_text(shared_server: Server) -> None:
    agent = Agent(shared_server.url)
    assert agent.register(meta={"bio": "x" + "😀" * 150}).status_code == 201
    bio = agent.lookup().json()["meta"]["bio"]
    assert bio.startswith("x" + "😀" * 139) and len(bio) <= 141


@pytest.mark.parametrize(
    ("meta", "kept"),
    [({}, {"bio": ""}), ({"bio": None}, {"bio": ""}), ({"other": "x"}, {"bio": ""}), ([], {"bio": ""}),
     ({"bio": 5}, {"bio": "5"}), (None, {}), ("text", {}), (7, {}), (ABSENT, {})],
)  # fmt: skip
def test_what_else_comes_as_meta_is_as_with_the_original(shared_server: Server, meta: Any, kept: Any) -> None:
    agent = Agent(shared_server.url)
    assert agent.register(meta=meta).status_code == 201
    assert agent.lookup().json()["meta"] == kept


@pytest.mark.parametrize("handle", RESERVED)
def test_reserved_handles_are_refused(shared_server: Server, handle: str) -> None:
    agent = Agent(shared_server.url, handle)
    assert_refusal(agent.register(), 409, "handle reserved", "handle_reserved")
    assert agent.lookup().status_code == 404


def test_reserved_handles_are_the_operators(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITY_ADMIN_TOKEN": "the-operators-own"})
    agent = Agent(server.url, "echo")

    def register(token: str) -> Any:
        return agent.request(
            "POST", "/api/identity/register", json=agent.registration(), headers={"Authorization": token}
        )

    # The token of the dashboard opens no names.
    for wrong in ("Bearer the-operators-ow", "Bearer the-operators-own2", "Bearer ", f"Bearer {server.token}"):
        assert_refusal(register(wrong), 409, "handle reserved", "handle_reserved")
    assert register("bearer the-operators-own").status_code == 201
    assert agent.lookup("echo").json()["sign_pub"] == agent.sign_pub


def test_without_an_admin_token_no_token_is_the_admins(shared_server: Server) -> None:
    agent = Agent(shared_server.url, "support")
    for header in ("Bearer ", "Bearer undefined", f"Bearer {shared_server.token}"):
        response = agent.request(
            "POST", "/api/identity/register", json=agent.registration(), headers={"Authorization": header}
        )
        assert_refusal(response, 409, "handle reserved", "handle_reserved")
