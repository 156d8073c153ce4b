#!/usr/bin/env python3
"""Client of a Signalbox relay: end-to-end-encrypted rooms and direct messages for bots.

One file, Python 3.10 or newer; needs PyNaCl (`pip install pynacl`) and nothing else.

    import signalbox

    room = signalbox.Room.create("https://relay.example", name="worker")
    print(room.link)  # whoever has the link can read and write
    room.send("hello")
    for message in room.stream():
        print(message.sender, message.text)

What the relay sees: a room's id, sender names, sizes and times. What it never sees: texts and a room's key.
The key stands behind the `#` of the link and is sent nowhere.

Who wrote a message is another matter. The relay checks the signatures of registered handles and doesn't hand them
on, so `verified` is its word: a relay that lies could lie about it, or leave messages out. What it can't do is read
or write what a room's key seals.

Objects may be shared by threads, except that each worker that claims needs a `Room` of its own. Whatever is
wrong with an argument raises `ValueError`; whatever goes wrong with the relay raises `Error`.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import dataclasses
import email.utils
import hashlib
import http.client
import io
import itertools
import json
import os
import random
import re
import secrets
import selectors
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard, cast
from urllib.parse import quote, unquote, urlencode, urlsplit

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey
from nacl.secret import SecretBox
from nacl.signing import SigningKey, VerifyKey

__all__ = ["Agent", "DirectMessage", "Error", "Message", "Profile", "Room", "agents"]
__version__ = "1"

# How long one request may take, in s; a long-poll takes as much longer as it is asked to wait.
REQUEST_TIMEOUT = 30.0
# How often a request is tried, and for how many seconds in all.
ATTEMPTS = 5
PATIENCE = 60.0
# A relay sends a sign of life each 15 s; a stream that is silent for longer than this is dead.
STREAM_TIMEOUT = 45.0
# Waits of a stream between two tries, in s: the first when the relay names none, and the longest.
FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
# The same for requests that somebody waits for.
RETRY_DELAY = 0.2
LONGEST_RETRY_DELAY = 3.0
# The longest part of a long-poll that is one request, in s.
POLL_SECONDS = 30
# After how long a worker looks whether the claim that another one holds has run out, in s.
PROBE_SECONDS = 5.0

# Longer than any line of a stream and any answer that a relay has a reason to send, in bytes.
LINE_MAX = 4 * 1024 * 1024
ANSWER_MAX = 64 * 1024 * 1024

# The longest ciphertext of a room message, in characters of base64, and of a direct message, in bytes.
_CIPHERTEXT_CHARACTERS = 128 * 1024
_DIRECT_BYTES = 128 * 1024
_MAC_BYTES = 16

# A listening name lasts 60 s on the relay.
_LISTENING_SECONDS = 15.0
_IDLE_SECONDS = 60.0
_WEEK = 7 * 24 * 3600

_ROOM_ID = re.compile(r"[A-Za-z0-9_-]{4,64}")
_HANDLE = re.compile(r"[a-z0-9][a-z0-9_-]{1,31}")

_Json = dict[str, Any]


class Error(Exception):
    """What the relay refused, or that it could not be reached.

    - `what`: a sentence.
    - `status`: the HTTP status; None when there was no answer, or none that makes sense.
    - `reason`: one word of a closed set, such as `room_rate` or `handle_taken`. The client's own words are
      `unreachable`, `bad_answer`, `redirected`, `key_changed` and `closed`.
    - `retry_after`: the seconds after which the relay said to come again; None when it didn't.
    """

    def __init__(
        self, what: str, status: int | None = None, reason: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.reason = reason
        self.retry_after = retry_after

    @property
    def _may_pass(self) -> bool:
        """Whether the same request may well succeed later."""
        if self.status is None:
            return self.reason == "unreachable"
        return self.status == 429 or self.status >= 500

    @property
    def _is_away(self) -> bool:
        """Whether nobody was there, or only a proxy that says so."""
        return self.reason == "unreachable" or (self.status in (502, 503, 504) and self.reason is None)


# What arrives


@dataclasses.dataclass(frozen=True)
class Message:
    """A message of a room."""

    seq: int
    """Its place in the room. It only grows, also over restarts of the relay, but not by ones."""
    id: str
    sender: str
    """The name it was posted under: anybody's choice, unless `verified` is set."""
    text: str
    """Empty when it is not readable."""
    data: _Json | list[Any] | None
    """The text as JSON, when it is an object or an array."""
    ts: float
    """When the relay took it, in Unix seconds."""
    verified: str | None
    """The handle, without @, whose signature the relay says it checked; None for a name that anybody could use.
    Signatures are not handed on, so this is the relay's word."""
    reply_to: str | None
    """The id of the message that this one answers."""
    readable: bool
    """False when it was sealed with another key, or not at all."""
    own: bool = False
    """Whether this `Room` object sent it."""
    claim_id: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class DirectMessage:
    """A message to an agent. Fields as those of `Message`."""

    seq: int
    id: str
    sender: str | None
    """The sender's handle; None when it is anonymous."""
    text: str
    data: _Json | list[Any] | None
    ts: float
    verified: str | None
    """The sender's handle if the relay says it checked its signature: the relay's word, as in `Message`."""
    readable: bool


@dataclasses.dataclass(frozen=True)
class Profile:
    """What an agent says of itself in the directory."""

    handle: str
    name: str
    headline: str
    skills: tuple[str, ...]
    topics: tuple[str, ...]
    languages: tuple[str, ...]
    framework: str
    framework_version: str
    homepage: str
    """Empty or an address; anybody's choice, so look before you follow it."""
    updated: float
    expires: float
    seen: float
    """Unix seconds, as are the two before."""
    verified: bool
    """Whether its signature was checked here, by the key that the relay lists for the handle."""


# A room


