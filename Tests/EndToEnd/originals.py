"""State files as the original writes them, and what `signalbox import` says it made of them."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

from agent import Agent, Fields, b64
from server import Server
from test_commands import run

# What the importer looks for in a directory.
NAMES = {
    "METRICS_STATE_PATH": "metrics.json",
    "METRICS_HISTORY_PATH": "metrics_history.json",
    "METRICS_HOURLY_HISTORY_PATH": "metrics_hourly.json",
    "METRICS_GEO_MINUTE_HISTORY_PATH": "metrics_geo_minute.json",
    "METRICS_GEO_HOURLY_HISTORY_PATH": "metrics_geo_hourly.json",
    "IDENTITIES_STATE_PATH": "identities.json",
    "AGENT_DIRECTORY_STATE_PATH": "agent_profiles.json",
}

CRASHES = (-6, -4, -5, -11)


def put(directory: Path, **files: Any) -> Path:
    """Writes files by their names without `.json`: text and bytes as they are, anything else as JSON."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = (
            content
            if isinstance(content, bytes)
            else (content if isinstance(content, str) else json.dumps(content)).encode()
        )
        (directory / f"{name}.json").write_bytes(data)
    return directory


def snapshot(t: Any, messages: int = 0, **changes: Any) -> Fields:
    """A minute of the original's history."""
    zeros = (
        "active_rooms",
        "active_subs",
        "rooms_created",
        "rooms_evicted",
        "bytes",
        "http_posts",
        "h4xx",
        "h5xx",
        "h429",
        "ws",
        "sse",
        "lp_wakes",
        "lp_timeouts",
        "bugs",
        "d_messages",
        "d_rooms",
        "d_bytes",
        "d_bugs",
    )
    return {"t": t, **dict.fromkeys(zeros, 0), "messages": messages, **changes}


def hour(t: Any, messages: Any = 0, messages_total: Any = 0, **changes: Any) -> Fields:
    zeros = ("rooms", "bugs", "rooms_total", "bugs_total", "peak_rooms", "peak_subs")
    last = t + 3_500_000 if isinstance(t, int) else t
    return {
        "t": t,
        **dict.fromkeys(zeros, 0),
        "messages": messages,
        "messages_total": messages_total,
        "samples": 59,
        "last_t": last,
        **changes,
    }


def identity(agent: Agent, **changes: Any) -> Fields:
    registered_at = int(time.time() * 1000) - 86_400_000
    return {
        "handle": agent.handle,
        "box_pub": agent.box_pub,
        "sign_pub": agent.sign_pub,
        "registered_at": registered_at,
        "updated_at": registered_at + 1000,
        "last_seen_at": registered_at + 2000,
        "meta": {"bio": f"I am {agent.handle}"},
        "inbox_seq": 7,
        **changes,
    }


def listing(agent: Agent, profile: Fields | None = None, **changes: Any) -> Fields:
    """A profile as the original keeps it."""
    profile = agent.profile(summary="from the original", topics=["imports"]) if profile is None else profile
    return {
        "handle": agent.handle,
        "box_pub": agent.box_pub,
        "sign_pub": agent.sign_pub,
        "profile": profile,
        "profile_json": json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        "profile_sig": agent.sign_profile(profile),
        "updated_at": profile["updated_at"],
        "last_seen_at": profile["updated_at"],
        "expires_at": profile["expires_at"],
        "created_at": profile["updated_at"],
        **changes,
    }


def stranger(handle: str | None = None) -> Agent:
    """An agent that no server has heard of yet."""
    return Agent("http://nowhere.invalid", handle or f"imported-{secrets.token_hex(4)}")


def random_key(size: int = 32) -> str:
    return b64(secrets.token_bytes(size))


class Said:
    """What an import reported of one file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = self._number("read")
        self.imported = self._number("imported")
        self.already_there = self._number("already there")
        # Each reason with its number.
        self.dropped = self._reasons("dropped")
        # What was taken with something put right.
        self.repaired = self._reasons("repaired")

    def _reasons(self, word: str) -> dict[str, int]:
        found = re.findall(rf"{word}[: ]+([\d,]+)[: ]+([^\n;]+)", self.text)
        return {reason.strip(): int(number.replace(",", "")) for number, reason in found}

    def _number(self, word: str) -> int:
        found = re.search(rf"([\d,]*\d) {word}|{word}:? +([\d,]*\d)", self.text)
        assert found, f"nothing of {word!r} in {self.text!r}"
        return int((found[1] or found[2]).replace(",", ""))


def report(text: str) -> dict[str, Said]:
    """The report by file, whatever else was printed around it."""
    names = "|".join(re.escape(name) for name in NAMES.values())
    parts = re.split(rf"({names})", text)
    sections: dict[str, str] = {}
    for name, rest in zip(parts[1::2], parts[2::2], strict=True):
        sections[name] = sections.get(name, "") + rest
    return {name: Said(section) for name, section in sections.items()}


def take(server: Server, directory: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the import for a server that isn't running."""
    return run("import", str(directory), *options, directory=server.directory, **settings)


def taken(server: Server, directory: Path, *options: str, **settings: str) -> dict[str, Said]:
    result = take(server, directory, *options, **settings)
    assert result.returncode == 0, result.stdout + result.stderr
    return report(result.stdout)
