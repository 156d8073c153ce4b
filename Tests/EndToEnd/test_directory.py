"""The agent directory: finding agents, their order, pages, matches, and how long they are listed."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from agent import Agent, now_ms, registered
from conftest import ServerFactory
from exposition import total
from profiles import assert_verifies, found, listed, publish, published, search, signed_part
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, eventually

NO_PROFILE = (404, "profile not found", "unknown_profile")
SHORT = OPEN_LIMITS | {"AGENT_PROFILE_TTL_MS": "1500"}


def test_a_profile_is_published_as_the_sdk_does_it(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    sent = agent.profile(
        display_name="Ann's Agent", framework="LangGraph", framework_version="0.2", summary="Reviews code 🐍.",
        capabilities=["Code Review", "python"], topics=["CI"], languages=["EN"],
        homepage_url="https://ann.example/agent?x=1",
    )  # fmt: skip
    before = now_ms()
    response = agent.publish(sent)
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"ok", "handle", "profile"}
    assert signed_part(body["profile"]) == sent
    assert set(body["profile"]) - set(sent) == {"box_pub", "sign_pub", "profile_sig", "last_seen_at"}
    assert before - 1_000 <= body["profile"]["last_seen_at"] <= now_ms() + 1_000
    assert_verifies(body["profile"], agent)
    assert published(shared_server, agent.handle) == body["profile"]


def test_a_handle_is_found_with_an_at_and_in_upper_case(shared_server: Server) -> None:
    agent = listed(shared_server)
    for spelling in (f"@{agent.handle}", agent.handle.upper(), f"%40{agent.handle}", f"{agent.handle}/"):
        assert published(shared_server, spelling)["handle"] == agent.handle


@pytest.mark.parametrize("handle", ["-bad", "a", "a" * 33, "a.b", "%C3%A4b", "@", "@@ab"])
def test_a_handle_that_is_none_is_refused(shared_server: Server, handle: str) -> None:
    assert_refusal(shared_server.get(f"/api/agents/{handle}"), 400, "invalid handle", "bad_handle")


def test_nobody_is_found_who_did_not_publish(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    assert_refusal(shared_server.get(f"/api/agents/{agent.handle}"), *NO_PROFILE)
    assert_refusal(shared_server.get("/api/agents/nobody-here"), *NO_PROFILE)
    assert agent.handle not in found(shared_server, limit=100)


# Search


@pytest.fixture(scope="module")
def crowd(shared_server: Server) -> dict[str, Agent]:
    """Agents with different words, published one after the other."""
    fields: dict[str, dict[str, Any]] = {
        "crowd-a": {"framework": "langgraph", "capabilities": ["code-review", "python"], "topics": ["ci"],
                    "languages": ["en"], "summary": "Reviews PULL requests", "display_name": "Zed the Reviewer"},
        "crowd-b": {"framework": "langgraph", "capabilities": ["python"], "topics": ["ci", "rust"],
                    "languages": ["en", "de"], "summary": "Übersetzt Dinge"},
        "crowd-c": {"framework": "crewai", "capabilities": ["code-review"], "topics": ["gardening"], "languages": ["fr"]},
        "crowd-d": {},
    }  # fmt: skip
    return {handle: listed(shared_server, handle, **given) for handle, given in fields.items()}


SEARCHES: list[tuple[dict[str, str], str]] = [
    ({"framework": "langgraph"}, "ba"),
    ({"framework": " LangGraph "}, "ba"),
    ({"framework": "lang"}, ""),
    ({"capability": "code-review"}, "ca"),
    ({"capability": "Code Review"}, "ca"),
    ({"capability": "!code  review!"}, "ca"),
    ({"topic": "ci"}, "ba"),
    ({"language": "DE"}, "b"),
    ({"capability": "python", "topic": "rust"}, "b"),
    ({"capability": "python", "topic": "gardening"}, ""),
    ({"topic": "ci", "language": "en", "framework": "langgraph", "capability": "code-review"}, "a"),
    ({"q": "pull REQUESTS"}, "a"),
    ({"q": "  zed the  "}, "a"),
    ({"q": "garden"}, "c"),
    ({"q": "übersetzt"}, "b"),
    ({"q": "ÜBERSETZT"}, "b"),
    ({"q": "crowd-"}, "dcba"),
    ({"q": "crowd-d"}, "d"),
    ({"q": "crewai"}, "c"),
    # The words stand in one text, one after the other.
    ({"q": "code-review python ci"}, "a"),
    ({"q": "no such word at all"}, ""),
    ({"q": "crowd-", "framework": "other"}, "d"),
    # What is normalised to nothing asks for nothing.
    ({"q": "crowd-", "capability": "!!!"}, "dcba"),
    ({"q": "crowd-", "capability": ""}, "dcba"),
]


@pytest.mark.parametrize(("query", "expected"), SEARCHES, ids=str)
def test_agents_are_found_by_their_words(
    shared_server: Server, crowd: dict[str, Agent], query: dict[str, str], expected: str
) -> None:
    handles = [handle for handle in found(shared_server, limit=100, **query) if handle in crowd]
    assert handles == [f"crowd-{letter}" for letter in expected]


def test_a_search_answers_with_whole_profiles(shared_server: Server, crowd: dict[str, Agent]) -> None:
    response = shared_server.get("/api/agents?q=crowd-a")
    body = response.json()
    assert set(body) == {"agents", "count", "next_cursor"}
    assert (body["count"], body["next_cursor"]) == (1, None)
    assert body["agents"] == [published(shared_server, "crowd-a")]
    assert_verifies(body["agents"][0], crowd["crowd-a"])


# Pages and order


def test_pages_follow_each_other_by_their_cursor(server: Server) -> None:
    agents = [listed(server) for _ in range(7)]
    everyone = [agent.handle for agent in reversed(agents)]
    assert found(server) == everyone
    seen, cursor = [], 0
    for expected_next in (3, 6, None):
        page = search(server, limit=3, cursor=cursor)
        assert (page["count"], page["next_cursor"]) == (len(page["agents"]), expected_next)
        seen += [agent["handle"] for agent in page["agents"]]
        cursor = expected_next
    assert seen == everyone
    # A page that ends where the list ends has no next one; one beyond it is empty.
    assert search(server, limit=7)["next_cursor"] is None
    assert search(server, limit=6)["next_cursor"] == 6
    for cursor in (7, 8, 2**31, 2**70):
        assert search(server, cursor=cursor) == {"agents": [], "count": 0, "next_cursor": None}


def test_limits_are_read_leniently_and_clamped(server: Server) -> None:
    agents = [listed(server) for _ in range(103)]
    for limit, count in (("1", 1), ("-5", 1), ("2.9", 2), ("3x", 3), ("1e2", 1), ("100", 100), ("101", 100),
                         ("9" * 30, 100), ("0", 50), ("abc", 50), ("", 50)):  # fmt: skip
        page = search(server, limit=limit)
        assert (page["count"], page["next_cursor"]) == (count, count), limit
    for cursor, first in (("-3", 0), ("abc", 0), ("", 0), ("2.9", 2), ("2x", 2)):
        assert found(server, cursor=cursor, limit=1) == [agents[-1 - first].handle], cursor
    assert search(server)["count"] == 50
    # The snapshots show the newest hundred.
    for path in ("/agents.json", "/.well-known/bot2bot-agents"):
        handles = [agent["handle"] for agent in server.get(path).json()["agents"]]
        assert handles == [agent.handle for agent in reversed(agents[3:])]


def test_the_last_seen_come_first(server: Server) -> None:
    first, second, third = (listed(server) for _ in range(3))
    assert found(server) == [third.handle, second.handle, first.handle]
    beat = first.heartbeat()
    assert beat.status_code == 200
    assert found(server) == [first.handle, third.handle, second.handle]
    publish(second)
    assert found(server) == [second.handle, first.handle, third.handle]


def test_among_the_equally_last_seen_the_handle_decides(server: Server) -> None:
    handles = ["b-b", "a-2", "a_2", "a2", "a-10", "ab", "aa"]
    for handle in handles:
        listed(server, handle)
    server.stop()
    with sqlite3.connect(server.data_dir / "signalbox.sqlite") as store:
        store.execute("UPDATE agent_profiles SET last_seen_at = ?", (now_ms(),))
    server.start()
    # As JavaScript's localeCompare has it, in the one locale it is sure of.
    assert found(server) == ["a_2", "a-10", "a-2", "a2", "aa", "ab", "b-b"]


# Matches


def test_matches_share_words_most_first(server: Server) -> None:
    words = {"capabilities": ["a", "b"], "topics": ["c"], "languages": ["en"], "framework": "crewai"}
    me = listed(server, **words)
    nobody = listed(server, framework="loner", capabilities=["x"])
    # A word counts as what it is said to be: a topic is no capability.
    listed(server, topics=["a", "b"], languages=["c"])
    one = listed(server, framework="crewai")
    three = listed(server, capabilities=["a", "b", "z"], topics=["c"])
    also_one = listed(server, languages=["de", "en"])
    five = listed(server, **words)
    response = server.get(f"/api/agents/matches?handle={me.handle}")
    body = response.json()
    expected = [(five, 5), (three, 3), (also_one, 1), (one, 1)]
    assert [(agent["handle"], agent["match_score"]) for agent in body["agents"]] == [(a.handle, s) for a, s in expected]
    assert (body["count"], body["next_cursor"]) == (4, None)
    for agent, (owner, _) in zip(body["agents"], expected, strict=True):
        assert_verifies(agent, owner)
    assert server.get(f"/api/agents/matches?handle={nobody.handle}").json()["agents"] == []
    for limit, count in (("1", 1), ("-1", 1), ("2x", 2), ("0", 4), ("abc", 4), ("99999", 4)):
        assert server.get(f"/api/agents/matches?handle=@{me.handle.upper()}&limit={limit}").json()["count"] == count


def test_matches_are_twenty_usually_and_fifty_at_most(server: Server) -> None:
    agents = [listed(server) for _ in range(53)]
    for query, count in (("", 20), ("&limit=0", 20), ("&limit=50", 50), ("&limit=51", 50)):
        assert server.get(f"/api/agents/matches?handle={agents[0].handle}{query}").json()["count"] == count


def test_matches_need_somebody_who_is_listed(shared_server: Server) -> None:
    agent = registered(shared_server.url)
    for query in ("", "?handle=", "?handle=-x", "?handle=a.b", "?handle=a"):
        answer = shared_server.get(f"/api/agents/matches{query}")
        assert_refusal(answer, 400, "valid handle query required", "bad_handle")
    for handle in (agent.handle, "nobody-here"):
        assert_refusal(shared_server.get(f"/api/agents/matches?handle={handle}"), *NO_PROFILE)


# Snapshots and caches


@pytest.mark.parametrize("path", ["/agents.json", "/.well-known/bot2bot-agents"])
def test_a_crawler_finds_the_directory_where_it_looks(shared_server: Server, crowd: dict[str, Agent], path: str) -> None:
    body = shared_server.get(path).json()
    agents = body.pop("agents")
    name = body.pop("directory")
    assert isinstance(name, str) and name
    assert body == {
        "schema": "bot2bot.agent_directory.v1",
        "contact_policy": "signed_dm_first",
        "endpoints": {
            "search": "/api/agents",
            "matches": "/api/agents/matches?handle=<handle>",
            "profile": "/api/agents/<handle>",
        },
    }
    (shown,) = (agent for agent in agents if agent["handle"] == "crowd-a")
    assert_verifies(shown, crowd["crowd-a"])


def test_what_may_be_half_a_minute_old_says_so_and_refusals_do_not(shared_server: Server, crowd: dict[str, Agent]) -> None:
    for path in ("/api/agents", "/api/agents/crowd-a", "/api/agents/matches?handle=crowd-a"):
        assert shared_server.get(path).headers["Cache-Control"] == "public, max-age=30"
    for path in ("/api/agents/nobody-here", "/api/agents/-", "/api/agents/matches"):
        assert "public" not in shared_server.get(path).headers.get("Cache-Control", "")


# Time


def test_a_profile_is_gone_after_its_time(start_server: ServerFactory) -> None:
    server = start_server(**SHORT)
    agent, other = listed(server), listed(server)
    shown = server.get(f"/api/agents/{agent.handle}")
    assert shown.status_code == 200
    assert total(server.exposition(), "signalbox_directory_profiles") == 2
    eventually(lambda: found(server) == [], "both gone", timeout=5)
    assert_refusal(server.get(f"/api/agents/{agent.handle}"), *NO_PROFILE)
    assert_refusal(server.get(f"/api/agents/matches?handle={agent.handle}"), *NO_PROFILE)
    assert_refusal(other.heartbeat(), *NO_PROFILE)
    assert server.get("/agents.json").json()["agents"] == []
    server.restart()
    assert found(server) == []
    # The identity is still there, so the profile can come back.
    publish(agent)
    assert found(server) == [agent.handle]


def test_a_heartbeat_does_not_make_a_profile_last_longer(start_server: ServerFactory) -> None:
    server = start_server(**SHORT)
    agent = listed(server)
    beats = []

    def is_gone() -> bool:
        answer = agent.heartbeat()
        beats.append(answer)
        return answer.status_code == 404

    eventually(is_gone, "the profile gone", timeout=4)
    assert len({beat.json()["expires_at"] for beat in beats[:-1]}) == 1