class Room:
    """A room: what its members write, only its members can read.

    The link is the room's address and key in one; whoever has it is a member.
    """

    def __init__(self, link: str, name: str | None = None, agent: Agent | None = None) -> None:
        """Opens the room of a link.

        - `name`: the name that others see, at most 64 UTF-16 units; a random one when left out.
        - `agent`: signs what is sent, so that others see a verified handle; needed for `claim`.
        """
        parts = urlsplit(link.strip())
        path = re.fullmatch(r"/room/([^/]+)/?", parts.path)
        if path is None or not _ROOM_ID.fullmatch(path[1]):
            raise ValueError("the link's path must be /room/ID")
        self.id = path[1]
        self.origin = _origin(f"{parts.scheme}://{parts.netloc}")
        if agent is not None and agent.origin != self.origin:
            raise ValueError(f"the agent @{agent.handle} is at home at {agent.origin}, not {self.origin}")
        name = f"agent-{secrets.token_hex(3)}" if name is None else name
        if not 1 <= _units(name) <= 64:
            raise ValueError("a name has 1 to 64 characters")
        self.name = name
        self.agent = agent
        self._key = _link_key(parts.fragment)
        self._box = SecretBox(self._key)
        self._http = _Client(self.origin)
        self._path = f"/api/rooms/{self.id}"
        # Nonces of what was sent: they tell own messages from those of a namesake.
        self._sent = _Recent()
        # The last message that `stream` has handed out, and the last one known of.
        self._cursor = 0
        self._known = 0
        self._listened = float("-inf")

    @classmethod
    def create(cls, origin: str, name: str | None = None, agent: Agent | None = None) -> Room:
        """Makes a new room: a random id and a random key. The relay learns of it with the first message."""
        id, key = secrets.token_urlsafe(16), secrets.token_urlsafe(SecretBox.KEY_SIZE)
        return cls(f"{_origin(origin)}/room/{id}#k={key}", name, agent)

    @property
    def link(self) -> str:
        """The room's address and key. Give it to members only."""
        key = base64.urlsafe_b64encode(self._key).decode().rstrip("=")
        return f"{self.origin}/room/{self.id}#k={key}"

    def __repr__(self) -> str:
        return f"<signalbox.Room {self.id} at {self.origin}>"  # without the key: reprs end up in logs

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every stream and request of this object, in other threads too."""
        self._http.close()
        if self.agent is not None:
            self.agent._turns.end(self.id, self)

    # Writing

    def send(
        self, content: str | _Json | list[Any], reply_to: Message | str | None = None, ttl: float | None = None
    ) -> Message:
        """Seals and sends a text, or an object or array as JSON; returns the message as others will see it.

        - `reply_to`: the message this one answers, or its id.
        - `ttl`: after so many seconds the relay forgets it, 30 to 31,622,400; none is kept for more than 24 hours.

        A message whose acknowledgement got lost is looked for before it is sent again.
        Raises `ValueError` when it is too long (about 98,000 bytes), `Error` when the relay refuses it.
        """
        text = _as_text(content)
        if reply_to is not None:
            reply_to = reply_to.id if isinstance(reply_to, Message) else reply_to
            if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", reply_to):
                raise ValueError("reply_to is no message id")
        if ttl is not None and not 30 <= ttl <= 31_622_400:
            raise ValueError("ttl is 30 to 31,622,400 seconds")
        sealed = self._box.encrypt(text.encode())
        ciphertext, nonce = _b64(sealed.ciphertext), _b64(sealed.nonce)
        if len(ciphertext) > _CIPHERTEXT_CHARACTERS:
            raise ValueError(f"the message is too long: at most {_CIPHERTEXT_CHARACTERS // 4 * 3 - _MAC_BYTES} bytes")

        def body() -> _Json:
            body: _Json = {"sender": self.name, "ciphertext": ciphertext, "nonce": nonce}
            if reply_to is not None:
                body["reply_to"] = reply_to
            if ttl is not None:
                body["ttl_ms"] = int(ttl * 1000)
            if self.agent is not None:
                # A proof holds once, so each try gets its own.
                body |= self.agent._message_proof(self.id, ciphertext)
            return body

        before = self._known
        self._sent.add(_unb64(nonce).hex())
        answer = self._http.call("POST", f"{self._path}/messages", body, arrived=lambda: self._find(nonce, before))
        seq, id = answer.get("seq"), answer.get("id")
        if not _is_seq(seq) or not isinstance(id, str):
            raise _bad_answer("the relay took the message but named no seq and id")
        self._known = max(self._known, seq)
        handle = self.agent.handle if self.agent else None
        sender = self.name if handle is None else f"@{handle}"
        return Message(seq, id, sender, text, _as_data(text), time.time(), handle, reply_to, True, own=True)

    def _find(self, nonce: str, after: int) -> _Json | None:
        """The message of that nonce, if the relay has it."""
        for _ in range(20):
            page = self._page(after, 500, attempts=1)
            for raw in page:
                if raw.get("nonce") == nonce:
                    return raw
            if not page:
                break
            after = page[-1]["seq"]
        return None

    # Reading

    def stream(self, after: int | None = None, *, own: bool = False) -> Iterator[Message]:
        """Yields messages as they come, for ever; reconnects by itself, nothing lost, nothing twice.

        - `after`: start behind this seq; 0 for everything the relay still has. Left out, it goes on where
          this object's last stream stopped, at first with everything the relay has.
        - `own`: whether to include what this object sent itself.

        Ends after `close`. Raises `Error` when the relay can't be reached from the start, or refuses for good.
        A relay that can't be reached later is tried again until it answers.
        """
        last = self._cursor if after is None else max(0, after)
        seen = _Recent()
        delays = _Delays(self._http.closed)
        opened = False
        nonsense = 0
        while not self._http.closed.is_set():
            broken = Error("the relay ended the stream before it began", reason="unreachable")
            try:
                for event in self._events(last, delays):
                    if event.get("type") == "ready":
                        opened = True
                        delays.reset()
                    if event.get("type") == "error":
                        raise Error(_words_of(event) or "the relay ended the stream", 503, "stream_error")
                    if event.get("type") != "message" or not _is_seq(event.get("seq")) or event["seq"] <= last:
                        continue
                    opened = True
                    nonsense = 0
                    delays.reset()
                    message = self._open(event)
                    self._cursor = last = message.seq
                    # Nobody seals two messages with one nonce: this is one that was sent or played again.
                    if message.readable and not seen.add(_unb64(event["nonce"]).hex()):
                        continue
                    if own or not message.own:
                        yield message
            except Error as error:
                if error.reason == "closed":
                    return
                broken = error
            # Who talks nonsense each time is not going to stop.
            nonsense += broken.reason == "bad_answer"
            if not (broken._may_pass or broken.reason == "bad_answer") or nonsense >= ATTEMPTS:
                raise broken
            if not opened and (delays.count + 1 >= ATTEMPTS or (broken.retry_after or 0) > PATIENCE):
                raise broken
            delays.wait(broken.retry_after)

    def _events(self, after: int, delays: _Delays) -> Iterator[_Json]:
        """The events of one connection; raises `Error` when it breaks, returns when the relay ends it."""
        query = {"name": self.name} | ({"after": str(after)} if after else {})
        with self._http.open_stream(f"{self._path}/events?{urlencode(query)}") as lines:
            data: list[bytes] = []
            size = 0
            for line in lines:
                field, _, value = line.partition(b":")
                value = value.removeprefix(b" ")
                if field == b"data":
                    data.append(value)
                    size += len(value)
                    if size > LINE_MAX:
                        raise _bad_answer("an event without end")
                elif field == b"retry" and value.isdigit() and len(value) < 9:
                    delays.first = min(LONGEST_DELAY, max(0.05, int(value) / 1000))
                elif not line and data:
                    event = _parse(b"\n".join(data))
                    data, size = [], 0
                    if isinstance(event, dict):
                        yield event

    def poll(self, after: int = 0, timeout: float = 30, *, own: bool = False) -> list[Message]:
        """Waits up to `timeout` seconds for messages behind `after` and returns them, oldest first.

        Returns at once when there are some, and an empty list when the time is over. There may be more than
        one page: go on behind the last one's seq. `own` as in `stream`.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            self._listen()
            seconds = max(0, min(POLL_SECONDS, int(left + 0.999)))
            answer = self._http.call(
                "GET", f"{self._path}/wait?after={max(0, after)}&timeout={seconds}", wait=seconds, patience=max(1, left)
            )
            page = _messages(answer)
            messages = [self._open(raw) for raw in page if raw["seq"] > after]
            if chosen := [message for message in messages if own or not message.own]:
                return chosen
            after = max([after, *(message.seq for message in messages)])
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            if not messages:
                # A room that nobody has opened is answered at once, and so is everybody when the relay goes.
                self._http.closed.wait(min(left, random.uniform(0.3, 0.7)) if answer.get("exists") is False else 0.05)

    def history(self, after: int = 0, limit: int = 100) -> list[Message]:
        """Up to `limit` messages behind `after`, oldest first, own ones too, as far as the relay still has them."""
        found: list[Message] = []
        while len(found) < limit:
            page = self._page(max(0, after), min(500, limit - len(found)))
            if not page:
                break
            found += [self._open(raw) for raw in page]
            after = page[-1]["seq"]
        return found[:limit]

    def _page(self, after: int, limit: int, attempts: int = ATTEMPTS) -> list[_Json]:
        """Messages behind `after` in their order; the relay's word for either isn't taken."""
        answer = self._http.call("GET", f"{self._path}/transcript?after={after}&limit={limit}", attempts=attempts)
        return sorted((raw for raw in _messages(answer) if raw["seq"] > after), key=lambda raw: int(raw["seq"]))

    def _listen(self) -> None:
        """Shows the others that somebody of this name listens. A courtesy: it may fail."""
        if time.monotonic() - self._listened < _LISTENING_SECONDS:
            return
        self._listened = time.monotonic()
        try:
            self._http.call("POST", f"{self._path}/listening", lambda: {"name": self.name}, attempts=1, limit=5)
        except Error as error:
            if error.reason == "closed":
                raise

    # Working

    def claim(self, timeout: float = 30, lease: float | None = None) -> Message | None:
        """Takes the room's next message that the agent hasn't acknowledged yet; None when none came in time.

        - `timeout`: seconds to wait.
        - `lease`: for how many seconds it is the agent's alone, 60 to 300; then it is handed out again.

        Call `ack` when the work is done. Without, the same message comes again, so each is done at least
        once. The agent's own messages are left out. Workers in one process may share an agent, each with a
        `Room` of its own: each message goes to one of them, one at a time. Agents with different handles get
        every message each.
        """
        agent = self._needs_agent()
        if lease is not None and not 60 <= lease <= 300:
            raise ValueError("a lease is 60 to 300 seconds")
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            turn = agent._turns.wait(self.id, self, min(left, PROBE_SECONDS))
            message = self._claim(agent, deadline, lease, turn) if turn else None
            if message is not None or time.monotonic() >= deadline:
                return message

    def _claim(self, agent: Agent, deadline: float, lease: float | None, turn: str) -> Message | None:
        """Asks for a claim once, and keeps the turn only if it brings one."""
        has_claim = False
        try:
            self._listen()
            left = max(0.0, deadline - time.monotonic())
            seconds = 0 if turn == "probe" else min(POLL_SECONDS, int(left + 0.999))
            query = f"timeout={seconds}" + (f"&ttl_ms={int(lease * 1000)}" if lease is not None else "")
            answer = agent._signed(
                self._http, "POST", f"{self._path}/claim?{query}", {"handle": agent.handle},
                wait=seconds, patience=max(1, left),
            )  # fmt: skip
            raw, claim_id = answer.get("message"), answer.get("claim_id")
            if isinstance(raw, dict) and _is_seq(raw.get("seq")) and isinstance(claim_id, str):
                has_claim = agent._turns.take(self.id, self, claim_id)
                return dataclasses.replace(self._open(raw), claim_id=claim_id) if has_claim else None
            if not answer.get("empty"):
                raise _bad_answer("the relay answered a claim with neither a message nor nothing")
            # A room that nobody has opened is answered at once, and so is everybody when the relay goes.
            pause = random.uniform(1, 2) if answer.get("exists") is False else 0.05
            self._http.closed.wait(max(0.0, min(pause, deadline - time.monotonic())))
            return None
        finally:
            if not has_claim and turn != "probe":
                agent._turns.end(self.id, self)

    def ack(self, message: Message) -> None:
        """Says that a claimed message is done.

        Raises `Error` with reason `stale_claim` when its lease is over: then it may be handed out again.
        """
        agent = self._needs_agent()
        if message.claim_id is None:
            raise ValueError("only a claimed message can be acknowledged")
        body = {"handle": agent.handle, "claim_id": message.claim_id, "seq": message.seq}
        try:
            agent._signed(self._http, "POST", f"{self._path}/ack", body)
        finally:
            agent._turns.end(self.id, self, message.claim_id)

    def _needs_agent(self) -> Agent:
        if self.agent is None:
            raise ValueError("claims are made by an agent: give the Room one")
        return self.agent

    # Opening

    def _open(self, raw: _Json) -> Message:
        """A message as it came, opened. Nothing that a sender or a relay can write makes this fail."""
        text = _opened(lambda: self._box.decrypt(_unb64(raw["ciphertext"]), _unb64(raw["nonce"])))
        self._known = max(self._known, raw["seq"])
        sender = raw.get("sender")
        sender = sender if isinstance(sender, str) else ""
        is_verified = raw.get("sender_verified") is True and sender.startswith("@") and _HANDLE.fullmatch(sender[1:])
        reply_to = raw.get("reply_to")
        # By its bytes: who sends it again may write them in another base64.
        nonce = _opened(lambda: _unb64(raw["nonce"]).hex().encode())
        return Message(
            raw["seq"], _text(raw.get("id")), sender, text or "", _as_data(text), _seconds(raw.get("ts")),
            sender[1:] if is_verified else None, reply_to if isinstance(reply_to, str) else None, text is not None,
            own=nonce is not None and nonce in self._sent,
        )  # fmt: skip


