"""How an account is read, by its own key or by the platform it is connected to."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError
from integrations.sandbox.stripe.grants import hidden

_NO_REQUIREMENTS: Document = {
    "alternatives": [], "current_deadline": None, "currently_due": [], "disabled_reason": None, "errors": [],
    "eventually_due": [], "past_due": [], "pending_verification": [],
}  # fmt: skip
_TIMEZONES = {"GB": "Europe/London", "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}


def get_own(call: Call) -> Document:
    return account_document(call.account)


def get_account(call: Call) -> Document:
    """One's own account; the platform may also name an account that is connected to it."""
    wanted = call.ids["id"]
    known = call.stripe.account(wanted)
    is_own = wanted == call.account.id
    is_connected = call.access.is_platform and wanted in call.stripe.grants.connections
    if known is None or not (is_own or is_connected):
        raise no_access(call.access.key, wanted)
    return account_document(known)


def no_access(key: str, account_id: str) -> StripeError:
    message = (
        f"The provided key '{hidden(key)}' does not have access to account '{account_id}' (or that account does not "
        "exist). Application access may have been revoked."
    )
    return StripeError(403, message, code="account_invalid")


def account_document(account: Account) -> Document:
    market = account.profile.market
    slug = "".join(letter for letter in account.name.lower() if letter.isalnum())
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {
            "mcc": "7922", "name": account.name, "product_description": None, "support_address": None,
            "support_email": f"hello@{slug}.example", "support_phone": None, "support_url": None,
            "url": f"https://{slug}.example",
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": market.country,
        "created": account.created,
        "default_currency": account.currency,
        "details_submitted": True,
        "email": f"office@{slug}.example",
        "external_accounts": {
            "object": "list", "data": [], "has_more": False, "total_count": 0,
            "url": f"/v1/accounts/{account.id}/external_accounts",
        },
        "future_requirements": _NO_REQUIREMENTS,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": _NO_REQUIREMENTS,
        "settings": {
            "dashboard": {"display_name": account.name, "timezone": _TIMEZONES.get(market.country, "Etc/UTC")},
            "payments": {"statement_descriptor": account.name.upper()[:22]},
            "payouts": {
                "debit_negative_balances": True, "schedule": _schedule(account), "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }  # fmt: skip


def _schedule(account: Account) -> Document:
    interval = account.profile.interval
    anchor = {"weekly_anchor": "monday"} if interval == "weekly" else {}
    return {"delay_days": 2, "interval": str(interval), **anchor}


_READ = "rak_accounts_kyc_basic_read"
ROUTES = [Route("GET", "/v1/account", _READ, get_own), Route("GET", "/v1/accounts/{id}", _READ, get_account)]
