"""HTTP itself: versions, keep-alive, pipelining, and bytes that are no HTTP."""

from __future__ import annotations

import json
import socket

import pytest

from conftest import ServerFactory
from raw_http import RawConnection, request_bytes
from server import OPEN_LIMITS, Server
from wire import GOOD, assert_refused, new_room, post_well, transcript

JSON_TYPE = {"Content-Type": "application/json"}
MESSAGE = json.dumps(GOOD).encode()


def test_an_http_1_0_stream_is_unframed_and_ends_with_the_connection(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS)
    room = new_room()
    with RawConnection(server.port) as connection:
        connection.request("GET", f"/api/rooms/{room}/events", version="1.0")
        _, status, headers = connection.head()
        fields = {name.lower(): value for name, value in headers}
        assert status == 200
        assert "transfer-encoding" not in fields and "content-length" not in fields
        assert fields.get("connection", "close").lower() == "close"
        opening = connection.until(b'"type":"ready"')
        seq = post_well(server, room)
        opening += connection.until(b'"seq":%d' % seq)
        server.stop()
        body = opening + connection.read_to_end()
    # Every line is one that the event stream format knows; a chunk size would be none.
    for line in body.decode().splitlines():
        assert line == "" or line.startswith((":", "data:", "retry:", "id:", "event:")), line


def test_http_1_0_requests_get_framed_answers_and_a_closed_connection(shared_server: Server) -> None:
    room = new_room()
    for method, path, body in (
        ("GET", "/api/health", None),
        ("POST", f"/api/rooms/{room}/messages", MESSAGE),
        ("GET", f"/api/rooms/{room}/wait?timeout=0", None),
        ("GET", f"/api/rooms/{room}/status", None),
        ("GET", f"/api/rooms/{room}/transcript", None),
        ("GET", "/nothing-here", None),
    ):
        with RawConnection(shared_server.port) as connection:
            connection.request(method, path, JSON_TYPE, body, version="1.0")
            response = connection.response()
            assert response.header("Transfer-Encoding") is None, path
            assert isinstance(response.json(), dict), path
            connection.assert_closed()


def test_connection_close_is_honoured_on_hot_and_cold_routes(shared_server: Server) -> None:
    for path in ("/api/health", f"/api/rooms/{new_room()}/status", "/nothing-here"):
        with RawConnection(shared_server.port) as connection:
            connection.request("GET", path, {"Connection": "close"})
            connection.response()
            connection.assert_closed()


