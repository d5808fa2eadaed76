"""Facts about Mailchimp as data. Source: Mailchimp's Marketing API reference, version 3.0, read in November 2026."""

from integrations.providers.base import Limits, Spec
from integrations.providers.types import Scope

FULL_ACCESS = "full_access"
# Mailchimp has no smaller permissions: whoever is let in may do what the person who signed in may do.
SCOPES = (
    Scope(
        FULL_ACCESS,
        "Your Mailchimp account",
        "Mailchimp gives all or nothing. We use it to read your audiences and the contacts in the one you choose, and "
        "to bring in your customers, products and sales once you have seen and accepted what would be sent.",
    ),
)

SPEC = Spec(
    key="mailchimp",
    name="Mailchimp",
    category="Newsletters",
    benefit="Bring in the contacts of your newsletter, with who agreed to get it.",
    website="mailchimp.com",
    scopes=SCOPES,
    urls={
        "api": "https://{dc}.api.mailchimp.com",
        "authorize": "https://login.mailchimp.com",
        "token": "https://login.mailchimp.com",
    },
    sandbox_urls={"api": "/mailchimp/{dc}", "authorize": "/mailchimp/login", "token": "/mailchimp/login"},
    headers={"Accept": "application/json", "User-Agent": "Backline"},
    # Ten connections at once are allowed to a user over all keys and applications; some are left for the others. A call
    # that we gave up goes on over there for up to two minutes and keeps its connection, so it is not repeated at once.
    limits=Limits(calls_per_second=10, burst=20, in_flight=6, windows=6, repeats_timeouts=False),
    does=(
        "Keeps your newsletter's contacts together with your customers.",
        "Knows who subscribed, who left, and since when.",
        "Sees the fields that you made for your audience.",
        "Tells it who bought what, so that you can write to those who came.",
    ),
    never="We never send a campaign, and we never subscribe anyone who did not ask for it.",
)
