"""Authorization: Bot2Bot. What the header may look like, and what its signature binds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from agent import Agent, b64, fresh_nonce, now_ms, registered
from refusals import assert_refusal
from server import Server

ERROR = "bad or missing signature"


@pytest.fixture(scope="module")
def agent(shared_server: Server) -> Agent:
    """Tests of this file don't fill its replay cache: that holds 312 nonces."""
    return registered(shared_server.url)


def inbox(agent: Agent) -> str:
    return f"/api/dm/{agent.handle}/inbox/wait?after=0&timeout=0"


def ask(agent: Agent, header: str | None, path: str | None = None) -> requests.Response:
    headers = {} if header is None else {"Authorization": header}
    return agent.request("GET", path or inbox(agent), headers=headers)


def parts(agent: Agent, nonce: str | None = None, ts: int | None = None) -> tuple[str, str, str]:
    """Good `ts=`, `n=` and `sig=` parts for the inbox."""
    header = agent.authorization("GET", inbox(agent), ts, nonce)["Authorization"]
    ts_part, nonce_part, sig_part = header.removeprefix("Bot2Bot ").split(",")
    return ts_part, nonce_part, sig_part


def assert_accepted(response: requests.Response) -> None:
    assert response.status_code == 200, response.text


def assert_bad(response: requests.Response) -> None:
    assert_refusal(response, 401, ERROR, "bad_signature")


ACCEPTED_FORMS: dict[str, Callable[[str, str, str], str]] = {
    "as the SDK writes it": lambda ts, n, sig: f"Bot2Bot {ts},{n},{sig}",
    "another order": lambda ts, n, sig: f"Bot2Bot {sig},{ts},{n}",
    "spaces around the commas": lambda ts, n, sig: f"Bot2Bot  {ts} , {n}  ,   {sig}",
    "a tab": lambda ts, n, sig: f"Bot2Bot {ts},\t{n},{sig}",
    "an unknown part": lambda ts, n, sig: f"Bot2Bot {ts},{n},{sig},v=2",
    "a part without a value": lambda ts, n, sig: f"Bot2Bot draft,{ts},{n},{sig}",
    "empty parts": lambda ts, n, sig: f"Bot2Bot ,,{ts},{n},{sig},",
    "a duplicate, the last one good": lambda ts, n, sig: f"Bot2Bot ts=1,{ts},{n},{sig}",
}


@pytest.mark.parametrize("form", ACCEPTED_FORMS.values(), ids=ACCEPTED_FORMS)
def test_these_headers_are_as_good_as_the_sdks(agent: Agent, form: Callable[[str, str, str], str]) -> None:
    assert_accepted(ask(agent, form(*parts(agent))))


