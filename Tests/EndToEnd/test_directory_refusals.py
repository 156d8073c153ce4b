"""What the directory refuses, in which words, and what an owner may do with a profile."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from agent import Agent, Fields, now_ms, registered
from conftest import ServerFactory
from exposition import total
from profiles import assert_verifies, found, listed, publish, published
from refusals import assert_refusal
from server import OPEN_LIMITS, Server
from test_directory_profiles import BAD_ENCODING, JSON_TYPE, changed

FORBIDDEN = "profile contains forbidden private field/pattern: "
NO_PROFILE = (404, "profile not found", "unknown_profile")


@pytest.fixture
def agent(shared_server: Server) -> Agent:
    return registered(shared_server.url)


def assert_bad(agent: Agent, profile: Fields, error: str) -> None:
    """Refused for what it says, however well it is signed."""
    assert_refusal(agent.publish(profile), 400, error, "bad_profile")
    assert agent.request("GET", f"/api/agents/{agent.handle}").status_code == 404


PRIVATE = ["#k=", "/room/", "private_key", "privatekey", "secret_key", "secretkey", "sign_sk", "box_sk",
           "ciphertext", "sender_eph_pub"]  # fmt: skip


@pytest.mark.parametrize("pattern", PRIVATE)
@pytest.mark.parametrize("form", [str, str.upper])
def test_what_is_private_is_not_published(agent: Agent, pattern: str, form: Any) -> None:
    text = f"see {form(pattern)} there"
    for field in ("summary", "display_name", "framework_version"):
        assert_bad(agent, changed(agent, **{field: text}), FORBIDDEN + pattern)


@pytest.mark.parametrize("field", ["capabilities", "topics", "languages"])
@pytest.mark.parametrize("pattern", ["private_key", "box_sk", "ciphertext"])
def test_what_is_private_is_not_published_in_a_list_either(agent: Agent, field: str, pattern: str) -> None:
    assert_bad(agent, changed(agent, **{field: ["fine", f"my {pattern.upper()}"]}), FORBIDDEN + pattern)


def test_a_rooms_address_is_not_published(agent: Agent) -> None:
    assert_bad(agent, changed(agent, homepage_url="https://relay.example/room/abcd"), FORBIDDEN + "/room/")
    # With its key it isn't even an address that may be published.
    assert_bad(agent, changed(agent, homepage_url="https://relay.example/room/abcd#k=secret"), "invalid homepage_url")
    assert_bad(agent, changed(agent, framework="private_key"), FORBIDDEN + "private_key")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://example.com/", "invalid homepage_url"),
        ("javascript:alert(1)", "invalid homepage_url"),
        ("data:text/html,x", "invalid homepage_url"),
        ("mailto:ann@example.com", "invalid homepage_url"),
        ("https://example.com/#top", "invalid homepage_url"),
        ("example.com", "Invalid URL"),
        ("not an address", "Invalid URL"),
        ("https://", "Invalid URL"),
        ("//example.com/", "Invalid URL"),
        (5, "Invalid URL"),
    ],
)
def test_an_address_that_is_no_page_is_refused(agent: Agent, url: Any, error: str) -> None:
    assert_bad(agent, changed(agent, homepage_url=url), error)


@pytest.mark.parametrize("framework", [".net", "c++", "a.b", "_x", "a:b", "+"])
def test_a_framework_must_look_like_a_name(agent: Agent, framework: str) -> None:
    assert_bad(agent, changed(agent, framework=framework), "invalid framework")


@pytest.mark.parametrize("profile", ["null", '"x"', "5", "[]", "[{}]", "true"])
def test_a_profile_is_an_object(agent: Agent, profile: str) -> None:
    body = f'{{"profile_sig":"{agent.sign_profile(agent.profile())}","profile":{profile}}}'.encode()
    path = f"/api/agents/{agent.handle}/profile"
    for sent in (body, body.replace(b'"profile":', b'"other":')):
        answer = agent.request("PUT", path, data=sent, headers=JSON_TYPE)
        assert_refusal(answer, 400, "profile must be an object", "bad_profile")


@pytest.mark.parametrize("updated", [0, -5, None, "", "abc", {}, [], "0"])
def test_a_profile_says_when_it_was_made(agent: Agent, updated: Any) -> None:
    assert_bad(agent, changed(agent, updated_at=updated), "updated_at required")


@pytest.mark.parametrize("seconds", [-310, 310, -86_400])
def test_a_clock_may_not_be_off_by_more_than_five_minutes(agent: Agent, seconds: int) -> None:
    assert_bad(agent, changed(agent, updated_at=now_ms() + seconds * 1000), "updated_at skew too large")


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_may_be_off_by_less(agent: Agent, seconds: int) -> None:
    publish(agent, changed(agent, updated_at=now_ms() + seconds * 1000))


def test_the_skew_is_a_setting(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"AGENT_PROFILE_SIG_SKEW_MS": "2000"})
    agent = registered(server.url)
    assert_bad(agent, changed(agent, updated_at=now_ms() - 3_000), "updated_at skew too large")
    publish(agent)


def full(agent: Agent, summary: str) -> Fields:
    """A profile with as many words as there may be."""
    tags = [f"{n:02}" + "t" * 38 for n in range(32)]
    return changed(
        agent, display_name="\u0001" * 80, framework_version="\u0001" * 64, capabilities=tags, topics=tags,
        languages=tags, summary=summary,
    )  # fmt: skip


def test_a_profile_is_too_large_above_8_kib_of_canonical_json(agent: Agent) -> None:
    def size(profile: Fields) -> int:
        return len(json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())

    # Control characters take six bytes each; so the bound can be met to the byte.
    least = full(agent, "x")
    escapes, rest = divmod(8_192 - size(least), 6)
    fits = full(agent, "x" + "\u0001" * escapes + "x" * (rest % 6))
    assert size(fits) == 8_192
    over = fits | {"summary": fits["summary"] + "x"}
    assert_bad(agent, over, "profile too large")
    assert_verifies(publish(agent, fits), agent)


# Signatures and order


def test_a_signature_is_64_bytes_of_strict_base64(agent: Agent) -> None:
    good = agent.sign_profile(agent.profile())
    for bad in ("", "x", good[:-1], good + "=", good + "\n", " " + good, base64.b64encode(bytes(63)).decode(), "!" * 88):
        assert_refusal(agent.publish(sig=bad), 400, BAD_ENCODING, "bad_signature_encoding")
    path = f"/api/agents/{agent.handle}/profile"
    for body in ({"profile": agent.profile()}, {"profile": agent.profile(), "profile_sig": 5}, {}, []):
        assert_refusal(agent.request("PUT", path, json=body), 400, BAD_ENCODING, "bad_signature_encoding")
    answer = agent.request("PUT", path, data=b"{", headers=JSON_TYPE)
    assert_refusal(answer, 400, "malformed JSON", "malformed_json")


def test_only_the_owners_signature_of_this_very_profile_counts(shared_server: Server, agent: Agent) -> None:
    other, profile = registered(shared_server.url), agent.profile(summary="mine")
    path = f"/api/agents/{agent.handle}/profile"
    for sent, sig in (
        (profile, other.sign_profile(profile)),
        (profile | {"summary": "other"}, agent.sign_profile(profile)),
        (profile | {"expires_at": profile["expires_at"] - 1}, agent.sign_profile(profile)),
        (profile | {"updated_at": profile["updated_at"] - 1}, agent.sign_profile(profile)),
        (profile, base64.b64encode(bytes(64)).decode()),
        # Another's profile under this handle.
        (other.profile(), other.sign_profile(other.profile())),
    ):
        answer = agent.request("PUT", path, json={"profile": sent, "profile_sig": sig})
        assert_refusal(answer, 401, "bad profile signature", "bad_signature")
    assert shared_server.get(f"/api/agents/{agent.handle}").status_code == 404


def test_what_is_older_than_what_is_there_is_stale(shared_server: Server, agent: Agent) -> None:
    new = changed(agent, summary="new")
    publish(agent, new)
    old = new | {"updated_at": new["updated_at"] - 1, "summary": "old"}
    assert_refusal(agent.publish(old), 409, "stale profile update", "stale_profile")
    # Said before the signature is looked at, and the same moment again is no older.
    assert agent.publish(old, base64.b64encode(bytes(64)).decode()).status_code == 409
    publish(agent, new | {"summary": "same moment"})
    assert published(shared_server, agent.handle)["summary"] == "same moment"


def test_who_has_no_identity_has_no_profile(shared_server: Server) -> None:
    nobody = Agent(shared_server.url)
    assert_refusal(nobody.publish(), 404, "identity not registered", "unknown_handle")
    for handle in ("-bad", "a", "a" * 33):
        answer = nobody.request("PUT", f"/api/agents/{handle}/profile", json={})
        assert_refusal(answer, 400, "invalid handle", "bad_handle")


@pytest.mark.parametrize(("limit", "reason"), [("ROOM_RL", "profile_rate"), ("GLOBAL_RL", "client_rate")])
def test_who_publishes_too_often_is_told_to_wait(start_server: ServerFactory, limit: str, reason: str) -> None:
    server = start_server(**OPEN_LIMITS)
    agent = registered(server.url)
    server.restart(**{f"{limit}_CAP": "2", f"{limit}_REFILL_PER_SEC": "0.1"})
    for _ in range(2):
        assert agent.publish(sig="x").status_code == 400
    assert_refusal(agent.publish(), 429, "rate limited", reason, retry_after=5)


# Taking out, and signs of life


def test_an_owner_takes_a_profile_out(shared_server: Server, agent: Agent) -> None:
    publish(agent)
    answer = agent.unpublish()
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "handle": agent.handle})
    assert_refusal(shared_server.get(f"/api/agents/{agent.handle}"), *NO_PROFILE)
    assert found(shared_server, q=agent.handle) == []
    assert_refusal(agent.heartbeat(), *NO_PROFILE)
    # Nothing there is nothing wrong; and it may come back, even with what was there before.
    assert agent.unpublish().status_code == 200
    old = changed(agent, updated_at=now_ms() - 60_000)
    publish(agent, old)


def test_only_the_owner_takes_out_and_gives_signs_of_life(shared_server: Server, agent: Agent) -> None:
    publish(agent)
    other = registered(shared_server.url)
    for method, part in (("DELETE", "profile"), ("POST", "heartbeat")):
        path = f"/api/agents/{agent.handle}/{part}"
        for answer in (
            agent.request(method, path),
            other.signed(method, path),
            agent.request(method, path, headers=agent.authorization(method, path + "/")),
            agent.request(method, path, headers=agent.authorization(method, path, ts=now_ms() - 61_000)),
            agent.request(method, path, headers=agent.authorization("GET", path)),
            Agent(shared_server.url, "nobody-here").signed(method, f"/api/agents/nobody-here/{part}"),
        ):
            assert_refusal(answer, 401, "bad or missing signature", "bad_signature")
        answer = agent.signed(method, f"/api/agents/-/{part}")
        assert_refusal(answer, 400, "invalid handle", "bad_handle")
    assert found(shared_server, q=agent.handle) == [agent.handle]


def test_who_signs_too_often_is_told_to_wait(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    agent = listed(server)
    server.restart(ROOM_RL_CAP="2", ROOM_RL_REFILL_PER_SEC="0.1")
    for call in (agent.heartbeat, agent.unpublish):
        assert_refused_soon(call)


def assert_refused_soon(call: Any) -> None:
    answers = [call() for _ in range(3)]
    assert_refusal(answers[-1], 429, "rate limited", "auth_rate", retry_after=5)


# The disk


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_profile_survives_from_its_201_on(server: Server, how: str) -> None:
    agents = [listed(server, summary=f"number {n}", capabilities=["Zwei Wörter"]) for n in range(5)]
    sent = changed(agents[0], display_name="  as signed ", homepage_url="https://example.com")
    publish(agents[0], sent)
    gone = listed(server)
    assert gone.unpublish().status_code == 200
    shown = [published(server, agent.handle) for agent in agents]
    order = found(server)
    getattr(server, how)()
    server.start()
    assert [published(server, agent.handle) for agent in agents] == shown
    assert found(server) == order
    for agent, profile in zip(agents, shown, strict=True):
        assert_verifies(profile, agent)
    assert found(server, capability="zwei-w-rter") == order[1:]
    old = sent | {"updated_at": sent["updated_at"] - 1}
    assert_refusal(agents[0].publish(old), 409, "stale profile update", "stale_profile")


def test_publishing_is_counted(server: Server) -> None:
    agent = listed(server)
    agent.heartbeat()
    agent.unpublish()
    text = server.exposition()
    for event in ("published", "heartbeat", "unpublished"):
        assert total(text, "signalbox_directory_events_total", event=event) == 1, event
