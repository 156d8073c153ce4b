"""The exposition, judged by those who have to read it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exposition import MESSAGES, duplicates, samples, total, types
from raw_websocket import RawWebSocket
from relay_client import Room, SseStream
from server import Server, eventually, free_port, http_session
from wire import post

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# What Debian's Prometheus 2.42 sends.
PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


def make_traffic(server: Server) -> None:
    """A little of everything, so that most series have moved."""
    room = Room(server.url)
    stream = SseStream(room)
    stream.wait_for_type("ready")
    with RawWebSocket(server.port, room.id) as socket:
        socket.receive_event("ready")
        last = room.send("one")["seq"]
        socket.send_json(room.seal("two"))
        stream.wait_for(lambda event: event.get("seq") == last + 1, "second message")
    room.wait(after=0, timeout=1)
    room.wait(after=last + 1, timeout=1)
    stream.close()
    post(server, b"{")
    server.get("/nothing-here")


def expose(server: Server, accept: str | None, path: str = "/metrics") -> requests.Response:
    response = server.get(path, headers=server.bearer | {"Accept": accept})
    assert response.status_code == 200, response.text
    return response


@pytest.fixture(scope="module")
def busy_server(shared_server: Server) -> Server:
    make_traffic(shared_server)
    return shared_server


class Prometheus:
    def __init__(self, directory: Path, server: Server, token: str) -> None:
        program = shutil.which("prometheus")
        assert program, "no prometheus: run scripts/setup test"
        (directory / "token").write_text(token)
        (directory / "prometheus.yml").write_text(f"""
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: signalbox
    metrics_path: /api/metrics
    authorization: {{ credentials_file: {directory}/token }}
    static_configs: [{{ targets: ["127.0.0.1:{server.port}"] }}]
