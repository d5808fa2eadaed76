"""Which fields QuickBooks' objects have, as the mapping rules name them. Source: Intuit's API reference, November 2026.

Ids with a capital letter are QuickBooks' own paths; the others are worked out in `records.py`.
"""

from integrations.providers.types import Field
from integrations.providers.types import FieldType as T

# Besides these the forms of a sale have what the company made for them, by the number of the custom field.
CUSTOM_FIELD = "CustomField."

_TIMES = (
    Field("MetaData.CreateTime", "Created", T.DATETIME),
    Field("MetaData.LastUpdatedTime", "Last changed", T.DATETIME),
)
_ADDRESS = (
    ("Line1", "line 1", 500),
    ("Line2", "line 2", 500),
    ("City", "town or city", 255),
    ("CountrySubDivisionCode", "county or state", 255),
    ("PostalCode", "postcode", 30),
)

ACCOUNT: tuple[Field, ...] = (
    Field("Id", "Account ID"),
    Field("Name", "Name"),
    Field("FullyQualifiedName", "Name with those it is part of"),
    Field("AcctNum", "Account number"),
    Field(
        "Classification", "Side of the books", T.CHOICE, choices=("Asset", "Equity", "Expense", "Liability", "Revenue")
    ),
    Field("AccountType", "Kind", T.CHOICE),
    Field("AccountSubType", "Kind in detail", T.CHOICE),
    Field("Description", "Description"),
    Field("CurrencyRef.value", "Currency"),
    Field("ParentRef.value", "Part of", T.REFERENCE),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
TAX_CODE: tuple[Field, ...] = (
    Field("Id", "Tax code ID"),
    Field("Name", "Name"),
    Field("Description", "Description"),
    Field("Taxable", "Taxable", T.BOOLEAN),
    Field("TaxGroup", "Made of several rates", T.BOOLEAN),
    Field("Hidden", "Hidden", T.BOOLEAN),
    Field("sales_rate", "Rate on sales in per cent"),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
CLASS: tuple[Field, ...] = (
    Field("Id", "Class ID"),
    Field("Name", "Name"),
    Field("FullyQualifiedName", "Name with those it is part of"),
    Field("ParentRef.value", "Part of", T.REFERENCE),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
PAYMENT_METHOD: tuple[Field, ...] = (
    Field("Id", "Payment method ID"),
    Field("Name", "Name"),
    Field("Type", "Kind", T.CHOICE),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
CUSTOMER: tuple[Field, ...] = (
    Field("Id", "Customer ID"),
    Field("DisplayName", "Display name", longest=500),
    Field("Title", "Title", longest=16),
    Field("GivenName", "First name", longest=100),
    Field("MiddleName", "Middle name", longest=100),
    Field("FamilyName", "Last name", longest=100),
    Field("Suffix", "Suffix", longest=16),
    Field("CompanyName", "Company", longest=500),
    Field("company_or_display_name", "Company, or the display name where there is no other name"),
    Field("FullyQualifiedName", "Name with those it is part of"),
    Field("PrimaryEmailAddr.Address", "E-mail address", T.EMAIL, longest=100),
    Field("phone", "Phone number: main, else mobile, else other", T.PHONE),
    Field("PrimaryPhone.FreeFormNumber", "Main phone number", T.PHONE, longest=30),
    Field("Mobile.FreeFormNumber", "Mobile number", T.PHONE, longest=30),
    Field("AlternatePhone.FreeFormNumber", "Other phone number", T.PHONE, longest=30),
    Field("WebAddr.URI", "Website", longest=1000),
    *(Field(f"BillAddr.{name}", f"Billing address: {label}", longest=most) for name, label, most in _ADDRESS),
    Field("BillAddr.Country", "Billing address: country", T.COUNTRY),
    *(Field(f"ShipAddr.{name}", f"Shipping address: {label}", longest=most) for name, label, most in _ADDRESS),
    Field("ShipAddr.Country", "Shipping address: country", T.COUNTRY),
    Field("Notes", "Notes", longest=2000),
    Field("PreferredDeliveryMethod", "Gets documents by", T.CHOICE, choices=("Print", "Email", "None")),
    Field("ParentRef.value", "Part of", T.REFERENCE),
    Field("Job", "Is part of another customer", T.BOOLEAN),
    Field("IsProject", "Is a project", T.BOOLEAN),
    Field("Taxable", "Taxable", T.BOOLEAN),
    Field("CurrencyRef.value", "Currency"),
    Field("Balance", "Still to pay", T.MONEY),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
PRODUCT: tuple[Field, ...] = (
    Field("Id", "Item ID"),
    Field("Name", "Name", required=True, longest=100),
    Field("FullyQualifiedName", "Name with its category"),
    Field("category", "Category"),
    Field("Description", "Description", longest=4000),
    Field("Sku", "SKU", longest=100),
    Field(
        "Type",
        "Kind of item",
        T.CHOICE,
        choices=("Inventory", "NonInventory", "Service", "Group", "Category", "Bundle"),
    ),
    Field("UnitPrice", "Price", T.MONEY),
    Field("QtyOnHand", "In stock", T.NUMBER),
    Field("Taxable", "Taxable", T.BOOLEAN),
    Field("SalesTaxCodeRef.value", "Tax code", T.REFERENCE),
    Field("IncomeAccountRef.value", "Income account", T.REFERENCE),
    Field("ParentRef.value", "Part of", T.REFERENCE),
    Field("variants", "The item as its only variant", T.LIST),
    Field("Active", "Active", T.BOOLEAN),
    *_TIMES,
)
INVOICE: tuple[Field, ...] = (
    Field("Id", "Invoice ID"),
    Field("DocNumber", "Number", longest=21),
    Field("TxnDate", "Issued on", T.DATE),
    Field("DueDate", "Due on", T.DATE),
    Field("CustomerRef.value", "Customer", T.REFERENCE),
    Field("CustomerRef.name", "Customer's name"),
    Field("BillEmail.Address", "Sent to", T.EMAIL, longest=100),
    Field("EmailStatus", "Sent by e-mail", T.CHOICE, choices=("NotSet", "NeedToSend", "EmailSent")),
    Field("status", "Status", T.CHOICE),
    Field("TotalAmt", "Total", T.MONEY),
    Field("Balance", "Still to pay", T.MONEY),
    Field("Deposit", "Paid in advance", T.MONEY),
    Field("TxnTaxDetail.TotalTax", "Tax", T.MONEY),
    Field("currency", "Currency"),
    Field("lines", "Lines", T.LIST),
    Field("payment_ids", "Payments", T.LIST),
    Field("CustomerMemo.value", "Message to the customer"),
    Field("PrivateNote", "Note"),
    *_TIMES,
)
PAYMENT: tuple[Field, ...] = (
    Field("Id", "Payment ID"),
    Field("PaymentRefNum", "Reference"),
    Field("TxnDate", "Paid on", T.DATE),
    Field("paid_at", "Paid", T.DATETIME),
    Field("CustomerRef.value", "Customer", T.REFERENCE),
    Field("CustomerRef.name", "Customer's name"),
    Field("PaymentMethodRef.value", "Payment method", T.REFERENCE),
    Field("PaymentMethodRef.name", "Payment method's name"),
    Field("DepositToAccountRef.value", "Paid into", T.REFERENCE),
    Field("status", "Status", T.CHOICE),
    Field("TotalAmt", "Amount", T.MONEY),
    Field("UnappliedAmt", "Not yet matched to invoices", T.MONEY),
    Field("currency", "Currency"),
    Field("invoice_id", "Invoice, where it paid one only", T.REFERENCE),
    Field("invoice_ids", "Invoices", T.LIST),
    Field("PrivateNote", "Note"),
    *_TIMES,
)

SALES_RECEIPT: tuple[Field, ...] = (
    Field("Id", "Sales receipt ID"),
    Field("DocNumber", "Number", longest=21),
    Field("TxnDate", "Day", T.DATE),
    Field("placed_on", "Day on which it was placed, where there is no other", T.DATE),
    Field("status", "Status: completed, or void", T.CHOICE),
    Field("CustomerRef.value", "Customer", T.REFERENCE),
    Field("CustomerRef.name", "Customer's name"),
    Field("TotalAmt", "Total", T.MONEY),
    Field("currency", "Currency"),
    Field("lines", "Lines", T.LIST),
    Field("discounts", "Discounts", T.LIST),
    Field("taxes", "Taxes", T.LIST),
    Field("tip", "Tip", T.MONEY),
    Field("tip_item", "Item that tips are booked to", T.REFERENCE),
    Field("service_charge", "Service charge", T.MONEY),
    Field("service_charge_item", "Item that service charges are booked to", T.REFERENCE),
    Field("taxed_code", "Tax code of what bears tax", T.REFERENCE),
    Field("untaxed_code", "Tax code of what bears none", T.REFERENCE),
    Field("DepositToAccountRef.value", "Paid into", T.REFERENCE),
    Field("PrivateNote", "Note"),
    *_TIMES,
)
REFUND_RECEIPT: tuple[Field, ...] = (
    Field("Id", "Refund receipt ID"),
    Field("DocNumber", "Number", longest=21),
    Field("TxnDate", "Day", T.DATE),
    Field("status", "Status: completed, or void", T.CHOICE),
    Field("CustomerRef.value", "Customer", T.REFERENCE),
    Field("CustomerRef.name", "Customer's name"),
    Field("TotalAmt", "Amount", T.MONEY),
    Field("currency", "Currency"),
    Field("reason", "Reason"),
    Field("payment", "Payment that was refunded", T.REFERENCE),
    Field("ItemRef.value", "Item that refunds are booked to", T.REFERENCE),
    Field("untaxed_code", "Tax code", T.REFERENCE),
    Field("DepositToAccountRef.value", "Paid from", T.REFERENCE),
    Field("PrivateNote", "Note"),
    *_TIMES,
)

# What may be written; the rest QuickBooks works out itself, or it belongs to the owner's bookkeeping.
CUSTOMER_WRITABLE: frozenset[str] = frozenset({
    "DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "CompanyName",
    "company_or_display_name", "PrimaryEmailAddr.Address", "phone", "PrimaryPhone.FreeFormNumber",
    "Mobile.FreeFormNumber", "AlternatePhone.FreeFormNumber", "WebAddr.URI", "Notes", "PreferredDeliveryMethod",
    "Taxable",
    *(f"{address}.{part}" for address in ("BillAddr", "ShipAddr") for part, *_ in (*_ADDRESS, ("Country",))),
})  # fmt: skip
PRODUCT_WRITABLE: frozenset[str] = frozenset({
    "Name", "Description", "Sku", "Type", "UnitPrice", "Taxable", "SalesTaxCodeRef.value", "IncomeAccountRef.value",
    "ParentRef.value", "Active",
})  # fmt: skip
INVOICE_WRITABLE: frozenset[str] = frozenset({
    "DocNumber", "TxnDate", "DueDate", "CustomerRef.value", "BillEmail.Address", "CustomerMemo.value", "currency",
    "lines",
})  # fmt: skip
SALES_RECEIPT_WRITABLE: frozenset[str] = frozenset({
    "DocNumber", "TxnDate", "placed_on", "status", "CustomerRef.value", "TotalAmt", "currency", "lines", "discounts",
    "taxes", "tip", "tip_item", "service_charge", "service_charge_item", "taxed_code", "untaxed_code",
    "DepositToAccountRef.value",
})  # fmt: skip
REFUND_RECEIPT_WRITABLE: frozenset[str] = frozenset({
    "TxnDate", "status", "CustomerRef.value", "TotalAmt", "currency", "reason", "payment", "ItemRef.value",
    "untaxed_code", "DepositToAccountRef.value",
})  # fmt: skip
