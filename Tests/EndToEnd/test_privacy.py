"""Canaries: what clients send is marked, and no mark may be found in anything the server writes or shows."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import websocket

from raw_http import RawConnection
from raw_websocket import TEXT, RawWebSocket, frame
from relay_client import Room, SseStream, WebSocketStream
from server import Server, eventually, http_session
from wire import good

# Addresses that no real client has (RFC 5737, RFC 3849).
CLIENT_ADDRESSES = ["203.0.113.77", "2001:db8:7777::77"]


class Canaries:
    """Marks for fields, one each, so that a find says which field it came from."""

    def __init__(self) -> None:
        self.marks: dict[str, bytes] = {}

    def mark(self, field: str) -> str:
        # Letters and digits only, fit for any field; random, so that a find is no accident.
        self.marks[field] = f"cNry{secrets.token_hex(7)}".encode()
        return self.marks[field].decode()

    def note(self, field: str, value: str | bytes) -> str:
        """A value that is not ours to choose, as it is."""
        self.marks[field] = value if isinstance(value, bytes) else value.encode()
        return self.marks[field].decode("latin-1")

    def found_in(self, data: bytes) -> list[str]:
        return [
            f"{field} as {encoding}"
            for field, value in self.marks.items()
            for encoding, form in encodings(value)
            if form in data
        ]


def encodings(value: bytes) -> Iterator[tuple[str, bytes]]:
    yield "it is", value
    yield "lower case", value.lower()
    yield "upper case", value.upper()
    yield "hex", value.hex().encode()
    yield "upper-case hex", value.hex().upper().encode()
    yield "percent-encoding", "".join(f"%{byte:02X}" for byte in value).encode()
    yield "lower-case percent-encoding", "".join(f"%{byte:02x}" for byte in value).encode()
    yield "percent-encoding where needed", quote(value, safe="").encode()
    yield "UTF-16", value.decode("latin-1").encode("utf-16-le")
    yield "reversed", value[::-1]
    # Inside a longer text, base64 of a value takes three forms; the letters at both ends depend on the
    # neighbours and are cut off.
    for offset in range(3):
        padded = bytes(offset) + value
        form = base64.b64encode(padded)
        start = (offset * 8 + 5) // 6
        end = len(padded) * 8 // 6
        yield f"base64 at {offset}", form[start:end]
        yield f"url-safe base64 at {offset}", base64.urlsafe_b64encode(padded)[start:end]


def written(server: Server) -> dict[str, bytes]:
    """Every file below the server's directory: store, WAL, mapping, log, whatever else there may be."""
    return {
        str(path.relative_to(server.directory)): path.read_bytes()
        for path in server.directory.rglob("*")
        if path.is_file()
    }


def shown(server: Server) -> dict[str, bytes]:
    """Everything an operator can look at."""
    pages = {
        path: server.get(path, headers=server.bearer).content
        for path in (
            "/metrics", "/api/metrics", "/api/metrics/hourly", "/api/metrics/series?range=all", "/api/metrics/series?range=1h",
        )
    }  # fmt: skip
    browser = http_session()
    browser.headers["Accept"] = "text/html"
    browser.post(server.url + "/admin/login", data={"token": server.token}, timeout=10)
    for path in ("/admin/stats", "/admin/stats?range=1h", "/admin/stats?range=all"):
        response = browser.get(server.url + path, timeout=10)
        assert response.status_code == 200 and "<svg" in response.text
        pages[path] = response.content
    return pages


