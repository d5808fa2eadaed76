"""How fast an account may be asked, when a limit is set."""

from __future__ import annotations

import time
from collections import deque

from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.errors import rate_limited


def check_pace(stripe: StripeDouble, account_id: str) -> None:
    """StripeError 429 when this account was asked more often than allowed within the last real second."""
    limit = stripe.settings.rate_per_second
    if limit is None:
        return
    now = time.monotonic()
    recent = stripe.recent_calls.setdefault(account_id, deque())
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if len(recent) >= limit:
        raise rate_limited()
    recent.append(now)
