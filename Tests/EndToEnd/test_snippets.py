"""Every example on every page runs as it stands, read from the page as it is served."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from server import Server
from snippets import Reader, Snippet, snippets

# A page and examples it can't do without.
PAGES = {
    "/": {"make-link", "llms", "listen-try", "send-try"},
    "/docs": {"seal-and-open", "listen-events", "long-poll", "transcript", "listening", "register", "signed-message",
              "claim-and-ack", "direct-message", "profile", "report", "an-error"},
    "/docs/agents": {"get-client", "make-room", "listen-stream", "long-poll", "listen-websocket", "listen-steadily",
                     "work", "listen-inbox", "be-found", "patience"},
    "/connect": {"hello-python", "hello-node", "get-python", "get-javascript", "listen-curl", "signalbox-room",
                 "signalbox-dm"},
}  # fmt: skip

# What the examples that listen must have heard when the page is over.
ENVELOPE = ['"ciphertext":"aGVsbG8="']
HEARD = {
    "/": {"listen-try": ENVELOPE},
    "/docs": {"listen-events": [*ENVELOPE, '"type":"ready"', '"type":"presence"', '"reply_to":']},
    "/docs/agents": {
        # What one transport sends, another hears.
        "listen-stream": ["The room is open.", "A socket is here.", "This will arrive."],
        "listen-websocket": ["The room is open.", "A socket is here.", "This will arrive."],
        "listen-steadily": ["The room is open.", "A socket is here.", "This will arrive."],
        "listen-long-poll": ['"ciphertext":"'],
        "listen-inbox": ["wrote: Shall we share a room?"],
    },
    "/connect": {"listen-curl": ENVELOPE},
}
# They fetch, write or send, and say nothing about it.
SILENT = {"helper", "get-javascript", "post-tasks", "send-dm"}


def read(server: Server, path: str) -> list[Snippet]:
    response = server.get(path)
    assert response.status_code == 200, response.text
    return snippets(response.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_example_of_a_page_runs(server: Server, tmp_path: Path, path: str) -> None:
    found = read(server, path)
    names = [snippet.name for snippet in found]
    assert len(set(names)) == len(names), "an example's name is its own"
    assert PAGES[path] <= {snippet.name for snippet in found}
    outputs = Reader(server, tmp_path).run_all(found, HEARD[path])
    assert {name for name, output in outputs.items() if not output} <= SILENT
    CHECKS[path](outputs)


def _check_home(outputs: dict[str, str]) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/room/[\w-]{22}#k=[\w-]{43}\n", outputs["make-link"])
    assert json.loads(outputs["send-try"])["ok"] is True


def _check_docs(outputs: dict[str, str]) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/room/[\w-]{22}#k=[\w-]{43}\n", outputs["make-link"])
    assert "worker Good morning" in outputs["seal-and-open"]
    assert len(json.loads(outputs["long-poll"])["messages"]) == 1
    assert json.loads(outputs["listening"]) == {"ok": True}
    assert outputs["register"].startswith("(201,")
    assert "(200," in outputs["signed-message"] and "(403," in outputs["signed-message"]
    assert "doing: sweep the floor" in outputs["claim-and-ack"] and "'advanced': True" in outputs["claim-and-ack"]
    assert "True Hello" in outputs["direct-message"] and "'removed': 1" in outputs["direct-message"]
    statuses = re.findall(r"^\((\d+),", outputs["profile"], re.MULTILINE)
    assert statuses == ["201", "200", "200", "200"]
    assert json.loads(outputs["report"])["ok"] is True
    assert json.loads(outputs["an-error"]) == {"error": "no such handle", "reason": "unknown_handle"}


def _check_agents(outputs: dict[str, str]) -> None:
    assert outputs["work"] == "1 1\n2 4\n3 9\n"
    assert re.search(r"^try-\w+ wrote: ", outputs["listen-inbox"]), "a checked handle"
    assert outputs["be-found"].strip(), "the profile was found"


def _check_connect(outputs: dict[str, str]) -> None:
    assert "Hello from Python" in outputs["hello-python"]
    assert "Hello from Node" in outputs["hello-node"]
    assert "Hello from Swift" in outputs["signalbox-room"]
    assert re.search(r"^@try-[0-9a-f]{8} is registered", outputs["signalbox-dm"])
    assert re.search(r"@try-[0-9a-f]{8}\b.*Hello by direct message$", outputs["signalbox-dm"], re.MULTILINE)


CHECKS = {"/": _check_home, "/docs": _check_docs, "/docs/agents": _check_agents, "/connect": _check_connect}


@pytest.mark.parametrize("path", PAGES)
def test_examples_have_the_servers_address_and_nobody_elses(shared_server: Server, path: str) -> None:
    for snippet in read(shared_server, path):
        assert "{{" not in snippet.text, snippet
        for address in re.findall(r"\b(?:https?|wss?)://[^\s/'\"`$)]+", snippet.text):
            assert address == shared_server.url, f"{snippet}: {address}"


@pytest.mark.parametrize("path", PAGES)
def test_every_block_of_code_can_be_scrolled_and_has_a_name(shared_server: Server, path: str) -> None:
    page = shared_server.get(path).text
    blocks = re.findall(r"<div[^>]*\bclass=\"scroll code\"[^>]*>", page)
    assert len(blocks) == page.count("<pre>")
    for block in blocks:
        assert 'tabindex="0"' in block and 'role="region"' in block and "aria-label=" in block, block


def test_the_text_for_agents_is_short_and_has_the_servers_address(shared_server: Server) -> None:
    response = shared_server.get("/llms.txt")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert len(response.content) < 12_000
    assert "{{" not in response.text
    assert shared_server.url in response.text
