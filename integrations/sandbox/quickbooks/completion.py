"""What QuickBooks adds to a written record and insists on: names, numbers, and rules between fields."""

from __future__ import annotations

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.errors import (
    QuickBooksError,
    business,
    duplicate_name,
    duplicate_number,
    missing,
)  # fmt: skip
from integrations.sandbox.quickbooks.facts import account_refs
from integrations.sandbox.quickbooks.kinds import SHARED_NAMES, Kind, Nature
from integrations.sandbox.quickbooks.naming import doc_number
from integrations.sandbox.quickbooks.sums import work_out_payment, work_out_sale

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_PREFIXES = {"Invoice": "", "SalesReceipt": "SR-", "RefundReceipt": "RF-", "CreditMemo": "CM-"}
_HOLDS_MONEY = ("Bank", "Other Current Asset")
_INVENTORY = ("QtyOnHand", "InvStartDate", "AssetAccountRef", "ExpenseAccountRef")


def complete(call: Call, kind: Kind, before: Document | None, document: Document) -> Document:
    """The record as it will be kept. QuickBooksError where it breaks a rule."""
    if kind.name in SHARED_NAMES:
        document = _person(call.company, document)
    elif kind.name == "Item":
        document = _item(call.company, document)
    elif kind.nature is Nature.NAME_LIST:
        document = document | {"FullyQualifiedName": _qualified(call.company, kind.name, document)}
        if kind.name in ("PaymentMethod", "Term"):
            del document["FullyQualifiedName"]
    else:
        document = _transaction(call, kind, before, document)
    if kind.nature is not Nature.TRANSACTION or call.double.settings.unique_numbers:
        _check_unique(call.company, kind, before, document)
    return document


def _person(company: Company, document: Document) -> Document:
    name = document.get("DisplayName") or " ".join(filter(None, (document.get(part) for part in _NAME_PARTS)))
    if not name:
        raise QuickBooksError(6080, "No Name Provided",
                              f"{', '.join(_NAME_PARTS)}, DisplayName - one of these must be non-empty")  # fmt: skip
    document = document | {"DisplayName": name, "CurrencyRef": company.country.currency_ref}
    document.setdefault("PrintOnCheckName", document.get("CompanyName") or name)
    return document if "Vendor1099" in document else document | {"FullyQualifiedName": name}


def _item(company: Company, document: Document) -> Document:
    kind = document["Type"]
    if kind != "Category" and "IncomeAccountRef" not in document:
        raise missing("IncomeAccountRef")
    if kind == "Inventory":
        for name in _INVENTORY:
            if name not in document:
                raise missing(name)
        if not document["TrackQtyOnHand"]:
            raise business("Items with stock must track it: TrackQtyOnHand.")
    document = document | {"SubItem": "ParentRef" in document}
    return document | {"FullyQualifiedName": _qualified(company, "Item", document)}


def _qualified(company: Company, kind: str, document: Document) -> str:
    """The names from the topmost parent down."""
    parent = company.shelves[kind].live(document.get("ParentRef", {}).get("value", ""))
    above = f"{parent.document.get('FullyQualifiedName', parent.document['Name'])}:" if parent else ""
    return above + str(document["Name"])


def _transaction(call: Call, kind: Kind, before: Document | None, document: Document) -> Document:
    company = call.company
    document = {"TxnDate": company.zone.day(call.now)} | document
    if kind.name == "SalesReceipt":
        document = {"DepositToAccountRef": account_refs()["Undeposited"]} | document
    _check_deposit(company, document)
    if kind.name == "Payment":
        return work_out_payment(company, document, before)
    if call.double.settings.tax_codes_demanded:
        _check_codes(company, document)
    document = work_out_sale(company, before, document)
    document.setdefault("DocNumber", _next_number(company, kind.name))
    total = document["TotalAmt"]
    paid = round(before["TotalAmt"] - before["Balance"], 2) if before and kind.name == "Invoice" else 0
    if kind.name == "Invoice":
        document.setdefault("DueDate", company.zone.day(call.now + 30 * DAY))
        document["Balance"] = round(max(0, total - paid), 2)
    if kind.name == "CreditMemo":
        document |= {"Balance": total, "RemainingCredit": total}
    return document


def _check_deposit(company: Company, document: Document) -> None:
    """Money lies in a bank account, or in an asset that is soon to be one."""
    reference = document.get("DepositToAccountRef")
    account = company.shelves["Account"].live(reference["value"]) if reference else None
    if account is not None and account.document["AccountType"] not in _HOLDS_MONEY:
        raise business(f"DepositToAccountRef must be an account of one of the types {', '.join(_HOLDS_MONEY)}.")


def _check_codes(company: Company, document: Document) -> None:
    details = [line.get("SalesItemLineDetail") for line in document["Line"] if line]
    if not company.country.is_american and any(detail and "TaxCodeRef" not in detail for detail in details):
        raise business("Make sure all your transactions have a VAT rate before you save.")


def _next_number(company: Company, kind: str) -> str:
    """The first free number behind all that were given."""
    shelf = company.shelves[kind]
    rank = shelf.next_rank()
    while shelf.named(doc_number(_PREFIXES[kind], rank)) is not None:
        rank += 1
    return doc_number(_PREFIXES[kind], rank)


def _check_unique(company: Company, kind: Kind, before: Document | None, document: Document) -> None:
    name = str(document.get(kind.named_by or "", ""))
    own_id = before["Id"] if before else None
    for shared in SHARED_NAMES if kind.name in SHARED_NAMES else (kind.name,):
        other = company.shelves[shared].named(name)
        if other is None or (shared == kind.name and other.document["Id"] == own_id):
            continue
        if kind.nature is Nature.TRANSACTION:
            raise duplicate_number(name, other.document["Id"])
        raise duplicate_name(kind.named_by or "", other.document["Id"])
