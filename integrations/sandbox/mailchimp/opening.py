"""How the Mailchimp double is opened."""

from __future__ import annotations

from dataclasses import replace

from integrations.sandbox.doubles import Opened, Opening
from integrations.sandbox.mailchimp.accounts import Sizes
from integrations.sandbox.mailchimp.control import MailchimpControl
from integrations.sandbox.mailchimp.desk import MailchimpDesk
from integrations.sandbox.mailchimp.double import Application, MailchimpDouble

CLIENT_ID = "418612345678"
CLIENT_SECRET = "5a1db0c4e7f2963847bd0e6f1c2a9b83d4e5f60718293a4b"


def open_mailchimp(opening: Opening) -> Opened:
    """Return the double with its two first accounts. Raises ValueError or TypeError for sizes that make no sense."""
    application = Application(opening.client_id or CLIENT_ID, opening.client_secret or CLIENT_SECRET)
    mailchimp = MailchimpDouble(opening.clock, application, seed=opening.seed, sizes=replace(Sizes(), **opening.sizes))
    mailchimp.redirect_uris = list(opening.redirect_uris)
    if opening.remember:
        mailchimp.grants.remember_in(opening.remember)
    return Opened(MailchimpDesk(mailchimp), MailchimpControl(mailchimp), mailchimp.postman)
