"""Stripe: online sales, payments, invoices and payouts."""

from integrations.providers.base import Provider
from integrations.providers.stripe import client, streams
from integrations.providers.stripe.auth import StripeCheck, StripeEntrance, StripeKey, StripeOAuth
from integrations.providers.stripe.event_list import StripeEventList
from integrations.providers.stripe.registrar import StripeRegistrar
from integrations.providers.stripe.schema import StripeSchema
from integrations.providers.stripe.spec import SPEC
from integrations.providers.stripe.webhooks import StripeWebhooks

STRIPE = Provider(
    spec=SPEC,
    check=StripeCheck(),
    streams=streams.STREAMS,
    oauth=StripeOAuth(),
    key_auth=StripeKey(),
    webhooks=StripeWebhooks(),
    event_list=StripeEventList(),
    registrar=StripeRegistrar(),
    entrance=StripeEntrance(),
    classify=client.classify,
    schema=StripeSchema(),
)
