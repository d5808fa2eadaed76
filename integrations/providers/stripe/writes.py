"""What all writes to Stripe have in common: one after the other, each call with a key of its own.

Stripe has no bulk endpoints and no versions: the last change wins, and one that is repeated says the same thing again.
It remembers an idempotency key for a day. The object that a write makes bears the write's own key. What belongs to it,
a price of a product or an item of an invoice, bears that key with a digest of what is sent: the same part is made once,
and another part is another one. A change bears the number of the attempt besides, for it may have to be made again.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from integrations.providers.errors import Conflict, Duplicate, Invalid, NotFound, Settled, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.types import Write, WriteResult

OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, Settled)
_DIGEST = 24  # characters; with the key of 40 far below the 255 that Stripe takes


def in_turn(writes: Sequence[Write], make: Callable[[Write], WriteResult]) -> list[WriteResult]:
    """Return one result for each write, in their order.

    When Stripe stops answering in the middle, what was done is told and the rest is left as Transient; when it does not
    answer at all, that is raised.
    """
    results: list[WriteResult] = []
    for at, write in enumerate(writes):
        try:
            results.append(make(write))
        except OF_ONE_RECORD as error:
            results.append(WriteResult(write.key, error=error))
        except Transient as error:
            if not results:
                raise
            return results + [WriteResult(each.key, error=error) for each in writes[at:]]
    return results


def make(api: ApiSession, write: Write, path: str, form: Mapping[str, str]) -> Answer:
    """Return the answer to what makes the write's own object."""
    return _post(api, path, form, write.key)


def add(api: ApiSession, write: Write, path: str, form: Mapping[str, str]) -> Answer:
    """Return the answer to what makes something that belongs to the write's object."""
    return _post(api, path, form, f"{write.key}-{_digest(path, form)}")


def change(api: ApiSession, write: Write, path: str, form: Mapping[str, str]) -> Answer:
    """Return the answer to what changes something that is there."""
    return _post(api, path, form, f"{write.key}-{_digest(path, form)}-{write.attempt}")


def is_replayed(answer: Answer) -> bool:
    """Return whether an answer is the one to an earlier request with the same key, and so tells how it was then."""
    return answer.headers.get("idempotent-replayed") == "true"


@contextmanager
def in_our_words(field_of: Callable[[str], str]) -> Iterator[None]:
    """Let refusals name our field in place of Stripe's parameter."""
    try:
        yield
    except Invalid as error:
        field = field_of(error.field) if error.field else ""
        raise Invalid(str(error), field=field, code=error.code, status=error.status) from error


def _post(api: ApiSession, path: str, form: Mapping[str, str], key: str) -> Answer:
    return api.post_form(path, form, repeatable=True, headers={"Idempotency-Key": key})


def _digest(path: str, form: Mapping[str, str]) -> str:
    return hashlib.sha256(repr((path, sorted(form.items()))).encode()).hexdigest()[:_DIGEST]
