"""Profiles: which are taken, in what form they are published, and which are refused."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest

from agent import ABSENT, Agent, Fields, now_ms, registered
from conftest import ServerFactory
from profiles import assert_differs, assert_verifies, found, listed, publish, published, signed_part
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, eventually, http_session

WEEK_MS = 7 * 24 * 3600 * 1000
JSON_TYPE = {"Content-Type": "application/json"}
BAD_ENCODING = "profile_sig must be strict canonical base64 of 64 bytes"


@pytest.fixture
def agent(shared_server: Server) -> Agent:
    return registered(shared_server.url)


def changed(agent: Agent, **fields: Any) -> Fields:
    """A profile of the agent with members set, or left out if ABSENT, past what its SDK would do to them."""
    return {name: value for name, value in (agent.profile() | fields).items() if value is not ABSENT}


def normalised(agent: Agent, sent: Fields, **made: Any) -> Fields:
    """Sends one profile with the signature of another: that of what the directory makes of the first."""
    response = agent.publish(sent, agent.sign_profile(sent | made))
    assert response.status_code == 201, response.text
    shown = response.json()["profile"]
    assert_verifies(shown, agent)
    return signed_part(shown)


# What the directory makes of a profile, signed as such: the original's way


@pytest.mark.parametrize(
    ("sent", "made"),
    [
        (["Code Review", "code_review", "  C++  "], ["code-review", "code_review", "c++"]),
        (["a", "A", "a ", "-a-", "b"], ["a", "b"]),
        (["--a--b--", "!!!", "", "a:b.c"], ["a--b", "a:b.c"]),
        (["x" * 50], ["x" * 40]),
        ([f"t{n}" for n in range(40)], [f"t{n}" for n in range(32)]),
        ([5, True, 1.5], ["5", "true", "1.5"]),
        ([None, False, 0, "", "a"], ["a"]),
        (["Grüße"], ["gr-e"]),
        ("no list", []),
        (None, []),
        ({"0": "a"}, []),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["capabilities", "topics", "languages"])
def test_words_are_normalised(agent: Agent, name: str, sent: Any, made: list[str]) -> None:
    assert normalised(agent, changed(agent, **{name: sent}), **{name: made})[name] == made


@pytest.mark.parametrize(
    ("field", "sent", "made"),
    [
        ("framework", "LangGraph ", "langgraph"),
        ("framework", "Crew AI", "crew-ai"),
        ("framework", "f" * 40, "f" * 32),
        ("framework", "", "other"),
        ("framework", "!!!", "other"),
        ("framework", None, "other"),
        ("framework_version", " 1.0 ", "1.0"),
        ("framework_version", "v" * 65, "v" * 64),
        ("framework_version", 2, "2"),
        ("display_name", "  Ann  ", "Ann"),
        ("display_name", "n" * 81, "n" * 80),
        ("display_name", "😀" * 41, "😀" * 40),
        ("summary", "s" * 601, "s" * 600),
        ("summary", "\n both \t", "both"),
        ("homepage_url", "https://example.com", "https://example.com/"),
        ("homepage_url", "HTTPS://Example.COM:443/A?b=C", "https://example.com/A?b=C"),
        ("schema", "another", "bot2bot.agent_profile.v1"),
        ("contact_policy", "anything goes", "signed_dm_first"),
    ],
)
def test_a_text_is_normalised(agent: Agent, field: str, sent: Any, made: str) -> None:
    assert normalised(agent, changed(agent, **{field: sent}), **{field: made})[field] == made


def test_a_display_name_that_is_none_becomes_the_handle(agent: Agent) -> None:
    for sent in ("", "   ", None, 0):
        made = normalised(agent, changed(agent, display_name=sent), display_name=agent.handle)
        assert made["display_name"] == agent.handle


def test_members_nobody_knows_are_left_out_and_the_handle_is_the_urls(agent: Agent) -> None:
    sent = agent.profile()
    response = agent.publish(sent | {"extra": {"a": 1}, "handle": "somebody-else"}, agent.sign_profile(sent))
    assert response.status_code == 201, response.text
    assert signed_part(response.json()["profile"]) == sent


# Defect 19: what was signed is accepted as it was sent, and published that way


AS_SENT: dict[str, Any] = {
    "spaces around a display name": {"display_name": "  Ann the agent "},
    "spaces around a summary": {"summary": "Reviews code.\n\n"},
    "spaces around a version": {"framework_version": " 1.0 "},
    "tags in mixed case": {"capabilities": ["Code Review", "PyThOn"], "topics": ["CI / CD"], "languages": ["EN"]},
    "tags twice": {"topics": ["ci", "CI", "ci"]},
    "a framework in mixed case": {"framework": "LangGraph"},
    "an address without a slash": {"homepage_url": "https://example.com"},
    "an address with its port": {"homepage_url": "https://Example.com:443/x"},
    "accents, spelt out": {"display_name": "A\u0301nn", "summary": "\u212b and \U0001f600"},
    "no optional members": dict.fromkeys(
        ("display_name", "framework_version", "homepage_url", "capabilities", "topics", "languages"), ABSENT
    ),
    "an empty display name": {"display_name": ""},
    "quotes and control characters": {"summary": 'a "b" \\ \u0001 \u007f \u2028 </script>'},
}


@pytest.mark.parametrize("fields", AS_SENT.values(), ids=AS_SENT)
def test_defect_19_a_profile_signed_as_it_was_sent_is_published_as_it_was_signed(
    shared_server: Server, agent: Agent, fields: Fields
) -> None:
    sent = changed(agent, **fields)
    shown = publish(agent, sent)
    assert signed_part(shown) == sent
    for seen in (shown, published(shared_server, agent.handle)):
        assert_verifies(seen, agent)


def test_defect_19_what_is_published_as_signed_is_found_by_its_normal_words(shared_server: Server, agent: Agent) -> None:
    unique = f"Find {agent.handle[-6:]}"
    publish(agent, changed(agent, framework="LangGraph", capabilities=[unique], display_name=f"  {unique} "))
    for query in ({"capability": unique}, {"capability": unique.lower().replace(" ", "-")}, {"q": unique}):
        assert found(shared_server, framework="langgraph", **query) == [agent.handle]


@pytest.mark.parametrize(("behind_ms", "ttl_ms"), [(0, 60_000), (2_000, 60_000), (-2_000, WEEK_MS), (0, WEEK_MS)])
def test_defect_19_a_lifetime_at_its_bound_is_accepted_from_any_clock(
    shared_server: Server, agent: Agent, behind_ms: int, ttl_ms: int
) -> None:
    clock = now_ms() - behind_ms
    sent = changed(agent, updated_at=clock, expires_at=clock + ttl_ms)
    shown = publish(agent, sent)
    assert signed_part(shown) == sent
    assert_verifies(published(shared_server, agent.handle), agent)


UNPUBLISHABLE: dict[str, tuple[Fields, str]] = {
    "a member nobody knows": ({"favourite_colour": "blue"}, "favourite_colour"),
    "81 characters of name": ({"display_name": "n" * 81}, "display_name"),
    "601 characters of summary": ({"summary": "s" * 601}, "summary"),
    "65 characters of version": ({"framework_version": "v" * 65}, "framework_version"),
    "33 characters of framework": ({"framework": "f" * 33}, "framework"),
    "241 characters of address": ({"homepage_url": "https://example.com/" + "x" * 221}, "homepage_url"),
    "a tag of 41 characters": ({"topics": ["t" * 41]}, "topics"),
    "33 tags": ({"languages": [f"t{n}" for n in range(33)]}, "languages"),
    "a tag that is a number": ({"capabilities": [5]}, "capabilities"),
    "tags that are a text": ({"topics": "ci"}, "topics"),
    "a name that is a number": ({"display_name": 5}, "display_name"),
    "another schema": ({"schema": "other"}, "schema"),
    "another policy": ({"contact_policy": "anything"}, "contact_policy"),
    "no expiry": ({"expires_at": ABSENT}, "expires_at"),
    "an expiry that is past": ({"expires_at": 1_700_000_000_000}, "expires_at"),
    "an expiry that is a text": ({"expires_at": "tomorrow"}, "expires_at"),
    "no summary": ({"summary": ABSENT}, "summary"),
}


@pytest.mark.parametrize(("fields", "named"), UNPUBLISHABLE.values(), ids=UNPUBLISHABLE)
def test_defect_19_what_cannot_be_published_as_signed_is_refused_by_the_fields_name(
    shared_server: Server, agent: Agent, fields: Fields, named: str
) -> None:
    assert_differs(agent.publish(changed(agent, **fields)), named)
    assert shared_server.get(f"/api/agents/{agent.handle}").status_code == 404


def test_defect_19_every_field_that_differs_is_named(agent: Agent) -> None:
    answer = agent.publish(changed(agent, zeta=1, summary="s" * 601, display_name="n" * 81))
    assert_differs(answer, "display_name", "summary", "zeta")
    # The sentence may end in somebody's log, so it repeats no name that only the sender knows.
    assert "in: display_name, summary" in answer.json()["error"]


def test_defect_19_a_bad_signature_says_nothing_of_fields(agent: Agent) -> None:
    other = registered(agent.base_url)
    profile = changed(agent, display_name="n" * 81)
    answer = agent.publish(profile, other.sign_profile(profile))
    assert_refusal(answer, 401, "bad profile signature", "bad_signature")


# Lifetime


def test_a_lifetime_that_is_too_long_is_not_granted(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"AGENT_PROFILE_TTL_MS": "1500"})
    agent = registered(server.url)
    before = now_ms()
    shown = publish(agent, changed(agent, expires_at=before + 86_400_000))
    assert_verifies(shown, agent)
    granted = agent.heartbeat().json()["expires_at"]
    assert before + 1_400 < granted < now_ms() + 1_600
    eventually(lambda: found(server) == [], "the profile gone", timeout=5)


def test_a_lifetime_within_bounds_is_granted_to_the_millisecond(agent: Agent) -> None:
    expires = now_ms() + 123_456
    assert publish(agent, changed(agent, expires_at=expires))["expires_at"] == expires
    answer = agent.heartbeat()
    assert answer.json() == {"ok": True, "handle": agent.handle, "expires_at": expires}


def test_a_profile_replaces_the_one_before(shared_server: Server, agent: Agent) -> None:
    for name in ("one", "two"):
        publish(agent, changed(agent, display_name=name))
    shown = published(shared_server, agent.handle)
    assert (shown["display_name"], found(shared_server, q=agent.handle)) == ("two", [agent.handle])


def test_of_profiles_published_at_once_the_newest_stays(server: Server) -> None:
    for _ in range(8):
        agent, now = registered(server.url), now_ms()
        profiles = [changed(agent, updated_at=now + n, summary=str(n)) for n in range(12)]
        bodies = [{"profile": profile, "profile_sig": agent.sign_profile(profile)} for profile in profiles]
        codes, start = dict[int, int](), threading.Barrier(12)

        def put(number: int, agent: Agent = agent, bodies: list[Fields] = bodies, codes: dict[int, int] = codes) -> None:
            with http_session() as http:
                start.wait(10)
                answer = http.put(f"{server.url}/api/agents/{agent.handle}/profile", json=bodies[number], timeout=30)
                codes[number] = answer.status_code

        threads = [threading.Thread(target=put, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert set(codes.values()) <= {201, 409} and len(codes) == 12
        # The newest is never stale; whatever was refused or came before, it stands, on the disk as well.
        assert codes[11] == 201
        shown = published(server, agent.handle)
        assert shown["summary"] == "11"
        server.kill()
        server.start()
        assert published(server, agent.handle) == shown


def test_the_keys_shown_are_those_the_handle_has_now(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    agent = listed(server)
    agent.box_key = type(agent.box_key).generate()
    assert agent.register().status_code == 201
    assert_verifies(published(server, agent.handle), agent)


def test_base64_signatures_in_the_url_alphabet_are_taken(agent: Agent) -> None:
    profile = agent.profile()
    while not {"+", "/"} & set(sig := agent.sign_profile(profile)):
        profile["updated_at"] += 1
    url_safe = base64.urlsafe_b64encode(base64.b64decode(sig)).decode()
    assert agent.publish(profile, url_safe).status_code == 201
