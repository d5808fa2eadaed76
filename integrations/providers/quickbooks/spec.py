"""Facts about QuickBooks Online as data. Source: Intuit's developer pages and SDKs, read in November 2026."""

from urllib.parse import urlsplit

from integrations.providers.base import Limits, Spec
from integrations.providers.types import Scope

ACCOUNTING = "com.intuit.quickbooks.accounting"
# The lowest that Intuit still answers to, since August 2025; it decides which fields exist.
MINOR_VERSION = 75

# QuickBooks has one permission for all bookkeeping.
SCOPES = (
    Scope(
        ACCOUNTING,
        "Your company's books",
        "QuickBooks gives all or nothing. We use it to read your customers, items, invoices and payments, and the "
        "accounts, tax codes and classes that sales are booked to, and to send customers, items, invoices and receipts "
        "of sales and refunds once you have seen and accepted what would be.",
    ),
)

SPEC = Spec(
    key="quickbooks",
    name="QuickBooks",
    category="Bookkeeping",
    benefit="Bring in customers, items, invoices and what was paid on them from your books.",
    website="quickbooks.intuit.com",
    scopes=SCOPES,
    urls={
        "api": "https://quickbooks.api.intuit.com",
        "authorize": "https://appcenter.intuit.com",
        "token": "https://oauth.platform.intuit.com",
        "revoke": "https://developer.api.intuit.com",
    },
    sandbox_urls=dict.fromkeys(("api", "authorize", "token", "revoke"), "/quickbooks"),
    headers={"Accept": "application/json", "User-Agent": "Backline"},
    # Intuit allows a company 500 calls a minute, ten a second and ten at once; some are left for other applications.
    limits=Limits(calls_per_second=5, burst=10, in_flight=6, windows=6),
    does=(
        "Keeps your customers and items together with those of your tills.",
        "Shows which invoices are open and what was paid on them.",
        "Knows your accounts, tax codes and classes, so that sales can be booked where they belong.",
        "Books completed sales and refunds as receipts, with the same total to the penny.",
    ),
    metered=frozenset({"coreplus"}),
    # Intuit's free tier, as of November 2026: then reading stops until the next month. Paid tiers allow more.
    allowances={"coreplus": 500_000},
    never="We never delete anything that you entered in your books, and we never touch your bank accounts or payroll.",
)

_READS = frozenset({"query", "cdc", "reports"})


def call_class(method: str, url: str) -> str:
    """Return what a call is to Intuit: "core" brings data in and is free, "coreplus" takes data out and is counted.

    The count is one for our application, over all companies. Calls of the sign-in are "oauth" and not counted.
    """
    parts = urlsplit(url).path.split("/")
    if "oauth2" in parts:
        return "oauth"
    return "coreplus" if method == "GET" or _READS.intersection(parts) else "core"