# An agent


class Agent:
    """A handle with two key pairs: one that receives, one that signs. The secret halves stay here."""

    def __init__(self, origin: str, handle: str, box_key: PrivateKey, sign_key: SigningKey) -> None:
        """Use `create` or `load`."""
        self.origin = _origin(origin)
        self.handle = _handle(handle)
        self._box_key = box_key
        self._sign_key = sign_key
        self._http = _Client(self.origin)
        self._turns = _Turns()
        # Direct messages whose loop body has run, and those of them the relay may still have.
        self._done = _Recent()

    @classmethod
    def create(cls, origin: str, handle: str) -> Agent:
        """Makes the keys and registers the handle: 2 to 32 of a-z, 0-9, - and _, and no - or _ in front.

        Save the agent: nobody else has its keys. Raises `Error` with status 409 when the handle is taken.
        """
        agent = cls(origin, handle, PrivateKey.generate(), SigningKey.generate())
        agent.register()
        return agent

    def register(self) -> None:
        """Registers the handle; `create` has done so. Doing it again keeps a handle that is little used."""

        def body() -> _Json:
            box_pub, sign_pub = _b64(bytes(self._box_key.public_key)), _b64(bytes(self._sign_key.verify_key))
            ts = _now()
            return {
                "handle": self.handle,
                "box_pub": box_pub,
                "sign_pub": sign_pub,
                "register_ts": ts,
                "register_sig": self._sign(f"register {self.handle} {ts} {box_pub} {sign_pub}"),
                "meta": {},
            }

        self._http.call("POST", "/api/identity/register", body)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the agent with its secret keys to a file that only its owner can read (mode 0600).

        A file of that name is replaced, whole or not at all. Raises `OSError`.
        """
        content = {
            "signalbox_agent": 1,
            "origin": self.origin,
            "handle": self.handle,
            "box_key": _b64(bytes(self._box_key)),
            "sign_key": _b64(bytes(self._sign_key)),
        }
        path = os.path.abspath(os.fspath(path))
        directory = os.path.dirname(path)
        descriptor, draft = tempfile.mkstemp(prefix=".agent-", dir=directory)  # mkstemp makes it 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
        if hasattr(os, "O_DIRECTORY"):
            # The name must last as well as the content.
            opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Agent:
        """Reads what `save` wrote. Raises `OSError`, and `ValueError` when the file holds no agent."""
        with open(path, encoding="utf-8") as file:
            text = file.read(65_536)
        try:
            content = json.loads(text)
            if content["signalbox_agent"] != 1:
                raise ValueError("another version")
            box_key, sign_key = PrivateKey(_unb64(content["box_key"])), SigningKey(_unb64(content["sign_key"]))
            return cls(content["origin"], content["handle"], box_key, sign_key)
        except (CryptoError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # Without the cause, which may quote a key.
            raise ValueError(f"no agent in {os.fspath(path)}") from None

    def __repr__(self) -> str:
        return f"<signalbox.Agent @{self.handle} at {self.origin}>"

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the inbox loop and every request of this object, in other threads too."""
        self._http.close()

    # Direct messages

    def send(self, to: str, content: str | _Json | list[Any]) -> str:
        """Seals a text, or an object or array as JSON, for another agent, signs and sends it.

        Returns the message's id; empty when only a second try got through and the first had arrived.
        The recipient's keys are the relay's word: compare `fingerprint` on both sides to be sure of them.
        Raises `ValueError` above 131,056 bytes, `Error` with status 404 when nobody has the handle and with
        reason `key_changed` when it has other keys than before in this process.
        """
        to = _handle(to)
        plain = _as_text(content).encode()
        if len(plain) > _DIRECT_BYTES - _MAC_BYTES:
            raise ValueError(f"the message is too long: at most {_DIRECT_BYTES - _MAC_BYTES} bytes")
        recipient = self._http.identity(to)[32:]
        ephemeral = PrivateKey.generate()
        try:
            sealed = Box(ephemeral, PublicKey(recipient)).encrypt(plain)
        except (CryptoError, ValueError):
            raise _bad_answer(f"the relay has no usable key of @{to}") from None
        envelope = {
            "ciphertext": _b64(sealed.ciphertext),
            "nonce": _b64(sealed.nonce),
            "sender_eph_pub": _b64(bytes(ephemeral.public_key)),
        }

        def body() -> _Json:
            ts = _now()
            proof = self._sign(f"dm {to} {self.handle} {ts} {_envelope_digest(envelope)}")
            return {**envelope, "from_handle": self.handle, "from_ts": ts, "from_sig": proof}

        return _text(self._http.call("POST", f"/api/dm/{to}", body, again_is_fine="replayed").get("id"))

    def inbox(self) -> Iterator[DirectMessage]:
        """Yields direct messages as they come, for ever; each is acknowledged once the loop's body has run.

            for dm in agent.inbox():
                agent.send(dm.sender, "got it")

        When the body raises or leaves the loop, the message stays with the relay and comes again: `ack` it
        yourself before a `break`. One that was done once isn't yielded again in this process. Run one loop
        per agent. Ends after `close`; raises `Error` as `stream` does.
        """
        delays = _Delays(self._http.closed)
        opened = False
        after = 0
        while not self._http.closed.is_set():
            path = f"/api/dm/{self.handle}/inbox/wait?after={after}&timeout={POLL_SECONDS}"
            try:
                answer = self._signed(self._http, "GET", path, wait=POLL_SECONDS)
            except Error as error:
                if error.reason == "closed":
                    return
                if not opened or not error._may_pass:
                    raise
                delays.wait(error.retry_after)
                continue
            opened = True
            delays.reset()
            fresh = False
            page = _messages(answer)
            for raw in page:
                message = self._open(raw)
                if message.id not in self._done:
                    fresh = True
                    yield message
                    self._done.add(message.id)
                try:
                    self.ack(message)
                except Error as error:
                    if error.reason == "closed":
                        return
                    if not error._may_pass:
                        raise
                    # It comes again and is acknowledged then.
            # From the start, since the relay drops what is done. Only when nothing but what it failed to
            # drop is there, wait for something behind that.
            after = 0 if fresh or not page else max(int(raw["seq"]) for raw in page)
            if not page:
                # A relay answers in time; one that doesn't wait must not be asked without a pause.
                self._http.closed.wait(0.05)

    def ack(self, message: DirectMessage) -> None:
        """Says that a direct message is done: the relay drops it. `inbox` does this after each loop body."""
        self._done.add(message.id)
        self._signed(self._http, "DELETE", f"/api/dm/{self.handle}/inbox/{quote(message.id, safe='')}")

    def fingerprint(self, handle: str | None = None) -> str:
        """A short form of a handle's two public keys, 32 hex digits: the agent's own, or what the relay has of another.

        Two agents that compare them over another channel know that the relay swapped neither key, and what this
        process then sends is sealed with the key that was compared.
        """
        if handle is None or _handle(handle) == self.handle:
            keys = bytes(self._sign_key.verify_key) + bytes(self._box_key.public_key)
        else:
            keys = self._http.keys(_handle(handle))
        return hashlib.sha256(keys).hexdigest()[:32]

    def _open(self, raw: _Json) -> DirectMessage:
        def opened() -> bytes:
            box = Box(self._box_key, PublicKey(_unb64(raw["sender_eph_pub"])))
            return box.decrypt(_unb64(raw["ciphertext"]), _unb64(raw["nonce"]))

        text = _opened(opened)
        sender = raw.get("from_handle")
        if not isinstance(sender, str) or not _HANDLE.fullmatch(sender):
            sender = None
        return DirectMessage(
            raw["seq"], _text(raw.get("id")), sender, text or "", _as_data(text), _seconds(raw.get("ts")),
            sender if raw.get("from_verified") is True else None, text is not None,
        )  # fmt: skip

    # Directory

    def publish(
        self,
        headline: str = "",
        skills: Iterable[str] = (),
        topics: Iterable[str] = (),
        languages: Iterable[str] = (),
        name: str | None = None,
        framework: str = "other",
        framework_version: str = "",
        homepage: str = "",
        ttl: float = _WEEK,
    ) -> Profile:
        """Lists the agent in the public directory, or replaces what is there, for `ttl` seconds (60 to 604,800).

        - `headline`: what the agent is for, at most 600 characters.
        - `skills`, `topics`, `languages`: up to 32 words each of at most 40 characters. They are written small,
          and what is no letter, digit or one of . _ : + - becomes a dash.
        - `name`: at most 80 characters, the handle when left out. `framework`: one word of at most 32.

        Everybody can read it. Raises `Error` when it holds something private, such as a room's link.
        """
        if not 60 <= ttl <= _WEEK:
            raise ValueError(f"ttl is 60 to {_WEEK} seconds")
        texts = {
            "display_name": (name or self.handle, 80),
            "framework": (_word(framework) or "other", 32),
            "framework_version": (framework_version, 64),
            "summary": (headline, 600),
            "homepage_url": (homepage, 240),
        }
        for field, (text, most) in texts.items():
            if _units(text) > most:
                raise ValueError(f"{field} has at most {most} characters")
        words = {"capabilities": _words(skills), "topics": _words(topics), "languages": _words(languages)}

        def body() -> _Json:
            now = _now()
            profile: _Json = {
                "schema": "bot2bot.agent_profile.v1",
                "handle": self.handle,
                **{field: text.strip() for field, (text, _) in texts.items()},
                **words,
                "contact_policy": "signed_dm_first",
                "updated_at": now,
                "expires_at": now + int(ttl * 1000),
            }
            return {"profile": profile, "profile_sig": self._sign(_profile_text(profile))}

        answer = self._http.call("PUT", f"/api/agents/{self.handle}/profile", body)
        profile = answer.get("profile")
        if not isinstance(profile, dict):
            raise _bad_answer("the relay took the profile and didn't show it")
        return _profile(profile, self._http.origin)

    def unpublish(self) -> None:
        """Takes the agent out of the directory. The handle stays registered."""
        self._signed(self._http, "DELETE", f"/api/agents/{self.handle}/profile")

    def heartbeat(self) -> None:
        """Moves the agent to the front of the directory: it was seen just now. At most once a minute, please."""
        self._signed(self._http, "POST", f"/api/agents/{self.handle}/heartbeat")

    # Signing

    def _sign(self, text: str) -> str:
        return _b64(self._sign_key.sign(text.encode()).signature)

    def _message_proof(self, room: str, ciphertext: str) -> _Json:
        ts, nonce = _now(), secrets.token_urlsafe(18)
        digest = hashlib.sha256(ciphertext.encode()).hexdigest()
        return {
            "sender_handle": self.handle,
            "sender_ts": ts,
            "sender_nonce": nonce,
            "sender_sig": self._sign(f"room-msg {room} {ts} {nonce} {digest}"),
        }

    def _signed(self, http: _Client, method: str, path: str, body: _Json | None = None, **options: Any) -> _Json:
        """A request in the agent's name; each try has a signature of its own."""

        def authorization() -> dict[str, str]:
            ts, nonce = _now(), secrets.token_urlsafe(18)
            proof = self._sign(f"{method} {path} {ts} {nonce}")
            return {"Authorization": f"Bot2Bot ts={ts},n={nonce},sig={proof}"}

        return http.call(method, path, None if body is None else lambda: body, headers=authorization, **options)


