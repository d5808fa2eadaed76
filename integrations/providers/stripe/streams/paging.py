"""How Stripe's lists are asked for: a hundred at a time, newest first, from behind the last one seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.providers.errors import Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.types import JSON

LIMIT = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: its entries, whether more follow, and the second of Stripe's clock at which it was true."""

    entries: list[JSON]
    more: bool
    at: int


def page(api: ApiSession, path: str, params: Mapping[str, Any]) -> Listed:
    """Return one page of a list. Raises a ProviderError; Transient for an answer that is none."""
    answer = api.get(path, {**params, "limit": LIMIT})
    entries = answer.body.get("data")
    if not isinstance(entries, list) or not all(isinstance(each, dict) and _is_id(each.get("id")) for each in entries):
        raise Transient("Stripe answered in a shape that we cannot read.", code="unreadable")
    return Listed(entries, bool(answer.body.get("has_more")), clock(answer))


def pages(api: ApiSession, path: str, params: Mapping[str, Any]) -> Iterator[Listed]:
    """Yield the pages of a whole list. Raises Transient when Stripe leads in a circle."""
    met: set[str] = set()
    after: str | None = None
    while True:
        listed = page(api, path, {**params, "starting_after": after})
        yield listed
        if not listed.more:
            return
        after = next_after(listed, met)


def next_after(listed: Listed, met: set[str]) -> str:
    """Return the id from behind which to go on, and note it in `met`. Raises Transient for one that was met."""
    last = listed.entries[-1]["id"] if listed.entries else ""
    if not last or last in met:
        raise Transient("Stripe gave the same page twice.", code="cursor_loop")
    met.add(last)
    return str(last)


def clock(answer: Answer) -> int:
    """Return Stripe's own time of an answer in unix seconds; ours, well before, where it sent none."""
    sent = answer.headers.get("date")
    at = parsedate_to_datetime(sent) if sent else datetime.now(UTC) - timedelta(minutes=10)
    return int(at.timestamp())


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
