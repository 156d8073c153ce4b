"""Uses every field that a client controls, each with a mark of its own, on the routes beyond plain rooms.

Plain rooms, sockets and pages are spoken to in test_privacy.py.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

import requests

from agent import Agent, Fields, fresh_nonce, now_ms
from relay_client import Room, SseStream, WebSocketStream
from server import Server
from test_privacy import Canaries
from wire import good


class Voices:
    """Marks by where they may be found afterwards."""

    def __init__(self) -> None:
        # Nowhere.
        self.secret = Canaries()
        # In the store, for anybody may ask for it.
        self.public = Canaries()
        # In the report log, for the operator.
        self.reported = Canaries()

    def count(self) -> int:
        return sum(len(canaries.marks) for canaries in (self.secret, self.public, self.reported))

    def handle(self, field: str, canaries: Canaries | None = None) -> str:
        """A handle: lower case, and not longer than it may be."""
        return (canaries or self.secret).note(field, f"cnry{secrets.token_hex(7)}")

    def key(self, field: str, canaries: Canaries | None = None) -> str:
        return (canaries or self.secret).note(field, base64.b64encode(secrets.token_bytes(32)).decode())

    def agent(self, server: Server, who: str, *, is_registered: bool = True) -> Agent:
        """An agent whose handle and keys are marks, public ones once it is registered."""
        where = self.public if is_registered else self.secret
        agent = Agent(server.url, self.handle(f"handle of {who}", where))
        where.note(f"box key of {who}", agent.box_pub)
        where.note(f"sign key of {who}", agent.sign_pub)
        return agent


def marked_headers(voices: Voices, what: str) -> dict[str, str]:
    mark = voices.secret.mark
    return {
        "User-Agent": mark(f"{what}: user agent"),
        "Referer": f"https://{mark(f'{what}: referer')}.example/{mark(f'{what}: path of the referer')}",
        "Cookie": f"{mark(f'{what}: cookie name')}={mark(f'{what}: cookie')}",
        "X-Forwarded-For": voices.secret.note(f"{what}: address", f"203.0.113.{secrets.randbelow(200) + 20}"),
        "X-Forwarded-Host": mark(f"{what}: forwarded host"),
        "CF-Connecting-IP": voices.secret.note(f"{what}: Cloudflare's address", f"2001:db8::{secrets.token_hex(2)}:abcd"),
        "Accept-Language": mark(f"{what}: language"),
        "X-Anything": mark(f"{what}: header"),
    }


def speak_identities(server: Server, voices: Voices) -> tuple[Agent, Agent]:
    """Registers, looks up, sends and reads direct messages; returns two registered agents."""
    mark = voices.secret.mark
    ann, bob = voices.agent(server, "ann"), voices.agent(server, "bob")
    for agent, who in ((ann, "ann"), (bob, "bob")):
        body = agent.registration(
            meta={"bio": voices.public.mark(f"bio of {who}"), mark(f"meta name of {who}"): mark(f"meta of {who}")}
        ) | {mark(f"member of {who}"): mark(f"value of {who}")}
        voices.secret.note(f"register_sig of {who}", body["register_sig"])
        answer = agent.request(
            "POST", f"/api/identity/register?{mark(f'query of {who}')}", json=body, headers=marked_headers(voices, who)
        )
        assert answer.status_code == 201, answer.text

    stranger = voices.agent(server, "a stranger", is_registered=False)
    thief = Agent(server.url, ann.handle)
    for refused in (
        stranger.registration(register_sig=mark("bad register_sig")),
        stranger.registration(register_ts=now_ms() - 99_999_999, meta={"bio": mark("bio of a refused one")}),
        stranger.registration(box_pub=mark("bad box_pub")),
        stranger.registration(handle=mark("bad handle"), register_sig="x"),
        thief.registration(box_pub=voices.key("a thief's box key"), meta={"bio": mark("a thief's bio")}),
        {mark("lonely member"): mark("lonely value")},
    ):
        assert stranger.request("POST", "/api/identity/register", json=refused).status_code >= 400
    for handle in (voices.handle("unknown handle"), mark("impossible handle") + "!"):
        stranger.request("GET", f"/api/identity/{handle}?{mark(f'query of {handle[:1]} lookup')}")

    # Direct messages, taken and refused.
    for sender in (ann, None):
        who = "ann" if sender else "nobody"
        envelope = bob.seal(bob, mark(f"plain text of {who}")) | {
            "ciphertext": base64.b64encode(mark(f"ciphertext of {who}").encode() * 3).decode()
        }
        for name in ("ciphertext", "nonce", "sender_eph_pub"):
            voices.secret.note(f"{name} of {who}", envelope[name])
        if sender:
            envelope = sender.sign_envelope(bob.handle, envelope)
            voices.secret.note("from_sig", envelope["from_sig"])
        envelope[mark(f"envelope's member of {who}")] = mark(f"envelope's value of {who}")
        path = f"/api/dm/{bob.handle}?{mark(f'dm query of {who}')}"
        answer = stranger.request("POST", path, json=envelope, headers=marked_headers(voices, f"dm {who}"))
        assert answer.status_code == 200, answer.text
        voices.secret.note(f"id of the message of {who}", answer.json()["id"])
    good_envelope = bob.seal(bob, "x")
    for change in (
        {"ciphertext": mark("bad ciphertext") + "!"},
        {"nonce": mark("bad nonce")},
        {"sender_eph_pub": mark("bad ephemeral key")},
        {"from_sig": mark("bad from_sig"), "from_handle": ann.handle, "from_ts": now_ms()},
        ann.sign_envelope(bob.handle, good_envelope) | {"from_handle": voices.handle("unknown sender")},
    ):
        assert stranger.send_envelope(bob.handle, good_envelope | change).status_code >= 400
    assert stranger.send_envelope(voices.handle("unknown recipient"), good_envelope).status_code == 404

    nonce = voices.secret.note("nonce of a signed request", fresh_nonce())
    path = f"/api/dm/{bob.handle}/inbox/wait?after=0&timeout=0&{mark('inbox query')}={mark('inbox value')}"
    header = bob.authorization("GET", path, nonce=nonce)
    voices.secret.note("signature of a request", header["Authorization"].rpartition("sig=")[2])
    messages = bob.request("GET", path, headers=header).json()["messages"]
    assert len(messages) == 2
    assert bob.request("GET", path, headers=header).status_code == 401
    bob.request("GET", path, headers={"Authorization": f"Bot2Bot {mark('bad authorization')}"})
    bob.inbox_ack(mark("unknown message id"))
    bob.inbox_ack(messages[0]["id"])
    return ann, bob


def speak_in_rooms(server: Server, voices: Voices, ann: Agent, bob: Agent) -> list[SseStream | WebSocketStream]:
    """Signed messages, claims and signs of life; returns the streams that are open."""
    mark = voices.secret.mark
    room = Room(server.url, mark("room"))
    stream = SseStream(room, marked_headers(voices, "stream"), name=mark("stream's name"), box_pub=voices.key("stream's key"))
    socket = WebSocketStream(room, {"User-Agent": mark("socket's user agent")})
    socket.wait_for_type("ready")
    socket.send({"type": "hello", "name": mark("socket's name"), "box_pub": voices.key("socket's key")})
    socket.send({"type": "listening", mark("listening member"): mark("listening value")})

    def signed(agent: Agent, what: str, **fields: Any) -> Fields:
        ciphertext = base64.b64encode(mark(f"{what}: ciphertext").encode() * 3).decode()
        body = good(ciphertext=ciphertext, sender=mark(f"{what}: sender"), **fields)
        body = agent.sign_message(room.id, body, sender_nonce=voices.secret.note(f"{what}: nonce", fresh_nonce()))
        voices.secret.note(f"{what}: sender_sig", body["sender_sig"])
        return body

    # The last of them locks the room; what follows is refused.
    for what, fields in (("signed", {}), ("lock", {"signed_only": True})):
        answer = server.post(f"/api/rooms/{room.id}/messages", json=signed(ann, what, **fields))
        assert answer.status_code == 200, answer.text
        voices.secret.note(f"{what}: id", answer.json()["id"])
    sent = signed(bob, "over the socket")
    socket.send(sent)
    stream.wait_for(lambda event: event.get("ciphertext") == sent["ciphertext"], "signed message")
    for what, change in (
        ("unsigned", {"sender_sig": "", "sender_handle": mark("unproven handle")}),
        ("badly signed", {"sender_sig": mark("bad sender_sig")}),
        ("of somebody unknown", {"sender_handle": voices.handle("unknown sender of a room")}),
    ):
        refused = signed(ann, what) | change
        assert server.post(f"/api/rooms/{room.id}/messages", json=refused).status_code in (401, 403)
        socket.send(refused)

    query = {"timeout": 0, mark("claim query"): mark("claim value")}
    claimed = bob.claim(room.id, exclude_senders=[mark("excluded sender"), mark("another")], **query)
    assert claimed.status_code == 200, claimed.text
    claim_id = voices.secret.note("claim id", claimed.json()["claim_id"])
    for number in (claimed.json()["message"]["seq"], mark("bad seq")):
        body = {"handle": bob.handle, "claim_id": claim_id, "seq": number, mark(f"ack {number}"): mark(f"ack's {number}")}
        bob.signed("POST", f"/api/rooms/{room.id}/ack", json=body, headers=marked_headers(voices, f"ack {number}"))
    bob.ack(room.id, mark("unknown claim"), 2**50)
    bob.claim(room.id, handle=voices.handle("unknown claimer"), timeout=0)
    bob.claim(mark("room of nobody"), timeout=mark("bad timeout"), ttl_ms=mark("bad ttl"))

    listening = f"/api/rooms/{room.id}/listening"
    name = {"name": mark("listening name"), "box_pub": voices.key("listening key"), mark("its member"): mark("its value")}
    assert server.post(f"{listening}?{mark('listening query')}", json=name, headers=marked_headers(voices, "listening")).ok
    for bad in ({"name": f"<{mark('bad listening name')}>"}, {"name": "ann", "box_pub": mark("bad listening key")}):
        server.post(listening, json=bad)
    server.post(f"/api/rooms/{mark('room nobody opened')}/listening", json=name)
    return [stream, socket]


def speak_in_the_directory(server: Server, voices: Voices, ann: Agent, bob: Agent) -> None:
    mark, public = voices.secret.mark, voices.public
    for agent, who in ((ann, "ann"), (bob, "bob")):
        def word(field: str, who: str = who) -> str:
            return public.note(f"{field} of {who}", f"cnry{secrets.token_hex(7)}")

        profile = agent.profile(
            display_name=public.mark(f"display name of {who}"), summary=public.mark(f"summary of {who}"),
            framework=word("framework"), framework_version=public.mark(f"version of {who}"),
            capabilities=[word("capability")], topics=[word("topic")], languages=[word("language")],
            homepage_url=f"https://{word('host')}.example/{public.mark(f'page of {who}')}",
        )  # fmt: skip
        public.note(f"profile_sig of {who}", sig := agent.sign_profile(profile))
        path = f"/api/agents/{agent.handle}/profile?{mark(f'profile query of {who}')}"
        body = {"profile": profile, "profile_sig": sig, mark(f"beside the profile of {who}"): mark(f"beside it of {who}")}
        answer = agent.request("PUT", path, json=body, headers=marked_headers(voices, f"profile of {who}"))
        assert answer.status_code == 201, answer.text
    assert ann.heartbeat().status_code == bob.unpublish().status_code == 200
    for refused in (
        ann.profile(summary=mark("refused summary") + " private_key"),
        ann.profile(display_name=mark("name that is too long").ljust(99, "x")) | {"display_name": mark("long") * 9},
        ann.profile() | {mark("unknown profile member"): mark("unknown profile value")},
        ann.profile(summary=mark("stale summary")) | {"updated_at": now_ms() - 60_000},
        ann.profile() | {"homepage_url": f"ftp://{mark('bad address')}.example/"},
    ):
        assert ann.publish(refused).status_code >= 400
    assert ann.publish(ann.profile(summary=mark("badly signed")), bob.sign_profile(ann.profile())).status_code == 401
    assert ann.publish(sig=mark("bad profile_sig")).status_code == 400
    query = {name: mark(f"searched {name}") for name in ("q", "framework", "capability", "topic", "language", "limit", "cursor")}
    query[mark("search name")] = mark("search value")
    server.get("/api/agents", params=query, headers=marked_headers(voices, "search"))
    server.get("/api/agents/matches", params={"handle": voices.handle("matches of nobody"), "limit": mark("limit of matches")})
    server.get(f"/api/agents/{voices.handle('unknown agent')}")
    for path in ("/agents.json", "/.well-known/bot2bot-agents", "/api/status", "/api/openapi.json"):
        server.get(f"{path}?{mark('query of ' + path)}", headers=marked_headers(voices, path))


def speak_to_the_operator(server: Server, voices: Voices) -> None:
    """Reports and contact messages, enough of them to move a small log aside."""
    reported, mark = voices.reported.mark, voices.secret.mark
    for number in range(3):
        def headers(what: str, number: int = number) -> dict[str, str]:
            return marked_headers(voices, f"{what} {number}") | {"User-Agent": reported(f"user agent of {what} {number}")}

        report = {name: reported(f"{name} {number}") for name in ("what", "where", "repro", "context", "contact")}
        report |= {"severity": mark(f"severity {number}"), mark(f"report member {number}"): mark(f"report value {number}")}
        contact = {"message": reported(f"message {number}"), "name": reported(f"name {number}")}
        contact |= {"email": f"{reported(f'email {number}')}@example.com", mark(f"contact member {number}"): "x"}
        for path, body in (("/api/report", report), ("/api/contact", contact)):
            answer = server.post(f"{path}?{mark(f'query of {path} {number}')}", json=body, headers=headers(path))
            assert answer.status_code == 200, answer.text
    for path, body in (
        ("/api/report", {"what": "abc", "where": mark("refused where"), "contact": mark("refused contact")}),
        ("/api/contact", {"message": "ab", "name": mark("refused name")}),
        ("/api/contact", {"message": mark("message with a bad address"), "email": mark("bad address of a message")}),
    ):
        assert server.post(path, json=body).status_code == 400


# Every route, with a mark for a parameter; those that answer with a stream are left out of GET.
ROUTES = [
    *(f"/api/rooms/{{}}/{part}" for part in ("messages", "events", "ws", "wait", "transcript", "status", "claim", "ack", "listening")),
    "/api/identity/register", "/api/identity/{}", "/api/dm/{}", "/api/dm/{}/inbox/wait", "/api/dm/{}/inbox/{}",
    "/api/agents", "/api/agents/matches", "/api/agents/{}", "/api/agents/{}/profile", "/api/agents/{}/heartbeat",
    "/agents.json", "/.well-known/bot2bot-agents", "/api/report", "/api/contact", "/api/health", "/api/status", "/api/public-status",
    "/api/openapi.json", "/api/docs", "/api/metrics", "/metrics", "/api/metrics/geo/self-test",
    *(f"/api/metrics/{part}" for part in ("series", "hourly", "geo", "stream", "state", "cards", "counters", "storage", "build", "alerts")),
    "/stats", "/status", "/admin/stats", "/admin/login", "/admin/logout", "/admin/alerts",
    "/", "/docs", "/docs/agents", "/connect", "/source", "/room/{}", "/sdk/{}", "/assets/{}", "/favicon.ico",
    "/llms.txt", "/robots.txt", "/.well-known/security.txt", "/{}", "/api/{}", "/@{}",
]  # fmt: skip


def sweep(server: Server, voices: Voices) -> set[int]:
    """Every route with every method, and bodies that are broken in every way; the answers' codes."""
    codes: set[int] = set()
    for route in ROUTES:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", voices.secret.mark(f"method {route}")):
            if method in ("GET", "HEAD") and route.endswith("/events"):
                continue
            what = f"{method[:9]} {route}"
            path = route.replace("{}", voices.secret.mark(f"path of {what}"))
            query = f"{voices.secret.mark(f'query name of {what}')}={voices.secret.mark(f'query of {what}')}"
            marked = voices.secret.mark(f"body of {what}")
            for number, (data, kind) in enumerate((
                (b'{"' + marked.encode(), "application/json"),
                (b'["%b"]' % marked.encode(), "application/json"),
                (b'{"%b":"%b"}' % (marked.encode(), marked.encode()), "application/json"),
                (marked.encode(), f"text/{marked}"),
            )):  # fmt: skip
                if method in ("GET", "HEAD", "OPTIONS") and number:
                    break
                try:
                    answer = server.http.request(
                        method, f"{server.url}{path}?{query}", data=None if method in ("GET", "HEAD") else data,
                        headers=marked_headers(voices, what) | {"Content-Type": kind}, timeout=20, allow_redirects=False,
                    )  # fmt: skip
                    codes.add(answer.status_code)
                except requests.ConnectionError:
                    pass  # a method that is no HTTP ends the connection
    server.http.cookies.clear()
    return codes
