"""Which entities exist, what they are, and which of their fields a query may name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Nature(StrEnum):
    NAME_LIST = "name list"  # made inactive, never deleted
    TRANSACTION = "transaction"  # deleted or voided
    FACTS = "facts"  # one record about the company


class Of(StrEnum):
    """What a field is compared as."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True)
class Kind:
    """One entity. `named_by` is its unique field, `is_tracked` says whether change data capture shows it."""

    name: str
    nature: Nature
    filters: dict[str, Of]
    named_by: str | None = None
    is_written: bool = True
    is_tracked: bool = True

    @property
    def resource(self) -> str:
        """How paths call it."""
        return self.name.lower()


_ALL = {"Id": Of.TEXT, "MetaData.CreateTime": Of.TIME, "MetaData.LastUpdatedTime": Of.TIME}
_LISTED = _ALL | {"Active": Of.FLAG}
_PEOPLE = _LISTED | {
    **dict.fromkeys(("DisplayName", "GivenName", "MiddleName", "FamilyName", "Suffix", "Title", "CompanyName",
                     "PrintOnCheckName", "PrimaryEmailAddr", "PrimaryPhone"), Of.TEXT),
    "Balance": Of.NUMBER,
}  # fmt: skip
_SALES = _ALL | {
    "DocNumber": Of.TEXT, "TxnDate": Of.DATE, "TotalAmt": Of.NUMBER, "Balance": Of.NUMBER, "CustomerRef": Of.TEXT,
}  # fmt: skip
_PLAIN = _LISTED | {"Name": Of.TEXT, "FullyQualifiedName": Of.TEXT}


def _listed(name: str, **more: Of) -> Kind:
    return Kind(name, Nature.NAME_LIST, _PLAIN | more, named_by="Name")


def _sale(name: str, **more: Of) -> Kind:
    return Kind(name, Nature.TRANSACTION, _SALES | more, named_by="DocNumber")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("Customer", Nature.NAME_LIST, _PEOPLE | {"FullyQualifiedName": Of.TEXT, "Taxable": Of.FLAG,
             "Job": Of.FLAG}, named_by="DisplayName"),
        Kind("Vendor", Nature.NAME_LIST, _PEOPLE, named_by="DisplayName"),
        _listed("Item", Type=Of.TEXT, Sku=Of.TEXT, UnitPrice=Of.NUMBER, SubItem=Of.FLAG, Taxable=Of.FLAG,
                ParentRef=Of.TEXT),
        _sale("Invoice", DueDate=Of.DATE, EmailStatus=Of.TEXT),
        _sale("SalesReceipt", PaymentMethodRef=Of.TEXT, DepositToAccountRef=Of.TEXT),
        Kind("Payment", Nature.TRANSACTION, {name: of for name, of in _SALES.items() if name
             not in ("DocNumber", "Balance")} | {"UnappliedAmt": Of.NUMBER, "PaymentRefNum": Of.TEXT}),
        _sale("RefundReceipt"),
        _sale("CreditMemo"),
        _listed("Account", AccountType=Of.TEXT, AccountSubType=Of.TEXT, Classification=Of.TEXT, AcctNum=Of.TEXT,
                CurrentBalance=Of.NUMBER),
        Kind("TaxCode", Nature.NAME_LIST, _LISTED | {"Name": Of.TEXT}, named_by="Name", is_written=False,
             is_tracked=False),
        Kind("TaxRate", Nature.NAME_LIST, _LISTED | {"Name": Of.TEXT}, named_by="Name", is_written=False,
             is_tracked=False),
        _listed("Class"),
        _listed("Department"),
        _listed("PaymentMethod", Type=Of.TEXT),
        _listed("Term", Type=Of.TEXT),
        Kind("CompanyInfo", Nature.FACTS, _ALL, is_written=False),
        Kind("Preferences", Nature.FACTS, _ALL, is_written=False),
    )
}  # fmt: skip
BY_RESOURCE = {kind.resource: kind for kind in KINDS.values()}
SHARED_NAMES = ("Customer", "Vendor")  # one name may stand only once in all of these
UNTRACKED = {"JournalCode", "TaxAgency", "TimeActivity"} | {kind.name for kind in KINDS.values() if not kind.is_tracked}
