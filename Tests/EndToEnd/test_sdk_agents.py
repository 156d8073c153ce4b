"""The Python client's agents: their keys, their file, and their place in the directory."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

import profiles
from agent import Agent, fresh_handle
from sdk import ann, bob, new_agent, signalbox, twin  # noqa: F401
from server import Server


# Identities


def test_an_agent_is_registered_with_its_own_keys(ann: Any) -> None:
    record = twin(ann).lookup().json()
    assert (record["handle"], record["box_pub"], record["sign_pub"]) == (
        ann.handle,
        twin(ann).box_pub,
        twin(ann).sign_pub,
    )
    ann.register()  # again, as its owner may


def test_a_taken_handle_is_an_error_and_an_impossible_one_a_mistake(shared_server: Server, bob: Agent) -> None:
    with pytest.raises(signalbox.Error) as refused:
        new_agent(shared_server, bob.handle)
    assert (refused.value.status, refused.value.what) == (409, "409: handle taken")
    assert new_agent(shared_server, "@UP" + bob.handle[5:]).handle == "up" + bob.handle[5:]
    for handle in ("", "a", "-ab", "a b", "ž" * 4, "a" * 33, "a/b"):
        with pytest.raises(ValueError):
            new_agent(shared_server, handle)


def test_an_agents_file_is_its_owners_alone_and_brings_it_back(ann: Any, tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    path.write_text("in the way")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        ann.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["agent.json"]
    again = signalbox.Agent.load(path)
    assert (again.handle, again.origin, again.fingerprint()) == (ann.handle, ann.origin, ann.fingerprint())
    ann.send(ann.handle, "to myself")
    assert next(again.inbox()).text == "to myself"


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    ann: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agent.json"
    ann.save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        ann.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["agent.json"]


def test_a_file_that_holds_no_agent_is_refused_without_quoting_it(ann: Any, tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    ann.save(path)
    good = json.loads(path.read_text())
    broken = ["", "[", "[]", "7", "null", "[" * 50_000, json.dumps(good)[:-20], json.dumps(good | {"handle": "x"})]
    broken += [json.dumps(good | {name: value}) for name in ("box_key", "sign_key") for value in ("AA==", 7, "!" * 44)]
    broken += [json.dumps({name: good[name] for name in good if name != left_out}) for left_out in good]
    for text in broken:
        path.write_text(text)
        with pytest.raises(ValueError) as refused:
            signalbox.Agent.load(path)
        assert str(refused.value) == f"no agent in {path}"
        assert refused.value.__suppress_context__


def test_a_repr_has_no_key_in_it(ann: Any) -> None:
    assert repr(ann) == f"<signalbox.Agent @{ann.handle} at {ann.origin}>"


def test_agents_can_compare_fingerprints(shared_server: Server, ann: Any) -> None:
    with new_agent(shared_server) as other:
        assert other.fingerprint(ann.handle) == ann.fingerprint() != other.fingerprint()


# Directory


def test_an_agent_is_published_found_and_taken_out(shared_server: Server, ann: Any) -> None:
    word = fresh_handle("word")
    profile = ann.publish(
        headline=" Sums numbers ž ", skills=["Adding Up", word, word], topics=["math"], languages=["en", "cs"],
        name="Ann", framework="My Bot", framework_version="2.1", homepage="https://ann.example/about", ttl=3600,
    )  # fmt: skip
    profiles.assert_verifies(profiles.published(shared_server, ann.handle), twin(ann))
    assert (profile.handle, profile.name, profile.headline) == (ann.handle, "Ann", "Sums numbers ž")
    assert (profile.skills, profile.topics, profile.languages) == (("adding-up", word), ("math",), ("en", "cs"))
    assert (profile.framework, profile.framework_version) == ("my-bot", "2.1")
    assert (profile.homepage, profile.verified) == ("https://ann.example/about", True)
    assert abs(profile.expires - profile.updated - 3600) < 1 and abs(profile.seen - time.time()) < 60
    for query in ({"q": word}, {"skill": word}, {"skill": word, "topic": "math", "language": "cs"}):
        assert [found.handle for found in signalbox.agents(shared_server.url, **query)] == [ann.handle]
    assert signalbox.agents(shared_server.url, q=word, framework="other") == []
    ann.heartbeat()
    assert signalbox.agents(shared_server.url)[0].handle == ann.handle
    ann.unpublish()
    assert signalbox.agents(shared_server.url, q=word) == []


def test_agents_of_the_originals_format_are_found_and_verified(server: Server) -> None:
    handles = [profiles.listed(server, summary="crowd").handle for _ in range(105)]
    found = signalbox.agents(server.url, q="crowd", limit=1_000)
    assert sorted(profile.handle for profile in found) == sorted(handles)
    assert all(profile.verified for profile in found)
    assert len(signalbox.agents(server.url, q="crowd", limit=101)) == 101


def test_what_is_private_or_too_long_is_not_published(ann: Any) -> None:
    with pytest.raises(signalbox.Error) as refused:
        ann.publish(headline="join https://relay.example/room/abcd#k=oops")
    assert refused.value.status == 400 and "forbidden" in refused.value.what
    wrong: list[dict[str, Any]] = [
        {"headline": "x" * 601}, {"skills": "adding"}, {"skills": ["x" * 41]}, {"skills": map(str, range(33))},
        {"ttl": 59}, {"ttl": 604_801}, {"name": "😀" * 41},
    ]  # fmt: skip
    for fields in wrong:
        with pytest.raises(ValueError):
            ann.publish(**fields)
    ann.publish(headline="x" * 600, name="😀" * 40, skills=["x" * 40, *map(str, range(31))])
