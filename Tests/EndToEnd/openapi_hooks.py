"""What schemathesis is told in its own process: how to sign, and not to wait.

Random bodies would never get past a signature, so those that claim one are signed here, by one agent that the
server knows. The rest of a body stays as it was made up.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import schemathesis
from nacl.signing import SigningKey
from requests import PreparedRequest
from requests.auth import AuthBase

from agent import Agent, now_ms

AGENT = Agent(os.environ["FUZZ_URL"], os.environ["FUZZ_HANDLE"])
AGENT.sign_key = SigningKey(bytes.fromhex(os.environ["FUZZ_SIGN_KEY"]))
TOKEN = os.environ["FUZZ_TOKEN"]


def one_in(several: int, text: object) -> bool:
    """A choice that is the same when a case is tried again."""
    return zlib.crc32(repr(text).encode()) % several == 0


def opened_by(scheme: str) -> Any:
    return lambda context: {scheme: []} in context.operation.definition.raw.get("security", [])


class Signature(AuthBase):
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if not one_in(8, request.path_url):
            request.headers.update(AGENT.authorization(str(request.method), request.path_url))
        return request


class Token(AuthBase):
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if not one_in(8, request.path_url):
            request.headers["Authorization"] = f"Bearer {TOKEN}"
        return request


schemathesis.auth.set_from_requests(Signature()).apply_to(opened_by("bot2bot"))
schemathesis.auth.set_from_requests(Token()).apply_to(opened_by("metricsToken"))


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    operation = case.operation.definition.raw
    if any(parameter.name == "timeout" for parameter in case.operation.query):
        case.query = dict(case.query or {}) | {"timeout": "1" if one_in(16, case.query) else "0"}
    if {"Metrics", "Pages"} & set(operation["tags"]):
        # Wrong tokens close the door to their client for a while: let it be a client of many.
        client = zlib.crc32(repr((case.query, case.headers, case.body)).encode())
        case.headers["X-Forwarded-For"] = f"198.18.{client >> 8 & 0xFF}.{client & 0xFF}"
    sign = SIGNED_BODIES.get(operation["operationId"])
    if sign and isinstance(case.body, dict):
        case.body = sign(dict(case.body), {**(case.path_parameters or {})})


def _registration(body: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    return AGENT.registration(**{name: body[name] for name in ("handle", "meta") if name in body})


def _message(body: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    if "sender_sig" not in body or not isinstance(body.get("ciphertext"), str):
        return body
    return AGENT.sign_message(str(path["id"]), body, sender_handle=AGENT.handle)


def _direct_message(body: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    sealed = all(isinstance(body.get(name), str) for name in ("ciphertext", "nonce", "sender_eph_pub"))
    if "from_sig" not in body or not sealed:
        return body
    return AGENT.sign_envelope(str(path["handle"]).removeprefix("@").lower(), body)


def _profile(body: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(body.get("profile"), dict):
        return body
    now = now_ms()
    own = {"handle": AGENT.handle, "updated_at": now, "expires_at": now + 3_600_000}
    profile = AGENT.profile() | body["profile"] | own
    return body | {"profile": profile, "profile_sig": AGENT.sign_profile(profile)}


SIGNED_BODIES = {
    "registerIdentity": _registration,
    "postMessage": _message,
    "sendDirectMessage": _direct_message,
    "publishProfile": _profile,
}