REFUSED_FORMS: dict[str, Callable[[str, str, str], str | None]] = {
    "no header": lambda ts, n, sig: None,
    "nothing in it": lambda ts, n, sig: "Bot2Bot ",
    "the scheme alone": lambda ts, n, sig: "Bot2Bot",
    "the scheme in lower case": lambda ts, n, sig: f"bot2bot {ts},{n},{sig}",
    "the scheme in upper case": lambda ts, n, sig: f"BOT2BOT {ts},{n},{sig}",
    "another scheme": lambda ts, n, sig: f"Bearer {ts},{n},{sig}",
    "no space behind the scheme": lambda ts, n, sig: f"Bot2Bot{ts},{n},{sig}",
    "a colon behind the scheme": lambda ts, n, sig: f"Bot2Bot: {ts},{n},{sig}",
    "a duplicate, the last one bad": lambda ts, n, sig: f"Bot2Bot {ts},{n},{sig},ts=1",
    "an empty duplicate": lambda ts, n, sig: f"Bot2Bot {ts},{n},{sig},sig=",
    "names in upper case": lambda ts, n, sig: f"Bot2Bot {ts.upper()},{n},{sig}",
    "semicolons": lambda ts, n, sig: f"Bot2Bot {ts};{n};{sig}",
    "spaces around an equals sign": lambda ts, n, sig: f"Bot2Bot {ts.replace('=', ' = ')},{n},{sig}",
    "quotes": lambda ts, n, sig: f'Bot2Bot {ts},n="{n[2:]}",{sig}',
    "no time": lambda ts, n, sig: f"Bot2Bot {n},{sig}",
    "no nonce": lambda ts, n, sig: f"Bot2Bot {ts},{sig}",
    "no signature": lambda ts, n, sig: f"Bot2Bot {ts},{n}",
    "a time that is none": lambda ts, n, sig: f"Bot2Bot ts=now,{n},{sig}",
    "a negative time": lambda ts, n, sig: f"Bot2Bot {ts.replace('=', '=-')},{n},{sig}",
    "a time beyond 64 bits": lambda ts, n, sig: f"Bot2Bot ts={'9' * 40},{n},{sig}",
    "a signature that is no base64": lambda ts, n, sig: f"Bot2Bot {ts},{n},sig={'!' * 88}",
    "a signature without its padding": lambda ts, n, sig: f"Bot2Bot {ts},{n},{sig.rstrip('=')}",
    "a signature of 63 bytes": lambda ts, n, sig: f"Bot2Bot {ts},{n},sig={b64(bytes(63))}",
    "a signature of 65 bytes": lambda ts, n, sig: f"Bot2Bot {ts},{n},sig={b64(bytes(65))}",
    "a signature of zeros": lambda ts, n, sig: f"Bot2Bot {ts},{n},sig={b64(bytes(64))}",
}


@pytest.mark.parametrize("form", REFUSED_FORMS.values(), ids=REFUSED_FORMS)
def test_these_headers_are_refused(agent: Agent, form: Callable[[str, str, str], str | None]) -> None:
    good = parts(agent)
    assert_bad(ask(agent, form(*good)))
    # What was refused has used nothing up.
    assert_accepted(ask(agent, "Bot2Bot " + ",".join(good)))


def test_a_signature_in_the_url_safe_alphabet_is_read(agent: Agent) -> None:
    ts, n, sig = parts(agent)
    while not set("+/") & set(sig):
        ts, n, sig = parts(agent)
    assert_accepted(ask(agent, f"Bot2Bot {ts},{n},{sig.replace('+', '-').replace('/', '_')}"))


@pytest.mark.parametrize("length", [16, 64])
def test_the_shortest_and_the_longest_nonce(agent: Agent, length: int) -> None:
    nonce = (fresh_nonce() + fresh_nonce() + fresh_nonce())[:length]
    assert_accepted(agent.signed("GET", inbox(agent), nonce=nonce))


@pytest.mark.parametrize("length", [1, 15, 65, 2000])
def test_a_nonce_that_is_too_short_or_too_long(agent: Agent, length: int) -> None:
    assert_bad(agent.signed("GET", inbox(agent), nonce=(fresh_nonce() * 100)[:length]))


def test_every_allowed_character_of_a_nonce(agent: Agent) -> None:
    assert_accepted(agent.signed("GET", inbox(agent), nonce="ABCXYZabcxyz0189+/=_-"))
    assert_accepted(agent.signed("GET", inbox(agent), nonce="=" * 16))


@pytest.mark.parametrize("character", list(".~:;!*'()@% \\|\"\t") + ["ä"])
def test_other_characters_of_a_nonce_are_refused(agent: Agent, character: str) -> None:
    assert_bad(agent.signed("GET", inbox(agent), nonce=f"{fresh_nonce()}{character}{fresh_nonce()}"))


@pytest.mark.parametrize("seconds", [-59, 59])
def test_a_clock_may_be_off_by_a_minute(agent: Agent, seconds: int) -> None:
    assert_accepted(agent.signed("GET", inbox(agent), ts=now_ms() + seconds * 1000))


