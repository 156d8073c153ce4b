"""A signed request counts once: replays, the bound of what is remembered, and the limit in front of it all."""

from __future__ import annotations

import pytest
import requests

from agent import Agent, fresh_nonce, now_ms, registered
from conftest import ServerFactory
from raw_http import RawConnection
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, eventually

# The least that is remembered of a handle, however small INBOX_SIG_SEEN_MAX is.
PER_HANDLE = 64
TINY = OPEN_LIMITS | {"INBOX_SIG_SEEN_MAX": "2048"}

FULL = "replay-cache full for this handle"


def inbox(agent: Agent) -> str:
    return f"/api/dm/{agent.handle}/inbox/wait?after=0&timeout=0"


def assert_bad(response: requests.Response) -> None:
    assert_refusal(response, 401, "bad or missing signature", "bad_signature")


def fill(agent: Agent, ts: int | None = None) -> None:
    for _ in range(PER_HANDLE):
        response = agent.signed("GET", inbox(agent), ts=ts)
        assert response.status_code == 200, response.text


def test_a_header_that_was_used_is_refused(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    header = agent.authorization("GET", inbox(agent))
    assert agent.request("GET", inbox(agent), headers=header).status_code == 200
    for _ in range(3):
        assert_bad(agent.request("GET", inbox(agent), headers=header))


def test_a_nonce_that_was_used_is_refused_on_any_other_request(shared_server: Server) -> None:
    agent, nonce = registered(shared_server.url), fresh_nonce()
    assert agent.signed("GET", inbox(agent), nonce=nonce).status_code == 200
    assert_bad(agent.signed("GET", inbox(agent), nonce=nonce, ts=now_ms() + 5))
    assert_bad(agent.signed("DELETE", f"/api/dm/{agent.handle}/inbox/x", nonce=nonce))
    assert_bad(agent.signed("POST", f"/api/agents/{agent.handle}/heartbeat", nonce=nonce))
    assert_bad(agent.signed("POST", "/api/rooms/some-room/claim", nonce=nonce, json={"handle": agent.handle}))


def test_the_nonce_of_another_handle_is_free(shared_server: Server) -> None:
    nonce = fresh_nonce()
    for agent in (registered(shared_server.url), registered(shared_server.url)):
        assert agent.signed("GET", inbox(agent), nonce=nonce).status_code == 200


def test_a_header_is_refused_even_when_its_request_was_answered_with_an_error(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    path = f"/api/agents/{agent.handle}/heartbeat"
    header = agent.authorization("POST", path)
    assert_refusal(agent.request("POST", path, headers=header), 404, "profile not found", "unknown_profile")
    assert_bad(agent.request("POST", path, headers=header))


def test_of_requests_that_race_with_one_header_one_wins(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    header = agent.authorization("GET", inbox(agent))
    connections = [RawConnection(shared_server.port) for _ in range(10)]
    for connection in connections:
        connection.request("GET", inbox(agent), header)
    codes = [connection.response().status for connection in connections]
    assert sorted(codes) == [200] + [401] * 9


def test_defect_18_a_full_replay_cache_says_so_and_when_to_come_again(start_server: ServerFactory) -> None:
    server = start_server(**TINY)
    agent, other = registered(server.url), registered(server.url)
    # Their times leave the window in two seconds.
    first = agent.authorization("GET", inbox(agent), ts=now_ms() - 58_000)
    assert agent.request("GET", inbox(agent), headers=first).status_code == 200
    for _ in range(PER_HANDLE - 1):
        assert agent.signed("GET", inbox(agent), ts=now_ms() - 57_500).status_code == 200
    full = agent.signed("GET", inbox(agent))
    assert_refusal(full, 429, FULL, "replay_cache", retry_after=range(1, 4))
    # It fails closed: nothing that was used is forgotten to make room, and a bad signature is still one.
    assert_bad(agent.request("GET", inbox(agent), headers=first))
    assert_bad(other.signed("GET", inbox(agent)))
    # Nobody else is touched by it.
    assert other.signed("GET", inbox(other)).status_code == 200
    eventually(lambda: agent.signed("GET", inbox(agent)).status_code == 200, "room for a nonce", timeout=5)
    assert_bad(agent.request("GET", inbox(agent), headers=first))


def test_defect_18_a_request_that_found_the_cache_full_has_not_used_its_nonce(start_server: ServerFactory) -> None:
    server = start_server(**TINY)
    agent = registered(server.url)
    fill(agent, ts=now_ms() - 58_000)
    header = agent.authorization("GET", inbox(agent))

    def again() -> int:
        return agent.request("GET", inbox(agent), headers=header).status_code

    assert again() == 429
    eventually(lambda: again() == 200, "the same request accepted", timeout=5)
    assert again() == 401


def test_defect_18_retry_after_is_that_of_the_first_nonce_to_leave(start_server: ServerFactory) -> None:
    server = start_server(**TINY)
    agent = registered(server.url)
    fill(agent, ts=now_ms() + 30_000)
    full = agent.signed("GET", inbox(agent))
    assert_refusal(full, 429, FULL, "replay_cache", retry_after=range(80, 92))


def test_defect_6_other_handles_do_not_push_out_a_victims_nonce(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"INBOX_SIG_SEEN_MAX": "64"})
    victim = registered(server.url)
    header = victim.authorization("GET", inbox(victim))
    assert victim.request("GET", inbox(victim), headers=header).status_code == 200
    # More than enough for the original to drop its oldest 200.
    for _ in range(4):
        fill(registered(server.url))
    assert_bad(victim.request("GET", inbox(victim), headers=header))


def test_garbage_does_not_fill_the_cache(start_server: ServerFactory) -> None:
    server = start_server(**TINY)
    agent, attacker = registered(server.url), Agent(server.url)
    for _ in range(2 * PER_HANDLE):
        assert_bad(attacker.signed("GET", inbox(agent)))
    assert agent.signed("GET", inbox(agent)).status_code == 200


@pytest.mark.parametrize(
    ("limit", "reason"), [("ROOM_RL", "auth_rate"), ("GLOBAL_RL", "client_rate")], ids=["handle", "client"]
)
def test_the_limit_comes_before_the_signature(start_server: ServerFactory, limit: str, reason: str) -> None:
    server = start_server(**OPEN_LIMITS)
    agent, other = registered(server.url), registered(server.url)
    server.restart(**{f"{limit}_CAP": "3", f"{limit}_REFILL_PER_SEC": "2"})
    for _ in range(3):
        assert_bad(agent.request("GET", inbox(agent), headers={"Authorization": "Bot2Bot garbage"}))
    header = agent.authorization("GET", inbox(agent))
    limited = agent.request("GET", inbox(agent), headers=header)
    assert_refusal(limited, 429, "rate limited", reason, retry_after=5)
    # Somebody else at the same inbox has a bucket of its own, and so has another inbox, within the client's.
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert agent.signed("GET", inbox(agent), headers=elsewhere).status_code == 200
    assert other.signed("GET", inbox(other)).status_code == (200 if reason == "auth_rate" else 429)

    def again() -> int:
        return agent.request("GET", inbox(agent), headers=header).status_code

    eventually(lambda: again() == 200, "the same request accepted: nothing was used up")
    eventually(lambda: again() == 401, "the same request refused as used")


def test_the_order_of_the_refusals(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "1"})
    agent = registered(server.url)
    for _ in range(3):
        for handle, status, error, reason in (
            ("-", 400, "invalid handle", "bad_handle"),
            ("nobody", 404, "no such handle", "unknown_handle"),
        ):
            for method, path in (("GET", "inbox/wait?timeout=0"), ("DELETE", "inbox/x")):
                response = agent.request(method, f"/api/dm/{handle}/{path}")
                assert_refusal(response, status, error, reason)
    assert_bad(agent.request("DELETE", f"/api/dm/{agent.handle}/inbox/x"))
    limited = agent.request("DELETE", f"/api/dm/{agent.handle}/inbox/x")
    assert_refusal(limited, 429, "rate limited", "auth_rate", retry_after=5)