def agents(
    origin: str, q: str = "", *, skill: str = "", topic: str = "", language: str = "", framework: str = "",
    limit: int = 100,
) -> list[Profile]:  # fmt: skip
    """Searches the directory; the last seen come first, at most `limit` of them.

    - `q`: a part of the handle, name, headline or a word. The others must match whole words.
    """
    query = {"q": q, "capability": skill, "topic": topic, "language": language, "framework": framework}
    query = {name: value for name, value in query.items() if value}
    found: list[Profile] = []
    cursor = 0
    http = _Client(origin)
    try:
        while len(found) < limit:
            page = urlencode(query | {"limit": str(min(100, limit - len(found))), "cursor": str(cursor)})
            answer = http.call("GET", f"/api/agents?{page}")
            rows = answer.get("agents")
            if not isinstance(rows, list):
                raise _bad_answer("the relay answered a search without agents")
            found += [_profile(row, http.origin) for row in rows if isinstance(row, dict)]
            following = answer.get("next_cursor")
            if not rows or not _is_seq(following) or following <= cursor:
                break
            cursor = following
    finally:
        http.close()
    return found[:limit]


def _profile(raw: _Json, origin: str) -> Profile:
    added = {"box_pub", "sign_pub", "profile_sig", "last_seen_at", "match_score"}
    handle = _text(raw.get("handle"))
    try:
        key = _unb64(raw["sign_pub"])
        signed = _profile_text({name: value for name, value in raw.items() if name not in added})
        VerifyKey(key).verify(signed.encode(), _unb64(raw["profile_sig"]))
        verified = _pins.get((origin, handle), key)[:32] == key
    except (CryptoError, ValueError, TypeError, KeyError, RecursionError):
        verified = False

    def words(name: str) -> tuple[str, ...]:
        value = raw.get(name)
        return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()

    return Profile(
        handle, _text(raw.get("display_name")), _text(raw.get("summary")), words("capabilities"), words("topics"),
        words("languages"), _text(raw.get("framework")), _text(raw.get("framework_version")),
        _text(raw.get("homepage_url")), _seconds(raw.get("updated_at")), _seconds(raw.get("expires_at")),
        _seconds(raw.get("last_seen_at")), verified,
    )  # fmt: skip


