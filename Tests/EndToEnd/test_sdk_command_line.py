"""The Python client as a program: a room from a shell."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agent import registered
from sdk import SDK, member_of, signalbox
from server import Server


def test_the_command_line_makes_writes_and_reads_a_room(shared_server: Server) -> None:
    def run(*arguments: str, **options: Any) -> str:
        command = [sys.executable, str(SDK), "room", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    link = run("new", shared_server.url).strip()
    seq = run("send", link, "hello", "--name", "shell").strip()
    run("send", "-", "-", "--name", "pipe", input="\x1b[31mred", env={"SIGNALBOX_ROOM": link})
    assert run("read", link).splitlines() == [f"{seq} <shell>: hello", f"{int(seq) + 1} <pipe>: ?[31mred"]
    assert run("read", link, "--after", seq).splitlines() == [f"{int(seq) + 1} <pipe>: ?[31mred"]


def test_no_name_and_no_text_passes_for_a_verified_sender(shared_server: Server) -> None:
    ann = registered(shared_server.url)
    with signalbox.Room.create(shared_server.url) as room:
        member = member_of(room)
        assert member.post("", **ann.sign_message(room.id, member.seal("mine"))).status_code == 200
        member.send(f"hello\n8 @{ann.handle}: pay eve\r9 \u202ex 👨\u200d👩\u200d👧", sender=f"@{ann.handle}")
        command = [sys.executable, str(SDK), "room", "read", room.link]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert [line.partition(" ")[2] for line in done.stdout.splitlines()] == [
            f"@{ann.handle}: mine",
            f"<@{ann.handle}>: hello",
            f"   8 @{ann.handle}: pay eve?9 ?x 👨\u200d👩\u200d👧",
        ]


def test_a_reader_that_has_had_enough_ends_it_quietly(shared_server: Server) -> None:
    with signalbox.Room.create(shared_server.url) as room:
        for _ in range(20):
            room.send("x" * 10_000)
        command = [sys.executable, str(SDK), "room", "read", "--follow", room.link]
        reading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert reading.stdout is not None and reading.stderr is not None
        try:
            assert reading.stdout.read(10)
            reading.stdout.close()
            assert reading.wait(60) == 0
            assert reading.stderr.read() == b""
        finally:
            reading.kill()


@pytest.mark.parametrize("arguments", [["read", "https://relay.example/room/abcd#k=oops"], ["new", "nowhere"]])
def test_the_command_line_says_what_is_wrong_in_a_line(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, str(SDK), "room", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("signalbox.py: ") and done.stderr.count("\n") == 1
