"""`signalbox room` on a command line: what it prints and how it ends, with other clients and servers that go."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from agent import registered
from command_line import BARE, WITHIN, listening, printed, refused, signalbox
from conftest import ServerFactory
from false_relay import Relay
from relay_client import Room
from sdk import member_of
from sdk import signalbox as client
from server import BINARY, OPEN_LIMITS, Server, eventually, free_port, http_session
from test_room_page import key_of, link_of


@pytest.fixture
def room(shared_server: Server) -> Room:
    return Room(shared_server.url)


# Help


@pytest.mark.parametrize("command", [["room"], ["room", "new"], ["room", "send"], ["room", "read"]])
def test_help_says_how_to_call_it(command: list[str]) -> None:
    text = printed(*command, "--help")
    assert text.startswith("OVERVIEW: ")
    assert f"USAGE: signalbox {' '.join(command)} " in text
    assert printed("help", *command) == text
    assert max(map(len, text.splitlines())) <= 80


def test_help_says_what_a_link_is() -> None:
    assert "in quotes" in printed("room", "--help")
    assert "The link is the key" in printed("room", "new", "--help")
    assert "anybody could have taken" in printed("room", "read", "--help")


@pytest.mark.parametrize(
    "arguments", [["read"], ["send"], ["send", "-"], ["read", "LINK", "--after", "x"], ["read", "LINK", "--loud"], ["join"]]
)
def test_a_wrong_call_is_told_from_a_failure(arguments: list[str]) -> None:
    ended = signalbox("room", *arguments)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr.startswith("Error: ") and "Usage: signalbox" in ended.stderr


# Links


def test_new_prints_a_link_that_every_client_takes(shared_server: Server) -> None:
    links = [printed("room", "new", shared_server.url) for _ in range(2)]
    assert len(set(links)) == 2
    for link in links:
        assert re.fullmatch(rf"{shared_server.url}/room/[\w-]{{22}}#k=[\w-]{{43}}\n", link)
        with client.Room(link) as other:
            assert other.link == link.strip()
            other.send("from Python")
            assert printed("room", "read", link.strip()).endswith("> from Python\n")


def test_new_asks_no_server() -> None:
    assert printed("room", "new").startswith("http://127.0.0.1:3000/room/")
    assert printed("room", "new", "https://relay.example/").startswith("https://relay.example/room/")
    assert printed("room", "new", "http://[::1]:8080").startswith("http://[::1]:8080/room/")


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("{url}/room/{id}", "The link lacks its key"),
        ("{url}/room/{id}#", "The link lacks its key"),
        ("{url}/room/{id}#key={key}", "The link lacks its key"),
        ("{url}/room/{id}#k={key}AAAA", "The key in the link is damaged"),
        ("{url}/room/{id}#k=!!!", "The key in the link is damaged"),
        ("{url}/#k={key}", "no link to a room"),
        ("{url}/room/#k={key}", "no link to a room"),
        ("{url}/room/{id}/events#k={key}", "no link to a room"),
        ("ftp://relay.example/room/{id}#k={key}", "no address of a server"),
        ("{id}", "no address of a server"),
        ("{url}/room/x#k={key}", "bad roomId"),
    ],
)
def test_a_bad_link_gets_a_sentence_without_its_key(room: Room, link: str, sentence: str) -> None:
    key = link_of(room).partition("#k=")[2]
    given = link.format(url=room.base_url, id=room.id, key=key)
    for arguments in (["read", given], ["send", given, "hello"], ["read", given, "--follow"]):
        said = refused("room", *arguments)
        assert sentence in said
        assert key not in said


def test_a_link_by_standard_input_may_end_as_lines_do(room: Room) -> None:
    room.send("hello", sender="bot")
    for end in ("", "\n", "\r\n"):
        assert printed("room", "read", "-", input=link_of(room) + end).endswith(" <bot> hello\n")


# Sending


def test_what_is_sent_arrives_as_it_was_given(room: Room) -> None:
    link = link_of(room)
    assert printed("room", "send", link, "an argument: é 🚦", "--name", "shell") == ""
    assert printed("room", "send", link, input="standard input\nas a whole\n") == ""
    assert printed("room", "send", "-", "the link by standard input", input=link + "\n") == ""
    assert printed("room", "send", link, "") == ""
    messages = room.transcript()["messages"]
    assert [room.open(message) for message in messages] == [
        "an argument: é 🚦", "standard input\nas a whole\n", "the link by standard input", "",
    ]  # fmt: skip
    assert [message["sender"] for message in messages] == ["shell", "signalbox", "signalbox", "signalbox"]
    assert len({message["nonce"] for message in messages}) == 4


def test_what_is_no_text_is_not_sent(room: Room) -> None:
    ended = signalbox("room", "send", link_of(room), input=b"\xff\xfe")
    assert ended.returncode in (1, 64) and "no text in UTF-8" in ended.stderr
    assert room.transcript()["messages"] == []


def test_a_text_of_the_greatest_size_goes_through_and_a_longer_one_is_refused(room: Room) -> None:
    link = link_of(room)
    printed("room", "send", link, input="x" * 98_288)
    for length in (98_289, 300_000):
        refused("room", "send", link, input="x" * length)
    [message] = room.transcript()["messages"]
    assert room.open(message) == "x" * 98_288
    assert printed("room", "read", link).endswith("x\n")


# Reading


def test_reading_prints_a_line_each(room: Room) -> None:
    seqs = [room.send(text, sender=sender)["seq"] for text, sender in (("one", "ann"), ("two\nlines", "a b"))]
    Room(room.base_url, room.id).send("of another key", sender="eve")
    link = link_of(room)
    lines = printed("room", "read", link).splitlines()
    assert lines[:2] == [f"{seqs[0]} <ann> one", f"{seqs[1]} <a b> two lines"]
    assert lines[2].endswith(" <eve> (can't be read with this key)") and len(lines) == 3
    assert printed("room", "read", link, "--after", str(seqs[0])).splitlines() == lines[1:]
    assert printed("room", "read", link, "--after", str(2**53)) == ""
    # In JSON everything is as it came.
    objects = [json.loads(line) for line in printed("room", "read", link, "--json").splitlines()]
    assert [one.get("text") for one in objects] == ["one", "two\nlines", None]
    assert "text" not in objects[2] and all(one["ts"] > 0 for one in objects)
    assert [(one["seq"], one["sender"], one["verified"]) for one in objects[:2]] == [
        (seqs[0], "ann", False), (seqs[1], "a b", False),
    ]  # fmt: skip


def test_an_unopened_room_is_read_as_empty(room: Room) -> None:
    assert printed("room", "read", link_of(room)) == printed("room", "read", link_of(room), "--json") == ""


def test_many_messages_come_page_by_page_in_order(room: Room) -> None:
    for number in range(230):
        room.send(str(number))
    lines = printed("room", "read", link_of(room)).splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == [str(number) for number in range(230)]


def test_a_verified_sender_is_told_from_who_calls_itself_so(room: Room) -> None:
    ann = registered(room.base_url)
    assert http_session().post(room.url("messages"), json=ann.sign_message(room.id, room.seal("signed"))).ok
    room.send("claimed", sender=f"@{ann.handle}")
    signed, claimed = printed("room", "read", link_of(room)).splitlines()
    assert re.fullmatch(rf"\d+ @+{ann.handle} signed", signed)
    assert re.fullmatch(rf"\d+ <@{ann.handle}> claimed", claimed)
    objects = [json.loads(line) for line in printed("room", "read", link_of(room), "--json").splitlines()]
    assert [one["verified"] for one in objects] == [True, False]


def test_what_others_write_commands_no_terminal(room: Room) -> None:
    room.send("red \x1b[31m, title \x1b]0;x\x07, back \r\b, C1 \x9b2J, turned \u202e\u2066, lines \n\u2028\u2029", sender="a\u202e\x1b")
    [line] = printed("room", "read", link_of(room)).split("\n")[:-1]
    assert line.isprintable()
    assert "red  [31m" in line and "<a  >" in line


def test_the_python_client_and_the_command_understand_each_other(shared_server: Server) -> None:
    with client.Room.create(shared_server.url, name="python") as python:
        python.send("from Python: é 🚦")
        assert printed("room", "read", python.link).endswith(" <python> from Python: é 🚦\n")
        printed("room", "send", python.link, "from the shell", "--name", "shell")
        [message] = python.poll(0, timeout=10)
        assert (message.text, message.sender, message.readable) == ("from the shell", "shell", True)
        assert member_of(python).open(member_of(python).transcript()["messages"][1]) == "from the shell"


# Following


def test_following_goes_on_over_restarts_until_it_is_interrupted(server: Server, tmp_path: Path) -> None:
    room = Room(server.url)
    room.send("before", sender="bot")
    with listening("room", "read", link_of(room), "--follow", directory=tmp_path) as listener:
        listener.await_line(" <bot> before")
        for end, text in ((server.stop, "after a stop"), (server.kill, "after a crash")):
            before = len(listener.remarks)
            end()
            eventually(lambda before=before: len(listener.remarks) > before, f"a remark, {text}", WITHIN)
            server.start()
            room.send(text, sender="bot")
            listener.await_line(f" <bot> {text}")
        assert [line.partition("> ")[2] for line in listener.lines] == ["before", "after a stop", "after a crash"]
        assert set(listener.remarks) == {
            f"No server answers at {server.url}. Is the address right, and is it running? Trying again."
        }
        listener.process.send_signal(signal.SIGINT)
        assert listener.process.wait(WITHIN) in (-signal.SIGINT, 0, 130)
        assert len(listener.lines) == 3 and "rror" not in " ".join(listener.remarks)


def test_what_is_piped_ends_with_its_reader(room: Room) -> None:
    for text in ("first", "second"):
        room.send(text, sender="bot")
    script = f'"{BINARY}" room read - --follow | head -n 2'
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=BARE) as shell:
        assert shell.stdin is not None and shell.stdout is not None
        shell.stdin.write(link_of(room).encode())
        shell.stdin.close()
        assert [shell.stdout.readline().rpartition(b" ")[2] for _ in range(2)] == [b"first\n", b"second\n"]
        try:
            # What comes when head has gone finds nobody.
            eventually(lambda: room.send("more") and shell.poll() is not None, "the command ends", WITHIN)
        finally:
            shell.kill()
        assert shell.returncode == 0


def test_a_key_shows_in_no_list_of_processes_unless_it_was_put_there(room: Room, tmp_path: Path) -> None:
    room.send("hello", sender="bot")
    with listening("room", "read", "-", "--follow", directory=tmp_path, input=link_of(room) + "\n") as listener:
        listener.await_line(" <bot> hello")
        shown = b"".join(
            Path(f"/proc/{listener.process.pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")
        )
        assert b"--follow" in shown
        assert link_of(room).partition("#k=")[2].encode() not in shown and key_of(room).hex().encode() not in shown
        children = Path(f"/proc/{listener.process.pid}/task/{listener.process.pid}/children").read_text()
        assert children == ""


# Servers


def test_without_a_server_it_says_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    link = printed("room", "new", url).strip()
    for arguments in (["read", link], ["send", link, "hello"]):
        assert refused("room", *arguments) == f"No server answers at {url}. Is the address right, and is it running?"


def test_a_limit_is_waited_for(start_server: ServerFactory) -> None:
    # One at once, then one a second: the second one waits.
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "1"})
    room = Room(server.url)
    for number in range(3):
        printed("room", "send", link_of(room), str(number))
    assert server.metrics()["http_429"] > 0
    assert [room.open(message) for message in room.transcript()["messages"]] == ["0", "1", "2"]


def test_a_limit_that_lasts_is_told() -> None:
    with Relay() as relay:
        relay.answer = lambda handler: handler.respond(429, {"error": "slowly"}, Retry_After="1")
        for arguments in (["read"], ["send"]):
            relay.paths.clear()
            assert refused("room", *arguments, link_of(Room(relay.url)), input="x") == "The server refuses: slowly."
            assert len(relay.paths) == 5
        relay.shutdown()


def test_a_message_in_the_other_base64_is_read_and_a_copy_of_it_is_none(room: Room) -> None:
    # Servers take either alphabet and hand it on as it came.
    def other(sealed: dict[str, str]) -> dict[str, str]:
        return {name: value.replace("+", "-").replace("/", "_") for name, value in sealed.items()}

    sealed = next(each for each in iter(lambda: room.seal("x" * 90), None) if other(each)["nonce"] != each["nonce"])
    for body in (other(sealed), sealed):
        answer = http_session().post(room.url("messages"), json=body | {"sender": "bot"})
        assert answer.status_code == 200
    assert printed("room", "read", link_of(room)).split("> ")[1:] == ["x" * 90 + "\n"]
