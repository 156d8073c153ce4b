"""The counters' file, read as the server's next version would: by the names in its header."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"SGBXSLT2"
# With one table of values, and nothing in the header about its length.
FIRST_MAGIC = b"SGBXSLT1"
HEADER_BYTES = 131_072
FIXED = struct.Struct("<8s16sQQ")
FIRST_FIXED = struct.Struct("<8s16sQ")
# A name that no version has.
FOREIGN = "of_another_version"

# What answering the tests' own requests counts, and the start itself with the first minutes after it.
MOVED_BY_A_START = (
    "signalbox_http_requests_total", "signalbox_http_methods_total", "signalbox_http_request_duration_seconds",
    "signalbox_process_starts_total", "signalbox_unclean_shutdowns_total", "signalbox_store_flushes_total",
    'signalbox_admissions_total{result="bearer"}',
    "signalbox_scrape_duration_seconds", "signalbox_missed_samples_total", "signalbox_alert_evaluations_total",
    "signalbox_alert_changes_total", "peak_this_minute",
)  # fmt: skip


@dataclass(frozen=True)
class Slots:
    """Every counter, histogram bucket, peak and country by its name."""

    uuid: str
    values: dict[str, int]

    @property
    def lasting(self) -> dict[str, int]:
        """Those that outlive the process; a minute's peak does not."""
        return {
            name: value for name, value in self.values.items() if not name.startswith("peak_this") and name != FOREIGN
        }


def read(path: Path) -> Slots | None:
    """None when there is no file. One that is there must be whole, whatever the instant of the kill."""
    if not path.exists():
        return None
    content = path.read_bytes()
    assert len(content) >= HEADER_BYTES, f"{path.name} has {len(content)} bytes"
    magic, uuid, stride, length = FIXED.unpack_from(content)
    if magic == FIRST_MAGIC:
        magic, uuid, length = FIRST_FIXED.unpack_from(content)
        names = content[FIRST_FIXED.size : FIRST_FIXED.size + length].decode().split("\n")
        stride = len(names)
    else:
        assert magic == MAGIC, magic
        names = content[FIXED.size : FIXED.size + length].decode().split("\n")
    # One table that all threads share, and one for each of some threads: a value is their sum.
    whole, rest = divmod(len(content) - HEADER_BYTES, 8 * stride)
    assert whole >= 1 and not rest, f"{path.name} has {len(content)} bytes"
    tables = [struct.unpack_from(f"<{len(names)}Q", content, HEADER_BYTES + 8 * stride * one) for one in range(whole)]
    return Slots(uuid.hex(), dict(zip(names, map(sum, zip(*tables)))))


def write(path: Path, slots: Slots) -> None:
    """As the first version of the file has them: all in one table."""
    names = "\n".join(slots.values).encode()
    header = (FIRST_FIXED.pack(FIRST_MAGIC, bytes.fromhex(slots.uuid), len(names)) + names).ljust(HEADER_BYTES, b"\0")
    path.write_bytes(header + struct.pack(f"<{len(slots.values)}Q", *slots.values.values()))
    path.chmod(0o600)


def make_another_version(path: Path) -> None:
    """Leaves the file as a version would that has one slot more and all in another order.

    The next start makes a file of its own and renames it into place, with every value in it.
    """
    slots = read(path)
    assert slots, "no counters' file"
    backwards = dict(sorted(slots.values.items(), reverse=True))
    write(path, Slots(slots.uuid, {FOREIGN: 4_711} | backwards))


def assert_kept(before: dict[str, int], now: dict[str, int]) -> None:
    """What a start makes of the counters that a killed process has left: each is there, once."""
    for name, value in before.items():
        assert now.get(name, -1) >= value, f"the slot {name} fell from {value} to {now.get(name)}"
    # Nobody used the server in between, so nothing else can have been counted.
    for name, value in now.items():
        if not name.startswith(MOVED_BY_A_START):
            was = before.get(name, 0)
            assert value == was, f"the slot {name} was {was} and is {value}, though nothing happened"