def speak(server: Server, canaries: Canaries) -> list[Callable[[], None]]:
    """Uses every field a client controls. The streams stay open; what closes them is returned."""
    mark = canaries.mark
    room = Room(server.url, mark("room id"))
    box_pub = canaries.note("box_pub", base64.b64encode(secrets.token_bytes(32)).decode())
    headers = {
        "User-Agent": f"Mozilla/5.0 {mark('user agent')}",
        "X-Canary": mark("unknown header"),
        "Referer": f"http://{mark('referer')}.example/",
        "Cookie": f"{mark('cookie name')}={mark('cookie value')}",
        "Accept-Language": mark("accept-language"),
        "X-Forwarded-For": canaries.note("client address", CLIENT_ADDRESSES[0]),
        "X-Forwarded-Host": mark("forwarded host"),
        "X-Request-Id": mark("request id"),
        "CF-IPCountry": mark("country"),
        "Tailscale-User-Login": mark("tailscale login"),
    }
    ipv6 = {"X-Forwarded-For": canaries.note("client address, IPv6", CLIENT_ADDRESSES[1])}

    sse = SseStream(room, headers, name=mark("name over SSE"), box_pub=box_pub, query=mark("query of events"))
    socket = WebSocketStream(room, ipv6 | {"User-Agent": mark("user agent of the socket")})
    for stream in (sse, socket):
        stream.wait_for_type("ready")
    socket.send({"type": "hello", "name": mark("first name"), "box_pub": box_pub})
    socket.send({"type": "hello", "name": mark("second name"), mark("unknown field"): mark("unknown value")})

    nonce = (mark("nonce") + "x" * 24)[:24].encode()
    canaries.note("nonce as sent", base64.b64encode(nonce).decode())
    ciphertext = base64.b64encode((mark("ciphertext") * 3).encode()).decode()
    canaries.note("ciphertext as sent", ciphertext)
    message = {
        "ciphertext": ciphertext,
        "nonce": base64.b64encode(nonce).decode(),
        "sender": mark("sender"),
        "reply_to": mark("reply_to"),
        mark("unknown field of a message"): mark("unknown value of a message"),
    }
    response = server.post(
        f"/api/rooms/{room.id}/messages?q={mark('query of a post')}", json=message, headers=headers
    )
    assert response.status_code == 200, response.text
    canaries.note("message id", response.json()["id"])
    socket.send(message | {"sender": mark("sender over the socket")})
    sse.wait_for(lambda event: event.get("sender") == canaries.marks["sender over the socket"].decode(), "second message")

    # Visits of pages, whose country is looked up.
    for page in ("/", f"/?{mark('query of a page')}", f"/docs?{mark('query of a page that is not there')}"):
        server.get(page, headers=headers | {"Accept": "text/html"})
        server.get(page, headers=headers | ipv6 | {"Accept": "text/html", "CF-Connecting-IP": canaries.marks["client address"].decode()})

    # What is refused is marked as well: errors are what tends to be logged.
    socket.send("not json " + mark("malformed frame"))
    socket.send(message | {"reply_to": "no such " + mark("bad reply_to")})
    path = f"/api/rooms/{room.id}"
    server.post(path + "/messages", data=b'{"a": ' + mark("malformed json").encode(), headers={"Content-Type": "application/json"})
    server.post(path + "/messages", data=mark("body of another type"), headers={"Content-Type": "text/" + mark("content type")})
    server.post(path + "/messages", json=good(sender=[mark("bad sender")]))
    server.post(path + "/messages", json=good(pad=mark("too large") * 20_000))
    server.get(path + "/wait", params={"after": mark("bad number"), "timeout": "0"}, headers=headers)
    server.get(path + "/transcript", params={"limit": mark("bad limit"), mark("query name"): "1"}, headers=headers)
    server.get(path + "/status?" + mark("query without a value"), headers=headers)
    server.get(path + "/" + mark("unknown part"))
    server.get("/" + mark("unknown path"))
    server.get(f"/api/rooms/{mark('bad room id')}.x/status")
    server.get(f"/assets/{mark('unknown asset')}.css")
    server.get("/api/metrics", headers={"Authorization": f"Bearer {mark('wrong bearer')}"})
    server.get("/api/metrics", params={"token": mark("wrong token in the query")})
    bad_view = {"range": mark("bad range"), "metric": mark("bad metric")}
    server.get("/admin/stats", params=bad_view, headers=server.bearer, allow_redirects=False)
    for part in ("series", "geo", "geo/self-test"):
        for name in ("range", "from", "to", "step", "metric", "format"):
            server.get(f"/api/metrics/{part}", params={name: mark(f"bad {name} of {part}")}, headers=server.bearer)
    login = {"Accept": "text/html", "Origin": f"http://{mark('origin')}.example"}
    server.post("/admin/login", data={"token": mark("wrong token at login")}, headers=login)
    server.post("/admin/login", data={"token": mark("wrong token at login, no origin")})
    server.http.request(mark("method"), server.url + path + "/status", timeout=10)
    server.http.cookies.clear()
    for raw in (
        f"GET http://{mark('absolute host')}.example/{mark('absolute path')} HTTP/1.1\r\nHost: {mark('host')}\r\n\r\n",
        f"{mark('garbage')} \0\1\2\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{mark('bad header')} : x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {mark('long header')}{'y' * 20_000}\r\n\r\n",
    ):
        with RawConnection(server.port) as connection:
            connection.send(raw.encode("latin-1"))
            connection.response()
    for broken in (frame(TEXT, mark("unmasked").encode(), masked=False), frame(0x3, mark("odd opcode").encode())):
        with RawWebSocket(server.port, room.id) as raw_socket:
            raw_socket.send(broken)
            raw_socket.receive_close()
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"{server.url.replace('http', 'ws')}/api/rooms/{mark('bad socket id')}.x/ws")
    return [sse.close, socket.close]


