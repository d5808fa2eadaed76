"""How Stripe delivers: what stands on the envelope, how long it waits for an answer, and when it tries again."""

from __future__ import annotations

import time
from typing import NamedTuple

import orjson

from integrations.sandbox.clock import HOUR, MINUTE, VirtualClock
from integrations.sandbox.forgeries import TIMED, Forgery, body_for, header_for, moment_for, secret_for
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Envelope, Letter, Notice, Rules
from integrations.sandbox.stripe.endpoints import Endpoint, signature
from integrations.sandbox.stripe.journal import Written

HEADER = "Stripe-Signature"
_LIVE = (5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR)
_TEST = (5 * MINUTE, 30 * MINUTE, 2 * HOUR)


class News(NamedTuple):
    """An event, the endpoint that takes it, and what is added for this endpoint."""

    endpoint: Endpoint
    written: Written
    added: Document
    livemode: bool


class StripeCarrier:
    """Live events are tried for three days, test events three times more in some hours."""

    forgeries = TIMED

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def rules(self) -> Rules:
        return Rules(patience=10)

    def pauses(self, notice: Notice) -> tuple[int, ...]:
        news: News = notice.content
        return _LIVE if news.livemode else _TEST

    def envelope(self, letter: Letter) -> Envelope | None:
        news: News = letter.notices[0].content
        if news.endpoint.status != "enabled":
            return None
        return sealed_for(
            news.endpoint, news.written.shown() | news.added, now=self._clock.now(), forgery=letter.forgery
        )

    def acknowledged(self, notice: Notice) -> None:
        news: News = notice.content
        news.written.acknowledge(news.endpoint.id)


def sealed_for(endpoint: Endpoint, event: Document, *, now: int, forgery: Forgery | None = None) -> Envelope:
    """Signed for real time, by which receivers judge, and with each secret that is in force by the sandbox's."""
    body, moment = orjson.dumps(event), moment_for(int(time.time()), forgery)
    newest, *former = (secret_for(secret, forgery) for secret in endpoint.secrets(now))
    signed = signature(newest, moment, body_for(body, forgery), former=former)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        **header_for(HEADER, signed, forgery),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    return Envelope(endpoint.url, headers, body)
