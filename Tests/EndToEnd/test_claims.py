"""Claims: the next message of somebody else, handed out at least once, until it is acknowledged."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests

from agent import Agent, registered
from conftest import ServerFactory
from exposition import total
from server import OPEN_LIMITS, Server, eventually
from wire import GOOD, good, new_room, post, post_well, transcript

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SHORT_LEASE = OPEN_LIMITS | {"CLAIM_TTL_MS": "1000"}


def claim(agent: Agent, room: str, **options: Any) -> dict[str, Any]:
    """What a claim answers that doesn't wait."""
    response = agent.claim(room, **{"timeout": 0, **options})
    assert response.status_code == 200, response.text
    return response.json()


def ack(agent: Agent, room: str, claimed: dict[str, Any]) -> dict[str, Any]:
    response = agent.ack(room, claimed["claim_id"], claimed["message"]["seq"])
    assert response.status_code == 200, response.text
    return response.json()


def assert_stale(response: requests.Response, cursor: int) -> None:
    assert response.status_code == 409, response.text
    assert response.json() == {"error": "stale or unknown claim", "reason": "stale_claim", "cursor": cursor}


def test_one_message_after_the_other(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    seqs = [post_well(shared_server, room, sender="bob", reply_to=f"number-{n}") for n in range(3)]
    cursor = seqs[0] - 1
    for number, seq in enumerate(seqs):
        claimed = claim(agent, room)
        assert claimed["message"]["seq"] == seq
        assert claimed["message"]["reply_to"] == f"number-{number}"
        assert (claimed["cursor"], claimed["last_seq"]) == (cursor, seqs[-1])
        assert ack(agent, room, claimed) == {"ok": True, "advanced": True, "cursor": seq}
        cursor = seq
    assert claim(agent, room) == {"ok": True, "empty": True, "last_seq": cursor, "cursor": cursor}


def test_a_claim_again_before_the_ack_is_the_same_claim(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    post_well(shared_server, room, sender="bob")
    first = claim(agent, room)
    last = post_well(shared_server, room, sender="bob")
    for _ in range(3):
        assert claim(agent, room) == first | {"last_seq": last}
    assert ack(agent, room, first)["advanced"] is True
    assert claim(agent, room)["message"]["seq"] == last


def test_a_claim_has_the_fields_of_the_original(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    plain = post(shared_server, good(sender="bob"), room).json()
    rich = post(shared_server, good(sender="bob", ttl_ms=3_600_000, reply_to="12345678"), room).json()
    kept = {message["seq"]: message for message in transcript(shared_server, room)["messages"]}
    envelope = ["seq", "id", "sender", "ciphertext", "nonce", "ts", "sender_verified"]
    for sent, fields in ((plain, envelope), (rich, [*envelope, "ttl_ms", "reply_to"])):
        response = agent.claim(room, timeout=0)
        claimed = json.loads(response.text, object_pairs_hook=list)
        assert [name for name, _ in claimed] == ["ok", "claim_id", "message", "cursor", "last_seq"]
        assert sorted(name for name, _ in dict(claimed)["message"]) == sorted(fields)
        body = response.json()
        assert body["ok"] is True
        assert re.fullmatch(UUID, body["claim_id"])
        # The message is the one that everybody else sees.
        assert body["message"] == kept[sent["seq"]]
        assert body["message"]["id"] == sent["id"]
        ack(agent, room, body)


def test_a_signed_message_comes_with_its_proven_sender(shared_server: Server) -> None:
    agent, bob, room = registered(shared_server.url), registered(shared_server.url), new_room()
    assert post(shared_server, bob.sign_message(room, good(sender="somebody else")), room).status_code == 200
    message = claim(agent, room)["message"]
    assert (message["sender"], message["sender_verified"]) == (f"@{bob.handle}", True)


@pytest.mark.parametrize("label", ["{handle}", "@{handle}", "alias"])
def test_messages_of_the_claimers_own_are_skipped(shared_server: Server, label: str) -> None:
    agent, room = registered(shared_server.url), new_room()
    own = post_well(shared_server, room, sender=label.format(handle=agent.handle))
    options = {"exclude_senders": ["alias"]} if label == "alias" else {}
    assert claim(agent, room, **options) == {"ok": True, "empty": True, "last_seq": own, "cursor": own - 1}
    foreign = post_well(shared_server, room, sender="bob")
    post_well(shared_server, room, sender=label.format(handle=agent.handle))
    claimed = claim(agent, room, **options)
    assert claimed["message"]["seq"] == foreign
    ack(agent, room, claimed)
    assert claim(agent, room, **options)["empty"] is True


def test_a_name_that_only_looks_like_the_claimers_own_is_somebody_else(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    for sender in (agent.handle.upper(), f"@@{agent.handle}", f"{agent.handle}2", f" {agent.handle}"):
        seq = post_well(shared_server, room, sender=sender)
        claimed = claim(agent, room)
        assert (claimed["message"]["seq"], claimed["message"]["sender"]) == (seq, sender)
        ack(agent, room, claimed)


def test_what_is_no_label_excludes_nobody(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    seq = post_well(shared_server, room, sender="bob")
    for junk in ("bob", {"bob": 1}, [["bob"], {"a": "bob"}, 5, None, "", "b" * 65], None, 7):
        assert claim(agent, room, exclude_senders=junk)["message"]["seq"] == seq, junk
    assert "empty" in claim(registered(shared_server.url), room, exclude_senders=[5, "bob", None])


def test_a_label_of_64_utf16_units_is_excluded(shared_server: Server) -> None:
    room = new_room()
    label = "😀" * 32
    post_well(shared_server, room, sender=label)
    assert claim(registered(shared_server.url), room, exclude_senders=[label])["empty"] is True


def test_every_agent_has_a_cursor_of_its_own(shared_server: Server) -> None:
    ann, bob, room = registered(shared_server.url), registered(shared_server.url), new_room()
    first, second = (post_well(shared_server, room, sender="carol") for _ in range(2))
    of_ann, of_bob = claim(ann, room), claim(bob, room)
    assert of_ann["message"]["seq"] == of_bob["message"]["seq"] == first
    assert of_ann["claim_id"] != of_bob["claim_id"]
    ack(ann, room, of_ann)
    assert claim(ann, room)["message"]["seq"] == second
    assert claim(bob, room) == of_bob
    # Neither can end the other's claim.
    assert_stale(ann.ack(room, of_bob["claim_id"], second), first)
    assert ack(bob, room, of_bob)["cursor"] == first


def test_every_room_has_a_cursor_of_its_own(shared_server: Server) -> None:
    agent, rooms = registered(shared_server.url), [new_room(), new_room()]
    for room in rooms:
        post_well(shared_server, room, sender="bob")
    one, two = (claim(agent, room) for room in rooms)
    assert_stale(agent.ack(rooms[1], one["claim_id"], two["message"]["seq"]), two["cursor"])
    ack(agent, rooms[0], one)
    assert claim(agent, rooms[1]) == two


def test_a_crashed_claimer_gets_the_same_message_again_after_the_lease(start_server: ServerFactory) -> None:
    server = start_server(**SHORT_LEASE)
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room, sender="bob")
    post_well(server, room, sender="bob")
    lost = claim(agent, room)
    again = eventually(
        lambda: (c := claim(agent, room))["claim_id"] != lost["claim_id"] and c, "a new claim", timeout=5
    )
    assert again["message"] == lost["message"]
    # What the crashed one was doing may end late: it must not count twice.
    assert_stale(agent.ack(room, lost["claim_id"], seq), seq - 1)
    assert ack(agent, room, again) == {"ok": True, "advanced": True, "cursor": seq}


def test_an_ack_after_the_lease_is_stale_even_when_nobody_claimed_since(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"CLAIM_TTL_MS": "1"})
    agent, room = registered(server.url), new_room()
    seq = post_well(server, room, sender="bob")
    claimed = claim(agent, room)
    eventually(lambda: agent.ack(room, claimed["claim_id"], seq).status_code == 409, "a stale ack", timeout=1)
    assert claim(agent, room)["message"]["seq"] == seq


def test_an_ack_of_something_older_changes_nothing(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    seqs = [post_well(shared_server, room, sender="bob") for _ in range(3)]
    first = claim(agent, room)
    ack(agent, room, first)
    second = claim(agent, room)
    for seq in (seqs[0], seqs[0] - 1, 1, -1):
        for claim_id in (first["claim_id"], second["claim_id"], ""):
            answer = agent.ack(room, claim_id, seq)
            assert (answer.status_code, answer.json()) == (200, {"ok": True, "advanced": False, "cursor": seqs[0]}), seq
    # The second is still out.
    assert claim(agent, room) == second
    assert ack(agent, room, second)["cursor"] == seqs[1]


def test_an_ack_that_fits_no_claim_is_stale(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    seq, other = (post_well(shared_server, room, sender="bob") for _ in range(2))
    claimed = claim(agent, room)
    right = claimed["claim_id"]
    for claim_id, number in (("", seq), ("x", seq), (right.upper(), seq), (right, other), (right, 2**62), (right, 0)):
        assert_stale(agent.ack(room, claim_id, number), seq - 1)
    ack(agent, room, claimed)
    assert_stale(agent.ack(room, right, other), seq)
    assert claim(agent, room)["message"]["seq"] == other


@pytest.mark.parametrize("form", ["{}", "{}.9", "{}abc", " {}", "+{}"])
def test_the_seq_of_an_ack_is_read_as_parse_int_does(shared_server: Server, form: str) -> None:
    agent, room = registered(shared_server.url), new_room()
    seq = post_well(shared_server, room, sender="bob")
    body = {"handle": agent.handle, "claim_id": claim(agent, room)["claim_id"], "seq": form.format(seq)}
    answer = agent.signed("POST", f"/api/rooms/{room}/ack", json=body)
    assert answer.json() == {"ok": True, "advanced": True, "cursor": seq}


@pytest.mark.parametrize("seq", ["abc", "", None, [], {}, True, "NaN"], ids=repr)
def test_a_seq_that_is_no_number_fits_no_claim(shared_server: Server, seq: Any) -> None:
    agent, room = registered(shared_server.url), new_room()
    first = post_well(shared_server, room, sender="bob")
    body = {"handle": agent.handle, "claim_id": claim(agent, room)["claim_id"], "seq": seq}
    assert_stale(agent.signed("POST", f"/api/rooms/{room}/ack", json=body), first - 1)


def test_a_fraction_is_cut_off_a_seq(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    seq = post_well(shared_server, room, sender="bob")
    body = {"handle": agent.handle, "claim_id": claim(agent, room)["claim_id"], "seq": seq + 0.5}
    assert agent.signed("POST", f"/api/rooms/{room}/ack", json=body).json()["cursor"] == seq


def test_nothing_to_acknowledge_where_nothing_was_claimed(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    for known in (False, True):
        if known:
            post_well(shared_server, room)
        answer = agent.ack(room, "00000000-0000-4000-8000-000000000000", 5)
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "advanced": False, "cursor": 0})


def test_claiming_opens_no_room(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    missing = {"ok": True, "empty": True, "last_seq": 0, "cursor": 0, "exists": False}
    assert claim(agent, room, timeout=30) == missing
    assert shared_server.get(f"/api/rooms/{room}/status").json()["exists"] is False


def test_the_cursor_outlives_the_room(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOMS_MAX": "1"})
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    ack(agent, room, claim(agent, room))
    post_well(server, new_room())
    assert claim(agent, room)["exists"] is False
    seq = post_well(server, room, sender="bob")
    assert claim(agent, room)["message"]["seq"] == seq


def test_a_handle_may_be_written_in_upper_case(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room()
    post_well(shared_server, room, sender=agent.handle)
    seq = post_well(shared_server, room, sender="bob")
    assert claim(agent, room, handle=agent.handle.upper())["message"]["seq"] == seq


def test_the_id_of_a_room_keeps_its_case(shared_server: Server) -> None:
    agent, room = registered(shared_server.url), new_room() + "Xx"
    post_well(shared_server, room, sender="bob")
    assert claim(agent, room.lower())["exists"] is False
    response = agent.signed("POST", f"/API/Rooms/{room}/CLAIM/?timeout=0", json={"handle": agent.handle})
    assert response.json()["message"]["ciphertext"] == GOOD["ciphertext"]


def test_claims_are_counted(server: Server) -> None:
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender="bob")
    claimed = claim(agent, room)
    claim(agent, room)
    ack(agent, room, claimed)
    agent.ack(room, "x", claimed["message"]["seq"] + 1)
    claim(agent, room)
    text = server.exposition()
    for event in ("claimed", "again", "acked", "stale_ack", "empty"):
        assert total(text, "signalbox_claims_total", event=event) == 1, event
