"""What the suite needs to know of each provider, and nothing else. A new provider adds one entry.

Kinds, verbs and actions are those of the control plane of the provider's double (`docs/reference/sandbox*.md`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from integrations.providers import PROVIDERS
from integrations.providers.base import Provider, Stream
from integrations.providers.types import JSON, ObjectType
from tests.contract.toy import TOY

O = ObjectType  # noqa: E741 - as short as the tables want it


@dataclass(frozen=True)
class Watched:
    """One stream as its double sees it.

    `kind` is its truth, `path` that of its list, `key` the name under which an answer holds its records. `spoiled` is
    what makes a record unreadable when it is put into it. `changes`, `creates`, `deletes` are the kinds of the verbs
    whose effect the stream must see, "" where the double or the provider has none. `idle` is how many calls a round
    may cost in which nothing happened; `pages` whether there is enough of it for several pages; `of_ours` tells which
    documents of the truth the stream reads at all.
    """

    kind: str
    path: str
    key: str
    spoiled: Mapping[str, Any]
    changes: str = ""
    creates: str = ""
    deletes: str = ""
    idle: int = 1
    pages: bool = True
    of_ours: Callable[[JSON], bool] = lambda document: True


@dataclass(frozen=True)
class Stage:
    """One provider and its double.

    `sizes` are those of a small account, `opening` what else to say when it is opened. `api_key` is where a new
    account's description holds its key, "" where keys are not taken. `expire` and `revoke` are the wishes that end an
    access for now or for good, `revoke_key` that for a key; `drop` takes one permission away, and where a provider has
    but one, `forbidden` is how it refuses an object. `forgets` is after how long changes are no longer told; `overlaps`
    whether each page begins with the last record of the one before anyway.
    """

    key: str
    sizes: Mapping[str, int]
    streams: Mapping[ObjectType, Watched]
    accounts: str = "accounts"
    api_key: str = ""
    token_path: str = ""
    opening: Mapping[str, Any] = field(default_factory=dict)
    expire: Mapping[str, Any] | None = None
    revoke: Mapping[str, Any] = field(default_factory=lambda: {"action": "revoke"})
    revoke_key: Mapping[str, Any] | None = None
    drop: Mapping[str, Any] | None = None
    forbidden: Mapping[str, Any] | None = None
    forgets: timedelta | None = None
    overlaps: bool = False
    id_of: Callable[[JSON], str] = lambda document: str(document["id"])

    def __str__(self) -> str:
        return self.key

    @property
    def provider(self) -> Provider:
        """The provider as it is registered now; the toy is only so inside its tests."""
        return PROVIDERS.get(self.key, TOY)

    def stream(self, object_type: ObjectType) -> Stream:
        """One of its streams."""
        return self.provider.streams[object_type]


def _square(kind: str, path: str, key: str = "", **more: Any) -> Watched:
    return Watched(kind, path, key or kind, more.pop("spoiled", {"created_at": "yesterday"}), **more)


SQUARE = Stage(
    key="square",
    accounts="merchants",
    opening={"locations": [{"name": "Main Hall", "currency": "GBP"}, {"name": "Canal Bar", "currency": "GBP"}]},
    sizes={"customers": 30, "products": 14, "orders": 36, "refunds": 20, "payout_days": 400, "invoices": 20},
    api_key="personal_token",
    token_path="/oauth2/token",
    expire={"action": "expire"},
    revoke_key={"action": "revoke", "include_personal": True},
    drop={"action": "drop_scope", "include_personal": True},
    streams={
        O.LOCATION: _square("locations", "/v2/locations", pages=False),
        O.CUSTOMER: _square("customers", "/v2/customers/search", changes="customers", creates="customers",
                            deletes="customers", idle=2),
        O.PRODUCT: _square("products", "/v2/catalog/search", "objects", changes="products", creates="products",
                           deletes="products", spoiled={"updated_at": "yesterday"}),
        O.ORDER: _square("orders", "/v2/orders/search", changes="orders", creates="orders"),
        O.PAYMENT: _square("payments", "/v2/payments", changes="payments", creates="orders", idle=2),
        O.REFUND: _square("refunds", "/v2/refunds", changes="refunds", creates="refunds"),
        O.PAYOUT: _square("payouts", "/v2/payouts", creates="payouts", idle=2),
        O.INVOICE: _square("invoices", "/v2/invoices", changes="invoices", deletes="invoices", idle=2),
    },
)  # fmt: skip


def _stripe(kind: str, path: str, **more: Any) -> Watched:
    return Watched(kind, path, "data", {"created": "yesterday"}, **more)


STRIPE = Stage(
    key="stripe",
    opening={"payout_interval": "weekly"},
    sizes={"customers": 30, "products": 14, "charges": 60, "refunds": 20, "invoices": 60},
    api_key="restricted_key",
    revoke_key={"action": "revoke", "include_keys": True},
    drop={"action": "drop_scope"},
    forgets=timedelta(days=30),
    streams={
        O.CUSTOMER: _stripe("customers", "/v1/customers", changes="customers", creates="customers",
                            deletes="customers"),
        O.PRODUCT: _stripe("products", "/v1/products", changes="products", creates="products", deletes="products"),
        O.ORDER: _stripe("checkout_sessions", "/v1/checkout/sessions", creates="charges",
                         of_ours=lambda document: document.get("status") == "complete"),
        O.PAYMENT: _stripe("charges", "/v1/charges", changes="charges", creates="charges"),
        O.REFUND: _stripe("refunds", "/v1/refunds", changes="refunds", creates="refunds"),
        O.PAYOUT: _stripe("payouts", "/v1/payouts", changes="payouts", creates="payouts"),
        O.INVOICE: _stripe("invoices", "/v1/invoices", changes="invoices"),
    },
)  # fmt: skip


def _mailchimp_id(document: JSON) -> str:
    """Contacts go by their lasting id, merge fields by audience and number."""
    if "merge_id" in document:
        return f"{document['list_id']}-{document['merge_id']}"
    return str(document.get("contact_id") or document["id"])


MAILCHIMP = Stage(
    key="mailchimp",
    sizes={"members": 40},
    api_key="api_key",
    revoke_key={"action": "revoke", "include_personal": True},
    forbidden={"title": "Forbidden", "status": 403, "detail": "You do not have permission to do that."},
    id_of=_mailchimp_id,
    streams={
        O.AUDIENCE: Watched("lists", "/{dc}/3.0/lists", "lists", {"date_created": "yesterday"}, pages=False),
        O.MERGE_FIELD: Watched("merge_fields", "/{dc}/3.0/lists/{list}/merge-fields", "merge_fields",
                               {"options": 7}),
        O.CUSTOMER: Watched("members", "/{dc}/3.0/lists/{list}/members", "members",
                            {"timestamp_signup": "yesterday"}, changes="members", creates="members",
                            deletes="forgotten", idle=4),
    },
)  # fmt: skip


def _quickbooks(kind: str, **more: Any) -> Watched:
    return Watched(kind, "/v3/company/{id}/query", kind, {"MetaData": {"CreateTime": "yesterday"}}, **more)


QUICKBOOKS = Stage(
    key="quickbooks",
    sizes={"Customer": 24, "Vendor": 2, "Item": 20, "Invoice": 18, "SalesReceipt": 4, "RefundReceipt": 2,
           "CreditMemo": 2},
    token_path="/oauth2/v1/tokens/bearer",
    expire={"action": "expire"},
    forbidden={"Fault": {"Error": [{"Message": "Permission denied", "code": "5020"}], "type": "ValidationFault"}},
    forgets=timedelta(days=30),
    overlaps=True,
    id_of=lambda document: str(document.get("Id") or document["id"]),
    streams={
        O.ACCOUNT: _quickbooks("Account", changes="Account"),
        O.TAX_CODE: _quickbooks("TaxCode", idle=3),
        O.CLASS: _quickbooks("Class"),
        O.PAYMENT_METHOD: _quickbooks("PaymentMethod"),
        O.CUSTOMER: _quickbooks("Customer", changes="Customer", creates="Customer"),
        O.PRODUCT: _quickbooks("Item", changes="Item", creates="Item",
                               of_ours=lambda document: document.get("Type") != "Category"),
        O.PAYMENT: _quickbooks("Payment", changes="Payment", creates="Payment", deletes="Payment"),
        O.INVOICE: _quickbooks("Invoice", changes="Invoice", creates="Invoice", deletes="Invoice"),
    },
)  # fmt: skip


def _toy(kind: str) -> Watched:
    return Watched(kind, f"/v1/{kind}", "items", {"name": 7}, changes=kind, creates=kind, deletes=kind)


TOY_BOX_OFFICE = Stage(
    key="toy",
    sizes=dict.fromkeys(("doors", "guests", "plays", "genres"), 24),
    api_key="api_key",
    token_path="/token",
    expire={"action": "expire"},
    revoke_key={"action": "revoke"},
    drop={"action": "drop_scope"},
    forgets=timedelta(days=30),
    streams={O.LOCATION: _toy("doors"), O.CUSTOMER: _toy("guests"), O.PRODUCT: _toy("plays"), O.CLASS: _toy("genres")},
)

STAGES = {stage.key: stage for stage in (SQUARE, STRIPE, MAILCHIMP, QUICKBOOKS, TOY_BOX_OFFICE)}
