"""Stripe's error dialect. The only file that may import the vendor's SDK.

The SDK is not needed for reading: it makes an object of every value, and its retries sleep inside the worker. Reads go
through `ApiSession`; the tests hold the SDK against the sandbox as an independent judge.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from integrations.providers import errors, waiting

# What each of Stripe's codes means for us, whatever the status; what is not listed is judged by the rest of the answer.
_BY_CODE: dict[str, type[errors.ProviderError]] = {
    "rate_limit": errors.RateLimited,
    "lock_timeout": errors.RateLimited,
    "idempotency_key_in_use": errors.Transient,
    "external_dependency_failed": errors.Transient,
    "api_key_expired": errors.AuthExpired,
    "platform_api_key_expired": errors.AuthExpired,
    "account_invalid": errors.AuthRevoked,
    "more_permissions_required": errors.PermissionMissing,
    "more_permissions_required_for_application": errors.PermissionMissing,
    "resource_already_exists": errors.Duplicate,
    "account_closed": errors.AccountBlocked,
    "account_restricted": errors.AccountBlocked,
    "charge_already_captured": errors.Conflict,
    "charge_already_refunded": errors.Conflict,
    "charge_disputed": errors.Conflict,
    "charge_expired_for_capture": errors.Conflict,
    "intent_invalid_state": errors.Conflict,
    "invoice_not_editable": errors.Conflict,
    "payment_intent_unexpected_state": errors.Conflict,
    "setup_intent_unexpected_state": errors.Conflict,
    "status_transition_invalid": errors.Conflict,
    # The sign-in's own words, which stand where an API error has an object.
    "invalid_grant": errors.AuthRevoked,
    "invalid_client": errors.Misconfigured,
    "invalid_request": errors.Misconfigured,
    "invalid_scope": errors.Misconfigured,
    "unsupported_grant_type": errors.Misconfigured,
    "unsupported_response_type": errors.Misconfigured,
}
_BY_TYPE: dict[str, type[errors.ProviderError]] = {"idempotency_error": errors.Misconfigured}
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    400: errors.Invalid,
    401: errors.AuthRevoked,
    402: errors.Invalid,
    403: errors.PermissionMissing,
    404: errors.NotFound,
    408: errors.Transient,
    409: errors.Conflict,
    424: errors.Transient,
    429: errors.RateLimited,
}
# What only the sentence tells: (status, how it reads, what it means).
_BY_SENTENCE: tuple[tuple[int, re.Pattern[str], type[errors.ProviderError]], ...] = (
    (400, re.compile(r"invalid stripe (api )?version", re.IGNORECASE), errors.Misconfigured),
    (
        400,
        re.compile(r"finalized invoices can't be|only delete draft invoices|no longer editable", re.IGNORECASE),
        errors.Conflict,
    ),
    (403, re.compile(r"does not have access to account", re.IGNORECASE), errors.AuthRevoked),
    (
        403,
        re.compile(r"account\b.{0,60}\b(restricted|rejected|suspended|closed)\b", re.IGNORECASE),
        errors.AccountBlocked,
    ),
)
_PERMISSION = re.compile(r"'(rak_[a-z_]+)'")
# Stripe repeats what it was given: keys, addresses and numbers of people stay out of our logs.
_PRIVATE = re.compile(
    r"\b(?:sk|rk|pk|whsec|ac)_[\w*.]+"  # keys and codes
    r"|[^\s'\"<>]+@[^\s'\"<>]+"  # e-mail addresses
    r"|(?<![\w-])\+?\d[\d ()-]{6,}\d(?![\w-])"  # phone and card numbers
)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.ProviderError:
    """Return our error for Stripe's answer, whatever its shape."""
    told = _told(body)
    code, message = str(told.get("code") or ""), str(told.get("message") or "")
    kind = _kind(status, code, str(told.get("type") or ""), message)
    safe = _PRIVATE.sub("…", message)[:300]
    if kind is errors.RateLimited:
        wait = waiting.retry_after(headers)
        return errors.RateLimited(safe, retry_after=wait, code=code or "rate_limit", status=status)
    if kind is errors.Invalid:
        return errors.Invalid(safe, field=str(told.get("param") or ""), code=code, status=status)
    if kind is errors.PermissionMissing:
        named = _PERMISSION.search(message)
        return errors.PermissionMissing(safe, scope=named[1] if named else "", code=code, status=status)
    return kind(safe, code=code, status=status)


def _told(body: bytes) -> Mapping[str, Any]:
    """Return `code`, `message`, `param` and `type` of an API error or a sign-in's; nothing for any other answer."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = parsed.get("error") if isinstance(parsed, dict) else None
    if isinstance(error, dict):
        return error
    return {"code": error, "message": parsed.get("error_description")} if isinstance(error, str) else {}


def _kind(status: int, code: str, type_: str, message: str) -> type[errors.ProviderError]:
    if status == 429 or status >= 500:  # whatever it says: waiting is all that helps
        return errors.RateLimited if status == 429 else errors.Transient
    if status == 403 and _PERMISSION.search(message):
        return errors.PermissionMissing
    known = _BY_CODE.get(code) or _BY_TYPE.get(type_)
    for at, pattern, meaning in _BY_SENTENCE:
        if known is None and status == at and pattern.search(message):
            known = meaning
    return known or _BY_STATUS.get(status) or errors.Invalid
