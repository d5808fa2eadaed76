"""How the QuickBooks double is opened."""

from __future__ import annotations

from integrations.sandbox.doubles import Opened, Opening
from integrations.sandbox.quickbooks.control import QuickBooksControl
from integrations.sandbox.quickbooks.desk import QuickBooksDesk
from integrations.sandbox.quickbooks.double import Application, QuickBooksDouble

CLIENT_ID = "ABSandboxBacklineQuickBooksOnlineApplication00"
CLIENT_SECRET = "BacklineSandboxQuickBooksSecretLettersOnly"


def open_quickbooks(opening: Opening) -> Opened:
    """Return the double with its two first companies. Raises ValueError for sizes that make no sense."""
    application = Application(opening.client_id or CLIENT_ID, opening.client_secret or CLIENT_SECRET)
    double = QuickBooksDouble(
        opening.clock, application, seed=opening.seed, sizes=opening.sizes, remember=opening.remember
    )
    double.redirect_uris = list(opening.redirect_uris)
    return Opened(QuickBooksDesk(double), QuickBooksControl(double), double.postman)
