"""Where does this month end at the pace so far, and what is left of what providers allow? One statement."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from integrations.providers import PROVIDERS
from monitoring import cost_rows
from monitoring.cost_rows import Row

_MONTH = """
SELECT link.provider, cost.call_class, sum(cost.calls), sum(cost.amount), cost.currency
FROM integration_costs cost JOIN connections link ON link.id = cost.connection_id
WHERE cost.day BETWEEN %(since)s AND %(until)s GROUP BY 1, 2, 5
"""


@dataclass(frozen=True, slots=True)
class _Month:
    """The month that runs, in UTC, and the share of it that is over."""

    begins: datetime
    ends: datetime
    gone: float

    def projected(self, number: int) -> int | None:
        return round(number / self.gone) if self.gone else None


def told(now: datetime) -> dict[str, Any]:
    """Return `projection` and `quotas` in the shape of `Costs`."""
    month, used = _month(now), _used(now)
    return {
        "projection": _projection(month, cost_rows.total(used.values())),
        "quotas": [
            _quota(key, call_class, allowed, used[key].calls[call_class], month)
            for key, provider in PROVIDERS.items()
            for call_class, allowed in provider.spec.allowances.items()
        ],
    }


def _month(now: datetime) -> _Month:
    begins = datetime.combine(_today(now).replace(day=1), time(), UTC)
    ends = begins + timedelta(days=calendar.monthrange(begins.year, begins.month)[1])
    return _Month(begins, ends, (now - begins) / (ends - begins))


def _used(now: datetime) -> Mapping[str, Row]:
    used = {key: Row(key, "") for key in PROVIDERS}
    for provider, call_class, calls, amount, currency in cost_rows.read(
        _MONTH, _today(now).replace(day=1), _today(now)
    ):
        row = used.setdefault(provider, Row(provider, ""))
        row.calls[call_class] += calls
        row.spent(currency, amount)
    return used


def _projection(month: _Month, whole: Row) -> dict[str, Any]:
    amounts = {name: amount / Decimal(month.gone) for name, amount in whole.amounts.items()} if month.gone else {}
    return {
        "month": f"{month.begins:%Y-%m}",
        "share_gone": round(month.gone, 4),
        "calls_so_far": dict(whole.calls),
        "calls": {name: month.projected(number) for name, number in whole.calls.items()},
        "amounts_so_far": cost_rows.texts(whole.amounts),
        "amounts": cost_rows.texts(amounts),
    }


def _quota(provider: str, call_class: str, allowed: int, used: int, month: _Month) -> dict[str, Any]:
    projected = month.projected(used)
    runs_out = projected is not None and projected > allowed
    lasts = (month.ends - month.begins) * month.gone * allowed / used if runs_out else timedelta()
    return {
        "provider": provider,
        "call_class": call_class,
        "allowed": allowed,
        "used": used,
        "left": max(0, allowed - used),
        "projected": projected,
        "used_up_on": (month.begins + lasts).date() if runs_out else None,
        "begins_anew_on": month.ends.date(),
    }


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()
