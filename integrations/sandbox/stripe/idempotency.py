"""How a write that comes twice happens once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import orjson

from integrations.sandbox.clock import DAY
from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.errors import StripeError

KEPT = 100_000
LIFE = DAY
_LONGEST = 255


@dataclass
class Outcome:
    """What came of the first request with a key; no reply as long as it is being worked on."""

    digest: bytes
    begun: int
    request_id: str
    reply: Reply | None = field(default=None)


def begin(account: Account, key: str, path: str, raw: Document, *, now: int, request_id: str) -> Reply | None:
    """The reply of the first time, if there was one; otherwise the key is in use from now on.

    StripeError when the key came with other parameters, or while its first request is still worked on.
    """
    if len(key) > _LONGEST:
        raise StripeError(400, f"Idempotency keys can be at most {_LONGEST} characters.", kind="idempotency_error")
    digest = hashlib.sha256(orjson.dumps([path, raw], option=orjson.OPT_SORT_KEYS)).digest()
    known: Outcome | None = account.idempotent.get(key)
    if known is None or now >= known.begun + LIFE:
        account.idempotent[key] = Outcome(digest, now, request_id)
        if len(account.idempotent) > KEPT:
            account.idempotent.popitem(last=False)
        return None
    if known.digest != digest:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise StripeError(400, message, kind="idempotency_error")
    if known.reply is None:
        message = f"There is currently another in-progress request using this Idempotent Key: {key}."
        raise StripeError(409, message, code="idempotency_key_in_use", kind="idempotency_error")
    headers = {"Idempotent-Replayed": "true", "Original-Request": known.request_id}
    return Reply(known.reply.status, known.reply.body, headers=headers)


def finish(account: Account, key: str, reply: Reply) -> None:
    """Keep what came of the request, also when it was refused after work had begun."""
    account.idempotent[key].reply = Reply(reply.status, reply.body)


def forget(account: Account, key: str) -> None:
    """Nothing was done: the key is free again."""
    account.idempotent.pop(key, None)
