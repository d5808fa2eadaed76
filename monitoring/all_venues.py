"""How every provider stands at every venue: one row each, narrowed and read page by page.

Two statements, however many venues there are: the rows of a page, and how much was given up for each of them.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection as database
from django.utils import timezone

from integrations.csv_file import guarded
from integrations.providers import PROVIDERS
from monitoring import dead_letters, standing_sql, wording
from monitoring.wording import CardStatus

MOST = 200  # rows on a page
_AT_ONCE = 1_000  # rows of a file that are read together

_OFFERED = "offered AS (SELECT * FROM unnest(%(providers)s::text[]) WITH ORDINALITY AS each(provider, place))"
_STANDING = f"""
SELECT venue.id AS venue_id, venue.slug, venue.name, offered.provider, offered.place, link.id AS link,
       link.connected_at, {standing_sql.STATUS} AS status
FROM venues venue CROSS JOIN offered {standing_sql.LINKS}
WHERE (%(venue)s::uuid IS NULL OR venue.id = %(venue)s)
  AND (%(provider)s::text IS NULL OR offered.provider = %(provider)s)
"""  # noqa: S608 - constants
# A page is cut out before its figures are looked up.
_ROWS = f"""
WITH {_OFFERED}, page AS (
    SELECT * FROM ({_STANDING}) standing
    WHERE (%(status)s::text IS NULL OR status = %(status)s)
      AND (%(name)s::text IS NULL OR (name, slug, place) > (%(name)s, %(slug)s, %(place)s))
    ORDER BY name, slug, place LIMIT %(limit)s
)
SELECT page.venue_id, page.slug, page.name, page.provider, page.place, page.link, page.status,
       CASE WHEN page.status <> 'disconnected' THEN (
           SELECT max(extract(epoch FROM %(now)s - coalesce(bookmark.last_succeeded_at, page.connected_at)))
           FROM sync_cursors bookmark WHERE bookmark.connection_id = page.link AND bookmark.next_run_at IS NOT NULL
       ) END AS lag,
       spent.calls, spent.amounts, failed.error_class, failed.started_at
FROM page
LEFT JOIN LATERAL (
    SELECT sum(calls) AS calls, jsonb_object_agg(currency, amount::text) AS amounts FROM (
        SELECT cost.currency, sum(cost.calls) AS calls, sum(cost.amount) AS amount
        FROM connections own JOIN integration_costs cost ON cost.connection_id = own.id AND cost.day >= %(month)s
        WHERE own.venue_id = page.venue_id AND own.provider = page.provider GROUP BY 1) by_currency
) spent ON true
LEFT JOIN LATERAL (
    SELECT log.error_class, log.started_at FROM sync_logs log
    WHERE log.connection_id = page.link AND log.error_class <> '' AND log.started_at > %(now)s - interval '30 days'
    ORDER BY log.started_at DESC LIMIT 1
) failed ON true
ORDER BY page.name, page.slug, page.place
"""  # noqa: S608 - constants
_COUNTS = f"""
WITH {_OFFERED}
SELECT status, count(*) FROM ({_STANDING}) standing WHERE link IS NOT NULL GROUP BY 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which rows are meant; what is None is not asked for."""

    status: str | None = None
    provider: str | None = None
    venue: UUID | None = None


def page(which: Narrowed, *, limit: int, after: str = "") -> dict[str, Any]:
    """Return a page in the shape of `AllVenues`; `after` is the cursor of the one before. Raises ValueError for it."""
    now = timezone.now()
    found = _read(which, now, limit=limit + 1, place=_place(after) if after else None)
    rows = found[:limit]
    return {
        "as_of": now,
        "spend_since": _month(now),
        "next_cursor": _cursor(rows[-1]) if len(found) > limit else None,
        "results": _as_json(rows),
    }


CSV_HEADER = (
    "venue", "venue_name", "provider", "status", "lag_seconds", "dead_letters", "calls", "amount", "last_error_class",
    "last_error_at",
)  # fmt: skip


def as_csv(which: Narrowed) -> Iterator[list[Any]]:
    """Yield the header and a line for each row, safe to open in a spreadsheet."""
    yield list(CSV_HEADER)
    now, place = timezone.now(), None
    while rows := _read(which, now, limit=_AT_ONCE, place=place):
        yield from map(_cells, _as_json(rows))
        place = _behind(rows[-1])


def _cells(row: dict[str, Any]) -> list[Any]:
    error = row["last_error"] or {"class": "", "at": ""}
    return [
        guarded(row["venue"]["slug"]), guarded(row["venue"]["name"]), row["provider"], row["status"],
        guarded(row["lag_seconds"]), row["dead_letters"], row["spend"]["calls"],
        " ".join(f"{amount} {currency}" for currency, amount in row["spend"]["amounts"].items()),
        error["class"], guarded(error["at"]),
    ]  # fmt: skip


def by_status() -> dict[str, int]:
    """Return how many of the connections that were ever made stand in each of the six words. One query."""
    with database.cursor() as cursor:
        cursor.execute(_COUNTS, _asked(Narrowed(), timezone.now()))
        counted = dict(cursor.fetchall())
    return {str(each): counted.get(each, 0) for each in CardStatus}


def _read(which: Narrowed, now: datetime, *, limit: int, place: tuple[Any, ...] | None) -> list[dict[str, Any]]:
    name, slug, number = place or (None, None, None)
    with database.cursor() as cursor:
        cursor.execute(
            _ROWS,
            _asked(which, now)
            | {
                "limit": limit,
                "month": _month(now),
                "name": name,
                "slug": slug,
                "place": number,
                "status": which.status,
            },
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _asked(which: Narrowed, now: datetime) -> dict[str, Any]:
    more = {"providers": list(PROVIDERS), "venue": which.venue, "provider": which.provider}
    return standing_sql.asked(now) | more


def _as_json(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    letters = dead_letters.counts([row["link"] for row in rows if row["link"]])
    return [
        {
            "venue": {"id": row["venue_id"], "slug": row["slug"], "name": row["name"]},
            "provider": row["provider"],
            "connection": row["link"],
            "status": row["status"],
            "status_label": wording.STATUSES[CardStatus(row["status"])].label,
            "lag_seconds": round(row["lag"]) if row["lag"] is not None else None,
            "dead_letters": letters.get(row["link"], 0),
            "spend": {"calls": int(row["calls"] or 0), "amounts": orjson.loads(row["amounts"] or "{}")},
            "last_error": {"class": row["error_class"], "at": row["started_at"]} if row["error_class"] else None,
        }
        for row in rows
    ]


def _month(now: datetime) -> date:
    return now.astimezone(UTC).date().replace(day=1)


_Place = tuple[str, str, int]  # the name and the slug of a venue, and which of the providers


def _behind(row: dict[str, Any]) -> _Place:
    return row["name"], row["slug"], row["place"]


def _cursor(row: dict[str, Any]) -> str:
    """Return the place behind a row; opaque to whoever sends it back."""
    return base64.urlsafe_b64encode(orjson.dumps(_behind(row))).decode().rstrip("=")


def _place(cursor: str) -> _Place:
    """Return the place that a cursor names. Raises ValueError for one that was never answered here."""
    try:
        name, slug, number = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError) as error:
        raise ValueError("This is not a cursor that was answered here.") from error
    are_texts = all(isinstance(text, str) and "\x00" not in text for text in (name, slug))
    if not are_texts or type(number) is not int or not 0 <= number <= len(PROVIDERS):
        raise ValueError("This is not a cursor that was answered here.")
    return name, slug, number