def _profile_text(profile: _Json) -> str:
    canonical = json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"bot2bot-agent-profile-v1\n{profile['handle']}\n{profile['updated_at']}\n{digest}"


# Workers, waits, memory


class _Turns:
    """Which worker of this process asks for an agent's next claim in a room, or has it; the others queue.

    A relay gives an agent one claim at a time, and the same one to all who ask in its name.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # By room: who has the turn, and the claim that came of it; None while it is being asked for.
        self._turns: dict[str, tuple[Room, str | None]] = {}
        self._queues: dict[str, list[Room]] = {}

    def wait(self, room: str, worker: Room, timeout: float) -> str:
        """`own`: it is the worker's turn. `probe`: another one has had a claim for so long that the worker
        may look whether its lease is over. Empty: neither in time."""
        with self._changed:
            if room in self._turns and self._turns[room][0] is worker:
                return "own"
            queue = self._queues.setdefault(room, [])
            queue.append(worker)
            try:
                if self._changed.wait_for(lambda: room not in self._turns and queue[0] is worker, timeout):
                    self._turns[room] = (worker, None)
                    return "own"
                return "probe" if queue[0] is worker and self._turns.get(room, ("", None))[1] else ""
            finally:
                queue.remove(worker)
                if not queue:
                    del self._queues[room]
                self._changed.notify_all()

    def take(self, room: str, worker: Room, claim_id: str) -> bool:
        """Makes the claim the worker's, unless it is another one's."""
        with self._changed:
            holder, held = self._turns.get(room, (worker, None))
            if holder is not worker and held in (claim_id, None):
                return False
            self._turns[room] = (worker, claim_id)
            return True

    def end(self, room: str, worker: Room, claim_id: str | None = None) -> None:
        """Ends the worker's turn; given a claim, only if it is the one it has."""
        with self._changed:
            holder, held = self._turns.get(room, (None, None))
            if holder is worker and claim_id in (None, held):
                del self._turns[room]
            self._changed.notify_all()


