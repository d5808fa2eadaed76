"""Mailchimp's errors as ours: by title, by status, with or without a body; and without the names of people."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from integrations.providers import errors, http
from integrations.providers.base import Limits
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import client
from integrations.providers.mailchimp.client import classify
from integrations.providers.mailchimp.spec import SPEC
from tests.providers.wire import answer, cut, silence, wire

Kind = type[errors.ProviderError]
TITLES: dict[str, tuple[int, Kind]] = {
    "Too Many Requests": (429, errors.RateLimited),
    "API Key Invalid": (401, errors.AuthRevoked),
    "API Key Missing": (401, errors.AuthRevoked),
    "API Key Revoked": (403, errors.AuthRevoked),
    "Wrong Datacenter": (403, errors.Misconfigured),
    "User Disabled": (403, errors.AccountBlocked),
    "Compliance Related": (503, errors.AccountBlocked),
    "Forbidden": (403, errors.PermissionMissing),
    "Member Exists": (400, errors.Duplicate),
    "Member In Compliance State": (400, errors.Settled),
    "Forgotten Email Not Subscribed": (400, errors.Settled),
    "Resource Not Found": (404, errors.NotFound),
    "Invalid Resource": (400, errors.Invalid),
    "Bad Request": (400, errors.Invalid),
    "JSON Parse Error": (400, errors.Invalid),
    "Method Not Allowed": (405, errors.Misconfigured),
}
LOGIN: dict[str, tuple[int, Kind]] = {
    "invalid_client": (401, errors.Misconfigured),
    "unauthorized_client": (400, errors.Misconfigured),
    "unsupported_grant_type": (400, errors.Misconfigured),
    "invalid_grant": (400, errors.AuthRevoked),
    "invalid_token": (401, errors.AuthRevoked),
}
STATUSES: dict[int, Kind] = {
    400: errors.Invalid, 401: errors.AuthRevoked, 404: errors.NotFound, 405: errors.Misconfigured,
    408: errors.Transient, 409: errors.Conflict, 414: errors.Invalid, 422: errors.Invalid, 429: errors.RateLimited,
    500: errors.Transient, 502: errors.Transient, 503: errors.Transient, 504: errors.Transient, 599: errors.Transient,
}  # fmt: skip


def problem(title: str, status: int = 400, detail: str = "", **more: Any) -> bytes:
    return orjson.dumps({
        "type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title, "status": status,
        "detail": detail or f"About {title}.", "instance": "3b4dcb40-0b6b-4820-bfaa-41267b3826ea", **more,
    })  # fmt: skip


def test_every_title_is_judged_here_and_nowhere_forgotten() -> None:
    assert {title.lower(): kind for title, (_, kind) in (TITLES | LOGIN).items()} == client._BY_TITLE


@pytest.mark.parametrize("cased", [str, str.lower, str.upper, lambda title: f" {title} "])
@pytest.mark.parametrize(("title", "told"), TITLES.items())
def test_a_title_decides_in_any_casing(title: str, told: tuple[int, Kind], cased: Any) -> None:
    status, kind = told
    found = classify(status, {}, problem(cased(title), status, "About it."))
    assert (type(found), found.code, found.status, str(found)) == (kind, cased(title), status, "About it.")


@pytest.mark.parametrize(("word", "told"), LOGIN.items())
def test_the_login_host_has_words_of_its_own(word: str, told: tuple[int, Kind]) -> None:
    status, kind = told
    found = classify(status, {}, orjson.dumps({"error": word, "error_description": "It was used."}))
    assert (type(found), found.code, str(found)) == (kind, word, "It was used.")


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
@pytest.mark.parametrize("told", [b"", b"<html>busy</html>", b"[]", b"7", b"{}", b"\xff", problem("Something New")])
def test_without_a_known_title_the_status_decides(status: int, kind: Kind, told: bytes) -> None:
    found = classify(status, {}, told)
    assert (type(found), found.status) == (kind, status)


@pytest.mark.parametrize("told", [b"", b"<html><h1>Access Denied</h1></html>", b"[]", b"{}", b"null"])
def test_a_403_without_a_word_is_a_rate_limit_and_with_one_a_missing_permission(told: bytes) -> None:
    assert type(classify(403, {}, told)) is errors.RateLimited
    assert type(classify(403, {}, problem("Something New", 403))) is errors.PermissionMissing


@pytest.mark.parametrize("title", ["Bad Request", "Invalid Resource", "Something New"])
def test_what_exists_already_in_a_store_is_a_duplicate(title: str) -> None:
    told = problem(title, detail="A product with the provided ID already exists in the account for this list.")
    assert type(classify(400, {}, told)) is errors.Duplicate


def test_a_refused_value_names_its_first_field() -> None:
    listed = [
        {"field": "", "message": "Schema describes object, NULL found instead"},
        {"field": "email_address", "message": "This value should be a valid email."},
        {"field": "merge_fields.FNAME", "message": "This value is too long."},
    ]
    found = classify(400, {}, problem("Invalid Resource", errors=listed))
    assert isinstance(found, errors.Invalid)
    assert (found.field, found.code) == ("email_address", "Invalid Resource")


@pytest.mark.parametrize("listed", [None, [], "text", ["text"], [{}], [{"field": None}], {"field": "x"}])
def test_a_refused_value_without_a_readable_field_names_none(listed: Any) -> None:
    found = classify(400, {}, problem("Invalid Resource", errors=listed))
    assert isinstance(found, errors.Invalid)
    assert found.field == ""


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("a@example.org is already a list member. Use PUT.", "(e-mail address) is already a list member. Use PUT."),
        ("“Zoë.O'Neil+x@sub.example.org”, really", "(e-mail address) really"),
        ('"b@example.org" was permanently deleted', '"(e-mail address)" was permanently deleted'),
        ("x" * 900, "x" * 300),
    ],
)
def test_a_message_names_nobody_and_is_short(detail: str, shown: str) -> None:
    told = str(classify(400, {}, problem("Member Exists", detail=detail)))
    assert "@" not in told
    assert len(told) <= 300
    if "Zoë" not in detail:
        assert told == shown


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("100000", 900.0), (None, None), ("soon", None), ("-3", None), ("0", 0.0)],
)
def test_the_time_to_wait_is_read_where_it_is_told(header: str | None, seconds: float | None) -> None:
    found = classify(429, {"retry-after": header} if header else {}, problem("Too Many Requests", 429))
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == seconds


def test_the_time_to_wait_is_read_from_a_date_too() -> None:
    at = datetime.now(UTC) + timedelta(seconds=60)
    found = classify(429, {"retry-after": format_datetime(at, usegmt=True)}, b"")
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after is not None
    assert 50 < found.retry_after <= 60


def session(url: str, limits: Limits = SPEC.limits) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=classify, repeats_timeouts=limits.repeats_timeouts)


def test_a_call_that_timed_out_is_not_repeated_at_once_because_it_still_holds_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    with wire(silence) as server, pytest.raises(errors.Transient) as met:
        session(server.url).get("/3.0/lists")
    assert (met.value.code, len(server.requests)) == ("no_answer", 1)


def test_a_500_with_an_empty_body_is_an_error_and_repeated() -> None:
    with wire(answer(b"", status="500 Oh"), answer(b"", status="500 Oh"), answer(b'{"ok": true}')) as server:
        assert session(server.url).get("/3.0/ping").body == {"ok": True}
    assert len(server.requests) == 3


def test_a_204_is_a_success() -> None:
    with wire(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as server:
        assert session(server.url).post("/3.0/lists/a/members/b/tags", {}, repeatable=True).body == {}


def test_a_connection_that_is_cut_is_transient() -> None:
    with wire(cut) as server, pytest.raises(errors.Transient):
        session(server.url).get("/3.0/ping")
