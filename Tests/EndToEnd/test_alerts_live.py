"""Alerts that are seen to fire and to be resolved: by a real Prometheus with a real Alertmanager, and by the
server itself, side by side. An hour of the rules takes a minute here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from agent import Agent
from alert_stack import Receiver, pass_minutes, receiver, stack
from conftest import ServerFactory
from operator_stub import OperatorStub, operator_stub
from relay_client import Room, SseStream
from server import OPEN_LIMITS, Server, eventually, http_session
from store_disk import ReadOnlyDisk
from wire import GOOD

SPEED = 60
# Rules that look at one minute need a finer scrape than the shortened minute has.
SOON, LATER = 40.0, 150.0


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with receiver() as hooks:
        yield hooks


@pytest.fixture
def stub() -> Iterator[OperatorStub]:
    with operator_stub() as stub:
        yield stub


def settings(hooks: Receiver, stub: OperatorStub, begin: datetime) -> dict[str, str | None]:
    return {
        **OPEN_LIMITS, **stub.telegram_settings, **stub.discord_settings,
        "CLOCK": f"{begin:%Y-%m-%dT%H:%M:%SZ}*{SPEED}", "ALERT_WEBHOOK_URL": hooks.url("/inside"),
        "NTFY_URL": hooks.url("/topic"), "ALERT_NOTES_PER_HOUR": "60", "TRUST_PROXY": "loopback",
        # One post at once: a second is answered 429.
        "ROOM_RL_CAP": "1", "ROOM_RL_REFILL_PER_SEC": "0.5",
    }  # fmt: skip


def posted(http: requests.Session, server: Server, room: str, client: str) -> int:
    headers = {"X-Forwarded-For": client}
    return http.post(f"{server.url}/api/rooms/{room}/messages", json=GOOD, headers=headers, timeout=10).status_code


class Traffic:
    """Posts from many clients until it is stopped."""

    def __init__(self, each: Callable[[requests.Session, int], None], every: float) -> None:
        self._done = threading.Event()
        self._each, self._every = each, every
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number, http = 0, http_session()
        while not self._done.wait(self._every):
            self._each(http, number)
            number += 1

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def test_errors_and_a_429_storm_fire_and_are_resolved_outside_and_inside(
    start_server: ServerFactory, hooks: Receiver, stub: OperatorStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(started=False, **settings(hooks, stub, datetime.now(UTC)))
    disk = ReadOnlyDisk(server, monkeypatch)
    room = Room(server.url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    both = {"SignalboxErrorBudgetBurnFast", "SignalboxLimitTooTight"}

    def told_everywhere(status: str) -> bool:
        return all(
            both <= {name for name, _, found in hooks.told(path) if found == status}
            for path in ("/inside", "/outside")
        )  # fmt: skip

    with stack(tmp_path, server, SPEED, hooks.url("/outside")) as outside:
        def fail(http: requests.Session, number: int) -> None:
            # A handle is the agent's once it is on the disk.
            agent = Agent(server.url)
            agent.http.headers["X-Forwarded-For"] = f"198.51.100.{number % 250 + 1}"
            assert agent.register(register_ts=server.metrics()["ts"]).status_code == 503

        def storm(http: requests.Session, number: int) -> None:
            client = f"192.0.2.{number % 8 + 1}"
            for _ in range(3):
                posted(http, server, room.id, client)

        disk.break_down()
        with Traffic(fail, 0.1), Traffic(storm, 0.05):
            eventually(lambda: both <= outside.firing(), "both firing in Alertmanager", SOON)
            eventually(lambda: told_everywhere("firing"), "both told by both", SOON)
        disk.recover()
        eventually(lambda: told_everywhere("resolved"), "both resolved by both", LATER)
        eventually(lambda: not both & outside.firing(), "none active in Alertmanager", SOON)
    # The limit is named, and only the one that was met.
    assert {limit for name, limit, _ in hooks.told("/inside") if name == "SignalboxLimitTooTight"} == {"room_rate"}
    for channel in ("telegram", "discord"):
        text = "\n".join(stub.texts(channel))
        for word in ("Many requests fail", "A limit meets many clients (room_rate)", "Firing", "Resolved"):
            assert word in text, channel
        assert room.id not in text and "192.0.2" not in text
    assert {body["topic"] for body in hooks.payloads("/")} == {"topic"}
    assert room.id not in str(hooks.posts) and "192.0.2" not in str(hooks.posts)
    stream.close()


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_a_restart_fires_nothing_and_a_kill_only_the_unclean_restart(
    start_server: ServerFactory, hooks: Receiver, stub: OperatorStub, tmp_path: Path, end: str
) -> None:
    # From now on, since Prometheus compares a time that the server tells with its own clock.
    begin, began = datetime.now(UTC), time.monotonic()
    server = start_server(**settings(hooks, stub, begin) | OPEN_LIMITS)
    with stack(tmp_path, server, SPEED, hooks.url("/outside")) as outside:
        room = Room(server.url)
        for _ in range(40):
            room.send("before")
            time.sleep(0.05)
        eventually(lambda: outside.query("sum(signalbox_messages_total)") == 40, "scraped", 20)
        if end == "SIGTERM":
            server.stop()
        else:
            server.kill()
        # The clock of the tests begins where its setting says.
        now = begin + timedelta(minutes=time.monotonic() - began + 1)
        server.settings["CLOCK"] = f"{now:%Y-%m-%dT%H:%M:%SZ}*{SPEED}"
        server.start()
        for _ in range(20):
            room.send("after")
            time.sleep(0.05)
        eventually(lambda: outside.query("sum(signalbox_messages_total)") == 20, "scraped again", 20)
        wanted = {"SignalboxUncleanRestart"} if end == "SIGKILL" else set()
        if wanted:
            eventually(lambda: wanted <= hooks.names("/inside"), "told inside", SOON)
            eventually(lambda: wanted <= hooks.names("/outside"), "told outside", SOON)
        else:
            # Enough for every rule that could: the longest of them waits for five minutes.
            pass_minutes(server, 8)
        assert hooks.names("/inside") == hooks.names("/outside") == wanted
        # What was counted is what Prometheus adds up over the restart, give or take what it extrapolates.
        increase = outside.query("sum(increase(signalbox_messages_total[60s]))")
        assert increase is not None and 40 < increase < 75
        if wanted:
            eventually(
                lambda: all(("SignalboxUncleanRestart", "", "resolved") in hooks.told(path) for path in ("/inside", "/outside")),
                "resolved by itself", LATER,
            )  # fmt: skip
        assert len([name for name, _, _ in hooks.told("/inside")]) == 2 * len(wanted), "said once each"
