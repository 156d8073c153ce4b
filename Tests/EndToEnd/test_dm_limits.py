"""Bounds of direct messages: what is refused, in which words, and what makes way for what."""

from __future__ import annotations

from typing import Any

import pytest

from agent import ABSENT, Agent, b64, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

MISSING = "ciphertext, nonce, sender_eph_pub required (all base64)"
BAD_CIPHERTEXT = "ciphertext must be strict canonical base64"
BAD_NONCE = "nonce must be strict canonical base64 of 24 bytes"
BAD_KEY = "sender_eph_pub must be strict canonical base64 of 32 bytes"
BAD_ENCODING = "from_sig must be strict canonical base64 of 64 bytes"
FULL = "replay-cache full for this handle"

LIMIT = 128 * 1024


@pytest.fixture
def ann(shared_server: Server) -> Agent:
    return registered(shared_server.url)


@pytest.fixture
def bob(shared_server: Server) -> Agent:
    return registered(shared_server.url)


def envelope(**changes: Any) -> dict[str, Any]:
    body = {"ciphertext": b64(b"sealed"), "nonce": b64(bytes(24)), "sender_eph_pub": b64(bytes(range(32)))} | changes
    return {name: value for name, value in body.items() if value is not ABSENT}


def fresh_envelope(sender: Agent, to: Agent) -> dict[str, Any]:
    return sender.sign_envelope(to.handle, sender.seal(to, "x"))


def test_each_mistake_is_named_in_the_originals_order(ann: Agent, bob: Agent) -> None:
    body: dict[str, Any] = {}

    def refused(status: int, error: str, reason: str, to: str = bob.handle, **step: Any) -> None:
        body.update(step)
        assert_refusal(ann.send_envelope(to, body), status, error, reason)

    refused(400, "invalid handle", "bad_handle", to="x")
    refused(404, "no such handle", "unknown_handle", to="nobody")
    refused(400, MISSING, "envelope_missing")
    refused(400, MISSING, "envelope_missing", ciphertext=b64(bytes(LIMIT + 1)), nonce="AAAA")
    refused(400, "ciphertext too large", "ciphertext_too_large", sender_eph_pub="AAAA")
    refused(400, BAD_CIPHERTEXT, "bad_ciphertext", ciphertext="AAA")
    refused(400, BAD_NONCE, "bad_nonce", ciphertext="AAAA")
    refused(400, BAD_KEY, "bad_sender_eph_pub", nonce=b64(bytes(24)))
    refused(400, BAD_KEY, "bad_sender_eph_pub", from_handle="nobody", from_sig="AAAA", from_ts=1)
    refused(400, BAD_ENCODING, "bad_signature_encoding", sender_eph_pub=b64(bytes(32)))
    refused(400, "from_ts skew too large", "timestamp_skew", from_sig=b64(bytes(64)))
    refused(400, "from_handle not registered", "unknown_sender", from_ts=now_ms())
    refused(401, "bad from_handle signature", "bad_signature", from_handle=ann.handle)
    assert bob.inbox_wait().json()["messages"] == []
    body = ann.sign_envelope(bob.handle, envelope())
    assert ann.send_envelope(bob.handle, body).status_code == 200


@pytest.mark.parametrize("field", ["ciphertext", "nonce", "sender_eph_pub"])
@pytest.mark.parametrize("value", [ABSENT, None, 5, ["AAAA"], {}, True])
def test_every_part_of_an_envelope_is_a_string(ann: Agent, bob: Agent, field: str, value: Any) -> None:
    response = ann.send_envelope(bob.handle, envelope(**{field: value}))
    assert_refusal(response, 400, MISSING, "envelope_missing")


@pytest.mark.parametrize("handle", ["x", "-ab", "a" * 33, "@@ab", "a.b", "%20ab", "%C3%A4b"])
def test_what_is_no_handle_is_refused(ann: Agent, handle: str) -> None:
    assert_refusal(ann.send_envelope(handle, envelope()), 400, "invalid handle", "bad_handle")


WRONG_BASE64 = ["", "A", "AA", "AB==", "AAB=", "A===", "AA AA", "AAA\n", "!!!!", "AAAA====", "ÄAAA"]


@pytest.mark.parametrize("text", WRONG_BASE64)
def test_a_ciphertext_is_canonical_base64(ann: Agent, bob: Agent, text: str) -> None:
    assert_refusal(ann.send_envelope(bob.handle, envelope(ciphertext=text)), 400, BAD_CIPHERTEXT, "bad_ciphertext")


@pytest.mark.parametrize("text", ["AA==", "AAA=", "AAAA", "-_-_", "+/+/"])
def test_a_ciphertext_is_handed_on_as_it_was_written(ann: Agent, bob: Agent, text: str) -> None:
    assert ann.send_envelope(bob.handle, envelope(ciphertext=text)).status_code == 200
    assert bob.inbox_wait().json()["messages"][0]["ciphertext"] == text


