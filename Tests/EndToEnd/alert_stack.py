"""A real Prometheus with our rules, a real Alertmanager, and an address that alerts are posted to."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

import server as servers
from exposition import total
from server import Server, eventually, free_port, http_session


@dataclass
class Receiver:
    """Takes what is posted to it: Alertmanager's payload, from whoever it comes, or a topic's messages."""

    port: int = 0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    # Status codes of the next answers; then 200.
    statuses: list[int] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def payloads(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in list(self.posts) if where == path]

    def told(self, path: str) -> list[tuple[str, str, str]]:
        """Name, limit and status of every alert that came by the path, in order."""
        return [
            (alert["labels"]["alertname"], alert["labels"].get("reason", ""), alert["status"])
            for body in self.payloads(path)
            for alert in body["alerts"]
        ]

    def names(self, path: str) -> set[str]:
        return {name for name, _, _ in self.told(path)}


@contextmanager
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = state.statuses.pop(0) if state.statuses else 200
            if status == 200:
                state.posts.append((self.path, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield state
        http.shutdown()


def rules(server: Server, speed: int) -> str:
    """The rules as the program writes them with the server's own thresholds."""
    environment = {name: value for name, value in server.settings.items() if value is not None}
    return subprocess.run(
        [servers.BINARY, "alerts", "--prometheus", "--speed", str(speed)],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip


class Stack:
    """Prometheus scrapes the server twice a second and hands alerts to Alertmanager, which posts them on."""

    def __init__(self, directory: Path, server: Server, speed: int, hook: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.alertmanager = f"http://127.0.0.1:{free_port()}"
        self.http = http_session()
        self._programs: list[subprocess.Popen[bytes]] = []
        (directory / "token").write_text(server.token)
        (directory / "rules.yml").write_text(rules(server, speed))
        (directory / "prometheus.yml").write_text(f"""
global: {{ scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s }}
rule_files: [rules.yml]
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ["{self.alertmanager[7:]}"] }}] }}] }}
scrape_configs:
  - job_name: signalbox
    metrics_path: /api/metrics
    authorization: {{ credentials_file: token }}
    static_configs: [{{ targets: ["127.0.0.1:{server.port}"] }}]
""")
        (directory / "alertmanager.yml").write_text(f"""
route: {{ receiver: hook, group_by: [alertname, reason], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}
receivers: [{{ name: hook, webhook_configs: [{{ url: "{hook}", send_resolved: true }}] }}]
""")
        self._run(
            directory, "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alerts",
            f"--web.listen-address={self.alertmanager[7:]}", "--cluster.listen-address=",
        )  # fmt: skip
        self._run(
            directory, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
            f"--web.listen-address={self.url[7:]}", "--rules.alert.resend-delay=1s",
        )  # fmt: skip

    def _run(self, directory: Path, program: str, *arguments: str) -> None:
        path = shutil.which(program)
        assert path, f"no {program}: run scripts/setup test"
        with (directory / f"{program}.log").open("wb") as log:
            self._programs.append(subprocess.Popen([path, *arguments], cwd=directory, stdout=log, stderr=log))

    def ask(self, url: str, **query: str) -> Any:
        try:
            response = self.http.get(url, params=query, timeout=5)
        except requests.ConnectionError:
            assert all(program.poll() is None for program in self._programs), "a program ended"
            return None
        return response.json() if response.ok else None

    def query(self, expression: str) -> float | None:
        answer = self.ask(f"{self.url}/api/v1/query", query=expression)
        result = answer["data"]["result"] if answer else []
        return float(result[0]["value"][1]) if result else None

    def firing(self) -> set[str]:
        """The alerts that Alertmanager holds for active."""
        alerts = self.ask(f"{self.alertmanager}/api/v2/alerts", active="true") or []
        return {alert["labels"]["alertname"] for alert in alerts}

    def is_ready(self) -> bool:
        return self.query('up{job="signalbox"}') == 1 and self.ask(f"{self.alertmanager}/api/v2/status") is not None

    def stop(self) -> None:
        for program in reversed(self._programs):
            program.terminate()
        for program in self._programs:
            program.wait(20)


@contextmanager
def stack(directory: Path, server: Server, speed: int, hook: str) -> Iterator[Stack]:
    made = Stack(directory, server, speed, hook)
    try:
        eventually(made.is_ready, "Prometheus and Alertmanager", 60)
        yield made
    finally:
        made.stop()


def pass_minutes(server: Server, count: int) -> None:
    """Waits until the server has taken so many more samples: as often could something have been told."""

    def flushed() -> float:
        return total(server.exposition(), "signalbox_store_flushes_total", outcome="ok")

    wanted = flushed() + count
    eventually(lambda: flushed() >= wanted, f"{count} more minutes", 30)
