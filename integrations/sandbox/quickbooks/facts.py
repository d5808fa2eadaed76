"""The lists that every company has from the start: accounts, taxes, classes, departments, ways to pay, terms."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.countries import Country

#: short name for our own use, name, type, subtype, classification
_ACCOUNTS = [
    ("Undeposited", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset"),
    ("Bank", "Business Current Account", "Bank", "Checking", "Asset"),
    ("Debtors", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset"),
    ("Sales", "Sales of Product Income", "Income", "SalesOfProductIncome", "Revenue"),
    ("Tickets", "Ticket Income", "Income", "ServiceFeeIncome", "Revenue"),
    ("Cost", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", "Expense"),
    ("Stock", "Inventory Asset", "Other Current Asset", "Inventory", "Asset"),
    ("Fees", "Card Fees", "Expense", "BankCharges", "Expense"),
    ("Tax", "Tax Control", "Other Current Liability", "GlobalTaxPayable", "Liability"),
    ("Creditors", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "Liability"),
    ("Equity", "Retained Earnings", "Equity", "RetainedEarnings", "Equity"),
]
_CLASSES = ["Club nights", "Concerts", "Bar", "Workshops"]
_DEPARTMENTS = ["Main Hall", "Canal Bar"]
_METHODS = [("Cash", "NON_CREDIT_CARD"), ("Card", "CREDIT_CARD"), ("Bank transfer", "NON_CREDIT_CARD")]
_TERMS = [("Due on receipt", 0), ("Net 14", 14), ("Net 30", 30)]


def account_refs() -> dict[str, Document]:
    """References to the accounts by our short names."""
    return {short: {"value": str(place + 1), "name": name} for place, (short, name, *_) in enumerate(_ACCOUNTS)}


def accounts(country: Country) -> list[Document]:
    return [
        {
            "Name": name, "SubAccount": False, "FullyQualifiedName": name, "Active": True,
            "Classification": classification, "AccountType": kind, "AccountSubType": subtype, "CurrentBalance": 0,
            "CurrentBalanceWithSubAccounts": 0, "CurrencyRef": country.currency_ref,
        }
        for _, name, kind, subtype, classification in _ACCOUNTS
    ]  # fmt: skip


def tax_codes(country: Country) -> list[Document]:
    """One code for each rate. American lines say TAX or NON instead."""
    return [
        {
            "Name": name, "Description": f"{name} {percent:g}%", "Active": True, "Taxable": percent > 0,
            "TaxGroup": True, "SalesTaxRateList": _rates(place, name), "PurchaseTaxRateList": {"TaxRateDetail": []},
        }
        for place, (name, percent) in enumerate(country.taxes)
    ]  # fmt: skip


def _rates(place: int, name: str) -> Document:
    rate = {"TaxRateRef": {"value": str(place + 1), "name": name}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}
    return {"TaxRateDetail": [rate]}


def tax_rates(country: Country) -> list[Document]:
    return [
        {
            "Name": name, "Description": f"{name} {percent:g}%", "Active": True, "RateValue": percent,
            "AgencyRef": {"value": "1"}, "SpecialTaxType": "NONE", "DisplayType": "ReadOnly",
        }
        for name, percent in country.taxes
    ]  # fmt: skip


def classes() -> list[Document]:
    return [{"Name": name, "SubClass": False, "FullyQualifiedName": name, "Active": True} for name in _CLASSES]


def departments() -> list[Document]:
    return [{"Name": name, "SubDepartment": False, "FullyQualifiedName": name, "Active": True}
            for name in _DEPARTMENTS]  # fmt: skip


def payment_methods() -> list[Document]:
    return [{"Name": name, "Active": True, "Type": kind} for name, kind in _METHODS]


def terms() -> list[Document]:
    return [{"Name": name, "Active": True, "Type": "STANDARD", "DiscountPercent": 0, "DueDays": days}
            for name, days in _TERMS]  # fmt: skip


def company_info(name: str, country: Country) -> list[Document]:
    town, region, postcode = country.towns[0]
    address = {
        "Id": "1", "Line1": "17 Lower Marsh", "City": town, "CountrySubDivisionCode": region, "PostalCode": postcode,
        "Country": country.iso3,
    }  # fmt: skip
    slug = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
    return [
        {
            "CompanyName": name, "LegalName": name, "CompanyAddr": address, "LegalAddr": address,
            "Country": country.code, "Email": {"Address": f"accounts@{slug or 'venue'}.example.com"},
            "FiscalYearStartMonth": "January", "SupportedLanguages": "en",
            "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        }
    ]  # fmt: skip


# Of the three fields of a form two are in use.
_CUSTOM_FIELDS: list[Document] = [
    {"CustomField": [
        {"Name": f"SalesFormsPrefs.UseSalesCustom{number}", "Type": "BooleanType", "BooleanValue": is_on}
        for number, is_on in ((1, True), (2, True), (3, False))
    ]},
    {"CustomField": [
        {"Name": f"SalesFormsPrefs.SalesCustomName{number}", "Type": "StringType", "StringValue": name}
        for number, name in ((1, "Event"), (2, "Promoter"))
    ]},
]  # fmt: skip


def preferences(country: Country) -> list[Document]:
    return [
        {
            "AccountingInfoPrefs": {"FirstMonthOfFiscalYear": "January", "UseAccountNumbers": False,
                                    "ClassTrackingPerTxn": False, "TrackDepartments": True},
            "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDeposit": True, "AllowDiscount": True,
                                "DefaultTerms": {"value": "3"}, "CustomField": _CUSTOM_FIELDS},
            "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": country.currency}},
            "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": country.is_american},
            "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True, "QuantityOnHand": True},
        }
    ]  # fmt: skip
