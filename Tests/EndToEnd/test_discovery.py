"""What programs look for by themselves: the text for agents, what crawlers and finders of faults read, links of the
front page."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import urllib.robotparser
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import ServerFactory
from page_source import PAGES, fetch
from server import OPEN_LIMITS, REPOSITORY, Server
from test_commands import run
from wire import assert_refused

CONTACT = "mailto:security@relay.example"


@pytest.fixture(scope="module")
def llms(shared_server: Server) -> str:
    response = shared_server.get("/llms.txt")
    assert response.status_code == 200
    return response.text


@pytest.fixture(scope="module")
def described(shared_server: Server) -> dict[str, Any]:
    return shared_server.get("/api/openapi.json").json()


@pytest.fixture(scope="module")
def client() -> ModuleType:
    spec = importlib.util.spec_from_file_location("signalbox_as_served", REPOSITORY / "Public/sdk/signalbox.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# llms.txt


def test_the_text_for_agents_is_plain_text_of_this_server(shared_server: Server, llms: str) -> None:
    response = shared_server.get("/llms.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "{{" not in llms
    addresses = set(re.findall(r"https?://[^/\s\"',)]+", llms))
    assert addresses == {shared_server.url}
    assert llms.startswith("# Signalbox"), "the form that finders of llms.txt expect: a heading, then a quote"
    assert "\n> " in llms


def test_every_address_in_the_text_answers(shared_server: Server, llms: str) -> None:
    paths = set(re.findall(re.escape(shared_server.url) + r"(/[\w./-]+)", llms))
    assert {"/docs", "/docs/agents", "/api/openapi.json", "/sdk/signalbox.py"} <= paths
    for path in paths - {"/room/ID"}:
        assert fetch(shared_server, path).content, path


def calls(text: str) -> list[tuple[str, str, list[str]]]:
    """Every route that the text names: method, path as OpenAPI writes it, names in its query."""
    found = []
    for method, address in re.findall(r"\b(GET|POST|PUT|DELETE) (/api/[^\s,;]+)", text):
        path, _, query = address.rstrip(".:").partition("?")
        path = re.sub(r"/rooms/ID\b", "/rooms/{id}", path)
        path = re.sub(r"/(dm|identity|agents)/(?:HANDLE|YOU)\b", r"/\1/{handle}", path).replace("/inbox/ID", "/inbox/{id}")
        found.append((method, path, [part.split("=")[0] for part in query.split("&") if part]))
    return found


def test_every_route_in_the_text_is_one_of_the_server(shared_server: Server, llms: str, described: dict[str, Any]) -> None:
    found = calls(llms)
    assert len({(method, path) for method, path, _ in found}) >= 18
    for method, path, query in found:
        operation = described["paths"][path][method.lower()]
        known = [*operation.get("parameters", []), *described["paths"][path].get("parameters", [])]
        known = [described["components"]["parameters"][one["$ref"].split("/")[-1]] if "$ref" in one else one for one in known]
        assert set(query) <= {one["name"] for one in known if one["in"] == "query"}, (method, path)
        concrete = path.replace("{id}", "nobody-here").replace("{handle}", "nobody-here")
        # Only the head of the answer: some are streams.
        with shared_server.http.request(
            method, shared_server.url + concrete, params={"timeout": 0}, timeout=30, stream=True
        ) as answer:
            if answer.status_code in (404, 405):
                assert answer.json()["reason"] not in ("unknown_route", "wrong_method"), (method, path)


def test_every_field_and_reason_in_the_text_is_one_of_the_server(llms: str, described: dict[str, Any]) -> None:
    known = set(re.findall(r"[a-z][a-z0-9_]*", json.dumps(described)))
    quoted = set(re.findall(r'"([a-z_]+)"', llms))
    joined = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", llms))
    assert {"ciphertext", "nonce", "sender_eph_pub", "register_sig", "claim_id", "room_rate"} <= quoted | joined
    # A value of one's own, words for the reader, and JSON that goes into the text.
    assert (quoted | joined) - known <= {"you", "words", "one_word"}


def test_what_the_text_says_of_the_client_is_so(llms: str, client: ModuleType) -> None:
    owners = {
        "signalbox": client, "room": client.Room, "agent": client.Agent,
        "Room": client.Room, "Agent": client.Agent,
    }  # fmt: skip
    named = set(re.findall(r"\b(signalbox|room|agent|Room|Agent)\.([A-Za-z_]\w*)\(", llms))
    assert {("room", "send"), ("room", "poll"), ("agent", "inbox"), ("signalbox", "agents")} <= named
    for owner, name in named:
        assert callable(getattr(owners[owner], name, None)), f"{owner}.{name}"


def test_the_limits_in_texts_are_the_servers(llms: str, tmp_path: Path, shared_server: Server) -> None:
    settings = dict(re.findall(r"^(\w+)\s*=?\s*(\d+)", run("config", directory=tmp_path).stdout, re.MULTILINE))
    docs = re.sub(r"<[^>]+>", "", fetch(shared_server, "/docs").text)

    def number(name: str) -> str:
        return f"{int(settings[name]):,}"

    room, client = [
        (number(f"{kind}_RL_CAP"), number(f"{kind}_RL_REFILL_PER_SEC")) for kind in ("ROOM", "GLOBAL")
    ]
    for told in (
        f"Posts: {room[0]} at once and {room[1]} a second in a room, {client[0]} and {client[1]} in all.",
        f"Streams: {number('STREAM_CAP_PER_IP')}. Waiting polls and claims: {number('WAITER_CAP_PER_IP')}.",
        f"keeps {number('RECENT_MAX')} messages",
    ):
        assert told in " ".join(llms.split()), told
    for told in (
        f"{room[0]} at once, {room[1]} a second.",
        f"sockets of a client: {number('STREAM_CAP_PER_IP')}.",
        f"claims: {number('WAITER_CAP_PER_IP')} of a client",
        f"{number('ROOMS_MAX')}; an empty one makes way",
    ):
        assert told in docs, told


# For crawlers, and whoever finds a fault


def test_crawlers_may_read_pages_and_nothing_that_only_programs_ask_for(shared_server: Server) -> None:
    response = shared_server.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    robots = urllib.robotparser.RobotFileParser()
    robots.parse(response.text.splitlines())
    for path in [*PAGES, "/llms.txt", "/sdk/signalbox.py", "/api/openapi.json", "/api/docs", "/assets/site.css"]:
        assert robots.can_fetch("AnyBot", path), path
    for path in ("/api/rooms/x/events", "/api/agents", "/admin/stats", "/room/abcd"):
        assert not robots.can_fetch("AnyBot", path), path


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_without_a_contact_there_is_no_security_txt(shared_server: Server, accept: str) -> None:
    response = shared_server.get("/.well-known/security.txt", headers={"Accept": accept})
    assert assert_refused(response, 404, "not found")["reason"] == "no_security_contact"


@pytest.mark.parametrize("contact", [CONTACT, "https://relay.example/security?a=b", "tel:+1-201-555-0123"])
def test_security_txt_is_as_rfc_9116_wants_it(start_server: ServerFactory, contact: str) -> None:
    server = start_server(**OPEN_LIMITS, SECURITY_CONTACT=contact)
    response = server.get("/.well-known/security.txt")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text.endswith("\n")
    fields = [line.split(": ", 1) for line in response.text.splitlines() if not line.startswith("#")]
    assert [value for name, value in fields if name == "Contact"] == [contact]
    (expires,) = [value for name, value in fields if name == "Expires"]
    now = parsedate_to_datetime(response.headers["Date"])
    # With a zone, as RFC 3339 wants it.
    left = datetime.fromisoformat(expires.replace("Z", "+00:00")) - now
    assert timedelta(days=30) < left < timedelta(days=365), "worth reading for a while, and under a year"
    assert {name for name, _ in fields} <= {
        "Contact", "Expires", "Preferred-Languages", "Canonical", "Policy", "Encryption", "Acknowledgments", "Hiring",
    }  # fmt: skip


@pytest.mark.parametrize(
    "contact",
    ["security@relay.example", "http://relay.example/s", "javascript:alert(1)", "mailto:", "mailto:a@b c", "mailto:a@b\nExpires: never"],
)
def test_a_contact_that_is_none_stops_the_start_with_a_sentence(tmp_path: Path, contact: str) -> None:
    result = run("serve", directory=tmp_path, SECURITY_CONTACT=contact, PORT="1")
    assert result.returncode not in (0, None)
    assert re.search(r"SECURITY_CONTACT .*must be.*mailto:, https:// or tel:\.", result.stderr, re.DOTALL), result.stderr
    assert "Fatal error" not in result.stderr and "Listening" not in result.stderr


# For browsers and finders


def test_the_icon_is_where_browsers_look_for_it(shared_server: Server) -> None:
    response = shared_server.get("/favicon.ico")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.content == (REPOSITORY / "Public/assets/favicon.svg").read_bytes()
    assert "max-age" in response.headers["Cache-Control"]


def test_the_front_page_links_to_what_programs_read(shared_server: Server) -> None:
    links = re.findall(r'<([^>]+)>; rel="([\w-]+)"; type="([\w/+.-]+)"', fetch(shared_server, "/").headers["Link"])
    assert {(target, relation) for target, relation, _ in links} == {
        ("/llms.txt", "alternate"),
        ("/api/openapi.json", "service-desc"),
        ("/docs", "service-doc"),
    }
    for target, _, kind in links:
        assert fetch(shared_server, target).headers["Content-Type"].split(";")[0] == kind
