"""Minutes that were kept stay kept, and each message is in one of them, whatever ends the process."""

from __future__ import annotations

from typing import Any

from server import Server, eventually
from wire import new_room, post_well


def messages_in(points: list[dict[str, Any]]) -> int:
    return sum(point["d_messages"] for point in points)


def finished(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    # A moment after the minute's end its point is made.
    return [point for point in metrics["history"] if point["t"] // 60_000 < (metrics["ts"] - 3_000) // 60_000]


def test_the_history_of_minutes_survives_restarts_and_crashes(server: Server) -> None:
    room = new_room()
    for _ in range(7):
        post_well(server, room)
    server.kill()
    server.restart()
    for _ in range(3):
        post_well(server, room)

    eventually(lambda: messages_in(server.metrics()["history"]) == 10, "all ten in the history", timeout=75)
    # The minute that is under way may still change; those that are over may not.
    eventually(lambda: finished(server.metrics()), "a minute that is over", timeout=75)
    before = server.metrics()
    for end in (server.stop, server.kill):
        end()
        server.restart()
        after = server.metrics()
        assert after["history"][: len(finished(before))] == finished(before)
        assert messages_in(after["history"]) == 10, "a restart must not count a minute twice"
        assert after["history_available_since"] == before["history_available_since"] is not None

    for name in ("1h", "8h", "1day", "1week", "1month", "all"):
        series = server.get(f"/api/metrics/series?range={name}", headers=server.bearer).json()
        assert sum(point["messages"] for point in series["points"]) == 10, name
        assert series["points"][-1]["messages_total"] == 10, name
    hours = server.get("/api/metrics/hourly", headers=server.bearer).json()["hours"]
    assert sum(hour["messages"] for hour in hours) == 10
