"""Which address leads where, which method it takes, and what every answer carries."""

from __future__ import annotations

import pytest

from raw_http import RawConnection
from server import Server
from wire import GOOD, assert_refused, new_room, post, post_well, transcript

ROOM_PARTS = ["messages", "events", "ws", "wait", "transcript", "status"]

BAD_IDS = {
    "three letters": "abc",
    "65 letters": "a" * 65,
    "a dot": "ab.cd",
    "a space": "ab%20cd",
    "a slash": "ab%2Fcd",
    "an umlaut": "%C3%A4bcd",
    "a zero byte": "abcd%00",
    "a newline": "abcd%0A",
    "a percent sign": "abc%25",
}
# These spell nothing at all, so it is not the id that is bad.
BAD_SPELLINGS = {
    "bytes that are no text": "abcd%FF",
    "a broken percent sign": "abcd%zz",
    "half a percent sign": "abcd%4",
}


@pytest.mark.parametrize("part", ROOM_PARTS)
@pytest.mark.parametrize("room", (BAD_IDS | BAD_SPELLINGS).values(), ids=BAD_IDS | BAD_SPELLINGS)
def test_a_bad_room_id_is_refused_everywhere(shared_server: Server, part: str, room: str) -> None:
    with RawConnection(shared_server.port) as connection:
        if part == "messages":
            connection.request(
                "POST", f"/api/rooms/{room}/messages", {"Content-Type": "application/json"}, b'{"ciphertext":"QUJD"}'
            )
        elif part == "ws":
            upgrade = {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }
            connection.request("GET", f"/api/rooms/{room}/ws", upgrade)
        else:
            connection.request("GET", f"/api/rooms/{room}/{part}")
        assert_refused(connection.response(), 400, "bad roomId" if room in BAD_IDS.values() else None)


@pytest.mark.parametrize("room", ["abcd", "A_-9", "a" * 64, "----", "____"])
def test_the_shortest_and_longest_and_oddest_good_ids_are_good(shared_server: Server, room: str) -> None:
    assert post(shared_server, GOOD, room).status_code == 200


def test_a_percent_encoded_id_is_the_room_it_spells(shared_server: Server) -> None:
    room = new_room()
    encoded = "".join(f"%{byte:02x}" for byte in room.encode())
    with RawConnection(shared_server.port) as connection:
        post_well(shared_server, room)
        connection.request("GET", f"/api/rooms/{encoded}/status")
        assert connection.response().json()["recent_count"] == 1
        connection.request("GET", f"/api/rooms/{encoded}/transcript")
        assert connection.response().json()["count"] == 1
        connection.request("GET", f"/api/rooms/{encoded}/wait?timeout=0")
        assert len(connection.response().json()["messages"]) == 1


def test_routes_ignore_case_and_a_trailing_slash_but_rooms_do_not(shared_server: Server) -> None:
    room = new_room() + "-Ab"
    for path in (f"/API/Rooms/{room}/MESSAGES", f"/api/rooms/{room}/messages/", f"/Api/ROOMS/{room}/Messages/"):
        assert shared_server.post(path, json=GOOD).status_code == 200
    for path in (f"/API/rooms/{room}/Transcript", f"/api/rooms/{room}/transcript/?limit=5"):
        assert shared_server.get(path).json()["count"] == 3
    for path in (f"/api/rooms/{room}/STATUS/", f"/API/ROOMS/{room}/status"):
        assert shared_server.get(path).json()["recent_count"] == 3
    assert len(shared_server.get(f"/api/rooms/{room}/WAIT/?timeout=0").json()["messages"]) == 3
    for path in ("/API/Health", "/api/health/"):
        assert shared_server.get(path).json()["ok"] is True
    assert transcript(shared_server, room.lower())["exists"] is False


@pytest.mark.parametrize(
    "path",
    ["/nothing-here", "/api/nothing", "/api", "/api/rooms", "/api/rooms/abcd", "/api/rooms/abcd/nothing",
     "/api/rooms/abcd/messages/more", "/api/metrics/nothing", "/admin/nothing", "/.env", "/assets/nothing.css"],
)  # fmt: skip
def test_an_unknown_route_is_a_404_in_json_for_programs_and_below_api_for_browsers_too(
    shared_server: Server, path: str
) -> None:
    is_for_programs = path.startswith(("/api", "/assets/"))
    for accept in ("*/*", "application/json", *(["text/html"] if is_for_programs else [])):
        assert_refused(shared_server.get(path, headers={"Accept": accept}), 404)
    if not is_for_programs:
        page = shared_server.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 404 and page.headers["Content-Type"].startswith("text/html")
    if not path.startswith("/assets/"):
        assert_refused(shared_server.post(path, json=GOOD), 404)


