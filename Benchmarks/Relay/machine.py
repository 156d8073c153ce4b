"""What figures of a relay depend on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from contender import Contender
from figures import this_machine
from signalbox import Signalbox, said_by


def facts(contenders: Sequence[Contender]) -> dict[str, str]:
    """The machine, and the versions of all that is compared."""
    binary = next(one.binary for one in contenders if isinstance(one, Signalbox))
    versions = {name: version for one in contenders for name, version in one.versions().items()}
    swift = said_by("swift", "--version").splitlines()
    return {
        "processor": this_machine(binary, Path("/"))["processor"],
        "system": f"{platform.system()} {platform.release()}",
        "TCP congestion control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        **versions,
        "Swift": swift[0].partition("(")[0].strip().removeprefix("Swift version ") if swift else "unknown",
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"
