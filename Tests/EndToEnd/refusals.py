"""A refusal down to the letter: status, words, reason and when to come again."""

from __future__ import annotations

import requests

from raw_http import RawResponse
from wire import assert_refused


def assert_refusal(
    response: requests.Response | RawResponse,
    status: int,
    error: str,
    reason: str,
    retry_after: int | range | None = None,
) -> None:
    """Nothing given for `retry_after` means that there must be no such header."""
    body = assert_refused(response, status, error)
    assert body["reason"] == reason, body
    raw = isinstance(response, RawResponse)
    seconds = response.header("Retry-After") if raw else response.headers.get("Retry-After")
    if isinstance(retry_after, range):
        assert seconds is not None and int(seconds) in retry_after, seconds
    else:
        assert seconds == (None if retry_after is None else str(retry_after)), seconds
