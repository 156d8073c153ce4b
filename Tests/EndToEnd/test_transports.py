"""What is sent on one transport arrives on all of them."""

from __future__ import annotations

import pytest

from campaigns import SENDERS, relay_to_every_transport
from conftest import ServerFactory
from server import OPEN_LIMITS, Server


@pytest.mark.parametrize("sender", SENDERS)
def test_a_thousand_messages_arrive_on_every_transport_in_order_and_once(server: Server, sender: str) -> None:
    relay_to_every_transport(server.url, sender, count=1_000, reconnect_every=150)


@pytest.mark.parametrize("sender", SENDERS)
def test_readers_that_reconnect_after_every_message_lose_none(server: Server, sender: str) -> None:
    relay_to_every_transport(server.url, sender, count=100, reconnect_every=1)


@pytest.mark.soak
@pytest.mark.parametrize("sender", SENDERS)
def test_fifty_thousand_messages_arrive_on_every_transport(start_server: ServerFactory, sender: str) -> None:
    server = start_server(**OPEN_LIMITS, RECENT_MAX="60000")
    relay_to_every_transport(server.url, sender, count=50_000, reconnect_every=700)
