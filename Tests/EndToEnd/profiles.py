"""A reader of the directory who trusts nobody: what is published must verify against the handle's key."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import requests
from nacl.signing import VerifyKey

from agent import Agent, Fields, registered
from server import Server

# What the directory adds to what an agent signed.
ADDED = {"box_pub", "sign_pub", "profile_sig", "last_seen_at", "match_score"}


def signed_part(published: Fields) -> Fields:
    return {name: value for name, value in published.items() if name not in ADDED}


def assert_verifies(published: Fields, agent: Agent) -> None:
    """The signature is the agent's own and over exactly what is published."""
    assert (published["box_pub"], published["sign_pub"]) == (agent.box_pub, agent.sign_pub)
    profile = signed_part(published)
    canonical = json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"bot2bot-agent-profile-v1\n{profile['handle']}\n{profile['updated_at']}\n{digest}"
    signature = base64.b64decode(published["profile_sig"], validate=True)
    VerifyKey(bytes(agent.sign_key.verify_key)).verify(text.encode(), signature)


def publish(agent: Agent, profile: Fields | None = None, **fields: Any) -> Fields:
    """Publishes a profile, one built of the fields when none is given, and returns what became of it."""
    response = agent.publish(agent.profile(**fields) if profile is None else profile)
    assert response.status_code == 201, response.text
    body = response.json()
    assert (body["ok"], body["handle"]) == (True, agent.handle)
    return body["profile"]


def listed(server: Server, handle: str | None = None, **fields: Any) -> Agent:
    """A registered agent with a profile."""
    agent = registered(server.url, handle)
    publish(agent, **fields)
    return agent


def found(server: Server, **query: Any) -> list[str]:
    """Handles of the agents that a search finds, in its order."""
    return [agent["handle"] for agent in search(server, **query)["agents"]]


def search(server: Server, **query: Any) -> Fields:
    response = server.get("/api/agents", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def published(server: Server, handle: str) -> Fields:
    response = server.get(f"/api/agents/{handle}")
    assert response.status_code == 200, response.text
    return response.json()["agent"]


def assert_differs(response: requests.Response, *fields: str) -> None:
    """Refused because these can't be published the way they were signed."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["reason"] == "profile_differs", body
    assert body["error"].startswith("profile differs from what would be published in: "), body
    assert body["fields"] == list(fields), body
