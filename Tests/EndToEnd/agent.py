"""An agent with a @handle and two key pairs, made of PyNaCl and requests: no code shared with the server.

Every request that reaches the server goes out as it was given: the path byte by byte, since that is what
gets signed. Methods that ask the server return the response, whatever it says.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import requests
from nacl.public import Box, PrivateKey, PublicKey
from nacl.signing import SigningKey
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection

from server import http_session

Fields = dict[str, Any]

WEEK_SECONDS = 7 * 24 * 3600

# Longer than any request may be parked.
REQUEST_TIMEOUT = 100

# A field given as this one is left out of a body.
ABSENT: Any = object()


def now_ms() -> int:
    return int(time.time() * 1000)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def fresh_nonce() -> str:
    return secrets.token_urlsafe(18)


def fresh_handle(prefix: str = "agent") -> str:
    return f"{prefix}-{secrets.token_hex(6)}"


def exact_session() -> requests.Session:
    """A session whose requests name their target in the header below, and send it unchanged."""
    session = http_session()
    session.mount("http://", _ExactAdapter())
    return session


# requests and urllib3 tidy up a path on its way; this takes it past them.
_TARGET = "X-Exact-Target"


class _ExactConnection(HTTPConnection):
    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        fields = dict(headers or {})
        target = fields.pop(_TARGET, url)
        super().request(method, target, body, fields, **options)


class _ExactPool(HTTPConnectionPool):
    ConnectionCls = _ExactConnection


class _ExactAdapter(HTTPAdapter):
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _ExactPool}


class Agent:
    """A handle, a key pair that receives, a key pair that signs."""

    def __init__(self, base_url: str, handle: str | None = None) -> None:
        self.base_url = base_url
        self.handle = handle or fresh_handle()
        self.box_key = PrivateKey.generate()
        self.sign_key = SigningKey.generate()
        self.http = exact_session()

    @property
    def box_pub(self) -> str:
        return b64(bytes(self.box_key.public_key))

    @property
    def sign_pub(self) -> str:
        return b64(bytes(self.sign_key.verify_key))

    def sign(self, text: str) -> str:
        return b64(self.sign_key.sign(text.encode()).signature)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Sends an unsigned request to the path exactly as it is given."""
        headers = {_TARGET: path, **options.pop("headers", {})}
        return self.http.request(
            method, self.base_url + path, headers=headers, **{"timeout": REQUEST_TIMEOUT, **options}
        )

    # Identity

    def registration(self, **overrides: Any) -> Fields:
        """The body of a registration; what is overridden is what gets signed, unless `register_sig` is given too."""
        body = {
            "handle": self.handle,
            "box_pub": self.box_pub,
            "sign_pub": self.sign_pub,
            "register_ts": now_ms(),
            "meta": {},
            **overrides,
        }
        if "register_sig" not in body:
            signed = (body["handle"], body["register_ts"], body["box_pub"], body["sign_pub"])
            body["register_sig"] = self.sign("register {} {} {} {}".format(*signed))
        return {name: value for name, value in body.items() if value is not ABSENT}

    def register(self, **overrides: Any) -> requests.Response:
        return self.request("POST", "/api/identity/register", json=self.registration(**overrides))

    def lookup(self, handle: str | None = None) -> requests.Response:
        return self.request("GET", f"/api/identity/{handle or self.handle}")

    # Signed requests

    def authorization(
        self, method: str, url_as_sent: str, ts: int | None = None, nonce: str | None = None
    ) -> dict[str, str]:
        ts = now_ms() if ts is None else ts
        nonce = fresh_nonce() if nonce is None else nonce
        return {
            "Authorization": f"Bot2Bot ts={ts},n={nonce},sig={self.sign(f'{method} {url_as_sent} {ts} {nonce}')}"
        }

    def signed(self, method: str, path: str, **options: Any) -> requests.Response:
        """Signs and sends a request; `ts` and `nonce` may be given, the rest is for requests."""
        ts, nonce = options.pop("ts", None), options.pop("nonce", None)
        headers = self.authorization(method, path, ts, nonce) | options.pop("headers", {})
        return self.request(method, path, headers=headers, **options)

    # Direct messages

    def seal(self, to_identity: Agent | Fields, text: str) -> Fields:
        """An envelope for whoever the keys belong to: another agent, or an answer of the identity book."""
        box_pub = to_identity.box_pub if isinstance(to_identity, Agent) else to_identity["box_pub"]
        ephemeral = PrivateKey.generate()
        sealed = Box(ephemeral, PublicKey(base64.b64decode(box_pub, validate=True))).encrypt(text.encode())
        return {
            "ciphertext": b64(sealed.ciphertext),
            "nonce": b64(sealed.nonce),
            "sender_eph_pub": b64(bytes(ephemeral.public_key)),
        }

    def open(self, envelope: Fields) -> str:
        ciphertext, nonce, sender = (
            base64.b64decode(envelope[name], validate=True) for name in ("ciphertext", "nonce", "sender_eph_pub")
        )
        return Box(self.box_key, PublicKey(sender)).decrypt(ciphertext, nonce).decode()

    def sign_envelope(self, to: str, envelope: Fields, **overrides: Any) -> Fields:
        """The envelope with the proof of who sent it; what is overridden is what gets signed."""
        sender = {"from_handle": self.handle, "from_ts": now_ms(), **overrides}
        parts = "|".join(envelope[name] for name in ("ciphertext", "nonce", "sender_eph_pub"))
        digest = hashlib.sha256(parts.encode()).hexdigest()
        proof = self.sign(f"dm {to} {sender['from_handle']} {sender['from_ts']} {digest}")
        return {**envelope, "from_sig": proof, **sender}

    def dm(self, to: str, text: str = "hello", as_sender: bool = True) -> requests.Response:
        """Looks up the recipient, seals, and sends; signed by this agent unless told otherwise."""
        envelope = self.seal(self.lookup(to).json(), text)
        return self.send_envelope(to, self.sign_envelope(to, envelope) if as_sender else envelope)

    def send_envelope(self, to: str, envelope: Fields) -> requests.Response:
        return self.request("POST", f"/api/dm/{to}", json=envelope)

    def inbox_wait(self, after: int = 0, timeout: int | float = 0) -> requests.Response:
        return self.signed("GET", f"/api/dm/{self.handle}/inbox/wait?after={after}&timeout={timeout}")

    def inbox_ack(self, message_id: str) -> requests.Response:
        return self.signed("DELETE", f"/api/dm/{self.handle}/inbox/{message_id}")

    def inbox_drain(self, ack: bool = True) -> list[Fields]:
        """Every message of the inbox, page by page; acknowledged as they are read unless told otherwise."""
        messages: list[Fields] = []
        after = 0
        while True:
            response = self.inbox_wait(after)
            assert response.status_code == 200, response.text
            page = response.json()
            messages += page["messages"]
            for message in page["messages"] if ack else []:
                assert self.inbox_ack(message["id"]).json() == {"ok": True, "removed": 1}
            if not page["messages"]:
                return messages
            after = page["last_seq"]

    # Rooms

    def sign_message(self, room_id: str, body: Fields, **overrides: Any) -> Fields:
        """The body of a room message with the proof of who sent it; what is overridden is what gets signed."""
        sender = {"sender_handle": self.handle, "sender_ts": now_ms(), "sender_nonce": fresh_nonce(), **overrides}
        digest = hashlib.sha256(body["ciphertext"].encode()).hexdigest()
        proof = self.sign(f"room-msg {room_id} {sender['sender_ts']} {sender['sender_nonce']} {digest}")
        return {**body, "sender_sig": proof, **sender}

    def claim(self, room_id: str, **query_and_body: Any) -> requests.Response:
        """`exclude_senders` and `handle` go into the body, all else into the query."""
        body = {"handle": self.handle}
        body |= {name: query_and_body.pop(name) for name in ("exclude_senders", "handle") if name in query_and_body}
        query = urlencode(query_and_body)
        return self.signed("POST", f"/api/rooms/{room_id}/claim{'?' if query else ''}{query}", json=body)

    def ack(self, room_id: str, claim_id: str, seq: int) -> requests.Response:
        """Acknowledges a claim. For direct messages see `inbox_ack`."""
        body = {"handle": self.handle, "claim_id": claim_id, "seq": seq}
        return self.signed("POST", f"/api/rooms/{room_id}/ack", json=body)

    # Directory

    def profile(self, *, ttl_s: int = WEEK_SECONDS, **fields: Any) -> Fields:
        """A profile as the original's SDK builds it; for one that it would not build, change the result."""
        now = now_ms()
        return {
            "schema": "bot2bot.agent_profile.v1",
            "handle": self.handle,
            "display_name": str(fields.pop("display_name", None) or self.handle)[:80],
            "framework": _token(fields.pop("framework", None) or "other", 32),
            "framework_version": str(fields.pop("framework_version", ""))[:64],
            "summary": str(fields.pop("summary", ""))[:600],
            **{name: _tokens(fields.pop(name, [])) for name in ("capabilities", "topics", "languages")},
            "contact_policy": "signed_dm_first",
            "homepage_url": str(fields.pop("homepage_url", ""))[:240],
            "updated_at": now,
            "expires_at": now + max(60, min(ttl_s, WEEK_SECONDS)) * 1000,
            **fields,
        }

    def sign_profile(self, profile: Fields) -> str:
        canonical = json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return self.sign(f"bot2bot-agent-profile-v1\n{profile['handle']}\n{profile['updated_at']}\n{digest}")

    def publish(self, profile: Fields | None = None, sig: str | None = None) -> requests.Response:
        profile = self.profile() if profile is None else profile
        body = {"profile": profile, "profile_sig": self.sign_profile(profile) if sig is None else sig}
        return self.request("PUT", f"/api/agents/{self.handle}/profile", json=body)

    def unpublish(self) -> requests.Response:
        return self.signed("DELETE", f"/api/agents/{self.handle}/profile")

    def heartbeat(self) -> requests.Response:
        return self.signed("POST", f"/api/agents/{self.handle}/heartbeat")


def _token(value: str, limit: int = 40) -> str:
    return re.sub(r"[^a-z0-9._:+-]+", "-", value.strip().lower()).strip("-")[:limit]


def _tokens(values: list[str]) -> list[str]:
    return list(dict.fromkeys(token for value in values if (token := _token(value))))[:32]


def registered(base_url: str, handle: str | None = None) -> Agent:
    """An agent that the server knows."""
    agent = Agent(base_url, handle)
    response = agent.register()
    assert response.status_code == 201, response.text
    return agent
