"""Facts about Square as data. Source: Square's API reference, version 2026-09-16, read in November 2026."""

from integrations.providers.base import Limits, Spec
from integrations.providers.types import Scope

API_VERSION = "2026-09-16"

SCOPES = (
    Scope("MERCHANT_PROFILE_READ", "Your business profile", "To show which business is connected, and its locations."),
    Scope("CUSTOMERS_READ", "See your customers", "To keep one list of the people who come to you."),
    Scope("CUSTOMERS_WRITE", "Change your customers", "To send changes made here back to Square."),
    Scope("ITEMS_READ", "See your items and prices", "To know what was sold: tickets, drinks, merchandise."),
    Scope("ITEMS_WRITE", "Change your items and prices", "To send ticket types made here to your tills."),
    Scope("ORDERS_READ", "See your orders", "To read what each sale consisted of."),
    Scope("ORDERS_WRITE", "Create orders", "Square asks for it before an invoice can be sent."),
    Scope("PAYMENTS_READ", "See payments and refunds", "To match every sale with its payment."),
    Scope("INVOICES_READ", "See your invoices", "To show which invoices are open."),
    Scope("INVOICES_WRITE", "Create invoices", "To send invoices made here."),
    Scope("PAYOUTS_READ", "See your payouts", "To match what reaches your bank with what was sold."),
    Scope("INVENTORY_READ", "See your stock", "To know what is left to sell."),
)

SPEC = Spec(
    key="square",
    name="Square",
    category="Tills and payments",
    benefit="Bring in customers, sales, refunds and payouts from your tills.",
    website="squareup.com",
    scopes=SCOPES,
    urls={"api": "https://connect.squareup.com"},
    sandbox_urls={"api": "/square"},
    headers={"Square-Version": API_VERSION, "Accept": "application/json", "User-Agent": "Backline"},
    # Square publishes no numbers; five a second has never met a 429 in its forum's reports.
    limits=Limits(calls_per_second=5, burst=20, windows=12),
    does=(
        "Keeps your customers and catalogue in one place.",
        "Reads every order with its payments and refunds.",
        "Shows what each payout to your bank consists of.",
    ),
    never="We never take, move or refund money, and we never see full card numbers.",
)