@pytest.mark.parametrize("seconds", [-61, 61, -86_400, 86_400])
def test_a_clock_may_not_be_off_by_more(agent: Agent, seconds: int) -> None:
    assert_bad(agent.signed("GET", inbox(agent), ts=now_ms() + seconds * 1000))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda handle: f"/api/dm/{handle}/inbox/wait?timeout=0",
    "upper case": lambda handle: f"/API/Dm/{handle.upper()}/INBOX/Wait?timeout=0",
    "an at sign": lambda handle: f"/api/dm/@{handle}/inbox/wait?timeout=0",
    "an escaped at sign": lambda handle: f"/api/dm/%40{handle}/inbox/wait?timeout=0",
    "an escaped letter": lambda handle: f"/api/dm/%{ord(handle[0]):x}{handle[1:]}/inbox/wait?timeout=0",
    "escapes in lower case": lambda handle: f"/api/dm/{handle.replace('-', '%2d')}/inbox/wait?timeout=0",
    "a trailing slash": lambda handle: f"/api/dm/{handle}/inbox/wait/?timeout=0",
    "another order": lambda handle: f"/api/dm/{handle}/inbox/wait?timeout=0&after=0",
    "escapes in the query": lambda handle: f"/api/dm/{handle}/inbox/wait?time%6Fut=%30",
    "odd things in the query": lambda handle: f"/api/dm/{handle}/inbox/wait?&timeout=0&x=%zz&=&y=a+b%20c&&",
    "twice the same": lambda handle: f"/api/dm/{handle}/inbox/wait?timeout=0&timeout=0",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_the_url_is_verified_as_it_was_sent(agent: Agent, spelling: Callable[[str], str]) -> None:
    assert_accepted(agent.signed("GET", spelling(agent.handle)))


@pytest.mark.parametrize("sent", [name for name in SPELLINGS if name != "plain"])
def test_another_spelling_of_the_signed_url_is_refused(agent: Agent, sent: str) -> None:
    signed, path = SPELLINGS["plain"](agent.handle), SPELLINGS[sent](agent.handle)
    for one, other in ((signed, path), (path, signed)):
        header = agent.authorization("GET", one)["Authorization"]
        assert_bad(ask(agent, header, other))


@pytest.mark.parametrize("change", ["?timeout=0&after=1", "?timeout=1", "", "?timeout=00"])
def test_the_query_is_signed_too(agent: Agent, change: str) -> None:
    base = f"/api/dm/{agent.handle}/inbox/wait"
    header = agent.authorization("GET", base + "?timeout=0")["Authorization"]
    assert_bad(ask(agent, header, base + change))


@pytest.mark.parametrize("method", ["HEAD", "POST", "get", "DELETE", ""])
def test_the_method_is_signed_too(agent: Agent, method: str) -> None:
    header = agent.authorization(method, inbox(agent))["Authorization"]
    assert_bad(ask(agent, header))


def test_a_signature_for_reading_does_not_delete(agent: Agent) -> None:
    path = f"/api/dm/{agent.handle}/inbox/some-id"
    header = agent.authorization("GET", path)
    assert_bad(agent.request("DELETE", path, headers=header))
    assert agent.signed("DELETE", path).json() == {"ok": True, "removed": 0}


def test_another_handles_signature_opens_nothing(agent: Agent) -> None:
    other = registered(agent.base_url)
    assert_bad(other.signed("GET", inbox(agent)))
    # The same key under another handle would do, a handle that doesn't exist wouldn't.
    nobody = Agent(agent.base_url)
    assert_refusal(nobody.signed("GET", inbox(nobody)), 404, "no such handle", "unknown_handle")


def test_time_and_nonce_are_signed_too(agent: Agent) -> None:
    ts, n, sig = parts(agent)
    assert_bad(ask(agent, f"Bot2Bot ts={int(ts[3:]) + 1},{n},{sig}"))
    assert_bad(ask(agent, f"Bot2Bot {ts},{n[:-1]}{'A' if n[-1] != 'A' else 'B'},{sig}"))
    assert_accepted(ask(agent, f"Bot2Bot {ts},{n},{sig}"))
