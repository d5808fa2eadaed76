"""Everything that our client writes to Square, held against the official description of its API."""

from __future__ import annotations

from typing import Any

import pytest

from connections import sessions
from integrations.providers.square.spec import SCOPES
from tests.contract.account import open_account, sign_in
from tests.contract.stage import SQUARE
from tests.judges.official import Description
from tests.judges.recorder import Recorder, Sent
from tests.judges.square_writes import write_everything
from tests.provider_sandbox import Sandbox
from tests.sandbox.test_official_spec import SPEC

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SPEC.exists(), reason="the official description lies outside the project"),
]
SQUARE_WRITES = {
    "POST /v2/customers/bulk-create", "POST /v2/customers/bulk-update", "POST /v2/customers/bulk-delete",
    "POST /v2/customers/bulk-retrieve", "POST /v2/customers/search", "POST /v2/catalog/batch-upsert",
    "POST /v2/catalog/batch-delete", "POST /v2/catalog/batch-retrieve", "POST /v2/catalog/search", "POST /v2/orders",
    "PUT /v2/orders/{order_id}", "POST /v2/orders/search", "POST /v2/invoices", "PUT /v2/invoices/{invoice_id}",
    "DELETE /v2/invoices/{invoice_id}", "GET /v2/invoices/{invoice_id}", "POST /v2/invoices/search",
    "POST /v2/invoices/{invoice_id}/publish", "POST /v2/invoices/{invoice_id}/cancel",
}  # fmt: skip


@pytest.fixture
def sent(sandbox: Sandbox, settings: Any) -> list[Sent]:
    """Return everything that is written, as it went over the wire."""
    recorder = Recorder(sandbox.url)
    settings.SANDBOX_URL = recorder.url
    connection = sign_in(open_account(SQUARE, sandbox))
    recorder.sent.clear()
    write_everything(sessions.open_session(connection))
    recorder.close()
    return [each.below("/square") for each in recorder.sent]


def test_square_finds_no_fault_with_anything_that_is_written(sent: list[Sent]) -> None:
    square = Description(SPEC)
    assert sorted({complaint for each in sent for complaint in square.complaints(each)}) == []
    assert {square.name_of(each) for each in sent} == SQUARE_WRITES
    assert {name for each in sent for name in square.permissions(each)} <= {scope.name for scope in SCOPES}
