"""Alerts as an operator meets them: the command, the page, the JSON, the channels and what they do when away."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

import server as servers
from alert_stack import Receiver, pass_minutes, receiver
from conftest import ServerFactory
from exposition import total
from operator_stub import OperatorStub, operator_stub
from server import Server, eventually

# The rule that is easiest to meet: three requests that fail while few are made.
LOW, NEAR = "SignalboxServerErrorsAtLowTraffic", "SignalboxRoomsNearLimit"


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with receiver() as hooks:
        yield hooks


@pytest.fixture
def stub() -> Iterator[OperatorStub]:
    with operator_stub() as stub:
        yield stub


def quick(hooks: Receiver | None = None, **more: str | None) -> dict[str, str | None]:
    """A server whose minutes are seconds and whose one room may not be joined by a second."""
    found: dict[str, str | None] = {"CLOCK": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}*60", "ROOMS_MAX": "1"}
    if hooks:
        found["ALERT_WEBHOOK_URL"] = hooks.url("/hook")
    return found | more


def fail(server: Server, times: int = 4) -> None:
    """Opens the one room there may be, and asks for others."""
    message = {"ciphertext": "aGVsbG8gd29ybGQh", "nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"}
    assert server.post("/api/rooms/the-one-room/messages", json=message).status_code == 200
    stream = server.get("/api/rooms/the-one-room/events", stream=True)
    for number in range(times):
        assert server.post(f"/api/rooms/another-{number}/messages", json=message).status_code == 503
    stream.close()


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in server.settings.items() if value is not None}
    return subprocess.run(
        [servers.BINARY, "alerts", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def alerts(server: Server) -> dict[str, Any]:
    answer = server.get("/api/metrics/alerts", headers=server.bearer)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["alerts"]}


def is_firing(server: Server, name: str) -> bool:
    return any(one["state"] == "firing" for one in alerts(server)[name]["active"])


def test_an_alert_is_told_once_and_its_end_once(start_server: ServerFactory, hooks: Receiver) -> None:
    server = start_server(**quick(hooks))
    fail(server)
    eventually(lambda: (LOW, "", "firing") in hooks.told("/hook"), "told", 20)
    assert is_firing(server, LOW)
    # What fires is on the page, in the state and in the exposition.
    page = server.get("/admin/stats", headers=server.bearer).text
    assert "<strong>Requests fail while few are made</strong>" in page and LOW in page
    assert LOW in [one["alert"] for one in server.get("/api/metrics/state", headers=server.bearer).json()["alerts"]]
    assert total(server.exposition(), "signalbox_alert_firing", alert=LOW) == 1
    pass_minutes(server, 3)
    assert hooks.told("/hook").count((LOW, "", "firing")) == 1
    # An hour later it is over.
    eventually(lambda: (LOW, "", "resolved") in hooks.told("/hook"), "its end told", 90)
    assert hooks.told("/hook").count((LOW, "", "resolved")) == 1
    (begin, end) = [
        alert for body in hooks.payloads("/hook") for alert in body["alerts"] if alert["labels"]["alertname"] == LOW
    ]
    assert begin["fingerprint"] == end["fingerprint"] and begin["startsAt"] == end["startsAt"] < end["endsAt"]
    assert total(server.exposition(), "signalbox_alert_changes_total", change="resolved") >= 1


def test_a_restart_says_nothing_again(start_server: ServerFactory, hooks: Receiver) -> None:
    server = start_server(**quick(hooks))
    began = datetime.now(UTC)
    fail(server)
    eventually(lambda: (LOW, "", "firing") in hooks.told("/hook"), "told", 20)
    # Once it is told it is in the store.
    eventually(lambda: "firing" in command(server).stdout, "noted", 10)
    pass_minutes(server, 1)
    server.stop()
    later = began.timestamp() + (datetime.now(UTC) - began).total_seconds() * 60 + 60
    server.settings["CLOCK"] = f"{datetime.fromtimestamp(later, UTC):%Y-%m-%dT%H:%M:%SZ}*60"
    server.start()
    eventually(lambda: total(server.exposition(), "signalbox_alert_evaluations_total", outcome="ok") >= 3, "evaluated", 20)
    assert is_firing(server, LOW)
    assert hooks.told("/hook").count((LOW, "", "firing")) == 1


def test_a_silenced_alert_fires_unheard_until_the_silence_ends(start_server: ServerFactory, hooks: Receiver) -> None:
    server = start_server(**quick(hooks))
    said = command(server, "--silence", LOW, "--for", "1d")
    assert said.returncode == 0 and f"{LOW} is silenced until 20" in said.stdout, said
    # The server's next minute reads it.
    eventually(lambda: alerts(server)[LOW]["silenced_until"], "silenced", 10)
    assert total(server.exposition(), "signalbox_alert_silences") == 1
    fail(server)
    eventually(lambda: is_firing(server, LOW), "firing", 20)
    pass_minutes(server, 2)
    assert LOW not in hooks.names("/hook")
    assert re.search(rf"{LOW} +warning +firing since .*, silenced until ", command(server).stdout)
    assert command(server, "--unsilence", "all").stdout == "Every alert is told of again.\n"
    eventually(lambda: (LOW, "", "firing") in hooks.told("/hook"), "told after all", 20)


def test_a_silence_by_the_page(start_server: ServerFactory) -> None:
    server = start_server(**quick())
    session = requests.Session()
    session.trust_env = False
    assert session.post(f"{server.url}/admin/login", data={"token": server.token}).url.endswith("/admin/stats")

    def ask(headers: dict[str, str] | None = None, **form: str) -> requests.Response:
        return session.post(f"{server.url}/admin/alerts", data=form, headers=headers, allow_redirects=False)

    answer = ask(alert=NEAR, **{"for": "2"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/stats#alert-rules")
    assert alerts(server)[NEAR]["silenced_until"]
    assert f"{NEAR}, silenced until" in session.get(f"{server.url}/admin/stats").text
    assert ask(alert=NEAR, **{"for": "end"}).status_code == 303
    assert alerts(server)[NEAR]["silenced_until"] is None
    # What the form doesn't offer, and what another site's form asks for.
    for form in ({"alert": "x"}, {"alert": "all", "for": "3"}, {"alert": "SignalboxDown", "for": "2"}, {}):
        assert ask(**form).status_code == 400
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert ask(foreign, alert="all", **{"for": "168"}).status_code == 403
    assert requests.post(f"{server.url}/admin/alerts", data={"alert": "all", "for": "2"}).status_code == 401
    assert server.get("/api/metrics/alerts", headers=server.bearer).json()["all_silenced_until"] is None


def test_a_channel_that_is_away_is_tried_again_and_the_others_don_t_wait(
    start_server: ServerFactory, hooks: Receiver, stub: OperatorStub
) -> None:
    hooks.statuses[:] = [500]
    server = start_server(**quick(hooks, **stub.telegram_settings))
    fail(server)
    eventually(lambda: any("Requests fail" in text for text in stub.telegram), "told by Telegram", 20)
    assert LOW not in hooks.names("/hook")
    eventually(lambda: LOW in hooks.names("/hook"), "told by the webhook after its pause", 20)
    exposition = server.exposition()
    assert total(exposition, "signalbox_operator_messages_total", outcome="failed") == 0
    assert total(exposition, "signalbox_operator_messages_total", channel="telegram", outcome="delivered") >= 1


def test_what_a_service_refuses_is_given_up_loudly_and_is_an_alert_itself(start_server: ServerFactory, hooks: Receiver) -> None:
    hooks.statuses[:] = [404]
    server = start_server(**quick(hooks))
    fail(server)
    eventually(lambda: "SignalboxAlertsUndelivered" in hooks.names("/hook"), "told of it", 30)
    assert total(server.exposition(), "signalbox_operator_messages_total", channel="webhook", outcome="failed") == 1
    assert re.search(r"A message to the operator could not be delivered .*why=answered 404", server.log())
    assert hooks.url("/hook") not in server.log()


def test_no_more_notes_an_hour_than_allowed(start_server: ServerFactory, hooks: Receiver) -> None:
    server = start_server(**quick(hooks, ALERT_NOTES_PER_HOUR="1", ALERT_RESTARTS="2"))
    fail(server)
    eventually(lambda: hooks.payloads("/hook"), "a first note", 20)
    # The room that is nearly as many as may be fires five minutes later, within the hour.
    eventually(lambda: is_firing(server, NEAR) or is_firing(server, LOW), "firing", 20)
    pass_minutes(server, 10)
    assert len(hooks.payloads("/hook")) == 1


def test_a_test_goes_through_every_channel_and_is_marked(start_server: ServerFactory, hooks: Receiver, stub: OperatorStub) -> None:
    server = start_server(
        **quick(hooks, **stub.telegram_settings, **stub.discord_settings, NTFY_URL=hooks.url("/topic"))
    )
    said = command(server, "--fire", LOW)
    assert said.returncode == 0, said
    assert said.stdout.splitlines() == [f"{name}: delivered" for name in ("telegram", "discord", "ntfy", "webhook")]
    for text in (*stub.telegram, *stub.discord, hooks.payloads("/")[0]["title"]):
        assert "Test: Firing: Requests fail while few are made" in text
    (alert,) = hooks.payloads("/hook")[0]["alerts"]
    assert alert["labels"]["test"] == "true" and alert["annotations"]["summary"].startswith("Test: ")
    hooks.statuses[:] = [500, 500]
    said = command(server, "--fire", LOW.removeprefix("Signalbox").lower())
    assert said.returncode == 1 and "webhook: not delivered, answered 500" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fire", "Nonsense"], "There is no alert «Nonsense»; `signalbox alerts` lists them."),
        (["--fire", LOW], "No channel is set"),
        (["--silence", LOW, "--for", "soon"], "--for takes a number with s, m, h or d"),
        (["--silence", "SignalboxDown"], "There is no alert"),
        (["--silence", LOW, "--prometheus"], "One thing at a time"),
    ],
)
def test_what_the_command_can_t_do_it_says(shared_server: Server, arguments: list[str], words: str) -> None:
    said = command(shared_server, *arguments)
    assert said.returncode != 0
    assert words in said.stdout + said.stderr


def test_the_list_has_every_alert_that_is_evaluated(shared_server: Server) -> None:
    lines = command(shared_server).stdout.splitlines()
    assert {line.split()[0] for line in lines[1:]} == set(alerts(shared_server))


def test_switched_off_nothing_is_evaluated(start_server: ServerFactory, hooks: Receiver) -> None:
    server = start_server(**quick(hooks, ALERTS="0"))
    fail(server)
    pass_minutes(server, 4)
    assert hooks.posts == []
    assert total(server.exposition(), "signalbox_alert_evaluations_total", outcome="ok") == 0
    assert "ALERTS is 0" in command(server).stdout


def test_what_a_stop_cuts_off_is_told_by_the_next_run(start_server: ServerFactory, hooks: Receiver) -> None:
    hooks.statuses[:] = [503] * 50
    server = start_server(**quick(hooks))
    began = datetime.now(UTC)
    fail(server)
    eventually(lambda: len(hooks.statuses) < 50, "a first try", 20)
    server.stop()
    hooks.statuses.clear()
    later = began.timestamp() + (datetime.now(UTC) - began).total_seconds() * 60 + 60
    server.settings["CLOCK"] = f"{datetime.fromtimestamp(later, UTC):%Y-%m-%dT%H:%M:%SZ}*60"
    server.start()
    eventually(lambda: (LOW, "", "firing") in hooks.told("/hook"), "told after the restart", 20)
