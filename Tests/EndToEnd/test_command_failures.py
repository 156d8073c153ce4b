"""`signalbox room` and `signalbox dm` when something goes wrong on the way or at the shell."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from agent import Agent, fresh_handle, registered
from command_line import BARE, WITHIN, printed, refused, signalbox
from false_relay import Handler, Relay, relay  # noqa: F401
from relay_client import Room
from server import BINARY, Server
from test_command_attacks import agent_file, always  # noqa: F401
from test_dm_command import new_agent
from test_room_page import link_of

# Rooms


def test_an_envelope_that_was_sent_twice_is_printed_once(shared_server: Server) -> None:
    room = Room(shared_server.url)
    envelope = room.seal("only once", sender="page")
    for _ in range(3):
        assert shared_server.post(f"/api/rooms/{room.id}/messages", json=envelope).status_code == 200
    room.send("the end", sender="bot")
    lines = printed("room", "read", link_of(room)).splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["<page> only once", "<bot> the end"]


def test_a_verified_sender_has_one_sign(shared_server: Server) -> None:
    ann, room = registered(shared_server.url), Room(shared_server.url)
    assert shared_server.post(f"/api/rooms/{room.id}/messages", json=ann.sign_message(room.id, room.seal("signed"))).ok
    assert printed("room", "read", link_of(room)).split(" ", 1)[1] == f"@{ann.handle} signed\n"


def test_json_commands_no_terminal_and_means_what_was_sent(shared_server: Server) -> None:
    room = Room(shared_server.url)
    text = "red \x1b[31m C1 \x9b2J \x7f turned \u202e lines \n\u2028 family 👨\u200d👩\u200d👧 tag \U000e0041 é"
    room.send(text, sender="a\u202eb")
    line = printed("room", "read", link_of(room), "--json").removesuffix("\n")
    assert line.isprintable() and "é" in line
    assert (json.loads(line)["text"], json.loads(line)["sender"]) == (text, "a\u202eb")


# Agents


def test_all_of_a_long_inbox_is_shown_and_kept(shared_server: Server, tmp_path: Path) -> None:
    handle, ann = new_agent(shared_server, tmp_path), registered(shared_server.url)
    for number in range(120):
        assert ann.dm(handle, str(number)).ok
    expected = [f"@{ann.handle} {number}" for number in range(120)]
    for options in (["--keep"], ["--keep"], []):
        assert printed("dm", "read", "--agent", f"{handle}.agent", *options, directory=tmp_path).splitlines() == expected


def test_a_lost_answer_loses_no_agent(relay: Relay, shared_server: Server, tmp_path: Path) -> None:
    """The handle may be taken by then: its keys must not be thrown away, and the same call must do."""

    def hang_up(handler: Handler) -> None:
        handler.close_connection = True

    handle = fresh_handle()
    relay.answer = hang_up
    register = ("dm", "register", handle, "--server", relay.url)
    ended = signalbox(*register, directory=tmp_path)
    assert ended.returncode == 1 and f"The keys stay in {handle}.agent" in ended.stderr
    kept = (tmp_path / f"{handle}.agent").read_bytes()
    relay.answer = always(201, {})
    printed(*register, directory=tmp_path)
    assert (tmp_path / f"{handle}.agent").read_bytes() == kept
    # A real server has nothing against it either.
    for _ in range(2):
        printed("dm", "register", f"{handle}-2"[:32], "--server", shared_server.url, directory=tmp_path)
    # Another handle or server isn't what the file is for.
    other = ("--file", f"{handle}.agent", "--server", relay.url)
    assert "is there already" in refused("dm", "register", fresh_handle(), *other, directory=tmp_path)
    assert (tmp_path / f"{handle}.agent").read_bytes() == kept


def test_a_handle_names_its_file_as_servers_write_it(shared_server: Server, tmp_path: Path) -> None:
    handle = fresh_handle()
    printed("dm", "register", f"@{handle.upper()}", "--server", shared_server.url, directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{handle}.agent"]


@pytest.mark.parametrize("change", [{"handle": "a b"}, {"handle": "../x"}, {"origin": "ftp://x"}, {"origin": ""}])
def test_a_file_that_leads_nowhere_is_no_agent(agent_file: str, change: dict[str, str]) -> None:
    content = json.loads(Path(agent_file).read_text())
    Path(agent_file).write_text(json.dumps(content | change))
    assert refused("dm", "read", "--agent", agent_file) == f"{agent_file} holds no agent."


def test_a_full_disk_leaves_no_half_an_agent(shared_server: Server, tmp_path: Path) -> None:
    handle = fresh_handle()

    def fill_the_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

    # Its words go into pipes, which have no such limit.
    ended = subprocess.run(
        [BINARY, "dm", "register", handle, "--server", shared_server.url], cwd=tmp_path, env=BARE,
        capture_output=True, timeout=WITHIN, preexec_fn=fill_the_disk, restore_signals=False, check=False,
    )  # fmt: skip
    assert ended.returncode != 0 and ended.stderr.startswith(b"Error: ")
    assert Agent(shared_server.url, handle).lookup().status_code == 404
    assert not (tmp_path / f"{handle}.agent").exists()


# The shell


def test_a_reader_that_goes_away_is_no_error(shared_server: Server) -> None:
    room = Room(shared_server.url)
    for number in range(2_000):
        room.send(f"{number} " + "x" * 100)
    reading = subprocess.Popen(
        [BINARY, "room", "read", link_of(room)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BARE
    )
    assert reading.stdout is not None and reading.stderr is not None
    reading.stdout.readline()
    reading.stdout.close()
    assert reading.stderr.read() == b""
    assert reading.wait(WITHIN) == 141


@pytest.mark.parametrize("command", [["room", "new"], ["room", "read"]])
def test_what_cant_be_printed_is_no_success(shared_server: Server, command: list[str]) -> None:
    room = Room(shared_server.url)
    room.send("hello")
    arguments = [shared_server.url] if command == ["room", "new"] else [link_of(room)]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([BINARY, *command, *arguments], stdout=full, stderr=subprocess.PIPE, env=BARE, check=False)
    assert ended.returncode == 1 and ended.stderr == b"Error: Standard output can't be written.\n"


def test_a_link_with_a_key_in_the_wrong_place_isnt_repeated(shared_server: Server) -> None:
    link = link_of(Room(shared_server.url))
    said = refused("room", "new", link.removeprefix("http://"))
    assert link.partition("#k=")[2] not in said


def test_white_space_around_a_link_is_no_part_of_it(shared_server: Server) -> None:
    room = Room(shared_server.url)
    room.send("hello", sender="bot")
    for given in (f" {link_of(room)}", f"{link_of(room)}\n"):
        assert printed("room", "read", given).endswith(" <bot> hello\n")


def test_a_message_that_no_server_takes_is_told_in_words(shared_server: Server) -> None:
    link = link_of(Room(shared_server.url))
    assert refused("room", "send", link, input="x" * 98_289) == "The text is too long: a message takes 98288 bytes."
    for name in ("", "n" * 65):
        assert refused("room", "send", link, "hi", "--name", name) == "A name has 1 to 64 characters."
