"""The store's disk is full, read-only or hangs: serving goes on, and what was counted lands when it is back."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise

import pytest

from agent import Agent
from conftest import ServerFactory
from exposition import total as exposed
from golden import MINUTE
from series_client import geo, series, sixty_times, total
from server import OPEN_LIMITS, Server, eventually
from store_copy import agreed_messages, rows
from store_disk import Disk, DiskOf, FullDisk, HangingDisk, ReadOnlyDisk
from visits import visit
from wire import good, new_room, post, transcript

START = "2026-06-15T12:34:30Z"

# A sample that is taken within so many ms after a minute's end is that minute's.
LATE = 5_000


def gauge(server: Server, name: str) -> int:
    return int(exposed(server.exposition(), f"signalbox_store_{name}"))


def unwritten(server: Server) -> int:
    return gauge(server, "unwritten_points")


def page(server: Server) -> str:
    response = server.get("/admin/stats", headers=server.bearer)
    assert response.status_code == 200
    return html.unescape(response.text)


@dataclass(frozen=True)
class Sent:
    """A message that was acknowledged, and the server's clock just before and after that."""

    before: int
    after: int


class Traffic:
    """Messages to one room, each of which must be served."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.room = new_room()
        self.sent: list[Sent] = []

    def send(self) -> None:
        before = self.server.metrics()["ts"]
        response = post(self.server, good(), self.room)
        assert response.status_code == 200, response.text
        self.sent.append(Sent(before, self.server.metrics()["ts"]))

    def goes_on_for(self, minutes: int) -> None:
        """Sends for so many minutes of the server's clock, and looks at the newest message now and then."""
        end = self.server.metrics()["ts"] + minutes * MINUTE
        while not self.sent or self.sent[-1].after < end:
            self.send()
        assert transcript(self.server, self.room, limit=200)["messages"], "reading goes on as well"

    def assert_each_in_its_minute(self, minutes: list[tuple[int, int]]) -> None:
        """At each sample's time, what was acknowledged by then is counted, and what came later isn't yet."""
        counted = 0
        for t, messages in minutes:
            counted += messages
            acknowledged = sum(sent.after <= t for sent in self.sent)
            begun = sum(sent.before <= t + LATE for sent in self.sent)
            assert acknowledged <= counted <= begun, (t, acknowledged, counted, begun)
        assert counted == len(self.sent)


