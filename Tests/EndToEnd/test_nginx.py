"""Behind a stock nginx: HTTP/1.0 towards us, buffering on, as its defaults have it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
import requests

from campaigns import SENDERS, relay_in_one_order, relay_to_every_transport
from relay_client import Room, SseStream
from server import Server, eventually, free_port, http_session

# Only what a stock configuration has: no word about HTTP versions or buffering except where WebSockets
# can't do without. The rest are places that a process without rights can write to.
CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
        location ~ ^/api/rooms/[^/]+/ws$ {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
    }}
}}
"""


@pytest.fixture
def proxy_url(server: Server, tmp_path: Path) -> Generator[str, None, None]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert nginx, "no nginx: run scripts/setup test"
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=tmp_path, port=port, upstream=server.port))
    with (tmp_path / "nginx.log").open("wb") as log:
        process = subprocess.Popen(
            [nginx, "-p", tmp_path, "-c", configuration, "-e", "stderr"], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "nginx.log").read_text()
        try:
            return http_session().get(url + "/api/health", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    try:
        eventually(answers, "a 200 through nginx")
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("sender", SENDERS)
def test_a_thousand_messages_arrive_on_every_transport_behind_nginx(proxy_url: str, sender: str) -> None:
    relay_to_every_transport(proxy_url, sender, count=1_000, reconnect_every=150)


def test_one_order_holds_behind_nginx(proxy_url: str) -> None:
    relay_in_one_order(proxy_url, messages_each=50)


def test_a_message_reaches_an_sse_reader_behind_nginx_without_waiting_for_a_buffer(proxy_url: str) -> None:
    room = Room(proxy_url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    room.send("one small message")
    # A buffering proxy would hold it back until 4 KiB are full or the stream ends.
    message = stream.wait_for(lambda event: event["type"] == "message", "message", timeout=3)
    assert room.open(message) == "one small message"
    stream.close()


def test_a_reader_that_leaves_nginx_also_leaves_the_relay(server: Server, proxy_url: str) -> None:
    room = Room(proxy_url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    stream.close()
    eventually(lambda: server.metrics()["active_subs"] == 0, "the subscriber gone")
