"""A company at the sandbox, and sessions that show its token."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import requests

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import queries
from integrations.providers.types import Grant, ObjectType
from tests.provider_sandbox import Sandbox

QUICKBOOKS = PROVIDERS["quickbooks"]
APP = {
    "client_id": "ABSandboxBacklineQuickBooksOnlineApplication00",
    "client_secret": "BacklineSandboxQuickBooksSecretLettersOnly",
}
CALLBACK = "http://testserver/api/v1/integrations/oauth/callback/quickbooks"
SIZES = {"Customer": 60, "Item": 24, "Invoice": 40, "SalesReceipt": 0, "RefundReceipt": 0, "CreditMemo": 0}
# The objects of which a company has more than a handful.
PAGED = [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.INVOICE, ObjectType.PAYMENT]
SHARED = [each for each in QUICKBOOKS.streams if each is not ObjectType.TAX_CODE]
Company = dict[str, Any]
Open = Callable[[], ApiSession]


@pytest.fixture
def books(sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox with our application and without limits on how often it is asked."""
    settings.PROVIDER_APPS = settings.PROVIDER_APPS | {"quickbooks": APP}
    settings.PROVIDER_CALLS_PER_SECOND = settings.PROVIDER_CALLS_PER_SECOND | {"quickbooks": 10_000}
    sandbox.ask("POST", "/quickbooks/redirect-uris", {"uri": CALLBACK})
    sandbox.ask("POST", "/quickbooks/settings", {"per_minute": None})
    return sandbox


@pytest.fixture
def company(books: Sandbox) -> Company:
    return open_company(books)


def open_company(books: Sandbox, *, currency: str = "GBP", **sizes: int) -> Company:
    """Return a new company with data of these sizes."""
    wish = {"name": "The Amber Works", "sizes": SIZES | sizes, "currency": currency}
    made: Company = books.ask("POST", "/quickbooks/accounts", wish)
    books.clear_log()
    return made


def opened(company: Company) -> ApiSession:
    """Return a session for the company, as a connection would open it."""
    details = {name: company[name] for name in ("currency", "country")}
    grant = Grant(company["credentials"]["access_token"], account_id=company["id"], details=details)
    return sessions.with_grant(QUICKBOOKS, grant)


def unpaced(books: Sandbox, company: Company) -> ApiSession:
    """Return a session that leaves nothing behind when it is asked to wait; the pace of an account is kept in Redis."""
    return ApiSession(
        base_url=f"{books.url}/quickbooks/v3/company/{company['id']}",
        headers=QUICKBOOKS.spec.headers,
        classify=QUICKBOOKS.classify,
        authorization=lambda: {"Authorization": f"Bearer {company['credentials']['access_token']}"},
    )


@pytest.fixture
def api(company: Company) -> ApiSession:
    return opened(company)


def truth(books: Sandbox, company: Company, object_type: ObjectType) -> dict[str, dict[str, Any]]:
    """Return by id what a perfect reader should know now."""
    url, kind = f"{books.url}/_control/quickbooks/{company['id']}/truth", queries.ENTITIES[object_type]
    answer = requests.get(url, params={"kind": kind}, timeout=60)
    found = [orjson.loads(line) for line in answer.content.splitlines()]
    return {each.get("Id") or each["id"]: each for each in found if each.get("Type") != "Category"}


def act(books: Sandbox, company: Company, how: str, **counts: int) -> dict[str, list[str]]:
    """Let the company's people change, create or delete so many, by entity; return the ids."""
    found: dict[str, list[str]] = books.ask("POST", f"/quickbooks/{company['id']}/{how}", counts)
    return found
