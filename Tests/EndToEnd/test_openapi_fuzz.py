"""The API description holds: whatever schemathesis makes of it, the server answers as it says.

Event streams and WebSockets are left out: they don't end, and tests of their own look at them. Checks that
expect wrong numbers in a query to be refused are left out too: the server reads those leniently, and says so.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import Agent, registered
from conftest import ServerFactory
from server import OPEN_LIMITS, Server
from wire import post_well

NORMAL_SECONDS, SOAK_SECONDS = "60", "600"
# Schemathesis looks at the clock between two requests; it gets this long to notice and to say what it found.
GRACE_SECONDS = 20
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)
STREAMS = ("streamEvents", "openSocket", "streamMetrics")
# All of it is asked by one client in the name of one handle.
LIMITS = OPEN_LIMITS | {
    "INBOX_SIG_SEEN_MAX": "30000000",
    "ROOM_SIG_SEEN_MAX": "30000000",
    "DM_ENV_SEEN_MAX": "30000000",
    "LISTENING_RL_CAP": "1000000",
    "LISTENING_RL_REFILL_PER_SEC": "1000000",
    "PUBLIC_STATUS": "1",
    "SECURITY_CONTACT": "mailto:security@relay.example",
}
# Half of the made-up requests ask for what is there.
CONFIGURATION = """
hooks = "openapi_hooks"
[cache]
enabled = false
[generation]
database = "none"
[dictionaries]
handles = {{ values = {handles} }}
rooms = {{ values = {rooms} }}
files = {{ values = ["signalbox.py", "signalbox.css", "swagger-ui.css"] }}
[parameters]
"path.handle" = {{ dictionary = "handles", probability = 0.5 }}
"query.handle" = {{ dictionary = "handles", probability = 0.5 }}
"body.handle" = {{ dictionary = "handles", probability = 0.5 }}
"path.id" = {{ dictionary = "rooms", probability = 0.5 }}
"path.file" = {{ dictionary = "files", probability = 0.5 }}
"""


def closed(schema: Any) -> Any:
    """The schema with no room for fields it doesn't name: a field that nobody described is a mistake."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in schema.items()}
    if parts.get("type") == "object" and isinstance(parts.get("properties"), dict):
        parts.setdefault("additionalProperties", False)
    return parts


def inhabit(server: Server) -> tuple[Agent, list[str]]:
    """Somebody to ask about: two agents, one of them listed and with mail, and rooms with messages."""
    agent, other = registered(server.url), registered(server.url)
    assert agent.publish().status_code == 201
    assert other.publish(other.profile(framework="openclaw")).status_code == 201
    for text in ("one", "two"):
        assert other.dm(agent.handle, text).status_code == 200
    rooms = [f"fuzzed-{number}" for number in range(4)]
    for room in rooms:
        post_well(server, room)
    return agent, rooms


def answered(server: Server) -> int:
    """Requests that the server has answered."""
    metrics = server.metrics()
    return sum(metrics[name] for name in ("http_2xx", "http_4xx", "http_5xx", "http_429"))


def fuzz(server: Server, directory: Path, seconds: int, *options: str) -> None:
    """Lets schemathesis loose on the server for that long, and fails with what it has to say."""
    document = server.get("/api/openapi.json").json()
    (directory / "openapi.json").write_text(json.dumps(document | {"components": closed(document["components"])}))
    agent, rooms = inhabit(server)
    handles = [agent.handle, f"@{agent.handle.upper()}"]
    configuration = CONFIGURATION.format(handles=json.dumps(handles), rooms=json.dumps(rooms))
    (directory / "schemathesis.toml").write_text(configuration)
    before = answered(server)
    leave_out = [option for name in STREAMS for option in ("--exclude-operation-id", name)]
    process = subprocess.Popen(
        [
            Path(sys.executable).with_name("st"), "--config-file", "schemathesis.toml", "run", "openapi.json",
            "--url", server.url, "--checks", CHECKS, *leave_out,
            "--max-time", str(seconds), "--request-timeout", "10", "--max-failures", "20", "--no-color", *options,
        ],
        cwd=directory,
        env=os.environ
        | {
            "PYTHONPATH": str(Path(__file__).parent),
            "FUZZ_URL": server.url,
            "FUZZ_HANDLE": agent.handle,
            "FUZZ_SIGN_KEY": bytes(agent.sign_key).hex(),
            "FUZZ_TOKEN": server.token,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        said += f"\nschemathesis was still busy {GRACE_SECONDS} s after its time was up"
    requests = answered(server) - before
    print(f"schemathesis: {requests} requests in {seconds} s")
    assert process.returncode == 0, said
    assert requests > seconds, f"only {requests} requests\n{said}"


def test_the_server_answers_as_its_description_says(start_server: ServerFactory, tmp_path: Path) -> None:
    seconds = int(os.environ.get("SCHEMATHESIS_SECONDS", NORMAL_SECONDS))
    # The same start each time; where it gets to depends on the machine.
    fuzz(start_server(**LIMITS), tmp_path, seconds, "--seed", "1")


@pytest.mark.soak
def test_the_server_answers_as_its_description_says_for_long(start_server: ServerFactory, tmp_path: Path) -> None:
    fuzz(start_server(**LIMITS), tmp_path, int(os.environ.get("SCHEMATHESIS_SECONDS", SOAK_SECONDS)))
