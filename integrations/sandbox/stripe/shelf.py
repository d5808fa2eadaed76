"""The parts of documents that are the same each time, or nearly so. Nobody changes them in place."""

from __future__ import annotations

from integrations.sandbox.generation import Document, pick

_CARDS = [("visa", "4242", "US"), ("mastercard", "4444", "US"), ("amex", "0005", "US"), ("visa", "1111", "GB"),
          ("mastercard", "3222", "DE")]  # fmt: skip
_OUTCOMES = {
    True: {
        "advice_code": None, "network_advice_code": None, "network_decline_code": None,
        "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
        "seller_message": "Payment complete.", "type": "authorized",
    },
    False: {
        "advice_code": "try_again_later", "network_advice_code": None, "network_decline_code": "05",
        "network_status": "declined_by_network", "reason": "generic_decline", "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined",
    },
}  # fmt: skip
_CHECKS = {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"}
_SESSION: Document = {
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "cancel_url": None,
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None,
    },
    "customer_account": None,
    "customer_email": None,
    "discounts": [],
    "integration_identifier": None,
    "invoice": None,
    "invoice_creation": None,
    "locale": None,
    "metadata": {},
    "mode": "payment",
    "origin_context": None,
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card"],
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "submit_type": None,
    "subscription": None,
    "success_url": "https://tickets.example/thanks",
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "ui_mode": "hosted_page",
    "url": None,
    "wallet_options": None,
}  # fmt: skip


def charge_outcome(is_paid: bool) -> Document:
    return _OUTCOMES[is_paid]


def card_details(number: int) -> Document:
    brand, last4, country = pick(_CARDS, number)
    card: Document = {
        "amount_authorized": None, "authorization_code": None, "brand": brand, "checks": _CHECKS, "country": country,
        "exp_month": number % 12 + 1, "exp_year": 2028 + number % 4, "fingerprint": f"{number & (1 << 64) - 1:016x}",
        "funding": "debit" if number & 1 else "credit", "installments": None, "last4": last4, "mandate": None,
        "network": brand, "network_token": {"used": False}, "network_transaction_id": None,
        "regulated_status": "unregulated", "three_d_secure": None, "wallet": None,
    }  # fmt: skip
    return {"card": card, "type": "card"}


def session_frame(session_id: str, *, livemode: bool) -> Document:
    return {"id": session_id, "object": "checkout.session", "livemode": livemode, **_SESSION}
