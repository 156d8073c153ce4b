"""nchan, the publish and subscribe module of nginx (https://nchan.io): Debian's libnginx-mod-nchan."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server import free_port

from contender import Running, Wire

PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
START_TIMEOUT = 10.0


@dataclass(frozen=True)
class Nchan:
    nginx: str
    module: Path
    name: str = "nchan"
    wire = Wire(
        health="/health",
        publish="/publish/{room}",
        subscribe={"sse": "/sse/{room}", "ws": "/ws/{room}", "poll": "/poll/{room}"},
        poll_by="tag",
    )

    @classmethod
    def find(cls) -> Nchan | None:
        nginx = shutil.which("nginx", path=PLACES)
        if nginx is None:
            return None
        said = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=False).stderr
        modules = re.search(r"--modules-path=(\S+)", said)
        module = Path(modules[1] if modules else "/usr/lib/nginx/modules") / "ngx_nchan_module.so"
        return cls(nginx, module) if module.exists() else None

    def versions(self) -> dict[str, str]:
        said = subprocess.run([self.nginx, "-v"], capture_output=True, text=True, check=False).stderr
        package = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"], capture_output=True, text=True, check=False
        ) if shutil.which("dpkg-query") else None  # fmt: skip
        return {
            "nginx": said.strip().rpartition("/")[2] or "unknown",
            "nchan": package.stdout if package and package.returncode == 0 else "unknown",
        }

    @contextmanager
    def start(self, directory: Path, cores: str) -> Iterator[Running]:
        port = free_port()
        configuration = directory / "nginx.conf"
        text = Path(__file__).with_name("nchan.conf").read_text()
        for name, value in {
            "module": self.module,
            "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "directory": directory,
            "user": "user root;" if os.geteuid() == 0 else "",
            "port": port,
        }.items():
            text = text.replace(f"@{name}@", str(value))
        configuration.write_text(text)
        with (directory / "nginx.log").open("wb") as log:
            process = subprocess.Popen(
                ["taskset", "-c", cores, self.nginx, "-p", directory, "-c", configuration, "-e", "stderr"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            self._wait(process, port, directory)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield Running(port, [int(child) for child in children])
        finally:
            # Not killed: the worker would outlive the master.
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes], port: int, directory: Path) -> None:
        url = f"http://127.0.0.1:{port}{self.wire.health}"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx doesn't start: {(directory / 'nginx.log').read_text()[-500:]}")
            try:
                with direct.open(url, timeout=5):
                    return
            except OSError:
                time.sleep(0.02)