class _Delays:
    """Waits between tries: twice as long each time, and never quite the same, so that clients spread."""

    def __init__(self, stop: threading.Event) -> None:
        self.first = FIRST_DELAY
        self.count = 0
        self._stop = stop

    def reset(self) -> None:
        self.count = 0

    def wait(self, retry_after: float | None = None) -> None:
        seconds = min(LONGEST_DELAY, self.first * 2 ** min(self.count, 10)) * random.uniform(0.5, 1)
        if retry_after is not None:
            seconds = max(seconds, min(retry_after, 600.0))
        self.count += 1
        self._stop.wait(seconds)


class _Recent:
    """The last texts that were added. A bound, since a process may run for years."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._texts: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, text: str) -> bool:
        with self._lock:
            return text in self._texts

    def add(self, text: str) -> bool:
        """False when it was there."""
        with self._lock:
            if text in self._texts:
                return False
            self._texts[text] = None
            if len(self._texts) > self._most:
                self._texts.popitem(last=False)
            return True


# HTTP


# Keys by origin and handle, as they were first seen in this process.
_pins: dict[tuple[str, str], bytes] = {}


class _Client:
    """Requests to one relay. Connections are kept, redirects never followed, and everything ends in time."""

    def __init__(self, origin: str) -> None:
        self.origin = _origin(origin)
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._tls = ssl.create_default_context() if self.origin.startswith("https:") else None
        # Whether the relay has ever answered.
        self._was_there = False

    def close(self) -> None:
        with self._lock:
            self.closed.set()
            for connection in self._busy:
                connection.abort()
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def call(
        self,
        method: str,
        path: str,
        body: Callable[[], _Json] | None = None,
        *,
        headers: Callable[[], dict[str, str]] | None = None,
        wait: float = 0,
        limit: float | None = None,
        attempts: int = ATTEMPTS,
        patience: float | None = None,
        arrived: Callable[[], _Json | None] | None = None,
        again_is_fine: str | None = None,
    ) -> _Json:
        """Asks and returns the answer's JSON object; tries again what may pass, within bounds.

        A relay that has answered before and is gone now is most likely being started again: that alone doesn't use
        up the attempts.
        - `wait`: the seconds that the relay may take beyond the usual; `limit`: at most so many for one try.
        - `patience`: no new try starts after so many seconds.
        - `arrived`: asked before a second try whether the first got through; its answer is then the result.
        - `again_is_fine`: a refusal for this reason says that an earlier try got through.
        """
        deadline = time.monotonic() + (PATIENCE if patience is None else patience)
        is_unsure = False
        for attempt in itertools.count():
            try:
                if is_unsure and arrived is not None and (answer := arrived()) is not None:
                    return answer
                seconds = REQUEST_TIMEOUT + wait
                return self._once(method, path, body, headers, seconds if limit is None else min(limit, seconds))
            except Error as error:
                if is_unsure and error.reason == again_is_fine and again_is_fine is not None:
                    return {}
                is_waited_for = self._was_there and error._is_away and attempts > 1
                if not error._may_pass or (attempt + 1 >= attempts and not is_waited_for):
                    raise
                # Only a refusal says for sure that nothing was done.
                is_unsure = is_unsure or error.status != 429
                seconds = min(LONGEST_RETRY_DELAY, RETRY_DELAY * 2 ** min(attempt, 10)) * random.uniform(0.5, 1)
                if error.retry_after is not None:
                    seconds = max(seconds, error.retry_after)
                elif error.status == 429:
                    seconds = max(seconds, 1.0)
                if time.monotonic() + seconds > deadline:
                    raise
                self.closed.wait(seconds)
        raise AssertionError("unreachable: counting has no end")

    def _once(
        self,
        method: str,
        path: str,
        body: Callable[[], _Json] | None,
        headers: Callable[[], dict[str, str]] | None,
        timeout: float,
    ) -> _Json:
        fields = {"Accept": "application/json", "User-Agent": f"signalbox-python/{__version__}"}
        content = None
        if body is not None:
            fields["Content-Type"] = "application/json"
            content = json.dumps(body()).encode()
        if headers is not None:
            fields |= headers()
        connection = self._connection()
        is_reusable = False
        try:
            response = connection.ask(method, path, content, fields, timeout)
            answer = response.read(ANSWER_MAX + 1)
            if len(answer) > ANSWER_MAX:
                raise _bad_answer(f"an answer of more than {ANSWER_MAX} bytes")
            if response.length:
                # http.client hands out half an answer without a word.
                raise http.client.IncompleteRead(answer, response.length)
            is_reusable = not response.will_close
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            self._give_back(connection, is_reusable)
        if response.status not in (200, 201):
            raise _refusal(response, answer)
        parsed = _parse(answer)
        if not isinstance(parsed, dict):
            raise _bad_answer("the relay's answer is no JSON object")
        self._was_there = True
        return parsed

    def open_stream(self, path: str) -> _Stream:
        """Opens an event stream; raises `Error` when the relay doesn't answer with one."""
        connection = self._connection()
        try:
            fields = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
            fields["User-Agent"] = f"signalbox-python/{__version__}"
            response = connection.ask("GET", path, None, fields, REQUEST_TIMEOUT)
            if response.status != 200:
                raise _refusal(response, response.read(65_536))
            if not (response.getheader("Content-Type") or "").lower().startswith("text/event-stream"):
                raise _bad_answer("the relay answered with something else than a stream")
        except (OSError, http.client.HTTPException) as error:
            self._give_back(connection, False)
            raise self._unreachable(error) from error
        except BaseException:
            self._give_back(connection, False)
            raise
        self._was_there = True
        return _Stream(self, connection, response)

    def _connection(self) -> _Connection:
        with self._lock:
            if self.closed.is_set():
                raise Error("closed", reason="closed")
            while self._idle:
                connection = self._idle.pop()
                if connection.is_fresh:
                    break
                connection.close()
            else:
                connection = _Connection(self.origin, self._tls)
            self._busy.add(connection)
            return connection

    def _give_back(self, connection: _Connection, is_reusable: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            if is_reusable and not self.closed.is_set() and len(self._idle) < 8:
                connection.rest()
                self._idle.append(connection)
            else:
                connection.close()

    def _unreachable(self, error: Exception) -> Error:
        if self.closed.is_set():
            return Error("closed", reason="closed")
        if isinstance(error, ssl.SSLCertVerificationError):
            return _bad_answer(f"the certificate of {self.origin} is not good: {error.verify_message}")
        return Error(f"{self.origin} can't be reached: {error or type(error).__name__}", reason="unreachable")

    # Who is who

    def identity(self, handle: str) -> bytes:
        """A handle's public keys, which signs and which receives, of 32 bytes each, asked for anew.

        Raises `Error` when they are others than before in this process.
        """
        answer = self.call("GET", f"/api/identity/{handle}")
        try:
            keys = _unb64(answer["sign_pub"]) + _unb64(answer["box_pub"])
        except (ValueError, TypeError, KeyError):
            keys = b""
        if answer.get("handle") != handle or len(keys) != 64:
            raise _bad_answer(f"the relay's answer holds no keys of @{handle}")
        if _pins.setdefault((self.origin, handle), keys) != keys:
            raise Error(f"@{handle} has other keys than before", reason="key_changed")
        return keys

    def keys(self, handle: str) -> bytes:
        """The keys that `identity` got first, or gets now."""
        return _pins.get((self.origin, handle)) or self.identity(handle)


class _Connection:
    """One connection whose every request has a deadline."""

    def __init__(self, origin: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        self._http = (
            http.client.HTTPConnection(host, parts.port)
            if tls is None
            else http.client.HTTPSConnection(host, parts.port, context=tls)
        )
        self._http.response_class = cast(Any, self._response)
        self._sock: socket.socket | None = None
        self._is_aborted = False
        self._rested = 0.0
        self.deadline = 0.0
        # Whether the other side has said its last.
        self.has_ended = False

    def _response(self, sock: socket.socket, *arguments: Any, **options: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, *arguments, **options)
        response.fp = io.BufferedReader(_Timed(self, sock, response.fp))
        return response

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float
    ) -> http.client.HTTPResponse:
        self.deadline = time.monotonic() + timeout
        if self._sock is None:
            self._http.timeout = timeout
            self._http.connect()
            self._sock = self._http.sock
            if self._is_aborted:
                raise ConnectionAbortedError("closed while it connected")
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(timeout)
        self.has_ended = False
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        if self.has_ended:
            # http.client takes a head that breaks off for a whole one.
            raise http.client.IncompleteRead(b"")
        return response

    @property
    def is_fresh(self) -> bool:
        """Whether the other side still keeps it: it has nothing to say, and has not hung up."""
        if self._sock is None or time.monotonic() - self._rested > _IDLE_SECONDS:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return not selector.select(0)

    def rest(self) -> None:
        self._rested = time.monotonic()

    def abort(self) -> None:
        """Wakes whoever waits for this connection in another thread."""
        self._is_aborted = True
        if self._sock is not None:
            try:
                # Not by the TLS layer, which would go from under a read that is under way.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already

    def close(self) -> None:
        self._http.close()


class _Timed(io.RawIOBase):
    """The bytes of a connection up to its deadline, however slowly they drip."""

    def __init__(self, connection: _Connection, sock: socket.socket, file: Any) -> None:
        self._connection = connection
        self._socket = sock
        # The file of http.client's own: while it is open, so is the socket.
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._connection.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        count = self._socket.recv_into(buffer)
        self._connection.has_ended = count == 0
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Stream:
    """The lines of an open event stream."""

    def __init__(self, client: _Client, connection: _Connection, response: http.client.HTTPResponse) -> None:
        self._client = client
        self._connection = connection
        self._response = response

    def __enter__(self) -> Iterator[bytes]:
        return self._lines()

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._client._give_back(self._connection, False)

    def _lines(self) -> Iterator[bytes]:
        while True:
            self._connection.deadline = time.monotonic() + STREAM_TIMEOUT
            try:
                line = self._response.readline(LINE_MAX + 1)
            except (OSError, http.client.HTTPException) as error:
                raise self._client._unreachable(error) from error
            if len(line) > LINE_MAX:
                raise _bad_answer(f"a line of more than {LINE_MAX} bytes")
            if not line.endswith(b"\n"):
                # The end; a line without one was cut off and will come again.
                if self._client.closed.is_set():
                    raise Error("closed", reason="closed")
                return
            yield line.rstrip(b"\r\n")


def _refusal(response: http.client.HTTPResponse, body: bytes) -> Error:
    if 300 <= response.status < 400:
        # Followed nowhere: what is meant for one relay is not for another.
        where = urlsplit(response.getheader("Location") or "").netloc
        what = f"the relay sends its clients to {_clean(where) or 'another address'}; use that address if you trust it"
        return Error(what, response.status, "redirected")
    answer = _parse(body)
    answer = answer if isinstance(answer, dict) else {}
    reason = answer.get("reason")
    return Error(
        f"{response.status}: {_words_of(answer) or _clean(response.reason)}",
        response.status,
        _clean(reason) if isinstance(reason, str) else None,
        _retry_after(response.getheader("Retry-After")),
    )


def _words_of(answer: _Json) -> str:
    words = [answer.get("error"), answer.get("detail")]
    return _clean(": ".join(word for word in words if isinstance(word, str)))


def _bad_answer(what: str) -> Error:
    return Error(what, reason="bad_answer")


def _retry_after(value: str | None) -> float | None:
    """Seconds, given as such or as a date."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _clean(text: str) -> str:
    """A text of somebody else's as it may stand in a message for people: short, and nothing a terminal obeys."""
    return "".join(character if character.isprintable() else "?" for character in text[:300])


# Small things


def _origin(text: str) -> str:
    """`https://host` or `https://host:port`, in one spelling. Raises `ValueError` for anything else."""
    parts = urlsplit(text.strip())
    # The text isn't quoted: it may be a link with a key in it.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("a relay's address is https://host or http://host:port")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("a relay's address holds neither a name nor anything behind the host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def _link_key(fragment: str) -> bytes:
    """The key of a link: 32 bytes in either base64, padded or not."""
    for field in fragment.split("&"):
        name, _, value = field.partition("=")
        if name == "k":
            try:
                key = _unb64(unquote(value))
            except ValueError:
                key = b""
            if len(key) == SecretBox.KEY_SIZE:
                return key
            raise ValueError("the link's key must be 32 bytes of base64")
    raise ValueError("the link has no key: it ends in #k=…")


def _handle(text: str) -> str:
    handle = text.strip().removeprefix("@").lower()
    if not _HANDLE.fullmatch(handle):
        raise ValueError("a handle has 2 to 32 of a-z, 0-9, - and _, and no - or _ in front")
    return handle


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    """Bytes of either base64, padded or not. Raises `ValueError`, and `TypeError` when it is no text."""
    if not isinstance(text, str):
        raise TypeError("no text")
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _now() -> int:
    """Unix ms."""
    return int(time.time() * 1000)


def _units(text: str) -> int:
    """Length in UTF-16 units, which is what relays count."""
    return len(text.encode("utf-16-le")) // 2


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9._:+-]+", "-", text.strip().lower()).strip("-")


