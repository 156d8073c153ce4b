"""Small country databases in MaxMind's format, made of documentation addresses."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from visits import ANN, BOB, IPV6

# RFC 5737 and RFC 3849: nobody has these.
NETWORKS = {"203.0.113.0/24": "DE", "198.51.100.0/25": "FR", "2001:db8:1::/48": "SE", "2001:db8:2::/48": "JP"}
COUNTRY_OF = {ANN: "DE", BOB: "FR", IPV6: "SE"}
# In the range of none of them.
NOWHERE = "192.0.2.1"

METADATA = b"\xab\xcd\xefMaxMind.com"


def country(code: str, **names: str) -> dict[str, Any]:
    return {"country": {"iso_code": code, **({"names": names} if names else {})}, "continent": {"code": "EU"}}


def write(
    path: Path,
    networks: dict[str, str] | None = None,
    *,
    kind: str = "GeoLite2-Country",
    ip_version: int = 6,
    **records: Any,
) -> Path:
    """Writes a database; other records than those of a country may be given by network."""
    writer = MMDBWriter(ip_version, kind, languages=["en"], description="Test", ipv4_compatible=ip_version == 6)
    for network, code in (NETWORKS if networks is None else networks).items():
        writer.insert_network(IPSet([network]), country(code, en=f"Land of {code}"))
    for network, record in records.get("records", {}).items():
        writer.insert_network(IPSet([network]), record)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.to_db_file(str(path))
    return path


def replace(path: Path, data: bytes) -> None:
    """Puts another file in its place the way an updater does: whole, by renaming."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    os.replace(beside, path)


def bytes_of(tmp: Path, networks: dict[str, str], **options: Any) -> bytes:
    return write(tmp / "one-more.mmdb", networks, **options).read_bytes()


def built_on(data: bytes, days_ago: int) -> bytes:
    """The same database as if it had been built so many days ago."""
    field = b"build_epoch"
    at = data.index(field, data.rindex(METADATA)) + len(field)
    # A uint64: a control byte with its size, the extended type's byte, then the number.
    size = data[at] & 0x1F
    assert (data[at] >> 5, data[at + 1]) == (0, 2), "no uint64 after build_epoch"
    start = at + 2
    number = int(time.time()) - days_ago * 86_400
    return data[:start] + struct.pack(">Q", number)[8 - size :] + data[start + size :]


# What must not be taken for a database.
def damaged(data: bytes) -> dict[str, bytes]:
    marker = data.rindex(METADATA)
    return {
        "nothing": b"",
        "half of it": data[: len(data) // 2],
        "all but the last byte": data[:-1],
        "all but the marker": data[:marker] + data[marker + len(METADATA) :],
        "a tree that was cut short": data[marker - 40 :],
        "a text": b"this is no database\n" * 500,
        "a tree of noise": b"\xff" * (marker - 16) + data[marker - 16 :],
    }
