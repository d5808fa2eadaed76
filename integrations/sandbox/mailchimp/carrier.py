"""How Mailchimp delivers: what stands on the envelope, how long it waits for an answer, and when it tries again."""

from __future__ import annotations

import time
from typing import NamedTuple

from integrations.sandbox.clock import MINUTE
from integrations.sandbox.forgeries import TIMED, Forgery, body_for, header_for, moment_for, secret_for
from integrations.sandbox.mail import Envelope, Letter, Notice, Rules
from integrations.sandbox.mailchimp.hooks import Webhook, signature

HEADER = "X-Mailchimp-Signature"
_PAUSES = (MINUTE, 4 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE)  # seventy-five minutes


class News(NamedTuple):
    """A form, and the webhook that takes it."""

    webhook: Webhook
    form: bytes


class MailchimpCarrier:
    """Webhooks of the older kind have no signature, so that none of theirs can be forged."""

    forgeries = TIMED

    def rules(self) -> Rules:
        return Rules(patience=10)

    def pauses(self, notice: Notice) -> tuple[int, ...]:
        return _PAUSES

    def envelope(self, letter: Letter) -> Envelope | None:
        news: News = letter.notices[0].content
        if news.webhook.is_removed or (letter.forgery and news.webhook.secret is None):
            return None
        return sealed_for(news.webhook, news.form, letter.forgery)

    def acknowledged(self, notice: Notice) -> None:
        """Nobody at Mailchimp can ask whether a delivery was acknowledged."""


def sealed_for(webhook: Webhook, form: bytes, forgery: Forgery | None = None) -> Envelope:
    """Signed for real time, by which receivers judge, not the sandbox's."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "MailChimp"}
    if webhook.secret is not None:
        moment, secret = moment_for(int(time.time()), forgery), secret_for(webhook.secret, forgery)
        headers |= header_for(HEADER, signature(secret, moment, body_for(form, forgery)), forgery)
    return Envelope(webhook.url, headers, form)
