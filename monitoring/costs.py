"""What the calls of a period cost, by venue, provider, object or day, beside the period before.

Calls and amounts by day and class are stored in `integration_costs`; records, and the share that one object has in a
day's calls, come from the log of the attempts. Three statements, five with a period to compare with.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone

from integrations.csv_file import guarded
from integrations.providers import PROVIDERS
from monitoring import month_end, wording
from monitoring.cost_rows import Row, read, texts, total

LONGEST_DAYS = 366


class Group(StrEnum):
    """What the costs are told by."""

    VENUE = "venue"
    PROVIDER = "provider"
    OBJECT = "object"
    DAY = "day"


# The key and the label of each row, from the day, the link and the venue of what it sums.
_KEYS: dict[Group, str] = {
    Group.VENUE: "venue.slug, venue.name",
    Group.PROVIDER: "link.provider, ''",
    Group.OBJECT: "used.object, ''",
    Group.DAY: "used.day::text, ''",
}
_STORED = """
SELECT cost.connection_id, cost.day, '' AS object, cost.call_class, cost.calls, cost.amount, cost.currency
FROM integration_costs cost WHERE cost.day BETWEEN %(since)s AND %(until)s
"""
# The stored table knows no object: an object has the share of a day's amount that it has in the day's calls.
_SHARED = """
SELECT log.connection_id, (log.started_at AT TIME ZONE 'UTC')::date AS day, log.object_type AS object,
       used.key AS call_class, used.value::int AS calls,
       coalesce(cost.amount * used.value::int / nullif(cost.calls, 0), 0) AS amount, coalesce(cost.currency, 'USD')
       AS currency
FROM sync_logs log CROSS JOIN LATERAL jsonb_each_text(log.calls) used
LEFT JOIN integration_costs cost ON cost.connection_id = log.connection_id AND cost.call_class = used.key
     AND cost.day = (log.started_at AT TIME ZONE 'UTC')::date
WHERE log.started_at >= %(begins)s AND log.started_at < %(ends)s
"""
_CALLS = """
SELECT {key}, used.call_class, sum(used.calls), sum(used.amount), used.currency
FROM ({source}) used JOIN connections link ON link.id = used.connection_id JOIN venues venue ON venue.id = link.venue_id
GROUP BY 1, 2, 3, 6
"""
_RECORDS = """
SELECT {key}, count(*), sum(used.read)
FROM (SELECT log.connection_id, (log.started_at AT TIME ZONE 'UTC')::date AS day, log.object_type AS object, log.read
      FROM sync_logs log WHERE log.started_at >= %(begins)s AND log.started_at < %(ends)s) used
JOIN connections link ON link.id = used.connection_id JOIN venues venue ON venue.id = link.venue_id
GROUP BY 1, 2
"""


def told(since: date, until: date, *, group: Group, compare: bool) -> dict[str, Any]:
    """Return the costs of the days from `since` to `until`, both included, in the shape of `Costs`."""
    now, earlier = timezone.now(), timedelta(days=(until - since).days + 1)
    rows = _rows(since, until, group)
    before = _moved(_rows(since - earlier, until - earlier, group), earlier, group) if compare else None
    return {
        "as_of": now, "from": since, "to": until, "group": str(group),
        "compared_with": {"from": since - earlier, "to": until - earlier} if compare else None,
        "results": _compared(rows, before, group),
        "total": _as_json(total(rows), total(before) if before is not None else None),
        **month_end.told(now),
    }  # fmt: skip


CSV_HEADER = ("key", "label", "runs", "records", "calls", "calls_by_class", "amount", "calls_before", "amount_before")


def as_csv(answer: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield the header and a line for each row of an answer, safe to open in a spreadsheet."""
    yield list(CSV_HEADER)
    for row in answer["results"]:
        before = row["before"] or {"calls_total": "", "amounts": {}}
        yield [
            guarded(row["key"]), guarded(row["label"]), row["runs"], row["records"], row["calls_total"],
            " ".join(f"{name}={number}" for name, number in row["calls"].items()), _amounts_said(row["amounts"]),
            before["calls_total"], _amounts_said(before["amounts"]),
        ]  # fmt: skip


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(since: date, until: date, group: Group) -> list[Row]:
    """Return the rows, what was called most first; days in their order."""
    found: dict[str, Row] = {}
    source, key = (_SHARED if group is Group.OBJECT else _STORED), _KEYS[group]
    for name, label, call_class, calls, amount, currency in read(_CALLS.format(key=key, source=source), since, until):
        row = found.setdefault(name, Row(name, label))
        row.calls[call_class] += calls
        row.spent(currency, amount)
    for name, label, runs, records in read(_RECORDS.format(key=key), since, until):
        row = found.setdefault(name, Row(name, label))
        row.runs, row.records = runs, int(records)
    for row in found.values():
        row.label = _label(group, row)
    return _in_order(found.values(), group)


def _in_order(rows: Iterable[Row], group: Group) -> list[Row]:
    by_name = sorted(rows, key=lambda row: row.key)
    return by_name if group is Group.DAY else sorted(by_name, key=lambda row: -row.calls.total())


def _moved(rows: list[Row], by: timedelta, group: Group) -> list[Row]:
    """Return the rows of the days before so that a day has the name of the one that it is held against."""
    if group is Group.DAY:
        for row in rows:
            row.key = row.label = (date.fromisoformat(row.key) + by).isoformat()
    return rows


def _label(group: Group, row: Row) -> str:
    if group is Group.PROVIDER:
        return PROVIDERS[row.key].spec.name if row.key in PROVIDERS else row.key
    return wording.objects_label(row.key) if group is Group.OBJECT else row.label or row.key


def _compared(rows: list[Row], before: list[Row] | None, group: Group) -> list[dict[str, Any]]:
    """Return the rows as JSON, each beside itself before, also what was only there before."""
    if before is None:
        return [_as_json(row, None) for row in rows]
    then = {row.key: row for row in before}
    gone = [Row(key, row.label) for key, row in then.items() if key not in {each.key for each in rows}]
    return [_as_json(row, then.get(row.key, Row(row.key, ""))) for row in _in_order([*rows, *gone], group)]


def _as_json(row: Row, before: Row | None) -> dict[str, Any]:
    own = {
        "key": row.key,
        "label": row.label,
        "calls": dict(row.calls),
        "calls_total": row.calls.total(),
        "runs": row.runs,
        "records": row.records,
        "amounts": texts(row.amounts),
        "calls_per_record": round(row.calls.total() / row.records, 4) if row.records else None,
        "amounts_per_record": texts({each: amount / row.records for each, amount in row.amounts.items()})
        if row.records
        else {},
    }
    then = None if before is None else {
        "calls_total": before.calls.total(), "records": before.records, "runs": before.runs,
        "amounts": texts(before.amounts),
    }  # fmt: skip
    return own | {"before": then}


def _amounts_said(amounts: Mapping[str, str]) -> str:
    return " ".join(f"{amount} {currency}" for currency, amount in amounts.items())
