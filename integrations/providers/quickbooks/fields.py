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
    ("Line1", "line 1"),
    ("Line2", "line 2"),
    ("City", "town or city"),
    ("CountrySubDivisionCode", "county or state"),
    ("PostalCode", "postcode"),
)

ACCOUNT: tuple[Field, ...] = (
    Field("Id", "Account ID"),
    Field("Name", "Name"),
    Field("FullyQualifiedName", "Name with those it is part of"),
    Field("AcctNum", "Account number"),
    Field("Classification", "Side of the books", T.CHOICE),
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
    Field("DisplayName", "Display name"),
    Field("Title", "Title"),
    Field("GivenName", "First name"),
    Field("MiddleName", "Middle name"),
    Field("FamilyName", "Last name"),
    Field("Suffix", "Suffix"),
    Field("CompanyName", "Company"),
    Field("company_or_display_name", "Company, or the display name where there is no other name"),
    Field("FullyQualifiedName", "Name with those it is part of"),
    Field("PrimaryEmailAddr.Address", "E-mail address", T.EMAIL),
    Field("phone", "Phone number: main, else mobile, else other", T.PHONE),
    Field("PrimaryPhone.FreeFormNumber", "Main phone number", T.PHONE),
    Field("Mobile.FreeFormNumber", "Mobile number", T.PHONE),
    Field("AlternatePhone.FreeFormNumber", "Other phone number", T.PHONE),
    Field("WebAddr.URI", "Website"),
    *(Field(f"BillAddr.{name}", f"Billing address: {label}") for name, label in _ADDRESS),
    Field("BillAddr.Country", "Billing address: country", T.COUNTRY),
    *(Field(f"ShipAddr.{name}", f"Shipping address: {label}") for name, label in _ADDRESS),
    Field("ShipAddr.Country", "Shipping address: country", T.COUNTRY),
    Field("Notes", "Notes"),
    Field("PreferredDeliveryMethod", "Gets documents by", T.CHOICE),
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
    Field("Name", "Name"),
    Field("FullyQualifiedName", "Name with its category"),
    Field("category", "Category"),
    Field("Description", "Description"),
    Field("Sku", "SKU"),
    Field("Type", "Kind of item", T.CHOICE),
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
    Field("DocNumber", "Number"),
    Field("TxnDate", "Issued on", T.DATE),
    Field("DueDate", "Due on", T.DATE),
    Field("CustomerRef.value", "Customer", T.REFERENCE),
    Field("CustomerRef.name", "Customer's name"),
    Field("BillEmail.Address", "Sent to", T.EMAIL),
    Field("EmailStatus", "Sent by e-mail", T.CHOICE),
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
    Field("DocNumber", "Number"),
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
    Field("DocNumber", "Number"),
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
    *(f"{address}.{part}" for address in ("BillAddr", "ShipAddr") for part in (*dict(_ADDRESS), "Country")),
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
