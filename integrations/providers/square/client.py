"""Square's error dialect, and the shape of its requests. The only file that may import the vendor's SDK.

The SDK is not needed for reading: its pager stops at an empty page although a cursor follows, and it sleeps inside
the worker. Reads go through `ApiSession`; the tests hold the SDK against the sandbox as an independent judge.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from integrations.providers import errors, waiting

# What each of Square's codes means for us; a code that is not listed is judged by the answer's status.
_BY_CODE: dict[str, type[errors.ProviderError]] = {
    "RATE_LIMITED": errors.RateLimited,
    "INTERNAL_SERVER_ERROR": errors.Transient,
    "SERVICE_UNAVAILABLE": errors.Transient,
    "GATEWAY_TIMEOUT": errors.Transient,
    "TEMPORARY_ERROR": errors.Transient,
    "REQUEST_TIMEOUT": errors.Transient,
    "ACCESS_TOKEN_EXPIRED": errors.AuthExpired,
    "ACCESS_TOKEN_REVOKED": errors.AuthRevoked,
    "UNAUTHORIZED": errors.AuthRevoked,
    "INSUFFICIENT_SCOPES": errors.PermissionMissing,
    "FORBIDDEN": errors.PermissionMissing,
    "CONFLICT": errors.Conflict,
    "VERSION_MISMATCH": errors.Conflict,
    "NOT_FOUND": errors.NotFound,
    "CUSTOMER_NOT_FOUND": errors.NotFound,
    "GONE": errors.NotFound,
    "CLIENT_DISABLED": errors.AccountBlocked,
    "APPLICATION_DISABLED": errors.AccountBlocked,
    "MERCHANT_SUBSCRIPTION_NOT_FOUND": errors.AccountBlocked,
    "IDEMPOTENCY_KEY_REUSED": errors.Misconfigured,
    "API_VERSION_INCOMPATIBLE": errors.Misconfigured,
    "BAD_CERTIFICATE": errors.Misconfigured,
    "INVALID_CURSOR": errors.CursorExpired,
}
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    400: errors.Invalid,
    401: errors.AuthRevoked,
    403: errors.PermissionMissing,
    404: errors.NotFound,
    408: errors.Transient,
    409: errors.Conflict,
    429: errors.RateLimited,
}
# When one answer holds several errors, the one that stops the most decides.
_WORST_FIRST: tuple[type[errors.ProviderError], ...] = (
    errors.Misconfigured,
    errors.AccountBlocked,
    errors.AuthRevoked,
    errors.AuthExpired,
    errors.PermissionMissing,
    errors.RateLimited,
    errors.Transient,
    errors.CursorExpired,
    errors.Conflict,
    errors.NotFound,
    errors.Invalid,
)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.ProviderError:
    """Return our error for Square's answer; of several in one answer the worst."""
    found = [_one(status, headers, entry) for entry in _entries(status, body)]
    return min(found, key=lambda error: _WORST_FIRST.index(type(error)))


def _entries(status: int, body: bytes) -> list[dict[str, Any]]:
    """Return the error entries in any of the shapes Square uses: a list, the OAuth endpoints' pair, or none."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [{}]
    if not isinstance(parsed, dict):
        return [{}]
    listed = parsed.get("errors")
    found = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    if found:
        return found
    return [{"code": str(parsed.get("type", "")), "detail": str(parsed.get("message", ""))}]


def _one(status: int, headers: Mapping[str, str], entry: Mapping[str, Any]) -> errors.ProviderError:
    code, detail = str(entry.get("code") or ""), str(entry.get("detail") or "")[:300]
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status) or (errors.Transient if status >= 500 else errors.Invalid)
    if kind is errors.RateLimited:
        return errors.RateLimited(detail, retry_after=waiting.retry_after(headers), code=code, status=status)
    if kind is errors.Invalid:
        return errors.Invalid(detail, field=str(entry.get("field") or ""), code=code, status=status)
    return kind(detail, code=code, status=status)