@pytest.mark.parametrize(
    ("field", "size", "error", "reason"),
    [("nonce", 24, BAD_NONCE, "bad_nonce"), ("sender_eph_pub", 32, BAD_KEY, "bad_sender_eph_pub")],
)
def test_the_edges_of_nonce_and_key(ann: Agent, bob: Agent, field: str, size: int, error: str, reason: str) -> None:
    for wrong in (b64(bytes(size - 1)), b64(bytes(size + 1)), b64(bytes(size)).replace("A", "!", 1), ""):
        assert_refusal(ann.send_envelope(bob.handle, envelope(**{field: wrong})), 400, error, reason)
    assert ann.send_envelope(bob.handle, envelope(**{field: b64(b"\xff" * size)})).status_code == 200


def test_the_edge_of_a_ciphertexts_size(ann: Agent, bob: Agent) -> None:
    largest = b64(b"\x5a" * LIMIT)
    assert ann.send_envelope(bob.handle, envelope(ciphertext=largest)).status_code == 200
    for more in (b64(b"\x5a" * (LIMIT + 1)), b64(b"\x5a" * (LIMIT + 3))):
        response = ann.send_envelope(bob.handle, envelope(ciphertext=more))
        assert_refusal(response, 400, "ciphertext too large", "ciphertext_too_large")
    assert [message["ciphertext"] for message in bob.inbox_wait().json()["messages"]] == [largest]


@pytest.mark.parametrize("text", ["", "AAAA", b64(bytes(63)), b64(bytes(65)), b64(bytes(64)).rstrip("=")])
def test_a_proof_is_canonical_base64_of_64_bytes(ann: Agent, bob: Agent, text: str) -> None:
    body = ann.sign_envelope(bob.handle, envelope()) | {"from_sig": text}
    assert_refusal(ann.send_envelope(bob.handle, body), 400, BAD_ENCODING, "bad_signature_encoding")


@pytest.mark.parametrize(("seconds", "accepted"), [(-61, False), (-59, True), (59, True), (61, False)])
def test_a_senders_clock_may_be_off_by_a_minute(ann: Agent, bob: Agent, seconds: int, accepted: bool) -> None:
    body = ann.sign_envelope(bob.handle, envelope(), from_ts=now_ms() + seconds * 1000)
    response = ann.send_envelope(bob.handle, body)
    if accepted:
        assert response.status_code == 200
    else:
        assert_refusal(response, 400, "from_ts skew too large", "timestamp_skew")


@pytest.mark.parametrize(
    ("limit", "reason"), [("ROOM_RL", "dm_rate"), ("GLOBAL_RL", "client_rate")], ids=["recipient", "client"]
)
def test_a_sender_that_is_too_fast_is_told_to_wait(start_server: ServerFactory, limit: str, reason: str) -> None:
    server = start_server(**OPEN_LIMITS)
    bob, carl = registered(server.url), registered(server.url)
    server.restart(**{f"{limit}_CAP": "3", f"{limit}_REFILL_PER_SEC": "1"})
    # What is wrong with a message is looked at behind the limit, and whether the recipient exists too.
    for to in ("nobody", "nobody", "nobody") if reason == "client_rate" else (bob.handle,) * 3:
        assert bob.send_envelope(to, {}).status_code in (400, 404)
    limited = bob.send_envelope(bob.handle, envelope())
    assert_refusal(limited, 429, "rate limited", reason, retry_after=1)
    assert bob.send_envelope("x", envelope()).status_code == 400
    other = bob.send_envelope(carl.handle, envelope())
    assert other.status_code == (200 if reason == "dm_rate" else 429)
    elsewhere = bob.request(
        "POST", f"/api/dm/{bob.handle}", json=envelope(), headers={"X-Forwarded-For": "203.0.113.4"}
    )
    assert elsewhere.status_code == 200


def test_defect_18_a_full_replay_cache_of_envelopes_says_when_to_come_again(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"DM_ENV_SEEN_MAX": "1"})
    ann, bob, carl = (registered(server.url) for _ in range(3))
    first = fresh_envelope(ann, bob)
    assert ann.send_envelope(bob.handle, first).status_code == 200
    for _ in range(127):
        assert ann.send_envelope(bob.handle, fresh_envelope(ann, bob)).status_code == 200
    for to in (bob, carl):
        full = ann.send_envelope(to.handle, fresh_envelope(ann, to))
        assert_refusal(full, 429, FULL, "replay_cache", retry_after=range(1, 122))
    # Nothing was forgotten for it, and others may write.
    assert_refusal(ann.send_envelope(bob.handle, first), 401, "envelope already seen", "replayed")
    assert carl.dm(bob.handle).status_code == 200
    assert ann.dm(bob.handle, as_sender=False).status_code == 200


def test_defect_6_other_senders_do_not_push_out_a_senders_envelopes(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"DM_ENV_SEEN_MAX": "128"})
    ann, bob = registered(server.url), registered(server.url)
    captured = fresh_envelope(ann, bob)
    assert ann.send_envelope(bob.handle, captured).status_code == 200
    for flooder in (registered(server.url), registered(server.url)):
        for _ in range(128):
            assert flooder.send_envelope(bob.handle, fresh_envelope(flooder, bob)).status_code == 200
    assert_refusal(ann.send_envelope(bob.handle, captured), 401, "envelope already seen", "replayed")
