"""Was this very request made before? Then its answer is told again in place of a second effect.

A key belongs to one caller and one request. It is claimed by one statement before the view runs:

    claimed  -> the view runs; what it answered is stored, a refusal or a crash gives the key back: nothing was done
    done     -> the stored answer, with `Idempotent-Replayed: true`
    running  -> 409 in_progress; a claim older than a minute is of a process that died, and is taken over
    another  -> 422 key_reused: the key is of another body or another address

What is stored is sealed: an answer may hold a sign-in's state, or people's data.
"""

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import Error
from django.db import connection as database
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from integrations.models import ApiIdempotencyKey
from integrations.problems import Problem
from integrations.sealing import CannotOpen, Sealed

logger = logging.getLogger(__name__)

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEPT = timedelta(hours=24)
OVER_AFTER = timedelta(minutes=1)  # longer than any request may take
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Retry-After")
_ASK_AGAIN = 1  # seconds
_LOOKS = 3  # at a row that others give back meanwhile
_CLAIM = """
INSERT INTO api_idempotency_keys AS held
       (user_id, key, route, request_hash, state, fence, headers, answer, claimed_at, created_at)
VALUES (%(user)s, %(key)s, %(route)s, %(hash)s, 'running', 1, '{}', '', clock_timestamp(), clock_timestamp())
ON CONFLICT (user_id, key) DO UPDATE SET
       route = excluded.route, request_hash = excluded.request_hash, state = 'running', fence = held.fence + 1,
       status = NULL, headers = '{}', answer = '', claimed_at = excluded.claimed_at, created_at = excluded.created_at
WHERE held.created_at < clock_timestamp() - %(kept)s
   OR (held.state = 'running' AND held.claimed_at < clock_timestamp() - %(over)s
       AND held.request_hash = excluded.request_hash)
RETURNING id, fence
"""


@dataclass(frozen=True)
class Claim:
    """The right to answer under a key, until somebody else took it over."""

    row: int
    fence: int
    context: str


def claim(request: Request) -> Claim | HttpResponse | None:
    """Return the claim under which the view may run, or the answer that it gave before; None without a key.

    Raises Problem validation_failed, key_reused or in_progress.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.match(key):
        raise Problem("validation_failed", f"{HEADER} takes 1 to 255 visible ASCII characters.")
    user: Any = request.user.pk
    asked = _hash(request)
    for _ in range(_LOOKS):
        claimed = _claimed(request, key, asked)
        if claimed is not None:
            return claimed
        held = ApiIdempotencyKey.objects.filter(user_id=user, key=key).first()
        if held is not None:
            return _answer(held, asked)
    raise _in_progress()


def settle(claim: Claim, response: HttpResponseBase) -> None:
    """Store the answer of what was done, or give the key back when nothing was. Never raises: it was answered."""
    if response.status_code >= 400 or not isinstance(response, HttpResponse):
        release(claim)
        return
    try:
        _mine(claim).update(
            state=ApiIdempotencyKey.State.DONE,
            status=response.status_code,
            headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            answer=Sealed.seal(response.content.decode(), claim.context).text(),
        )
    except Error:
        logger.exception("idempotency.not_stored")


def release(claim: Claim) -> None:
    """Give the key back: the same request may be made again. Never raises."""
    try:
        _mine(claim).delete()
    except Error:
        logger.exception("idempotency.not_released")


def purge() -> int:
    """Forget the keys that are older than a day and return how many there were."""
    return ApiIdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _claimed(request: Request, key: str, asked: str) -> Claim | None:
    values: dict[str, Any] = {
        "user": request.user.pk, "key": key, "route": f"{request.method} {request.path}"[:300], "hash": asked,
        "kept": KEPT, "over": OVER_AFTER,
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        found = cursor.fetchone()
    if found is None:
        return None
    row, fence = found
    return Claim(row, fence, _context(request.user.pk, key))


def _answer(held: ApiIdempotencyKey, asked: str) -> HttpResponse:
    """Return what was answered before. Raises Problem when it cannot be told."""
    if held.request_hash != asked:
        raise Problem("key_reused", "This key was sent with another request. Use a new key for a new request.")
    if held.state == ApiIdempotencyKey.State.RUNNING:
        raise _in_progress()
    try:
        body = Sealed(held.answer).open(_context(held.user_id, held.key)).reveal()
    except CannotOpen as error:
        raise Problem(
            "conflict", "This was done, but its answer can no longer be told. Look at what is there."
        ) from error
    return HttpResponse(body, status=held.status, headers={**held.headers, REPLAYED: "true"})


def _in_progress() -> Problem:
    told = "The same request is still being worked on. Send it again in a second for its answer."
    return Problem("in_progress", told, retry_after=_ASK_AGAIN)


def _mine(claim: Claim) -> Any:
    return ApiIdempotencyKey.objects.filter(pk=claim.row, fence=claim.fence, state=ApiIdempotencyKey.State.RUNNING)


def _hash(request: Request) -> str:
    """Return what makes a request the same: method, address, a token's venue, the values of its body in any order."""
    address = request.get_full_path().partition("?")
    body = json.dumps(request.data, sort_keys=True)
    grant = getattr(request.user, "grant", None)
    where = str(grant.venue) if grant else ""
    asked = "\n".join((str(request.method), address[0].rstrip("/"), address[2], where, body))
    return hashlib.sha256(asked.encode()).hexdigest()


def _context(user: Any, key: str) -> str:
    return f"{user}|idempotency|{key}"
