"""The Python client as it is served, and what its tests share."""

from __future__ import annotations

import base64
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import pytest
from nacl.secret import SecretBox

import relay_client
from agent import Agent, fresh_handle, registered
from server import REPOSITORY, Server, eventually

SDK = REPOSITORY / "Public/sdk/signalbox.py"
sys.path.append(str(SDK.parent))
import signalbox  # noqa: E402

# Seconds; long, since a busy machine takes its time.
WITHIN = 60.0


def key_of(room: signalbox.Room) -> bytes:
    text = urlsplit(room.link).fragment.removeprefix("k=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def member_of(room: signalbox.Room) -> relay_client.Room:
    """The same room for a client that shares no code with this one and writes as the original does."""
    member = relay_client.Room(room.origin, room.id)
    member._box = SecretBox(key_of(room))
    return member


def new_agent(server: Server, handle: str | None = None) -> Any:
    return signalbox.Agent.create(server.url, fresh_handle() if handle is None else handle)


@pytest.fixture
def ann(shared_server: Server) -> Iterator[Any]:
    with new_agent(shared_server) as agent:
        yield agent


@pytest.fixture
def bob(shared_server: Server) -> Agent:
    return registered(shared_server.url)


def twin(agent: Any) -> Agent:
    """The same agent for a client that shares no code with this one."""
    twin = Agent(agent.origin, agent.handle)
    twin.box_key, twin.sign_key = agent._box_key, agent._sign_key
    return twin


def take(messages: Iterator[Any], count: int, within: float = WITHIN) -> list[Any]:
    """So many of them, however long they'd go on, and no longer than a test has time."""
    taken: Future[list[Any]] = Future()

    def run() -> None:
        try:
            taken.set_result(list(islice(messages, count)))
        except BaseException as failure:
            taken.set_exception(failure)

    # A daemon, so that a loop that yields too little fails a test instead of holding it up.
    threading.Thread(target=run, daemon=True).start()
    return taken.result(within)


class Listener:
    """Collects what a loop yields, in the background."""

    def __init__(self, messages: Iterator[Any]) -> None:
        self.messages: list[Any] = []
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(messages,), daemon=True)
        self.thread.start()

    def _run(self, messages: Iterator[Any]) -> None:
        try:
            for message in messages:
                self.messages.append(message)
        except BaseException as failure:
            self.failure = failure

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    def await_text(self, text: str, timeout: float = WITHIN) -> None:
        eventually(lambda: text in self.texts or self.failure, f"{text!r} heard", timeout)
        assert self.failure is None, self.failure
