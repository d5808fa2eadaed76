"""How long lists are cut into pages, and what a cursor is worth.

A cursor is opaque, holds the key of the last record looked at, belongs to exactly one query of one seller, and dies
five minutes after it was given out.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from integrations.sandbox.clock import MINUTE
from integrations.sandbox.generation import Document
from integrations.sandbox.square.errors import SquareError
from integrations.sandbox.store import Entry, Key

if TYPE_CHECKING:
    from integrations.sandbox.square.calls import Call

LIFETIME = 5 * MINUTE
MOST_EXAMINED = 20_000  # a page that finds little returns early with a cursor, as the real search does


class Place(NamedTuple):
    """Where in a query the reader stands: behind which key, and on which page."""

    after: Key | None
    page: int


class Page(NamedTuple):
    documents: list[Document]
    cursor: str | None


def page_of(
    call: Call,
    rows: Callable[[Key | None], Iterator[tuple[Key, Entry]]],
    *,
    limit: int,
    keep: Callable[[Entry], bool] | None = None,
) -> Page:
    """Cut the page that the call asks for out of `rows`, which gives everything behind a key."""
    place = _place(call)
    settings = call.square.settings
    if settings.page_size:
        limit = min(limit, settings.page_size)
    if settings.empty_page_every and place.page % settings.empty_page_every == 0:
        return Page([], _cursor(call, Place(place.after, place.page + 1)))
    found: list[Document] = []
    last = place.after
    for examined, (key, entry) in enumerate(rows(place.after)):
        if len(found) >= limit or examined >= MOST_EXAMINED:
            return Page(found, _cursor(call, Place(last, place.page + 1)))
        if keep is None or keep(entry):
            found.append(entry.document)
        last = key
    return Page(found, None)


def _cursor(call: Call, place: Place) -> str:
    data = orjson.dumps([call.now + LIFETIME, place.page, place.after])
    seal = _seal(call, data)
    return base64.urlsafe_b64encode(seal + data).decode().rstrip("=")


def _place(call: Call) -> Place:
    cursor = (call.body or {}).get("cursor") or call.query.get("cursor")
    if not cursor:
        return Place(None, 1)
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        deadline, page, after = orjson.loads(packed[12:])
    except ValueError as error:
        raise _invalid_cursor("The cursor is not one of ours.") from error
    if not hmac.compare_digest(_seal(call, packed[12:]), packed[:12]):
        raise _invalid_cursor("The cursor belongs to another query.")
    if call.now >= deadline:
        raise _invalid_cursor("The cursor has expired; begin the query again.")
    return Place(None if after is None else tuple(after), page)


def _seal(call: Call, data: bytes) -> bytes:
    asked: list[Any] = [call.merchant.id, call.path, _without_cursor(call.query), _without_cursor(call.body or {})]
    query = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS, default=str)
    return hmac.digest(call.square.cursor_key, query + data, "sha256")[:12]


def _without_cursor(values: Document) -> Document:
    return {name: value for name, value in values.items() if name != "cursor"}


def _invalid_cursor(detail: str) -> SquareError:
    return SquareError(400, "INVALID_CURSOR", detail, field="cursor")
