"""Every request that our client sends, held against the official description of Square's and Mailchimp's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.providers.square.spec import SCOPES
from tests.contract.account import open_account
from tests.contract.stage import MAILCHIMP, SQUARE, Stage
from tests.judges.journey import travel
from tests.judges.official import Description
from tests.judges.recorder import Recorder, Sent
from tests.provider_sandbox import Sandbox
from tests.sandbox.mailchimp.test_official_spec import SPEC as MAILCHIMP_FILE
from tests.sandbox.test_official_spec import SPEC as SQUARE_FILE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (SQUARE_FILE.exists() and MAILCHIMP_FILE.exists()),
        reason="the official descriptions lie outside the project",
    ),
]

SQUARE_CALLS = {
    "POST /oauth2/token", "POST /oauth2/token/status", "POST /oauth2/revoke", "GET /v2/merchants/{merchant_id}",
    "GET /v2/locations", "POST /v2/customers/search", "POST /v2/customers/bulk-retrieve", "GET /v2/customers/groups",
    "POST /v2/catalog/search", "POST /v2/orders/search", "GET /v2/orders/{order_id}", "GET /v2/payments",
    "GET /v2/refunds", "GET /v2/payouts", "GET /v2/payouts/{payout_id}/payout-entries", "GET /v2/invoices",
    "GET /v2/invoices/{invoice_id}",
}  # fmt: skip
MAILCHIMP_CALLS = {
    "GET /", "GET /lists", "GET /lists/{list_id}", "GET /lists/{list_id}/members",
    "GET /lists/{list_id}/members/{subscriber_hash}", "GET /lists/{list_id}/merge-fields",
    "GET /lists/{list_id}/merge-fields/{merge_id}",
}  # fmt: skip
EDITS = {
    "square": {
        "change": {"customers": 3, "products": 2, "orders": 2, "payments": 2},
        "create": {"customers": 2, "orders": 2, "refunds": 1},
        "delete": {"customers": 1, "products": 1},
    },
    "mailchimp": {"change": {"members": 3}, "create": {"members": 2}, "delete": {"members": 1, "forgotten": 1}},
}


@pytest.fixture
def square() -> Description:
    return Description(SQUARE_FILE)


@pytest.fixture
def mailchimp() -> Description:
    return Description(MAILCHIMP_FILE, base="/3.0")


@pytest.fixture
def recorder(sandbox: Sandbox, settings: Any) -> Iterator[Recorder]:
    """A passage to the sandbox, and Backline's settings pointing at it."""
    recorder = Recorder(sandbox.url)
    settings.SANDBOX_URL = recorder.url
    yield recorder
    recorder.close()


def all_requests(stage: Stage, sandbox: Sandbox, recorder: Recorder) -> list[Sent]:
    """Return what our client sends on a whole journey in small pages; the browser's own steps are left out."""
    account = open_account(stage, sandbox)
    sandbox.ask("POST", f"/{stage.key}/settings", {"page_size": 4})
    travel(account, EDITS[stage.key])
    prefix = f"/mailchimp/{account.told['dc']}" if stage is MAILCHIMP else f"/{stage.key}"
    return [each.below(prefix) for each in recorder.sent if each.headers.get("user-agent") == "Backline"]


def about(description: Description, sent: list[Sent]) -> list[str]:
    return sorted({complaint for each in sent for complaint in description.complaints(each)})


def test_square_finds_no_fault_with_any_request(square: Description, sandbox: Sandbox, recorder: Recorder) -> None:
    sent = all_requests(SQUARE, sandbox, recorder)
    assert about(square, sent) == []
    assert {square.name_of(each) for each in sent} == SQUARE_CALLS
    asked_for = {scope.name for scope in SCOPES}
    assert {name for each in sent for name in square.permissions(each)} <= asked_for


def test_mailchimp_finds_no_fault_with_any_request(
    mailchimp: Description, sandbox: Sandbox, recorder: Recorder
) -> None:
    sent = all_requests(MAILCHIMP, sandbox, recorder)
    of_the_sign_in = [each for each in sent if each.path.startswith("/mailchimp/login/oauth2/")]
    described = [each for each in sent if each not in of_the_sign_in]
    assert about(mailchimp, described) == []
    assert {mailchimp.name_of(each) for each in described} == MAILCHIMP_CALLS
    assert [each.path.rpartition("/")[2] for each in of_the_sign_in] == ["token", "metadata"]  # not in the description


def wrong(method: str, path: str, body: Any = None, *query: tuple[str, str], kind: str = "application/json") -> Sent:
    return Sent(method, path, query, {"content-type": kind}, json.dumps(body).encode() if body is not None else b"")


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (wrong("GET", "/v2/guests"), "no such path"),
        (wrong("DELETE", "/v2/payments"), "no such method"),
        (wrong("GET", "/v2/payments", None, ("locations", "L")), "?locations is not declared"),
        (wrong("GET", "/v2/payments", None, ("limit", "many")), "?limit: 'many' is not of type 'integer'"),
        (wrong("GET", "/v2/payments", None, ("sort_field", "AMOUNT")), "?sort_field: 'AMOUNT' is not one of"),
        (wrong("GET", "/v2/payments", None, ("begin_time", "yesterday")), "'yesterday' is not a 'vendor-time'"),
        (wrong("GET", "/v2/payments", None, ("limit", "5"), ("limit", "6")), "?limit is given 2 times"),
        (wrong("GET", "/v2/payments", {}), "a body is sent, but none is declared"),
        (wrong("POST", "/v2/customers/search", {"limit": 101}), "body.limit: 101 is greater than the maximum of 100"),
        (wrong("POST", "/v2/customers/search", {"limit": "5"}), "body.limit: '5' is not of type 'integer'"),
        (wrong("POST", "/v2/customers/search", {"page": 1}), "'page' was unexpected"),
        (wrong("POST", "/v2/customers/search", {"query": {"sort": {"order": "UP"}}}), "body.query.sort.order: 'UP'"),
        (wrong("POST", "/v2/catalog/search", {"object_types": ["SEAT"]}), "body.object_types.0: 'SEAT' is not one of"),
        (wrong("POST", "/oauth2/token", {"client_id": "x"}), "body: 'grant_type' is a required property"),
        (wrong("POST", "/oauth2/token", {"client_id": "x" * 192, "grant_type": "refresh_token"}), "is too long"),
        (wrong("POST", "/oauth2/token", {}, kind="text/plain"), "the body is text/plain, not JSON"),
    ],
)
def test_the_judge_of_square_notices_a_mistake(square: Description, sent: Sent, complaint: str) -> None:
    assert any(complaint in each for each in square.complaints(sent)), square.complaints(sent)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        (("count", "1001"), "?count: 1001 is greater than the maximum of 1000"),
        (("status", "asleep"), "?status: 'asleep' is not one of"),
        (("sort_dir", "UP"), "?sort_dir: 'UP' is not one of"),
        (("since_last_changed", "2026-01-01T00:00:00"), "is not a 'vendor-time'"),
        (("fields", "members.id,members.shoe_size"), "?fields names members.shoe_size, which no answer has"),
        (("cursor", "x"), "?cursor is not declared"),
    ],
)
def test_the_judge_of_mailchimp_notices_a_mistake(
    mailchimp: Description, query: tuple[str, str], complaint: str
) -> None:
    sent = wrong("GET", "/3.0/lists/a/members", None, query)
    assert any(complaint in each for each in mailchimp.complaints(sent)), mailchimp.complaints(sent)
