"""All readers of a room see one and the same order, whoever sends and whenever they join."""

from __future__ import annotations

import pytest

from campaigns import relay_in_one_order
from conftest import ServerFactory
from server import OPEN_LIMITS


def test_four_senders_on_two_event_loops_are_seen_in_one_order_by_all(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, THREADS="2")
    relay_in_one_order(server.url, messages_each=150)


@pytest.mark.soak
@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_one_order_holds_over_a_long_time(start_server: ServerFactory, threads: str) -> None:
    server = start_server(**OPEN_LIMITS, THREADS=threads, RECENT_MAX="60000")
    for _ in range(10):
        relay_in_one_order(server.url, messages_each=1_000)
