"""A real nginx that passes every header on as it came, and adds none: as many are set up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server import eventually
from tailnet import Namespace

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    underscores_in_headers on;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen {port};
        listen [::]:{port};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@contextmanager
def verbatim_proxy(namespace: Namespace, directory: Path, port: int, upstream: str) -> Iterator[None]:
    """Runs it within the namespace, before `host:port`."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert nginx, "no nginx: run scripts/setup test"
    configuration = directory / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=directory, port=port, upstream=upstream))
    with (directory / "nginx.log").open("wb") as log:
        command = [*namespace.prefix, nginx, "-p", directory, "-c", configuration, "-e", "stderr"]
        process = subprocess.Popen(command, stdout=log, stderr=log)

    def listens() -> bool:
        assert process.poll() is None, (directory / "nginx.log").read_text()
        try:
            namespace.dial("127.0.0.1", port).close()
        except ConnectionRefusedError:
            return False
        return True

    try:
        eventually(listens, "nginx listening")
        yield
    finally:
        process.terminate()
        process.wait(10)
