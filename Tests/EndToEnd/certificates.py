"""A certificate signed by nobody but its own key, written byte by byte: PyNaCl signs, and no other tool is needed."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import time
from pathlib import Path

from nacl.signing import SigningKey

# Tags of ASN.1's distinguished encoding.
BOOLEAN, INTEGER, BITS, OCTETS, OID, UTF8, TIME = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17
SEQUENCE, SET, TAGGED_0, TAGGED_3, IP_ADDRESS = 0x30, 0x31, 0xA0, 0xA3, 0x87

ED25519 = bytes([43, 101, 112])  # 1.3.101.112
COMMON_NAME = bytes([85, 4, 3])  # 2.5.4.3
ALTERNATIVE_NAME = bytes([85, 29, 17])  # 2.5.29.17
BASIC_CONSTRAINTS = bytes([85, 29, 19])  # 2.5.29.19

DAY = 24 * 3600


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + body


def pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def self_signed(directory: Path, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """Writes a certificate for an address, good from yesterday until tomorrow, and its key; their paths."""
    key = SigningKey.generate()
    algorithm = der(SEQUENCE, der(OID, ED25519))
    name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8, b"relay"))))
    days = [time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + offset)) for offset in (-DAY, DAY)]
    named = der(SEQUENCE, der(IP_ADDRESS, ipaddress.ip_address(address).packed))
    is_authority = der(SEQUENCE, der(BOOLEAN, b"\xff"))
    extensions = [
        der(SEQUENCE, der(OID, BASIC_CONSTRAINTS), der(BOOLEAN, b"\xff"), der(OCTETS, is_authority)),
        der(SEQUENCE, der(OID, ALTERNATIVE_NAME), der(OCTETS, named)),
    ]
    content = der(
        SEQUENCE,
        der(TAGGED_0, der(INTEGER, b"\x02")),  # version 3
        der(INTEGER, b"\x01" + secrets.token_bytes(8)),
        algorithm,
        name,
        der(SEQUENCE, *(der(TIME, day.encode()) for day in days)),
        name,
        der(SEQUENCE, algorithm, der(BITS, b"\x00", bytes(key.verify_key))),
        der(TAGGED_3, der(SEQUENCE, *extensions)),
    )
    certificate = der(SEQUENCE, content, algorithm, der(BITS, b"\x00", key.sign(content).signature))
    secret = der(SEQUENCE, der(INTEGER, b"\x00"), algorithm, der(OCTETS, der(OCTETS, bytes(key))))
    paths = directory / "certificate.pem", directory / "key.pem"
    paths[0].write_text(pem("CERTIFICATE", certificate))
    paths[1].write_text(pem("PRIVATE KEY", secret))
    return paths