""")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.http = http_session()
        with (directory / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={directory}/prometheus.yml",
                    f"--storage.tsdb.path={directory}/tsdb",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )

    def ask(self, path: str, **query: str) -> Any:
        try:
            response = self.http.get(self.url + path, params=query, timeout=5)
        except requests.ConnectionError:
            assert self.process.poll() is None, "prometheus ended"
            return None
        return response.json()["data"] if response.ok else None

    def target(self) -> dict[str, Any] | None:
        """The one target, once it has been scraped."""
        targets = (self.ask("/api/v1/targets") or {"activeTargets": []})["activeTargets"]
        return next((target for target in targets if target["health"] != "unknown"), None)

    def query(self, expression: str) -> float | None:
        result = (self.ask("/api/v1/query", query=expression) or {"result": []})["result"]
        return float(result[0]["value"][1]) if result else None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def prometheus(server: Server, tmp_path: Path) -> Generator[Prometheus, None, None]:
    prometheus = Prometheus(tmp_path, server, server.token)
    yield prometheus
    prometheus.stop()


def test_a_real_prometheus_scrapes_with_a_bearer_token_and_sees_the_first_message(
    server: Server, prometheus: Prometheus
) -> None:
    target = eventually(prometheus.target, "a first scrape", timeout=30)
    assert (target["health"], target["lastError"]) == ("up", "")
    # The series was there at 0 before it moved, so the very first message is an increase.
    expression = f"increase({MESSAGES}[1m])"
    eventually(lambda: prometheus.query(f"sum({MESSAGES})") == 0, "the counter at 0", timeout=30)
    Room(server.url).send("the first")
    eventually(lambda: prometheus.query(f"sum({MESSAGES})") == 1, "the counter at 1", timeout=30)
    eventually(lambda: (prometheus.query(f"sum({expression})") or 0) > 0, "an increase", timeout=30)
    target = prometheus.target()
    assert target is not None and (target["health"], target["lastError"]) == ("up", "")


def test_promtool_has_nothing_to_say(busy_server: Server) -> None:
    text = expose(busy_server, "text/plain").text
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_strict_openmetrics_parser_accepts_it(busy_server: Server) -> None:
    text = expose(busy_server, "application/openmetrics-text; version=1.0.0").text
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families[MESSAGES.removesuffix("_total")].type == "counter"
    assert all(family.documentation for family in families.values()), "help for every family"
    assert any(family.type == "histogram" for family in families.values())


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_every_series_is_there_once_and_its_family_in_one_piece(busy_server: Server, accept: str) -> None:
    text = expose(busy_server, accept).text
    assert duplicates(text) == []
    declared = [line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(declared) == len(set(declared)), "a family declared twice"
    # Every sample stands below its own family's TYPE line.
    family = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            family = line.split(" ")[2]
        elif not line.startswith("#"):
            assert line.startswith(family), f"{line!r} below {family}"


def test_both_formats_say_the_same(busy_server: Server) -> None:
    plain = expose(busy_server, "text/plain").text
    strict = expose(busy_server, "application/openmetrics-text; version=1.0.0").text
    assert {sample.series for sample in samples(plain)} == {sample.series for sample in samples(strict)}
    assert total(plain, MESSAGES) == total(strict, MESSAGES) >= 2


def test_there_are_no_more_series_than_promised(busy_server: Server) -> None:
    assert len(samples(expose(busy_server, "text/plain").text)) <= 2_000


JSON, TEXT, OPENMETRICS = "application/json", TEXT_TYPE, OPENMETRICS_TYPE
NEGOTIATION = [
    (None, JSON),
    ("*/*", JSON),
    ("application/json", JSON),
    ("application/json, */*;q=0.5", JSON),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
    ("text/plain", TEXT),
    ("text/plain;version=0.0.4", TEXT),
    ("TEXT/PLAIN", TEXT),
    ("application/openmetrics-text; version=1.0.0", OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5", TEXT),
    ("application/json;q=0.1, text/plain;q=0.9", TEXT),
    ("application/json;q=0.9, text/plain;q=0.1", JSON),
    ("text/plain;q=0, application/json", JSON),
    ("text/plain;q=0.2, */*;q=0.1", TEXT),
    (PROMETHEUS_ACCEPT, OPENMETRICS),
]


def assert_content_type(response: requests.Response, expected: str) -> None:
    kind = response.headers["Content-Type"]
    if expected == JSON:
        assert kind.split(";")[0] == JSON
        assert "messages_relayed_total" in response.json()
    else:
        assert kind == expected
        assert response.text.startswith("# ")


@pytest.mark.parametrize(("accept", "expected"), NEGOTIATION)
def test_api_metrics_speaks_the_format_that_is_asked_for(busy_server: Server, accept: str | None, expected: str) -> None:
    assert_content_type(expose(busy_server, accept, "/api/metrics"), expected)


@pytest.mark.parametrize(("accept", "expected"), NEGOTIATION)
def test_the_metrics_route_is_always_the_exposition(busy_server: Server, accept: str | None, expected: str) -> None:
    assert_content_type(expose(busy_server, accept), TEXT if expected == JSON else expected)


def test_what_is_negotiated_is_not_cached(busy_server: Server) -> None:
    response = expose(busy_server, None, "/api/metrics")
    assert "no-store" in response.headers["Cache-Control"]
    assert "accept" in response.headers["Vary"].lower()


def test_every_series_is_there_from_the_first_scrape(server: Server) -> None:
    first = {sample.series for sample in samples(server.exposition())}
    make_traffic(server)
    assert {sample.series for sample in samples(server.exposition())} == first


def test_counters_start_at_0_with_the_process_though_the_totals_go_on(server: Server) -> None:
    make_traffic(server)
    before = server.metrics()
    moved = {sample.series for sample in samples(server.exposition()) if sample.value}
    assert total(server.exposition(), MESSAGES) == before["messages_relayed_total"] == 2

    server.restart()
    text = server.exposition()
    assert total(text, MESSAGES) == 0
    assert server.metrics()["messages_relayed_total"] == 2
    # Nothing but what the questions themselves have moved is above 0.
    kinds = types(text)
    counters = [
        sample
        for sample in samples(text)
        if sample.name.startswith("signalbox_") and kinds.get(sample.name) == "counter"
    ]
    assert counters
    about_questions = ("http", "store", "process_starts", "admissions")
    for sample in counters:
        if not any(word in sample.name for word in about_questions):
            assert sample.value == 0, sample
    assert moved & {sample.series for sample in counters}

    Room(server.url).send("one more")
    assert total(server.exposition(), MESSAGES) == 1
    assert server.metrics()["messages_relayed_total"] == 3
