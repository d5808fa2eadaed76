"""What may be written to each entity, field by field, and what each begins with."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.fields import (
    Fields,
    choice,
    country,
    currency,
    day,
    email,
    flag,
    ignored,
    listing,
    number,
    part,
    record_id,
    reference,
    tax_code,
    text,
    unique_name,
)  # fmt: skip

HEAD: Fields = dict.fromkeys(("Id", "SyncToken", "sparse", "domain", "MetaData", "status"), ignored)


def _texts(most: int, *names: str) -> Fields:
    return dict.fromkeys(names, text(most))


def _ignored(*names: str) -> Fields:
    return dict.fromkeys(names, ignored)


def _anything(company: Company, value: object, name: str) -> object:
    return value


_ADDRESS = part(
    _texts(500, "Line1", "Line2", "Line3", "Line4", "Line5")
    | _ignored("Id", "Lat", "Long", "Note")
    | {"City": text(255), "CountrySubDivisionCode": text(255), "Country": country, "PostalCode": text(30)}
)
_PHONE = part({"FreeFormNumber": text(30)})
_EMAIL = part({"Address": email})
_MEMO = part({"value": text(1000)})
_PERSON: Fields = (
    _texts(16, "Title", "Suffix")
    | _texts(100, "GivenName", "MiddleName", "FamilyName")
    | dict.fromkeys(("PrimaryPhone", "AlternatePhone", "Mobile", "Fax"), _PHONE)
    | {
        "CompanyName": text(500), "DisplayName": unique_name(500), "PrintOnCheckName": text(110), "Active": flag,
        "PrimaryEmailAddr": _EMAIL, "WebAddr": part({"URI": text(1000)}), "BillAddr": _ADDRESS,
        "CurrencyRef": currency, "Balance": ignored,
    }
)  # fmt: skip
_CUSTOMER: Fields = _PERSON | {
    "Notes": text(2000), "Taxable": flag, "Job": flag, "BillWithParent": flag, "IsProject": flag,
    "PreferredDeliveryMethod": choice("Print", "Email", "None"), "ResaleNum": text(16), "ShipAddr": _ADDRESS,
    "PrimaryTaxIdentifier": text(20), "DefaultTaxCodeRef": tax_code, "SalesTermRef": reference("Term"),
    "PaymentMethodRef": reference("PaymentMethod"), "ParentRef": reference("Customer"),
    "ARAccountRef": reference("Account"),
    **_ignored("FullyQualifiedName", "BalanceWithJobs", "Level", "OpenBalanceDate"),
}  # fmt: skip
_VENDOR: Fields = _PERSON | {
    "Vendor1099": flag, "AcctNum": text(100), "TaxIdentifier": text(20), "TaxReportingBasis": text(20),
    "BillRate": number, "TermRef": reference("Term"), "APAccountRef": reference("Account"),
}  # fmt: skip
_ITEM: Fields = {
    "Name": unique_name(100), "Description": text(4000), "Active": flag, "SubItem": flag, "Taxable": flag,
    "SalesTaxIncluded": flag, "UnitPrice": number, "Sku": text(100), "PurchaseDesc": text(1000),
    "Type": choice("Inventory", "NonInventory", "Service", "Category"), "PurchaseTaxIncluded": flag,
    "PurchaseCost": number, "TrackQtyOnHand": flag, "QtyOnHand": number, "InvStartDate": day,
    **dict.fromkeys(("AssetAccountRef", "ExpenseAccountRef", "IncomeAccountRef"), reference("Account")),
    "SalesTaxCodeRef": tax_code, "PurchaseTaxCodeRef": tax_code, "ParentRef": reference("Item"),
    **_ignored("FullyQualifiedName", "Level", "AbatementRate", "ReverseChargeRate", "ServiceType",
               "ItemCategoryType"),
}  # fmt: skip
_SALE_DETAIL = part({
    "ItemRef": reference("Item"), "Qty": number, "UnitPrice": number, "TaxCodeRef": tax_code,
    "ClassRef": reference("Class"), "ServiceDate": day, "ItemAccountRef": reference("Account"),
    "DiscountAmt": number, "DiscountRate": number, "TaxInclusiveAmt": number,
    "MarkupInfo": ignored, "PriceLevelRef": ignored,
})  # fmt: skip
_DISCOUNT_DETAIL = part({
    "PercentBased": flag, "DiscountPercent": number, "DiscountAccountRef": reference("Account"),
    "TaxCodeRef": tax_code, "ClassRef": reference("Class"),
})  # fmt: skip
_LINE = part({
    "Id": record_id, "LineNum": number, "Description": text(4000), "Amount": number,
    "DetailType": choice("SalesItemLineDetail", "DiscountLineDetail", "SubTotalLineDetail", "DescriptionOnly"),
    "SalesItemLineDetail": _SALE_DETAIL, "DiscountLineDetail": _DISCOUNT_DETAIL, "SubTotalLineDetail": _anything,
    "DescriptionLineDetail": _anything, "LinkedTxn": ignored, "CustomField": ignored,
}, "DetailType")  # fmt: skip
_TAX = part({"TotalTax": number, "TxnTaxCodeRef": reference("TaxCode"), "TaxLine": ignored})
_SALE: Fields = {
    "DocNumber": text(21), "TxnDate": day, "PrivateNote": text(4000), "CustomerRef": reference("Customer"),
    "CurrencyRef": currency, "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "Line": listing(_LINE), "TxnTaxDetail": _TAX, "CustomerMemo": _MEMO, "BillEmail": _EMAIL,
    "BillAddr": _ADDRESS, "ShipAddr": _ADDRESS, "DepartmentRef": reference("Department"),
    "ClassRef": reference("Class"), "ApplyTaxAfterDiscount": flag, "ShipDate": day, "TrackingNum": text(31),
    "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"),
    "ExchangeRate": number, "CustomField": _anything, "TxnSource": text(20),
    **_ignored("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "LinkedTxn", "FreeFormAddress", "RecurDataRef",
               "ShipMethodRef", "DeliveryInfo", "TaxExemptionRef"),
}  # fmt: skip
_INVOICE: Fields = _SALE | {
    "DueDate": day, "SalesTermRef": reference("Term"), "BillEmailCc": _EMAIL, "BillEmailBcc": _EMAIL, "Deposit": number,
    **dict.fromkeys(("AllowIPNPayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"), flag),
    **_ignored("InvoiceLink", "EInvoiceStatus"),
}  # fmt: skip
_PAID: Fields = _SALE | {
    "PaymentRefNum": text(21), "PaymentMethodRef": reference("PaymentMethod"),
    "DepositToAccountRef": reference("Account"), "PaymentType": text(20),
    **_ignored("CreditCardPayment", "CheckPayment"),
}  # fmt: skip
_LINKED = part({"TxnId": record_id, "TxnType": choice("Invoice", "CreditMemo"), "TxnLineId": ignored},
               "TxnId", "TxnType")  # fmt: skip
_PAYMENT: Fields = {
    "CustomerRef": reference("Customer"), "TotalAmt": number, "CurrencyRef": currency, "TxnDate": day,
    "PrivateNote": text(4000), "PaymentRefNum": text(21), "PaymentMethodRef": reference("PaymentMethod"),
    "DepositToAccountRef": reference("Account"), "ARAccountRef": reference("Account"), "ProcessPayment": flag,
    "Line": listing(part({"Amount": number, "LinkedTxn": listing(_LINKED), "LineEx": ignored, "Id": ignored,
                          "LineNum": ignored})),
    "ExchangeRate": number, "TxnSource": text(20),
    **_ignored("UnappliedAmt", "CreditCardPayment", "TxnStatus", "TaxExemptionRef", "TransactionLocationType"),
}  # fmt: skip
_PLAIN: Fields = {"Name": unique_name(100), "Active": flag, "FullyQualifiedName": ignored}


def _sub(flag_name: str, kind: str) -> Fields:
    return _PLAIN | {flag_name: flag, "ParentRef": reference(kind)}


TABLES: dict[str, Fields] = {
    "Customer": _CUSTOMER,
    "Vendor": _VENDOR,
    "Item": _ITEM,
    "Invoice": _INVOICE,
    "SalesReceipt": _PAID,
    "RefundReceipt": _PAID,
    "CreditMemo": _SALE | {"RemainingCredit": ignored, "SalesTermRef": reference("Term")},
    "Payment": _PAYMENT,
    "Account": _sub("SubAccount", "Account") | {
        "AccountType": text(100), "AccountSubType": text(100), "Description": text(4000), "AcctNum": text(7),
        "CurrencyRef": currency, "Classification": text(20), "TaxCodeRef": tax_code,
        **_ignored("CurrentBalance", "CurrentBalanceWithSubAccounts"),
    },
    "Class": _sub("SubClass", "Class"),
    "Department": _sub("SubDepartment", "Department"),
    "PaymentMethod": _PLAIN | {"Type": choice("CREDIT_CARD", "NON_CREDIT_CARD")},
    "Term": _PLAIN | {
        "Type": choice("STANDARD", "DATE_DRIVEN"),
        **dict.fromkeys(("DiscountPercent", "DueDays", "DiscountDays", "DayOfMonthDue", "DueNextMonthDays",
                         "DiscountDayOfMonth"), number),
    },
}  # fmt: skip
REQUIRED: dict[str, tuple[str, ...]] = {
    "Item": ("Name", "Type"), "Invoice": ("CustomerRef", "Line"), "SalesReceipt": ("Line",),
    "RefundReceipt": ("Line", "DepositToAccountRef"), "CreditMemo": ("CustomerRef", "Line"),
    "Payment": ("CustomerRef", "TotalAmt"), "Account": ("Name", "AccountType"), "Class": ("Name",),
    "Department": ("Name",), "PaymentMethod": ("Name",), "Term": ("Name",),
}  # fmt: skip
_SALE_START: Document = {
    "GlobalTaxCalculation": "TaxExcluded", "ApplyTaxAfterDiscount": False, "PrintStatus": "NotSet", "Balance": 0,
}  # fmt: skip
STARTS: dict[str, Document] = {
    "Customer": {"Taxable": True, "Job": False, "BillWithParent": False, "Balance": 0, "BalanceWithJobs": 0,
                 "PreferredDeliveryMethod": "None", "IsProject": False, "Active": True},
    "Vendor": {"Balance": 0, "Vendor1099": False, "Active": True},
    "Item": {"Active": True, "SubItem": False, "Taxable": False, "UnitPrice": 0, "PurchaseCost": 0,
             "TrackQtyOnHand": False},
    "Invoice": _SALE_START | {"EmailStatus": "NotSet", "LinkedTxn": []},
    "SalesReceipt": _SALE_START | {"EmailStatus": "NotSet"},
    "RefundReceipt": _SALE_START,
    "CreditMemo": _SALE_START | {"EmailStatus": "NotSet", "RemainingCredit": 0},
    "Payment": {"Line": [], "ProcessPayment": False, "UnappliedAmt": 0},
    "Account": {"SubAccount": False, "Active": True, "CurrentBalance": 0, "CurrentBalanceWithSubAccounts": 0},
    "Class": {"SubClass": False, "Active": True},
    "Department": {"SubDepartment": False, "Active": True},
    "PaymentMethod": {"Type": "NON_CREDIT_CARD", "Active": True},
    "Term": {"Type": "STANDARD", "DiscountPercent": 0, "DueDays": 0, "Active": True},
}  # fmt: skip