@pytest.fixture(params=[FullDisk, ReadOnlyDisk, HangingDisk], ids=["full", "read-only", "hanging"])
def disk(request: pytest.FixtureRequest, start_server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of a server that flushes each second, and has."""
    return started(request.param, start_server, monkeypatch)


def started(kind: DiskOf, start_server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = kind(start_server(started=False, **OPEN_LIMITS | sixty_times(START)), monkeypatch)
    eventually(lambda: series(disk.server, range="1h")["points"], "a flush")
    return disk


def broken(disk: Disk) -> Disk:
    """Takes the disk away, and waits until the server has noticed."""
    disk.break_down()
    eventually(lambda: gauge(disk.server, "writable") == 0, "a flush that fails, or doesn't come to its end")
    eventually(lambda: unwritten(disk.server) >= 2, "points that wait")
    return disk


def repaired(disk: Disk) -> None:
    disk.recover()
    eventually(lambda: unwritten(disk.server) == 0, "a flush of all that waited")
    assert gauge(disk.server, "writable") == 1


def test_serving_goes_on_and_every_count_lands_in_its_own_minute(disk: Disk) -> None:
    server, traffic = disk.server, Traffic(disk.server)
    traffic.goes_on_for(minutes=2)
    broken(disk)
    stored = len(series(server, from_=START, step="1m")["points"])
    waiting = unwritten(server)
    traffic.goes_on_for(minutes=5)
    assert unwritten(server) >= waiting + 4, "one more each minute"
    assert len(series(server, from_=START, step="1m")["points"]) == stored, "history can be read, but doesn't grow"
    # The live totals know nothing of disks.
    assert server.metrics()["messages_relayed_total"] == len(traffic.sent)
    repaired(disk)
    traffic.goes_on_for(minutes=1)
    eventually(
        lambda: total(series(server, from_=START, step="1m")["points"]) == len(traffic.sent), "every message in a point"
    )
    points = series(server, from_=START, step="1m")["points"]
    # At this pace a sample may be late and share the next minute; those that waited share nothing.
    gaps = [later["t"] - earlier["t"] for earlier, later in pairwise(points)]
    assert max(gaps) <= 2 * MINUTE, "none was left out"
    assert total(points, "samples") > (points[-1]["t"] - points[0]["t"]) // MINUTE, "none is missing"
    traffic.assert_each_in_its_minute(rows(disk.store(), "SELECT t, messages FROM minutes ORDER BY t"))
    assert agreed_messages(disk.store()) == len(traffic.sent), "and hours, days and totals agree"


def test_the_operator_is_told(disk: Disk) -> None:
    server = disk.server
    assert "wait in memory" not in page(server) and "Waiting in memory" not in page(server)
    broken(disk)
    eventually(lambda: unwritten(server) >= 4, "more points that wait")
    text = page(server)
    waiting = re.search(r"Waiting in memory</dt>\s*<dd>(\d+) minutes of counts", text)
    assert waiting and 4 <= int(waiting[1]) <= unwritten(server), text
    # Minutes have passed by the server's clock.
    assert "Store flush overdue" in text
    if not isinstance(disk, HangingDisk):
        assert re.search(r"The store can't be written; \d+ minutes wait in memory", text)
        # Once a minute and in a sentence, not a torrent.
        complaints = [line for line in server.log().splitlines() if "can't be written" in line]
        assert 1 <= len(complaints) <= unwritten(server) + 2
        assert exposed(server.exposition(), "signalbox_store_flushes_total", outcome="failed") >= 3
    # An alert about the disk doesn't need the disk, not even one that hangs.
    firing = 'signalbox_alert_firing{alert="SignalboxStoreNotWriting"} 1'
    eventually(lambda: firing in server.exposition(), "the alert")
    repaired(disk)
    text = page(server)
    # The rules' panel says of every alert what it is about.
    state = text.partition('id="usage"')[0]
    assert "can't be written" not in state and "overdue" not in state and "Waiting in memory" not in text
    eventually(lambda: firing not in server.exposition(), "its end")


def test_visits_land_too(disk: Disk) -> None:
    server = disk.server
    visit(server)
    broken(disk)
    for _ in range(3):
        assert visit(server).status_code == 200
    assert geo(server, range="1h")["extras"] == {"LOCAL": 4}, "those that wait are shown"
    waiting = unwritten(server)
    eventually(lambda: unwritten(server) > waiting, "a sample of them")
    repaired(disk)
    assert geo(server, range="1h")["extras"] == geo(server, range="all")["extras"] == {"LOCAL": 4}


@pytest.fixture(params=[FullDisk, ReadOnlyDisk], ids=["full", "read-only"])
def refusing(request: pytest.FixtureRequest, start_server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that says at once that it takes nothing."""
    return started(request.param, start_server, monkeypatch)


def test_what_is_promised_for_ever_is_refused_meanwhile(refusing: Disk) -> None:
    """A 201 says that a handle is on the disk."""
    server = broken(refusing).server
    accepted = []
    for _ in range(15):
        agent = Agent(server.url)
        response = agent.register(register_ts=server.metrics()["ts"])
        if response.status_code != 201:
            break
        # The last page of a full disk may have room for a row, though for no flush.
        accepted.append(agent.handle)
    assert response.status_code == 503 and response.json()["reason"] == "store_unavailable", response.text
    assert agent.lookup().status_code == 404
    assert {handle for (handle,) in rows(refusing.store(), "SELECT handle FROM identities")} == set(accepted)
    repaired(refusing)
    assert agent.register(register_ts=server.metrics()["ts"]).status_code == 201


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_totals_outlive_an_end_without_a_disk(
    start_server: ServerFactory, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    disk = started(ReadOnlyDisk, start_server, monkeypatch)
    server, traffic = disk.server, Traffic(disk.server)
    traffic.goes_on_for(minutes=2)
    broken(disk)
    traffic.goes_on_for(minutes=2)
    getattr(server, end)()
    disk.recover()
    server.restart(CLOCK="2026-06-15T14:00:30Z*60")
    assert server.metrics()["messages_relayed_total"] == len(traffic.sent)
    # Whose minutes are lost is counted in the first one of the new run.
    eventually(lambda: total(series(server, range="all")["points"]) == len(traffic.sent), "all of them in points")
    assert agreed_messages(disk.store()) == len(traffic.sent)
