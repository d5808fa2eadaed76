"""The official clients as independent judges: they must find their way around without special treatment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, ObjectNotFoundException, QuickbooksException
from quickbooks.objects.base import LinkedTxn, Ref
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.salesreceipt import SalesReceipt

from integrations.sandbox.quickbooks.carrier import signature
from tests.sandbox.quickbooks.conftest import CALLBACK, CLIENT_ID, CLIENT_SECRET, Books, consent


@pytest.fixture
def client(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    credentials = books.account["credentials"]
    auth = SimpleNamespace(environment="production", client_id=CLIENT_ID, **credentials)
    client: Any = QuickBooks(auth_client=auth, company_id=books.realm, minorversion=75)
    client.api_url_v3 = f"{books.url}/v3"
    yield client
    client.session.close()


@pytest.fixture
def auth(books: Books) -> Iterator[Any]:
    discovery = f"{books.url}/.well-known/openid_sandbox_configuration/"
    with AuthClient(CLIENT_ID, CLIENT_SECRET, CALLBACK, discovery) as auth:
        yield auth


def ref(value: str) -> Any:
    made: Any = Ref()
    made.value = value
    return made


def sale_line(amount: float) -> Any:
    made: Any = SalesItemLine()
    made.Amount = amount
    made.SalesItemLineDetail = SalesItemLineDetail()
    made.SalesItemLineDetail.ItemRef, made.SalesItemLineDetail.TaxCodeRef = ref("4"), ref("3")
    return made


def test_it_obtains_rotates_and_revokes_tokens(books: Books, auth: Any) -> None:
    assert auth.get_authorization_url([Scopes.ACCOUNTING], "s-1").startswith(f"{books.url}/connect/oauth2?client_id=")
    back = consent(books)
    auth.get_bearer_token(back.params["code"], realm_id=back.params["realmId"])
    first = auth.refresh_token
    auth.refresh()
    assert (auth.refresh_token != first, auth.expires_in, auth.realm_id) == (True, 3600, books.realm)
    with pytest.raises(AuthClientError, match="Incorrect or invalid refresh token") as refused:
        auth.refresh(first)
    assert refused.value.status_code == 400
    assert refused.value.intuit_tid
    assert auth.revoke()
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_it_opens_a_session_by_itself_and_so_rotates(books: Books, auth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    granted = books.tokens("grant")
    client: Any = QuickBooks(auth_client=auth, refresh_token=granted["refresh_token"], company_id=books.realm,
                             minorversion=75)  # fmt: skip
    client.api_url_v3 = f"{books.url}/v3"
    assert client.refresh_token != granted["refresh_token"]
    assert len(Customer.all(qb=client)) == 100


def test_it_queries_counts_and_reads(books: Books, client: Any) -> None:
    truth = books.truth("Customer")
    found = Customer.query("SELECT * FROM Customer ORDERBY Id STARTPOSITION 101 MAXRESULTS 100", qb=client)
    assert [one.Id for one in found] == [one["Id"] for one in truth.values() if one["Active"]][100:]
    assert Customer.count(qb=client) == len([one for one in truth.values() if one["Active"]])
    assert Customer.get(5, qb=client).DisplayName == truth["5"]["DisplayName"]
    assert [one.Id for one in Customer.choose(["1", "5"], qb=client)] == ["1", "5"]
    assert [one.Id for one in Customer.filter(Active=False, qb=client)] == [
        one["Id"] for one in truth.values() if not one["Active"]
    ]
    assert len(Item.all(qb=client)) == 24
    with pytest.raises(ObjectNotFoundException):
        Customer.get(99999, qb=client)


def test_it_creates_and_updates_a_customer(books: Books, client: Any) -> None:
    made: Any = Customer()
    made.DisplayName, made.Notes = "Ottoline O'Neill", "Balcony"
    made = made.save(qb=client, request_id="first")
    assert Customer.where("DisplayName = 'Ottoline O\\'Neill'", qb=client)[0].Id == made.Id
    made.Notes = "Stalls"
    made.save(qb=client)
    assert books.truth("Customer")[made.Id]["Notes"] == "Stalls"


def test_a_sparse_body_of_our_own_changes_one_field_only(books: Books, client: Any) -> None:
    before = books.truth("Customer")["5"]
    body = {"Id": "5", "SyncToken": before["SyncToken"], "sparse": True, "Notes": "Row C"}
    client.update_object("Customer", json.dumps(body), request_id="sparse")
    after = books.truth("Customer")["5"]
    assert {name for name in after if after.get(name) != before.get(name)} == {"Notes", "SyncToken", "MetaData"}
    with pytest.raises(QuickbooksException) as refused:
        client.update_object("Customer", json.dumps(body))
    assert refused.value.error_code == 5010


def test_it_writes_pays_voids_and_deletes_sales(books: Books, client: Any) -> None:
    invoice: Any = Invoice()
    invoice.CustomerRef, invoice.Line = ref("1"), [sale_line(80)]
    invoice = invoice.save(qb=client)
    payment: Any = Payment()
    payment.CustomerRef, payment.TotalAmt = ref("1"), 80
    linked: Any = LinkedTxn()
    linked.TxnId, linked.TxnType = invoice.Id, "Invoice"
    line: Any = PaymentLine()
    line.Amount, line.LinkedTxn = 80, [linked]
    payment.Line = [line]
    payment = payment.save(qb=client)
    assert Invoice.get(invoice.Id, qb=client).Balance == 0
    payment.delete(qb=client)
    assert Invoice.get(invoice.Id, qb=client).Balance == 80
    fresh = Invoice.get(invoice.Id, qb=client)
    fresh.void(qb=client)
    assert Invoice.get(invoice.Id, qb=client).TotalAmt == 0
    receipt: Any = SalesReceipt()
    receipt.Line = [sale_line(12.5)]
    receipt = receipt.save(qb=client)
    receipt.void(qb=client)
    assert SalesReceipt.get(receipt.Id, qb=client).TotalAmt == 0


def test_it_sends_a_batch(client: Any) -> None:
    customers: list[Any] = [Customer(), Customer()]
    customers[0].DisplayName = customers[1].DisplayName = "One of two"
    answer = batch_create(customers, qb=client)
    assert (len(answer.successes), len(answer.faults)) == (1, 1)
    assert answer.faults[0].Error[0].code == "6240"


def test_it_captures_changes(books: Books, client: Any) -> None:
    since = (datetime.now(UTC) - timedelta(seconds=2)).isoformat(timespec="seconds")
    changed, gone = books.edit("change", Customer=2)["Customer"], books.edit("delete", SalesReceipt=1)["SalesReceipt"]
    seen: Any = change_data_capture([Customer, SalesReceipt, Item], since, qb=client)
    assert {one.Id for one in seen.Customer} == set(changed)
    assert [(one.Id, one.status) for one in seen.SalesReceipt] == [(gone[0], "Deleted")]
    assert not hasattr(seen, "Item")


def test_it_is_told_of_dead_tokens_and_limits(books: Books, client: Any) -> None:
    books.settings(per_minute=0)
    with pytest.raises(QuickbooksException) as throttled:
        Customer.all(qb=client)
    books.settings(per_minute=None)
    books.tokens("expire")
    with pytest.raises(AuthorizationException):
        Customer.all(qb=client)
    assert throttled.value.error_code == 10000


def test_it_accepts_our_webhook_signature(books: Books, client: Any) -> None:
    token, body = books.state()["verifier_token"], '[{"id":"1"}]'
    assert client.validate_webhook_signature(body, signature(token, body.encode()), token)