@pytest.mark.parametrize("path", ["/assets/../Package.swift", "/assets/%2e%2e/Package.swift", "/assets/..%2f..%2fPackage.swift",
                                  "/../../../../etc/passwd", "/assets//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])  # fmt: skip
def test_no_path_leads_out_of_the_served_files(shared_server: Server, path: str) -> None:
    with RawConnection(shared_server.port) as connection:
        connection.request("GET", path)
        response = connection.response()
    assert response.status in (400, 404)
    assert b"root:" not in response.body and b"swift-tools-version" not in response.body


WRONG_METHODS = [
    ("GET", "/api/rooms/abcd/messages", "POST"),
    ("PUT", "/api/rooms/abcd/messages", "POST"),
    ("DELETE", "/api/rooms/abcd/messages", "POST"),
    ("POST", "/api/rooms/abcd/events", "GET"),
    ("POST", "/api/rooms/abcd/ws", "GET"),
    ("POST", "/api/rooms/abcd/wait", "GET"),
    ("DELETE", "/api/rooms/abcd/transcript", "GET"),
    ("PUT", "/api/rooms/abcd/status", "GET"),
    ("POST", "/api/health", "GET"),
    ("DELETE", "/api/metrics", "GET"),
    ("POST", "/metrics", "GET"),
    ("PUT", "/admin/stats", "GET"),
    ("GET", "/admin/logout", "POST"),
    ("DELETE", "/admin/login", "POST"),
]


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG_METHODS)
def test_a_wrong_method_is_a_405_that_says_which_are_right(
    shared_server: Server, method: str, path: str, allowed: str
) -> None:
    response = shared_server.http.request(
        method, shared_server.url + path, headers=shared_server.bearer, json=GOOD, timeout=10
    )
    assert_refused(response, 405)
    assert allowed in [name.strip() for name in response.headers["Allow"].split(",")]
    assert method not in [name.strip() for name in response.headers["Allow"].split(",")]


def test_head_is_answered_like_get_without_a_body(shared_server: Server) -> None:
    with RawConnection(shared_server.port) as connection:
        for path, status in (("/api/health", 200), ("/api/rooms/abcd/status", 200), ("/nothing-here", 404)):
            connection.request("HEAD", path)
            assert connection.response(to_head=True).status == status
        # Had a body been sent, this answer would be read out of step.
        connection.request("GET", "/api/health")
        assert connection.response().json()["ok"] is True


def test_head_of_events_opens_no_room(shared_server: Server) -> None:
    room = new_room()
    with RawConnection(shared_server.port) as connection:
        connection.request("HEAD", f"/api/rooms/{room}/events", {"Connection": "close"})
        assert connection.response(to_head=True).status in (200, 405)
        connection.assert_closed()
    assert shared_server.get(f"/api/rooms/{room}/status").json() == {"exists": False, "roomId": room}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/health", 200),
        ("POST", "/api/rooms/abcd/messages", 400),
        ("GET", "/api/rooms/abc/events", 400),
        ("GET", "/api/rooms/abcd/wait?timeout=0", 200),
        ("GET", "/api/rooms/abcd/status", 200),
        ("GET", "/api/rooms/abcd/transcript", 200),
        ("GET", "/nothing-here", 404),
        ("DELETE", "/api/health", 405),
        ("DELETE", "/api/rooms/abcd/status", 405),
        ("GET", "/api/metrics", 401),
    ],
)
def test_security_headers_are_on_hot_and_cold_routes(
    shared_server: Server, method: str, path: str, status: int
) -> None:
    response = shared_server.http.request(method, shared_server.url + path, timeout=10)
    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "default-src" in response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "X-Powered-By" not in response.headers


def test_the_stats_alias_leads_to_the_page(shared_server: Server) -> None:
    response = shared_server.get("/stats?range=1h", allow_redirects=False)
    assert response.status_code == 302
    assert response.headers["Location"] == "/admin/stats?range=1h"
