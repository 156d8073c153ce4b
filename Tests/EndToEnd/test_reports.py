"""Bug reports and the contact form: what is taken, what is refused, and the log they are written to."""

from __future__ import annotations

import json
import re
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import ServerFactory
from exposition import total
from refusals import assert_refusal
from server import OPEN_LIMITS, Server, http_session
from test_privacy import Canaries

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WHAT_MISSING = (400, 'field "what" required (5–4000 chars)', "what_missing")
MESSAGE_MISSING = (400, 'field "message" required (3–4000 chars)', "message_missing")
BAD_EMAIL = (400, "email looks malformed", "bad_email")

# Of each route: the smallest good body.
LEAST: dict[str, dict[str, Any]] = {"report": {"what": "abcde"}, "contact": {"message": "abc"}}

routes = pytest.mark.parametrize("route", LEAST)


def submit(server: Server, route: str, body: Any = None, **options: Any) -> requests.Response:
    return server.post(f"/api/{route}", json=LEAST[route] if body is None else body, **options)


def log_path(server: Server) -> Path:
    return server.data_dir / "reports.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text[:-1].split("\n")]


def logged(server: Server, route: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Submits and returns the line that it makes: there when the answer is there."""
    response = submit(server, route, body, **options)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer) == {"ok", "id"} and answer["ok"] is True
    assert re.fullmatch(UUID, answer["id"])
    (line,) = (line for line in lines(log_path(server)) if line["id"] == answer["id"])
    return line


def test_a_report_is_one_line_of_the_log(shared_server: Server) -> None:
    body = {
        "what": "It breaks\nwhen I press \"send\" 😀", "where": "/docs", "repro": "1. open\n2. press",
        "context": "Firefox", "contact": "ann@example.com", "severity": "high", "unknown": "left out",
    }  # fmt: skip
    line = logged(shared_server, "report", body, headers={"User-Agent": "the browser"})
    when = datetime.fromisoformat(line.pop("ts"))
    assert abs((datetime.now(UTC) - when).total_seconds()) < 30
    assert re.fullmatch(r"[0-9a-f]{12}", line.pop("ip_hash"))
    line.pop("id")
    del body["unknown"]
    assert line == {"kind": "report", "ua": "the browser", **body}


def test_a_contact_message_is_one_line_of_the_log(shared_server: Server) -> None:
    body = {"message": "Hello\u2028there", "name": "Ann", "email": "ann@example.com"}
    line = logged(shared_server, "contact", body | {"what": "left out"}, headers={"User-Agent": "the browser"})
    for name in ("id", "ts", "ip_hash"):
        assert line.pop(name)
    assert line == {"kind": "contact", "ua": "the browser", **body}


def test_what_is_not_given_is_empty(shared_server: Server) -> None:
    line = logged(shared_server, "report", LEAST["report"], headers={"User-Agent": None})
    assert [line[name] for name in ("where", "repro", "context", "contact")] == [""] * 4
    assert line["severity"] == "medium"
    line = logged(shared_server, "contact", LEAST["contact"])
    assert [line[name] for name in ("name", "email")] == [""] * 2


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_a_severity_is_one_of_four(shared_server: Server, severity: str) -> None:
    assert logged(shared_server, "report", LEAST["report"] | {"severity": severity})["severity"] == severity


@pytest.mark.parametrize("severity", ["", "High", "urgent", "low ", 5, None, ["high"], True], ids=repr)
def test_any_other_severity_is_medium(shared_server: Server, severity: Any) -> None:
    assert logged(shared_server, "report", LEAST["report"] | {"severity": severity})["severity"] == "medium"


# Lengths, in UTF-16 units


@pytest.mark.parametrize("what", ["", "abcd", "😀😀", 12345, None, ["abcde"], {"a": "abcde"}, True])
def test_what_is_too_short_or_no_text_is_refused(shared_server: Server, what: Any) -> None:
    assert_refusal(submit(shared_server, "report", {"what": what}), *WHAT_MISSING)
    assert_refusal(submit(shared_server, "report", {}), *WHAT_MISSING)


@pytest.mark.parametrize("message", ["", "ab", "😀", 123, None, ["abc"], True])
def test_a_message_that_is_too_short_or_no_text_is_refused(shared_server: Server, message: Any) -> None:
    assert_refusal(submit(shared_server, "contact", {"message": message}), *MESSAGE_MISSING)
    assert_refusal(submit(shared_server, "contact", {}), *MESSAGE_MISSING)


@pytest.mark.parametrize(("route", "field", "most"), [
    ("report", "what", 4000), ("report", "where", 500), ("report", "repro", 4000), ("report", "context", 2000),
    ("report", "contact", 200), ("contact", "message", 4000), ("contact", "name", 200),
])  # fmt: skip
def test_what_is_too_long_is_cut(shared_server: Server, route: str, field: str, most: int) -> None:
    for sent, kept in (
        ("x" * most, "x" * most),
        ("x" * (most + 1), "x" * most),
        ("😀" * most, "😀" * (most // 2)),
        # Half a letter is none.
        ("x" * (most - 1) + "😀", "x" * (most - 1)),
    ):
        assert logged(shared_server, route, LEAST[route] | {field: sent})[field] == kept


@routes
def test_the_user_agent_is_cut(shared_server: Server, route: str) -> None:
    line = logged(shared_server, route, LEAST[route], headers={"User-Agent": "u" * 300})
    assert line["ua"] == "u" * 200


@pytest.mark.parametrize("field", ["where", "repro", "context", "contact"])
def test_what_is_no_text_counts_as_empty(shared_server: Server, field: str) -> None:
    for junk in (5, None, ["a"], {"a": "b"}, True):
        assert logged(shared_server, "report", LEAST["report"] | {field: junk})[field] == ""


@pytest.mark.parametrize("email", ["a@b.c", "ann+x@mail.example.com", "ä@ö.ü", "a@b..c", "a@.b.c", "", 5, None])
def test_these_may_be_addresses_or_none(shared_server: Server, email: Any) -> None:
    line = logged(shared_server, "contact", LEAST["contact"] | {"email": email})
    assert line["email"] == (email if isinstance(email, str) else "")


@pytest.mark.parametrize(
    "email", ["a", "a@b", "@b.c", "a@.c", "a@b.", "a b@c.d", "a@b.c ", " a@b.c", "a@b@c.d", "a@b\n.c", "a@\xa0b.c", " "]
)
def test_these_are_no_addresses(shared_server: Server, email: str) -> None:
    assert_refusal(submit(shared_server, "contact", LEAST["contact"] | {"email": email}), *BAD_EMAIL)


def test_an_address_is_looked_at_after_it_is_cut(shared_server: Server) -> None:
    kept = "a@b." + "c" * 196
    assert logged(shared_server, "contact", LEAST["contact"] | {"email": kept + "@"})["email"] == kept
    long = "a" * 200 + "@b.c"
    assert_refusal(submit(shared_server, "contact", LEAST["contact"] | {"email": long}), *BAD_EMAIL)


@routes
def test_a_body_that_is_no_json_is_refused(shared_server: Server, route: str) -> None:
    missing = WHAT_MISSING if route == "report" else MESSAGE_MISSING
    json_type = {"Content-Type": "application/json"}
    assert_refusal(server_post(shared_server, route, b"{", json_type), 400, "malformed JSON", "malformed_json")
    good = json.dumps(LEAST[route]).encode()
    assert_refusal(server_post(shared_server, route, good, {"Content-Type": "text/plain"}), *missing)
    assert_refusal(server_post(shared_server, route, b"", {}), *missing)
    assert_refusal(server_post(shared_server, route, b"[]", json_type), *missing)
    assert_refusal(shared_server.get(f"/api/{route}"), 405, "method not allowed", "wrong_method")


def server_post(server: Server, route: str, data: bytes, headers: dict[str, str]) -> requests.Response:
    return server.post(f"/api/{route}", data=data, headers=headers)


@routes
def test_who_submits_too_often_is_told_to_wait(start_server: ServerFactory, route: str) -> None:
    server = start_server(**OPEN_LIMITS | {"ROOM_RL_CAP": "2", "ROOM_RL_REFILL_PER_SEC": "0.1"})
    other = "contact" if route == "report" else "report"
    for _ in range(2):
        assert submit(server, route).status_code == 200
    for body in (None, {}):
        assert_refusal(submit(server, route, body), 429, "rate limited", f"{route}_rate", retry_after=10)
    # Each has a bucket of its own, and so has each client.
    assert submit(server, other).status_code == 200
    assert submit(server, route, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 200
    assert len(lines(log_path(server))) == 4


def test_the_contact_form_counts_for_all_that_a_client_does(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"GLOBAL_RL_CAP": "2", "GLOBAL_RL_REFILL_PER_SEC": "0.1"})
    for _ in range(2):
        assert submit(server, "contact").status_code == 200
    assert_refusal(submit(server, "contact"), 429, "rate limited", "client_rate", retry_after=10)


# The log


def test_the_log_is_the_owners_alone(server: Server) -> None:
    submit(server, "report")
    mode = log_path(server).stat().st_mode
    assert stat.S_ISREG(mode) and stat.S_IMODE(mode) == 0o600


def test_the_log_may_be_elsewhere_and_is_only_appended_to(start_server: ServerFactory, tmp_path: Path) -> None:
    path = tmp_path / "bugs.jsonl"
    server = start_server(**OPEN_LIMITS, BUGS_LOG=str(path))
    submit(server, "report")
    server.kill()
    server.restart()
    submit(server, "contact")
    assert [line["kind"] for line in lines(path)] == ["report", "contact"]
    assert not log_path(server).exists()


def test_a_full_log_is_moved_aside_once(start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS | {"BUGS_LOG_MAX_BYTES": "1500"})
    path, older = log_path(server), server.data_dir / "reports.jsonl.1"
    ids = []
    for number in range(7):
        # Above the bound with the second of each; the next begins a new file.
        ids.append(submit(server, "report", {"what": f"{number} " + "x" * 800}).json()["id"])
        expected = number // 2
        assert older.exists() is (expected > 0)
    assert [line["id"] for line in lines(path)] == ids[6:]
    assert [line["id"] for line in lines(older)] == ids[4:6]
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, older)} == {0o600}


def test_reports_at_once_are_all_whole_lines(server: Server) -> None:
    ids: list[str] = []

    def report_many() -> None:
        with http_session() as http:
            for _ in range(25):
                answer = http.post(server.url + "/api/report", json={"what": "x" * 3000}, timeout=30)
                ids.append(answer.json()["id"])

    threads = [threading.Thread(target=report_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 200
    assert {line["id"] for line in lines(log_path(server))} == set(ids)


def test_waves_of_one_sender_are_known_within_a_run_and_no_further(server: Server) -> None:
    def sender(address: str, route: str = "report") -> str:
        return logged(server, route, LEAST[route], headers={"X-Forwarded-For": address})["ip_hash"]

    ann, bob = "203.0.113.1", "203.0.113.2"
    of_ann = sender(ann)
    assert sender(ann) == of_ann != sender(bob)
    server.restart()
    assert sender(ann) != of_ann
    assert not re.search(r"203\.0\.113", log_path(server).read_text())


def test_submissions_are_counted(server: Server) -> None:
    for route, times in (("report", 3), ("contact", 2)):
        for _ in range(times):
            submit(server, route)
        submit(server, route, {})
    metrics = server.metrics()
    assert (metrics["bug_reports_total"], metrics["contact_submissions_total"]) == (3, 2)
    text = server.exposition()
    assert (total(text, "signalbox_reports_total"), total(text, "signalbox_contacts_total")) == (3, 2)


@pytest.mark.parametrize("level", ["info", "trace"])
def test_defect_10_nothing_of_a_submission_is_printed(start_server: ServerFactory, level: str) -> None:
    server = start_server(**OPEN_LIMITS, LOG_LEVEL=level, ACCESS_LOG="1")
    canaries = Canaries()
    mark = canaries.mark
    contact = {"message": mark("message"), "name": mark("name"), "email": f"{mark('email')}@example.com"}
    report = {name: mark(name) for name in ("what", "where", "repro", "context", "contact", "severity", "unknown")}
    headers = {"User-Agent": mark("user agent")}
    assert submit(server, "contact", contact, headers=headers).status_code == 200
    assert submit(server, "report", report, headers=headers).status_code == 200
    assert submit(server, "contact", contact | {"email": mark("bad email")}).status_code == 400
    assert submit(server, "contact", {"name": mark("name without a message")}).status_code == 400
    broken = b'{"message":"' + mark("malformed").encode()
    assert server_post(server, "contact", broken, {"Content-Type": "application/json"}).status_code == 400
    server.stop()
    assert "Listening" in server.log()
    assert not canaries.found_in(server.log().encode())