def test_a_planted_mark_is_found_in_every_encoding() -> None:
    canaries = Canaries()
    value = canaries.mark("planted").encode()
    for noise in (b"", b"a", b"ab", b"abc"):
        for planted in (
            noise + value,
            base64.b64encode(noise + value + b"tail"),
            base64.urlsafe_b64encode(noise + b"\xff" + value),
            (noise + value).hex().encode(),
            "".join(f"%{byte:02x}" for byte in value).encode(),
            value.upper(),
        ):
            assert canaries.found_in(b"something " + planted + b" else"), planted
    assert not canaries.found_in(b"nothing here" + secrets.token_bytes(1000))


def test_nothing_that_clients_send_is_written_or_shown(server: Server) -> None:
    canaries = Canaries()
    canaries.note("token", server.token)
    close = speak(server, canaries)
    assert len(canaries.marks) > 50

    def search(when: str, places: dict[str, bytes]) -> None:
        for name, data in places.items():
            assert not canaries.found_in(data), f"{when}, in {name}: {canaries.found_in(data)}"

    # While the clients are there, after they have gone, and after the last flush.
    search("with clients", shown(server) | written(server))
    for end in close:
        end()
    eventually(lambda: server.metrics()["active_subs"] == 0, "nobody left")
    search("without clients", shown(server) | written(server))
    server.stop()
    search("after the end", written(server))
    names = set(written(server))
    assert {"data/signalbox.sqlite", "counters", "server.log"} <= names, "the search must have had something to find"
    server.start()
    search("after a restart", shown(server) | written(server))
    server.kill()
    search("after a crash", written(server))


def test_what_is_refused_is_not_repeated_to_the_one_who_sent_it(server: Server) -> None:
    # Error texts end in the logs of clients and proxies; ours say what is wrong, not what was sent.
    canaries = Canaries()
    mark = canaries.mark
    answers = [
        server.post("/api/rooms/abcd/messages", data=b"{" + mark("json").encode(), headers={"Content-Type": "application/json"}),
        server.post("/api/rooms/abcd/messages", json={"ciphertext": mark("ciphertext")}),
        server.get("/" + mark("path")),
        server.get(f"/api/rooms/{mark('room id')}.x/status"),
        server.get("/api/metrics", headers={"Authorization": f"Bearer {mark('token')}"}),
        server.http.request(mark("method"), server.url + "/api/rooms/abcd/status", timeout=10),
        server.get("/admin/stats", params={"token": mark("query token")}, headers={"Accept": "text/html"}),
        server.get("/admin/stats", params={"range": mark("range")}, headers=server.bearer, allow_redirects=False),
        server.get("/admin/stats", params={"range": mark("range of a page"), "token": server.token}),
    ]
    for answer in answers:
        found = canaries.found_in(answer.content + json.dumps(dict(answer.headers)).encode())
        assert not found, (answer.url, found)


def test_counters_and_store_are_readable_by_their_owner_alone(server: Server) -> None:
    assert server.counters_path.stat().st_mode & 0o777 == 0o600
    store = server.data_dir / "signalbox.sqlite"
    assert store.stat().st_mode & 0o077 == 0 or server.data_dir.stat().st_mode & 0o077 == 0
