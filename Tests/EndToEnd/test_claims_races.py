"""Claims while others post: nothing comes twice or out of order, and nobody is left waiting."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack

from agent import registered
from raw_http import RawConnection, request_bytes
from server import Server, eventually
from test_claims import ack, claim
from test_claims_waiting import an_open_room, parked_now
from wire import good, new_room, post_well

JSON_TYPE = {"Content-Type": "application/json"}


def test_defect_21_among_a_flood_of_own_messages_every_claim_ends_in_its_time(server: Server) -> None:
    # A claim that an own message has just woken when its time is up: it must end, not be parked again.
    agent, room = registered(server.url), new_room()
    post_well(server, room, sender=agent.handle)
    body = json.dumps(good(sender=agent.handle)).encode()
    burst = request_bytes("POST", f"/api/rooms/{room}/messages", JSON_TYPE, body) * 20
    path, until = f"/api/rooms/{room}/claim?timeout=1", time.monotonic() + 2.5

    def flood() -> None:
        with RawConnection(server.port) as connection:
            while time.monotonic() < until:
                connection.send(burst)
                for _ in range(20):
                    assert connection.response().status == 200

    floods = [threading.Thread(target=flood) for _ in range(3)]
    with ExitStack() as stack:
        for each in floods:
            each.start()
        claims = [stack.enter_context(RawConnection(server.port)) for _ in range(40)]
        for connection in claims:
            headers = agent.authorization("POST", path) | JSON_TYPE
            connection.request("POST", path, headers, json.dumps({"handle": agent.handle}).encode())
        for each in floods:
            each.join(20)
        # All of them were due long ago.
        eventually(lambda: parked_now(server) == 0, "no claim left behind", timeout=3)
        for connection in claims:
            assert connection.response().json()["empty"] is True


def test_workers_that_claim_while_others_post_get_everything_once_and_in_order(server: Server) -> None:
    worker, room, posted = registered(server.url), an_open_room(server), list[int]()

    def post_all() -> None:
        posted.extend(post_well(server, room, sender=worker.handle if n % 3 == 0 else "bob") for n in range(90))

    poster = threading.Thread(target=post_all, daemon=True)
    poster.start()
    done: list[int] = []
    while len(done) < 60:
        claimed = claim(worker, room, timeout=10)
        assert not claimed.get("empty"), done
        done.append(claimed["message"]["seq"])
        ack(worker, room, claimed)
    poster.join(10)
    assert done == [seq for n, seq in enumerate(posted) if n % 3]
