"""HTTP byte by byte, for what well-behaved clients can't be made to send or show."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RawResponse:
    version: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)


class RawConnection:
    """A TCP connection to the server under test."""

    def __init__(self, port: int, timeout: float = 10.0, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:  # counts only when set before the connection is made
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self._buffer = b""

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        version: str = "1.1",
    ) -> None:
        self.send(request_bytes(method, target, headers, body, version))

    def response(self, *, to_head: bool = False) -> RawResponse:
        """Reads one response, framed by Content-Length, chunks, or the end of the connection."""
        version, status, headers = self.head()
        fields = {name.lower(): value for name, value in headers}
        if to_head or status in (204, 304) or 100 <= status < 200:
            body = b""
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
        elif "content-length" in fields:
            body = self.read(int(fields["content-length"]))
        else:
            body = self.read_to_end()
        return RawResponse(version, status, headers, body)

    def head(self) -> tuple[str, int, list[tuple[str, str]]]:
        version, status, *_ = self.line().split(" ", 2)
        headers = []
        while line := self.line():
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        return version, int(status), headers

    def _chunks(self) -> list[bytes]:
        chunks = []
        while size := int(self.line().split(";")[0], 16):
            chunks.append(self.read(size))
            assert self.line() == "", "a chunk must end with CRLF"
        while self.line():
            pass
        return chunks

    def line(self) -> str:
        return self.until(b"\r\n")[:-2].decode("latin-1")

    def until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        end = self._buffer.index(mark) + len(mark)
        result, self._buffer = self._buffer[:end], self._buffer[end:]
        return result

    def read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        result, self._buffer = self._buffer[:count], self._buffer[count:]
        return result

    def some(self) -> bytes:
        """Whatever there is next; empty at the end of the connection."""
        result, self._buffer = self._buffer, b""
        return result or self.socket.recv(1 << 20)

    def read_to_end(self) -> bytes:
        """Everything up to the end of the connection; a reset is an end as well."""
        try:
            while data := self.socket.recv(65536):
                self._buffer += data
        except ConnectionResetError:
            pass
        result, self._buffer = self._buffer, b""
        return result

    def assert_closed(self) -> None:
        """The server closes the connection without a further word."""
        assert self.read_to_end() == b""

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"the connection ended after {self._buffer[-200:]!r}")
        self._buffer += data


def request_bytes(
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    version: str = "1.1",
) -> bytes:
    lines = [f"{method} {target} HTTP/{version}"]
    fields = {"Host": "127.0.0.1", **(headers or {})}
    if body is not None:
        fields.setdefault("Content-Length", str(len(body)))
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
