"""Marks on whatever a visitor of the front door controls: addresses, queries, headers, hosts, pages that aren't there."""

from __future__ import annotations

from urllib.parse import quote

import requests

from canary_fields import Voices, marked_headers
from raw_http import RawConnection
from server import Server

# What anybody may open, as a browser and as a program would.
RENDERED = ["/", "/docs", "/docs/agents", "/connect", "/source", "/api/docs", "/status", "/llms.txt", "/api/status", "/api/public-status"]
FRONT = [
    *RENDERED, "/robots.txt", "/.well-known/security.txt", "/favicon.ico", "/sdk/signalbox.py", "/assets/site.css",
    "/api/openapi.json",
]  # fmt: skip
# {} is where a visitor writes what it likes.
NAMED = [
    "/room/{}", "/room/{}/", "/ROOM/{}", "/room/{}/{}", "/room/{}.html", "/sdk/{}.py", "/sdk/{}/signalbox.py", "/assets/{}.js",
    "/{}", "/{}.html", "/{}/", "/docs/{}", "/connect/{}", "/source/{}", "/api/docs/{}", "/.well-known/{}", "/api/{}",
]  # fmt: skip
ACCEPT = ["text/html,application/xhtml+xml", "*/*", "application/json"]


def front_pages(server: Server) -> dict[str, bytes]:
    """What the next visitor is shown, and told in headers."""
    pages = {}
    for path in [*RENDERED, "/room/somewhere", "/nothing-here"]:
        answer = server.get(path, headers={"Accept": ACCEPT[0]})
        pages[f"{path} in a browser"] = answer.content + str(answer.headers).encode()
    return pages


def speak_at_the_front_door(server: Server, voices: Voices) -> set[int]:
    """Opens every page and every address of none, with marks wherever there is room for one; the answers' codes.

    No answer may repeat them to the one who sent them, but for the host that stands in examples.
    """
    codes = set()
    for path in FRONT + NAMED:
        # Headers are read in one place for all; a page, an asset and what is missing stand for the rest.
        is_loud = path in ("/", "/source", "/assets/site.css", "/room/{}", "/{}")
        for accept in ACCEPT if is_loud else ACCEPT[:1]:
            codes.add(_visit(server, voices, path, accept, is_loud).status_code)
    for what, text in (
        ("markup", '"><script>{}</script>'), ("a template", "{{{{{}}}}}"), ("lines", "a\r\nX-Injected: {}"), ("a path", "../../{}"),
        ("odd bytes", "\xff\0{}\u202e"), ("a long one", "x" * 3_000 + "{}"), ("a colon", ":id{}"), ("a scheme", "http://{}.example/"),
    ):  # fmt: skip
        mark = voices.secret.mark(f"an address with {what}")
        for start in ("/", "/room/", "/docs/", "/assets/"):
            answer = server.get(start + quote(text.format(mark), safe=""), headers={"Accept": ACCEPT[0]})
            assert mark not in answer.text + str(answer.headers), (what, start)
            codes.add(answer.status_code)
    _speak_by_hosts(server, voices)
    return codes


def _visit(server: Server, voices: Voices, path: str, accept: str, is_loud: bool) -> requests.Response:
    what = f"{path} as {accept}"
    mark = voices.secret.mark
    before = set(voices.secret.marks)
    # Lower case, for some would be refused otherwise.
    address = path.replace("{}", voices.handle(f"{what}: the address"))
    query = f"?v={mark(f'{what}: v')}&transport={mark(f'{what}: transport')}&{mark(f'{what}: name')}={mark(f'{what}: value')}"
    headers = {"Accept": accept}
    if is_loud:
        headers = marked_headers(voices, what) | {
            # A browser's, since those visits are counted by country.
            "User-Agent": f"Mozilla/5.0 ({mark(f'{what}: browser')}) Chrome/150.0",
            "Accept": f"{accept}, text/{mark(f'{what}: accept')}", "Accept-Encoding": f"gzip, {mark(f'{what}: encoding')}",
            "If-None-Match": f'"{mark(f"{what}: etag")}"', "Range": f"{mark(f'{what}: range')}=0-1",
            "Origin": f"https://{mark(f'{what}: origin')}.example", "Via": mark(f"{what}: via"),
            "X-Forwarded-Proto": mark(f"{what}: scheme"), "Forwarded": f"host={mark(f'{what}: forwarded')}",
            "X-Original-URL": f"/{mark(f'{what}: url')}", "Authorization": f"Bearer {mark(f'{what}: bearer')}",
            "Link": f"<{mark(f'{what}: link')}>",
        }  # fmt: skip
        # Of a network that the database knows.
        headers["CF-Connecting-IP"] = headers["X-Forwarded-For"]
    answer = server.http.get(server.url + address + query, headers=headers, timeout=30, allow_redirects=False)
    said = answer.content + str(answer.headers).encode()
    repeated = [field for field in set(voices.secret.marks) - before if voices.secret.marks[field] in said]
    assert not repeated, (what, repeated)
    assert "Location" not in answer.headers, (what, answer.headers["Location"])
    server.http.cookies.clear()
    return answer


def _speak_by_hosts(server: Server, voices: Voices) -> None:
    """Hosts of every kind: pages name the one they were asked by, to nobody else."""
    mark = voices.secret.mark
    for path in ("/", "/connect", "/docs/agents", "/llms.txt", "/source", "/room/x", "/nothing-here"):
        for what, host in (("a name", "{}.example"), ("a port", "{}:81"), ("markup", '"><script>{}</script>'), ("a shell", "$({})`;'")):
            host = host.format(mark(f"{path} by a host with {what}"))
            with RawConnection(server.port) as connection:
                connection.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode())
                answer = connection.response()
            assert b"<script>cNry" not in answer.body and b"$(cNry" not in answer.body, (path, what)
