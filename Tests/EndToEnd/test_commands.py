"""The commands beside serve, and how a start fails."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from server import BINARY, Server, free_port


def run(*arguments: str, directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(directory / "data"),
        "COUNTERS_PATH": str(directory / "counters"),
        **settings,
    }
    return subprocess.run(
        [BINARY, *arguments], cwd=directory, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_is_one_line(tmp_path: Path) -> None:
    result = run("--version", directory=tmp_path)
    assert result.returncode == 0
    assert re.fullmatch(r"(signalbox )?\d+\.\d+\.\d+\S*\n", result.stdout)


def test_config_says_every_setting_and_where_it_came_from(tmp_path: Path) -> None:
    result = run("config", directory=tmp_path, ROOMS_MAX="1234")
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if "ROOMS_MAX" in line]
    assert "1234" in line and "environment" in line.lower()
    for name in ("PORT", "HOST", "RECENT_MAX", "STREAM_CAP_PER_IP", "TRUST_PROXY"):
        (line,) = [line for line in result.stdout.splitlines() if re.search(rf"\b{name}\b", line)]
        assert "default" in line.lower()


def test_config_hides_secrets(tmp_path: Path) -> None:
    result = run(
        "config", directory=tmp_path, METRICS_TOKEN="a-very-secret-token", METRICS_SCRAPE_TOKEN="another-secret"
    )
    assert "METRICS_TOKEN" in result.stdout and "METRICS_SCRAPE_TOKEN" in result.stdout
    assert "a-very-secret-token" not in result.stdout + result.stderr
    assert "another-secret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("HOST", "not a host"),
        ("ROOMS_MAX", "many"),
        ("ROOM_RL_CAP", "-3"),
        ("RECENT_MAX", "1e3x"),
        ("TRUST_PROXY", "10.0.0.0/99"),
        ("METRICS_TOKEN_FILE", "/does/not/exist"),
        ("DATA_DIR", "/dev/null/nowhere"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    result = run("serve", directory=tmp_path, **({"PORT": str(free_port())} | {name: value}))
    assert result.returncode not in (0, -6, -4, -5, -11), "a crash is no sentence"
    assert name in result.stderr + result.stdout
    assert "Fatal error" not in result.stderr


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    assert run("serve", "--no-such-option", directory=tmp_path).returncode == 64


def test_the_demo_drives_a_running_server(server: Server, tmp_path: Path) -> None:
    result = run("demo", "--url", server.url, "--duration", "5", "--rate", "40", "--seed", "7", directory=tmp_path)
    assert result.returncode == 0, result.stderr
    metrics = server.metrics()
    assert metrics["messages_relayed_total"] > 0
    for name in ("sse_connects_total", "ws_connects_total", "longpoll_waits_total", "http_4xx"):
        assert metrics[name] > 0, name
    assert result.stdout.count("\n") >= 2, "progress"


def test_the_demo_without_a_server_says_so(tmp_path: Path) -> None:
    result = run("demo", "--url", f"http://127.0.0.1:{free_port()}", "--duration", "1", directory=tmp_path)
    assert result.returncode not in (0, -6, -4, -5, -11)
    assert "127.0.0.1" in result.stderr + result.stdout
