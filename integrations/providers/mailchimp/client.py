"""Mailchimp's error dialect. The only file that may import the vendor's SDK.

The SDK is not needed for reading: it returns an error with an empty body as if it were an answer, its errors print as
nothing, and it replaces the word “server” anywhere in a path. Reads go through `ApiSession`; the tests hold the SDK
against the sandbox as an independent judge.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from integrations.providers import errors, waiting

# What each of Mailchimp's titles means for us, in lower case; one that is not listed is judged by the answer's status.
_BY_TITLE: dict[str, type[errors.ProviderError]] = {
    "too many requests": errors.RateLimited,
    "api key invalid": errors.AuthRevoked,
    "api key missing": errors.AuthRevoked,
    "api key revoked": errors.AuthRevoked,
    "wrong datacenter": errors.Misconfigured,
    "user disabled": errors.AccountBlocked,
    "compliance related": errors.AccountBlocked,
    "forbidden": errors.PermissionMissing,
    "member exists": errors.Duplicate,
    "member in compliance state": errors.Settled,
    "forgotten email not subscribed": errors.Settled,
    "resource not found": errors.NotFound,
    "invalid resource": errors.Invalid,
    "bad request": errors.Invalid,
    "json parse error": errors.Invalid,
    "method not allowed": errors.Misconfigured,
    # The login host's own words.
    "invalid_client": errors.Misconfigured,
    "unauthorized_client": errors.Misconfigured,
    "unsupported_grant_type": errors.Misconfigured,
    "invalid_grant": errors.AuthRevoked,
    "invalid_token": errors.AuthRevoked,
}
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    400: errors.Invalid,
    401: errors.AuthRevoked,
    403: errors.PermissionMissing,
    404: errors.NotFound,
    405: errors.Misconfigured,
    408: errors.Transient,
    409: errors.Conflict,
    429: errors.RateLimited,
}
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"',;]+")


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.ProviderError:
    """Return our error for Mailchimp's answer. Its message names no person."""
    problem = _problem(body)
    code = str(problem.get("title") or problem.get("error") or "")[:120]
    message = _without_persons(str(problem.get("detail") or problem.get("error_description") or ""))[:300]
    kind = _kind(status, code, message, is_told=bool(problem))
    if kind is errors.RateLimited:
        return errors.RateLimited(message, retry_after=waiting.retry_after(headers), code=code, status=status)
    if kind is errors.Invalid:
        return errors.Invalid(message, field=_first_field(problem), code=code, status=status)
    return kind(message, code=code, status=status)


def _kind(status: int, code: str, message: str, *, is_told: bool) -> type[errors.ProviderError]:
    if status == 403 and not is_told:
        return errors.RateLimited  # how Mailchimp's border turns away too many calls: without a word
    known = _BY_TITLE.get(code.strip().lower())
    if known in (None, errors.Invalid) and status == 400 and "already exists" in message.lower():
        return errors.Duplicate
    return known or _BY_STATUS.get(status) or (errors.Transient if status >= 500 else errors.Invalid)


def _problem(body: bytes) -> dict[str, Any]:
    """Return the problem document, empty where there is none that can be read."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _first_field(problem: Mapping[str, Any]) -> str:
    listed = problem.get("errors")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return next((str(entry["field"])[:120] for entry in entries if entry.get("field")), "")


def _without_persons(text: str) -> str:
    """Return the text with every e-mail address replaced: messages are stored and shown."""
    return _EMAIL.sub("(e-mail address)", text)
