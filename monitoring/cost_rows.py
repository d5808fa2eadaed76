"""What calls cost, added up: calls by class, and amounts by currency that are never added up over currencies."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database


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


def total(rows: Iterable[Row]) -> Row:
    """Return what rows come to together. Pure."""
    whole = Row("total", "Total")
    for row in rows:
        whole.calls += row.calls
        whole.runs, whole.records = whole.runs + row.runs, whole.records + row.records
        for currency, amount in row.amounts.items():
            whole.spent(currency, amount)
    return whole


def texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Return amounts as decimal text by currency; money never becomes a float. Pure."""
    return {currency: f"{amount:.6f}" for currency, amount in sorted(amounts.items())}


def read(statement: str, since: date, until: date) -> list[tuple[Any, ...]]:
    """Return what a statement finds from the beginning of a day to the end of another, both in UTC."""
    begins, ends = (datetime.combine(each, time(), UTC) for each in (since, until + timedelta(days=1)))
    with database.cursor() as cursor:
        cursor.execute(statement, {"since": since, "until": until, "begins": begins, "ends": ends})
        return cursor.fetchall()
