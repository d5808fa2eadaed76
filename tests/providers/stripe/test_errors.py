"""Stripe's errors as ours: by code, by type, by sentence, by status, in every shape that an answer has."""

from typing import Any

import orjson
import pytest

from integrations.providers import errors
from integrations.providers.stripe import client
from integrations.providers.stripe.client import classify

E = errors
# Every entry of Stripe's in the table of error classes: (what it is, status, body, class).
TABLE: list[tuple[str, int, Any, type[errors.ProviderError]]] = [
    ("429 of any kind", 429, {}, E.RateLimited),
    ("429 rate_limit", 429, {"code": "rate_limit", "type": "invalid_request_error"}, E.RateLimited),
    ("429 lock_timeout", 429, {"code": "lock_timeout"}, E.RateLimited),
    ("400 rate_limit", 400, {"code": "rate_limit"}, E.RateLimited),
    ("500 api_error", 500, {"type": "api_error"}, E.Transient),
    ("502", 502, {}, E.Transient), ("503", 503, {}, E.Transient), ("504", 504, {}, E.Transient),
    ("409 key in use", 409, {"code": "idempotency_key_in_use", "type": "idempotency_error"}, E.Transient),
    ("424", 424, {"code": "external_dependency_failed"}, E.Transient), ("424 bare", 424, {}, E.Transient),
    ("401 expired key", 401, {"code": "api_key_expired"}, E.AuthExpired),
    ("401 expired platform key", 401, {"code": "platform_api_key_expired"}, E.AuthExpired),
    ("401", 401, {"message": "Invalid API Key provided: rk_test_****"}, E.AuthRevoked),
    ("403 account_invalid", 403, {"code": "account_invalid"}, E.AuthRevoked),
    ("403 no access", 403, {"message": "The provided key does not have access to account 'acct_1'."}, E.AuthRevoked),
    ("sign-in: invalid_grant", 400, "invalid_grant", E.AuthRevoked),
    ("403 rak_", 403, {"message": "Having the 'rak_charge_read' permission would help."}, E.PermissionMissing),
    ("403 more permissions", 403, {"code": "more_permissions_required"}, E.PermissionMissing),
    ("403", 403, {}, E.PermissionMissing),
    ("409", 409, {}, E.Conflict),
    ("400 resource state", 400, {"code": "charge_already_refunded", "param": "charge"}, E.Conflict),
    ("400 invoice state", 400, {"code": "invoice_not_editable"}, E.Conflict),
    ("400 invoice change", 400, {"message": "Finalized invoices can't be updated in this way"}, E.Conflict),
    ("400 invoice deletion", 400, {"message": "You can only delete draft invoices."}, E.Conflict),
    ("400 item deletion", 400, {"message": "It is attached to an invoice that is no longer editable"}, E.Conflict),
    ("400 exists", 400, {"code": "resource_already_exists"}, E.Duplicate),
    ("400 invalid", 400, {"type": "invalid_request_error", "param": "email"}, E.Invalid),
    ("400 unknown parameter", 400, {"code": "parameter_unknown", "param": "colour"}, E.Invalid),
    ("400 unknown reference", 400, {"code": "resource_missing", "param": "customer"}, E.Invalid),
    ("402 card_error", 402, {"type": "card_error", "code": "card_declined"}, E.Invalid),
    ("404 missing", 404, {"code": "resource_missing", "param": "id"}, E.NotFound),
    ("403 restricted", 403, {"message": "Your account has been restricted. Contact support."}, E.AccountBlocked),
    ("400 account_closed", 400, {"code": "account_closed"}, E.AccountBlocked),
    ("400 idempotency", 400, {"type": "idempotency_error", "message": "Keys for idempotent…"}, E.Misconfigured),
    ("sign-in: invalid_client", 401, "invalid_client", E.Misconfigured),
    ("sign-in: invalid_request", 400, "invalid_request", E.Misconfigured),
    ("sign-in: invalid_scope", 400, "invalid_scope", E.Misconfigured),
    ("sign-in: grant type", 400, "unsupported_grant_type", E.Misconfigured),
    ("sign-in: response type", 400, "unsupported_response_type", E.Misconfigured),
    ("400 version", 400, {"message": "Invalid Stripe API version: 2031-01-01.oak"}, E.Misconfigured),
]  # fmt: skip
STATUSES = {
    400: E.Invalid, 401: E.AuthRevoked, 402: E.Invalid, 403: E.PermissionMissing, 404: E.NotFound, 405: E.Invalid,
    408: E.Transient, 409: E.Conflict, 418: E.Invalid, 424: E.Transient, 429: E.RateLimited, 500: E.Transient,
    501: E.Transient, 503: E.Transient, 529: E.Transient,
}  # fmt: skip
SHAPELESS = [
    b"", b"<html>Bad gateway</html>", b"[]", b"7", b"null", b"{}", b"\xff", b'{"error": null}', b'{"error": 5}',
    b'{"error": {}}', b'{"error": {"code": null, "message": null, "type": null}}', b'{"error": {"code"',
]  # fmt: skip
NEEDED = (
    "The provided key 'rk_test_********1234' does not have the required permissions for this endpoint on account "
    "'acct_1'. Having the 'rak_subscription_read' permission would allow this request to continue."
)


