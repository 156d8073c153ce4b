"""Strict stand-ins for Telegram's Bot API and a Discord webhook: what the real ones would refuse, they refuse."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BOT_TOKEN = "123456789:AAE-stand_in-Telegram_bot_token"
CHAT_ID = "-1001234567890"
WEBHOOK_PATH = "/api/webhooks/424242/Stand-In_webhook_token"
TELEGRAM_PATH = f"/bot{BOT_TOKEN}/sendMessage"

TELEGRAM_RESERVED = set("_*[]()~`>#+-=|{}.!")
# Outside of code: what starts a style, a mention, a link or a quote.
DISCORD_ACTIVE = set("_*~|[]<>@#`")


class Refused(Exception):
    """What the service would say to a message it can't take."""


@dataclass
class OperatorStub:
    """Both services on one port; what they took is kept as the operator would see it."""

    port: int = 0
    # The text without escapes and signs of styles.
    telegram: list[str] = field(default_factory=list)
    discord: list[str] = field(default_factory=list)
    # Every request as it came, refused or not.
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    # Status codes of the next answers; then 200.
    statuses: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    # Answers wait for it.
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def telegram_settings(self) -> dict[str, str]:
        return {"TELEGRAM_API_URL": self.url, "TELEGRAM_BOT_TOKEN": BOT_TOKEN, "TELEGRAM_CHAT_ID": CHAT_ID}

    @property
    def discord_settings(self) -> dict[str, str]:
        return {"DISCORD_WEBHOOK_URL": self.url + WEBHOOK_PATH}

    def settings(self, *channels: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for channel in channels:
            found |= self.telegram_settings if channel == "telegram" else self.discord_settings
        return found

    def texts(self, channel: str) -> list[str]:
        return self.telegram if channel == "telegram" else self.discord

    def take(self, path: str, content_type: str, body: bytes) -> int:
        """Reads a request as the services do; the status of the answer."""
        if not content_type.startswith("application/json"):
            raise Refused(f"a body of type {content_type}")
        message = json.loads(body)
        self.requests.append((path, message))
        if path == TELEGRAM_PATH:
            text = self._telegram(message)
            takes, status = self.telegram, 200
        elif path == WEBHOOK_PATH:
            text = self._discord(message)
            takes, status = self.discord, 204
        else:
            raise Refused(f"no such path: {path}")
        if self.statuses:
            status = self.statuses.pop(0)
        if status < 300:
            takes.append(text)
        return status

    @staticmethod
    def _telegram(message: dict[str, Any]) -> str:
        if message["chat_id"] not in (CHAT_ID, int(CHAT_ID)):
            raise Refused("Bad Request: chat not found")
        if message["parse_mode"] != "MarkdownV2":
            raise Refused("another parse mode")
        if message.get("disable_web_page_preview") is not True and "link_preview_options" not in message:
            raise Refused("strangers' addresses would be fetched for a preview")
        text = telegram_text(message["text"])
        if not 0 < len(text.encode("utf-16-le")) // 2 <= 4_096:
            raise Refused("Bad Request: message is too long")
        return text

    @staticmethod
    def _discord(message: dict[str, Any]) -> str:
        if message.get("allowed_mentions") != {"parse": []}:
            raise Refused("mentions would ping")
        content = message["content"]
        if not 0 < len(content.encode("utf-16-le")) // 2 <= 2_000:
            raise Refused("Must be 2000 or fewer in length.")
        return discord_text(content)


def telegram_text(markdown: str) -> str:
    """What a chat shows of MarkdownV2 made of bold and code; everything reserved must be escaped."""
    shown, styles, position = [], {"*": False, "`": False}, 0
    while position < len(markdown):
        letter = markdown[position]
        if letter == "\\":
            position += 1
            if position == len(markdown) or not 0 < ord(markdown[position]) < 127:
                raise Refused("Bad Request: can't parse entities: an escape of nothing")
            shown.append(markdown[position])
        elif letter == "`" or (letter == "*" and not styles["`"]):
            styles[letter] = not styles[letter]
        elif letter in TELEGRAM_RESERVED and not styles["`"]:
            raise Refused(f"Bad Request: can't parse entities: character '{letter}' is reserved")
        else:
            shown.append(letter)
        position += 1
    if any(styles.values()):
        raise Refused("Bad Request: can't parse entities: can't find the end of an entity")
    return "".join(shown)


def discord_text(markdown: str) -> str:
    """What a channel shows of bold and code; whatever else is active must be escaped."""
    shown, is_code, position = [], False, 0
    while position < len(markdown):
        letter = markdown[position]
        if letter == "`":
            is_code = not is_code
        elif is_code:
            shown.append(letter)
        elif letter == "\\" and markdown[position + 1 : position + 2].isascii():
            position += 1
            shown.append(markdown[position])
        elif markdown.startswith("**", position):
            position += 1
        elif letter in DISCORD_ACTIVE:
            raise Refused(f"{letter!r} is active at {markdown[max(0, position - 20) : position + 20]!r}")
        else:
            shown.append(letter)
        position += 1
    if is_code:
        raise Refused("code without an end")
    return "".join(shown)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: OperatorStub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        words = ""
        try:
            status = self.stub.take(self.path, self.headers.get("Content-Type", ""), body)
        except (Refused, KeyError, ValueError) as problem:
            status, words = 400, f"{problem!r} "
        self.stub.go.wait()
        # Services repeat what they were sent when they refuse it.
        answer = b"" if status == 204 else (words.encode() + body if status >= 300 else b'{"ok":true}')
        self.send_response(status)
        for name, value in self.stub.answer_headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A sender that hangs up while an answer waits is part of the tests."""


@contextmanager
def operator_stub() -> Iterator[OperatorStub]:
    stub = OperatorStub()
    stub.go.set()
    handler = type("Handler", (_Handler,), {"stub": stub})
    with _Server(("127.0.0.1", 0), handler) as server:
        stub.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.go.set()
            server.shutdown()
            thread.join()
