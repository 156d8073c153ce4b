"""Reports on their way to the operator: Telegram and Discord, and what happens when these don't play along."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from conftest import ServerFactory
from exposition import total
from operator_stub import BOT_TOKEN, WEBHOOK_PATH, OperatorStub, operator_stub
from server import OPEN_LIMITS, Server, eventually
from test_privacy import Canaries
from test_reports import lines, log_path, submit

CHANNELS = ["telegram", "discord"]

# Everything that means something in either dialect, and more.
HOSTILE = r"""_*[]()~`>#+-=|{}.!\ @everyone <@123> <@&1> #general :smile: ||spoiler|| ```pre``` `code` **b** __u__
> quote
# heading
- list
1. one
[masked](https://evil.example/) https://example.com/a_b_c <https://x.example> \\ \_ \* é 😀 *"""

channels = pytest.mark.parametrize("channel", CHANNELS)


@pytest.fixture
def stub() -> Iterator[OperatorStub]:
    with operator_stub() as stub:
        yield stub


def outcome(server: Server, channel: str, outcome: str) -> int:
    return int(total(server.exposition(), "signalbox_operator_messages_total", channel=channel, outcome=outcome))


def delivered(stub: OperatorStub, channel: str, count: int = 1) -> list[str]:
    eventually(lambda: len(stub.texts(channel)) >= count, f"{count} delivered to {channel}")
    assert len(stub.texts(channel)) == count, stub.requests
    return stub.texts(channel)


def assert_delivered(server: Server, channel: str) -> None:
    eventually(lambda: outcome(server, channel, "delivered") == 1, "the delivery counted")
    assert outcome(server, channel, "failed") == outcome(server, channel, "dropped") == 0


@channels
def test_a_report_reaches_the_operator_word_for_word(start_server: ServerFactory, stub: OperatorStub, channel: str) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    fields = {"what": HOSTILE, "where": "where_ *x*", "repro": "1. `a`\n2. b!", "context": "(c)", "contact": "ann_b@example.com"}
    answer = submit(server, "report", fields | {"severity": "critical"}, headers={"User-Agent": "bot/1.0 (x_y)"})
    (text,) = delivered(stub, channel)
    for value in (*fields.values(), "critical", "bot/1.0 (x_y)", answer.json()["id"]):
        assert value in text
    assert_delivered(server, channel)
    assert len(stub.requests) == 1


@channels
def test_a_contact_message_reaches_the_operator_word_for_word(
    start_server: ServerFactory, stub: OperatorStub, channel: str
) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    fields = {"message": HOSTILE, "name": "*Ann* `x`", "email": "ann_b@example.com"}
    answer = submit(server, "contact", fields)
    (text,) = delivered(stub, channel)
    for value in (*fields.values(), answer.json()["id"]):
        assert value in text


@channels
@pytest.mark.parametrize("letter", ["x", "_", "😀", "\\", "`", "\u0301", "\n"])
def test_the_longest_report_fits_what_the_service_takes(
    start_server: ServerFactory, stub: OperatorStub, channel: str, letter: str
) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    sizes = {"what": 4000, "where": 500, "repro": 4000, "context": 2000, "contact": 200}
    body = {name: (letter * size)[: size // len(letter.encode("utf-16-le")) * 2] for name, size in sizes.items()}
    body["what"] = "begins. " + body["what"]
    answer = submit(server, "report", body, headers={"User-Agent": "u" * 300})
    (text,) = delivered(stub, channel)
    assert "begins. " in text and answer.json()["id"] in text
    assert_delivered(server, channel)
    # The log has it all.
    assert lines(log_path(server))[0]["repro"] == body["repro"][:4000]


@channels
@pytest.mark.parametrize("text", ["\x00\x01\x1b[31m red", "\u202eevil", "a\u2066b\u2069", "x" * 10 + "\ufeff", "\u2028\u2029"])
def test_signs_that_rearrange_or_break_a_message_do_no_harm(
    start_server: ServerFactory, stub: OperatorStub, channel: str, text: str
) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    submit(server, "report", {"what": "harmless " + text, "where": text})
    (shown,) = delivered(stub, channel)
    assert "harmless" in shown
    assert not set("\x00\x01\x1b\u202e\u2066") & set(shown)


def test_both_channels_get_every_report(start_server: ServerFactory, stub: OperatorStub) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(*CHANNELS))
    ids = [submit(server, route).json()["id"] for route in ("report", "contact", "report")]
    for channel in CHANNELS:
        texts = delivered(stub, channel, 3)
        for submission in ids:
            assert sum(submission in text for text in texts) == 1


def test_without_a_channel_nothing_goes_anywhere_and_the_log_has_it(server: Server) -> None:
    assert submit(server, "report").status_code == 200
    assert len(lines(log_path(server))) == 1
    for channel in CHANNELS:
        for word in ("delivered", "failed", "dropped"):
            assert outcome(server, channel, word) == 0


# When they don't play along


@channels
@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_a_refusal_is_logged_by_its_status_and_by_nothing_else(
    start_server: ServerFactory, stub: OperatorStub, channel: str, status: int
) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel), LOG_LEVEL="trace")
    canaries = Canaries()
    mark = canaries.mark
    canaries.note("bot token", BOT_TOKEN)
    canaries.note("webhook token", WEBHOOK_PATH.rpartition("/")[2])
    stub.statuses = [status] * 10
    stub.answer_headers = {"Location": f"{stub.url}/elsewhere"}
    body = {"what": mark("what"), "where": mark("where"), "contact": mark("contact")}
    assert submit(server, "report", body, headers={"User-Agent": mark("ua")}).status_code == 200
    eventually(lambda: outcome(server, channel, "failed") == 1, "the failure counted")
    assert f"{status}" in server.log() and channel in server.log().lower()
    # Trying again would not help, and a message with private text follows no redirect.
    assert [path for path, _ in stub.requests] == [stub.requests[0][0]]
    server.stop()
    assert not canaries.found_in(server.log().encode())


