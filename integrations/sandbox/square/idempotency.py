"""How a write that comes twice happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import orjson

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call
from integrations.sandbox.square.errors import invalid

KEPT = 100_000


def once(call: Call, key: str | None, act: Callable[[], Document], *, content: object = None) -> Document:
    """Do `act`, or give the answer of the first time back; SquareError when the key came with other content.

    Only successes are remembered. Without a key nothing is.
    """
    if not key:
        return act()
    memory, place = call.merchant.idempotent, (call.path, key)
    digest = _digest(call.raw_body if content is None else content)
    if place in memory:
        first_digest, answer = memory[place]
        if first_digest != digest:
            raise invalid(
                "IDEMPOTENCY_KEY_REUSED",
                "The idempotency key can only be retried with the same request data.",
                "idempotency_key",
            )
        return answer
    answer = act()
    memory[place] = digest, answer
    if len(memory) > KEPT:
        memory.popitem(last=False)
    return answer


def _digest(content: object) -> bytes:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
