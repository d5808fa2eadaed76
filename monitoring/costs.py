"""What the calls of a period cost, by venue, provider, object or day, and how much of this month is still to come.

Calls and amounts by day and class are stored in `integration_costs`; records, and the share that one object has in a
day's calls, come from the log of the attempts. Four statements, five with a period to compare with.
"""

import calendar
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations.csv_file import guarded
from integrations.providers import PROVIDERS
from monitoring import wording

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
_MONTH = """
SELECT link.provider, cost.call_class, sum(cost.calls), sum(cost.amount), cost.currency
FROM integration_costs cost JOIN connections link ON link.id = cost.connection_id
WHERE cost.day BETWEEN %(since)s AND %(until)s GROUP BY 1, 2, 5
"""


@dataclass(slots=True)
class Row:
    """What one key used: calls by class, amounts by currency, attempts, and records that were read or sent."""

    key: str
    label: str
    calls: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    runs: int = 0
    records: int = 0

    def spent(self, currency: str, amount: Decimal) -> None:
        """Add an amount; amounts of different currencies are never added up."""
        self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount


def told(since: date, until: date, *, group: Group, compare: bool) -> dict[str, Any]:
    """Return the costs of the days from `since` to `until`, both included, in the shape of `Costs`."""
    now = timezone.now()
    rows = _rows(since, until, group)
    days = (until - since).days + 1
    before = _rows(since - timedelta(days=days), since - timedelta(days=1), group) if compare else None
    return {
        "as_of": now, "from": since, "to": until, "group": str(group),
        "compared_with": {"from": since - timedelta(days=days), "to": since - timedelta(days=1)} if compare else None,
        "results": _compared(rows, before),
        "total": _as_json(_sum(rows), _sum(before) if before is not None else None),
        **_this_month(now),
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


# --- this month -------------------------------------------------------------------------------------------------------


def _this_month(now: datetime) -> dict[str, Any]:
    """Return where this month ends at the pace so far, and what is left of what providers allow."""
    begins = datetime.combine(now.astimezone(UTC).date().replace(day=1), time(), UTC)
    days = calendar.monthrange(begins.year, begins.month)[1]
    gone = (now - begins) / timedelta(days=days)
    used: dict[str, Row] = {key: Row(key, "") for key in PROVIDERS}
    for provider, call_class, calls, amount, currency in _read(_MONTH, begins.date(), now.astimezone(UTC).date()):
        row = used.setdefault(provider, Row(provider, ""))
        row.calls[call_class] += calls
        row.spent(currency, amount)
    whole = _sum(list(used.values()))
    return {
        "projection": {
            "month": f"{begins:%Y-%m}",
            "share_gone": round(gone, 4),
            "calls_so_far": dict(whole.calls),
            "calls": {name: _projected(number, gone) for name, number in whole.calls.items()},
            "amounts_so_far": _texts(whole.amounts),
            "amounts": _texts({name: amount / Decimal(gone) for name, amount in whole.amounts.items()} if gone else {}),
        },
        "quotas": [
            _quota(key, call_class, allowed, used[key].calls[call_class], begins, days, gone)
            for key, provider in PROVIDERS.items()
            for call_class, allowed in provider.spec.allowances.items()
        ],
    }


def _quota(
    provider: str, call_class: str, allowed: int, used: int, begins: datetime, days: int, gone: float
) -> dict[str, Any]:
    projected = _projected(used, gone)
    lasts = timedelta(days=days) * gone * allowed / used if used else None
    return {
        "provider": provider,
        "call_class": call_class,
        "allowed": allowed,
        "used": used,
        "left": max(0, allowed - used),
        "projected": projected,
        "used_up_on": (begins + lasts).date() if lasts and projected is not None and projected > allowed else None,
        "begins_anew_on": (begins + timedelta(days=days)).date(),
    }


def _projected(number: int, gone: float) -> int | None:
    return round(number / gone) if gone else None


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(since: date, until: date, group: Group) -> list[Row]:
    """Return the rows, what was called most first; days in their order."""
    found: dict[str, Row] = {}
    source, key = (_SHARED if group is Group.OBJECT else _STORED), _KEYS[group]
    for name, label, call_class, calls, amount, currency in _read(_CALLS.format(key=key, source=source), since, until):
        row = found.setdefault(name, Row(name, label))
        row.calls[call_class] += calls
        row.spent(currency, amount)
    for name, label, runs, records in _read(_RECORDS.format(key=key), since, until):
        row = found.setdefault(name, Row(name, label))
        row.runs, row.records = runs, int(records)
    for row in found.values():
        row.label = _label(group, row)
    by_name = sorted(found.values(), key=lambda row: row.key)
    return by_name if group is Group.DAY else sorted(by_name, key=lambda row: -row.calls.total())


def _read(statement: str, since: date, until: date) -> list[tuple[Any, ...]]:
    begins, ends = (datetime.combine(each, time(), UTC) for each in (since, until + timedelta(days=1)))
    with database.cursor() as cursor:
        cursor.execute(statement, {"since": since, "until": until, "begins": begins, "ends": ends})
        return cursor.fetchall()


def _label(group: Group, row: Row) -> str:
    if group is Group.PROVIDER:
        return PROVIDERS[row.key].spec.name if row.key in PROVIDERS else row.key
    return wording.objects_label(row.key) if group is Group.OBJECT else row.label or row.key


def _sum(rows: list[Row]) -> Row:
    whole = Row("total", "Total")
    for row in rows:
        whole.calls += row.calls
        whole.runs, whole.records = whole.runs + row.runs, whole.records + row.records
        for currency, amount in row.amounts.items():
            whole.spent(currency, amount)
    return whole


def _compared(rows: list[Row], before: list[Row] | None) -> list[dict[str, Any]]:
    """Return the rows as JSON, each beside itself before; what was only there before follows with nothing."""
    then = {row.key: row for row in before or ()}
    now = {row.key for row in rows}
    gone = [Row(row.key, row.label) for row in then.values() if row.key not in now]
    return [_as_json(row, then.get(row.key, Row(row.key, "")) if before is not None else None) for row in rows + gone]


def _as_json(row: Row, before: Row | None) -> dict[str, Any]:
    own = {
        "key": row.key,
        "label": row.label,
        "calls": dict(row.calls),
        "calls_total": row.calls.total(),
        "runs": row.runs,
        "records": row.records,
        "amounts": _texts(row.amounts),
        "calls_per_record": round(row.calls.total() / row.records, 4) if row.records else None,
        "amounts_per_record": _texts({each: amount / row.records for each, amount in row.amounts.items()})
        if row.records
        else {},
    }
    then = None if before is None else {
        "calls_total": before.calls.total(), "records": before.records, "runs": before.runs,
        "amounts": _texts(before.amounts),
    }  # fmt: skip
    return own | {"before": then}


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Return amounts as decimal text by currency; money never becomes a float."""
    return {currency: f"{amount:.6f}" for currency, amount in sorted(amounts.items())}


def _amounts_said(amounts: Mapping[str, str]) -> str:
    return " ".join(f"{amount} {currency}" for currency, amount in amounts.items())