@channels
@pytest.mark.parametrize(("status", "headers"), [(500, {}), (503, {}), (429, {"Retry-After": "1"})])
def test_what_may_pass_is_tried_once_more(
    start_server: ServerFactory, stub: OperatorStub, channel: str, status: int, headers: dict[str, str]
) -> None:
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    stub.statuses, stub.answer_headers = [status], headers
    submit(server, "report")
    delivered(stub, channel)
    assert_delivered(server, channel)
    assert len(stub.requests) == 2


@channels
def test_nobody_listening_harms_nobody(start_server: ServerFactory, stub: OperatorStub, channel: str) -> None:
    settings = {name: value.replace(str(stub.port), "9") for name, value in stub.settings(channel).items()}
    server = start_server(**OPEN_LIMITS, **settings)
    started = time.monotonic()
    assert submit(server, "report").status_code == 200
    assert time.monotonic() - started < 1
    eventually(lambda: outcome(server, channel, "failed") == 1, "the failure counted")
    assert channel in server.log().lower()
    assert len(lines(log_path(server))) == 1


@channels
def test_a_channel_that_hangs_does_not_hold_the_answer_or_the_other_channel(
    start_server: ServerFactory, stub: OperatorStub, channel: str
) -> None:
    (other,) = set(CHANNELS) - {channel}
    with operator_stub() as hanging:
        hanging.go.clear()
        server = start_server(**OPEN_LIMITS, **hanging.settings(channel), **stub.settings(other))
        for number in range(20):
            started = time.monotonic()
            assert submit(server, "report", {"what": f"number {number}"}).status_code == 200
            assert time.monotonic() - started < 1
        eventually(lambda: hanging.requests, "a request that hangs")
        delivered(stub, other, 20)
        assert server.get("/api/health").status_code == 200
        assert len(lines(log_path(server))) == 20
        # Once it lets go, what was held back arrives.
        hanging.go.set()
        eventually(lambda: len(set(hanging.texts(channel))) == 20, "all of them on both", timeout=20)


@channels
def test_a_channel_that_hangs_does_not_hold_the_end(
    start_server: ServerFactory, stub: OperatorStub, channel: str
) -> None:
    stub.go.clear()
    server = start_server(**OPEN_LIMITS, **stub.settings(channel))
    for _ in range(20):
        submit(server, "report")
    eventually(lambda: stub.requests, "a request that hangs")
    # Nothing is lost by going: the log has them all.
    server.stop()
    assert len(lines(log_path(server))) == 20


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"TELEGRAM_BOT_TOKEN": BOT_TOKEN}, "TELEGRAM_CHAT_ID"),
        ({"TELEGRAM_CHAT_ID": "1"}, "TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": "no token/at all", "TELEGRAM_CHAT_ID": "1"}, "TELEGRAM_BOT_TOKEN"),
        ({"DISCORD_WEBHOOK_URL": "no address of any kind"}, "DISCORD_WEBHOOK_URL"),
    ],
    ids=str,
)
def test_a_channel_that_is_set_up_wrongly_stops_the_start_and_shows_no_secret(
    start_server: ServerFactory, settings: dict[str, str], named: str
) -> None:
    server = start_server(started=False, **settings)
    process = server.launch()
    assert process.wait(20) != 0
    server._process = None
    assert named in server.log()
    for name, value in settings.items():
        assert name == "TELEGRAM_CHAT_ID" or value not in server.log()
