"""The address that pages and examples show: the server's own where it is set, else what a client called it by, of
which nothing is left that a page or a shell could stumble over."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import ServerFactory
from page_source import AS_A_BROWSER, fetch
from raw_http import RawConnection, RawResponse
from server import OPEN_LIMITS, Server
from snippets import snippets

FILLED = ["/", "/docs", "/docs/agents", "/connect", "/llms.txt", "/api/openapi.json"]
HOSTS = [
    'x"; touch pwned; "',
    "x'; touch pwned; '",
    "x$(touch pwned)",
    "x`touch pwned`",
    "x;touch${IFS}pwned",
    "x|touch pwned",
    "x&touch pwned",
    "x\\",
    "x\ttouch",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{origin}}",
    "{{{token}}}",
    "user:password@evil.example",
    "evil.example/path?query#fragment",
    "%0d%0aSet-Cookie:a=b",
    "\xe9\xff",
    "",
]


def ask(server: Server, path: str, host: str | None, **headers: str) -> RawResponse:
    with RawConnection(server.port, timeout=30) as connection:
        fields = AS_A_BROWSER | headers | ({} if host is None else {"Host": host})
        lines = [f"{name}: {value}" for name, value in fields.items()]
        connection.send("\r\n".join([f"GET {path} HTTP/1.0", *lines]).encode("latin-1") + b"\r\n\r\n")
        return connection.response()


@pytest.mark.parametrize("host", HOSTS)
def test_a_hostile_name_of_the_server_is_inert(shared_server: Server, host: str) -> None:
    for path in FILLED:
        usual, response = fetch(shared_server, path), ask(shared_server, path, host)
        if response.status == 400:
            continue
        assert response.status == 200
        # But for the address itself nothing differs, and that is made of what addresses are made of.
        address = "http://" + re.sub(r"[^A-Za-z0-9._:\[\]-]", "", host)
        assert response.body.decode() == usual.text.replace(shared_server.url, address), path


@pytest.mark.parametrize("host", [host for host in HOSTS if "pwned" in host])
def test_an_example_from_such_a_page_runs_nothing_else(shared_server: Server, tmp_path: Path, host: str) -> None:
    response = ask(shared_server, "/", host)
    if response.status == 400:
        return
    (example,) = [one for one in snippets(response.body.decode()) if one.name == "make-link"]
    subprocess.run(["sh", "-c", example.text], cwd=tmp_path, check=True, capture_output=True, timeout=30)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", FILLED)
@pytest.mark.parametrize("host", ["relay.example.org", "relay.example.org:8080", "[2001:db8::1]:3000"])
def test_a_server_is_called_what_its_client_calls_it(shared_server: Server, path: str, host: str) -> None:
    text = ask(shared_server, path, host).body.decode()
    assert f"http://{host}/" in text or f'"http://{host}"' in text
    assert shared_server.url not in text


def test_behind_a_proxy_that_speaks_tls_the_address_does_too(shared_server: Server) -> None:
    text = ask(shared_server, "/llms.txt", "relay.example.org", **{"X-Forwarded-Proto": "https"}).body.decode()
    assert "https://relay.example.org/" in text and "http://" not in text


def test_no_other_header_names_the_server(shared_server: Server) -> None:
    text = ask(
        shared_server, "/llms.txt", "relay.example.org",
        **{"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Original-Host": "evil.example"},
    ).body.decode()  # fmt: skip
    assert "relay.example.org" in text and "evil" not in text


@pytest.mark.parametrize("base", ["https://relay.example.org", "https://relay.example.org/", "https://relay.example.org/x"])
def test_the_address_that_is_set_wins(start_server: ServerFactory, base: str) -> None:
    server = start_server(**OPEN_LIMITS, PUBLIC_BASE_URL=base)
    for path in FILLED:
        texts = {
            ask(server, path, host, **{"X-Forwarded-Proto": proto}).body
            for host in ("evil.example", f"127.0.0.1:{server.port}", None)
            for proto in ("http", "https")
        }
        (text,) = texts
        shown = set(re.findall(r"https?://[^/\s\"'`<>,;)&]+", text.decode()))
        assert shown & {"https://relay.example.org"}
        assert not any("evil.example" in one or "127.0.0.1" in one for one in shown), shown
