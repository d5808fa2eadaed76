"""How each of Stripe's objects is read."""

from integrations.providers.stripe.streams.objects import STREAMS

__all__ = ["STREAMS"]