def test_one_connection_may_alternate_between_hot_and_cold_routes(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        for turn in range(1, 6):
            connection.request("POST", f"/api/rooms/{room}/messages", JSON_TYPE, MESSAGE)
            assert connection.response().json()["ok"] is True
            connection.request("GET", f"/api/rooms/{room}/status")
            assert connection.response().json()["recent_count"] == turn
            connection.request("GET", f"/api/rooms/{room}/wait?timeout=0")
            assert len(connection.response().json()["messages"]) == turn
            connection.request("GET", "/nothing-here")
            assert connection.response().status == 404
            connection.request("POST", f"/api/rooms/{room}/messages", JSON_TYPE, b"{")
            assert connection.response().status == 400
            connection.request("GET", "/api/health")
            assert connection.response().json()["ok"] is True


def test_pipelined_requests_are_answered_in_their_order(shared_server: Server) -> None:
    room = new_room()
    paths = [f"/api/rooms/{room}/status", "/api/health", "/nothing-here", f"/api/rooms/{room}/transcript", "/api/health"]
    with RawConnection(shared_server.port) as connection:
        connection.send(
            request_bytes("GET", "/api/health")
            + request_bytes("POST", f"/api/rooms/{room}/messages", JSON_TYPE, MESSAGE)
            + b"".join(request_bytes("GET", path) for path in paths)
        )
        answers = [connection.response() for _ in range(len(paths) + 2)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 404, 200, 200]
    bodies = [answer.json() for answer in answers]
    assert [set(body) for body in (bodies[0], bodies[1], bodies[3])] == [
        {"ok", "rooms", "ts"}, {"ok", "id", "seq"}, {"ok", "rooms", "ts"},
    ]  # fmt: skip
    assert bodies[2]["recent_count"] == 1
    assert bodies[5]["last_seq"] == bodies[1]["seq"]


def test_a_request_behind_a_parked_wait_waits_its_turn(shared_server: Server) -> None:
    room = new_room()
    last = post_well(shared_server, room)
    with RawConnection(shared_server.port) as connection:
        connection.send(
            request_bytes("GET", f"/api/rooms/{room}/wait?after={last}&timeout=1") + request_bytes("GET", "/api/health")
        )
        assert connection.response().json()["messages"] == []
        assert connection.response().json()["ok"] is True


def test_many_pipelined_messages_are_all_relayed_in_order(shared_server: Server) -> None:
    room = new_room()
    bodies = [json.dumps(GOOD | {"sender": f"n{number}"}).encode() for number in range(100)]
    with RawConnection(shared_server.port) as connection:
        connection.send(b"".join(request_bytes("POST", f"/api/rooms/{room}/messages", JSON_TYPE, body) for body in bodies))
        seqs = [connection.response().json()["seq"] for _ in bodies]
    assert seqs == list(range(seqs[0], seqs[0] + 100))
    assert [message["sender"] for message in transcript(shared_server, room)["messages"]] == [f"n{n}" for n in range(100)]


@pytest.mark.parametrize("path", ["/api/rooms/expect-room/messages", "/admin/login"])
def test_a_client_that_expects_100_continue_gets_it(shared_server: Server, path: str) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request(
            "POST", path, JSON_TYPE | {"Expect": "100-continue", "Content-Length": str(len(MESSAGE))}
        )
        assert connection.head()[1] == 100
        connection.send(MESSAGE)
        response = connection.response()
    if path.endswith("messages"):
        assert response.json()["ok"] is True
    else:
        assert 200 < response.status < 500


def test_a_client_that_asks_whether_a_huge_body_may_come_is_told_no(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request(
            "POST",
            f"/api/rooms/{new_room()}/messages",
            JSON_TYPE | {"Expect": "100-continue", "Content-Length": "999999999"},
        )
        response = connection.response()
        assert_refused(response, 413)
        connection.assert_closed()


def test_an_absolute_form_request_line_is_read_by_its_path(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", "http://elsewhere.example/api/health")
        assert connection.response().json()["ok"] is True
        connection.request("POST", f"http://elsewhere.example/api/rooms/{room}/messages", JSON_TYPE, MESSAGE)
        assert connection.response().json()["ok"] is True
        connection.request("GET", f"http://elsewhere.example:99/api/rooms/{room}/status?x=1")
        assert connection.response().json()["recent_count"] == 1


def test_an_absolute_form_request_line_redirects_nowhere_else(shared_server: Server) -> None:
    for target in ("http://elsewhere.example/stats", "http://elsewhere.example/stats?range=1h", "//elsewhere.example/stats"):
        with RawConnection(shared_server.port) as connection:
            connection.request("GET", target, {"Host": "elsewhere.example"})
            response = connection.response()
        location = response.header("Location") or "/"
        assert location.startswith("/") and not location.startswith("//"), location


@pytest.mark.parametrize("name", ["X-Long", "Cookie", "Host"])
def test_headers_over_16_kib_are_refused_and_the_connection_closed(shared_server: Server, name: str) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", "/api/health", {name: "x" * 20_000})
        response = connection.response()
        assert response.status in (400, 431)
        assert_refused(response, response.status)
        connection.read_to_end()


def test_very_many_headers_are_refused_and_the_connection_closed(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", "/api/health", {f"X-{number}": "y" for number in range(3_000)})
        response = connection.response()
        assert response.status in (400, 431)
        connection.read_to_end()


def test_a_request_line_over_16_kib_is_refused(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", "/api/health?" + "x" * 20_000)
        assert connection.response().status in (400, 414, 431)
        connection.read_to_end()


def test_headers_of_ordinary_length_are_welcome(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", "/api/health?" + "x" * 2_000, {"Cookie": "a=" + "x" * 8_000})
        assert connection.response().json()["ok"] is True


GARBAGE = {
    "a TLS hello": bytes.fromhex("16030100c8010000c40303") + bytes(range(200)) + b"\r\n\r\n",
    "a word": b"GARBAGE\r\n\r\n",
    "an SSH greeting": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "zero bytes": bytes(64) + b"\r\n\r\n",
    "a header without a colon": b"GET /api/health HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n",
    "a header with a space in its name": b"GET /api/health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a version that does not exist": b"GET /api/health HTTP/9.9\r\nHost: x\r\n\r\n",
    "a length that is no number": b"POST /api/rooms/abcd/messages HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "a negative length": b"POST /api/rooms/abcd/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /api/rooms/abcd/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": (
        b"POST /api/rooms/abcd/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk size that is no number": (
        b"POST /api/rooms/abcd/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
    ),
    "a control character in a header": b"GET /api/health HTTP/1.1\r\nHost: x\r\nX-A: a\x01\x02\0b\r\n\r\n",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_bytes_that_are_no_http_are_answered_with_400_in_json(shared_server: Server, data: bytes) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.send(data)
        response = connection.response()
        assert_refused(response, 400)
        assert response.header("X-Content-Type-Options") == "nosniff"
        connection.read_to_end()
    assert shared_server.get("/api/health").status_code == 200


def test_garbage_behind_a_good_request_does_not_spoil_its_answer(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.send(request_bytes("GET", "/api/health") + b"\0\1\2 what is this\r\n\r\n")
        assert connection.response().json()["ok"] is True
        assert connection.response().status == 400
        connection.read_to_end()


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0", "nonsense"])
def test_an_upgrade_that_is_not_ours_does_not_lose_the_request(shared_server: Server, upgrade: str) -> None:
    for path in ("/api/health", f"/api/rooms/{new_room()}/status"):
        with RawConnection(shared_server.port) as connection:
            connection.request(
                "GET", path, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": upgrade, "HTTP2-Settings": "AAMAAABk"}
            )
            response = connection.response()
            assert response.status == 200
            # The connection goes on, or it was said that it doesn't.
            if (response.header("Connection") or "").lower() != "close":
                connection.request("GET", path)
                assert connection.response().status == 200


def test_a_body_that_never_comes_in_full_is_no_message(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        connection.request("POST", f"/api/rooms/{room}/messages", JSON_TYPE | {"Content-Length": "1000"})
        connection.send(MESSAGE)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.read_to_end()
    assert transcript(shared_server, room)["exists"] is False


def test_a_request_that_comes_byte_by_byte_is_one_request(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request_bytes("POST", f"/api/rooms/{room}/messages", JSON_TYPE, MESSAGE):
            connection.send(bytes([byte]))
        assert connection.response().json()["ok"] is True


def test_a_client_that_closes_its_sending_half_still_gets_its_answer(shared_server: Server) -> None:
    for path in ("/api/health", f"/api/rooms/{new_room()}/status"):
        with RawConnection(shared_server.port) as connection:
            connection.request("GET", path)
            connection.socket.shutdown(socket.SHUT_WR)
            assert connection.response().status == 200
            connection.assert_closed()


@pytest.mark.soak
def test_a_connection_that_never_finishes_its_headers_is_closed(shared_server: Server) -> None:
    with RawConnection(shared_server.port, timeout=60) as connection:
        connection.send(b"GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.read_to_end()


@pytest.mark.soak
def test_an_idle_connection_is_kept_for_two_minutes_and_then_closed(shared_server: Server) -> None:
    with RawConnection(shared_server.port, timeout=20) as early, RawConnection(shared_server.port, timeout=200) as late:
        for connection in (early, late):
            connection.request("GET", "/api/health")
            connection.response()
        # Cloudflare's tunnel reuses connections that have been idle for long.
        with pytest.raises(TimeoutError):
            early.socket.recv(1)
        early.request("GET", "/api/health")
        assert early.response().status == 200
        late.assert_closed()
