"""What a company decides for itself: custom fields of its forms, and which accounts and tax codes there are.

Custom fields stand in the preferences: one call, which Intuit counts. Accounts and tax codes are read anyway: what is
stored of them says which there are, without a call.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, fields
from integrations.providers.quickbooks.fields import CUSTOM_FIELD
from integrations.providers.types import JSON, Field, ObjectType

_FORMS = (ObjectType.ORDER, ObjectType.INVOICE, ObjectType.REFUND)
_SWITCH, _NAME = "SalesFormsPrefs.UseSalesCustom", "SalesFormsPrefs.SalesCustomName"
_INCOME, _MONEY = frozenset({"Income", "Other Income"}), frozenset({"Bank", "Other Current Asset"})
# Which fields point to an account of which kinds, and which to a tax code.
_ACCOUNTS: Mapping[tuple[ObjectType, str], frozenset[str]] = {
    (ObjectType.PRODUCT, "IncomeAccountRef.value"): _INCOME,
    (ObjectType.ORDER, "DepositToAccountRef.value"): _MONEY,
    (ObjectType.REFUND, "DepositToAccountRef.value"): _MONEY,
}
_TAX_CODES: tuple[tuple[ObjectType, str], ...] = (
    (ObjectType.PRODUCT, "SalesTaxCodeRef.value"), (ObjectType.ORDER, "taxed_code"),
    (ObjectType.ORDER, "untaxed_code"), (ObjectType.REFUND, "untaxed_code"),
)  # fmt: skip
_STATIC: Mapping[ObjectType, tuple[Field, ...]] = {
    ObjectType.PRODUCT: fields.PRODUCT,
    ObjectType.ORDER: fields.SALES_RECEIPT,
    ObjectType.REFUND: fields.REFUND_RECEIPT,
}
_ALWAYS = ("TAX", "NON")  # what companies in the United States call taxed and untaxed, beside their tax codes


class QuickBooksSchema:
    """One call for the custom fields; the rest is seen in what is stored."""

    decided: ClassVar[Mapping[ObjectType, tuple[str, ...]]] = dict.fromkeys(_FORMS, (CUSTOM_FIELD,))
    looks_at: ClassVar[tuple[ObjectType, ...]] = (ObjectType.ACCOUNT, ObjectType.TAX_CODE)

    def live(self, api: ApiSession, chosen: Mapping[ObjectType, Sequence[str]]) -> dict[ObjectType, list[Field]]:
        """Return the custom fields that are switched on, of every form of a sale."""
        preferences: Any = client.get(api, "/preferences").body.get("Preferences")
        if not isinstance(preferences, dict):
            raise Transient("QuickBooks did not show the company's preferences.", code="unreadable")
        found = list(_custom(preferences.get("SalesFormsPrefs") or {}))
        return dict.fromkeys(_FORMS, found)

    def seen(self, stored: Mapping[ObjectType, Iterable[JSON]]) -> dict[ObjectType, list[Field]]:
        """Return the fields that hold an account or a tax code, with those that are in use as choices."""
        accounts, codes = (
            [raw for raw in stored.get(kind, ()) if raw.get("Active") is not False]
            for kind in (ObjectType.ACCOUNT, ObjectType.TAX_CODE)
        )
        found: dict[ObjectType, list[Field]] = {}
        for (kind, name), sorts in _ACCOUNTS.items():
            _add(found, kind, name, [str(raw["Id"]) for raw in accounts if raw.get("AccountType") in sorts])
        for kind, name in _TAX_CODES:
            _add(found, kind, name, [*(str(raw["Id"]) for raw in codes), *_ALWAYS] if codes else [])
        return found


def _custom(forms: JSON) -> Iterator[Field]:
    """Yield a field for each switch that is on; its number is what the forms themselves say."""
    told = {
        str(each.get("Name")): each
        for group in forms.get("CustomField") or ()
        for each in group.get("CustomField") or ()
    }
    for name, each in sorted(told.items()):
        number = name.removeprefix(_SWITCH)
        if name.startswith(_SWITCH) and each.get("BooleanValue") is True:
            label = str((told.get(f"{_NAME}{number}") or {}).get("StringValue") or f"Custom field {number}")
            yield Field(f"{CUSTOM_FIELD}{number}", label, stable=number, longest=31)


def _add(found: dict[ObjectType, list[Field]], kind: ObjectType, name: str, choices: list[str]) -> None:
    static = next((each for each in _STATIC[kind] if each.id == name), None)
    if static is not None and choices:
        found.setdefault(kind, []).append(replace(static, choices=tuple(sorted(set(choices)))))