def body(error: Any) -> bytes:
    return orjson.dumps({"error": error} | ({"error_description": "why"} if isinstance(error, str) else {}))


@pytest.mark.parametrize(("status", "error", "kind"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_every_entry_of_the_table_has_its_class(status: int, error: Any, kind: type[errors.ProviderError]) -> None:
    found = classify(status, {}, body(error))
    assert (type(found), found.status) == (kind, status)


@pytest.mark.parametrize(("code", "kind"), client._BY_CODE.items())
def test_a_code_keeps_its_class_below_500_whatever_the_status(code: str, kind: type[errors.ProviderError]) -> None:
    found = classify(418, {}, body({"code": code, "message": "about it"}))
    assert (type(found), found.code, str(found)) == (kind, code, "about it")


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
@pytest.mark.parametrize("told", SHAPELESS)
def test_without_a_word_the_status_decides(status: int, kind: type[errors.ProviderError], told: bytes) -> None:
    assert type(classify(status, {}, told)) is kind


@pytest.mark.parametrize("code", ["no_such_code", "RATE_LIMIT", "Rate_Limit", "0429", "é"])
def test_a_code_that_is_not_stripes_to_the_letter_is_judged_by_the_status(code: str) -> None:
    assert type(classify(400, {}, body({"code": code}))) is errors.Invalid


def test_a_refused_value_names_its_parameter() -> None:
    found = classify(400, {}, body({"param": "address[city]", "message": "Too long", "code": "string_too_long"}))
    assert isinstance(found, errors.Invalid)
    assert (found.field, found.code, str(found)) == ("address[city]", "string_too_long", "Too long")


def test_the_missing_permission_is_read_from_the_sentence() -> None:
    found = classify(403, {}, body({"message": NEEDED, "type": "invalid_request_error"}))
    assert isinstance(found, errors.PermissionMissing)
    assert found.scope == "rak_subscription_read"


def test_a_missing_permission_wins_over_what_else_the_sentence_reads_like() -> None:
    told = {"message": f"{NEEDED} The account is restricted.", "code": "account_invalid"}
    assert type(classify(403, {}, body(told))) is errors.PermissionMissing


@pytest.mark.parametrize(
    "told",
    [
        "Invalid API Key provided: sk_live_51ABCdefGHI", "Expired API Key provided: rk_test_****1234",
        "Invalid email address: nell.hart@example.test", "Invalid phone number: +44 20 7946 0958",
        "Authorization code does not exist: ac_123456789",
    ],
)  # fmt: skip
def test_what_stripe_repeats_of_people_and_keys_is_not_kept(told: str) -> None:
    kept = str(classify(400, {}, body({"message": told})))
    assert kept.endswith("…")
    assert not any(secret in kept for secret in ("51ABC", "1234", "nell", "7946"))


def test_ids_of_objects_are_kept_and_long_messages_cut() -> None:
    assert str(classify(404, {}, body({"message": "No such customer: 'cus_X1'"}))) == "No such customer: 'cus_X1'"
    assert len(str(classify(400, {}, body({"message": "long " * 200})))) == 300


@pytest.mark.parametrize(("sent", "seconds"), [("7", 7.0), ("5000", 900.0), ("soon", None), ("", None), (None, None)])
def test_stripe_names_no_time_to_wait_but_one_that_is_named_is_kept(sent: str | None, seconds: float | None) -> None:
    headers = {"stripe-rate-limited-reason": "endpoint-rate"} | ({"retry-after": sent} if sent is not None else {})
    found = classify(429, headers, b"")
    assert isinstance(found, errors.RateLimited)
    assert (found.retry_after, found.code) == (seconds, "rate_limit")
