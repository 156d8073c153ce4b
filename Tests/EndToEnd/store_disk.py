"""Disks that take nothing for a while: a small one that is full, and what a shim says of a big one."""

from __future__ import annotations

import functools
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import server as servers
from server import Server

SOURCE = Path(__file__).with_name("disk_faults.c")
COMPILERS = ("cc", "gcc", "clang")

# Room for a new store and some flushes.
SMALL_DISK_BYTES = 4 * 1024 * 1024


class Disk:
    """The disk of one server's DATA_DIR."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def break_down(self) -> None:
        raise NotImplementedError

    def recover(self) -> None:
        raise NotImplementedError

    def store(self) -> Path:
        """The store as it is now, to be read."""
        return self.server.data_dir / "signalbox.sqlite"


@functools.cache
def _namespaces() -> tuple[str, ...]:
    """Everybody may mount in a user namespace of his own; where there are none, root may without."""
    own = ("--user", "--map-root-user", "--mount")
    allowed = subprocess.run(["unshare", *own, "true"], capture_output=True).returncode == 0
    return own if allowed else ("--mount",)


class FullDisk(Disk):
    """A small file system of the server's own, filled to the last byte; gone with the process."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(server)
        server.data_dir.mkdir()
        mount = f'mount -t tmpfs -o size={SMALL_DISK_BYTES},mode=0700 tmpfs "$DATA_DIR" && exec "$0" "$@"'
        self._binary = servers.BINARY
        wrapper = server.directory / "on-a-small-disk"
        wrapper.write_text(
            "#!/bin/sh\n"
            f"exec unshare {' '.join(_namespaces())} sh -c {shlex.quote(mount)} "
            f'{shlex.quote(str(self._binary))} "$@"\n'
        )
        wrapper.chmod(0o700)
        monkeypatch.setattr(servers, "BINARY", wrapper)
        server.start()

    @property
    def _root(self) -> Path:
        # Only the server's processes see the file system under its name.
        return Path(f"/proc/{self.server.process.pid}/root{self.server.data_dir}")

    def store(self) -> Path:
        # SQLite takes /proc/PID/root for an ordinary link; a backup from within ends up outside.
        copy = self.server.directory / "copy.sqlite"
        spaces = [flag for flag in _namespaces() if flag != "--map-root-user"]
        enter = ["nsenter", "--preserve-credentials", *spaces, "--target", str(self.server.process.pid)]
        backup = [str(self._binary), "backup", str(copy), "--force", "--data-dir", str(self.server.data_dir)]
        done = subprocess.run([*enter, *backup], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return copy

    def break_down(self) -> None:
        with (self._root / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def recover(self) -> None:
        (self._root / "ballast").unlink()


@functools.cache
def _library() -> Path:
    """The compiled shim. A machine without a compiler fails here: these tests are never skipped."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    assert compiler, f"the tests of broken disks need a C compiler: none of {', '.join(COMPILERS)} is in PATH"
    built = Path(tempfile.mkdtemp(prefix="disk-faults-")) / "disk_faults.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(built), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return built


class _ShimmedDisk(Disk):
    letter: str

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(server)
        self._fault = server.directory / "disk-fault"
        server.settings |= {"LD_PRELOAD": str(_library()), "DISK_FAULT": str(self._fault)}
        server.start()

    def break_down(self) -> None:
        self._fault.write_text(self.letter)

    def recover(self) -> None:
        self._fault.unlink()


class ReadOnlyDisk(_ShimmedDisk):
    """Every write fails, as after the kernel has met an error and made the file system read-only."""

    letter = "R"


class HangingDisk(_ShimmedDisk):
    """Every write waits until the disk is back."""

    letter = "H"


DiskOf = Callable[[Server, pytest.MonkeyPatch], Disk]
