"""How Square delivers: what stands on the envelope, how long it waits for an answer, and when it tries again."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from integrations.sandbox.clock import HOUR, MINUTE
from integrations.sandbox.forgeries import UNTIMED, Forgery, body_for, header_for, secret_for, url_for
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Envelope, Letter, Notice, Rules
from integrations.sandbox.square.subscriptions import Subscription, signature

HEADER = "x-square-hmacsha256-signature"
#: doubled until an hour, then hourly, within the twenty-four hours of Square's troubleshooting page
_PAUSES = (*(MINUTE << doubled for doubled in range(6)), *(HOUR,) * 22)
_REASONS = {"TimeoutError": "http_timeout", "ConnectionTimeoutError": "http_timeout"}


class News(NamedTuple):
    """An event, and the subscription that takes it."""

    subscription: Subscription
    event: Document


class SquareCarrier:
    """A subscription that was removed or switched off meanwhile is sent nothing more."""

    forgeries = (*UNTIMED, Forgery.OTHER_URL)

    def rules(self) -> Rules:
        return Rules(patience=10)

    def pauses(self, notice: Notice) -> tuple[int, ...]:
        return _PAUSES

    def envelope(self, letter: Letter) -> Envelope | None:
        news: News = letter.notices[0].content
        if not news.subscription.enabled:
            return None
        sealed = sealed_for(news.subscription, news.event, letter.forgery)
        return sealed if letter.tries == 1 else sealed._replace(headers=sealed.headers | _again(letter))

    def acknowledged(self, notice: Notice) -> None:
        """Nobody at Square can ask whether a delivery was acknowledged."""


def sealed_for(subscription: Subscription, event: Document, forgery: Forgery | None = None) -> Envelope:
    url, body = subscription.notification_url, orjson.dumps(event)
    key = secret_for(subscription.signature_key, forgery)
    headers = {
        "Content-Type": "application/json",
        **header_for(HEADER, signature(key, url_for(url, forgery), body_for(body, forgery)), forgery),
        "square-environment": "Sandbox",
        "square-initial-delivery-timestamp": event["created_at"],
        "Square-Version": subscription.api_version,
    }
    return Envelope(url, headers, body)


def _again(letter: Letter) -> dict[str, str]:
    """What a delivery says that was tried before."""
    is_answer = letter.why.startswith("http_")
    reason = "http_error" if is_answer else _REASONS.get(letter.why, "other_error")
    return {"square-retry-number": str(letter.tries - 1), "square-retry-reason": reason}
