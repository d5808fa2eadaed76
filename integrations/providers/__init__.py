"""The providers Backline knows, written out."""

from integrations.providers.base import Provider
from integrations.providers.mailchimp import MAILCHIMP
from integrations.providers.quickbooks import QUICKBOOKS
from integrations.providers.square import SQUARE
from integrations.providers.stripe import STRIPE

PROVIDERS: dict[str, Provider] = {
    SQUARE.spec.key: SQUARE,
    STRIPE.spec.key: STRIPE,
    MAILCHIMP.spec.key: MAILCHIMP,
    QUICKBOOKS.spec.key: QUICKBOOKS,
}
