"""How fast a seller may be asked, when a limit is set."""

from __future__ import annotations

import time
from collections import deque

from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.errors import rate_limited


def check_pace(square: SquareDouble, merchant_id: str) -> None:
    """SquareError 429 when this seller was asked more often than allowed within the last real second."""
    limit = square.settings.rate_per_second
    if limit is None:
        return
    now = time.monotonic()
    recent = square.recent_calls.setdefault(merchant_id, deque())
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if len(recent) >= limit:
        raise rate_limited()
    recent.append(now)
