"""What is measured: a server that can be started, and where its clients find things."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Wire:
    """Paths, with {room} for the room's name, and what else a client must know."""

    health: str
    publish: str
    subscribe: dict[str, str]
    """By transport: sse, ws, poll."""
    poll_by: str

    def streams(self, transport: str) -> list[str]:
        """The load client's options for subscribers."""
        return ["--transport", transport, "--subscribe", self.subscribe[transport]]

    def fan_out(self, transport: str) -> list[str]:
        """Its options for subscribers and those who post."""
        goes_on = ["--poll-by", self.poll_by] if transport == "poll" else []
        return [*self.streams(transport), *goes_on, "--publish", self.publish]


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    pids: Sequence[int]
    token: str = ""


class Contender(Protocol):
    name: str
    wire: Wire

    def versions(self) -> dict[str, str]:
        """Of what, which one."""

    def start(self, directory: Path, cores: str) -> AbstractContextManager[Running]:
        """Starts it on those cores, with files of its own in an empty directory; it is gone when that ends."""
