"""SSE and WebSocket: what comes down a stream, and what may go up."""

from __future__ import annotations

import base64
import json
import struct
import time

import pytest
import websocket

from raw_http import RawConnection
from raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawWebSocket, frame
from relay_client import Room, SseStream, Stream, WebSocketStream
from server import Server
from wire import GOOD, assert_refused, good, new_room, post_well, transcript

BOX_PUB = base64.b64encode(bytes(range(32))).decode()
FRAME_LIMIT = 256 * 1024


def open_stream(kind: str, room: Room) -> Stream:
    return SseStream(room) if kind == "sse" else WebSocketStream(room)


both_kinds = pytest.mark.parametrize("kind", ["sse", "websocket"])


def test_the_head_of_an_sse_stream_keeps_proxies_from_holding_it_back(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", f"/api/rooms/{new_room()}/events")
        _, status, headers = connection.head()
        fields = {name.lower(): value for name, value in headers}
        assert status == 200
        assert fields["content-type"].startswith("text/event-stream")
        assert fields["x-accel-buffering"] == "no"
        assert {"no-cache", "no-transform"} <= {part.strip() for part in fields["cache-control"].split(",")}
        assert fields["x-content-type-options"] == "nosniff"
        opening = connection.until(b"data:").decode()
    lines = [line.strip("\r") for line in opening.split("\n")]
    assert any(line.startswith(":") for line in lines), "a comment at once, so that proxies let the stream go"
    assert any(line.startswith("retry:") for line in lines), "a pause before reconnecting"


@both_kinds
def test_ready_says_where_one_is(shared_server: Server, kind: str) -> None:
    room = Room(shared_server.url)
    stream = open_stream(kind, room)
    ready = stream.wait_for_type("ready")
    assert ready == {"type": "ready", "roomId": room.id, "size": 1, "last_seq": 0, "participants": []}
    second = open_stream(kind, room)
    seq = room.send("now there is one")["seq"]
    assert second.wait_for_type("ready")["size"] == 2
    third = open_stream(kind, room)
    assert third.wait_for_type("ready")["last_seq"] == seq
    for each in (stream, second, third):
        each.close()


@both_kinds
def test_the_past_comes_before_ready_and_the_present_after(shared_server: Server, kind: str) -> None:
    room = Room(shared_server.url)
    for text in ("one", "two"):
        room.send(text)
    stream = open_stream(kind, room)
    stream.wait_for_type("ready")
    last = room.send("three")["seq"]
    stream.wait_for(lambda event: event.get("seq") == last, "third message")
    kinds = [event["type"] for event in stream.events if event["type"] in ("message", "ready")]
    assert kinds == ["message", "message", "ready", "message"]
    stream.close()


def test_after_leaves_out_what_a_reader_has_seen_on_both_kinds_of_stream(shared_server: Server) -> None:
    room = Room(shared_server.url)
    seqs = [room.send(text)["seq"] for text in ("one", "two", "three")]
    for query, expected in ((seqs[1], seqs[2:]), (f"{seqs[0]}xyz", seqs[1:]), ("abc", seqs), (-5, seqs), (10**25, [])):
        sse = SseStream(room, after=query)
        sse.wait_for_type("ready")
        assert [message["seq"] for message in sse.messages] == expected, query
        sse.close()
        connection = websocket.create_connection(f"{room.websocket_url}?after={query}", timeout=10)
        found = []
        while (event := json.loads(connection.recv()))["type"] != "ready":
            found.append(event["seq"])
        assert found == expected, query
        connection.shutdown()


@both_kinds
def test_joining_and_leaving_is_announced(shared_server: Server, kind: str) -> None:
    room = Room(shared_server.url)
    watcher = open_stream(kind, room)
    assert watcher.wait_for_type("presence") == {"type": "presence", "size": 1, "names": [], "participants": []}
    other = SseStream(room, name="bob", box_pub=BOX_PUB)
    joined = watcher.wait_for(lambda event: event["type"] == "presence" and event["size"] == 2, "presence of two")
    assert joined["names"] == ["bob"]
    (participant,) = joined["participants"]
    assert 0 <= participant.pop("last_seen_ms_ago") < 10_000
    assert participant == {"name": "bob", "box_pub": BOX_PUB}
    other.close()
    watcher.wait_for(lambda event: event is watcher.events[-1] and event.get("size") == 1, "presence of one again")
    watcher.close()


def test_a_hello_gives_a_name_and_another_renames(shared_server: Server) -> None:
    room = Room(shared_server.url)
    watcher, guest = SseStream(room), WebSocketStream(room)
    guest.wait_for_type("ready")

    def presence_with(**participant: str) -> None:
        def matches(event: dict) -> bool:
            return event["type"] == "presence" and any(
                {key: value for key, value in each.items() if key != "last_seen_ms_ago"} == participant
                for each in event["participants"]
            )

        watcher.wait_for(matches, f"presence with {participant}")

    guest.send({"type": "hello", "name": "Ann@example", "box_pub": BOX_PUB})
    presence_with(name="Ann@example", box_pub=BOX_PUB)
    assert room.status()["participants"] == 2
    # No opinion keeps the key, junk is passed over, null clears it.
    guest.send({"type": "hello", "name": "Änne", "box_pub": "junk"})
    assert watcher.wait_for_type("rename") == {"type": "rename", "from": "Ann@example", "to": "Änne"}
    presence_with(name="Änne", box_pub=BOX_PUB)
    guest.send({"type": "hello", "name": "Änne", "box_pub": None})
    presence_with(name="Änne")
    for stream in (watcher, guest):
        stream.close()


@pytest.mark.parametrize("name", ["", "<b>", "two words", 'quo"te', 5, None, ["a"]], ids=repr)
def test_a_name_with_letters_that_names_do_not_have_is_passed_over(shared_server: Server, name: object) -> None:
    room = Room(shared_server.url)
    guest = WebSocketStream(room)
    guest.wait_for_type("ready")
    guest.send({"type": "hello", "name": name})
    guest.send({"type": "hello", "name": "proper"})
    named = guest.wait_for(lambda event: event["type"] == "presence" and event["names"], "presence with a name")
    assert named["names"] == ["proper"]
    assert not [event for event in guest.events if event["type"] == "rename"]
    guest.close()


def test_a_long_name_is_cut_at_64(shared_server: Server) -> None:
    room = Room(shared_server.url)
    guest = WebSocketStream(room)
    guest.send({"type": "hello", "name": "n" * 80})
    named = guest.wait_for(lambda event: event["type"] == "presence" and event["names"], "presence with a name")
    assert named["names"] == ["n" * 64]
    guest.close()


def test_many_joins_at_once_make_few_announcements(shared_server: Server) -> None:
    room = Room(shared_server.url)
    watcher = SseStream(room)
    watcher.wait_for(lambda event: event["type"] == "presence", "own presence")
    started = time.monotonic()
    guests = [RawWebSocket(shared_server.port, room.id) for _ in range(40)]
    watcher.wait_for(lambda event: event["type"] == "presence" and event["size"] == 41, "presence of all")
    elapsed = time.monotonic() - started
    announced = sum(event["type"] == "presence" for event in watcher.events)
    # At once after quiet, then at most one in 250 ms; a few more for what came before and for rounding.
    assert announced <= 4 + elapsed / 0.25
    for guest in guests:
        guest.connection.socket.close()
    watcher.wait_for(lambda event: event is watcher.events[-1] and event.get("size") == 1, "presence of one again")
    watcher.close()


def test_a_message_on_a_socket_comes_back_to_its_sender(shared_server: Server) -> None:
    room = new_room()
    with RawWebSocket(shared_server.port, room) as socket:
        socket.send_json(good(sender="me", ttl_ms=60_000, reply_to="12345678"))
        message = socket.receive_event("message")
    (kept,) = transcript(shared_server, room)["messages"]
    assert message == {"type": "message", **kept}
    assert (kept["sender"], kept["ttl_ms"], kept["reply_to"]) == ("me", 60_000, "12345678")


def test_frames_that_mean_nothing_are_passed_over(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        deep = b"[" * 100_000
        for payload in (b"", b"{", b"null", b"5", b'"x"', b'{"type":"listening"}', b'{"type":"nothing"}', deep):
            socket.send(frame(TEXT, payload))
        socket.send(frame(PONG, b"nobody asked"))
        socket.send_json(GOOD)
        assert socket.receive_event("message")["ciphertext"] == GOOD["ciphertext"]


def test_a_ping_is_answered_with_its_own_bytes(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        for payload in (b"", b"\x00\xff ping", b"x" * 125):
            socket.send(frame(PING, payload))
            while (answer := socket.receive())[0] == TEXT:
                pass
            assert answer == (PONG, payload)


def test_a_message_in_fragments_is_put_together(shared_server: Server) -> None:
    data = json.dumps(good(sender="in pieces ✉")).encode()
    with RawWebSocket(shared_server.port, new_room()) as socket:
        socket.send(frame(TEXT, data[:5], fin=False))
        socket.send(frame(CONTINUATION, data[5:41], fin=False))
        socket.send(frame(PING, b"in between"))
        socket.send(frame(CONTINUATION, b"", fin=False))
        socket.send(frame(CONTINUATION, data[41:]))
        socket.receive_event("ready")
        seen = set()
        while not {"message", "pong"} <= seen:
            opcode, payload = socket.receive()
            if opcode == PONG:
                assert payload == b"in between"
                seen.add("pong")
            elif (event := json.loads(payload))["type"] == "message":
                assert event["sender"] == "in pieces ✉"
                seen.add("message")


def test_a_frame_that_comes_byte_by_byte_is_one_frame(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        for byte in frame(TEXT, json.dumps(GOOD).encode()):
            socket.send(bytes([byte]))
        assert socket.receive_event("message")["nonce"] == GOOD["nonce"]


def test_many_frames_in_one_write_are_many_frames(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        socket.send(b"".join(frame(TEXT, json.dumps(good(sender=f"s{n}")).encode()) for n in range(50)))
        assert [socket.receive_event("message")["sender"] for _ in range(50)] == [f"s{n}" for n in range(50)]


def test_a_frame_of_256_kib_is_read(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        body = json.dumps(good(pad="")).encode()
        socket.send(frame(TEXT, body.replace(b'"pad": ""', b'"pad": "' + b"x" * (FRAME_LIMIT - len(body)) + b'"')))
        assert socket.receive_event("message")["nonce"] == GOOD["nonce"]


BROKEN_FRAMES: dict[str, tuple[bytes, int]] = {
    # Only the head and a little: the length alone decides.
    "a frame over 256 KiB": (struct.pack("!BBQ", 0x81, 0xFF, FRAME_LIMIT + 1) + b"mask" + b"x" * 1000, 1009),
    "a length beyond all bounds": (struct.pack("!BBQ", 0x81, 0xFF, 2**63 - 1) + b"mask", 1009),
    "fragments that are over 256 KiB together": (
        frame(TEXT, b"x" * 200_000, fin=False) + frame(CONTINUATION, b"x" * 100_000),
        1009,
    ),
    "an unmasked frame": (frame(TEXT, b"{}", masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"{}", reserved=4), 1002),
    "an opcode that does not exist": (frame(0x3, b"x"), 1002),
    "a control opcode that does not exist": (frame(0xB, b"x"), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a new message inside another": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"), 1002),
    "text that is no UTF-8": (frame(TEXT, b'{"a":"\xff"}'), 1007),
    "a close frame of one byte": (frame(CLOSE, b"\x03"), 1002),
}


@pytest.mark.parametrize(("data", "code"), BROKEN_FRAMES.values(), ids=BROKEN_FRAMES)
def test_a_broken_frame_closes_the_socket_with_its_code_and_harms_nobody(
    shared_server: Server, data: bytes, code: int
) -> None:
    room = Room(shared_server.url)
    witness = SseStream(room)
    witness.wait_for_type("ready")
    with RawWebSocket(shared_server.port, room.id) as socket:
        socket.send(data)
        assert socket.receive_close() == code
        socket.connection.read_to_end()
    sent = room.send("all is well")
    witness.wait_for(lambda event: event.get("id") == sent["id"], "message after the broken frame")
    witness.close()


def test_a_close_is_answered_with_a_close(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        socket.send(frame(CLOSE, (1000).to_bytes(2, "big") + b"bye"))
        assert socket.receive_close() == 1000
        socket.connection.assert_closed()


def test_a_client_that_vanishes_leaves_the_room(shared_server: Server) -> None:
    room = Room(shared_server.url)
    watcher = SseStream(room)
    with RawWebSocket(shared_server.port, room.id):
        watcher.wait_for(lambda event: event["type"] == "presence" and event["size"] == 2, "presence of two")
    watcher.wait_for(lambda event: event is watcher.events[-1] and event.get("size") == 1, "presence of one")
    watcher.close()


def test_no_extension_is_agreed_to(shared_server: Server) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    with RawWebSocket(shared_server.port, new_room(), offer) as socket:
        assert socket.response.header("Sec-WebSocket-Extensions") is None
        socket.send_json(GOOD)
        assert socket.receive_event("message")


def test_a_binary_frame_with_a_message_is_a_message(shared_server: Server) -> None:
    with RawWebSocket(shared_server.port, new_room()) as socket:
        socket.send(frame(BINARY, json.dumps(GOOD).encode()))
        assert socket.receive_event("message")["ciphertext"] == GOOD["ciphertext"]


def test_ws_without_an_upgrade_is_refused_in_json(shared_server: Server) -> None:
    response = shared_server.get(f"/api/rooms/{new_room()}/ws")
    assert_refused(response, response.status_code)
    assert response.status_code in (400, 404, 426)


def test_a_socket_may_follow_other_requests_on_its_connection(shared_server: Server) -> None:
    room = new_room()
    post_well(shared_server, room)
    with RawConnection(shared_server.port) as connection:
        for path in ("/api/health", f"/api/rooms/{room}/status", "/nothing-here"):
            connection.request("GET", path)
            connection.response()
        socket = RawWebSocket(shared_server.port, room, connection=connection)
        assert socket.receive_event("message")
        socket.receive_event("ready")
        socket.send_json(good(sender="after all that"))
        assert socket.receive_event("message")["sender"] == "after all that"


def test_an_sse_stream_may_follow_other_requests_on_its_connection(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        for path in ("/api/health", f"/api/rooms/{room}/status"):
            connection.request("GET", path)
            connection.response()
        connection.request("GET", f"/api/rooms/{room}/events")
        connection.until(b'"type":"ready"')
        post_well(shared_server, room, sender="after-all-that")
        connection.until(b'"sender":"after-all-that"')