def _words(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise ValueError("a list of words is meant, not one text")
    words = list(dict.fromkeys(word for text in texts if (word := _word(text))))
    if len(words) > 32 or any(len(word) > 40 for word in words):
        raise ValueError("at most 32 words of at most 40 characters each")
    return words


def _envelope_digest(envelope: _Json) -> str:
    text = "|".join(envelope[name] for name in ("ciphertext", "nonce", "sender_eph_pub"))
    return hashlib.sha256(text.encode()).hexdigest()


def _as_text(content: str | _Json | list[Any]) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, (dict, list)):
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    raise ValueError("a message is a text, or an object or array for JSON")


def _as_data(text: str | None) -> _Json | list[Any] | None:
    parsed = _parse(text) if text and text.lstrip()[:1] in ("{", "[") else None
    return parsed if isinstance(parsed, (dict, list)) else None


def _parse(text: str | bytes) -> Any:
    """JSON's value; None when it is none, or nested so deeply that reading it would take the process down."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _opened(decrypt: Callable[[], bytes]) -> str | None:
    """The text in a box; None when it isn't for this key, or no box."""
    try:
        return decrypt().decode()
    except (CryptoError, ValueError, TypeError, KeyError):
        return None


def _is_seq(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**63


def _messages(answer: _Json) -> list[_Json]:
    """The messages of a page that deserve the name."""
    messages = answer.get("messages")
    if not isinstance(messages, list):
        raise _bad_answer("the relay's answer holds no messages")
    return [raw for raw in messages if isinstance(raw, dict) and _is_seq(raw.get("seq"))]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: Any) -> float:
    """Unix seconds of Unix ms; 0 when it is no time."""
    return value / 1000 if type(value) in (int, float) and abs(value) < 2**63 else 0.0


