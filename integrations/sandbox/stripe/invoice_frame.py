"""The parts of invoices and their lines that are the same each time. Nobody changes them in place."""

from __future__ import annotations

from integrations.sandbox.generation import Document

_INVOICE: Document = {
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_shipping": 0,
    "application": None,
    "auto_advance": False,
    "automatic_tax": {
        "disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None,
    },
    "automatically_finalizes_at": None,
    "billing_reason": "manual",
    "collection_method": "send_invoice",
    "custom_fields": None,
    "customer_account": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "discounts": [],
    "ending_balance": 0,
    "footer": None,
    "from_invoice": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "metadata": {},
    "next_payment_attempt": None,
    "on_behalf_of": None,
    "parent": None,
    "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "test_clock": None,
    "total_discount_amounts": [],
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
}  # fmt: skip
_LINE: Document = {
    "discount_amounts": [],
    "discountable": True,
    "discounts": [],
    "metadata": {},
    "pretax_credit_amounts": [],
    "subscription": None,
    "taxes": [],
}


def invoice_frame(invoice_id: str, amount: int) -> Document:
    return {
        "id": invoice_id, "object": "invoice", "amount_due": amount, "subtotal": amount,
        "subtotal_excluding_tax": amount, "total": amount, "total_excluding_tax": amount, **_INVOICE,
    }  # fmt: skip


def line_frame(stem: str, invoice_id: str, moment: int) -> Document:
    item = {"invoice_item": f"ii_1{stem}", "proration": False, "proration_details": None, "subscription": None}
    return {
        "id": f"il_1{stem}",
        "object": "line_item",
        "invoice": invoice_id,
        "parent": {"invoice_item_details": item, "subscription_item_details": None, "type": "invoice_item_details"},
        "period": {"end": moment, "start": moment},
        **_LINE,
    }
