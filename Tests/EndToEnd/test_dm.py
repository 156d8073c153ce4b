"""Direct messages: from a sealed envelope to the owner's inbox and out of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agent import Agent, b64, now_ms, registered
from conftest import ServerFactory
from refusals import assert_refusal
from server import OPEN_LIMITS, Server

MESSAGE_FIELDS = {"seq", "id", "ciphertext", "nonce", "sender_eph_pub", "from_handle", "from_verified", "ts"}


@pytest.fixture
def ann(shared_server: Server) -> Agent:
    return registered(shared_server.url)


@pytest.fixture
def bob(shared_server: Server) -> Agent:
    return registered(shared_server.url)


def inbox(agent: Agent, after: int = 0) -> list[dict[str, Any]]:
    response = agent.inbox_wait(after)
    assert response.status_code == 200, response.text
    return response.json()["messages"]


def test_an_anonymous_message_arrives_as_it_was_sent(ann: Agent, bob: Agent) -> None:
    envelope = ann.seal(bob, "guess who")
    before = now_ms()
    sent = ann.send_envelope(bob.handle, envelope)
    after = now_ms()
    assert sent.status_code == 200
    answer = sent.json()
    assert set(answer) == {"ok", "id", "seq"} and answer["ok"] is True
    (message,) = inbox(bob)
    assert message == envelope | {
        "seq": answer["seq"],
        "id": answer["id"],
        "from_handle": None,
        "from_verified": False,
        "ts": message["ts"],
    }
    assert isinstance(message["seq"], int) and isinstance(message["id"], str) and len(message["id"]) >= 16
    assert isinstance(message["ts"], int) and before <= message["ts"] <= after
    assert bob.open(message) == "guess who"


def test_a_signed_message_says_who_sent_it(ann: Agent, bob: Agent) -> None:
    assert ann.dm(bob.handle, "it's me").status_code == 200
    (message,) = inbox(bob)
    assert (message["from_handle"], message["from_verified"]) == (ann.handle, True)
    assert bob.open(message) == "it's me"
    # And nothing of the proof is handed on.
    assert set(message) == MESSAGE_FIELDS


def test_defect_22_no_internal_field_leaks(ann: Agent, bob: Agent) -> None:
    ann.dm(bob.handle, "one")
    ann.dm(bob.handle, "two", as_sender=False)
    with ThreadPoolExecutor() as pool:
        parked = pool.submit(bob.inbox_wait, inbox(bob)[-1]["seq"], 30)
        ann.dm(bob.handle, "three")
        awaited = parked.result(10).json()["messages"]
    for message in inbox(bob) + awaited:
        assert set(message) == MESSAGE_FIELDS


def test_spellings_of_both_handles_are_forgiven(ann: Agent, bob: Agent) -> None:
    for to, sender in (
        (f"@{bob.handle}", ann.handle),
        (bob.handle.upper(), f"@{ann.handle}"),
        (f"%40{bob.handle.upper()}", f"@{ann.handle.upper()}"),
    ):
        # What is signed is the plain form of both.
        envelope = ann.sign_envelope(bob.handle, ann.seal(bob, "hello")) | {"from_handle": sender}
        assert ann.send_envelope(to, envelope).status_code == 200
    assert [message["from_handle"] for message in inbox(bob)] == [ann.handle] * 3


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"from_sig": None, "from_ts": None},
        {"from_sig": b64(bytes(64))},
        {"from_ts": 1},
        {"from_sig": b64(bytes(64)), "from_ts": str(now_ms())},
        {"from_sig": 7, "from_ts": 7},
    ],
)
def test_a_sender_that_is_only_claimed_is_dropped(ann: Agent, bob: Agent, claim: dict[str, Any]) -> None:
    envelope = ann.seal(bob, "trust me") | {"from_handle": ann.handle, "from_verified": True} | claim
    assert ann.send_envelope(bob.handle, envelope).status_code == 200
    (message,) = inbox(bob)
    assert (message["from_handle"], message["from_verified"]) == (None, False)


@pytest.mark.parametrize("sender", [["a-handle"], 7, {}, True, None, ""])
def test_a_sender_that_is_no_string_is_none(ann: Agent, bob: Agent, sender: Any) -> None:
    envelope = ann.sign_envelope(bob.handle, ann.seal(bob, "hm"), from_handle=sender)
    assert ann.send_envelope(bob.handle, envelope).status_code == 200
    assert inbox(bob)[0]["from_handle"] is None


def test_a_wrong_signature_is_refused(ann: Agent, bob: Agent) -> None:
    carl = registered(ann.base_url)
    envelope = ann.seal(bob, "hello")
    good = ann.sign_envelope(bob.handle, envelope)
    wrong = {
        "by another key": bob.sign_envelope(bob.handle, envelope, from_handle=ann.handle),
        "for another recipient": ann.sign_envelope(carl.handle, envelope),
        "for another time": good | {"from_ts": good["from_ts"] + 1},
        "for another sender": good | {"from_handle": carl.handle},
        "for another envelope": good | {"ciphertext": ann.seal(bob, "other")["ciphertext"]},
        "for another nonce": good | {"nonce": ann.seal(bob, "other")["nonce"]},
        "for another ephemeral key": good | {"sender_eph_pub": carl.box_pub},
        "for upper case": ann.sign_envelope(bob.handle.upper(), envelope),
    }
    for name, body in wrong.items():
        response = ann.send_envelope(bob.handle, body)
        assert_refusal(response, 401, "bad from_handle signature", "bad_signature")
        assert inbox(bob) == [], name
    assert ann.send_envelope(bob.handle, good).status_code == 200


def test_an_envelope_counts_once(ann: Agent, bob: Agent) -> None:
    envelope = ann.seal(bob, "once")
    signed = ann.sign_envelope(bob.handle, envelope)
    assert ann.send_envelope(bob.handle, signed).status_code == 200
    again = ann.sign_envelope(bob.handle, envelope, from_ts=now_ms() + 7)
    for body in (signed, again):
        assert_refusal(ann.send_envelope(bob.handle, body), 401, "envelope already seen", "replayed")
    assert len(inbox(bob)) == 1
    # Acknowledged is not forgotten.
    assert bob.inbox_ack(inbox(bob)[0]["id"]).json() == {"ok": True, "removed": 1}
    assert_refusal(ann.send_envelope(bob.handle, signed), 401, "envelope already seen", "replayed")


def test_the_same_envelope_may_go_to_several_and_come_from_several(ann: Agent, bob: Agent) -> None:
    carl = registered(ann.base_url)
    envelope = ann.seal(bob, "to all")
    for sender, to in ((ann, bob), (ann, carl), (carl, bob)):
        assert sender.send_envelope(to.handle, sender.sign_envelope(to.handle, envelope)).status_code == 200
    assert [message["from_handle"] for message in inbox(bob)] == [ann.handle, carl.handle]


def test_one_may_write_to_oneself(ann: Agent) -> None:
    assert ann.dm(ann.handle, "note").status_code == 200
    assert [ann.open(message) for message in ann.inbox_drain()] == ["note"]


def test_an_inbox_is_read_page_by_page_until_it_is_drained(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    ann, bob = registered(server.url), registered(server.url)
    count = 101
    for number in range(count):
        envelope = ann.seal(bob, str(number))
        assert ann.send_envelope(bob.handle, ann.sign_envelope(bob.handle, envelope)).status_code == 200
    pages = [bob.inbox_wait().json()]
    while pages[-1]["messages"]:
        pages.append(bob.inbox_wait(pages[-1]["last_seq"]).json())
    assert [len(page["messages"]) for page in pages] == [50, 50, 1, 0]
    assert [page.get("has_more") for page in pages[:3]] == [True, True, False]
    for page in pages[:3]:
        assert set(page) == {"messages", "last_seq", "has_more"}
        assert page["last_seq"] == page["messages"][-1]["seq"]
    messages = [message for page in pages for message in page["messages"]]
    assert [bob.open(message) for message in messages] == [str(number) for number in range(count)]
    # Reading removes nothing; acknowledging does.
    assert len(bob.inbox_drain()) == count
    assert inbox(bob) == []


def test_exactly_a_page_has_no_more(shared_server: Server, ann: Agent, bob: Agent) -> None:
    for number in range(50):
        envelope = ann.seal(bob, str(number))
        ann.send_envelope(bob.handle, ann.sign_envelope(bob.handle, envelope))
    page = bob.inbox_wait().json()
    assert (len(page["messages"]), page["has_more"]) == (50, False)


def test_after_leaves_out_what_was_read(ann: Agent, bob: Agent) -> None:
    first, second, third = (ann.dm(bob.handle, text).json()["seq"] for text in ("a", "b", "c"))
    assert first < second < third
    for after, expected in ((0, [first, second, third]), (first, [second, third]), (second, [third])):
        assert [message["seq"] for message in inbox(bob, after)] == expected
    assert bob.inbox_wait(third).json() == {"messages": [], "last_seq": third, "has_more": False}
    # Numbers in queries are read leniently.
    for query, expected in (("after=-5", 3), ("after=x", 3), (f"after={second}.9", 1), (f"after={third}x", 0)):
        page = bob.signed("GET", f"/api/dm/{bob.handle}/inbox/wait?{query}&timeout=0").json()
        assert len(page["messages"]) == expected, query


def test_an_acknowledgement_removes_one_message(ann: Agent, bob: Agent) -> None:
    ids = [ann.dm(bob.handle, text).json()["id"] for text in "abc"]
    assert bob.inbox_ack(ids[1]).json() == {"ok": True, "removed": 1}
    assert bob.inbox_ack(ids[1]).json() == {"ok": True, "removed": 0}
    assert [message["id"] for message in inbox(bob)] == [ids[0], ids[2]]
    for unknown in ("no-such-id", "%2e%2e", "0", ids[0].upper() + "x"):
        assert bob.inbox_ack(unknown).json() == {"ok": True, "removed": 0}
    # An id opens nothing in another inbox.
    assert ann.inbox_ack(ids[0]).json() == {"ok": True, "removed": 0}
    assert len(inbox(bob)) == 2


def test_an_acknowledgement_needs_the_owner(ann: Agent, bob: Agent) -> None:
    message = ann.dm(bob.handle, "a").json()["id"]
    path = f"/api/dm/{bob.handle}/inbox/{message}"
    for response in (bob.request("DELETE", path), ann.signed("DELETE", path)):
        assert_refusal(response, 401, "bad or missing signature", "bad_signature")
    assert len(inbox(bob)) == 1


def test_nobody_reads_another_inbox(ann: Agent, bob: Agent) -> None:
    path = f"/api/dm/{bob.handle}/inbox/wait?timeout=0"
    for response in (bob.request("GET", path), ann.signed("GET", path)):
        assert_refusal(response, 401, "bad or missing signature", "bad_signature")
