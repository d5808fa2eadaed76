"""How many calls of one user are under way, how many a second, and what happens to those that are too many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from integrations.sandbox.door import Reply
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.errors import MailchimpError, too_many
from integrations.sandbox.mailchimp.settings import Settings


class Blank(MailchimpError):
    """A refusal without a word, as Mailchimp's front gives it when there is too much traffic."""

    def reply(self) -> Reply:
        return Reply(self.status, b"", "text/html")


@contextmanager
def let_in(settings: Settings, account: Account) -> Iterator[None]:
    """Counts the call as under way; MailchimpError when it is one too many."""
    account.in_flight += 1
    account.most_in_flight = max(account.most_in_flight, account.in_flight)
    try:
        if settings.connections is not None and account.in_flight > settings.connections:
            raise refusal(settings)
        _check_pace(settings, account)
        yield
    finally:
        account.in_flight -= 1


def refusal(settings: Settings) -> MailchimpError:
    if settings.blank_403:
        return Blank(403, "Forbidden", "Too much traffic.")
    return too_many()


def _check_pace(settings: Settings, account: Account) -> None:
    limit, recent = settings.rate_per_second, account.recent_calls
    if limit is None:
        return
    now = time.monotonic()
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if len(recent) >= limit:
        raise refusal(settings)
    recent.append(now)
