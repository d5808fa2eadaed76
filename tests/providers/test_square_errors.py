"""Square's errors as ours: by code, by status, of several the worst; and a sentence for each."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest

from integrations.providers import PROVIDERS, errors
from integrations.providers.square import client
from integrations.providers.square.client import classify
from syncing import sentences

CODES = {
    "RATE_LIMITED": errors.RateLimited, "INTERNAL_SERVER_ERROR": errors.Transient,
    "SERVICE_UNAVAILABLE": errors.Transient, "GATEWAY_TIMEOUT": errors.Transient, "TEMPORARY_ERROR": errors.Transient,
    "REQUEST_TIMEOUT": errors.Transient, "ACCESS_TOKEN_EXPIRED": errors.AuthExpired,
    "ACCESS_TOKEN_REVOKED": errors.AuthRevoked, "UNAUTHORIZED": errors.AuthRevoked,
    "INSUFFICIENT_SCOPES": errors.PermissionMissing, "FORBIDDEN": errors.PermissionMissing,
    "CONFLICT": errors.Conflict, "VERSION_MISMATCH": errors.Conflict, "NOT_FOUND": errors.NotFound,
    "CUSTOMER_NOT_FOUND": errors.NotFound, "GONE": errors.NotFound, "CLIENT_DISABLED": errors.AccountBlocked,
    "APPLICATION_DISABLED": errors.AccountBlocked, "MERCHANT_SUBSCRIPTION_NOT_FOUND": errors.AccountBlocked,
    "IDEMPOTENCY_KEY_REUSED": errors.Misconfigured, "API_VERSION_INCOMPATIBLE": errors.Misconfigured,
    "BAD_CERTIFICATE": errors.Misconfigured, "INVALID_CURSOR": errors.CursorExpired,
}  # fmt: skip
STATUSES = {
    400: errors.Invalid, 401: errors.AuthRevoked, 403: errors.PermissionMissing, 404: errors.NotFound,
    408: errors.Transient, 409: errors.Conflict, 418: errors.Invalid, 422: errors.Invalid, 429: errors.RateLimited,
    500: errors.Transient, 502: errors.Transient, 503: errors.Transient, 529: errors.Transient,
}  # fmt: skip


def body(*codes: str) -> bytes:
    return orjson.dumps({"errors": [{"code": code, "detail": f"about {code}", "field": "a.b"} for code in codes]})


def test_every_code_is_judged_here_and_nowhere_forgotten() -> None:
    assert CODES == client._BY_CODE


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_a_code_decides_whatever_the_status(code: str, kind: type[errors.ProviderError]) -> None:
    found = classify(499, {}, body(code))
    assert (type(found), found.code, found.status, str(found)) == (kind, code, 499, f"about {code}")


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
@pytest.mark.parametrize("told", [b"<html>", b"", b"[]", b"7", b'{"errors": []}', b'{"errors": 5}', body("NEW_ONE")])
def test_without_a_known_code_the_status_decides(status: int, kind: type[errors.ProviderError], told: bytes) -> None:
    assert type(classify(status, {}, told)) is kind


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        (("NOT_FOUND", "ACCESS_TOKEN_REVOKED"), errors.AuthRevoked),
        (("CONFLICT", "RATE_LIMITED", "INVALID_CURSOR"), errors.RateLimited),
        (("INSUFFICIENT_SCOPES", "BAD_CERTIFICATE"), errors.Misconfigured),
        (("ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED"), errors.AuthRevoked),
        (("VALUE_TOO_LONG", "NOT_FOUND"), errors.NotFound),
    ],
)
def test_of_several_errors_the_worst_wins(codes: tuple[str, ...], worst: type[errors.ProviderError]) -> None:
    assert type(classify(400, {}, body(*codes))) is worst
    assert type(classify(400, {}, body(*reversed(codes)))) is worst


def test_the_token_endpoints_have_a_shape_of_their_own() -> None:
    found = classify(401, {}, b'{"message": "Not Authorized", "type": "service.not_authorized"}')
    assert (type(found), found.code, str(found)) == (errors.AuthRevoked, "service.not_authorized", "Not Authorized")


def test_a_refused_value_names_its_field() -> None:
    found = classify(400, {}, body("INVALID_EMAIL_ADDRESS"))
    assert isinstance(found, errors.Invalid)
    assert (found.field, found.code) == ("a.b", "INVALID_EMAIL_ADDRESS")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("100000", 900.0), (None, None), ("soon", None), ("nan", None), ("-3", None), ("0", 0.0)],
)
def test_the_time_to_wait_is_read_in_seconds(header: str | None, seconds: float | None) -> None:
    found = classify(429, {"retry-after": header} if header else {}, body("RATE_LIMITED"))
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == seconds


def test_the_time_to_wait_is_read_from_a_date_too() -> None:
    now = datetime.now(UTC)
    waits = [
        getattr(classify(429, {"retry-after": format_datetime(at, usegmt=True)}, b""), "retry_after", None)
        for at in (now + timedelta(seconds=60), now - timedelta(hours=1))
    ]
    assert 50 < waits[0] <= 60
    assert waits[1] == 0.0


def _kinds(kind: type[errors.ProviderError] = errors.ProviderError) -> list[type[errors.ProviderError]]:
    return [kind] + [found for below in kind.__subclasses__() for found in _kinds(below)]


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_has_a_sentence_for_every_object(kind: type[errors.ProviderError], provider: str) -> None:
    for object_type in PROVIDERS[provider].streams:
        told = sentences.for_error(provider, object_type, kind("inner detail"))
        assert told[0].isupper()
        assert told.endswith(".")
        assert not {"{", "}", "inner detail"} & {told, *told}


def test_a_missing_permission_is_named_in_plain_words() -> None:
    told = sentences.for_error("square", "payout", errors.PermissionMissing())
    assert told == "Square does not allow us to read payouts. It needs the permission “See your payouts”."
    asked = errors.PermissionMissing(scope="ITEMS_READ")
    assert "“See your items and prices”" in sentences.for_error("square", "payout", asked)


def test_a_refused_field_is_named() -> None:
    error = errors.Invalid("too long", field="given_name")
    assert sentences.for_error("square", "customer", error) == "Square did not accept “given_name”."
