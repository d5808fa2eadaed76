"""What calls cost: writes are core and free, reads are CorePlus and counted by month, for the whole application."""

from __future__ import annotations

from collections import Counter

from integrations.sandbox.clock import DAY, date_text
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.errors import GatewayError

CORE, COREPLUS = "core", "coreplus"


def count_call(double: QuickBooksDouble, company: Company, call_class: str) -> None:
    """Count one call; GatewayError 403 when the application has used up its CorePlus calls of this month."""
    month = month_of(double.clock.now())
    cap = double.settings.coreplus_cap
    if call_class == COREPLUS and cap is not None and coreplus_total(double, month) >= cap:
        message = "message=ApiCallLimitReached; errorCode=003002; statusCode=403"
        detail = "The CorePlus calls of this application for this month are used up."
        raise GatewayError(3002, message, detail, status=403, kind="SERVICE")
    company.calls.setdefault(month, Counter())[call_class] += 1


def coreplus_total(double: QuickBooksDouble, month: str) -> int:
    """The application's CorePlus calls of a month over all companies."""
    return sum(company.calls.get(month, Counter())[COREPLUS] for company in double.companies.values())


def calls_of(company: Company) -> dict[str, dict[str, int]]:
    """Counted calls by month."""
    return {month: {CORE: calls[CORE], COREPLUS: calls[COREPLUS]} for month, calls in company.calls.items()}


def month_of(moment: int) -> str:
    return date_text(moment // DAY)[:7]
