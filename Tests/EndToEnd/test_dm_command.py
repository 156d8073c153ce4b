"""`signalbox dm` on a command line: agents, their files and their messages, shared with the Python client."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from agent import Agent, fresh_handle, registered
from command_line import BARE, WITHIN, listening, printed, refused, signalbox
from sdk import signalbox as client
from sdk import take
from server import BINARY, Server, eventually, free_port


def new_agent(server: Server, directory: Path, handle: str | None = None) -> str:
    """Registers an agent by the command and returns its handle; its file is HANDLE.agent."""
    handle = handle or fresh_handle()
    printed("dm", "register", handle, "--server", server.url, directory=directory)
    return handle


def keys_in(file: Path) -> dict[str, bytes]:
    content = json.loads(file.read_text())
    return {name: base64.b64decode(content[name], validate=True) for name in ("box_key", "sign_key")}


# Help


@pytest.mark.parametrize("command", [["dm"], ["dm", "register"], ["dm", "send"], ["dm", "read"]])
def test_help_says_how_to_call_it(command: list[str]) -> None:
    text = printed(*command, "--help")
    assert text.startswith("OVERVIEW: ") and f"USAGE: signalbox {' '.join(command)} " in text
    assert printed("help", *command) == text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments",
    [["register"], ["send", "bob", "hi"], ["read"], ["read", "--agent", "x", "--keep", "--follow"], ["write"],
     ["send", "!", "hi", "--agent", "x"]],
)  # fmt: skip
def test_a_wrong_call_is_told_from_a_failure(arguments: list[str], tmp_path: Path) -> None:
    ended = signalbox("dm", *arguments, directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr.startswith("Error: ") and "Usage: signalbox" in ended.stderr
    assert list(tmp_path.iterdir()) == []


# Files


def test_registering_makes_a_file_for_its_owner_alone(shared_server: Server, tmp_path: Path) -> None:
    handle = fresh_handle()
    said = printed("dm", "register", handle, "--server", shared_server.url, directory=tmp_path)
    assert said == f"@{handle} is registered at {shared_server.url}; its keys are in {handle}.agent.\n"
    [file] = tmp_path.iterdir()
    assert file.name == f"{handle}.agent" and file.stat().st_mode & 0o777 == 0o600
    content = json.loads(file.read_text())
    assert (content["signalbox_agent"], content["origin"], content["handle"]) == (1, shared_server.url, handle)
    assert [len(key) for key in keys_in(file).values()] == [32, 32]
    # What the server has are the public halves, and nothing of the secret ones.
    known = Agent(shared_server.url, handle).lookup()
    assert known.status_code == 200
    with client.Agent.load(file) as agent:
        assert agent.fingerprint() == client.Agent.load(file).fingerprint()
        assert known.json()["sign_pub"] == base64.b64encode(bytes(agent._sign_key.verify_key)).decode()
        assert known.json()["box_pub"] == base64.b64encode(bytes(agent._box_key.public_key)).decode()


def test_no_mask_makes_the_file_anybody_elses(shared_server: Server, tmp_path: Path) -> None:
    handle = fresh_handle()
    script = f'umask 0; exec "{BINARY}" dm register {handle} --server {shared_server.url} --file the.agent'
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env=BARE, check=True, capture_output=True, timeout=WITHIN)
    assert (tmp_path / "the.agent").stat().st_mode & 0o777 == 0o600


def test_every_agent_has_keys_of_its_own(shared_server: Server, tmp_path: Path) -> None:
    files = [tmp_path / f"{new_agent(shared_server, tmp_path)}.agent" for _ in range(2)]
    keys = [key for file in files for key in keys_in(file).values()]
    assert len(set(keys)) == 4


def test_a_file_that_is_there_is_never_replaced(shared_server: Server, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("precious")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "nowhere").symlink_to("missing")
    handle = fresh_handle()
    for name in ("real", "link", "nowhere", "."):
        refused("dm", "register", handle, "--file", name, "--server", shared_server.url, directory=tmp_path)
    assert (tmp_path / "real").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "nowhere", "real"]
    assert Agent(shared_server.url, handle).lookup().status_code == 404, "it was registered without a file"


@pytest.mark.parametrize("file", ["missing/x.agent", "/dev/null/x.agent", "/proc/x.agent"])
def test_a_file_that_cant_be_made_leaves_the_handle_free(shared_server: Server, tmp_path: Path, file: str) -> None:
    handle = fresh_handle()
    said = refused("dm", "register", handle, "--file", file, "--server", shared_server.url, directory=tmp_path)
    assert said.startswith(f"{file} can't be ")
    assert Agent(shared_server.url, handle).lookup().status_code == 404


def test_a_refusal_takes_the_new_file_away(shared_server: Server, tmp_path: Path) -> None:
    taken = registered(shared_server.url).handle
    said = refused("dm", "register", taken, "--server", shared_server.url, directory=tmp_path)
    assert said == "The server refuses: handle taken."
    for handle in ("x", "a b", "a/b", "ä", "_a", "n" * 33):
        ended = signalbox("dm", "register", handle, "--server", shared_server.url, directory=tmp_path)
        assert ended.returncode in (1, 64) and ended.stderr.startswith("Error: "), ended
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", "null", '{"signalbox_agent":2}', '{"signalbox_agent":1,"origin":"x","handle":"x"}', "\0" * 100],
)
def test_what_is_no_agent_is_told_without_a_word_of_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret.agent").write_text(content)
    for arguments in (["read"], ["send", "bob", "hi"]):
        assert refused("dm", *arguments, "--agent", "secret.agent", directory=tmp_path) == "secret.agent holds no agent."


def test_a_damaged_key_is_no_agent_and_isnt_shown(shared_server: Server, tmp_path: Path) -> None:
    file = tmp_path / f"{new_agent(shared_server, tmp_path)}.agent"
    content = json.loads(file.read_text())
    for name in ("box_key", "sign_key"):
        for damaged in (content[name][:-8], content[name] + "AAAA", "!" + content[name][1:], 5, None):
            file.write_text(json.dumps(content | {name: damaged}))
            said = refused("dm", "read", "--agent", file.name, directory=tmp_path)
            assert said == f"{file.name} holds no agent."


@pytest.mark.parametrize("name", ["missing.agent", ".", "/dev/null/x"])
def test_a_file_that_cant_be_read_says_what_makes_one(tmp_path: Path, name: str) -> None:
    said = refused("dm", "read", "--agent", name, directory=tmp_path)
    assert said == f"{name} can't be read; `signalbox dm register` makes such a file."


def test_a_file_that_others_may_read_still_works(shared_server: Server, tmp_path: Path) -> None:
    handle = new_agent(shared_server, tmp_path)
    (tmp_path / f"{handle}.agent").chmod(0o644)
    assert signalbox("dm", "read", "--agent", f"{handle}.agent", directory=tmp_path).returncode == 0
    assert (tmp_path / f"{handle}.agent").stat().st_mode & 0o777 == 0o644


# Messages


def test_agents_write_to_each_other(shared_server: Server, tmp_path: Path) -> None:
    ann, bob = new_agent(shared_server, tmp_path), new_agent(shared_server, tmp_path)
    read = ("dm", "read", "--agent", f"{bob}.agent")
    assert printed(*read, directory=tmp_path) == ""
    for to, text, given in ((bob, "an argument: é 🚦", ""), (f"@{bob.upper()}", None, "standard\ninput\n"), (bob, "", "")):
        arguments = ["dm", "send", to, *([] if text is None else [text]), "--agent", f"{ann}.agent"]
        assert printed(*arguments, input=given, directory=tmp_path) == ""
    expected = [f"@{ann} an argument: é 🚦", f"@{ann} standard input ", f"@{ann} "]
    assert printed(*read, "--keep", directory=tmp_path).splitlines() == expected
    assert printed(*read, directory=tmp_path).splitlines() == expected, "they were kept"
    assert printed(*read, directory=tmp_path) == "", "they were dropped"


def test_what_cant_be_vouched_for_or_opened_is_shown_as_such(shared_server: Server, tmp_path: Path) -> None:
    handle = new_agent(shared_server, tmp_path)
    ann = registered(shared_server.url)
    bob = Agent(shared_server.url, handle)
    assert ann.dm(handle, "signed").ok and ann.dm(handle, "nameless", as_sender=False).ok
    assert ann.send_envelope(handle, ann.seal(ann, "for somebody else's key")).ok
    assert ann.send_envelope(handle, ann.seal(bob.lookup().json(), "red \x1b[31m \x9b\u202e\n\u2028two")).ok
    lines = printed("dm", "read", "--agent", f"{handle}.agent", directory=tmp_path).split("\n")[:-1]
    assert lines[0] == f"@{ann.handle} signed"
    assert lines[1:3] == ["<> nameless", "<> (can't be opened with this agent's key)"]
    assert lines[3].startswith("<> red  [31m") and lines[3].endswith("two") and lines[3].isprintable()
    assert len(lines) == 4


def test_the_python_client_and_the_command_share_files_and_messages(shared_server: Server, tmp_path: Path) -> None:
    ours = new_agent(shared_server, tmp_path)
    theirs = fresh_handle()
    with client.Agent.create(shared_server.url, theirs) as python:
        python.save(tmp_path / "python.agent")
        # To the other's client, both ways.
        printed("dm", "send", theirs, "from the shell", "--agent", f"{ours}.agent", directory=tmp_path)
        [message] = take(python.inbox(), 1)
        assert (message.text, message.sender, message.verified) == ("from the shell", ours, ours)
        python.ack(message)
        python.send(ours, "from Python")
        assert printed("dm", "read", "--agent", f"{ours}.agent", directory=tmp_path) == f"@{theirs} from Python\n"
        # And each with the other's file.
        printed("dm", "send", ours, "by the command", "--agent", "python.agent", directory=tmp_path)
        with client.Agent.load(tmp_path / f"{ours}.agent") as borrowed:
            [message] = take(borrowed.inbox(), 1)
            assert (message.text, message.verified) == ("by the command", theirs)
            borrowed.send(theirs, "by Python")
        assert printed("dm", "read", "--agent", "python.agent", directory=tmp_path) == f"@{ours} by Python\n"


def test_following_prints_what_comes_until_it_is_interrupted(server: Server, tmp_path: Path) -> None:
    handle = new_agent(server, tmp_path)
    ann = registered(server.url)
    assert ann.dm(handle, "before").ok
    with listening("dm", "read", "--agent", f"{handle}.agent", "--follow", directory=tmp_path) as listener:
        listener.await_line(" before")
        for end, text in ((server.stop, "after a stop"), (server.kill, "after a crash")):
            # What it has read it tells the server to drop.
            path = f"/api/dm/{handle}/inbox/wait?after=0&timeout=0"
            own = Agent(server.url, handle)
            own.sign_key = client.Agent.load(tmp_path / f"{handle}.agent")._sign_key
            eventually(lambda own=own, path=path: own.signed("GET", path).json()["messages"] == [], "dropped", WITHIN)
            before = len(listener.remarks)
            end()
            eventually(lambda before=before: len(listener.remarks) > before, f"a remark, {text}", WITHIN)
            server.start()
            assert ann.dm(handle, text).ok
            listener.await_line(f" {text}")
        assert listener.lines == [f"@{ann.handle} {text}" for text in ("before", "after a stop", "after a crash")]
        listener.process.send_signal(signal.SIGINT)
        assert listener.process.wait(WITHIN) in (-signal.SIGINT, 0, 130)
        assert "rror" not in " ".join(listener.remarks)


# Failures


def test_an_unknown_handle_is_told(shared_server: Server, tmp_path: Path) -> None:
    handle = new_agent(shared_server, tmp_path)
    said = refused("dm", "send", fresh_handle(), "hi", "--agent", f"{handle}.agent", directory=tmp_path)
    assert said == "The server refuses: no such handle."


def test_a_text_that_is_too_long_is_refused(shared_server: Server, tmp_path: Path) -> None:
    handle = new_agent(shared_server, tmp_path)
    send = ("dm", "send", handle, "--agent", f"{handle}.agent")
    printed(*send, input="x" * 131_056, directory=tmp_path)
    assert "too l" in refused(*send, input="x" * 131_057, directory=tmp_path)
    assert printed("dm", "read", "--agent", f"{handle}.agent", directory=tmp_path) == f"@{handle} {'x' * 131_056}\n"


def test_another_agents_key_opens_no_inbox(shared_server: Server, tmp_path: Path) -> None:
    ann, bob = new_agent(shared_server, tmp_path), new_agent(shared_server, tmp_path)
    printed("dm", "send", bob, "for bob", "--agent", f"{ann}.agent", directory=tmp_path)
    content = json.loads((tmp_path / f"{ann}.agent").read_text())
    (tmp_path / "thief.agent").write_text(json.dumps(content | {"handle": bob}))
    assert refused("dm", "read", "--agent", "thief.agent", directory=tmp_path).startswith("The server refuses: ")
    assert printed("dm", "read", "--agent", f"{bob}.agent", directory=tmp_path) == f"@{ann} for bob\n"


def test_without_a_server_it_says_so(server: Server, tmp_path: Path) -> None:
    handle = new_agent(server, tmp_path)
    server.stop()
    sentence = f"No server answers at {server.url}. Is the address right, and is it running?"
    for arguments in (["send", handle, "hi"], ["read"]):
        assert refused("dm", *arguments, "--agent", f"{handle}.agent", directory=tmp_path) == sentence
    nobody = f"http://127.0.0.1:{free_port()}"
    ended = signalbox("dm", "register", "new-one", "--server", nobody, directory=tmp_path)
    assert ended.returncode == 1 and f"No server answers at {nobody}." in ended.stderr


def test_secret_keys_show_in_no_list_of_processes(shared_server: Server, tmp_path: Path) -> None:
    handle = new_agent(shared_server, tmp_path)
    keys = keys_in(tmp_path / f"{handle}.agent").values()
    with listening("dm", "read", "--agent", f"{handle}.agent", "--follow", directory=tmp_path) as listener:
        assert registered(shared_server.url).dm(handle, "hello").ok
        listener.await_line(" hello")
        shown = b"".join(Path(f"/proc/{listener.process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        assert b"--follow" in shown
        assert not [key for key in keys if key in shown or base64.b64encode(key) in shown or key.hex().encode() in shown]
        # Nor is the file held open for anybody to find.
        opened = [os.readlink(link) for link in Path(f"/proc/{listener.process.pid}/fd").iterdir()]
        assert not [path for path in opened if path.endswith(".agent")]
