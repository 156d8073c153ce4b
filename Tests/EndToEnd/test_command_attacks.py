"""`signalbox room` and `signalbox dm` before servers that are broken or mean it ill."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent import Agent
from command_line import WITHIN, listening, printed, refused
from false_relay import Answer, Handler, Relay, relay  # noqa: F401
from relay_client import Room
from sdk import signalbox as client
from server import eventually
from test_room_page import link_of

NONSENSE = "{url} answers, but not as a relay does."


@pytest.fixture
def link(relay: Relay) -> str:
    return link_of(Room(relay.url))


@pytest.fixture
def agent_file(relay: Relay, tmp_path: Path) -> str:
    keys = Agent(relay.url, "ann")
    client.Agent(relay.url, "ann", keys.box_key, keys.sign_key).save(tmp_path / "ann.agent")
    return str(tmp_path / "ann.agent")


def commands(link: str, agent_file: str) -> list[list[str]]:
    """All that ask a server."""
    return [
        ["room", "read", link], ["room", "send", link, "x"],
        ["dm", "read", "--agent", agent_file], ["dm", "send", "bob", "x", "--agent", agent_file],
    ]  # fmt: skip


def always(status: int, body: Any = b"", **headers: str) -> Answer:
    return lambda handler: handler.respond(status, body, **headers)


# Refusals


@pytest.mark.parametrize("wait", ["nan", "inf", "-1", "1e400", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_no_wait_that_a_server_asks_for_takes_it_down(relay: Relay, link: str, wait: str) -> None:
    relay.answer = always(429, {"error": "slowly"}, Retry_After=wait)
    assert refused("room", "read", link) == "The server refuses: slowly."
    assert len(relay.paths) == 5
    assert relay.times[-1] - relay.times[0] > 2, "it waited between the tries"


def test_a_servers_words_command_no_terminal_and_fill_none(relay: Relay, link: str, agent_file: str) -> None:
    relay.answer = always(400, {"error": "\x1b]0;x\x07\x1b[2J\n\u202e\x9bno", "detail": "e" + "\u0301" * 1_000_000})
    for command in commands(link, agent_file):
        said = refused(*command)
        assert said.startswith("The server refuses: ") and said.isprintable() and len(said) < 400


def test_a_redirect_is_followed_nowhere(relay: Relay, link: str, agent_file: str) -> None:
    with Relay() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            relay.answer = always(status, Location=elsewhere.url + "/api")
            for command in commands(link, agent_file):
                assert refused(*command) == f"{relay.url} sends its clients elsewhere. Use that address, if you trust it."
        assert elsewhere.paths == []
        elsewhere.shutdown()


# Answers


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"5", b"\xff\xfe", b"<html>", b'{"messages":' + b"[" * 500_000,
     b'{"messages":"' + b"x" * 20_000_000 + b'"}', {}, {"messages": {"a": 1}}, {"messages": None}],
    ids=["empty", "half", "array", "null", "number", "no text", "page", "deep", "huge", "no messages", "object", "none"],
)  # fmt: skip
def test_nonsense_is_called_so(relay: Relay, link: str, agent_file: str, body: Any) -> None:
    relay.answer = always(200, body)
    for command in (["room", "read", link], ["room", "read", link, "--follow"], ["dm", "read", "--agent", agent_file]):
        assert refused(*command) == NONSENSE.format(url=relay.url)


def test_an_answer_that_drips_for_ever_is_given_up(relay: Relay, link: str) -> None:
    def drip(handler: Handler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.5)

    relay.answer = drip
    refused("room", "read", link)


def message_of(room: Room, text: str = "hi", **fields: Any) -> dict[str, Any]:
    return {"seq": 1, "id": "x" * 8, "sender": "s", "sender_verified": False, "ts": 1} | room.seal(text) | fields


def test_what_is_no_message_hides_none(relay: Relay) -> None:
    room = Room(relay.url)
    odd = [
        None, 5, "x", [], {}, *(message_of(room, seq=seq) for seq in (None, "5", -1, 1.5, 1e300, 2**53, [], {})),
        message_of(room, ciphertext=7), message_of(room, nonce=None),
    ]  # fmt: skip
    good = [
        message_of(room, "first", seq=1, ts=1e300), message_of(room, "second", seq=2, sender=5, ts="x"),
        message_of(room, seq=3, nonce="AAAA"), message_of(room, seq=4, ciphertext="%"),
    ]  # fmt: skip
    relay.answer = lambda handler: handler.respond(200, {"messages": [*odd, *good] if "after=0" in handler.path else []})
    unreadable = "(can't be read with this key)"
    assert printed("room", "read", link_of(room)).splitlines() == [
        "1 <s> first", "2 <> second", f"3 <s> {unreadable}", f"4 <s> {unreadable}",
    ]  # fmt: skip
    assert len(printed("room", "read", link_of(room), "--json").splitlines()) == 4


def test_a_server_that_repeats_itself_is_heard_once(relay: Relay, agent_file: str) -> None:
    room = Room(relay.url)
    relay.answer = always(200, {"messages": [message_of(room, "nine", seq=9), message_of(room, "three", seq=3)]})
    assert printed("room", "read", link_of(room)) == "9 <s> nine\n"
    envelope = {"seq": 1, "id": "x" * 8, "ts": 1} | Agent(relay.url).seal(Agent(relay.url), "x")
    relay.answer = always(200, {"messages": [envelope]})
    assert printed("dm", "read", "--agent", agent_file).count("\n") == 1


# Waiting


@pytest.mark.parametrize("answer", [{"messages": [], "exists": False}, {"messages": [{}]}, None])
def test_a_server_that_doesnt_wait_isnt_asked_without_a_pause(
    relay: Relay, link: str, agent_file: str, tmp_path: Path, answer: Any
) -> None:
    relay.answer = always(502) if answer is None else always(200, answer)
    for number, command in enumerate((["room", "read", link], ["dm", "read", "--agent", agent_file])):
        (tmp_path / str(number)).mkdir()
        relay.times.clear()
        with listening(*command, "--follow", directory=tmp_path / str(number)) as listener:
            eventually(lambda: len(relay.times) > 3, "it goes on", WITHIN)
            assert listener.process.poll() is None
            assert relay.times[3] - relay.times[0] > 2
            assert len(listener.remarks) == (answer is None), "one remark for one outage"


def test_an_acknowledgement_that_fails_ends_no_following(relay: Relay, agent_file: str, tmp_path: Path) -> None:
    envelope = {"seq": 1, "id": "x" * 8, "ts": 1} | Agent(relay.url).seal(Agent(relay.url), "x")
    relay.answer = lambda handler: (
        handler.respond(502) if handler.command == "DELETE" else handler.respond(200, {"messages": [envelope]})
    )
    with listening("dm", "read", "--agent", agent_file, "--follow", directory=tmp_path) as listener:
        eventually(lambda: len(relay.paths) > 4, "it goes on", WITHIN)
        assert listener.process.poll() is None
