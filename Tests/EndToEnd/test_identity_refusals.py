"""Every refusal of a registration: its words, its order, its edges, and the limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent import ABSENT, Agent, b64, fresh_handle, now_ms, registered
from conftest import ServerFactory
from raw_http import RawConnection
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

BAD_HANDLE = "invalid handle (regex: ^[a-z0-9][a-z0-9_-]{1,31}$)"
KEYS_MISSING = "box_pub and sign_pub required (base64 32-byte keys)"
BAD_KEYS = "box_pub and sign_pub must be strict canonical base64 of 32 bytes"
PROOF_MISSING = (
    "register_sig (base64 Ed25519) and register_ts (ms) required"
    ' — sign "register <handle> <register_ts> <box_pub> <sign_pub>" with sign_sk'
)
BAD_ENCODING = "register_sig must be strict canonical base64 of 64 bytes"
BAD_SIGNATURE = (
    'bad register_sig — does not verify against sign_pub (sign "register <handle> <ts> <box_pub> <sign_pub>")'
)


def test_each_mistake_is_named_in_the_originals_order(shared_server: Server) -> None:
    agent, taken = Agent(shared_server.url), registered(shared_server.url)
    body: dict[str, Any] = {}

    def refused(status: int, error: str, reason: str, **step: Any) -> None:
        body.update(step)
        response = agent.request("POST", "/api/identity/register", json=body)
        assert_refusal(response, status, error, reason)

    refused(400, BAD_HANDLE, "bad_handle")
    refused(409, "handle reserved", "handle_reserved", handle="admin")
    refused(400, KEYS_MISSING, "keys_missing", handle=taken.handle)
    refused(400, KEYS_MISSING, "keys_missing", box_pub="AAAA", sign_pub=7)
    refused(400, BAD_KEYS, "bad_keys", sign_pub=agent.sign_pub)
    refused(409, "handle taken", "handle_taken", box_pub=agent.box_pub)
    refused(400, PROOF_MISSING, "proof_missing", handle=agent.handle)
    refused(400, PROOF_MISSING, "proof_missing", register_sig="AAAA", register_ts=str(now_ms()))
    refused(400, BAD_ENCODING, "bad_signature_encoding", register_ts=1)
    wrong = agent.sign("something else")
    refused(400, "register_ts skew too large", "timestamp_skew", register_sig=wrong)
    refused(401, BAD_SIGNATURE, "bad_signature", register_ts=now_ms())
    assert agent.lookup().status_code == 404
    body |= agent.registration()
    assert agent.request("POST", "/api/identity/register", json=body).status_code == 201


@pytest.mark.parametrize("missing", ["box_pub", "sign_pub"])
@pytest.mark.parametrize("value", [ABSENT, None, 1, ["x"]])
def test_keys_are_strings(shared_server: Server, missing: str, value: Any) -> None:
    response = Agent(shared_server.url).register(**{missing: value})
    assert_refusal(response, 400, KEYS_MISSING, "keys_missing")


@pytest.mark.parametrize("key", ["box_pub", "sign_pub"])
def test_keys_are_canonical_base64_of_32_bytes(shared_server: Server, key: str) -> None:
    for wrong in (
        "",
        b64(bytes(31)),
        b64(bytes(33)),
        b64(bytes(range(32))).rstrip("="),
        b64(bytes(32))[:-2] + "B=",  # a bit beyond the last byte
        " " + b64(bytes(32)),
        b64(bytes(32)) + "\n",
        "!" * 44,
    ):
        response = Agent(shared_server.url).register(**{key: wrong})
        assert_refusal(response, 400, BAD_KEYS, "bad_keys")


@pytest.mark.parametrize("value", [ABSENT, None, 5, ["x"], {}])
def test_a_signature_is_a_string(shared_server: Server, value: Any) -> None:
    assert_refusal(Agent(shared_server.url).register(register_sig=value), 400, PROOF_MISSING, "proof_missing")


@pytest.mark.parametrize("value", [ABSENT, None, "1700000000000", True, [1]])
def test_a_time_is_a_number(shared_server: Server, value: Any) -> None:
    assert_refusal(Agent(shared_server.url).register(register_ts=value), 400, PROOF_MISSING, "proof_missing")


@pytest.mark.parametrize("signature", ["", "AAAA", b64(bytes(63)), b64(bytes(65)), b64(bytes(64)).rstrip("=")])
def test_a_signature_is_canonical_base64_of_64_bytes(shared_server: Server, signature: str) -> None:
    response = Agent(shared_server.url).register(register_sig=signature)
    assert_refusal(response, 400, BAD_ENCODING, "bad_signature_encoding")


@pytest.mark.parametrize("seconds", [-59, 59])
def test_a_clock_may_be_off_by_a_minute(shared_server: Server, seconds: int) -> None:
    assert Agent(shared_server.url).register(register_ts=now_ms() + seconds * 1000).status_code == 201


@pytest.mark.parametrize("ts", [-61, 61, "zero", "negative", "huge"])
def test_a_clock_may_not_be_off_by_more(shared_server: Server, ts: int | str) -> None:
    far = {"zero": 0, "negative": -now_ms(), "huge": 10**300}
    value = far[ts] if isinstance(ts, str) else now_ms() + ts * 1000
    response = Agent(shared_server.url).register(register_ts=value)
    assert_refusal(response, 400, "register_ts skew too large", "timestamp_skew")


def test_a_time_written_as_a_float_is_the_number_it_is(shared_server: Server) -> None:
    agent, ts = Agent(shared_server.url), now_ms()
    proof = agent.sign(f"register {agent.handle} {ts} {agent.box_pub} {agent.sign_pub}")
    assert agent.register(register_ts=float(ts), register_sig=proof).status_code == 201


@pytest.mark.parametrize("body", [b"{", b"", b"{}]", b'"text"'])
def test_a_malformed_body_is_named(shared_server: Server, body: bytes) -> None:
    response = shared_server.post(
        "/api/identity/register", data=body, headers={"Content-Type": "application/json"}
    )
    if body:
        assert_refusal(response, 400, "malformed JSON", "malformed_json")
    else:
        assert_refusal(response, 400, BAD_HANDLE, "bad_handle")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_is_not_called_json_counts_as_empty(shared_server: Server, kind: str | None) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request(
            "POST", "/api/identity/register", {"Content-Type": kind} if kind else {}, b'{"handle":"admin"}'
        )
        assert_refusal(connection.response(), 400, BAD_HANDLE, "bad_handle")


@pytest.mark.parametrize(
    ("limit", "reason"), [("ROOM_RL", "register_rate"), ("GLOBAL_RL", "client_rate")], ids=["register", "client"]
)
def test_registering_is_limited_before_anything_is_looked_at(
    start_server: ServerFactory, limit: str, reason: str
) -> None:
    server = start_server(**OPEN_LIMITS | {f"{limit}_CAP": "3", f"{limit}_REFILL_PER_SEC": "1"})
    nobody = Agent(server.url)
    answers = [nobody.request("POST", "/api/identity/register", json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400] * 3
    agent = Agent(server.url)
    assert_refusal(agent.register(), 429, "rate limited", reason, retry_after=5)
    elsewhere = agent.request(
        "POST", "/api/identity/register", json=agent.registration(), headers={"X-Forwarded-For": "203.0.113.1"}
    )
    assert elsewhere.status_code == 201


def test_the_last_place_is_given_and_the_next_one_isnt(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"IDENTITIES_MAX": "2"})
    first = registered(server.url)
    registered(server.url)
    late = Agent(server.url)
    assert_refusal(late.register(), 503, "identity cap reached", "identity_cap", retry_after=3600)
    # As in the original's order: after the keys, before the proof.
    full = late.register(register_sig=ABSENT)
    assert_refusal(full, 503, "identity cap reached", "identity_cap", retry_after=3600)
    assert_refusal(late.register(sign_pub="x"), 400, BAD_KEYS, "bad_keys")
    # Those who are in may come again, and nobody had to leave.
    assert first.register().status_code == 201
    assert_refusal(Agent(server.url, first.handle).register(), 409, "handle taken", "handle_taken")
    server.restart()
    assert_refusal(late.register(), 503, "identity cap reached", "identity_cap", retry_after=3600)


def test_a_race_for_a_handle_has_one_winner(shared_server: Server) -> None:
    handle = fresh_handle()
    rivals = [Agent(shared_server.url, handle) for _ in range(8)]
    connections = [RawConnection(shared_server.port) for _ in rivals]
    bodies = [json.dumps(rival.registration()).encode() for rival in rivals]
    for connection, body in zip(connections, bodies, strict=True):
        connection.request("POST", "/api/identity/register", {"Content-Type": "application/json"}, body)
    codes = [connection.response().status for connection in connections]
    assert sorted(codes) == [201] + [409] * 7
    winner = rivals[codes.index(201)]
    assert winner.lookup().json()["sign_pub"] == winner.sign_pub
