"""How the Stripe double is opened."""

from __future__ import annotations

from dataclasses import replace

from integrations.sandbox.doubles import Opened, Opening
from integrations.sandbox.stripe.accounts import Sizes
from integrations.sandbox.stripe.control import StripeControl
from integrations.sandbox.stripe.desk import StripeDesk
from integrations.sandbox.stripe.double import Application, StripeDouble

CLIENT_ID = "ca_SandboxBackline"
CLIENT_SECRET = "sk_test_SandboxBacklinePlatform"


def open_stripe(opening: Opening) -> Opened:
    """Return the double with its two first accounts. Raises ValueError or TypeError for sizes that make no sense."""
    application = Application(opening.client_id or CLIENT_ID, opening.client_secret or CLIENT_SECRET)
    stripe = StripeDouble(opening.clock, application, seed=opening.seed, sizes=replace(Sizes(), **opening.sizes))
    stripe.redirect_uris = list(opening.redirect_uris)
    if opening.remember:
        stripe.grants.remember_in(opening.remember)
    return Opened(StripeDesk(stripe), StripeControl(stripe), stripe.postman)