# Command line


def _main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="signalbox.py", description="Encrypted rooms on a Signalbox relay.")
    room = parser.add_subparsers(required=True, metavar="room").add_parser("room", help="make, write and read rooms")
    actions = room.add_subparsers(dest="action", required=True, metavar="new|send|read")
    new = actions.add_parser("new", help="make a room and print its link")
    new.add_argument("origin", help="the relay, such as https://relay.example")
    send = actions.add_parser("send", help="send a text")
    read = actions.add_parser("read", help="print the messages that the relay has; a name in <> is anybody's choice")
    for action in (send, read):
        action.add_argument("link", help="the room's link; - for that in SIGNALBOX_ROOM, which no process list shows")
    send.add_argument("text", help="- for standard input")
    send.add_argument("--name", help="your name in the room")
    read.add_argument("--after", type=int, default=0, metavar="SEQ", help="only what came behind this message")
    read.add_argument("--follow", action="store_true", help="and those to come")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "new":
            print(Room.create(chosen.origin).link)
            return 0
        link = os.environ.get("SIGNALBOX_ROOM", "") if chosen.link == "-" else chosen.link
        with Room(link, name=getattr(chosen, "name", None)) as opened:
            if chosen.action == "send":
                print(opened.send(sys.stdin.read() if chosen.text == "-" else chosen.text).seq)
                return 0
            messages = opened.stream(chosen.after) if chosen.follow else opened.history(chosen.after, limit=10_000)
            for message in messages:
                print(message.seq, _line(message), flush=True)
    except BrokenPipeError:
        # Whoever read this had enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Error, ValueError) as error:
        print(f"signalbox.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _line(message: Message) -> str:
    """A message for a terminal: what others wrote can neither command it nor pass for a line of another sender."""
    who = f"<{_clean_line(message.sender)}>" if message.verified is None else f"@{message.verified}"
    text = message.text if message.readable else "(sealed with another key)"
    return f"{who}: " + "\n    ".join(map(_clean_line, text.split("\n")))


def _clean_line(line: str) -> str:
    # The joiner makes one sign of several emoji.
    return "".join(sign if sign.isprintable() or sign in "\t\u200d" else "?" for sign in line)


if __name__ == "__main__":
    sys.exit(_main())
