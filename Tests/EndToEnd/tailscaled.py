"""A stand-in for tailscaled's LocalAPI: HTTP over a unix socket, as strict as the real one, and able to go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "local-tailscaled.sock"
BOX_NAME = "box.tail1234.ts.net"
ALICE, BOB = "alice@example.com", "bob@example.com"

# Far more than any whois.
HUGE = 256 * 1024 * 1024


def node(login: str = ALICE, tags: list[str] | None = None, name: str = "laptop") -> dict[str, Any]:
    """What whois tells of a node, with the parts of the real answer that matter or could be mistaken for them."""
    found: dict[str, Any] = {
        "Node": {"ID": 1, "StableID": "nStable1CNTRL", "Name": f"{name}.tail1234.ts.net.", "User": 7},
        "UserProfile": {"ID": 7, "LoginName": login, "DisplayName": "Some Body", "ProfilePicURL": ""},
        "CapMap": None,
    }
    if tags:
        found["Node"]["Tags"] = tags
    return found


def tagged(*tags: str) -> dict[str, Any]:
    """A machine that belongs to tags rather than to a person, as the real one tells it."""
    return node("tagged-devices", list(tags), "sensor")


class Tailscaled:
    """The daemon of one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # By address; others are in no tailnet of ours.
        self.nodes: dict[str, dict[str, Any]] = {}
        self.status: dict[str, Any] = {"Self": {"DNSName": BOX_NAME + ".", "TailscaleIPs": []}}
        # How it answers instead of well and at once: a key of MANNERS or GOOD_MANNERS.
        self.manner: str | None = None
        # What whois was asked for, in order.
        self.asked: list[str] = []
        # Requests that the real one would not have taken.
        self.faults: list[str] = []
        self.closing = threading.Event()
        self._server = _Server(str(path), _Handler)
        self._server.stub = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)

    def answer(self, path: str, headers: Any) -> tuple[int, Any]:
        """Status and body, text or to be JSON."""
        if headers.get("Host") != HOST or headers.get("Origin") or headers.get("Referer"):
            self.faults.append(f"{path} for {headers.get('Host')}")
            return 403, "invalid localapi request"
        target = urlsplit(path)
        if target.path == "/localapi/v0/status":
            told = dict(self.status)
            if parse_qs(target.query).get("peers") == ["false"]:
                told.pop("Peer", None)
            return 200, told
        if target.path != "/localapi/v0/whois":
            self.faults.append(path)
            return 404, "404 page not found"
        (asked,) = parse_qs(target.query).get("addr", [""])
        self.asked.append(asked)
        found = self.nodes.get(address_of(asked))
        return (200, found) if found else (404, f"no match for {asked}")


def address_of(asked: str) -> str:
    """The address of `IP:PORT`, `[IP]:PORT` or `IP` in its usual spelling. ::ffff:a.b.c.d is not a.b.c.d."""
    if asked.startswith("["):
        text = asked[1:].partition("]")[0]
    else:
        text = asked if asked.count(":") > 1 else asked.partition(":")[0]
    return str(ip_address(text))


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    stub: Tailscaled


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def stub(self) -> Tailscaled:
        assert isinstance(self.server, _Server)
        return self.server.stub

    def do_GET(self) -> None:
        with suppress(OSError):
            if self.stub.manner is None:
                self.say(*self.stub.answer(self.path, self.headers))
            else:
                if self.stub.manner in MANNERS:
                    self.stub.answer(self.path, self.headers)
                self.close_connection = True
                (MANNERS | GOOD_MANNERS)[self.stub.manner](self)

    def say(self, status: int, body: Any) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.head(status, len(data), "text/plain; charset=utf-8" if isinstance(body, str) else "application/json")
        self.wfile.write(data)

    def head(self, status: int, length: int | None, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def whois(self) -> bytes:
        """The right answer, for those that spoil it on the way."""
        (asked,) = parse_qs(urlsplit(self.path).query).get("addr", [""])
        return json.dumps(self.stub.nodes.get(address_of(asked), node())).encode()

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "a unix socket"


def _hang(handler: _Handler) -> None:
    handler.stub.closing.wait(60)


def _drip(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Drip: ")
    while not handler.stub.closing.wait(0.2):
        handler.wfile.write(b"x")


def _drip_body(handler: _Handler) -> None:
    whois = handler.whois()
    handler.head(200, len(whois) + 10_000)
    handler.wfile.write(whois)
    while not handler.stub.closing.wait(0.2):
        handler.wfile.write(b" ")


def _huge_body(handler: _Handler) -> None:
    whois = handler.whois()
    handler.head(200, HUGE)
    handler.wfile.write(whois)
    for _ in range(HUGE // 65_536):
        handler.wfile.write(b" " * 65_536)


def _huge_head(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(HUGE // 1_024):
        handler.wfile.write(b"X-%d: %s\r\n" % (number, b"x" * 1_000))


def _cut_body(handler: _Handler) -> None:
    whois = handler.whois()
    handler.head(200, len(whois) + 1)
    handler.wfile.write(whois)


def _cut_json(handler: _Handler) -> None:
    whois = handler.whois()[:-2]
    handler.head(200, len(whois))
    handler.wfile.write(whois)


def _raw(data: bytes) -> Callable[[_Handler], None]:
    return lambda handler: handler.wfile.write(data) and None


def _say(status: int, body: Any) -> Callable[[_Handler], None]:
    return lambda handler: handler.say(status, body)


# What a daemon may do instead of answering. A right answer with the wrong status is the most tempting of all.
MANNERS: dict[str, Callable[[_Handler], None]] = {
    "hangs": _hang,
    "drips its head": _drip,
    "drips its body": _drip_body,
    "has no end": _huge_body,
    "has headers without end": _huge_head,
    "closes at once": lambda _: None,
    "closes within the body": _cut_body,
    "cuts its JSON": _cut_json,
    "is no HTTP": _raw(b"\x00\x01\x02 this is no HTTP\r\n\r\n"),
    "fails": lambda handler: handler.say(500, node()),
    "forbids": lambda handler: handler.say(403, node()),
    "points elsewhere": _raw(b"HTTP/1.1 302 Found\r\nLocation: /localapi/v0/status\r\nContent-Length: 0\r\n\r\n"),
    "says nothing": _say(204, ""),
    "answers with a text": _say(200, "alice@example.com"),
    "answers with a list": _say(200, [node()]),
    "answers with null": _say(200, None),
}


def _chunked(handler: _Handler) -> None:
    status, body = handler.stub.answer(handler.path, handler.headers)
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(data), 50):
        piece = data[start : start + 50]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


def _in_pieces(handler: _Handler) -> None:
    status, body = handler.stub.answer(handler.path, handler.headers)
    data = json.dumps(body).encode()
    whole = b"HTTP/1.1 %d Some Reason\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data)
    for start in range(0, len(whole), 1_000):
        handler.wfile.write(whole[start : start + 1_000])
        handler.stub.closing.wait(0.01)


# Right answers, as Go writes those that are long, and as a busy machine does.
GOOD_MANNERS: dict[str, Callable[[_Handler], None]] = {"in chunks": _chunked, "in pieces": _in_pieces}


@contextmanager
def tailscaled(path: Path, **nodes: dict[str, Any]) -> Iterator[Tailscaled]:
    """A daemon at the path; in the end it must not have been asked anything that the real one would refuse."""
    stub = Tailscaled(path)
    try:
        yield stub
    finally:
        stub.stop()
    assert not stub.faults, stub.faults
