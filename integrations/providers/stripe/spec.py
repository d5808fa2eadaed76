"""Facts about Stripe as data. Source: Stripe's API reference, version 2026-10-28.endive, read in November 2026."""

from integrations.providers.base import Limits, Spec
from integrations.providers.types import Scope

API_VERSION = "2026-10-28.endive"

# Named as Stripe names them in its refusals; the labels are the rows of its page for a new restricted key. Prices still
# carry their old name, plan; charges and refunds may stand in one row.
SCOPES = (
    Scope("rak_accounts_kyc_basic_read", "Accounts: Read", "To show which business is connected."),
    Scope("rak_event_read", "Events: Read", "To ask only for what changed since the last look."),
    Scope("rak_customer_read", "Customers: Read", "To keep one list of the people who come to you."),
    Scope("rak_customer_write", "Customers: Write", "To send changes made here back to Stripe."),
    Scope("rak_product_read", "Products: Read", "To know what is on sale: tickets, passes, merchandise."),
    Scope("rak_product_write", "Products: Write", "To send ticket types made here to your checkout."),
    Scope("rak_plan_read", "Prices: Read", "To know what each product costs."),
    Scope("rak_plan_write", "Prices: Write", "To send prices made here to your checkout."),
    Scope("rak_checkout_session_read", "Checkout Sessions: Read", "To read what each online sale consisted of."),
    Scope("rak_charge_read", "Charges: Read", "To match every sale with its payment."),
    Scope("rak_refund_read", "Refunds: Read", "To know what was given back."),
    Scope(
        "rak_balance_transaction_source_read", "Balance Transaction Sources: Read", "To know the fee of each payment."
    ),
    Scope("rak_payout_read", "Payouts: Read", "To match what reaches your bank with what was sold."),
    Scope("rak_invoice_read", "Invoices: Read", "To show which invoices are open."),
    Scope("rak_invoice_write", "Invoices: Write", "To draft invoices made here, which you check and send yourself."),
    Scope("rak_webhook_read", "Webhook Endpoints: Read", "To see that changes are still told to us."),
    Scope("rak_webhook_write", "Webhook Endpoints: Write", "To be told of changes within seconds."),
)

_API, _CONNECT = "https://api.stripe.com", "https://connect.stripe.com"
SPEC = Spec(
    key="stripe",
    name="Stripe",
    category="Online payments",
    benefit="Bring in customers, online sales, payments with their fees, refunds, invoices and payouts.",
    website="dashboard.stripe.com",
    scopes=SCOPES,
    urls={"api": _API, "authorize": _CONNECT, "token": _CONNECT, "revoke": _CONNECT},
    sandbox_urls={"api": "/stripe", "authorize": "/stripe", "token": "/stripe", "revoke": "/stripe"},
    headers={"Stripe-Version": API_VERSION, "Accept": "application/json", "User-Agent": "Backline"},
    # Stripe allows 100 a second in live mode, 25 in test mode and for each kind of call: the venue's till needs some.
    limits=Limits(calls_per_second=15, burst=25, windows=12),
    does=(
        "Keeps your customers and products in one place.",
        "Reads every online sale and payment, with Stripe's fee.",
        "Shows what each payout to your bank consists of.",
    ),
    never="We never charge, refund or pay out money, and we never see full card numbers.",
)
